#include "tests/support/lines.h"

#include "base/file.h"
#include "tests/support/suite.h"

static struct str with_tabs(struct arena *arena, struct str text)
{
    ptrdiff_t at = str_find(text, STR("<TAB>"));
    if (at < 0)
        return text;
    struct str rest = with_tabs(arena, str_slice(text, (size_t)at + 5, text.len));
    return arena_printf(arena, "%.*s\t%.*s", (int)at, text.ptr, STR_ARG(rest));
}

struct line_cases lines_read(struct arena *arena, const char *file)
{
    AUTO_BUF(text, MIB(1));
    struct err err = ERR_INIT;
    struct str path = arena_printf(arena, "tests/tables/%s", file);
    ck_assert_ok(file_read(path.ptr, &text, &err), err);

    struct line_cases all = {NULL, 0};
    size_t capacity = 0;
    struct str line, rest = arena_str(arena, buf_str(&text));
    for (int number = 1; rest.len; number++) {
        rest = str_cut(rest, '\n', &line);
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        ptrdiff_t colon = str_find(line, STR(": ")), arrow = str_find(line, STR(" => "));
        ck_assert_msg(colon > 0 && arrow > colon, "%s:%d", file, number);
        ARENA_GROW(arena, all.items, all.count, capacity);
        all.items[all.count++] = (struct line_case){
            .number = number,
            .id = str_slice(line, 0, (size_t)colon),
            .input = with_tabs(arena, str_slice(line, (size_t)colon + 2, (size_t)arrow)),
            .expected = str_slice(line, (size_t)arrow + 4, line.len),
        };
    }
    ck_assert_msg(all.count > 0, "%s holds no cases", file);
    return all;
}
