#include "base/charset.h"

#include "base/mem.h"
#include "tests/support/suite.h"

START_TEST(texts_become_utf_8)
{
    static const struct {
        const char *charset;
        struct str text;
        const char *utf8;
    } cases[] = {
        {"UTF-8", STR_INIT("a\xC3\xBC"), "aü"},
        {"latin1", STR_INIT("a\xFC\x80"), "aü\xC2\x80"},
        {"ISO-8859-1", STR_INIT("\xFF"), "ÿ"},
        {"windows-1252", STR_INIT("\x80 \x9F\xFC \x81"), "€ Ÿü \xFF"},
        {"utf-16", STR_INIT("a\0\xFC\0"), "aü"},
        {"utf-16be", STR_INIT("\x20\xAC\xD8\x3D\xDE\x00"), "€\xF0\x9F\x98\x80"},
        {"utf-16le", STR_INIT("\x3D\xD8 \0a"), "\xFF \xFF"},
        {"utf-16be", STR_INIT("\xDE\x00"), "\xFF"},
        {"Windows-1251", STR_INIT("\xCF\xF0"), "Пр"},
        {"iso-8859-15", STR_INIT("\xA4"), "€"},
        {"koi8-r", STR_INIT("\xFC"), "Э"},
        {"shift_jis", STR_INIT("\x93\xFA\\\x93"), "日\\\xFF"},
        {"windows-1258", STR_INIT("xa"), "xa"},
        {"windows-1258", STR_INIT("a\xEC"), "á"},
        {"gbk", STR_INIT("\xC4\xE3\xFF a"), "你\xFF a"},
        {"big5", STR_INIT("\xA7\x41"), "你"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_BUF(out, KIB(1));
        charset_put_utf8(&out, cases[i].text, charset_parse(str_from(cases[i].charset)));
        ck_assert_str_is(buf_str(&out), cases[i].utf8);
    }
    ck_assert_int_eq(charset_parse(STR("iso-2022-kr")), CHARSET_NONE);
}
END_TEST

START_TEST(a_mark_says_it)
{
    size_t bytes = 0;
    ck_assert_int_eq(charset_of_mark(STR("\xEF\xBB\xBFx"), &bytes), CHARSET_UTF_8);
    ck_assert_uint_eq(bytes, 3);
    ck_assert_int_eq(charset_of_mark(STR("\xFE\xFFx"), &bytes), CHARSET_UTF_16BE);
    ck_assert_int_eq(charset_of_mark(STR("\xFF\xFEx"), &bytes), CHARSET_UTF_16LE);
    ck_assert_uint_eq(bytes, 2);
    ck_assert_int_eq(charset_of_mark(STR("x"), &bytes), CHARSET_NONE);
}
END_TEST

SUITE("base/charset", texts_become_utf_8, a_mark_says_it)
