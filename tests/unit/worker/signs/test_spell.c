#include "worker/signs/spell.h"

#include "core/path.h"
#include "tests/support/suite.h"

START_TEST(case_and_marks_do_not_count)
{
    static const char *const same[] = {"total_count", "totalCount",  "TotalCount",
                                       "total-count", "@totalCount", "_total_count_",
                                       "TOTALCOUNT"};
    for (size_t i = 0; i < COUNT_OF(same); i++)
        ck_assert_msg(spell_is_same(str_from(same[i]), STR("total_count")), "%s", same[i]);
    ck_assert(!spell_is_same(STR("total_counts"), STR("total_count")));
    ck_assert(!spell_is_same(STR("total.count"), STR("total_count")));
    ck_assert(!spell_is_same(STR("total"), STR("total_count")));
    ck_assert(!spell_is_same(STR("größe"), STR("grosse")));
    ck_assert(!spell_is_same(STR(""), STR("a")));
}
END_TEST

START_TEST(a_path_ends_in_a_spelling)
{
    ck_assert(spell_ends(STR("meta.NextBatch"), STR("next_batch")));
    ck_assert(spell_ends(STR("meta['next-batch']"), STR("next_batch")));
    ck_assert(spell_ends(STR("Next.After"), STR("next.after")));
    ck_assert(!spell_ends(STR("notnextbatch"), STR("next_batch")));
    ck_assert(!spell_ends(STR(""), STR("next_batch")));
}
END_TEST

static struct value parse(struct arena *arena, const char *json)
{
    struct value value;
    struct err err = ERR_INIT;
    ck_assert_ok(value_parse(arena, str_from(json), VALUE_WHOLE, &value, &err), err);
    return value;
}

static void check_read(const char *json, const char *name, const char *path)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str found;
    struct value value = spell_read(arena, parse(arena, json), name, &found);
    ck_assert_msg((value.kind == VALUE_UNDEFINED) == !path, "%s in %s", name, json);
    if (path)
        ck_assert_str_is(found, path);
}

START_TEST(a_value_is_found_by_any_spelling_of_its_path)
{
    check_read("{\"Meta\": {\"Total-Count\": 3}}", "meta.total_count", "Meta.Total-Count");
    check_read("{\"@odata.NextLink\": \"u\"}", "['@odata.nextLink']", "['@odata.NextLink']");
    check_read("{\"Links\": [{\"Rel\": \"self\"}, {\"Rel\": \"Next\", \"URL\": \"u\"}]}",
               "links[rel=next].url", "Links[Rel=Next].URL");
    check_read("{\"Links\": [{\"Rel\": \"self\"}]}", "links[rel=next].url", NULL);
    check_read("{\"total count\": 3}", "total_count", NULL);
    check_read("[1]", "total_count", NULL);
}
END_TEST

static void check_key(const char *key, const char *step)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct path path;
    struct err err = ERR_INIT;
    ck_assert_str_is(spell_step(arena, str_from(key)), step);
    struct str whole = spell_join(arena, STR("a"), spell_step(arena, str_from(key)));
    ck_assert_ok(path_compile(arena, whole, &path, &err), err);
    ck_assert_uint_eq(path.count, 2);
    ck_assert(path.steps[1].kind == PATH_KEY);
    ck_assert_str_is(path.steps[1].key, key);
}

START_TEST(any_key_is_a_step_of_a_path)
{
    check_key("name", "name");
    check_key("v1.rows", "['v1.rows']");
    check_key("the 'rows'", "the 'rows'");
    check_key(" rows", "[' rows']");
    check_key("rows[0]", "['rows[0]']");
    check_key("@id", "['@id']");
    check_key("$", "['$']");
    check_key("/x", "['/x']");
    check_key("{{ a }}", "['{{ a }}']");
    check_key("*", "['*']");
    check_key("", "['']");
    check_key("it's.", "['it\\'s.']");
    check_key(".\\", "['.\\\\']");
}
END_TEST

START_TEST(a_dot_is_put_where_no_bracket_follows)
{
    AUTO_ARENA struct arena *arena = arena_new();
    ck_assert_str_is(spell_join(arena, STR("a"), STR("b.c")), "a.b.c");
    ck_assert_str_is(spell_join(arena, STR("a"), STR("['b.c']")), "a['b.c']");
    ck_assert_str_is(spell_join(arena, STR("a"), STR_NONE), "a");
    ck_assert_str_is(spell_join(arena, STR_NONE, STR("b")), "b");
}
END_TEST

SUITE("worker/signs/spell", any_key_is_a_step_of_a_path, a_dot_is_put_where_no_bracket_follows,
      case_and_marks_do_not_count, a_path_ends_in_a_spelling,
      a_value_is_found_by_any_spelling_of_its_path)
