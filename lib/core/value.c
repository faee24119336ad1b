#include "core/value.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/json_out.h"
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

void value_format_string(struct buf *buf, struct str text)
{
    json_out_quote(buf, text);
}

void value_put(struct json_out *out, const char *key, struct value value)
{
    switch (value.kind) {
    case VALUE_UNDEFINED:
    case VALUE_OMIT:
    case VALUE_NULL:
        json_out_null(out, key);
        break;
    case VALUE_BOOL:
        json_out_bool(out, key, value.boolean);
        break;
    case VALUE_NUMBER:
        json_out_raw(out, key, value.text);
        break;
    case VALUE_STRING:
        json_out_str(out, key, value.text);
        break;
    case VALUE_LIST:
        json_out_open(out, key, '[');
        for (size_t i = 0; i < value.list->count; i++)
            value_put(out, NULL, value.list->items[i]);
        json_out_close(out, ']');
        break;
    case VALUE_MAP:
        json_out_open(out, key, '{');
        for (size_t i = 0; i < value.map->count; i++) {
            json_out_name(out, value.map->members[i].key);
            value_put(out, NULL, value.map->members[i].value);
        }
        json_out_close(out, '}');
        break;
    }
}

void value_format(struct buf *buf, struct value value)
{
    struct json_out out = {.buf = buf};
    value_put(&out, NULL, value);
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
