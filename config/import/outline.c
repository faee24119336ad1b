#include "config/import/outline.h"

#include "base/json_out.h"
#include "config/definition.h"

/*
 * Written as people write it: what is short stands on one line, {a: 1, b: 2}. A map with
 * notes, the source, its streams and each of these are always written out.
 */
enum { LINE_BYTES_MAX = 96, NOTE_BYTES_MAX = 88, TEXT_BYTES_MAX = 1 << 20 };

enum outline_kind { OUTLINE_SCALAR, OUTLINE_MAP, OUTLINE_LIST };

struct outline {
    struct arena *arena;
    enum outline_kind kind;
    struct str key;
    struct str text; /* SCALAR: what was put */
    bool is_raw, is_block;
    struct outline **items;
    size_t count, capacity;
    struct str *notes;
    size_t note_count, note_capacity;
};

static struct outline *make(struct arena *arena, enum outline_kind kind, struct str key)
{
    struct outline *node = ARENA_NEW(arena, struct outline);
    *node = (struct outline){.arena = arena, .kind = kind, .key = key};
    return node;
}

struct outline *outline_new(struct arena *arena)
{
    return make(arena, OUTLINE_MAP, STR_NONE);
}

static struct outline *append(struct outline *parent, struct outline *node)
{
    ARENA_GROW(parent->arena, parent->items, parent->count, parent->capacity);
    parent->items[parent->count++] = node;
    return node;
}

static struct outline *find(const struct outline *map, struct str key)
{
    for (size_t i = 0; map && map->kind == OUTLINE_MAP && i < map->count; i++)
        if (str_eq(map->items[i]->key, key))
            return map->items[i];
    return NULL;
}

struct outline *outline_find(const struct outline *map, const char *key)
{
    return find(map, str_from(key));
}

void outline_remove(struct outline *map, const char *key)
{
    size_t count = 0;
    for (size_t i = 0; i < map->count; i++)
        if (!str_is(map->items[i]->key, key))
            map->items[count++] = map->items[i];
    map->count = count;
}

void outline_move(struct outline *to, struct outline *from, const char *key)
{
    struct outline *node = outline_find(from, key);
    if (!node)
        return;
    outline_remove(to, key);
    outline_remove(from, key);
    append(to, node);
}

void outline_drop(struct outline *map, const struct outline *member)
{
    size_t count = 0;
    for (size_t i = 0; i < map->count; i++)
        if (map->items[i] != member)
            map->items[count++] = map->items[i];
    map->count = count;
}

size_t outline_count(const struct outline *node)
{
    return node ? node->count : 0;
}

struct str outline_text(const struct outline *node)
{
    return node && node->kind == OUTLINE_SCALAR ? node->text : STR_NONE;
}

/* The member of the key, empty and of that kind; `key` NULL: a new element of a list. */
static struct outline *fresh(struct outline *parent, struct str key, enum outline_kind kind)
{
    struct outline *old = key.ptr ? find(parent, key) : NULL;
    struct outline *node = make(parent->arena, kind, arena_str(parent->arena, key));
    if (!old)
        return append(parent, node);
    *old = *node;
    return old;
}

static struct outline *member(struct outline *map, const char *key, enum outline_kind kind)
{
    struct outline *old = outline_find(map, key);
    return old && old->kind == kind ? old : fresh(map, str_from(key), kind);
}

struct outline *outline_map(struct outline *map, const char *key)
{
    return member(map, key, OUTLINE_MAP);
}

struct outline *outline_list(struct outline *map, const char *key)
{
    return member(map, key, OUTLINE_LIST);
}

static void put(struct outline *parent, struct str key, struct str text, bool is_raw)
{
    struct outline *node = fresh(parent, key, OUTLINE_SCALAR);
    node->text = arena_str(parent->arena, text);
    node->is_raw = is_raw;
}

void outline_put(struct outline *map, const char *key, struct str text)
{
    put(map, str_from(key), text, false);
}

void outline_put_raw(struct outline *map, const char *key, struct str text)
{
    put(map, str_from(key), text, true);
}

void outline_put_bool(struct outline *map, const char *key, bool value)
{
    outline_put_raw(map, key, value ? STR("true") : STR("false"));
}

