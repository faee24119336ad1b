#define SUITE_TIMEOUT 120
#include "worker/values/input.h"

#include <stdio.h>

#include "base/json_out.h"
#include "base/rng.h"
#include "tests/support/row_text.h"
#include "tests/support/suite.h"

/*
 * Random texts, near to what a type reads, go through a declared column; the server casts the
 * same texts by itself. Both must take the same ones, and as the same values.
 */
enum { TEXTS = 4000, TEXT_BYTES_MAX = 40 };

static struct err err = ERR_INIT;
static struct rng rng;

/* A few pieces of the list, one after the other; now and then a letter in another case. */
static struct str odd_text(struct arena *arena, const char *const *pieces, size_t count)
{
    AUTO_BUF(buf, KIB(1));
    size_t most = 1 + rng_below(&rng, 5);
    for (size_t i = 0; i < most && buf.len < TEXT_BYTES_MAX; i++)
        buf_put(&buf, str_from(pieces[rng_below(&rng, count)]));
    for (size_t i = 0; i < buf.len; i++)
        if (((buf.ptr[i] >= 'a' && buf.ptr[i] <= 'z')) && rng_below(&rng, 8) == 0)
            buf.ptr[i] -= 'a' - 'A';
    return arena_str(arena, buf_str(&buf));
}

struct trial {
    struct arena *arena;
    struct column items[2]; /* t: the text; v: what it becomes */
    struct declared_column declared;
    struct columns columns;
    struct table table;
    struct row_writer writer;
};

static void trial_open(struct trial *trial, const char *type)
{
    *trial = (struct trial){.arena = arena_new(), .table = {.max_columns = 500}};
    trial->declared = (struct declared_column){.name = STR("v"), .keeps_empty = true};
    trial->items[0] = (struct column){
        .field = STR("t"), .name = STR("t"), .type = COLUMN_TEXT, .sql_type = STR("text")};
    trial->items[1] = (struct column){.field = STR("v"),
                                      .name = STR("v"),
                                      .type = column_type_from_sql(str_from(type)),
                                      .sql_type = str_from(type),
                                      .declared = &trial->declared};
    trial->columns = (struct columns){.items = trial->items, .count = 2, .has_table = true};
    columns_index(&trial->columns, trial->arena);
    trial->writer = (struct row_writer){
        .batch = batch_new(MIB(64)),
        .binder = {.columns = &trial->columns, .table = &trial->table, .arena = trial->arena}};
    row_start(&trial->writer);
    batch_page_begin(trial->writer.batch);
}

static void put_value(struct trial *trial, struct str text, size_t position)
{
    AUTO_BUF(json, KIB(4));
    const struct path whole = {0};
    struct record record;
    const char *reason;
    buf_puts(&json, "{\"t\":");
    json_out_quote(&json, text);
    buf_puts(&json, ",\"v\":");
    json_out_quote(&json, text);
    buf_puts(&json, "}");
    struct records *records =
        records_start(trial->arena, arena_str(trial->arena, buf_str(&json)), &whole);
    ck_assert_int_eq(records_next(records, &record, &err), RECORDS_ONE);
    record.position = position;
    enum row_result result = row_put(&trial->writer, &record, &reason);
    ck_assert(result == ROW_PUT || result == ROW_ASIDE);
}

/* `except`: a condition on t, here and there, for what is meant to differ. */
static void compare(const char *type, const char *const *pieces, size_t count,
                    const char *except)
{
    struct trial trial;
    uint64_t seed;
    rng_secret(&seed, sizeof seed);
    rng_seed(&rng, seed);
    trial_open(&trial, type);
    for (size_t i = 0; i < TEXTS; i++)
        put_value(&trial, odd_text(trial.arena, pieces, count), i);
    batch_close(trial.writer.batch);
    struct str sql = arena_printf(
        trial.arena,
        "create function pg_temp.as_type(text) returns text language plpgsql as $f$ begin "
        "return $1::%s::text; exception when others then return 'no'; end $f$; "
        "select coalesce(string_agg(format('%%L is %%s here and %%s there', t, here, there), "
        "e'\\n'), '') from (select t, coalesce(v::text, 'no') as here, "
        "pg_temp.as_type(t) as there from stage) s "
        "where here <> there and not (%s)",
        type, except);
    struct str differing =
        row_text_ask(trial.arena, trial.writer.batch, &trial.columns, sql.ptr);
    ck_assert_msg(differing.len == 0, "seed %llu: %.*s", (unsigned long long)seed,
                  STR_ARG(str_slice(differing, 0, 2000)));
    batch_free(trial.writer.batch);
    arena_free(trial.arena);
}

