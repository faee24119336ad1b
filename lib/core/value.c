#include "core/value.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/scan.h"
#include "port/hash.h"

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
        return VALUE_NOTHING;
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

/* ---- parsing ---- */

/*
 * Children of the containers still open wait on one stack and are copied to the arena, at their
 * exact size, when their container closes.
 */
struct parser {
    struct scan scan;
    struct arena *arena;
    struct value_hole hole;
    struct value_member *stack; /* heap; keys are empty in lists */
    size_t count, capacity;
    size_t values; /* made so far */
};

static bool parse_value(struct parser *parser, size_t depth, struct value *ret);

static struct str parse_text(struct parser *parser, struct str raw)
{
    if (!(parser->scan.flags & (SCAN_ESCAPES | SCAN_BAD_UTF8)))
        return arena_str(parser->arena, raw);
    char *copy = arena_alloc(parser->arena, raw.len + 1);
    struct str text = {copy, scan_decode(raw, copy)};
    return parser->scan.flags & SCAN_BAD_UTF8 ? scan_repair_utf8(parser->arena, text) : text;
}

static void push(struct parser *parser, struct str key, struct value value)
{
    MEM_GROW(parser->stack, parser->count, parser->capacity);
    parser->stack[parser->count++] = (struct value_member){key, value};
}

static bool parse_list(struct parser *parser, size_t depth, struct value *ret)
{
    size_t base = parser->count;
    bool more = scan_first(&parser->scan, ']');
    while (more) {
        struct value item;
        if (!parse_value(parser, depth + 1, &item))
            return false;
        push(parser, STR_NONE, item);
        more = scan_more(&parser->scan, ']');
    }
    if (parser->scan.problem)
        return false;
    struct value_list *list = ARENA_NEW(parser->arena, struct value_list);
    list->count = parser->count - base;
    list->items = ARENA_ARRAY(parser->arena, struct value, list->count);
    for (size_t i = 0; i < list->count; i++)
        list->items[i] = parser->stack[base + i].value;
    parser->count = base;
    *ret = (struct value){.kind = VALUE_LIST, .list = list};
    return true;
}

/* Index of the member with this key among the first `count`, by a hash table of indexes + 1. */
static size_t *find_slot(size_t *slots, size_t mask, const struct value_member *members,
                         struct str key)
{
    size_t at = hash_bytes(key, 0) & mask;
    while (slots[at] && !str_eq(members[slots[at] - 1].key, key))
        at = (at + 1) & mask;
    return &slots[at];
}

/* Of equal keys the last value stays, in the first's place. Returns how many are left. */
static size_t drop_equal_keys(struct value_member *members, size_t count)
{
    size_t size = 16;
    while (size < count * 2)
        size *= 2;
    size_t *slots = mem_alloc(size * sizeof *slots);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t *slot = find_slot(slots, size - 1, members, members[i].key);
        if (*slot) {
            members[*slot - 1].value = members[i].value;
        } else {
            members[kept++] = members[i];
            *slot = kept;
        }
    }
    mem_free(slots);
    return kept;
}

static bool parse_members(struct parser *parser, size_t depth)
{
    bool more = scan_first(&parser->scan, '}');
    while (more) {
        struct str raw;
        struct value value;
        parser->scan.flags = 0;
        if (!scan_key(&parser->scan, &raw))
            return false;
        struct str key = parse_text(parser, raw);
        if (!parse_value(parser, depth + 1, &value))
            return false;
        push(parser, key, value);
        more = scan_more(&parser->scan, '}');
    }
    return !parser->scan.problem;
}

static bool parse_map(struct parser *parser, size_t depth, struct value *ret)
{
    size_t base = parser->count;
    if (!parse_members(parser, depth))
        return false;
    struct value_member *members = parser->stack + base;
    size_t count = parser->count - base;
    if (count > 1)
        count = drop_equal_keys(members, count);
    struct value_map *map = ARENA_NEW(parser->arena, struct value_map);
    map->count = count;
    map->members = ARENA_ARRAY(parser->arena, struct value_member, count);
    if (count)
        memcpy(map->members, members, count * sizeof *members);
    parser->count = base;
    *ret = (struct value){.kind = VALUE_MAP, .map = map};
    return true;
}

static bool parse_scalar(struct parser *parser, struct value *ret)
{
    struct scan *scan = &parser->scan;
    const char *from = scan->at;
    scan->flags = 0;
    if (*from == '"') {
        if (!scan_string(scan))
            return false;
        struct str raw = {from + 1, (size_t)(scan->at - from) - 2};
        *ret = value_string(parse_text(parser, raw));
        return true;
    }
    if (!scan_scalar(scan))
        return false;
    if (scan->flags & SCAN_BIG_NUMBER) {
        scan->at = from;
        return scan_fail(scan, "a number of more than 1,000 digits or an exponent over 400");
    }
    if (*from == 'n')
        *ret = VALUE_NONE;
    else if (*from == 't' || *from == 'f')
        *ret = value_bool(*from == 't');
    else
        *ret = value_number(
            arena_str(parser->arena, (struct str){from, (size_t)(scan->at - from)}));
    return true;
}

static bool parse_value(struct parser *parser, size_t depth, struct value *ret)
{
    struct scan *scan = &parser->scan;
    struct value_hole hole = parser->hole;
    if (hole.to > hole.from && (size_t)(scan->at - scan->start) == hole.from) {
        scan->at = scan->start + hole.to;
        *ret = VALUE_NOTHING;
        return true;
    }
    if (++parser->values > VALUE_COUNT_MAX)
        return scan_fail(scan, "more than 10,000,000 values in one text");
    int c = scan_peek(scan);
    if ((c == '[' || c == '{') && depth == SCAN_DEPTH_MAX)
        return scan_fail(scan, "nested deeper than 512");
    if (c == '[')
        return parse_list(parser, depth, ret);
    if (c == '{')
        return parse_map(parser, depth, ret);
    if (c < 0)
        return scan_fail(scan, "expected a value");
    return parse_scalar(parser, ret);
}

bool value_parse(struct arena *arena, struct str text, struct value_hole hole,
                 struct value *ret, struct err *err)
{
    struct parser parser = {.arena = arena, .hole = hole};
    struct value value;
    scan_init(&parser.scan, arena, text);
    scan_space(&parser.scan);
    bool ok = parse_value(&parser, 0, &value) && scan_finish(&parser.scan);
    mem_free(parser.stack);
    if (!ok)
        return scan_err(&parser.scan, err);
    *ret = value;
    return true;
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
