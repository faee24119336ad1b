#include "worker/records/path_walk.h"

#include "tests/support/suite.h"

static struct arena *arena;
static struct scan scan;
static struct path_walk walk;
static struct err err = ERR_INIT;

static void start(const char *path_text, const char *body)
{
    struct path *path = ARENA_NEW(arena, struct path);
    ck_assert_ok(path_compile(arena, str_from(path_text), path, &err), err);
    scan_init(&scan, arena, str_from(body));
    path_walk_init(&walk, &scan, path);
}

/* The values that the path names, joined by '|', and how the walk ended: "1|2 end". */
static struct str walk_all(const char *path_text, const char *body)
{
    AUTO_BUF(all, KIB(64));
    enum path_walk_result result;
    start(path_text, body);
    while ((result = path_walk_next(&walk)) == PATH_WALK_THERE) {
        const char *from = scan.at;
        ck_assert(scan_value(&scan, walk.open));
        buf_printf(&all, "%s%.*s", all.len ? "|" : "", (int)(scan.at - from), from);
    }
    if (result == PATH_WALK_BAD)
        buf_printf(&all, " %s", scan.problem);
    else
        buf_printf(&all, " end%s", walk.is_absent ? " absent" : "");
    return arena_str(arena, buf_str(&all));
}

static void set_up(void)
{
    arena = arena_new();
}

static void tear_down(void)
{
    arena_free(arena);
}

START_TEST(leads_to_every_value_of_the_path)
{
    static const struct {
        const char *path, *body, *expected;
    } cases[] = {
        {".", " [1, 2] ", "[1, 2] end"},
        {"a.b", "{\"x\":{\"b\":0},\"a\":{\"c\":1,\"b\":2},\"y\":3}", "2 end"},
        {"a[1]", "{\"a\":[1,2,3]}", "2 end"},
        {"a[-1]", "{\"a\":[1,2,3]}", "3 end"},
        {"a.1", "{\"a\":[1,2,3]}", "2 end"},
        {"a[k=x].v", "{\"a\":[{\"k\":\"y\",\"v\":1},7,{\"v\":2,\"k\":\"x\"},{\"k\":\"x\"}]}",
         "2 end"},
        {"a[*].b", "{\"a\":[{\"b\":1},{\"b\":2},{\"b\":[3]}]}", "1|2|[3] end"},
        {"a.*.b", "{\"a\":{\"m\":{\"b\":1},\"n\":{\"b\":2}}}", "1|2 end"},
        {"[*][*]", "[[1,2],[],[3]]", "1|2|3 end"},
        {"a[*]", "{\"a\":null}", " end"},
        {"a[*]", "{\"a\":[]}", " end"},
        {"a.b", "{\"a\":{\"c\":1}}", " end absent"},
        {"a.b", "{\"a\":7}", " end absent"},
        {"a[-4]", "{\"a\":[1,2,3]}", " end absent"},
        {"a[*].b", "{\"a\":[{\"b\":1},{},{\"b\":3}]}", "1|3 end absent"},
    };
    set_up();
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_str_is(walk_all(cases[i].path, cases[i].body), cases[i].expected);
    tear_down();
}
END_TEST

START_TEST(checks_what_it_passes)
{
    set_up();
    ck_assert_str_is(walk_all("a", "{\"a\":1,\"a\":2}"),
                     "1 a key of the merge path stands twice in its object");
    ck_assert_str_is(walk_all("a", "{\"x\":\"\xFF\",\"a\":1}"), " not UTF-8");
    ck_assert_str_is(walk_all("a[-1]", "{\"a\":[\"\xFF\",1]}"), " not UTF-8");
    struct str late = walk_all("a", "{\"a\":1} x");
    ck_assert(str_starts(late, STR("1 ")));
    ck_assert(!str_ends(late, STR("end")));
    tear_down();
}
END_TEST

START_TEST(says_how_far_the_path_went)
{
    set_up();
    (void)walk_all("a.b.c", "{\"a\":{\"b\":{}}}");
    ck_assert_uint_eq(walk.reached, 2);
    ck_assert(walk.is_absent && !walk.is_other);
    (void)walk_all("a.b.c", "{\"a\":{}}");
    ck_assert_uint_eq(walk.reached, 1);
    ck_assert(walk.is_absent && !walk.is_other);
    (void)walk_all("a.b", "{\"a\":[]}"); /* no container for the last step */
    ck_assert(walk.is_absent && !walk.is_other);
    (void)walk_all("a.b", "{\"a\":[1]}");
    ck_assert(walk.is_absent && walk.is_other);
    (void)walk_all("a.b", "{\"a\":{\"b\":1}}");
    ck_assert_uint_eq(walk.reached, 2);
    tear_down();
}
END_TEST

START_TEST(watched_elements_are_read_ahead)
{
    set_up();
    start("a.*.b[*]", "{\"a\":{\"m\":{\"b\":[1,2]},\"n\":{\"b\":[3]}}}");
    walk.watched[1] = true;
    walk.watches_body = true;
    ck_assert_int_eq(path_walk_next(&walk), PATH_WALK_THERE);
    ck_assert_str_is(path_walk_element(&walk, 1), "{\"b\":[1,2]}");
    ck_assert_str_is(path_walk_member(&walk, 1), "\"m\"");
    ck_assert(str_starts(walk.body, STR("{\"a\":{\"m\"")));
    ck_assert(scan_value(&scan, walk.open));
    ck_assert_int_eq(path_walk_next(&walk), PATH_WALK_THERE);
    ck_assert_str_is(path_walk_member(&walk, 1), "\"m\"");
    ck_assert(scan_value(&scan, walk.open));
    ck_assert_int_eq(path_walk_next(&walk), PATH_WALK_THERE);
    ck_assert_str_is(path_walk_element(&walk, 1), "{\"b\":[3]}");
    ck_assert_uint_eq(walk.places_count, 3);
    tear_down();
}
END_TEST

START_TEST(the_first_wildcard_is_where_the_records_are)
{
    const char *body = "{\"a\":[{\"b\":[1]},{\"b\":[]}],\"c\":2}";
    set_up();
    (void)walk_all("a[*].b[*]", body);
    ck_assert_uint_eq(walk.wild.from, 5);
    ck_assert_uint_eq(walk.wild.to, strlen(body) - strlen(",\"c\":2}"));
    tear_down();
}
END_TEST

SUITE("worker/path_walk", leads_to_every_value_of_the_path, checks_what_it_passes,
      says_how_far_the_path_went, watched_elements_are_read_ahead,
      the_first_wildcard_is_where_the_records_are)
