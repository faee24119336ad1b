#include "tests/support/lines.h"

#include "tests/support/table.h"

static struct str with_tabs(struct arena *arena, struct str text)
{
    ptrdiff_t at = str_find(text, STR("<TAB>"));
    if (at < 0)
        return text;
    struct str rest = with_tabs(arena, str_slice(text, (size_t)at + 5, text.len));
    return arena_printf(arena, "%.*s\t%.*s", (int)at, text.ptr, STR_ARG(rest));
}

/* Blanks around the arrow belong to it; there are none at the line's begin and end. */
static bool split(struct str line, struct line_case *one)
{
    struct str arrow = STR("=>");
    for (size_t i = line.len; i-- > 0;) {
        size_t end = i + arrow.len;
        if (!str_starts(str_slice(line, i, line.len), arrow) ||
            (i > 0 && line.ptr[i - 1] != ' ') || (end < line.len && line.ptr[end] != ' '))
            continue;
        one->input = str_slice(line, 0, i > 0 ? i - 1 : 0);
        one->expected = str_slice(line, end + 1, line.len);
        return true;
    }
    return false;
}

struct line_cases lines_parse(struct arena *arena, const char *path, int number,
                              struct str text)
{
    struct line_cases all = {NULL, 0};
    size_t capacity = 0;
    for (struct str line; text.len; number++) {
        text = str_split(text, '\n', &line);
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        struct line_case one = {.path = path, .number = number};
        if (!split(line, &one))
            table_die(path, number, "no arrow", line);
        one.input = with_tabs(arena, one.input);
        ARENA_GROW(arena, all.items, all.count, capacity);
        all.items[all.count++] = one;
    }
    if (!all.count)
        table_die(path, number, "no cases", STR_NONE);
    return all;
}

struct line_cases lines_read(struct arena *arena, const char *path)
{
    return lines_parse(arena, path, 1, table_text(arena, path));
}

struct str lines_take_cell(struct str *input)
{
    struct str bar = STR(" | "), all = *input;
    ptrdiff_t at = str_find(all, bar);
    *input = at < 0 ? STR_NONE : str_slice(all, (size_t)at + bar.len, all.len);
    return at < 0 ? all : str_slice(all, 0, (size_t)at);
}
