#include "worker/records/records.h"

#include "base/buf.h"
#include "base/mem.h"
#include "tests/support/json_cases.h"
#include "tests/support/suite.h"

static struct err err = ERR_INIT;

#define KEY(name)     ((struct path_step){.kind = PATH_KEY, .key = STR(name)})
#define INDEX(number) ((struct path_step){.kind = PATH_INDEX, .index = (number)})
#define FILTER(k, t)  ((struct path_step){.kind = PATH_FILTER, .key = STR(k), .text = STR(t)})
#define STEPS(...)    ((struct path_step[]){__VA_ARGS__})
#define PATH(...)                                                                              \
    (&(struct path){.steps = STEPS(__VA_ARGS__), .count = COUNT_OF(STEPS(__VA_ARGS__))})
#define WHOLE (&(struct path){0})

struct outcome {
    enum records_result end;
    enum records_found found;
    bool truncated;
    size_t count, reached;
    struct value_skipped skipped;
    struct str all; /* the records' bytes, joined by '|' */
};

static struct outcome read_all(struct arena *arena, struct str body, const struct path *path)
{
    AUTO_BUF(all, MIB(4));
    struct outcome out = {0};
    struct record record;
    struct records *records = records_start(arena, body, path);
    while ((out.end = records_next(records, &record, &err)) == RECORDS_ONE) {
        ck_assert_uint_eq(record.position, out.count);
        if (out.count++)
            buf_puts(&all, "|");
        buf_put(&all, record.raw);
    }
    out.found = records_found(records);
    out.truncated = records_is_truncated(records);
    out.reached = records_reached(records);
    out.skipped = records_skipped(records);
    out.all = arena_str(arena, buf_str(&all));
    return out;
}

/* The result in one line: "a|b" at the end, "missing", "null", or the error. */
static const char *summary(struct arena *arena, const char *body, const struct path *path)
{
    struct outcome out = read_all(arena, str_from(body), path);
    if (out.end == RECORDS_BAD)
        return err.text;
    if (out.found == RECORDS_MISSING)
        return "missing";
    return out.found == RECORDS_NULL ? "null" : out.all.ptr;
}

START_TEST(follows_the_grammar)
{
    AUTO_ARENA struct arena *own = arena_new();
    struct json_cases all = json_cases_read(own);
    ck_assert_uint_ge(all.count, 318);
    for (size_t i = 0; i < all.count; i++) {
        AUTO_ARENA struct arena *scratch = arena_new();
        struct json_case *one = &all.cases[i];
        enum records_result whole = read_all(scratch, one->text, WHOLE).end;
        enum records_result other = read_all(scratch, one->text, PATH(KEY("no such"))).end;
        bool accepted = one->verdict == JSON_TAKEN;
        ck_assert_msg(one->verdict == JSON_EITHER || (whole == RECORDS_END) == accepted,
                      "json.txt:%d", one->line);
        ck_assert_msg(one->verdict == JSON_EITHER || (other == RECORDS_END) == accepted,
                      "json.txt:%d outside the records", one->line);
    }
    json_cases_done(&all);
}
END_TEST

START_TEST(finds_the_merge_path)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *body =
        "{\"meta\":{\"n\":[1,{}]}, \"data\" : [ {\"a\":1} ,2,\"x\",[3],null ],\"z\":0}";
    ck_assert_str_eq(summary(arena, body, PATH(KEY("data"))), "{\"a\":1}|2|\"x\"|[3]|null");
    ck_assert_str_eq(summary(arena, body, PATH(KEY("meta"), KEY("n"))), "1|{}");
    ck_assert_str_eq(summary(arena, body, PATH(KEY("data"), INDEX(0))), "{\"a\":1}");
    ck_assert_str_eq(summary(arena, body, PATH(KEY("data"), KEY("3"))), "3");
    ck_assert_str_eq(summary(arena, body, PATH(KEY("data"), INDEX(-2))), "3");
    ck_assert_str_eq(summary(arena, body, PATH(KEY("data"), INDEX(-6))), "missing");
    ck_assert_str_eq(summary(arena, body, PATH(KEY("data"), INDEX(5))), "missing");
    ck_assert_str_eq(summary(arena, body, PATH(KEY("data"), KEY("a"))), "missing");
    ck_assert_str_eq(summary(arena, body, PATH(KEY("z"))), "0");
    ck_assert_str_eq(summary(arena, "{\"d\\u0061ta\":[1]}", PATH(KEY("data"))), "1");
    ck_assert_str_eq(summary(arena, "{\"data\":null}", PATH(KEY("data"))), "null");
    ck_assert_str_eq(summary(arena, "{\"data\":[]}", PATH(KEY("data"))), "");
    ck_assert_str_eq(summary(arena, "null", WHOLE), "null");
    ck_assert_str_eq(summary(arena, "42", WHOLE), "42");
    const char *links = "[7,{\"rel\":\"prev\",\"d\":[1]},{\"d\":[2,3],\"rel\":\"n\\u0065xt\"},"
                        "{\"rel\":\"next\",\"d\":[4]}]";
    ck_assert_str_eq(summary(arena, links, PATH(FILTER("rel", "next"), KEY("d"))), "2|3");
    ck_assert_str_eq(summary(arena, links, PATH(FILTER("rel", "last"), KEY("d"))), "missing");
    ck_assert_str_eq(summary(arena, "[{\"a\":null},{\"a\":1}]", PATH(FILTER("a", "null"))),
                     "missing");
    ck_assert_str_eq(summary(arena, "[{\"a\":null},{\"a\":1}]", PATH(FILTER("a", "1"))),
                     "{\"a\":1}");
}
END_TEST

