#include "tests/support/blocks.h"

#include "tests/support/table.h"

/* Takes the lines before the next one that begins with `mark`. */
static struct str take_until(struct str *text, struct str mark)
{
    size_t end = 0;
    while (end < text->len && !str_starts(str_slice(*text, end, text->len), mark)) {
        ptrdiff_t feed = str_find_byte(str_slice(*text, end, text->len), '\n');
        end = feed < 0 ? text->len : end + (size_t)feed + 1;
    }
    struct str taken = str_slice(*text, 0, end);
    *text = str_slice(*text, end, text->len);
    return taken;
}

/* Takes a line that begins with a mark of four bytes; gives what follows the mark. */
static struct str take_name(struct str *text)
{
    struct str line;
    *text = str_split(*text, '\n', &line);
    return str_slice(line, 4, line.len);
}

static void read_parts(struct arena *arena, const char *path, struct block *block,
                       struct str text)
{
    size_t capacity = 0;
    while (text.len) {
        struct block_part part = {.name = take_name(&text)};
        part.text = take_until(&text, STR("--- "));
        for (size_t i = 0; i < block->part_count; i++)
            if (str_eq(block->parts[i].name, part.name))
                table_die(path, block->line, "a second part", part.name);
        ARENA_GROW(arena, block->parts, block->part_count, capacity);
        block->parts[block->part_count++] = part;
    }
}

static int count_lines(struct str text)
{
    int count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '\n';
    return count;
}

struct blocks blocks_parse(struct arena *arena, const char *path, struct str text)
{
    struct blocks all = {.path = path};
    size_t capacity = 0;
    all.preface = take_until(&text, STR("=== "));
    int line = 1 + count_lines(all.preface);
    while (text.len) {
        struct block block = {.line = line, .title = take_name(&text)};
        struct str body = take_until(&text, STR("=== "));
        line += 1 + count_lines(body);
        for (size_t i = 0; i < all.count; i++)
            if (str_eq(all.items[i].title, block.title))
                table_die(path, block.line, "a second case", block.title);
        block.head = take_until(&body, STR("--- "));
        read_parts(arena, path, &block, body);
        ARENA_GROW(arena, all.items, all.count, capacity);
        all.items[all.count++] = block;
    }
    if (!all.count)
        table_die(path, line, "no cases", STR_NONE);
    return all;
}

struct blocks blocks_read(struct arena *arena, const char *path)
{
    return blocks_parse(arena, path, table_text(arena, path));
}

struct str block_part(const struct block *block, const char *name)
{
    for (size_t i = 0; i < block->part_count; i++)
        if (str_is(block->parts[i].name, name))
            return block->parts[i].text;
    return STR_NONE;
}
