#include "worker/load/periods.h"

#include "tests/support/suite.h"
#include "worker/values/encode.h"

static struct batch *batch;
static struct periods periods;
static struct table table;
static struct column items[2] = {{.field = STR_INIT("id"), .type = COLUMN_TEXT},
                                 {.field = STR_INIT("at"), .type = COLUMN_OTHER}};
static struct columns columns = {.items = items, .count = 2};

static void set_up(enum partition_every every, enum column_form form)
{
    batch = batch_new(MIB(1));
    periods = (struct periods){0};
    table.partition = (struct table_partition){.range = STR("at"), .every = every};
    items[1].type = COLUMN_OTHER;
    items[1].form = form;
    batch_page_begin(batch);
}

static void tear_down(void)
{
    periods_done(&periods);
    batch_free(batch);
}

/* As a page is cut; NULL: without a time. */
static void put(const char *at)
{
    struct buf *rows = &batch->rows;
    batch_row_begin(batch, batch->row_count, STR("{}"));
    buf_put_be16(rows, 2);
    encode_text(rows, STR("x"));
    if (!at)
        encode_null(rows);
    else if (items[1].type == COLUMN_TIMESTAMPTZ)
        ck_assert(encode_timestamptz(rows, str_from(at)));
    else if (items[1].type == COLUMN_DATE)
        ck_assert(encode_date(rows, str_from(at)));
    else if (items[1].form == FORM_NONE)
        encode_text(rows, str_from(at));
    else if (!form_put(items[1].form, rows, str_from(at)))
        form_put_odd(rows, str_from(at));
}

/* "": nothing is missing. */
static void expect_missing(const char *expected)
{
    AUTO_BUF(times, KIB(64));
    bool is_missing = periods_put_missing(&periods, &table, &columns, batch, &times);
    ck_assert_int_eq(is_missing, *expected != '\0');
    if (is_missing)
        ck_assert_msg(str_is(buf_str(&times), expected), "%.*s", STR_ARG(buf_str(&times)));
}

/* Microseconds since 2000, of whole days. */
static int64_t day(int64_t number)
{
    return number * INT64_C(86400000000);
}

START_TEST(each_day_is_asked_for_once_in_every_form)
{
    static const enum column_form forms[] = {FORM_INSTANT, FORM_DAY, FORM_NONE};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        set_up(EVERY_MONTH, forms[i]);
        put("2000-01-03T23:59:59.999999Z");
        put("2000-01-01T00:00:00Z");
        put(NULL);
        put("2000-01-03T00:30:00+01:00");
        put("2000-01-01T12:00:00Z");
        put("1999-12-31T23:59:59.999999Z");
        expect_missing("[\"1999-12-31T00:00:00Z\",\"2000-01-01T00:00:00Z\","
                       "\"2000-01-02T00:00:00Z\",\"2000-01-03T00:00:00Z\"]");
        ck_assert(periods_add(&periods, day(0), day(2)));
        expect_missing("[\"1999-12-31T00:00:00Z\",\"2000-01-03T00:00:00Z\"]");
        ck_assert(periods_add(&periods, INT64_MIN, day(0)));
        ck_assert(periods_add(&periods, day(2), INT64_MAX));
        expect_missing("");
        ck_assert(!periods_add(&periods, day(1), day(2)));
        periods_reset(&periods);
        expect_missing("[\"1999-12-31T00:00:00Z\",\"2000-01-01T00:00:00Z\","
                       "\"2000-01-02T00:00:00Z\",\"2000-01-03T00:00:00Z\"]");
        tear_down();
    }
}
END_TEST

START_TEST(hours_are_asked_for_where_they_are_the_periods)
{
    set_up(EVERY_HOUR, FORM_INSTANT);
    put("1999-12-31T22:30:00Z");
    put("2000-01-01T00:59:59Z");
    put("2000-01-01T01:00:00Z");
    expect_missing("[\"1999-12-31T22:00:00Z\",\"2000-01-01T00:00:00Z\","
                   "\"2000-01-01T01:00:00Z\"]");
    tear_down();
}
END_TEST

START_TEST(columns_of_an_adopted_table_have_their_own_types)
{
    set_up(EVERY_DAY, FORM_NONE);
    items[1].type = COLUMN_TIMESTAMPTZ;
    put("2000-01-01T23:00:00-02:00");
    expect_missing("[\"2000-01-02T00:00:00Z\"]");
    tear_down();
    set_up(EVERY_DAY, FORM_NONE);
    items[1].type = COLUMN_DATE;
    put("1999-12-31");
    expect_missing("[\"1999-12-31T00:00:00Z\"]");
    tear_down();
}
END_TEST

START_TEST(other_texts_are_asked_for_as_they_are)
{
    set_up(EVERY_DAY, FORM_INSTANT);
    put("Jan 5 2024 23:30 -0100");
    put("5. März 2024");
    put("");
    put("this is by far too long to be a time, whatever it may be: sixty-five");
    expect_missing("[\"Jan 5 2024 23:30 -0100\"]");
    periods_add(&periods, INT64_MIN, INT64_MAX);
    expect_missing("[\"Jan 5 2024 23:30 -0100\"]");
    tear_down();
}
END_TEST

/* The same after the batch was spelled for a staging table. */
START_TEST(a_batch_that_was_spelled_has_the_same_times)
{
    set_up(EVERY_DAY, FORM_INSTANT);
    put("2000-01-01T12:00:00Z");
    put("Jan 5 2024");
    batch_mark(batch, &(struct mark){.page = 1});
    batch_spell(batch, &columns);
    expect_missing("[\"Jan 5 2024\",\"2000-01-01T00:00:00Z\"]");
    tear_down();
}
END_TEST

START_TEST(a_table_without_partitions_asks_for_nothing)
{
    set_up(EVERY_DAY, FORM_INSTANT);
    put("2000-01-01T12:00:00Z");
    table.partition.range = STR("gone");
    expect_missing("");
    table.partition.range = STR_NONE;
    expect_missing("");
    tear_down();
}
END_TEST

SUITE("worker/load/periods", each_day_is_asked_for_once_in_every_form,
      hours_are_asked_for_where_they_are_the_periods,
      columns_of_an_adopted_table_have_their_own_types, other_texts_are_asked_for_as_they_are,
      a_batch_that_was_spelled_has_the_same_times, a_table_without_partitions_asks_for_nothing)
