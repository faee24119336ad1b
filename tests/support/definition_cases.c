#include "tests/support/definition_cases.h"

#include "base/buf.h"
#include "tests/support/choice.h"
#include "tests/support/table.h"

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
        text = str_split(text, '\n', &line);
        buf_printf(&buf, "    %.*s\n", STR_ARG(line));
    }
    return arena_str(arena, buf_str(&buf));
}

static bool is_whole(struct str text)
{
    return str_starts(text, STR("source:")) || str_starts(text, STR("{\"source\""));
}

static struct definition_case read_case(struct arena *arena, const struct block *block,
                                        struct str rest)
{
    struct definition_case one = {.name = block->title, .text = block->head};
    size_t capacity = 0;
    if (!is_whole(one.text))
        one.text = put_into_frame(arena, one.text);
    while (rest.len) {
        ARENA_GROW(arena, one.lines, one.line_count, capacity);
        rest = str_split(rest, '\n', &one.lines[one.line_count]);
        one.line_count += one.lines[one.line_count].len > 0;
    }
    return one;
}

struct definition_cases definition_cases_read(struct arena *arena, const char *path,
                                              const char *part)
{
    struct blocks blocks = blocks_read(arena, path);
    choice_apply(&blocks);
    struct definition_cases all = {ARENA_ARRAY(arena, struct definition_case, blocks.count),
                                   blocks.count};
    for (size_t i = 0; i < blocks.count; i++) {
        struct str lines = block_part(&blocks.items[i], part);
        if (!lines.ptr)
            table_die(path, blocks.items[i].line, "no such part", str_from(part));
        all.cases[i] = read_case(arena, &blocks.items[i], lines);
    }
    return all;
}
