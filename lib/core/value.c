#include "core/value.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"

/* ---- making and reading ---- */

struct value value_bool(bool flag)
{
    return (struct value){.kind = VALUE_BOOL, .boolean = flag};
}

struct value value_int(struct arena *arena, int64_t number)
{
    return value_number(arena_printf(arena, "%" PRId64, number));
}

struct value value_string(struct str text)
{
    return (struct value){.kind = VALUE_STRING, .text = text};
}

struct value value_number(struct str text)
{
    return (struct value){.kind = VALUE_NUMBER, .text = text};
}

static struct value value_undefined(struct str name)
{
    return (struct value){.kind = VALUE_UNDEFINED, .text = name};
}

struct value value_get(struct value map, struct str key)
{
    if (map.kind != VALUE_MAP)
        return value_undefined(key);
    for (size_t i = 0; i < map.map->count; i++)
        if (str_eq(map.map->members[i].key, key))
            return map.map->members[i].value;
    return value_undefined(key);
}

struct value value_at(struct value list, size_t index)
{
    if (list.kind != VALUE_LIST || index >= list.list->count)
        return UNDEFINED_VALUE;
    return list.list->items[index];
}

const char *value_kind_name(enum value_kind kind)
{
    switch (kind) {
    case VALUE_NULL:
        return "null";
    case VALUE_BOOL:
        return "boolean";
    case VALUE_NUMBER:
        return "number";
    case VALUE_STRING:
        return "string";
    case VALUE_LIST:
        return "list";
    case VALUE_MAP:
        return "object";
    case VALUE_OMIT:
        return "omit";
    case VALUE_UNDEFINED:
        break;
    }
    return "undefined";
}

/* ---- writing ---- */

static void put_escape(struct buf *buf, unsigned char c)
{
    static const char short_forms[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (c == '"' || c == '\\')
        buf_printf(buf, "\\%c", c);
    else if (c < sizeof short_forms && short_forms[c])
        buf_printf(buf, "\\%c", short_forms[c]);
    else
        buf_printf(buf, "\\u%04x", c);
}

void value_format_string(struct buf *buf, struct str text)
{
    buf_puts(buf, "\"");
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c >= ' ' && c != '"' && c != '\\')
            continue;
        buf_put(buf, str_slice(text, from, i));
        put_escape(buf, c);
        from = i + 1;
    }
    buf_put(buf, str_slice(text, from, text.len));
    buf_puts(buf, "\"");
}

static void format_list(struct buf *buf, const struct value_list *list)
{
    buf_puts(buf, "[");
    for (size_t i = 0; i < list->count; i++) {
        if (i)
            buf_puts(buf, ",");
        value_format(buf, list->items[i]);
    }
    buf_puts(buf, "]");
}

static void format_map(struct buf *buf, const struct value_map *map)
{
    buf_puts(buf, "{");
    for (size_t i = 0; i < map->count; i++) {
        if (i)
            buf_puts(buf, ",");
        value_format_string(buf, map->members[i].key);
        buf_puts(buf, ":");
        value_format(buf, map->members[i].value);
    }
    buf_puts(buf, "}");
}

void value_format(struct buf *buf, struct value value)
{
    switch (value.kind) {
    case VALUE_UNDEFINED:
    case VALUE_OMIT:
    case VALUE_NULL:
        buf_puts(buf, "null");
        break;
    case VALUE_BOOL:
        buf_put(buf, value.boolean ? STR("true") : STR("false"));
        break;
    case VALUE_NUMBER:
        buf_put(buf, value.text);
        break;
    case VALUE_STRING:
        value_format_string(buf, value.text);
        break;
    case VALUE_LIST:
        format_list(buf, value.list);
        break;
    case VALUE_MAP:
        format_map(buf, value.map);
        break;
    }
}

/* ---- comparing and copying ---- */

static bool same_lists(const struct value_list *a, const struct value_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!value_same(a->items[i], b->items[i]))
            return false;
    return true;
}

static int compare_members(const void *a, const void *b)
{
    const struct value_member *left = a, *right = b;
    return str_compare(left->key, right->key);
}

static struct value_member *sorted_members(const struct value_map *map)
{
    struct value_member *members = mem_dup(map->members, map->count * sizeof *members);
    qsort(members, map->count, sizeof *members, compare_members);
    return members;
}

static bool same_maps(const struct value_map *a, const struct value_map *b)
{
    if (a->count != b->count)
        return false;
    if (a->count == 0)
        return true;
    struct value_member *left = sorted_members(a), *right = sorted_members(b);
    bool same = true;
    for (size_t i = 0; same && i < a->count; i++)
        same = str_eq(left[i].key, right[i].key) && value_same(left[i].value, right[i].value);
    mem_free(left);
    mem_free(right);
    return same;
}

bool value_same(struct value a, struct value b)
{
    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case VALUE_BOOL:
        return a.boolean == b.boolean;
    case VALUE_NUMBER:
    case VALUE_STRING:
        return str_eq(a.text, b.text);
    case VALUE_LIST:
        return same_lists(a.list, b.list);
    case VALUE_MAP:
        return same_maps(a.map, b.map);
    default:
        return true;
    }
}

static struct value copy_list(struct arena *arena, const struct value_list *from)
{
    struct value_list *list = ARENA_NEW(arena, struct value_list);
    list->count = from->count;
    list->items = ARENA_ARRAY(arena, struct value, from->count);
    for (size_t i = 0; i < from->count; i++)
        list->items[i] = value_copy(arena, from->items[i]);
    return (struct value){.kind = VALUE_LIST, .list = list};
}

static struct value copy_map(struct arena *arena, const struct value_map *from)
{
    struct value_map *map = ARENA_NEW(arena, struct value_map);
    map->count = from->count;
    map->members = ARENA_ARRAY(arena, struct value_member, from->count);
    for (size_t i = 0; i < from->count; i++) {
        map->members[i].key = arena_str(arena, from->members[i].key);
        map->members[i].value = value_copy(arena, from->members[i].value);
    }
    return (struct value){.kind = VALUE_MAP, .map = map};
}

struct value value_copy(struct arena *arena, struct value value)
{
    switch (value.kind) {
    case VALUE_NUMBER:
    case VALUE_STRING:
    case VALUE_UNDEFINED:
        value.text = arena_str(arena, value.text);
        return value;
    case VALUE_LIST:
        return copy_list(arena, value.list);
    case VALUE_MAP:
        return copy_map(arena, value.map);
    default:
        return value;
    }
}
