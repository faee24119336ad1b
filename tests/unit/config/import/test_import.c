#include "config/import/import.h"

#include <stdio.h>

#include "config/source.h"
#include "tests/support/blocks.h"
#include "tests/support/suite.h"

/*
 * tests/tables/import.txt: what becomes of a file of another tool. Two rules hold for each
 * case: no credential that the input holds (a word with "planted") is in what is printed, and
 * what is printed is accepted by `check` unless the case says `invalid`.
 */
struct subject {
    struct arena *arena;
    const struct block *test;
    struct buf *problems;
    struct imported got;
    struct err err;
    bool is_done;
};

__attribute__((format(printf, 2, 3))) static void miss(const struct subject *subject,
                                                       const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct str text = arena_vprintf(subject->arena, fmt, args);
    va_end(args);
    buf_printf(subject->problems, "  %d: %.*s: %.*s\n", subject->test->line,
               STR_ARG(subject->test->title), STR_ARG(text));
}

static void expect_part(const struct subject *subject, struct str text, bool must_be)
{
    if ((str_find(subject->got.text, text) >= 0) != must_be)
        miss(subject, "\"%.*s\" is %s in it", STR_ARG(text), must_be ? "not" : "");
}

static void expect_number(const struct subject *subject, const char *what, struct str wanted,
                          size_t got)
{
    int64_t number;
    if (!str_to_int64(wanted, &number) || (size_t)number != got)
        miss(subject, "%s: %zu, not %.*s", what, got, STR_ARG(wanted));
}

static void expect_text(const struct subject *subject, const char *what, struct str wanted,
                        struct str got)
{
    if (!str_eq(wanted, got))
        miss(subject, "%s: \"%.*s\", not \"%.*s\"", what, STR_ARG(got), STR_ARG(wanted));
}

static void judge_line(struct subject *subject, struct str word, struct str rest)
{
    if (str_is(word, "error")) {
        if (subject->is_done || str_find(str_from(subject->err.text), rest) < 0)
            miss(subject, "no such error, but: %s", subject->err.text);
    } else if (!subject->is_done)
        miss(subject, "%s", subject->err.text);
    else if (str_is(word, "has") || str_is(word, "lacks"))
        expect_part(subject, rest, str_is(word, "has"));
    else if (str_is(word, "gaps"))
        expect_number(subject, "gaps", rest, subject->got.gaps);
    else if (str_is(word, "streams"))
        expect_number(subject, "streams", rest, subject->got.streams);
    else if (str_is(word, "format"))
        expect_text(subject, "format", rest, str_from(subject->got.format));
    else if (str_is(word, "variables"))
        expect_text(subject, "variables", rest, subject->got.variables);
    else if (!str_is(word, "invalid"))
        miss(subject, "the line %.*s is not known", STR_ARG(word));
}

static void judge(struct subject *subject)
{
    bool may_be_invalid = false;
    struct str line, word, expected = block_part(subject->test, "expect");
    while (expected.len) {
        expected = str_split(expected, '\n', &line);
        struct str rest = str_split(line, ' ', &word);
        may_be_invalid |= str_is(word, "invalid");
        if (line.len)
            judge_line(subject, word, rest);
    }
    if (!subject->is_done)
        return;
    if (subject->got.is_valid == may_be_invalid)
        miss(subject, "is %s", may_be_invalid ? "valid" : "not valid");
    expect_part(subject, STR("planted"), false);
}

static void try(struct subject *subject)
{
    struct str from = str_trim(subject->test->head);
    const char *format = from.len ? arena_cstr(subject->arena, from) : NULL;
    subject->err = (struct err)ERR_INIT;
    subject->is_done =
        import_definition(subject->arena, "/x/input.yaml", block_part(subject->test, "input"),
                          format, &subject->got, &subject->err);
    size_t before = subject->problems->len;
    judge(subject);
    if (subject->problems->len != before && subject->is_done)
        fprintf(stderr, "%.*s:\n%.*s\n", STR_ARG(subject->test->title),
                STR_ARG(subject->got.text));
}

