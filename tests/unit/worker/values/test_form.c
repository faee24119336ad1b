#include "worker/values/form.h"

#include "base/rng.h"
#include "tests/support/row_text.h"
#include "tests/support/suite.h"
#include "worker/rows/row.h"

/*
 * Differential: what a table holds where a value came in its binary form is what the cast of a
 * staged text gives (schema/functions/merge.sql, staged_value), by a real PostgreSQL.
 */
struct type {
    const char *name;
    const char *cast;      /* of a text t */
    const char *plain[24]; /* in binary form */
    const char *odd[24];   /* PostgreSQL reads them, or refuses */
};

#define ODD_TIMES                                                                              \
    "2024-01-05T10:00:60Z", "2024-01-05T10:00:00.1234567Z", "20240105T100000Z",                \
        "2024-01-05T24:00:00Z", "Jan 5, 2024", "01/05/2024", "2024-01-05 11:00 Europe/Berlin", \
        " 2024-01-05T10:00:00Z ", "2024-01-05t10:00:00z", "2024-1-5", "10000-01-01",           \
        "0044-03-15 BC", "2024-01-05T10:00Z", "2024-01-05T10:00:00 +01:00", "infinity",        \
        "2024-01-05T10:00:00+15:30"
#define PLAIN_TIMES                                                                            \
    "2024-01-05T10:00:00Z", "2024-01-05T10:00:00", "2024-01-05 10:00:00", "2024-01-05",        \
        "2024-01-05T10:00:00.5Z", "2024-01-05T10:00:00.123456+02:00",                          \
        "2024-01-05T23:59:59.999999-14:59", "2024-01-05T10:00:00+0530",                        \
        "2024-01-05 10:00:00-03", "0001-01-01", "0001-01-01T00:00:00Z",                        \
        "9999-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z", "1999-12-31T23:30:00Z",  \
        "1900-02-28T00:00:00-00:00", "2000-02-29T01:00:00+02:00", "1582-10-10"

static const struct type types[] = {
    {"timestamp with time zone", "t::timestamptz", {PLAIN_TIMES}, {ODD_TIMES}},
    {"timestamp without time zone",
     "(t::timestamptz at time zone 'UTC')",
     {PLAIN_TIMES},
     {ODD_TIMES}},
    {"date", "(t::timestamptz at time zone 'UTC')::date", {PLAIN_TIMES}, {ODD_TIMES}},
    {"double precision",
     "t::double precision",
     {"0", "-0", "1.5", "0.1", "-123.456e-7", "1e308", "2.2250738585072014e-308",
      "9007199254740993", "0.30000000000000004", "12345678901234567890123456789",
      "1.7976931348623157e308", "5e-1"},
     {"1.", ".5", "+1", " 7 ", "007", "NaN", "-inf", "4.9e-324", "Infinity"}},
    {"real",
     "t::real",
     {"0", "-0", "1.5", "0.1", "16777217", "3.4028235e38", "1.17549435e-38", "0.3",
      "1.00000017881393432617187499",
      "1.00000017881393421514957253748434595763683319091796875"},
     {"1.", "NaN", "inf", "1e-45"}},
    {"integer", "t::integer", {"0", "-7", "2147483647", "-2147483648"}, {NULL}},
    {"smallint", "t::smallint", {"0", "-7", "32767", "-32768"}, {NULL}},
    {"numeric(14,2)",
     "t::numeric::numeric(14,2)",
     {"0", "-0", "0.00", "19.90", "-19.9", "12345.678", "0.005", "-0.005", "0.00001",
      "999999999999.99", "10000", "100000000", "0.000000010000", "10000.0001", "-1", "1200"},
     {"1e3", "1.", ".5", " 7 ", "007", "NaN", "+1"}},
    {"time without time zone",
     "t::time",
     {"00:00:00", "23:59:59.999999", "10:00:00", "10:00:00.5", "09:07:03.000001"},
     {"24:00:00", "10:00", "1:00:00", "10:00:60", "100000", "10:00:00 PM", "10:00:00.1234567",
      "T10:00:00"}},
    {"time with time zone",
     "t::timetz",
     {"00:00:00Z", "23:59:59.999999+02", "10:00:00-03:30", "10:00:00.5+0530", "01:02:03+14:59",
      "10:00:00-00"},
     {"10:00:00", "10:00:00+15:30", "10:00:00+2", "10:00 +02", "10:00:00 UTC"}},
    {"interval",
     "t::interval",
     {"P1Y", "P1Y2M3W4DT5H6M7.000008S", "PT0S", "P0D", "PT36H", "P400D", "P999999D", "PT1.5S",
      "P14M", "PT999999H", "P2W", "12:30:45", "00:00:00.5", "23:59:59"},
     {"1 day", "P-1D", "P1.5D", "36:00:00", "P1DT2:3:4", "1 day 02:00:00", "3600", "1y 2mons",
      "-00:00:01", "P0001-02-03T04:05:06", "PT", "PT1S2M"}},
    {"bytea",
     "t::bytea",
     {"\\\\x", "\\\\x00", "\\\\xdeadBEEF", "\\\\xffffff"},
     {"abc", "", "\\\\000a", "\\\\xffffffffffffffffffffffffffffffffff01"}},
    {"inet",
     "t::inet",
     {"0.0.0.0", "10.1.2.3", "255.255.255.255/32", "10.1.2.3/8", "192.168.0.0/16", "::1",
      "::", "2001:db8::ff00:42:8329/64", "::ffff:10.1.2.3", "fe80::1/128", "10.1.2.3/0"},
     {"10.1.2.3/08"}},
    {"character varying(12)", "t::varchar", {"", "abc", "2024", "a        b  "}, {NULL}},
};