START_TEST(tells_how_far_the_path_led)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct path *path = PATH(KEY("a"), KEY("b"), KEY("c"));
    ck_assert_uint_eq(read_all(arena, STR("{\"x\":1}"), path).reached, 0);
    ck_assert_uint_eq(read_all(arena, STR("{\"a\":null}"), path).reached, 1);
    ck_assert_uint_eq(read_all(arena, STR("{\"a\":{\"b\":{}}}"), path).reached, 2);
    ck_assert_uint_eq(read_all(arena, STR("{\"a\":{\"b\":{\"c\":[]}}}"), path).reached, 3);
}
END_TEST

START_TEST(leaves_a_hole_for_the_response)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str body = STR("\xEF\xBB\xBF {\"data\": [{\"a\":\"\xFF\"},1] ,\"next\":\"c2\"}");
    struct outcome out = read_all(arena, body, PATH(KEY("data")));
    ck_assert_int_eq(out.end, RECORDS_END);
    ck_assert_str_is(str_slice(body, out.skipped.from, out.skipped.to), "[{\"a\":\"\xFF\"},1]");
    struct value value;
    ck_assert_ok(value_parse(arena, body, out.skipped, &value, &err), err);
    ck_assert_int_eq(value_get(value, STR("data")).kind, VALUE_UNDEFINED);
    ck_assert_str_is(value_get(value, STR("next")).text, "c2");

    ck_assert_ok(value_parse(arena, STR("[1]"), read_all(arena, STR("[1]"), WHOLE).skipped,
                             &value, &err),
                 err);
    ck_assert_int_eq(value.kind, VALUE_UNDEFINED);
    out = read_all(arena, STR("{\"data\":null}"), PATH(KEY("data")));
    ck_assert_uint_eq(out.skipped.from, out.skipped.to);
}
END_TEST

START_TEST(gives_the_fields_of_a_record)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct record record;
    struct str body =
        STR("[{\"id\":12345678901234567890,\"t\":true,\"f\":false,\"n\":null,"
            "\"s\":\"a\\n\\u00e4\",\"o\":{\"x\":[1]},\"l\":[2],\"\\u0069d\":19.90}]");
    struct records *records = records_start(arena, body, WHOLE);
    ck_assert_int_eq(records_next(records, &record, &err), RECORDS_ONE);
    const char *raws[] = {"19.90",           "true",        "false", "null",
                          "\"a\\n\\u00e4\"", "{\"x\":[1]}", "[2]"};
    const enum record_kind kinds[] = {RECORD_NUMBER, RECORD_TRUE,   RECORD_FALSE, RECORD_NULL,
                                      RECORD_STRING, RECORD_OBJECT, RECORD_LIST};
    ck_assert_uint_eq(record.count, COUNT_OF(raws));
    for (size_t i = 0; i < record.count; i++) {
        ck_assert_str_is(record.fields[i].raw, raws[i]);
        ck_assert_int_eq(record.fields[i].kind, kinds[i]);
        ck_assert_int_eq(record.fields[i].flaw, FLAW_NONE);
    }
    ck_assert_str_is(record.fields[0].name, "id");
    ck_assert(record.fields[4].has_escapes);
    ck_assert_str_is(record_decode(arena, &record.fields[4]), "a\n\xC3\xA4");
}
END_TEST