START_TEST(every_case_is_imported)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(problems, 3000); /* what Check shows of a message */
    struct blocks all = blocks_read(arena, "tests/tables/import.txt");
    choice_apply(&all);
    for (size_t i = 0; i < all.count; i++) {
        struct subject subject = {.arena = arena, .test = &all.items[i], .problems = &problems};
        try(&subject);
    }
    ck_assert_msg(!problems.len, "\n%.*s", STR_ARG(buf_str(&problems)));
}
END_TEST

/* What is printed as valid is a definition of as many streams, and of that name. */
static void read_back(struct arena *arena, const struct imported *got)
{
    AUTO_BUF(errors, 4096);
    struct source *source;
    struct err err = ERR_INIT;
    bool is_read = source_parse(arena, STR("x"), got->text, &source, &errors, &err);
    ck_assert_msg(is_read, "%.*s\n%.*s", STR_ARG(buf_str(&errors)), STR_ARG(got->text));
    ck_assert_msg(source->count == got->streams, "%.*s", STR_ARG(got->text));
    ck_assert_msg(str_eq(source->name, got->source), "%.*s", STR_ARG(got->text));
}

/* And the same text twice: what it prints depends on nothing else. */
START_TEST(what_is_printed_is_read_back_alike)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct blocks all = blocks_read(arena, "tests/tables/import.txt");
    size_t count = 0;
    for (size_t i = 0; i < all.count; i++) {
        struct imported one, other;
        struct err err = ERR_INIT;
        struct str input = block_part(&all.items[i], "input");
        if (!import_definition(arena, "x", input, NULL, &one, &err))
            continue;
        ck_assert(import_definition(arena, "x", input, one.format, &other, &err));
        ck_assert_msg(str_eq(one.text, other.text), "%.*s", STR_ARG(one.text));
        if (!one.is_valid)
            continue;
        read_back(arena, &one);
        count++;
    }
    ck_assert_uint_ge(count, 30);
}
END_TEST

/* "xxxxx_0, xxxxx_1": so many words of that width. */
static struct str words(struct arena *arena, int count, int width)
{
    struct str all = STR_NONE, wide = arena_printf(arena, "%0*d", width, 0);
    for (int i = 0; i < count; i++)
        all = arena_join(arena, all, ", ", arena_printf(arena, "x%.*s_%d", STR_ARG(wide), i));
    return all;
}

static void check_long(struct arena *arena, struct str input, const char *has,
                       const char *lacks)
{
    struct imported got;
    struct err err = ERR_INIT;
    ck_assert_ok(import_definition(arena, "x", input, "dlt", &got, &err), err);
    ck_assert_msg(str_find(got.text, str_from(has)) >= 0, "\"%s\" is not in it", has);
    ck_assert_msg(str_find(got.text, str_from(lacks)) < 0, "\"%s\" is in it", lacks);
}

static struct str with_children(struct arena *arena, struct str fields)
{
    return arena_printf(arena,
                        "client: {base_url: \"https://h.example\"}\nresources:\n"
                        "  - {name: a, endpoint: {path: a}}\n"
                        "  - {name: b, include_from_parent: [%.*s], endpoint: {path: "
                        "\"b/{resources.a.id}\"}}\n",
                        STR_ARG(fields));
}

static struct str with_token_url(struct arena *arena, struct str query)
{
    return arena_printf(arena,
                        "client: {base_url: \"https://h.example\", auth: {type: "
                        "oauth2_client_credentials, client_id: a, client_secret: b, "
                        "access_token_url: \"https://h.example/t?%.*s\"}}\nresources: [a]\n",
                        STR_ARG(query));
}

/* None of them is cut, and none left out without a word. */
START_TEST(what_is_too_long_is_named)
{
    struct arena *arena AUTO_ARENA = arena_new();
    check_long(arena, with_children(arena, words(arena, 40, 5)),
               "# partitions: over 32 fields of a: those behind them are left out",
               "t.x00000_32");
    check_long(arena, with_children(arena, words(arena, 30, 600)),
               "# partitions: the statement would be over 16 KiB: fill in sql", "select");
    check_long(arena, with_token_url(arena, words(arena, 10, 600)),
               "# a URL of over 4096 bytes is left out: fill it in", "https://h.example/t");
}
END_TEST

SUITE_OF_TABLES("tests/tables/import.txt", "config/import", every_case_is_imported,
                what_is_printed_is_read_back_alike, what_is_too_long_is_named)
