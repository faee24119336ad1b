#include "worker/records/record.h"

#include "tests/support/suite.h"
#include "worker/records/fields.h"

static struct arena *arena;
static struct fields fields;

static struct record read(const char *json)
{
    struct scan scan;
    struct record record;
    fields.arena = arena;
    scan_init(&scan, arena, str_from(json));
    ck_assert(record_read(&scan, &fields, 0, &record));
    ck_assert(scan_is_end(&scan));
    return record;
}

START_TEST(knows_kinds_and_flaws)
{
    static const struct {
        const char *json;
        enum record_kind kind;
        enum record_flaw flaw;
        bool is_fatal;
    } cases[] = {
        {"null", RECORD_NULL, FLAW_NONE, false},
        {"true", RECORD_TRUE, FLAW_NONE, false},
        {"false", RECORD_FALSE, FLAW_NONE, false},
        {"-1.5e3", RECORD_NUMBER, FLAW_NONE, false},
        {"1e500", RECORD_NUMBER, FLAW_BIG_NUMBER, false},
        {"\"a\"", RECORD_STRING, FLAW_NONE, false},
        {"\"\\u0000\"", RECORD_STRING, FLAW_NUL, false},
        {"\"\\ud800\"", RECORD_STRING, FLAW_LONE_SURROGATE, false},
        {"\"\xFF\"", RECORD_STRING, FLAW_BAD_UTF8, true},
        {"[1]", RECORD_LIST, FLAW_NONE, false},
        {"{\"a\":1}", RECORD_OBJECT, FLAW_NONE, false},
        {"{\"\\u0000\":1}", RECORD_OBJECT, FLAW_NUL, false},
    };
    arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct record record = read(cases[i].json);
        ck_assert_msg(record.kind == cases[i].kind, "%s", cases[i].json);
        ck_assert_msg(record.flaw == cases[i].flaw, "%s", cases[i].json);
        ck_assert_msg(record_flaw_is_fatal(record.flaw) == cases[i].is_fatal, "%s",
                      cases[i].json);
        ck_assert_msg(!record_flaw_text(record.flaw) == !record.flaw, "%s", cases[i].json);
        ck_assert_str_is(record.raw, cases[i].json);
    }
    arena_free(arena);
}
END_TEST

START_TEST(a_flaw_stays_with_its_field)
{
    arena = arena_new();
    struct record record = read("{\"a\":\"\\u0000\",\"b\":[\"\xFF\"],\"c\":1,\"n\":null}");
    ck_assert_int_eq(record.flaw, FLAW_NONE);
    ck_assert_int_eq(record_find(&record, STR("a"))->flaw, FLAW_NUL);
    ck_assert_int_eq(record_find(&record, STR("b"))->flaw, FLAW_BAD_UTF8);
    ck_assert_int_eq(record_find(&record, STR("c"))->flaw, FLAW_NONE);
    ck_assert(!record_is_null(record_find(&record, STR("c"))));
    ck_assert(record_is_null(record_find(&record, STR("n"))));
    ck_assert(record_is_null(record_find(&record, STR("absent"))));
    arena_free(arena);
}
END_TEST

START_TEST(strings_lose_quotes_and_escapes)
{
    arena = arena_new();
    struct record_field plain = record_field_of(arena, STR("\"a b\""));
    struct record_field escaped = record_field_of(arena, STR("\"a\\n\\u00e4\""));
    ck_assert(!plain.has_escapes);
    ck_assert_ptr_eq(record_decode(arena, &plain).ptr, plain.raw.ptr + 1);
    ck_assert_str_is(record_decode(arena, &plain), "a b");
    ck_assert(escaped.has_escapes);
    ck_assert_str_is(record_decode(arena, &escaped), "a\n\xC3\xA4");
    arena_free(arena);
}
END_TEST

static void check_same(const struct record *a, const struct record *b)
{
    ck_assert_int_eq(a->flaw, b->flaw);
    ck_assert_uint_eq(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        ck_assert(str_eq(a->fields[i].name, b->fields[i].name));
        ck_assert(str_eq(a->fields[i].raw, b->fields[i].raw));
        ck_assert_int_eq(a->fields[i].kind, b->fields[i].kind);
        ck_assert_int_eq(a->fields[i].flaw, b->fields[i].flaw);
        ck_assert_int_eq(a->fields[i].has_escapes, b->fields[i].has_escapes);
    }
}

/* Names that repeat are compared with the text, not scanned. */
START_TEST(a_record_is_read_as_if_it_came_alone)
{
    static const char *const texts[] = {
        "{\"a\":1,\"b\":\"x\"}",
        "{\"a\":1,\"b\":\"\\n\"}",
        "{\"a\" : 1, \"b\": 2}",
        "{\"a\":1,\"b\":2,\"a\":3}",
        "{\"a\":1,\"bb\":2}",
        "{\"a\\\\\":1,\"b\":2}",
        "{\"\\u0061\":1,\"b\":2}",
        "{\"a\":\"\xFF\",\"\xFF\":2,\"b\":3}",
        "{\"a\":1,\"\xFF\":2,\"b\":3}",
        "{\"\\u0000\":1}",
        "{\"\":1,\"a\":[{\"b\":2}]}",
        "{}",
        "[1]",
        "{\"\":1}",
    };
    arena = arena_new();
    struct fields together = {.arena = arena};
    for (size_t i = 0; i < COUNT_OF(texts) * COUNT_OF(texts) * 2; i++) {
        size_t pair = i / 2, at = i % 2 ? pair / COUNT_OF(texts) : pair % COUNT_OF(texts);
        struct scan scan, again;
        struct record record, alone;
        fields = (struct fields){.arena = arena};
        scan_init(&scan, arena, str_from(texts[at]));
        scan_init(&again, arena, str_from(texts[at]));
        ck_assert(record_read(&scan, &together, 0, &record));
        ck_assert(record_read(&again, &fields, 0, &alone));
        ck_assert(scan_is_end(&scan));
        check_same(&record, &alone);
    }
    arena_free(arena);
}
END_TEST

SUITE("worker/record", knows_kinds_and_flaws, a_flaw_stays_with_its_field,
      strings_lose_quotes_and_escapes, a_record_is_read_as_if_it_came_alone)