#define COMPARE(type, except, ...)                                                             \
    compare(type, (const char *const[]){__VA_ARGS__},                                          \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), except)

START_TEST(booleans)
{
    COMPARE("boolean", "false", "t", "tr", "true", "f", "false", "y", "ye", "yes", "n", "no",
            "o", "on", "of", "off", "1", "0", "2", " ", "\t", "s", "-", "");
}
END_TEST

START_TEST(integers)
{
    COMPARE("bigint", "there = 'no' and t ~* '[.e]'", "0", "7", "00", "12",
            "9223372036854775807", "9223372036854775808", "922337203685477580", "+", "-", " ",
            "\n", ".", ".0", "e1", "e", "_", "x", ",", "");
}
END_TEST

/* Only PostgreSQL 15 and before read a blank behind the e: by their strtol, not by a rule. */
START_TEST(numbers)
{
    COMPARE("numeric", "here = 'no' and t ~* 'e([ ]|[+-]?[0-9]{3})'", "0", "7", "00", "123",
            ".", ".5", "5.", "e", "E+2", "e-7", "e10", "+", "-", " ", "nan", "inf", "infinity",
            "y", "x", "_", ",", "");
}
END_TEST

START_TEST(uuids)
{
    COMPARE("uuid", "false", "123e4567-e89b-12d3-a456-426614174000",
            "123e4567e89b12d3a456426614174000", "123e4567", "e89b-12d3-a456-426614174000", "-",
            "{", "}", "0", "g", " ", "1234-5678-", "a456-426614174000", "");
}
END_TEST

/* What the page of a declared time sends on, and what it keeps. */
START_TEST(times_that_depend_on_the_day_are_none)
{
    static const char *const none[] = {"now",        "today",  "tomorrow 10:00",
                                       "Yesterday",  "soon",   "",
                                       "1704448800", "170444", "1704448800.5"};
    static const char *const may_be[] = {"2024-01-05", "infinity", "-Infinity", "epoch",
                                         "20240105"};
    for (size_t i = 0; i < COUNT_OF(none); i++)
        ck_assert_msg(!input_may_be_time(str_from(none[i]), false), "%s", none[i]);
    for (size_t i = 0; i < COUNT_OF(may_be); i++)
        ck_assert_msg(input_may_be_time(str_from(may_be[i]), false), "%s", may_be[i]);
    ck_assert(input_may_be_time(STR("101112"), true));
    ck_assert(!input_may_be_time(STR("epoch"), true));
    ck_assert(!input_may_be_time(STR("1704448800"), true));
}
END_TEST

/* PostgreSQL would read hours, up to 167, and with the other sign. */
START_TEST(zones_of_posix_are_none)
{
    static const char *const none[] = {
        "Mon Jul 15 2024 10:00:00 GMT+0100",
        "2024-07-15 10:00 UTC+2",
        "2024-07-15 10:00 gmt-01:00",
        "2024-07-15 10:00 CET-1",
        "2024-07-15 10:00Z-05",
        "2024-07-15 10:00 UTC+00:30",
    };
    static const char *const may_be[] = {
        "Mon Jan 15 2024 10:00:00 GMT+0000",
        "2024-07-15 10:00 UTC+00:00",
        "2024-07-15 10:00:00 +0100",
        "2024-07-15 10:00 Etc/GMT+1",
        "15-Jul-2024 10:00 GMT",
        "Sept-05-2024",
        "2024-07-15T10:00:00-05:00",
        "2024-07-15 10:00 America/Port-au-Prince",
        "2024-07-15 10:00 EST5EDT",
    };
    for (size_t i = 0; i < COUNT_OF(none); i++)
        ck_assert_msg(!input_may_be_time(str_from(none[i]), false), "%s", none[i]);
    for (size_t i = 0; i < COUNT_OF(may_be); i++)
        ck_assert_msg(input_may_be_time(str_from(may_be[i]), false), "%s", may_be[i]);
}
END_TEST

SUITE("worker/input", booleans, integers, numbers, uuids, times_that_depend_on_the_day_are_none,
      zones_of_posix_are_none)
