#define SUITE_TIMEOUT 300
#include "tests/support/flow.h"
#include "tests/support/suite.h"

/*
 * The shapes of answers that APIs give (tests/tables/shapes.txt), each read by a definition and
 * by `auto`. Besides what a case expects, there is a rule for all of them: a run that misses a
 * record does not end as succeeded with an end that is proved or told, and one that has them
 * all by the API's own word is proved or told. docs/complete.md says of each shape what its end
 * is worth, and this is compared too.
 */
#define TABLE "tests/tables/shapes.txt"

static struct flow_bench bench;

static void write_definition(const struct block *test, const char *source, struct str paging,
                             struct buf *out)
{
    struct str line, rest = flow_fill(&bench, test->head);
    buf_printf(out, "source: %s\nbase_url: %s\n", source, bench.mock.url);
    buf_puts(out, "retry: {max_attempts: 1}\nstreams:\n  s:\n");
    while (rest.len) {
        rest = str_split(rest, '\n', &line);
        buf_printf(out, "    %.*s\n", STR_ARG(line));
    }
    if (paging.len)
        buf_printf(out, "    pagination: %.*s\n", STR_ARG(str_trim(paging)));
}

/* The case with the part `wanted` as what is expected. */
static void try_shape(const struct block *test, const char *wanted, struct str paging)
{
    AUTO_BUF(text, MIB(1));
    struct block_part parts[] = {{STR("mock"), block_part(test, "mock")},
                                 {STR("expect"), block_part(test, wanted)}};
    struct block one = {
        .line = test->line,
        .title = arena_printf(bench.arena, "%.*s (%s)", STR_ARG(test->title), wanted),
        .parts = parts,
        .part_count = COUNT_OF(parts)};
    const char *source = pagetide_text("%s_%d", wanted, test->line);
    write_definition(test, source, paging, &text);
    struct flow_subject subject = {source, "s", buf_str(&text)};
    flow_try(&bench, TABLE, &one, &subject);
}

/* The rest of the line of the part that begins with `key` and a blank. */
static struct str line_of(struct str part, const char *key)
{
    struct str line, word;
    while (part.len) {
        part = str_split(part, '\n', &line);
        struct str rest = str_split(line, ' ', &word);
        if (str_is(word, key))
            return rest;
    }
    return STR_NONE;
}

/* What docs/complete.md says of a run: its evidence, or that it fails. */
static struct str worth(struct str part)
{
    struct str state = line_of(part, "state");
    return str_is(state, "failed") ? state : line_of(part, "complete");
}

static void check_rule(const struct block *test, const char *wanted)
{
    struct str part = block_part(test, wanted), all = block_part(test, "all");
    struct str silent = block_part(test, "silent"), end = worth(part);
    bool has_all = str_eq(line_of(part, "ids"), str_trim(all.ptr ? all : silent));
    bool is_good = str_is(end, "proved") || str_is(end, "told");
    bool has_failed = line_of(part, "state").len > 0;
    if (!has_all && is_good && !has_failed)
        buf_printf(&bench.problems, "  %s:%d: %.*s (%s): %.*s, and a record is missing\n",
                   TABLE, test->line, STR_ARG(test->title), wanted, STR_ARG(end));
    if (has_all && all.ptr && !is_good && !has_failed)
        buf_printf(&bench.problems, "  %s:%d: %.*s (%s): %.*s, and all are there\n", TABLE,
                   test->line, STR_ARG(test->title), wanted, STR_ARG(end));
}

START_TEST(every_shape_is_read_to_its_end)
{
    flow_open(&bench);
    struct blocks all = flow_read_cases(&bench, TABLE);
    ck_assert(choice_is_made() || all.count >= 40);
    for (size_t i = 0; i < all.count; i++) {
        const struct block *test = &all.items[i];
        try_shape(test, "expect", block_part(test, "declared"));
        try_shape(test, "auto", STR_NONE);
        check_rule(test, "expect");
        check_rule(test, "auto");
    }
    flow_close(&bench);
}
END_TEST

static size_t count_rows(struct str section)
{
    size_t count = 0;
    struct str line;
    while (section.len) {
        section = str_split(section, '\n', &line);
        count += str_starts(line, STR("| "));
    }
    return count - 1; /* the heads of the columns */
}

START_TEST(the_documentation_has_each_shape)
{
    struct str doc = str_from(pagetide_read("docs/complete.md"));
    AUTO_ARENA struct arena *arena = arena_new();
    struct blocks all = blocks_read(arena, TABLE);
    ptrdiff_t at = str_find(doc, STR("\n## Shapes\n"));
    ck_assert_int_ge(at, 0);
    struct str section = str_slice(doc, (size_t)at, doc.len);
    for (size_t i = 0; i < all.count; i++) {
        const struct block *test = &all.items[i];
        struct str row = arena_printf(arena, "\n| %.*s | %.*s | %.*s |\n", STR_ARG(test->title),
                                      STR_ARG(worth(block_part(test, "expect"))),
                                      STR_ARG(worth(block_part(test, "auto"))));
        ck_assert_msg(str_find(section, row) >= 0, "docs/complete.md lacks the row%.*s",
                      STR_ARG(row));
    }
    ck_assert_uint_eq(count_rows(section), all.count);
}
END_TEST

SUITE_OF_TABLES(TABLE, "flow/shapes", every_shape_is_read_to_its_end,
                the_documentation_has_each_shape)