/* What PostgreSQL refuses must not be put as a value: it is odd, or does not fit. */
static const char *const refused[] = {
    "2024-02-30",
    "2023-02-29T00:00:00Z",
    "2024-13-01",
    "0000-01-01",
    "2024-01-05T10:00:00+16:00",
    "2024-01-05T10:61:00Z",
    "2024-01-05T10:00:00.Z",
    "2024-01-05T10:00:00+1",
    "2024-01-05T10:00:00Zx",
    "soon",
    "1e400",
    "1e-400",
    "-1e39000",
    "1.5.5",
    "0x",
    "--1",
    "\\u00e4",
};

static struct err err = ERR_INIT;

/* A page of records {"v": text, "t": text} into columns of the type and of text. */
struct page {
    struct arena *arena;
    struct column items[2];
    struct columns columns;
    struct table table;
    struct batch *batch;
    struct row_writer writer;
};

static void page_open(struct page *page, const char *type)
{
    *page = (struct page){.arena = arena_new(), .batch = batch_new(MIB(4))};
    page->items[0] = (struct column){
        .field = STR("v"), .name = STR("v"), .type = COLUMN_OTHER, .sql_type = str_from(type)};
    page->items[1] = (struct column){
        .field = STR("t"), .name = STR("t"), .type = COLUMN_TEXT, .sql_type = STR("text")};
    page->columns = (struct columns){.items = page->items, .count = 2, .has_table = true};
    columns_index(&page->columns, page->arena);
    page->writer = (struct row_writer){
        .batch = page->batch,
        .binder = {.columns = &page->columns, .table = &page->table, .arena = page->arena}};
    row_start(&page->writer);
    batch_page_begin(page->batch);
}

static void page_close(struct page *page)
{
    batch_free(page->batch);
    arena_free(page->arena);
}

static enum row_result put(struct page *page, const char *text)
{
    static const struct path whole;
    const char *reason;
    struct record record;
    struct str json = arena_printf(page->arena, "{\"v\": \"%s\", \"t\": \"%s\"}", text, text);
    struct records *records = records_start(page->arena, json, &whole);
    ck_assert_int_eq(records_next(records, &record, &err), RECORDS_ONE);
    return row_put(&page->writer, &record, &reason);
}

/* Of the rows whose value is not that of the cast: what was sent, is stored, should be. */
static void expect_cast(struct page *page, const struct type *type, const char *stored)
{
    AUTO_BUF(sql, KIB(4));
    batch_close(page->batch);
    buf_printf(&sql,
               "select coalesce(string_agg(format('%%s is %%s, not %%s', t, stored, read), ', '"
               "), '') from (select t, (%s)::text as stored, (%s)::text as read from stage) x "
               "where stored is distinct from read",
               stored, type->cast);
    struct str wrong = row_text_ask(page->arena, page->batch, &page->columns, sql.ptr);
    ck_assert_msg(wrong.len == 0, "%s: %.*s", type->name, STR_ARG(wrong));
}

static void put_spelled_part(const struct page *page, struct buf *out)
{
    size_t rows[2048];
    ck_assert_uint_le(page->batch->row_count, COUNT_OF(rows));
    for (size_t row = 0; row < page->batch->row_count; row++)
        rows[row] = row;
    batch_put_part(page->batch, rows, page->batch->row_count, &page->columns, out);
}

