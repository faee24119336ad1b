#include "worker/records/reshape.h"

#include "tests/support/suite.h"
#include "worker/records/fields.h"

static struct arena *arena;
static struct merge merge;

static struct record read(const char *json)
{
    struct fields *fields = ARENA_NEW(arena, struct fields);
    struct scan scan;
    struct record record;
    fields->arena = arena;
    scan_init(&scan, arena, str_from(json));
    ck_assert(record_read(&scan, fields, 0, &record));
    return record;
}

/* What is left of the record's fields: "name=raw …", with its flaw if it has one. */
static struct str show(const struct record *record)
{
    AUTO_BUF(all, KIB(64));
    for (size_t i = 0; i < record->count; i++)
        buf_printf(&all, "%s%.*s=%.*s", i ? " " : "", STR_ARG(record->fields[i].name),
                   STR_ARG(record->fields[i].raw));
    if (record->flaw)
        buf_printf(&all, " (%s)", record_flaw_text(record->flaw));
    return arena_str(arena, buf_str(&all));
}

static struct str flatten(const char *json)
{
    struct reshape reshape;
    struct record record = read(json);
    reshape_start(&reshape, &merge, arena);
    reshape_flatten(&reshape, &record);
    ck_assert_str_is(record.raw, json);
    return show(&record);
}

START_TEST(members_come_after_the_other_fields)
{
    struct str names[] = {STR("a"), STR("b")};
    arena = arena_new();
    merge = (struct merge){.flatten = names, .flatten_count = 1};
    ck_assert_str_is(flatten("{\"a\":{\"x\":1,\"y\":2},\"z\":3}"), "z=3 x=1 y=2");
    ck_assert_str_is(flatten("{\"x\":0,\"a\":{\"x\":1,\"y\":2}}"), "x=0 a.x=1 y=2");
    ck_assert_str_is(flatten("{\"a\":{\"x\":1,\"x\":2}}"), "x=2");
    ck_assert_str_is(flatten("{\"a\":[1],\"z\":3}"), "a=[1] z=3");
    ck_assert_str_is(flatten("{\"z\":3}"), "z=3");
    ck_assert_str_is(flatten("{\"a\":{},\"z\":3}"), "z=3");
    ck_assert_str_is(flatten("{\"a\":{\"\\u0000\":1}}"), " (the character \\u0000)");
    merge.flatten_count = 2; /* `b` was a member of `a` */
    ck_assert_str_is(flatten("{\"a\":{\"b\":{\"c\":1}},\"z\":3}"), "z=3 c=1");
    arena_free(arena);
}
END_TEST

START_TEST(excluded_fields_go)
{
    struct str names[] = {STR("a"), STR("c")};
    struct reshape reshape;
    arena = arena_new();
    merge = (struct merge){.exclude = names, .exclude_count = 2};
    reshape_start(&reshape, &merge, arena);
    struct record record = read("{\"a\":1,\"b\":2,\"c\":3}");
    reshape_exclude(&reshape, &record);
    ck_assert_str_is(show(&record), "b=2");
    ck_assert(record.is_reshaped);
    record = read("{\"b\":2}");
    reshape_exclude(&reshape, &record);
    ck_assert_str_is(show(&record), "b=2");
    ck_assert(!record.is_reshaped);
    record = read("[1]");
    reshape_exclude(&reshape, &record);
    ck_assert_str_is(record.raw, "[1]");
    arena_free(arena);
}
END_TEST

START_TEST(a_record_that_grows_too_wide_is_flawed)
{
    struct str name = STR("a");
    AUTO_BUF(json, MIB(1));
    arena = arena_new();
    merge = (struct merge){.flatten = &name, .flatten_count = 1};
    buf_puts(&json, "{\"z\":0,\"a\":{");
    for (int i = 0; i < RECORDS_FIELDS_MAX; i++)
        buf_printf(&json, "%s\"f%d\":1", i ? "," : "", i);
    buf_puts(&json, "}}");
    ck_assert(str_ends(flatten(json.ptr), STR("(more than 4,096 fields)")));
    arena_free(arena);
}
END_TEST

SUITE("worker/reshape", members_come_after_the_other_fields, excluded_fields_go,
      a_record_that_grows_too_wide_is_flawed)
