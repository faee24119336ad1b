#include "core/value.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/json_out.h"
#include "base/mem.h"
#include "core/decimal.h"

/* --- making and reading --- */

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

struct value value_from_list(const struct value_list *list)
{
    return (struct value){.kind = VALUE_LIST, .list = list};
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

bool value_has_undefined(struct value value)
{
    if (value.kind == VALUE_LIST)
        for (size_t i = 0; i < value.list->count; i++)
            if (value_has_undefined(value.list->items[i]))
                return true;
    if (value.kind == VALUE_MAP)
        for (size_t i = 0; i < value.map->count; i++)
            if (value_has_undefined(value.map->members[i].value))
                return true;
    return value.kind == VALUE_UNDEFINED || value.kind == VALUE_OMIT;
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

/* --- reading as a flag or count --- */

bool value_is_true(struct value value)
{
    switch (value.kind) {
    case VALUE_BOOL:
        return value.boolean;
    case VALUE_NUMBER:
        return !decimal_is_zero(value.text);
    case VALUE_STRING:
        return value.text.len > 0;
    case VALUE_LIST:
        return value.list->count > 0;
    case VALUE_MAP:
        return value.map->count > 0;
    default:
        return false;
    }
}

static bool is_one_of(struct str text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(text, str_from(words[i])))
            return true;
    return false;
}

int value_flag(struct value value)
{
    static const char *const yes[] = {"true", "1", "yes"};
    static const char *const no[] = {"", "false", "0", "no", "none", "null"};
    switch (value.kind) {
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_NUMBER:
        return value_is_true(value);
    case VALUE_STRING:
        if (is_one_of(value.text, yes, COUNT_OF(yes)))
            return 1;
        return is_one_of(value.text, no, COUNT_OF(no)) ? 0 : -1;
    default:
        return -1;
    }
}

bool value_holds(struct value value)
{
    return value.kind == VALUE_STRING ? value_flag(value) != 0 : value_is_true(value);
}

/* 35.0 is 35. */
static struct str without_zeros(struct str text)
{
    struct str whole, zeros = str_split(text, '.', &whole);
    for (size_t i = 0; i < zeros.len; i++)
        if (zeros.ptr[i] != '0')
            return text;
    return zeros.len ? whole : text;
}

bool value_count(struct value value, int64_t *ret_count)
{
    int64_t count;
    if (value.kind != VALUE_NUMBER && value.kind != VALUE_STRING)
        return false;
    struct str text =
        value.kind == VALUE_NUMBER ? without_zeros(value.text) : str_trim(value.text);
    if (!str_to_int64(text, &count) || count < 0)
        return false;
    *ret_count = count;
    return true;
}

/* --- writing --- */

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
        for (size_t i = 0; i < value.list->count && !out->buf->has_overflowed; i++)
            value_put(out, NULL, value.list->items[i]);
        json_out_close(out, ']');
        break;
    case VALUE_MAP:
        json_out_open(out, key, '{');
        for (size_t i = 0; i < value.map->count && !out->buf->has_overflowed; i++) {
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

/* --- comparing and copying --- */

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
