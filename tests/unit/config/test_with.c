#include "config/with.h"

#include "config/node.h"
#include "tests/support/suite.h"

/* One field of `with`, beside a merge path, after its anchor was looked for. */
static struct with_field read_field(struct arena *arena, const char *merge_path,
                                    enum merge_strategy strategy, const char *value,
                                    struct buf *out)
{
    static const struct key key = {.name = "with", .type = KEY_CUSTOM};
    struct problems problems = {.arena = arena, .file = STR("f"), .out = out};
    struct reader reader = {.arena = arena, .problems = &problems};
    struct merge merge = {.strategy = strategy};
    struct err err = ERR_INIT;
    ck_assert_ok(path_compile(arena, str_from(merge_path), &merge.path, &err), err);
    struct yaml_node *map =
        node_from_text(arena, arena_printf(arena, "{with: {f: '%s'}}", value).ptr);
    with_read(&reader, &key, yaml_find(map, "with"), &merge);
    with_check(&reader, map, &merge);
    ck_assert_uint_eq(merge.with_count, 1);
    return merge.with[0];
}

static struct with_field good(struct arena *arena, const char *merge_path, const char *value)
{
    AUTO_BUF(out, KIB(4));
    struct with_field field = read_field(arena, merge_path, MERGE_APPEND, value, &out);
    ck_assert_msg(out.len == 0, "%s: %s", value, out.ptr);
    return field;
}

START_TEST(a_path_without_wildcards_begins_at_the_body)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct with_field field = good(arena, "orders[*].lines", "meta.total");
    ck_assert(field.is_path);
    ck_assert_int_eq(field.anchor, WITH_BODY);
    ck_assert_uint_eq(field.from, 0);
}
END_TEST

START_TEST(a_path_that_shares_a_wildcard_begins_at_its_element)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct with_field field = good(arena, "orders[*].lines[*]", "orders[*].id");
    ck_assert_int_eq(field.anchor, 1);
    ck_assert_uint_eq(field.from, 2);
}
END_TEST

START_TEST(a_path_into_the_records_begins_at_the_record)
{
    struct arena *arena AUTO_ARENA = arena_new();
    ck_assert_int_eq(good(arena, "data", "data[*].id").anchor, WITH_RECORD);
}
END_TEST

START_TEST(the_name_of_an_anchors_member_may_be_taken)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct with_field field = good(arena, "regions.*.shops", "regions.*.@key");
    ck_assert(field.wants_key);
    ck_assert_int_eq(field.anchor, 1);
    ck_assert_uint_eq(field.from, field.path.count);
}
END_TEST

START_TEST(a_text_with_an_expression_is_no_path)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct with_field field = good(arena, "data", "{{ now }}");
    ck_assert(!field.is_path);
    ck_assert_int_eq(field.template.kind, TEMPLATE_EXPR);
}
END_TEST

static void refuses(const char *merge_path, enum merge_strategy strategy, const char *value,
                    const char *problem)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(out, KIB(4));
    read_field(arena, merge_path, strategy, value, &out);
    ck_assert_msg(str_find(buf_str(&out), str_from(problem)) >= 0, "%s: %s", value,
                  out.ptr ? out.ptr : "");
}

START_TEST(wildcards_must_be_those_of_the_merge_path)
{
    const char *problem = "are not those of merge_path";
    refuses("orders[*].lines", MERGE_APPEND, "items[*].id", problem);
    refuses("data", MERGE_APPEND, "data[*].tags[*]", problem);
    refuses("data", MERGE_COLLECT, "data[*].id", problem);
    refuses("data[*].x", MERGE_APPEND, "data[*].@key", "@key stands behind .* alone");
    refuses("data", MERGE_APPEND, "data.@key", "@key stands behind .* alone");
}
END_TEST

SUITE("config/with", a_path_without_wildcards_begins_at_the_body,
      a_path_that_shares_a_wildcard_begins_at_its_element,
      a_path_into_the_records_begins_at_the_record, the_name_of_an_anchors_member_may_be_taken,
      a_text_with_an_expression_is_no_path, wildcards_must_be_those_of_the_merge_path)
