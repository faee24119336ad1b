#include "worker/records/jsontext.h"

#include <assert.h>

#include "core/scan.h"

/*
 * Why there is a second walker beside core/scan: scan reads what a server sent and trusts no
 * byte of it, so it checks the grammar, UTF-8 and the depth. The text here has passed it
 * already. A value can then be skipped by its quotes and brackets alone: memchr finds the end
 * of a string, and a number ends where something else begins. That is several times faster,
 * and it is on the path of every record that has a jsonb column, a deep column or a bookmark.
 *
 * The price is that a text which scan has not passed may lead past its end. Callers give slices
 * of a body that records_next returned, or texts that this program wrote.
 *
 * jsontext_put_sorted writes a value in one pass. An object is first written in the order that
 * it came in; the key and the span of each member go on the stack `members`. If at its closing
 * brace the keys were not in jsonb's order, or one came twice, its bytes are copied to
 * `scratch` and written again member by member. Inner objects are done before the one around
 * them:
 *
 *     { "b": {"y":1, "x":2}, "aa": 3, "b": 4 }
 *     {"b":{"y":1,"x":2          members: b  y x      the inner object ends: reorder
 *     {"b":{"x":2,"y":1},"aa":3,"b":4     members: b aa b      reorder: the last b counts
 *     {"b":4,"aa":3}
 *
 * Objects in objects would have their bytes moved once for each level. So a value may move
 * MOVES_MAX times its own length in this way. From then on an object out of order is only
 * noted, as a `patch`: its place, and those of its members in jsonb's order. At the end of the
 * value its text is written anew by the patches, each byte once.
 */
enum { MOVES_MAX = 4 };

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* From the opening quote to after the closing one. */
static const char *skip_string(const char *at, const char *end)
{
    const char *from = at + 1;
    for (;;) {
        const char *quote = memchr(from, '"', (size_t)(end - from));
        size_t slashes = 0;
        assert(quote);
        while (quote - slashes > at + 1 && quote[-1 - (ptrdiff_t)slashes] == '\\')
            slashes++;
        if (slashes % 2 == 0)
            return quote + 1;
        from = quote + 1;
    }
}

static bool ends_scalar(char c)
{
    return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' ||
           c == '\t' || c == ':';
}

static const char *skip_scalar(const char *at, const char *end)
{
    while (at < end && !ends_scalar(*at))
        at++;
    return at;
}

static const char *skip_value(const char *at, const char *end)
{
    size_t depth = 0;
    do {
        if (*at == '"')
            at = skip_string(at, end);
        else if (*at == '{' || *at == '[')
            depth++, at++;
        else if (*at == '}' || *at == ']')
            depth--, at++;
        else if (depth && ends_scalar(*at))
            at++;
        else
            at = skip_scalar(at, end);
    } while (depth);
    return at;
}

struct record_field jsontext_field(struct str name, struct str raw)
{
    struct record_field field = {.name = name, .kind = record_kind_of(raw.ptr[0]), .raw = raw};
    field.has_escapes = field.kind == RECORD_STRING && str_find_byte(raw, '\\') >= 0;
    return field;
}

/* One element of a list or member of an object. */
struct element {
    struct str key; /* without quotes, not decoded; empty in a list */
    struct str value;
};

/* Moves *at past the element. False: there is none before the closing byte. */
static bool next_element(const char **at, const char *end, bool is_object,
                         struct element *ret_element)
{
    const char *here = skip_space(*at, end);
    if (*here == ',')
        here = skip_space(here + 1, end);
    if (*here == '}' || *here == ']')
        return false;
    *ret_element = (struct element){0};
    if (is_object) {
        const char *after = skip_string(here, end);
        ret_element->key = (struct str){here + 1, (size_t)(after - here) - 2};
        here = skip_space(skip_space(after, end) + 1, end);
    }
    *at = skip_value(here, end);
    ret_element->value = (struct str){here, (size_t)(*at - here)};
    return true;
}

static struct str decoded(struct arena *arena, struct str inner)
{
    if (str_find_byte(inner, '\\') < 0)
        return inner;
    char *text = arena_alloc(arena, inner.len + 1);
    return (struct str){text, scan_decode(inner, text)};
}

