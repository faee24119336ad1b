#include "base/hex.h"

#include "tests/support/suite.h"

START_TEST(reads_digits_of_either_case)
{
    ck_assert_int_eq(hex_digit('0'), 0);
    ck_assert_int_eq(hex_digit('9'), 9);
    ck_assert_int_eq(hex_digit('a'), 10);
    ck_assert_int_eq(hex_digit('F'), 15);
    for (const char *other = "/:@G`g \x19\xE1"; *other; other++)
        ck_assert_int_eq(hex_digit(*other), -1);
    ck_assert_int_eq(hex_byte("fF"), 255);
    ck_assert_int_eq(hex_byte("0g"), -1);
    ck_assert_int_eq(hex_byte("g0"), -1);
}
END_TEST

START_TEST(reads_percent_encoding)
{
    ck_assert_int_eq(hex_percent(STR("%2Fabc")), '/');
    ck_assert_int_eq(hex_percent(STR("%00")), 0);
    ck_assert_int_eq(hex_percent(STR("%e4")), 0xE4);
    ck_assert_int_eq(hex_percent(str_slice(STR("%2F"), 0, 2)), -1);
    ck_assert_int_eq(hex_percent(STR("a2F")), -1);
    ck_assert_int_eq(hex_percent(STR("%2x")), -1);
    ck_assert_int_eq(hex_percent(STR_NONE), -1);
}
END_TEST

START_TEST(undoes_percent_encoding)
{
    char bytes[32];
    struct str text = STR("%2Frun%2fa+b%00%FF");
    ck_assert_int_eq(hex_undo_percent(text, bytes), 10);
    ck_assert_mem_eq(bytes, "/run/a+b\0\xFF", 10);
    ck_assert_int_eq(hex_undo_percent(STR_NONE, bytes), 0);
    ck_assert_int_eq(hex_undo_percent(STR("a%2"), bytes), -1);
    ck_assert_int_eq(hex_undo_percent(STR("%"), bytes), -1);
    ck_assert_int_eq(hex_undo_percent(STR("%zz"), bytes), -1);
}
END_TEST

START_TEST(writes_two_digits_a_byte)
{
    char digits[9] = "........";
    hex_write(STR("\x01\xAB\xFF"), digits);
    ck_assert_str_eq(digits, "01abff..");
}
END_TEST

SUITE("base/hex", reads_digits_of_either_case, reads_percent_encoding, undoes_percent_encoding,
      writes_two_digits_a_byte)
