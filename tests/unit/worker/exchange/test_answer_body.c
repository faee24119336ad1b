#include "worker/exchange/answer_body.h"

#include "tests/support/lines.h"
#include "tests/support/suite.h"

static struct err err;

static bool is_page(struct arena *arena, struct str type, struct str merge_path,
                    struct str body)
{
    const struct http_header header = {STR("content-type"), type};
    const struct http_answer answer = {
        .status = 200, .headers = &header, .header_count = !str_is(type, "-"), .body = body};
    struct stream stream = {0};
    err = (struct err)ERR_INIT;
    if (!str_is(merge_path, "-"))
        ck_assert(path_compile(arena, merge_path, &stream.merge.path, &err));
    return answer_body_check(&answer, &stream.form, &err) &&
           answer_errors_check(&answer, &stream, &err);
}

START_TEST(follows_the_table)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct line_cases all = lines_read(arena, "tests/tables/bodies.txt");
    for (size_t i = 0; i < all.count; i++) {
        const struct line_case *one = &all.items[i];
        struct str body = one->input;
        struct str type = lines_take_cell(&body), merge_path = lines_take_cell(&body);
        bool got = is_page(arena, type, merge_path, str_is(body, "|") ? STR_NONE : body);
        ck_assert_msg(got == str_is(one->expected, "page"), "%s:%d: %s", one->path, one->number,
                      got ? "page" : err.text);
        ck_assert_msg(got || str_find(str_from(err.text), one->expected) >= 0, "%s:%d: %s",
                      one->path, one->number, err.text);
    }
}
END_TEST

/* At most 200 bytes, on one line, whole characters. */
START_TEST(a_preview_is_short_and_printable)
{
    char body[600] = "<html>\n\n\t<b>\x01 Größe";
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = strlen(body); i < sizeof body - 2; i += 2)
        memcpy(body + i, "ü", 2);
    body[sizeof body - 2] = '\0';
    ck_assert(!is_page(arena, STR("text/html"), STR("-"), str_from(body)));
    const char *shown = strstr(err.text, "<html>");
    ck_assert_ptr_nonnull(shown);
    ck_assert_uint_le(strlen(shown), 200);
    ck_assert_uint_ge(strlen(shown), 190);
    ck_assert(str_is_utf8(str_from(shown)));
    ck_assert_ptr_nonnull(strstr(shown, "<html> <b> Größe"));
    ck_assert_ptr_null(strpbrk(shown, "\n\t\x01"));
    ck_assert(!is_page(arena, STR("text/html"), STR("-"), STR("<p>\xff\xfe</p>")));
    ck_assert_ptr_nonnull(strstr(err.text, "<p>?"
                                           "?</p>"));
}
END_TEST

START_TEST(a_byte_order_mark_is_no_text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    ck_assert(is_page(arena, STR("text/html"), STR("-"), STR("\xEF\xBB\xBF {\"a\":1}")));
    ck_assert(!is_page(arena, STR("text/plain"), STR("-"), STR("\xEF\xBB\xBF\r\n")));
    ck_assert_ptr_nonnull(strstr(err.text, "empty body"));
}
END_TEST

/* What a body of each format may begin with, where the transfer tells its end. */
START_TEST(formats_begin_otherwise)
{
    static const struct {
        enum answer_format format;
        const char *type, *body, *wrong; /* NULL: a page */
    } cases[] = {
        {ANSWER_NDJSON, "application/x-ndjson", "{\"a\": 1}\n{}", NULL},
        {ANSWER_NDJSON, "text/plain", "nonsense\n{}", NULL},
        {ANSWER_NDJSON, "text/plain", "", NULL},
        {ANSWER_NDJSON, "text/html", "<html>sign in",
         "perhaps a login, where JSON, line by line"},
        {ANSWER_CSV, "text/csv", "id,name\n", NULL},
        {ANSWER_CSV, "text/csv", "{id},name\n", NULL},
        {ANSWER_CSV, "text/csv", "", "an empty body, where CSV was expected"},
        {ANSWER_CSV, "application/json", "{\"error\": 1}", "but the body is no CSV"},
        {ANSWER_CSV, "text/html", "<html>", "an HTML page, where CSV"},
        {ANSWER_CSV, "text/csv", "<?xml version='1.0'?>", "with XML, where CSV"},
        {ANSWER_XML, "application/xml", " <a/>", NULL},
        {ANSWER_XML, "text/html", "<a/>", NULL},
        {ANSWER_XML, "application/xml", "<!DOCTYPE html>", "an HTML page, where XML"},
        {ANSWER_XML, "application/json", "{}", "but the body is no XML"},
        {ANSWER_XML, "application/xml", "", "an empty body, where XML"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct http_header header = {STR("content-type"), str_from(cases[i].type)};
        const struct http_answer answer = {.status = 200,
                                           .headers = &header,
                                           .header_count = 1,
                                           .is_end_told = true,
                                           .body = str_from(cases[i].body)};
        const struct answer_form form = {.format = cases[i].format};
        err = (struct err)ERR_INIT;
        bool is_page = answer_body_check(&answer, &form, &err);
        ck_assert_msg(is_page == !cases[i].wrong, "%s: %s", cases[i].body, err.text);
        ck_assert_msg(is_page || strstr(err.text, cases[i].wrong), "%s", err.text);
    }
}
END_TEST

START_TEST(lines_need_an_end)
{
    for (enum answer_format format = ANSWER_JSON; format <= ANSWER_XML; format++) {
        bool is_lines = format == ANSWER_NDJSON || format == ANSWER_CSV;
        const struct http_answer answer = {
            .status = 200, .body = format == ANSWER_XML ? STR("<a/>") : STR("1")};
        struct answer_form form = {.format = format};
        err = (struct err)ERR_INIT;
        ck_assert_int_eq(answer_body_check(&answer, &form, &err), !is_lines);
        ck_assert(!is_lines || strstr(err.text, "`trust_close: true`"));
        form.trusts_close = true;
        ck_assert(answer_body_check(&answer, &form, &err));
    }
}
END_TEST

SUITE("worker/exchange/answer_body", follows_the_table, a_preview_is_short_and_printable,
      a_byte_order_mark_is_no_text, formats_begin_otherwise, lines_need_an_end)
