#include "core/value.h"

#include "tests/support/json_cases.h"
#include "tests/support/lines.h"
#include "tests/support/suite.h"

static struct arena *arena;
static struct err err = ERR_INIT;

static struct value parse(const char *text)
{
    struct value value = UNDEFINED_VALUE;
    if (!arena)
        arena = arena_new();
    ck_assert_ok(value_parse(arena, str_from(text), VALUE_WHOLE, &value, &err), err);
    return value;
}

static struct str format(struct value value)
{
    AUTO_BUF(buf, MIB(1));
    value_format(&buf, value);
    return arena_str(arena, buf_str(&buf));
}

static void assert_refused(const char *text, const char *message)
{
    struct arena *scratch = arena_new();
    struct value value;
    ck_assert(!value_parse(scratch, str_from(text), VALUE_WHOLE, &value, &err));
    ck_assert_int_eq(err.kind, ERR_INPUT);
    ck_assert_str_eq(err.text, message);
    arena_free(scratch);
}

START_TEST(follows_the_grammar)
{
    AUTO_ARENA struct arena *own = arena_new();
    struct json_cases all = json_cases_read(own);
    int seen[JSON_EITHER + 1] = {0};
    for (size_t i = 0; i < all.count; i++) {
        AUTO_ARENA struct arena *scratch = arena_new();
        struct json_case *one = &all.cases[i];
        struct value value;
        bool accepted = value_parse(scratch, one->text, VALUE_WHOLE, &value, &err);
        seen[one->verdict]++;
        ck_assert_msg(one->verdict == JSON_EITHER || accepted == (one->verdict == JSON_TAKEN),
                      "json.txt:%d: %s: %s", one->line, accepted ? "accepted" : "refused",
                      accepted ? "" : err.text);
    }
    json_cases_done(&all);
    ck_assert_int_ge(seen[JSON_TAKEN], 95);
    ck_assert_int_ge(seen[JSON_REFUSED], 188);
    ck_assert_int_ge(seen[JSON_EITHER], 35);
}
END_TEST

START_TEST(keeps_numbers_as_written)
{
    const char *text = "[12345678901234567890,19.99,1e-7,-0,1E400,0.10]";
    ck_assert_str_is(format(parse(text)), text);
    ck_assert_str_is(value_int(arena, INT64_MIN).text, "-9223372036854775808");
}
END_TEST

START_TEST(decodes_strings)
{
    ck_assert_str_is(parse("\"\\u00e4\\ud83d\\ude39\\n\\/\\\\\"").text,
                     "\xC3\xA4\xF0\x9F\x98\xB9\n/\\");
    ck_assert_str_is(parse("\"a\\ud800b\\udc00\\ud800\\ud800\"").text,
                     "a\xEF\xBF\xBD"
                     "b\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    ck_assert_str_is(parse("\"M\xFCnchen \\t\"").text, "M\xEF\xBF\xBDnchen \t");
    struct value nul = parse("\"a\\u0000b\"");
    ck_assert_uint_eq(nul.text.len, 3);
    ck_assert_str_is(format(nul), "\"a\\u0000b\"");
}
END_TEST

START_TEST(last_of_equal_keys_stays_in_the_first_place)
{
    ck_assert_str_is(format(parse("{\"a\":1,\"b\":2,\"\\u0061\":[3]}")), "{\"a\":[3],\"b\":2}");
    AUTO_BUF(many, MIB(1));
    buf_puts(&many, "{");
    for (int i = 0; i < 20000; i++)
        buf_printf(&many, "\"k%d\":%d,", i % 10000, i);
    buf_puts(&many, "\"z\":0}");
    struct value map = parse(many.ptr);
    ck_assert_uint_eq(map.map->count, 10001);
    ck_assert_str_is(value_get(map, STR("k7")).text, "10007");
}
END_TEST

START_TEST(absent_is_undefined)
{
    struct value map = parse("{\"a\":null,\"l\":[1]}");
    ck_assert_int_eq(value_get(map, STR("a")).kind, VALUE_NULL);
    ck_assert_int_eq(value_get(map, STR("b")).kind, VALUE_UNDEFINED);
    ck_assert_str_is(value_get(map, STR("b")).text, "b");
    ck_assert_int_eq(value_get(NULL_VALUE, STR("b")).kind, VALUE_UNDEFINED);
    ck_assert_str_is(value_at(value_get(map, STR("l")), 0).text, "1");
    ck_assert_int_eq(value_at(value_get(map, STR("l")), 1).kind, VALUE_UNDEFINED);
    ck_assert_str_eq(value_kind_name(map.kind), "object");
}
END_TEST

