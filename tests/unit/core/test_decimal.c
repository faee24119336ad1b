#include "core/decimal.h"

#include "tests/support/suite.h"

START_TEST(takes_numbers_apart)
{
    struct decimal decimal;
    ck_assert(decimal_parse(STR("-12.50e-3"), &decimal));
    ck_assert(decimal.is_negative);
    ck_assert_str_is(decimal.whole, "12");
    ck_assert_str_is(decimal.fraction, "50");
    ck_assert_int_eq(decimal.exponent, -3);
    ck_assert_uint_eq(decimal_count(&decimal), 4);
    ck_assert_int_eq(decimal_digit(&decimal, 2), 5);
    ck_assert(decimal_parse(STR("0.00"), &decimal));
    ck_assert_uint_eq(decimal_leading_zeros(&decimal), 3);
    ck_assert(decimal_parse(STR("1e-99999999999999999999"), &decimal));
    ck_assert_int_eq(decimal.exponent, -DECIMAL_EXPONENT_MAX);
}
END_TEST

START_TEST(refuses_what_json_has_not)
{
    static const char *const bad[] = {"",   "-",  "+1",  "01", "1.", ".5", "1e",
                                      "e5", "1 ", "1.e", "1x", "--", "NaN"};
    struct decimal decimal;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        ck_assert_msg(!decimal_parse(str_from(bad[i]), &decimal), "'%s' was taken", bad[i]);
}
END_TEST

/* In ascending order; of one line, all are equal. */
static const char *const ordered[][3] = {
    {"-1e401", "-10e400", "-1e401"},
    {"-9007199254740993", "-9007199254740993.0", "-9007199254740993e0"},
    {"-9007199254740992", "-9007199254740992.000", "-9.007199254740992e15"},
    {"-0.1", "-1e-1", "-0.10"},
    {"0", "-0.0", "0e9"},
    {"1e-401", "0.1e-400", "10e-402"},
    {"1", "1.0", "10e-1"},
    {"10", "1e1", "1E+1"},
    {"12345678901234567890", "12345678901234567890.0", "1234567890123456789e1"},
    {"12345678901234567890.5", "123456789012345678905e-1", "12345678901234567890.50"},
};

START_TEST(compares_and_hashes_by_the_digits)
{
    for (size_t i = 0; i < COUNT_OF(ordered); i++)
        for (size_t j = 0; j < COUNT_OF(ordered); j++)
            for (size_t k = 0; k < 9; k++) {
                struct str a = str_from(ordered[i][k / 3]), b = str_from(ordered[j][k % 3]);
                int order = decimal_compare(a, b), wanted = (i > j) - (i < j);
                ck_assert_msg((order > 0) - (order < 0) == wanted, "%s, %s", a.ptr, b.ptr);
                ck_assert_msg((decimal_hash(a) == decimal_hash(b)) == (i == j), "%s, %s", a.ptr,
                              b.ptr);
            }
    ck_assert(decimal_is_zero(STR("-0.0e5")));
    ck_assert(!decimal_is_zero(STR("0.01")));
}
END_TEST

static struct str truncated(struct arena *arena, const char *text, size_t digits_max)
{
    struct str whole = STR("-");
    return decimal_truncate(arena, str_from(text), digits_max, &whole) ? whole : STR("-");
}

START_TEST(cuts_towards_zero)
{
    AUTO_ARENA struct arena *arena = arena_new();
    ck_assert_str_is(truncated(arena, "12.99", 400), "12");
    ck_assert_str_is(truncated(arena, "-12.99", 400), "-12");
    ck_assert_str_is(truncated(arena, "-0.99", 400), "0");
    ck_assert_str_is(truncated(arena, "1.25e3", 400), "1250");
    ck_assert_str_is(truncated(arena, "1e4", 5), "10000");
    ck_assert_str_is(truncated(arena, "1e5", 5), "-");
}
END_TEST

SUITE("core/decimal", takes_numbers_apart, refuses_what_json_has_not,
      compares_and_hashes_by_the_digits, cuts_towards_zero)
