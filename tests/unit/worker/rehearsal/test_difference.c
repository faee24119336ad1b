#include "worker/rehearsal/difference.h"

#include "tests/support/suite.h"

static struct arena *arena;

static struct value read(const char *json)
{
    struct value value;
    struct err err = ERR_INIT;
    if (!json)
        return UNDEFINED_VALUE;
    ck_assert_ok(value_parse(arena, str_from(json), VALUE_WHOLE, &value, &err), err);
    return value;
}

/* "of table number name expected got", one a line. */
static const char *compare(const char *expected, const char *got)
{
    static const char *const of[] = {"end", "table", "column", "count", "row", "rejected"};
    AUTO_BUF(text, MIB(1));
    if (!arena)
        arena = arena_new();
    struct differences differences = {.arena = arena};
    differences_find(&differences, read(expected), read(got));
    for (int64_t i = 0; i < MIN(differences.count, DIFFERENCES_MAX); i++) {
        const struct difference *one = &differences.items[i];
        buf_printf(&text, "%s|%.*s|%d|%.*s|%.*s|%.*s\n", of[one->of], STR_ARG(one->table),
                   (int)one->number, STR_ARG(one->name), STR_ARG(one->expected),
                   STR_ARG(one->got));
    }
    if (differences.count > DIFFERENCES_MAX)
        buf_printf(&text, "%d in all\n", (int)differences.count);
    return arena_cstr(arena, buf_str(&text));
}

#define ROWS(rows)                                                                             \
    "{\"tables\":{\"s.t\":{\"columns\":{\"id\":\"bigint\"},\"rows\":[" rows "]}}}"

START_TEST(the_same_is_the_same)
{
    ck_assert_str_eq(compare(ROWS("{\"id\":1,\"a\":null}"), ROWS("{\"id\":1,\"b\":null}")), "");
    ck_assert_str_eq(compare("{\"state\":\"x\",\"pages\":2}", "{\"pages\":2,\"state\":\"x\"}"),
                     "");
}
END_TEST

START_TEST(values_are_compared_by_row_and_column)
{
    ck_assert_str_eq(compare(ROWS("{\"id\":1},{\"id\":2,\"a\":\"x\"}"),
                             ROWS("{\"id\":1},{\"id\":\"2\",\"b\":[1]}")),
                     "row|s.t|2|id|2|\"2\"\nrow|s.t|2|a|\"x\"|\nrow|s.t|2|b||[1]\n");
    ck_assert_str_eq(compare(ROWS("{\"id\":1.0}"), ROWS("{\"id\":1.00}")),
                     "row|s.t|1|id|1.0|1.00\n");
}
END_TEST

START_TEST(what_is_there_once_is_said)
{
    ck_assert_str_eq(compare(ROWS("{\"id\":1}"), ROWS("{\"id\":1},{\"id\":2}")),
                     "count|s.t|0|rows|1|2\nrow|s.t|2|||{\"id\":2}\n");
    ck_assert_str_eq(compare("{\"state\":\"a\",\"reason\":\"http\"}", "{\"state\":\"b\"}"),
                     "end||0|state|\"a\"|\"b\"\nend||0|reason|\"http\"|\n");
    ck_assert_str_eq(compare(NULL, "{\"state\":\"b\"}"), "end||0|state||\"b\"\n");
    ck_assert_str_eq(compare("{\"tables\":{\"a\":{}}}", "{\"tables\":{\"b\":{}}}"),
                     "table|a|0||{}|\ntable|b|0|||{}\n");
    ck_assert_str_eq(
        compare("{\"tables\":{\"a\":{\"columns\":{\"x\":\"text\",\"y\":\"date\"}}}}",
                "{\"tables\":{\"a\":{\"columns\":{\"x\":\"bigint\"},\"rejected\":[{\"reason\":"
                "\"r\"}]}}}"),
        "column|a|0|x|\"text\"|\"bigint\"\ncolumn|a|0|y|\"date\"|\ncount|a|0|rejected|0|1\n"
        "rejected|a|1|||{\"reason\":\"r\"}\n");
}
END_TEST

START_TEST(many_are_counted)
{
    AUTO_BUF(json, MIB(1));
    buf_puts(&json, "{\"tables\":{\"t\":{\"rows\":[0");
    for (int i = 1; i < 100; i++)
        buf_printf(&json, ",%d", i);
    buf_puts(&json, "]}}}");
    arena = arena_new();
    const char *text = compare(arena_cstr(arena, buf_str(&json)), "{\"tables\":{\"t\":{}}}");
    ck_assert_msg(strstr(text, "\n101 in all\n"), "%s", text);
}
END_TEST

SUITE("worker/rehearsal/difference", the_same_is_the_same,
      values_are_compared_by_row_and_column, what_is_there_once_is_said, many_are_counted)
