#include <assert.h>

#include "base/mem.h"
#include "core/scan.h"
#include "core/value.h"
#include "port/hash.h"

/*
 * Children of the containers still open wait on one stack and are copied to the arena, at their
 * exact size, when their container closes.
 */
struct parser {
    struct scan scan;
    struct arena *arena;
    struct value_skipped skipped;
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
    size_t at = hash_for_table(key) & mask;
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
        *ret = NULL_VALUE;
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
    struct value_skipped skipped = parser->skipped;
    if (skipped.to > skipped.from && (size_t)(scan->at - scan->start) == skipped.from) {
        scan->at = scan->start + skipped.to;
        *ret = UNDEFINED_VALUE;
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

bool value_parse(struct arena *arena, struct str text, struct value_skipped skipped,
                 struct value *ret, struct err *err)
{
    struct parser parser = {.arena = arena, .skipped = skipped};
    struct value value;
    scan_init(&parser.scan, arena, text);
    scan_space(&parser.scan);
    bool ok = parse_value(&parser, 0, &value) && scan_finish(&parser.scan);
    assert(!ok || parser.count == 0); /* each container took its children off the stack */
    mem_free(parser.stack);
    if (!ok)
        return scan_err(&parser.scan, err);
    *ret = value;
    return true;
}