static bool find_member(struct arena *arena, struct str raw, struct str key,
                        struct str *ret_value)
{
    const char *at = raw.ptr + 1, *end = raw.ptr + raw.len;
    struct element element;
    bool found = false;
    while (next_element(&at, end, true, &element)) {
        if (!str_eq(decoded(arena, element.key), key))
            continue;
        *ret_value = element.value;
        found = true;
    }
    return found;
}

static bool find_index(struct str raw, int64_t index, struct str *ret_value)
{
    struct element element;
    const char *end = raw.ptr + raw.len, *at = raw.ptr + 1;
    if (index < 0)
        while (next_element(&at, end, false, &element))
            index++;
    if (index < 0)
        return false;
    at = raw.ptr + 1;
    while (next_element(&at, end, false, &element))
        if (index-- == 0) {
            *ret_value = element.value;
            return true;
        }
    return false;
}

static bool element_matches(struct arena *arena, struct str raw, const struct path_step *step)
{
    struct str value;
    if (raw.ptr[0] != '{' || !find_member(arena, raw, step->key, &value))
        return false;
    if (value.ptr[0] == '"')
        value = decoded(arena, str_slice(value, 1, value.len - 1));
    return str_eq(value, step->text);
}

static bool find_filtered(struct arena *arena, struct str raw, const struct path_step *step,
                          struct str *ret_value)
{
    const char *at = raw.ptr + 1, *end = raw.ptr + raw.len;
    struct element element;
    while (next_element(&at, end, false, &element))
        if (element_matches(arena, element.value, step)) {
            *ret_value = element.value;
            return true;
        }
    return false;
}

static bool find_step(struct arena *arena, struct str raw, const struct path_step *step,
                      struct str *ret_value)
{
    bool is_list = raw.ptr[0] == '[';
    int64_t index;
    switch (step->kind) {
    case PATH_KEY:
        if (raw.ptr[0] == '{')
            return find_member(arena, raw, step->key, ret_value);
        return is_list && str_to_int64(step->key, &index) && index >= 0 &&
               find_index(raw, index, ret_value);
    case PATH_INDEX:
        return is_list && find_index(raw, step->index, ret_value);
    case PATH_FILTER:
        return is_list && find_filtered(arena, raw, step, ret_value);
    case PATH_EACH:
    case PATH_MEMBER:
        break;
    }
    return false;
}

bool jsontext_find(struct arena *arena, struct str raw, const struct path *path,
                   size_t from_step, struct record_field *ret_field)
{
    for (size_t i = from_step; i < path->count; i++)
        if (!find_step(arena, raw, &path->steps[i], &raw))
            return false;
    *ret_field = jsontext_field(STR_NONE, raw);
    return true;
}

struct jsontext_member {
    struct str key;    /* decoded */
    uint32_t from, to; /* of `"key":value`, from the start of the value's text */
};

struct jsontext_span {
    uint32_t from, to; /* from the start of the value's text */
};

/* An object that is out of order in the text written so far. */
struct jsontext_patch {
    struct jsontext_span span;
    size_t first, count; /* of its members among the sorter's spans, in jsonb's order */
};

/* Where a value is being written, and what is left to read. */
struct jsontext_sorting {
    struct jsontext_sorter *sorter;
    char *start, *to;
    const char *at, *end;
    size_t bytes;      /* of the value as it came; it becomes no longer */
    size_t moves_left; /* bytes that may still be moved at once */
};

static void sort_value(struct jsontext_sorting *sorting);

static void copy_until(struct jsontext_sorting *sorting, const char *end)
{
    size_t len = (size_t)(end - sorting->at);
    memcpy(sorting->to, sorting->at, len);
    sorting->to += len;
    sorting->at = end;
}

static void sort_list(struct jsontext_sorting *sorting)
{
    *sorting->to++ = '[';
    sorting->at = skip_space(sorting->at + 1, sorting->end);
    while (*sorting->at != ']') {
        if (*sorting->at == ',') {
            *sorting->to++ = ',';
            sorting->at = skip_space(sorting->at + 1, sorting->end);
        }
        sort_value(sorting);
        sorting->at = skip_space(sorting->at, sorting->end);
    }
    *sorting->to++ = ']';
    sorting->at++;
}

/* jsonb's order of keys; equal ones stay in the order that they came in. */
static int compare_members(const void *left, const void *right)
{
    const struct jsontext_member *a = left, *b = right;
    if (a->key.len != b->key.len)
        return a->key.len < b->key.len ? -1 : 1;
    int order = a->key.len ? memcmp(a->key.ptr, b->key.ptr, a->key.len) : 0;
    return order ? order : (a->from > b->from) - (a->from < b->from);
}