/* `t` is cast as the merge does it, `v` likewise, where it was spelled; so is a part. */
static void expect_spelled(struct page *page, const struct type *type)
{
    AUTO_BUF(cast, KIB(1));
    AUTO_BUF(before, MIB(4));
    AUTO_BUF(after, MIB(4));
    for (const char *at = type->cast; *at; at++)
        buf_put_byte(&cast, at[0] == 't' && at[1] == ':' ? 'v' : *at);
    buf_put_byte(&cast, 0);
    put_spelled_part(page, &before);
    batch_spell(page->batch, &page->columns);
    put_spelled_part(page, &after);
    expect_cast(page, type, cast.ptr);
    ck_assert(str_eq(buf_str(&before), buf_str(&page->batch->rows)));
    ck_assert(str_eq(buf_str(&after), buf_str(&page->batch->rows)));
}

START_TEST(plain_values_are_what_the_cast_gives)
{
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct page page;
        page_open(&page, types[i].name);
        for (size_t at = 0; at < COUNT_OF(types[i].plain) && types[i].plain[at]; at++) {
            ck_assert_msg(put(&page, types[i].plain[at]) == ROW_PUT, "%s", types[i].plain[at]);
            ck_assert_msg(!page.batch->has_odd, "%s: %s", types[i].name, types[i].plain[at]);
        }
        expect_cast(&page, &types[i], "v");
        expect_spelled(&page, &types[i]);
        page_close(&page);
    }
}
END_TEST

START_TEST(odd_values_are_left_to_the_cast)
{
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct page page;
        page_open(&page, types[i].name);
        for (size_t at = 0; at < COUNT_OF(types[i].odd) && types[i].odd[at]; at++) {
            page.batch->has_odd = false;
            ck_assert_msg(put(&page, types[i].odd[at]) == ROW_PUT, "%s", types[i].odd[at]);
            ck_assert_msg(page.batch->has_odd, "%s: %s", types[i].name, types[i].odd[at]);
        }
        if (types[i].plain[0])
            ck_assert_int_eq(put(&page, types[i].plain[0]), ROW_PUT);
        expect_spelled(&page, &types[i]);
        page_close(&page);
    }
}
END_TEST

START_TEST(what_postgres_refuses_is_no_value)
{
    for (size_t i = 0; i < COUNT_OF(types) - 1; i++)
        for (size_t at = 0; at < COUNT_OF(refused); at++) {
            struct page page;
            page_open(&page, types[i].name);
            enum row_result result = put(&page, refused[at]);
            ck_assert_msg(result == ROW_ASIDE || page.batch->has_odd, "%s: %s", types[i].name,
                          refused[at]);
            page_close(&page);
        }
}
END_TEST

static struct str random_time(struct rng *rng, struct arena *arena)
{
    static const char *const ends[] = {"",    "Z",      "+00",        "-03:30", "+14:00",
                                       ".1Z", ".99999", ".000001+01", ".5-0930"};
    static const char between[] = "T ";
    return arena_printf(arena, "%04d-%02d-%02d%c%02d:%02d:%02d%s",
                        (int)rng_below(rng, 9998) + 2, (int)rng_below(rng, 12) + 1,
                        (int)rng_below(rng, 28) + 1, between[rng_below(rng, 2)],
                        (int)rng_below(rng, 24), (int)rng_below(rng, 60),
                        (int)rng_below(rng, 60), ends[rng_below(rng, COUNT_OF(ends))]);
}

static struct str random_number(struct rng *rng, struct arena *arena)
{
    if (rng_below(rng, 2))
        return arena_printf(arena, "%s%llu.%0*llu", rng_below(rng, 2) ? "-" : "",
                            (unsigned long long)rng_below(rng, 10000000),
                            (int)rng_below(rng, 10) + 1,
                            (unsigned long long)rng_below(rng, 1000000000));
    return arena_printf(arena, "%s%llu.%llue%d", rng_below(rng, 2) ? "-" : "",
                        (unsigned long long)rng_below(rng, 1000000000),
                        (unsigned long long)rng_below(rng, UINT64_MAX >> rng_below(rng, 60)),
                        (int)rng_below(rng, 40) - 25);
}

START_TEST(random_values_are_what_the_cast_gives)
{
    enum { TIMES = 3, NUMBERS = 5, VALUES = 2000 };
    struct rng rng;
    rng_seed(&rng, 8);
    for (size_t i = 0; i < NUMBERS; i++) {
        struct page page;
        page_open(&page, types[i].name);
        for (size_t at = 0; at < VALUES; at++) {
            struct str text =
                i < TIMES ? random_time(&rng, page.arena) : random_number(&rng, page.arena);
            ck_assert_msg(put(&page, text.ptr) == ROW_PUT, "%s", text.ptr);
            ck_assert_msg(!page.batch->has_odd, "%s: %s", types[i].name, text.ptr);
        }
        expect_cast(&page, &types[i], "v");
        expect_spelled(&page, &types[i]);
        page_close(&page);
    }
}
END_TEST

