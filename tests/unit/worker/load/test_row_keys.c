#include "worker/load/row_keys.h"

#include "tests/support/suite.h"
#include "worker/values/encode.h"

static struct batch *batch;
static struct row_keys keys;
static struct column items[3];
static struct columns columns = {.items = items};

/* The first of the columns is no key. */
static void set_up(enum column_type one, enum column_type other)
{
    batch = batch_new(MIB(1));
    keys = (struct row_keys){0};
    columns.count = 3;
    items[0] = (struct column){.type = COLUMN_TEXT};
    items[1] = (struct column){.type = one, .is_key = true};
    items[2] = (struct column){.type = other, .is_key = true};
    batch_page_begin(batch);
}

static void tear_down(void)
{
    row_keys_done(&keys);
    batch_free(batch);
}

static void put_value(enum column_type type, const char *text)
{
    struct buf *rows = &batch->rows;
    struct str value = str_from(text);
    if (type == COLUMN_NUMERIC)
        ck_assert(encode_numeric(rows, value));
    else if (type == COLUMN_BIGINT)
        ck_assert(encode_bigint(rows, value));
    else
        encode_text(rows, value);
}

static void put_row(const char *one, const char *other)
{
    batch_row_begin(batch, batch->row_count, STR("{}"));
    buf_put_be16(&batch->rows, 3);
    encode_text(&batch->rows, STR("no key"));
    put_value(items[1].type, one);
    put_value(items[2].type, other);
}

static void read_all(void)
{
    row_keys_read(&keys, batch, &columns);
    ck_assert_uint_eq(keys.count, batch->row_count);
}

/* What is stored must not change: the hashes of a job that goes on were taken by the process
 * before. */
START_TEST(the_hash_of_a_key_stays_as_it_is)
{
    set_up(COLUMN_BIGINT, COLUMN_TEXT);
    put_row("7", "a");
    put_row("-1", "");
    read_all();
    ck_assert_uint_eq(keys.hashes[0], UINT64_C(13560008528883981850));
    ck_assert_uint_eq(keys.hashes[1], UINT64_C(13463702457481690090));
    tear_down();
}
END_TEST

static uint64_t hash_of(enum column_type type, const char *text)
{
    set_up(type, COLUMN_TEXT);
    put_row(text, "x");
    read_all();
    uint64_t hash = keys.hashes[0];
    tear_down();
    return hash;
}

START_TEST(equal_numbers_have_equal_hashes)
{
    static const char *const equal[][5] = {
        {"0", "0.0", "-0", "0e5", "-0.000"},
        {"1", "1.0", "1e0", "10e-1", "0.1e1"},
        {"10000", "1e4", "10000.00", "0.1e5", "100e2"},
        {"-12300000000", "-123e8", "-12300000000.0", "-1.23e10", "-12300000000.000"},
        {"9223372036854775807", "9223372036854775807.0", "92233720368547758070e-1",
         "9223372036854775.807e3", "9223372036854775807.00"},
        {"-9223372036854775808", "-9223372036854775808.0", "-92233720368547758080e-1",
         "-9223372036854775.808e3", "-9223372036854775808.00"},
    };
    for (size_t i = 0; i < COUNT_OF(equal); i++)
        for (size_t j = 0; j < COUNT_OF(equal[i]); j++)
            ck_assert_msg(hash_of(COLUMN_NUMERIC, equal[i][j]) ==
                              hash_of(COLUMN_BIGINT, i ? equal[i][0] : "0"),
                          "%s is not %s", equal[i][j], equal[i][0]);
    ck_assert(hash_of(COLUMN_NUMERIC, "1.5") == hash_of(COLUMN_NUMERIC, "1.500"));
    ck_assert(hash_of(COLUMN_NUMERIC, "9223372036854775808") ==
              hash_of(COLUMN_NUMERIC, "9223372036854775808.0"));
    ck_assert(hash_of(COLUMN_NUMERIC, "1e40") == hash_of(COLUMN_NUMERIC, "10e39"));
}
END_TEST

START_TEST(other_numbers_have_other_hashes)
{
    static const char *const numbers[] = {"0",
                                          "1",
                                          "-1",
                                          "1.5",
                                          "-1.5",
                                          "15",
                                          "0.15",
                                          "1e4",
                                          "1e-4",
                                          "1e8",
                                          "10001",
                                          "0.0002",
                                          "1e19",
                                          "-1e19",
                                          "1e20",
                                          "1e40",
                                          "1e-40",
                                          "1e44",
                                          "9223372036854775807",
                                          "9223372036854775808",
                                          "-9223372036854775808",
                                          "-9223372036854775809"};
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(hash_of(COLUMN_NUMERIC, numbers[i]) !=
                              hash_of(COLUMN_NUMERIC, numbers[j]),
                          "%s is %s", numbers[i], numbers[j]);
}
END_TEST