void outline_add(struct outline *list, struct str text)
{
    put(list, STR_NONE, text, false);
}

struct outline *outline_add_map(struct outline *list)
{
    return append(list, make(list->arena, OUTLINE_MAP, STR_NONE));
}

static void copy(struct outline *parent, struct str key, const struct yaml_node *node)
{
    if (yaml_is_scalar(node)) {
        struct str text = node->kind == YAML_NULL ? STR("null") : node->text;
        put(parent, key, text, node->kind != YAML_STRING);
        return;
    }
    bool is_map = node->kind == YAML_MAP;
    struct outline *made = fresh(parent, key, is_map ? OUTLINE_MAP : OUTLINE_LIST);
    for (size_t i = 0; i < node->count; i++)
        copy(made, is_map ? node->items[i]->key : STR_NONE, node->items[i]);
}

void outline_copy(struct outline *map, const char *key, const struct yaml_node *node)
{
    copy(map, str_from(key), node);
}

void outline_rename(struct outline *map, const char *from, const char *to)
{
    struct outline *node = outline_find(map, from);
    if (node)
        node->key = str_from(to);
}

void outline_merge(struct outline *to, const struct outline *from)
{
    for (size_t i = 0; i < from->count; i++)
        if (!find(to, from->items[i]->key))
            append(to, from->items[i]);
}

struct outline *outline_item(const struct outline *list, size_t i)
{
    return list->items[i];
}

bool outline_is_bare(const struct outline *node)
{
    return !node->count && !node->note_count;
}

void outline_note(struct outline *map, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct str note = arena_vprintf(map->arena, fmt, args);
    va_end(args);
    for (size_t i = 0; i < map->note_count; i++)
        if (str_eq(map->notes[i], note))
            return;
    ARENA_GROW(map->arena, map->notes, map->note_count, map->note_capacity);
    map->notes[map->note_count++] = note;
}

void outline_take_notes(struct outline *to, const struct outline *from)
{
    for (size_t i = 0; i < from->note_count; i++)
        outline_note(to, "%.*s", STR_ARG(from->notes[i]));
}

/* --- scalars --- */

/* Would YAML read the plain word as itself, also between braces? */
static bool is_plain(struct str text)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_eq_nocase(text, str_from(words[i])))
            return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && !(c == '/' && text.len > 1) &&
            !(i && ((c >= '0' && c <= '9') || c == '.' || c == '-')))
            return false;
    }
    return text.len > 0;
}

static void put_text(struct buf *out, struct str text, bool is_raw)
{
    if (is_raw || is_plain(text))
        buf_put(out, text);
    else
        json_out_quote(out, text);
}

/* "https://h/x": plain in a line of its own, as people write it. */
static bool is_url(struct str text)
{
    if (!str_starts(text, STR("http")))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] <= ' ' || strchr("{}[],#'\"\\", text.ptr[i]))
            return false;
    return str_find(text, STR("://")) > 0 && text.ptr[text.len - 1] != ':';
}

/* --- on one line --- */

static bool has_notes(const struct outline *node)
{
    if (node->note_count)
        return true;
    for (size_t i = 0; i < node->count; i++)
        if (has_notes(node->items[i]))
            return true;
    return false;
}

static void put_flow(struct buf *out, const struct outline *node)
{
    bool is_map = node->kind == OUTLINE_MAP;
    if (node->kind == OUTLINE_SCALAR) {
        put_text(out, node->text, node->is_raw);
        return;
    }
    buf_put(out, is_map ? STR("{") : STR("["));
    for (size_t i = 0; i < node->count; i++) {
        if (i)
            buf_puts(out, ", ");
        if (is_map) {
            put_text(out, node->items[i]->key, false);
            buf_puts(out, ": ");
        }
        put_flow(out, node->items[i]);
    }
    buf_put(out, is_map ? STR("}") : STR("]"));
}

/* --- in lines --- */

static void put_indent(struct buf *out, int depth)
{
    for (int i = 0; i < depth; i++)
        buf_puts(out, "  ");
}

