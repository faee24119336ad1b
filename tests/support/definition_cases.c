#include "tests/support/definition_cases.h"

#include "base/file.h"
#include "tests/support/suite.h"

static const char frame[] = "source: shop\n"
                            "base_url: https://api.shop.example\n"
                            "streams:\n"
                            "  orders:\n"
                            "    path: /orders\n";

/* Keys of a stream alone: from line 6 on, four columns to the right. */
static struct str put_into_frame(struct arena *arena, struct str text)
{
    AUTO_BUF(buf, MIB(1));
    buf_put(&buf, str_from(frame));
    while (text.len) {
        struct str line;
        text = str_cut(text, '\n', &line);
        buf_printf(&buf, "    %.*s\n", STR_ARG(line));
    }
    return arena_str(arena, buf_str(&buf));
}

static bool is_whole(struct str text)
{
    return str_starts(text, STR("source:")) || str_starts(text, STR("{\"source\""));
}

static void read_case(struct arena *arena, struct str block, struct definition_case *ret)
{
    block = str_cut(block, '\n', &ret->name);
    ptrdiff_t end = str_find(block, STR("\n---\n"));
    ck_assert_msg(end >= 0, "no --- in case %.*s", STR_ARG(ret->name));
    ret->text = str_slice(block, 0, (size_t)end + 1);
    if (!is_whole(ret->text))
        ret->text = put_into_frame(arena, ret->text);
    struct str rest = str_slice(block, (size_t)end + 5, block.len);
    size_t capacity = 0;
    while (rest.len) {
        ARENA_GROW(arena, ret->lines, ret->line_count, capacity);
        rest = str_cut(rest, '\n', &ret->lines[ret->line_count]);
        ret->line_count += ret->lines[ret->line_count].len > 0;
    }
}

struct definition_cases definition_cases_read(struct arena *arena, const char *file)
{
    AUTO_BUF(text, MIB(1));
    struct err err = ERR_INIT;
    struct str path = arena_printf(arena, "tests/tables/definitions/%s", file);
    ck_assert_ok(file_read(path.ptr, &text, &err), err);

    struct definition_cases all = {NULL};
    size_t capacity = 0;
    struct str rest = arena_str(arena, buf_str(&text));
    ptrdiff_t at = str_find(rest, STR("\n=== "));
    while (at >= 0) {
        rest = str_slice(rest, (size_t)at + 5, rest.len);
        at = str_find(rest, STR("\n=== "));
        ARENA_GROW(arena, all.cases, all.count, capacity);
        struct definition_case *next = &all.cases[all.count++];
        *next = (struct definition_case){.lines = NULL};
        read_case(arena, at < 0 ? rest : str_slice(rest, 0, (size_t)at + 1), next);
    }
    ck_assert_msg(all.count > 0, "%s holds no cases", file);
    return all;
}
