#include "worker/values/encode.h"

#include "base/hex.h"
#include "tests/support/suite.h"

static struct arena *arena;

/* The bytes of the buffer in hexadecimal: the length of the field, ' ', its bytes. */
static const char *show(struct buf *buf)
{
    struct str bytes = buf_str(buf);
    char *digits = arena_alloc(arena, bytes.len * 2 + 2);
    hex_write(bytes, digits);
    memmove(digits + 9, digits + 8, bytes.len * 2 - 8);
    digits[8] = ' ';
    buf_reset(buf);
    return digits;
}

START_TEST(integers_are_big_endian)
{
    AUTO_BUF(buf, KIB(1));
    arena = arena_new();
    encode_boolean(&buf, true);
    ck_assert_str_eq(show(&buf), "00000001 01");
    encode_int4(&buf, -2);
    ck_assert_str_eq(show(&buf), "00000004 fffffffe");
    encode_int8(&buf, 258);
    ck_assert_str_eq(show(&buf), "00000008 0000000000000102");
    ck_assert(encode_bigint(&buf, STR("-9223372036854775808")));
    ck_assert_str_eq(show(&buf), "00000008 8000000000000000");
    encode_null(&buf);
    ck_assert_str_eq(show(&buf), "ffffffff ");
    arena_free(arena);
}
END_TEST

/* count, weight, sign, scale, groups: the examples of encode.c and some more. */
START_TEST(numerics_are_groups_of_four_digits)
{
    static const struct {
        const char *number, *bytes;
    } cases[] = {
        {"12345.6", "0000000e 0003000100000001"
                    "000109291770"},
        {"0.00012", "0000000c 0002ffff00000005"
                    "000107d0"},
        {"5e3", "0000000a 0001000000000000"
                "1388"},
        {"-0.0", "00000008 0000000000000001"},
        {"-1", "0000000a 0001000040000000"
               "0001"},
        {"10000", "0000000a 0001000100000000"
                  "0001"},
        {"1.50", "0000000c 0002000000000002"
                 "00011388"},
    };
    AUTO_BUF(buf, KIB(1));
    arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        ck_assert(encode_numeric(&buf, str_from(cases[i].number)));
        ck_assert_str_eq(show(&buf), cases[i].bytes);
    }
    arena_free(arena);
}
END_TEST

START_TEST(times_count_from_2000)
{
    AUTO_BUF(buf, KIB(1));
    arena = arena_new();
    ck_assert(encode_timestamptz(&buf, STR("2000-01-01T01:00:00.000001+01:00")));
    ck_assert_str_eq(show(&buf), "00000008 0000000000000001");
    ck_assert(encode_timestamptz(&buf, STR("1999-12-31T23:59:59Z")));
    ck_assert_str_eq(show(&buf), "00000008 fffffffffff0bdc0");
    ck_assert(encode_date(&buf, STR("1999-12-31")));
    ck_assert_str_eq(show(&buf), "00000004 ffffffff");
    arena_free(arena);
}
END_TEST

START_TEST(texts_and_uuids_are_their_bytes)
{
    AUTO_BUF(buf, KIB(1));
    arena = arena_new();
    encode_text(&buf, STR("a\\n"));
    ck_assert_str_eq(show(&buf), "00000003 615c6e");
    encode_unescaped(&buf, STR("a\\n\\u00e4"));
    ck_assert_str_eq(show(&buf), "00000004 610ac3a4");
    char uuid[ENCODE_UUID_BYTES];
    ck_assert(encode_parse_uuid(STR("123e4567-E89B-12d3-a456-426614174000"), uuid));
    encode_uuid(&buf, uuid);
    ck_assert_str_eq(show(&buf), "00000010 123e4567e89b12d3a456426614174000");
    size_t begin = encode_begin(&buf);
    buf_puts(&buf, "xyz");
    encode_end(&buf, begin);
    ck_assert_str_eq(show(&buf), "00000003 78797a");
    arena_free(arena);
}
END_TEST

START_TEST(what_is_not_such_a_value_puts_nothing)
{
    char uuid[ENCODE_UUID_BYTES];
    AUTO_BUF(buf, KIB(1));
    ck_assert(!encode_bigint(&buf, STR("9223372036854775808")));
    ck_assert(!encode_bigint(&buf, STR("1.0")));
    ck_assert(!encode_numeric(&buf, STR("01")));
    ck_assert(!encode_numeric(&buf, STR("1e401")));
    ck_assert(!encode_numeric(&buf, STR("NaN")));
    ck_assert(!encode_timestamptz(&buf, STR("2024-01-02T03:04:05")));
    ck_assert(!encode_date(&buf, STR("2024-02-30")));
    ck_assert(!encode_parse_uuid(STR("123e4567-e89b-12d3-a456-42661417400g"), uuid));
    ck_assert(!encode_parse_uuid(STR("123e4567e89b-12d3-a456-4266141740000"), uuid));
    ck_assert_uint_eq(buf.len, 0);
}
END_TEST

/* The value of a hexadecimal digit; -1: it is none. */
static int digit_value(int c)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    int value = at ? (int)(at - digits) : -1;
    return value < 16 ? value : value - 6;
}

START_TEST(each_byte_in_each_place_of_a_uuid_is_a_digit_or_none)
{
    for (size_t place = 0; place < 36; place++)
        for (int c = 0; c < 256; c++) {
            char text[] = "00000000-0000-0000-0000-000000000000", uuid[ENCODE_UUID_BYTES];
            bool is_dash = text[place] == '-';
            text[place] = (char)c;
            bool is_uuid = encode_parse_uuid((struct str){text, 36}, uuid);
            ck_assert_int_eq(is_uuid, is_dash ? c == '-' : digit_value(c) >= 0);
            int sum = 0;
            for (size_t i = 0; is_uuid && i < sizeof uuid; i++)
                sum += (uuid[i] >> 4 & 15) + (uuid[i] & 15);
            ck_assert_int_eq(sum, is_uuid && !is_dash ? digit_value(c) : 0);
        }
}
END_TEST

START_TEST(past_the_ceiling_nothing_is_put)
{
    AUTO_BUF(buf, 10);
    encode_int8(&buf, 1);
    ck_assert(buf.has_overflowed);
    ck_assert_uint_eq(buf.len, 0);
    ck_assert(encode_bigint(&buf, STR("1")));
    ck_assert_uint_eq(buf.len, 0);
}
END_TEST

SUITE("worker/encode", integers_are_big_endian, numerics_are_groups_of_four_digits,
      times_count_from_2000, texts_and_uuids_are_their_bytes,
      what_is_not_such_a_value_puts_nothing,
      each_byte_in_each_place_of_a_uuid_is_a_digit_or_none, past_the_ceiling_nothing_is_put)