/* For any part of the value under way: what is given up for more stays in the arena. */
static char *scratch_room(const struct jsontext_sorting *sorting)
{
    struct jsontext_sorter *sorter = sorting->sorter;
    if (sorter->scratch_bytes < sorting->bytes) {
        sorter->scratch_bytes = MAX(sorting->bytes, sorter->scratch_bytes * 2);
        sorter->scratch = arena_alloc(sorter->arena, sorter->scratch_bytes);
    }
    return sorter->scratch;
}

/* Few members, as most objects have, are sorted quicker in place. */
static void sort_members(struct jsontext_member *members, size_t count)
{
    enum { FEW = 16 };
    if (count > FEW) {
        qsort(members, count, sizeof *members, compare_members);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct jsontext_member member = members[i];
        size_t at = i;
        for (; at > 0 && compare_members(&members[at - 1], &member) > 0; at--)
            members[at] = members[at - 1];
        members[at] = member;
    }
}

/* The members in jsonb's order, each key once; returns how many are left. */
static size_t order_members(struct jsontext_member *members, size_t count)
{
    size_t kept = 0;
    sort_members(members, count);
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || !str_eq(members[i].key, members[i + 1].key))
            members[kept++] = members[i];
    return kept;
}

/* Rewrites the object that begins at `start` with its members sorted. */
static void reorder(struct jsontext_sorting *sorting, size_t base, char *start)
{
    struct jsontext_sorter *sorter = sorting->sorter;
    const struct jsontext_member *members = sorter->members + base;
    size_t len = (size_t)(sorting->to - start), offset = (size_t)(start - sorting->start);
    size_t count = order_members(sorter->members + base, sorter->count - base);
    char *scratch = scratch_room(sorting), *to = start + 1;
    memcpy(scratch, start, len);
    for (size_t i = 0; i < count; i++) {
        size_t bytes = members[i].to - members[i].from;
        if (i)
            *to++ = ',';
        memcpy(to, scratch + (members[i].from - offset), bytes);
        to += bytes;
    }
    *to++ = '}';
    sorting->to = to;
    sorting->moves_left -= len;
}

static void note_patch(struct jsontext_sorting *sorting, size_t base, const char *start)
{
    struct jsontext_sorter *sorter = sorting->sorter;
    const struct jsontext_member *members = sorter->members + base;
    size_t count = order_members(sorter->members + base, sorter->count - base);
    struct jsontext_patch patch = {
        .span = {(uint32_t)(start - sorting->start), (uint32_t)(sorting->to - sorting->start)},
        .first = sorter->span_count,
        .count = count};
    for (size_t i = 0; i < count; i++) {
        ARENA_GROW(sorter->arena, sorter->spans, sorter->span_count, sorter->span_capacity);
        sorter->spans[sorter->span_count++] =
            (struct jsontext_span){members[i].from, members[i].to};
    }
    ARENA_GROW(sorter->arena, sorter->patches, sorter->patch_count, sorter->patch_capacity);
    sorter->patches[sorter->patch_count++] = patch;
    sorting->moves_left = 0; /* no text may move any more: it would leave its patches behind */
}

static void sort_member(struct jsontext_sorting *sorting)
{
    struct jsontext_sorter *sorter = sorting->sorter;
    const char *after = skip_string(sorting->at, sorting->end);
    struct str inner = {sorting->at + 1, (size_t)(after - sorting->at) - 2};
    struct jsontext_member member = {.key = decoded(sorter->arena, inner),
                                     .from = (uint32_t)(sorting->to - sorting->start)};
    copy_until(sorting, after);
    *sorting->to++ = ':';
    sorting->at = skip_space(sorting->at, sorting->end) + 1;
    sorting->at = skip_space(sorting->at, sorting->end);
    sort_value(sorting);
    member.to = (uint32_t)(sorting->to - sorting->start);
    ARENA_GROW(sorter->arena, sorter->members, sorter->count, sorter->capacity);
    sorter->members[sorter->count++] = member;
}

