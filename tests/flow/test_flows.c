#define SUITE_TIMEOUT 300
#include "tests/support/flow.h"
#include "tests/support/suite.h"

/*
 * The cases of tests/tables/flows/: a definition, what the API answers, what must come of it.
 * tests/tables/flows/README tells the notation. One source, one table and one `pagetide sync`
 * each, all in one database.
 */

/* The first word, in lower case: it names the source. */
static const char *source_name(struct arena *arena, struct str name)
{
    struct str word;
    str_cut(name, ' ', &word);
    char *copy = arena_cstr(arena, word);
    for (char *c = copy; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 32 : *c);
    return copy;
}

/* Keys of the source and of its one stream, put into a file. */
static void write_definition(struct flow_bench *bench, const struct flow_case *test,
                             const char *source, struct buf *out)
{
    buf_printf(out, "source: %s\n", source);
    if (str_find(test->source, STR("base_url:")) < 0)
        buf_printf(out, "base_url: %s\n", bench->mock.url);
    if (str_find(test->source, STR("retry:")) < 0)
        buf_puts(out, "retry: {initial_delay: 10ms, jitter: none}\n");
    buf_put(out, flow_fill(bench, test->source));
    buf_puts(out, "streams:\n  s:\n");
    struct str line, rest = flow_fill(bench, test->head);
    while (rest.len) {
        rest = str_cut(rest, '\n', &line);
        buf_printf(out, "    %.*s\n", STR_ARG(line));
    }
}

static void check_file(const char *name)
{
    struct flow_bench bench;
    flow_open(&bench);
    struct flow_cases all =
        flow_read_cases(&bench, pagetide_text("tests/tables/flows/%s", name));
    for (size_t i = 0; i < all.count; i++) {
        AUTO_BUF(text, MIB(1));
        struct flow_subject subject = {source_name(bench.arena, all.cases[i].name), "s",
                                       STR_NONE};
        write_definition(&bench, &all.cases[i], subject.source, &text);
        subject.definition = buf_str(&text);
        flow_try(&bench, &all.cases[i], &subject);
    }
    flow_close(&bench);
}

START_TEST(pages)
{
    check_file("pages.txt");
}
END_TEST

START_TEST(response)
{
    check_file("response.txt");
}
END_TEST

START_TEST(recognised)
{
    check_file("auto.txt");
}
END_TEST

START_TEST(answers)
{
    check_file("answers.txt");
}
END_TEST

START_TEST(rules)
{
    check_file("rules.txt");
}
END_TEST

START_TEST(records)
{
    check_file("records.txt");
}
END_TEST

START_TEST(merge)
{
    check_file("merge.txt");
}
END_TEST

SUITE("flow/flows", pages, response, recognised, answers, rules, records, merge)
