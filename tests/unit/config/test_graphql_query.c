#include "config/graphql_query.h"

#include "base/buf.h"
#include "tests/support/lines.h"
#include "tests/support/suite.h"

static struct str shown(struct str text)
{
    return text.len ? text : STR("-");
}

static struct str with_newlines(struct arena *arena, struct str text)
{
    AUTO_BUF(buf, KIB(4));
    for (ptrdiff_t at; (at = str_find(text, STR("<NL>"))) >= 0;) {
        buf_put(&buf, str_slice(text, 0, (size_t)at));
        buf_puts(&buf, "\n");
        text = str_slice(text, (size_t)at + 4, text.len);
    }
    buf_put(&buf, text);
    return arena_str(arena, buf_str(&buf));
}

static struct str found(struct arena *arena, struct str line)
{
    struct str words = lines_take_cell(&line), word, missing;
    struct path_step steps[4];
    size_t count = 0;
    struct graphql_connection is;
    while (words.len && count < COUNT_OF(steps)) {
        words = str_split(words, ' ', &word);
        steps[count++] = (struct path_step){.kind = PATH_KEY, .key = word};
    }
    if (!graphql_query_find(arena, with_newlines(arena, line), steps, count, &is, &missing))
        return arena_printf(arena, "no %.*s", STR_ARG(missing.len ? missing : STR("query")));
    return arena_printf(arena, "%.*s %.*s %.*s %.*s %.*s%s %.*s%s", STR_ARG(shown(is.records)),
                        STR_ARG(shown(is.has_next)), STR_ARG(shown(is.cursor)),
                        STR_ARG(shown(is.total)), STR_ARG(shown(is.after)),
                        is.after.len && !is.is_after_declared ? "?" : "",
                        STR_ARG(shown(is.first)), is.needs_first ? "!" : "");
}

START_TEST(follows_the_table)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct line_cases all = lines_read(arena, "tests/tables/graphql_query.txt");
    for (size_t i = 0; i < all.count; i++) {
        const struct line_case *one = &all.items[i];
        struct str got = found(arena, one->input);
        ck_assert_msg(str_eq(got, one->expected), "%s:%d: %.*s", one->path, one->number,
                      STR_ARG(got));
    }
}
END_TEST

START_TEST(the_first_connection_is_found)
{
    static const char *const cases[][2] = {
        {"{ a { id } b { c { nodes { id } pageInfo { endCursor } } } }", "b.c"},
        {"query Q($x: Int = 2) @d { mine: a(first: $x) { pageInfo { hasNextPage } } }", "mine"},
        {"{ a { ...F } } fragment F on T { b { pageInfo { endCursor } } }", "a.b"},
        {"{ a { ... on T { pageInfo { endCursor } } } }", "a"},
        {"{ a { nodes { id } } }", ""},
        {"mutation { a { pageInfo { endCursor } } }", ""},
        {"{ ...F } fragment F on T { ...G ...G } fragment G on T { ...F ...F }", ""},
        {"{ a { ", ""},
        {"", ""},
    };
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str path;
        bool is_found = graphql_query_seek(arena, str_from(cases[i][0]), &path);
        ck_assert_msg(str_is(path, cases[i][1]), "%s: %.*s", cases[i][0], STR_ARG(path));
        ck_assert_int_eq(is_found, path.len > 0);
    }
}
END_TEST

SUITE("config/graphql_query", follows_the_table, the_first_connection_is_found)
