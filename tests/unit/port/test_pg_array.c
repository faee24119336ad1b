#include "port/pg_array.h"

#include "tests/support/suite.h"

START_TEST(numbers_stand_between_braces)
{
    AUTO_BUF(buf, 256);
    pg_array_put(&buf, (const int64_t[]){1, -2, INT64_MAX}, 3);
    ck_assert_str_is(buf_str(&buf), "{1,-2,9223372036854775807}");
    buf_reset(&buf);
    pg_array_put(&buf, NULL, 0);
    ck_assert_str_is(buf_str(&buf), "{}");
}
END_TEST

START_TEST(the_longest_number_fits_into_what_the_header_says)
{
    AUTO_BUF(buf, 2 * PG_ARRAY_NUMBER_BYTES + 1);
    pg_array_put(&buf, (const int64_t[]){INT64_MIN, INT64_MIN}, 2);
    ck_assert(!buf.has_overflowed);
}
END_TEST

START_TEST(what_was_put_is_taken_again)
{
    AUTO_BUF(buf, 256);
    int64_t number = 0;
    pg_array_put_head(&buf, 20, 3);
    pg_array_put_bigint(&buf, INT64_MIN);
    buf_put_be32(&buf, UINT32_MAX);
    pg_array_put_bigint(&buf, 7);
    struct pg_array_rest rest = pg_array_open(buf_str(&buf));
    ck_assert_uint_eq(rest.count, 3);
    ck_assert(pg_array_take(&rest, &number));
    ck_assert_int_eq(number, INT64_MIN);
    ck_assert(!pg_array_take(&rest, &number));
    ck_assert(pg_array_take(&rest, &number));
    ck_assert_int_eq(number, 7);
    ck_assert_uint_eq(rest.count, 0);
}
END_TEST

START_TEST(nothing_is_taken_of_what_is_no_array)
{
    AUTO_BUF(buf, 256);
    int64_t number;
    ck_assert_uint_eq(pg_array_open(STR_NONE).count, 0);
    ck_assert_uint_eq(pg_array_open(STR("{1,2,3,4,5,6,7,8,9}")).count, 0);
    pg_array_put_head(&buf, 20, 1000);
    pg_array_put_bigint(&buf, 7);
    struct pg_array_rest rest = pg_array_open(buf_str(&buf));
    ck_assert(pg_array_take(&rest, &number));
    ck_assert(!pg_array_take(&rest, &number));
    ck_assert_uint_eq(rest.count, 0);
}
END_TEST

SUITE("port/pg_array", numbers_stand_between_braces,
      the_longest_number_fits_into_what_the_header_says, what_was_put_is_taken_again,
      nothing_is_taken_of_what_is_no_array)
