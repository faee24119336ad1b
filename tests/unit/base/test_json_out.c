#include "base/json_out.h"

#include "tests/support/suite.h"

START_TEST(puts_commas_between_and_nowhere_else)
{
    AUTO_BUF(buf, 1024);
    struct json_out out = {.buf = &buf};
    json_out_open(&out, NULL, '{');
    json_out_open(&out, "empty", '[');
    json_out_close(&out, ']');
    json_out_int(&out, "n", INT64_MIN);
    json_out_open(&out, "list", '[');
    json_out_str(&out, NULL, STR("a"));
    json_out_bool(&out, NULL, true);
    json_out_open(&out, NULL, '{');
    json_out_close(&out, '}');
    json_out_null(&out, NULL);
    json_out_close(&out, ']');
    json_out_name(&out, STR("a \"name\""));
    json_out_open(&out, NULL, '{');
    json_out_bool(&out, "x", false);
    json_out_close(&out, '}');
    json_out_raw(&out, "raw", STR("1.50"));
    json_out_close(&out, '}');
    ck_assert_str_is(buf_str(&buf), "{\"empty\":[],\"n\":-9223372036854775808,"
                                    "\"list\":[\"a\",true,{},null],"
                                    "\"a \\\"name\\\"\":{\"x\":false},\"raw\":1.50}");
}
END_TEST

START_TEST(escapes_what_a_string_may_not_hold)
{
    AUTO_BUF(buf, 1024);
    json_out_quote(&buf, (struct str){"\b\t\n\f\r\x01\0\"\\/\x7F\xC3\xA4", 13});
    ck_assert_str_is(buf_str(&buf), "\"\\b\\t\\n\\f\\r\\u0001\\u0000\\\"\\\\/\x7F\xC3\xA4\"");
}
END_TEST

START_TEST(goes_on_behind_what_is_there)
{
    AUTO_BUF(buf, 16);
    buf_puts(&buf, "x,");
    struct json_out out = {.buf = &buf};
    json_out_str(&out, NULL, STR("a"));
    ck_assert_str_is(buf_str(&buf), "x,\"a\"");
    json_out_str(&out, NULL, STR("more than the buffer holds"));
    ck_assert(buf.has_overflowed);
}
END_TEST

SUITE("base/json_out", puts_commas_between_and_nowhere_else, escapes_what_a_string_may_not_hold,
      goes_on_behind_what_is_there)
