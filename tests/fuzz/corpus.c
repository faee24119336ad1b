#include "tests/fuzz/corpus.h"

#include "base/mem.h"
#include "tests/support/blocks.h"
#include "tests/support/table.h"

enum { LINE_WIDTH = 96 };

/* Takes one escape, its backslash already taken; -1 where there is no such escape. */
static int take_escape(struct str *text)
{
    char kind = text->len ? text->ptr[0] : '\0';
    size_t len = kind == 'x' ? 3 : 1;
    int byte = kind == '\\' ? '\\' : kind == 'n' ? '\n' : -1;
    if (kind == 'x' && text->len >= len) {
        char hex[] = {text->ptr[1], text->ptr[2], '\0'}, *end;
        byte = (int)strtol(hex, &end, 16);
        byte = *end ? -1 : byte;
    }
    *text = str_slice(*text, len, text->len);
    return byte;
}

static struct str decode(struct arena *arena, const char *path, const struct block *block)
{
    AUTO_BUF(bytes, MIB(1));
    struct str text = block->head;
    while (text.len) {
        char next = text.ptr[0];
        text = str_slice(text, 1, text.len);
        int byte = next == '\\' ? take_escape(&text) : next;
        if (byte < 0)
            table_die(path, block->line, "a backslash that escapes nothing", block->title);
        if (next != '\n')
            buf_put_byte(&bytes, (char)byte);
    }
    return arena_str(arena, buf_str(&bytes));
}

struct corpus corpus_parse(struct arena *arena, const char *path, struct str text)
{
    struct blocks blocks = blocks_parse(arena, path, text);
    struct corpus corpus = {ARENA_ARRAY(arena, struct corpus_input, blocks.count),
                            blocks.count};
    for (size_t i = 0; i < blocks.count; i++) {
        const struct block *block = &blocks.items[i];
        struct corpus_input *input = &corpus.items[i];
        input->why = str_trim(str_split(block->title, ':', &input->name));
        if (str_starts(input->name, STR("found-")) && !input->why.len)
            table_die(path, block->line, "a finding that does not say why", block->title);
        input->bytes = decode(arena, path, block);
    }
    return corpus;
}

struct corpus corpus_read(struct arena *arena, const char *path)
{
    return corpus_parse(arena, path, table_text(arena, path));
}

/* At a line's begin = and - would look like a title or a part; a blank at its end nobody
 * sees. */
static void put_byte(struct buf *out, unsigned char byte, bool is_first, bool is_last)
{
    if (byte == '\\')
        buf_puts(out, "\\\\");
    else if (byte == '\n')
        buf_puts(out, "\\n");
    else if (byte < ' ' || byte > '~' || (is_first && (byte == '=' || byte == '-')) ||
             (is_last && byte == ' '))
        buf_printf(out, "\\x%02x", byte);
    else
        buf_put_byte(out, (char)byte);
}

void corpus_put(struct buf *out, const struct corpus_input *input)
{
    buf_printf(out, "=== %.*s%s%.*s\n", STR_ARG(input->name), input->why.len ? ": " : "",
               STR_ARG(input->why));
    size_t begin = out->len;
    for (size_t i = 0; i < input->bytes.len; i++) {
        bool is_full = out->len - begin >= LINE_WIDTH - 4;
        bool is_last = is_full || i + 1 == input->bytes.len || input->bytes.ptr[i] == '\n';
        put_byte(out, (unsigned char)input->bytes.ptr[i], out->len == begin, is_last);
        if (!is_last)
            continue;
        buf_puts(out, "\n");
        begin = out->len;
    }
}