START_TEST(keeps_the_last_of_equal_names)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct record record;
    struct str body =
        STR("[{\"a\":1,\"b\":2},{\"a\":3,\"b\":4,\"a\":5},{\"b\":6,\"a\":7,\"b\":8},"
            "{\"b\":9,\"a\":10,\"c\":11}]");
    const char *expected[] = {"a1 b2 ", "a5 b4 ", "b8 a7 ", "b9 a10 c11 "};
    struct records *records = records_start(arena, body, WHOLE);
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        AUTO_BUF(text, KIB(1));
        ck_assert_int_eq(records_next(records, &record, &err), RECORDS_ONE);
        for (size_t k = 0; k < record.count; k++)
            buf_printf(&text, "%.*s%.*s ", STR_ARG(record.fields[k].name),
                       STR_ARG(record.fields[k].raw));
        ck_assert_str_is(buf_str(&text), expected[i]);
    }
    ck_assert_int_eq(records_next(records, &record, &err), RECORDS_END);
    ck_assert_int_eq(records_next(records, &record, &err), RECORDS_END);
}
END_TEST

static void put_wide_record(struct buf *buf, int fields)
{
    buf_puts(buf, "{");
    for (int i = 0; i < fields; i++)
        buf_printf(buf, "%s\"f%d\":%d", i ? "," : "", i, i);
    buf_puts(buf, ",\"f7\":-7}");
}

START_TEST(bounds_the_fields_of_a_record)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(body, MIB(4));
    struct record record;
    buf_puts(&body, "[");
    put_wide_record(&body, RECORDS_FIELDS_MAX);
    buf_puts(&body, ",");
    put_wide_record(&body, RECORDS_FIELDS_MAX + 1);
    buf_puts(&body, ",{\"x\":1}]");
    struct records *records = records_start(arena, buf_str(&body), WHOLE);
    ck_assert_int_eq(records_next(records, &record, &err), RECORDS_ONE);
    ck_assert_int_eq(record.flaw, FLAW_NONE);
    ck_assert_uint_eq(record.count, RECORDS_FIELDS_MAX);
    ck_assert_str_is(record.fields[7].raw, "-7");
    ck_assert_int_eq(records_next(records, &record, &err), RECORDS_ONE);
    ck_assert_int_eq(record.flaw, FLAW_TOO_WIDE);
    ck_assert_int_eq(records_next(records, &record, &err), RECORDS_ONE);
    ck_assert_int_eq(record.flaw, FLAW_NONE);
    ck_assert_uint_eq(record.count, 1);
    ck_assert_int_eq(records_next(records, &record, &err), RECORDS_END);
}
END_TEST

/* The flaws of the one field of each record, and of the record: "field/record ". */
static const char *flaws(struct arena *arena, const char *notation)
{
    struct str body = json_case_text(str_from(notation));
    AUTO_BUF(text, KIB(1));
    struct record record;
    struct records *records = records_start(arena, body, WHOLE);
    enum records_result result;
    while ((result = records_next(records, &record, &err)) == RECORDS_ONE)
        buf_printf(&text, "%d/%d ", record.count ? (int)record.fields[0].flaw : -1,
                   record.flaw);
    ck_assert_ok(result == RECORDS_END, err);
    mem_free((void *)(uintptr_t)body.ptr);
    return arena_cstr(arena, buf_str(&text));
}

START_TEST(one_flaw_does_not_cost_the_page)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *values = "[{\"a\":\"M<FC>nchen\"},{\"a\":\"\\ud800\"},{\"a\":[\"\\u0000\"]},"
                         "{\"a\":1e401},{\"a\":\"ok\"}]";
    ck_assert_str_eq(flaws(arena, values), "1/0 2/0 3/0 5/0 0/0 ");
    ck_assert_str_eq(flaws(arena, "[{\"<E9>\":1},{\"\\udc00\":1},{\"\\u0000\":1},{\"a\":1}]"),
                     "0/1 0/2 0/3 0/0 ");
    ck_assert_str_eq(flaws(arena, "[\"<E9>\",1e401,[\"\\ud800\"],1]"), "-1/1 -1/5 -1/2 -1/0 ");
    ck_assert_str_eq(
        flaws(arena, "[{\"a\":<[*510>1<]*510>},{\"a\":<[*511>1<]*511>},{\"a\":1}]"),
        "0/0 4/4 0/0 ");
    ck_assert_str_eq(flaws(arena, "[{\"a\":<[*100000><]*100000>},{\"a\":1}]"), "4/4 0/0 ");
    ck_assert_str_eq(flaws(arena, "[<[*511><]*511>,<[*512><]*512>]"), "-1/0 -1/4 ");
}
END_TEST

