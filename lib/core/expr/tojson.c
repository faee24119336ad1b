#include "core/expr/tojson.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "core/expr/text.h"

/*
 * Jinja2's tojson: Python's json.dumps with sorted keys and ASCII only, then < > & ' escaped
 * (jinja2/utils.py, htmlsafe_json_dumps). Numbers stay as they were written.
 */

static void put_json_character(struct buf *buf, struct str character)
{
    static const char from[] = "\"\\\n\r\t\b\f", to[] = "\"\\nrtbf";
    uint32_t code = text_code_point(character);
    const char *simple = code && code < 0x80 ? strchr(from, (int)code) : NULL;
    bool is_markup = code == '<' || code == '>' || code == '&' || code == '\'';
    if (simple)
        buf_printf(buf, "\\%c", to[simple - from]);
    else if (code >= 0x10000)
        buf_printf(buf, "\\u%04x\\u%04x", 0xD800 + ((code - 0x10000) >> 10),
                   0xDC00 + ((code - 0x10000) & 0x3FF));
    else if (code < 0x20 || code >= 0x7F || is_markup)
        buf_printf(buf, "\\u%04x", code);
    else
        buf_put(buf, character);
}

static void put_json_string(struct buf *buf, struct str text)
{
    buf_puts(buf, "\"");
    while (text.len && !buf->has_overflowed) {
        struct str character = str_slice(text, 0, text_character_bytes(text));
        text = str_slice(text, character.len, text.len);
        put_json_character(buf, character);
    }
    buf_puts(buf, "\"");
}

struct json_writer {
    struct buf *buf;
    int indent, depth;
};

static void put_json(struct json_writer *writer, struct value value);

static void put_json_break(struct json_writer *writer, bool is_first)
{
    if (!is_first)
        buf_put(writer->buf, writer->indent < 0 ? STR(", ") : STR(","));
    if (writer->indent < 0)
        return;
    buf_puts(writer->buf, "\n");
    for (int i = 0; i < writer->indent * writer->depth; i++)
        buf_puts(writer->buf, " ");
}

static void put_json_close(struct json_writer *writer, size_t count, struct str bracket)
{
    writer->depth--;
    if (count && writer->indent >= 0)
        put_json_break(writer, true);
    buf_put(writer->buf, bracket);
}

static void put_json_list(struct json_writer *writer, const struct value_list *list)
{
    buf_puts(writer->buf, "[");
    writer->depth++;
    for (size_t i = 0; i < list->count && !writer->buf->has_overflowed; i++) {
        put_json_break(writer, i == 0);
        put_json(writer, list->items[i]);
    }
    put_json_close(writer, list->count, STR("]"));
}

static int compare_members(const void *a, const void *b)
{
    const struct value_member *const *x = a, *const *y = b;
    return str_compare((*x)->key, (*y)->key);
}

static void put_json_map(struct json_writer *writer, const struct value_map *map)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct value_member **sorted =
        ARENA_ARRAY(arena, const struct value_member *, map->count);
    for (size_t i = 0; i < map->count; i++)
        sorted[i] = &map->members[i];
    qsort(sorted, map->count, sizeof(sorted[0]), compare_members);
    buf_puts(writer->buf, "{");
    writer->depth++;
    for (size_t i = 0; i < map->count && !writer->buf->has_overflowed; i++) {
        put_json_break(writer, i == 0);
        put_json_string(writer->buf, sorted[i]->key);
        buf_puts(writer->buf, ": ");
        put_json(writer, sorted[i]->value);
    }
    put_json_close(writer, map->count, STR("}"));
}

static void put_json(struct json_writer *writer, struct value value)
{
    if (value.kind == VALUE_STRING)
        put_json_string(writer->buf, value.text);
    else if (value.kind == VALUE_LIST)
        put_json_list(writer, value.list);
    else if (value.kind == VALUE_MAP)
        put_json_map(writer, value.map);
    else
        value_format(writer->buf, value);
}

void tojson_put(struct buf *buf, struct value value, int indent)
{
    struct json_writer writer = {buf, indent, 0};
    put_json(&writer, value);
}