START_TEST(special_numbers_are_told_apart)
{
    static const enum encode_special specials[] = {ENCODE_NAN, ENCODE_INFINITY,
                                                   ENCODE_MINUS_INFINITY, ENCODE_NAN};
    set_up(COLUMN_NUMERIC, COLUMN_TEXT);
    for (size_t i = 0; i < COUNT_OF(specials); i++) {
        batch_row_begin(batch, i, STR("{}"));
        buf_put_be16(&batch->rows, 3);
        encode_text(&batch->rows, STR_NONE);
        encode_numeric_special(&batch->rows, specials[i]);
        encode_text(&batch->rows, STR_NONE);
    }
    put_row("0", "");
    read_all();
    for (size_t i = 0; i < keys.count; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_int_eq(keys.hashes[i] == keys.hashes[j], i == 3 && j == 0);
    tear_down();
}
END_TEST

START_TEST(every_column_of_the_key_counts_and_no_other)
{
    set_up(COLUMN_TEXT, COLUMN_TEXT);
    put_row("a", "b");
    put_row("ab", "");
    put_row("", "ab");
    put_row("b", "a");
    read_all();
    ck_assert(!row_keys_has_twice(&keys));
    put_row("ab", "");
    read_all();
    ck_assert(row_keys_has_twice(&keys));
    ck_assert_uint_eq(keys.hashes[1], keys.hashes[4]);
    tear_down();
}
END_TEST

START_TEST(one_pair_among_many_is_found)
{
    char text[24];
    set_up(COLUMN_BIGINT, COLUMN_TEXT);
    for (int i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "%d", i);
        put_row(text, "");
    }
    read_all();
    ck_assert(!row_keys_has_twice(&keys));
    put_row("17", "");
    read_all();
    ck_assert(row_keys_has_twice(&keys));
    batch_reset(batch);
    read_all();
    ck_assert(!row_keys_has_twice(&keys));
    tear_down();
}
END_TEST

START_TEST(keys_of_types_without_a_normal_form_are_the_servers)
{
    set_up(COLUMN_BIGINT, COLUMN_TEXT);
    ck_assert(row_keys_can(&columns, 2));
    ck_assert(!row_keys_can(&columns, 3)); /* a column of the key is to come */
    ck_assert(!row_keys_can(&(struct columns){0}, 0));
    items[2].type = COLUMN_JSONB;
    ck_assert(!row_keys_can(&columns, 2));
    items[2].type = COLUMN_OTHER;
    ck_assert(!row_keys_can(&columns, 2));
    items[2].form = FORM_INTEGER;
    ck_assert(row_keys_can(&columns, 2));
    items[0].type = COLUMN_OTHER;
    items[2].type = COLUMN_UUID;
    ck_assert(row_keys_can(&columns, 2));
    tear_down();
}
END_TEST

/* On each way that the rows may take, and when the column has become wider. */
START_TEST(small_integers_have_the_hash_of_bigints)
{
    static const char *const numbers[] = {"0", "-1", "32767", "-32768"};
    static const enum column_form forms[] = {FORM_SMALLINT, FORM_INTEGER};
    for (size_t i = 0; i < COUNT_OF(numbers) * COUNT_OF(forms); i++) {
        const char *number = numbers[i % COUNT_OF(numbers)];
        uint64_t wanted = hash_of(COLUMN_BIGINT, number);
        set_up(COLUMN_OTHER, COLUMN_TEXT);
        items[1].form = forms[i / COUNT_OF(numbers)];
        batch_row_begin(batch, 0, STR("{}"));
        buf_put_be16(&batch->rows, 3);
        encode_text(&batch->rows, STR("no key"));
        ck_assert(form_put(items[1].form, &batch->rows, str_from(number)));
        encode_text(&batch->rows, STR("x"));
        read_all();
        ck_assert_uint_eq(keys.hashes[0], wanted);
        batch_spell(batch, &columns);
        read_all();
        ck_assert_uint_eq(keys.hashes[0], wanted);
        tear_down();
    }
}
END_TEST

SUITE("worker/row_keys", small_integers_have_the_hash_of_bigints,
      the_hash_of_a_key_stays_as_it_is, equal_numbers_have_equal_hashes,
      other_numbers_have_other_hashes, special_numbers_are_told_apart,
      every_column_of_the_key_counts_and_no_other, one_pair_among_many_is_found,
      keys_of_types_without_a_normal_form_are_the_servers)