START_TEST(knows_types_by_name)
{
    ck_assert_int_eq(form_of_type(STR("timestamptz")), FORM_INSTANT);
    ck_assert_int_eq(form_of_type(STR("numeric(12,2)")), FORM_NUMERIC);
    ck_assert_int_eq(form_of_type(STR("numeric(12,2)[]")), FORM_NONE);
    ck_assert_int_eq(form_of_type(STR("Timestamp With Time Zone")), FORM_INSTANT);
    ck_assert_int_eq(form_of_type(STR("character varying")), FORM_TEXT);
    ck_assert_int_eq(form_of_type(STR("varchar(3)")), FORM_TEXT);
    ck_assert_int_eq(form_of_type(STR("timestamp(0)")), FORM_NONE);
    ck_assert_int_eq(form_of_type(STR("timestamp(3) with time zone")), FORM_NONE);
    ck_assert_int_eq(form_of_type(STR("integer[]")), FORM_NONE);
    ck_assert_int_eq(form_of_type(STR("character varying(3)[]")), FORM_NONE);
    ck_assert_int_eq(form_of_type(STR("time")), FORM_CLOCK);
    ck_assert_int_eq(form_of_type(STR("time(3) without time zone")), FORM_NONE);
    ck_assert_int_eq(form_of_type(STR("text[]")), FORM_TEXTS);
    ck_assert_int_eq(form_of_type(STR("cidr")), FORM_NONE);
}
END_TEST

static enum row_result put_list(struct page *page, const char *list, const char *literal)
{
    static const struct path whole;
    const char *reason;
    struct record record;
    struct str json = arena_printf(page->arena, "{\"v\": %s, \"t\": \"%s\"}", list, literal);
    struct records *records = records_start(page->arena, json, &whole);
    ck_assert_int_eq(records_next(records, &record, &err), RECORDS_ONE);
    return row_put(&page->writer, &record, &reason);
}

/* The literal is one in JSON. */
struct list {
    const char *json, *literal;
    bool is_odd;
};

static void check_lists(const struct type *type, const struct list *lists, size_t count)
{
    struct page page;
    page_open(&page, type->name);
    for (size_t at = 0; at < count; at++) {
        page.batch->has_odd = false;
        ck_assert_int_eq(put_list(&page, lists[at].json, lists[at].literal), ROW_PUT);
        ck_assert_msg(page.batch->has_odd == lists[at].is_odd, "%s", lists[at].json);
        if (at + 1 == count || lists[at + 1].is_odd != lists[at].is_odd) {
            if (!lists[at].is_odd)
                expect_cast(&page, type, "v");
            expect_spelled(&page, type);
            page_close(&page);
            page_open(&page, type->name);
        }
    }
    page_close(&page);
}

START_TEST(lists_are_what_the_cast_of_a_literal_gives)
{
    static const struct type texts = {.name = "text[]", .cast = "t::text[]"};
    static const struct type numbers = {.name = "bigint[]", .cast = "t::bigint[]"};
    static const struct list of_texts[] = {
        {"[]", "{}", false},
        {"[\"a\", \"\", null, \"NULL\"]", "{a,\\\"\\\",NULL,\\\"NULL\\\"}", false},
        {"[\"a, b\", \"{c}\", \"\\\"\", \"\\\\\", \"\\u00e4\"]",
         "{\\\"a, b\\\",\\\"{c}\\\",\\\"\\\\\\\"\\\",\\\"\\\\\\\\\\\",ä}", false},
        {"[1.50, true, {\"k\": 1}]", "{1.50,true,\\\"{\\\\\\\"k\\\\\\\": 1}\\\"}", false},
        {"[[\"a\"], [\"b\"]]", "{{a},{b}}", true},
        {"\"{a,b}\"", "{a,b}", true},
    };
    static const struct list of_numbers[] = {
        {"[]", "{}", false},
        {"[1, -9223372036854775808, null, 9223372036854775807]",
         "{1,-9223372036854775808,NULL,9223372036854775807}", false},
        {"[\"7\"]", "{7}", true},
        {"[[1], [2]]", "{{1},{2}}", true},
    };
    check_lists(&texts, of_texts, COUNT_OF(of_texts));
    check_lists(&numbers, of_numbers, COUNT_OF(of_numbers));
}
END_TEST

SUITE("worker/form", plain_values_are_what_the_cast_gives, odd_values_are_left_to_the_cast,
      what_postgres_refuses_is_no_value, random_values_are_what_the_cast_gives,
      lists_are_what_the_cast_of_a_literal_gives, knows_types_by_name)
