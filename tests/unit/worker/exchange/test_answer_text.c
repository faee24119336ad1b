#include "worker/exchange/answer_text.h"

#include "tests/support/suite.h"

START_TEST(bodies_become_texts)
{
    static const struct {
        enum answer_format format;
        enum charset encoding;
        const char *type;
        struct str body;
        const char *text; /* NULL: as it is */
    } cases[] = {
        {ANSWER_JSON, 0, "application/json", STR_INIT("\"\xC3\xBC\""), NULL},
        {ANSWER_JSON, 0, "application/json; charset=ISO-8859-1", STR_INIT("\"\xFC\""), "\"ü\""},
        {ANSWER_JSON, 0, "text/json; Charset=\"latin1\"; a=b", STR_INIT("\"\xFC\""), "\"ü\""},
        {ANSWER_JSON, 0, "text/json;charset=windows-1252", STR_INIT("\"\x80\""), "\"€\""},
        {ANSWER_JSON, 0, "text/json;charset=latin1", STR_INIT("\"\xC3\xBC\""), NULL},
        {ANSWER_JSON, CHARSET_LATIN_1, "text/json", STR_INIT("\"\xC3\xBC\""), "\"Ã¼\""},
        {ANSWER_JSON, CHARSET_UTF_8, "text/json;charset=latin1", STR_INIT("\"\xFC\""), NULL},
        {ANSWER_JSON, CHARSET_LATIN_1, "-", STR_INIT("\xEF\xBB\xBF\"\xC3\xBC\""), NULL},
        {ANSWER_CSV, 0, "text/csv",
         STR_INIT("\xFF\xFE"
                  "a\0\n\0"),
         "a\n"},
        {ANSWER_CSV, 0, "text/csv; charset=utf-16be", STR_INIT("\0a\0\n"), "a\n"},
        {ANSWER_JSON, 0, "text/json; charset=iso-2022-kr", STR_INIT("\"\xFC\""), NULL},
        {ANSWER_JSON, 0, "text/json; charset=koi8-r", STR_INIT("\"\xFC\""), "\"Э\""},
        {ANSWER_JSON, 0, "text/json; charset=koi8-r", STR_INIT("\"\xC3\xBC\""), NULL},
        {ANSWER_CSV, 0, "text/csv; charset=Windows-1251", STR_INIT("\xC4\xE0"), "Да"},
        {ANSWER_XML, 0, "text/xml",
         STR_INIT("<?xml version='1.0' encoding='gbk'?><a>\xC4\xE3</a>"),
         "<?xml version='1.0' encoding='gbk'?><a>你</a>"},
        {ANSWER_XML, 0, "text/xml",
         STR_INIT("<?xml version='1.0' encoding='latin1'?><a>\xFC</a>"),
         "<?xml version='1.0' encoding='latin1'?><a>ü</a>"},
        {ANSWER_JSON, 0, "-", STR_INIT(")]}'\n{\"a\":1}"), "\n{\"a\":1}"},
        {ANSWER_JSON, 0, "-", STR_INIT(")]}',\n[]"), "\n[]"},
        {ANSWER_JSON, 0, "-", STR_INIT("for(;;);{}"), "{}"},
        {ANSWER_JSON, 0, "-", STR_INIT("while(1);[1]"), "[1]"},
        {ANSWER_JSON, 0, "-; charset=utf-16be", STR_INIT("\0)\0]\0}\0[\0]"), "[]"},
        {ANSWER_CSV, 0, "-", STR_INIT(")]}'\na"), NULL},
        {ANSWER_JSON, 0, "-", STR_INIT(""), NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct http_header header = {STR("content-type"), str_from(cases[i].type)};
        const struct http_answer answer = {
            .headers = &header, .header_count = 1, .body = cases[i].body};
        const struct answer_form form = {.format = cases[i].format,
                                         .encoding = cases[i].encoding};
        struct http_answer got = answer;
        AUTO_BUF(text, 1);
        ck_assert_int_eq(answer_text(&answer, &form, &text, &got), cases[i].text != NULL);
        if (cases[i].text)
            ck_assert_str_is(got.body, cases[i].text);
    }
}
END_TEST

START_TEST(an_encoding_that_is_not_known_is_said)
{
    static const struct {
        enum answer_format format;
        enum charset encoding;
        const char *type;
        struct str body;
        const char *name; /* NULL: nothing is said */
    } cases[] = {
        {ANSWER_JSON, 0, "a/b; charset=iso-2022-kr", STR_INIT("\"\xFC\""), "\"iso-2022-kr\""},
        {ANSWER_CSV, 0, "a/b; charset=iso-2022-jp", STR_INIT("\x1B$B"), "\"iso-2022-jp\""},
        {ANSWER_JSON, 0, "a/b; charset=koi8-r", STR_INIT("\"\xC3\xBC\""), NULL},
        {ANSWER_JSON, 0, "a/b; charset=koi8-r", STR_INIT("\"u\""), NULL},
        {ANSWER_JSON, 0, "a/b", STR_INIT("\"\xFC\""), NULL},
        {ANSWER_JSON, 0, "a/b; charset=utf-8", STR_INIT("\"\xFC\""), NULL},
        {ANSWER_JSON, CHARSET_LATIN_1, "a/b; charset=koi8-r", STR_INIT("\"\xFC\""), NULL},
        {ANSWER_XML, 0, "a/b",
         STR_INIT("<?xml version='1.0' encoding='hp-roman8'?><a>\xFC</a>"), "\"hp-roman8\""},
        {ANSWER_XML, 0, "a/b; charset=utf-8",
         STR_INIT("<?xml version='1.0' encoding='koi8-r'?><a>\xFC</a>"), NULL},
    };
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct http_header header = {STR("content-type"), str_from(cases[i].type)};
        const struct http_answer answer = {
            .headers = &header, .header_count = 1, .body = cases[i].body};
        const struct answer_form form = {.format = cases[i].format,
                                         .encoding = cases[i].encoding};
        struct str note = answer_text_note(&answer, &form, arena);
        ck_assert_int_eq(note.len > 0, cases[i].name != NULL);
        if (cases[i].name)
            ck_assert_int_ge(str_find(note, str_from(cases[i].name)), 0);
    }
}
END_TEST

SUITE("worker/exchange/answer_text", bodies_become_texts, an_encoding_that_is_not_known_is_said)