START_TEST(jumps_over_what_is_skipped)
{
    struct str text = STR(" {\"data\":[{\"bad\xFF\": ,}],\"next\":\"c2\"}");
    size_t from = (size_t)str_find_byte(text, '[');
    struct value_skipped skipped = {from, (size_t)str_find_byte(text, ']') + 1};
    struct value value;
    AUTO_ARENA struct arena *own = arena_new();
    ck_assert_ok(value_parse(own, text, skipped, &value, &err), err);
    ck_assert_int_eq(value_get(value, STR("data")).kind, VALUE_UNDEFINED);
    ck_assert_str_is(value_get(value, STR("next")).text, "c2");
    ck_assert(!value_parse(own, text, VALUE_WHOLE, &value, &err));
}
END_TEST

START_TEST(errors_say_where)
{
    assert_refused("",
                   "line 1, column 1 (byte 0): expected a value, found the end of the text");
    assert_refused("{\"\xC3\xA4\": 1,\n \"b\" 2}",
                   "line 2, column 6 (byte 15): expected ':' after a member's name, found '2'");
    assert_refused("[NaN]", "line 1, column 2 (byte 1): expected a value, found 'N'");
    assert_refused("[1]x",
                   "line 1, column 4 (byte 3): expected the end of the text, found 'x'");
    assert_refused("[1,\x01]", "line 1, column 4 (byte 3): expected a value, found byte 0x01");
    assert_refused("[1e401]",
                   "line 1, column 2 (byte 1): a number of more than 1,000 digits or "
                   "an exponent over 400, found '1'");
}
END_TEST

START_TEST(compares_and_copies)
{
    struct value a = parse("{\"a\":[1,{\"x\":null}],\"b\":\"t\"}");
    struct value b = parse("{\"b\":\"t\",\"a\":[1,{\"x\":null}]}");
    ck_assert(value_same(a, b));
    ck_assert(!value_same(a, parse("{\"b\":\"t\",\"a\":[1.0,{\"x\":null}]}")));
    ck_assert(!value_same(a, parse("{\"b\":\"t\",\"c\":[1,{\"x\":null}]}")));
    ck_assert(!value_same(parse("[1]"), parse("[1,2]")));
    struct arena *other = arena_new();
    struct value copy = value_copy(other, a);
    arena_free(arena);
    arena = other;
    ck_assert_str_is(format(copy), "{\"a\":[1,{\"x\":null}],\"b\":\"t\"}");
}
END_TEST

static int64_t read_as(struct str kind, struct value value)
{
    int64_t count = -1;
    if (str_is(kind, "flag"))
        return value_flag(value);
    if (str_is(kind, "condition"))
        return value_holds(value);
    ck_assert(str_is(kind, "count"));
    return value_count(value, &count) ? count : -1;
}

START_TEST(reads_flags_counts_and_conditions)
{
    AUTO_ARENA struct arena *own = arena_new();
    struct line_cases all = lines_read(own, "tests/tables/flags.txt");
    for (size_t i = 0; i < all.count; i++) {
        const struct line_case *one = &all.items[i];
        int64_t wanted = -1;
        struct str kind, text = str_split(one->input, ' ', &kind);
        int64_t got = read_as(kind, parse(arena_cstr(own, text)));
        ck_assert(str_is(one->expected, "-") || str_to_int64(one->expected, &wanted));
        ck_assert_msg(got == wanted, "%s:%d: %lld", one->path, one->number, (long long)got);
    }
    ck_assert_int_eq(value_flag(UNDEFINED_VALUE), -1);
    ck_assert(!value_holds(UNDEFINED_VALUE));
}
END_TEST

SUITE("core/value", follows_the_grammar, keeps_numbers_as_written, decodes_strings,
      last_of_equal_keys_stays_in_the_first_place, absent_is_undefined,
      jumps_over_what_is_skipped, errors_say_where, compares_and_copies,
      reads_flags_counts_and_conditions)
