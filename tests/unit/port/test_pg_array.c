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

SUITE("port/pg_array", numbers_stand_between_braces,
      the_longest_number_fits_into_what_the_header_says)