/* "# so many words" in lines of at most NOTE_BYTES_MAX. */
static void put_note(struct buf *out, struct str note, int depth)
{
    size_t at = 0;
    struct str rest = note, word;
    while (rest.len) {
        rest = str_split(rest, ' ', &word);
        bool is_first = at == 0;
        if (is_first || at + 1 + word.len > NOTE_BYTES_MAX) {
            if (!is_first)
                buf_puts(out, "\n");
            put_indent(out, depth);
            buf_put(out, is_first ? STR("#") : STR("#  "));
            at = (size_t)depth * 2 + (is_first ? 1 : 3);
        }
        buf_puts(out, " ");
        for (size_t i = 0; i < word.len; i++)
            buf_put_byte(out, (unsigned char)word.ptr[i] < ' ' ? ' ' : word.ptr[i]);
        at += 1 + word.len;
    }
    buf_puts(out, "\n");
}

static void put_members(struct buf *out, const struct outline *node, int depth);

static void put_below(struct buf *out, const struct outline *node, int depth)
{
    AUTO_BUF(line, TEXT_BYTES_MAX);
    put_flow(&line, node);
    bool is_short = !line.has_overflowed &&
                    line.len + (size_t)depth * 2 + node->key.len + 2 <= LINE_BYTES_MAX;
    bool is_flow = node->kind == OUTLINE_SCALAR || !node->count ||
                   (!node->is_block && is_short && !has_notes(node));
    if (node->kind == OUTLINE_SCALAR && !node->is_raw && is_url(node->text))
        buf_printf(out, " %.*s\n", STR_ARG(node->text));
    else if (is_flow) {
        buf_printf(out, " %.*s\n", STR_ARG(buf_str(&line)));
        out->has_overflowed |= line.has_overflowed;
    } else {
        buf_puts(out, "\n");
        put_members(out, node, depth + 1);
    }
}

/* "- {a: 1}" of an element. */
static void put_element(struct buf *out, const struct outline *node, int depth)
{
    for (size_t i = 0; i < node->note_count; i++)
        put_note(out, node->notes[i], depth);
    put_indent(out, depth);
    buf_puts(out, "- ");
    put_flow(out, node);
    buf_puts(out, "\n");
}

/* The notes of an empty map have no lines of its own to stand above. */
static void put_member(struct buf *out, const struct outline *node, int depth)
{
    for (size_t i = 0; !node->count && i < node->note_count; i++)
        put_note(out, node->notes[i], depth);
    put_indent(out, depth);
    put_text(out, node->key, false);
    buf_puts(out, ":");
    put_below(out, node, depth);
}

/* Where a key is in the reference; behind all of them where it is not. */
static size_t rank(struct str key)
{
    size_t i = 0;
    while (definition_keys.list[i].name && !str_is(key, definition_keys.list[i].name))
        i++;
    return i;
}

/* Definitions read best from the address to the table: so the reference is ordered. */
static bool is_before(const struct outline *a, const struct outline *b)
{
    static const char *const first[] = {"source", "base_url", "path", "url"}, *const last =
                                                                                  "streams";
    for (size_t i = 0; i < COUNT_OF(first); i++)
        if (str_is(a->key, first[i]) != str_is(b->key, first[i]))
            return str_is(a->key, first[i]);
    if (str_is(a->key, last) != str_is(b->key, last))
        return str_is(b->key, last);
    return rank(a->key) < rank(b->key);
}

static void sort_members(struct outline *map)
{
    for (size_t i = 1; i < map->count; i++) {
        struct outline *node = map->items[i];
        size_t at = i;
        for (; at && is_before(node, map->items[at - 1]); at--)
            map->items[at] = map->items[at - 1];
        map->items[at] = node;
    }
}

static void put_members(struct buf *out, const struct outline *node, int depth)
{
    for (size_t i = 0; i < node->note_count; i++)
        put_note(out, node->notes[i], depth);
    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == OUTLINE_LIST)
            put_element(out, node->items[i], depth);
        else
            put_member(out, node->items[i], depth);
    }
}

static void make_block(struct outline *node)
{
    if (!node)
        return;
    sort_members(node);
    node->is_block = true;
}

void outline_write(struct outline *root, struct buf *out)
{
    struct outline *streams = outline_find(root, "streams");
    make_block(root);
    make_block(outline_find(root, "defaults"));
    for (size_t i = 0; i < outline_count(streams); i++)
        make_block(streams->items[i]);
    if (streams)
        streams->is_block = true;
    put_members(out, root, 0);
}