static void sort_object(struct jsontext_sorting *sorting)
{
    struct jsontext_sorter *sorter = sorting->sorter;
    size_t base = sorter->count;
    char *start = sorting->to;
    bool is_sorted = true;
    *sorting->to++ = '{';
    sorting->at = skip_space(sorting->at + 1, sorting->end);
    while (*sorting->at != '}') {
        if (*sorting->at == ',') {
            *sorting->to++ = ',';
            sorting->at = skip_space(sorting->at + 1, sorting->end);
        }
        sort_member(sorting);
        const struct jsontext_member *last = &sorter->members[sorter->count - 1];
        if (sorter->count - base > 1)
            is_sorted &=
                compare_members(last - 1, last) < 0 && !str_eq(last[-1].key, last->key);
        sorting->at = skip_space(sorting->at, sorting->end);
    }
    *sorting->to++ = '}';
    sorting->at++;
    if (!is_sorted && (size_t)(sorting->to - start) <= sorting->moves_left)
        reorder(sorting, base, start);
    else if (!is_sorted)
        note_patch(sorting, base, start);
    sorter->count = base;
}

static void sort_value(struct jsontext_sorting *sorting)
{
    switch (*sorting->at) {
    case '{':
        sort_object(sorting);
        return;
    case '[':
        sort_list(sorting);
        return;
    case '"':
        copy_until(sorting, skip_string(sorting->at, sorting->end));
        return;
    default:
        copy_until(sorting, skip_scalar(sorting->at, sorting->end));
    }
}

/* --- patches --- */

static int compare_patches(const void *left, const void *right)
{
    const struct jsontext_patch *a = left, *b = right;
    return (a->span.from > b->span.from) - (a->span.from < b->span.from);
}

/* The first patch at `from` or after it. */
static size_t find_patch(const struct jsontext_sorter *sorter, uint32_t from)
{
    size_t low = 0, high = sorter->patch_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorter->patches[middle].span.from < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void copy_span(struct jsontext_sorting *sorting, uint32_t from, uint32_t to)
{
    memcpy(sorting->to, sorting->sorter->scratch + from, to - from);
    sorting->to += to - from;
}

static void put_span(struct jsontext_sorting *sorting, struct jsontext_span span);

static void put_patch(struct jsontext_sorting *sorting, const struct jsontext_patch *patch)
{
    *sorting->to++ = '{';
    for (size_t i = 0; i < patch->count; i++) {
        if (i)
            *sorting->to++ = ',';
        put_span(sorting, sorting->sorter->spans[patch->first + i]);
    }
    *sorting->to++ = '}';
}

/* A part of the text by the patches in it. As deep as the value is. */
static void put_span(struct jsontext_sorting *sorting, struct jsontext_span span)
{
    const struct jsontext_sorter *sorter = sorting->sorter;
    size_t at = find_patch(sorter, span.from);
    while (at < sorter->patch_count && sorter->patches[at].span.from < span.to) {
        const struct jsontext_patch *patch = &sorter->patches[at];
        copy_span(sorting, span.from, patch->span.from);
        put_patch(sorting, patch);
        span.from = patch->span.to;
        at = find_patch(sorter, span.from);
    }
    copy_span(sorting, span.from, span.to);
}

static void put_by_patches(struct jsontext_sorting *sorting)
{
    struct jsontext_sorter *sorter = sorting->sorter;
    size_t len = (size_t)(sorting->to - sorting->start);
    qsort(sorter->patches, sorter->patch_count, sizeof *sorter->patches, compare_patches);
    memcpy(scratch_room(sorting), sorting->start, len);
    sorting->to = sorting->start;
    put_span(sorting, (struct jsontext_span){0, (uint32_t)len});
    sorter->patch_count = sorter->span_count = 0;
}

void jsontext_put_sorted(struct jsontext_sorter *sorter, struct buf *buf, struct str raw)
{
    char *room = buf_room(buf, raw.len);
    if (!room)
        return;
    struct jsontext_sorting sorting = {.sorter = sorter,
                                       .start = room,
                                       .to = room,
                                       .at = raw.ptr,
                                       .end = raw.ptr + raw.len,
                                       .bytes = raw.len,
                                       .moves_left = raw.len * MOVES_MAX};
    sort_value(&sorting);
    if (sorter->patch_count)
        put_by_patches(&sorting);
    assert(sorter->count == 0 && sorting.to <= room + raw.len);
    buf->len += (size_t)(sorting.to - room);
}