START_TEST(bad_utf8_outside_the_records_is_an_error)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *said = "line 1, column 16 (byte 15): not UTF-8, found byte 0xE9";
    ck_assert_str_eq(summary(arena, "{\"data\":[1],\"\xE9\":1}", PATH(KEY("data"))),
                     "line 1, column 14 (byte 13): not UTF-8, found byte 0xE9");
    ck_assert_str_eq(
        summary(arena, "{\"n\":1, \"m\": [\"\xE9\"],\"data\":[1]}", PATH(KEY("data"))), said);
    const char *tail = "[[\"\xE9\"],[\"\xE9\"]]";
    ck_assert_str_eq(summary(arena, tail, PATH(INDEX(-1))),
                     "line 1, column 4 (byte 3): not UTF-8, found byte 0xE9");
    ck_assert_str_eq(summary(arena, "[1,[\"\xE9\"]]", PATH(INDEX(-1))), "\"\xE9\"");
    ck_assert_str_eq(
        summary(arena, "[{\"r\":1,\"d\":[\"\xE9\"]}]", PATH(FILTER("r", "1"), KEY("d"))),
        "\"\xE9\"");
}
END_TEST

START_TEST(a_second_merge_key_is_an_error)
{
    AUTO_ARENA struct arena *arena = arena_new();
    ck_assert_str_eq(
        summary(arena, "{\"data\":[1],\"x\":0,\"d\\u0061ta\":[2]}", PATH(KEY("data"))),
        "line 1, column 19 (byte 18): a key of the merge path stands twice in its "
        "object, found '\"'");
    ck_assert_str_eq(
        summary(arena, "{\"a\":{\"b\":[1],\"a\":2},\"b\":3}", PATH(KEY("a"), KEY("b"))), "1");
}
END_TEST

/* Every proper prefix of a container is cut, never complete, never anything worse. */
START_TEST(a_cut_body_is_truncated)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str body =
        STR("{\"a\":[{\"id\":-1.5e3,\"s\":\"x\\u00e4\\ud83d\\ude39\\\\\",\"o\":{}},"
            "true,null],\"next\":[{},\"\xC3\xA4\"]} ");
    for (size_t len = 1; len < body.len - 1; len++) {
        char *exact = mem_dup(body.ptr, len);
        struct outcome out = read_all(arena, (struct str){exact, len}, PATH(KEY("a")));
        ck_assert_msg(out.end == RECORDS_BAD && out.truncated, "%zu bytes", len);
        mem_free(exact);
    }
    ck_assert_int_eq(read_all(arena, body, PATH(KEY("a"))).end, RECORDS_END);
    ck_assert(!read_all(arena, STR("<html>"), WHOLE).truncated);
    ck_assert(!read_all(arena, STR(" \n"), WHOLE).truncated);
    ck_assert(!read_all(arena, STR("[1,}"), WHOLE).truncated);
}
END_TEST

START_TEST(bounds_the_records_of_a_page)
{
    AUTO_ARENA struct arena *arena = arena_new();
    size_t len = 2 * (size_t)RECORDS_PAGE_MAX + 1;
    char *body = mem_alloc(len + 2);
    for (size_t i = 0; i < len; i += 2) {
        body[i] = i ? ',' : '[';
        body[i + 1] = '1';
    }
    body[len - 1] = ']';
    ck_assert_int_eq(read_all(arena, (struct str){body, len}, WHOLE).end, RECORDS_END);
    body[len - 1] = ',';
    body[len] = '1';
    body[len + 1] = ']';
    ck_assert_int_eq(read_all(arena, (struct str){body, len + 2}, WHOLE).end, RECORDS_BAD);
    mem_free(body);
}
END_TEST

SUITE("worker/records", follows_the_grammar, finds_the_merge_path, tells_how_far_the_path_led,
      leaves_a_hole_for_the_response, gives_the_fields_of_a_record,
      keeps_the_last_of_equal_names, bounds_the_fields_of_a_record,
      one_flaw_does_not_cost_the_page, bad_utf8_outside_the_records_is_an_error,
      a_second_merge_key_is_an_error, a_cut_body_is_truncated, bounds_the_records_of_a_page)
