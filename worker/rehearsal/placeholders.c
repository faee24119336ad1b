#include "worker/rehearsal/placeholders.h"

#include "base/ascii.h"
#include "base/redact.h"
#include "port/hash.h"
#include "worker/access/secrets.h"

enum { TEXT_BYTES_MAX = 64 << 20, LIST_MAX = 100, NAME_BYTES_MAX = 32 };

/* --- the uses of a definition --- */

static void on_use(void *ctx, const struct expr_use *use)
{
    struct placeholders *placeholders = ctx;
    if (!secrets_is_root(use->root) || !use->step_count)
        return;
    ARENA_GROW(placeholders->arena, placeholders->uses, placeholders->use_count,
               placeholders->use_capacity);
    struct placeholder_use *kept = &placeholders->uses[placeholders->use_count++];
    struct value *steps = ARENA_ARRAY(placeholders->arena, struct value, use->step_count);
    for (size_t i = 0; i < use->step_count; i++)
        steps[i] = value_copy(placeholders->arena, use->steps[i]);
    *kept = (struct placeholder_use){arena_str(placeholders->arena, use->root), steps,
                                     use->step_count};
}

/* --- the texts --- */

static void add(struct placeholders *placeholders, struct str name, struct str text)
{
    ARENA_GROW(placeholders->arena, placeholders->items, placeholders->count,
               placeholders->capacity);
    placeholders->items[placeholders->count++] = (struct placeholder){name, text};
}

static char word_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return ascii_is_letter(c) || ascii_is_digit(c) ? c : '-';
}

/* What is left of a secret is known by its first bytes: those of no other are the same. */
static struct value make(struct placeholders *placeholders, struct str name)
{
    uint64_t hash = hash_bytes(name, 0);
    struct str text =
        arena_printf(placeholders->arena, "%08x-%.*s", (unsigned)hash, STR_ARG(name));
    char *bytes = arena_cstr(placeholders->arena, text);
    for (size_t i = 0; i < text.len; i++)
        bytes[i] = word_of(bytes[i]);
    text.ptr = bytes;
    add(placeholders, name, text);
    return value_string(text);
}

/* Does the use go by these first steps? */
static bool is_below(const struct placeholder_use *use, const struct placeholder_use *above)
{
    bool is = str_eq(use->root, above->root) && use->step_count >= above->step_count;
    for (size_t i = 0; is && i < above->step_count; i++)
        is = value_same(use->steps[i], above->steps[i]);
    return is;
}

static struct value build(struct placeholders *placeholders, struct str name,
                          const struct placeholder_use *at);

static struct value build_list(struct placeholders *placeholders, struct str name,
                               const struct placeholder_use *at, size_t count)
{
    struct value_list *list = ARENA_NEW(placeholders->arena, struct value_list);
    *list = (struct value_list){.items = ARENA_ARRAY(placeholders->arena, struct value, count),
                                .count = count};
    for (size_t i = 0; i < count; i++) {
        struct value *steps =
            ARENA_ARRAY(placeholders->arena, struct value, at->step_count + 1);
        memcpy(steps, at->steps, at->step_count * sizeof *steps);
        steps[at->step_count] = value_int(placeholders->arena, (int64_t)i);
        struct placeholder_use item = {at->root, steps, at->step_count + 1};
        list->items[i] =
            build(placeholders, arena_printf(placeholders->arena, "%.*s.%zu", STR_ARG(name), i),
                  &item);
    }
    return value_from_list(list);
}

static struct value build_map(struct placeholders *placeholders, struct str name,
                              const struct placeholder_use *at)
{
    struct value_map *map = ARENA_NEW(placeholders->arena, struct value_map);
    struct value built = {.kind = VALUE_MAP, .map = map};
    map->members =
        ARENA_ARRAY(placeholders->arena, struct value_member, placeholders->use_count);
    for (size_t i = 0; i < placeholders->use_count; i++) {
        const struct placeholder_use *use = &placeholders->uses[i];
        if (!is_below(use, at) || use->step_count == at->step_count)
            continue;
        struct str key = use->steps[at->step_count].text;
        if (value_get(built, key).kind != VALUE_UNDEFINED)
            continue;
        const struct placeholder_use below = {use->root, use->steps, at->step_count + 1};
        map->members[map->count++] = (struct value_member){
            key,
            build(placeholders,
                  arena_printf(placeholders->arena, "%.*s.%.*s", STR_ARG(name), STR_ARG(key)),
                  &below)};
    }
    return built;
}

/* A text, unless the definition goes further: then what it goes into. */
static struct value build(struct placeholders *placeholders, struct str name,
                          const struct placeholder_use *at)
{
    size_t list_count = 0;
    bool has_names = false;
    for (size_t i = 0; i < placeholders->use_count; i++) {
        const struct placeholder_use *use = &placeholders->uses[i];
        int64_t index;
        if (!is_below(use, at) || use->step_count == at->step_count)
            continue;
        struct value step = use->steps[at->step_count];
        has_names |= step.kind == VALUE_STRING;
        if (step.kind == VALUE_NUMBER && value_count(step, &index))
            list_count = MAX(list_count, (size_t)MIN(index + 1, (int64_t)LIST_MAX));
    }
    if (has_names)
        return build_map(placeholders, name, at);
    return list_count ? build_list(placeholders, name, at, list_count)
                      : make(placeholders, name);
}

static struct value find(void *ctx, struct arena *arena, struct str name)
{
    struct placeholders *placeholders = ctx;
    struct value given = value_get(*placeholders->values, name);
    struct str root, key = str_split(arena_str(placeholders->arena, name), '.', &root);
    const struct value steps[] = {value_string(key)};
    const struct placeholder_use at = {root, steps, 1};
    (void)arena;
    if (given.kind == VALUE_STRING || given.kind == VALUE_NUMBER)
        add(placeholders, arena_str(placeholders->arena, name), given.text);
    return given.kind != VALUE_UNDEFINED
               ? given
               : build(placeholders, arena_str(placeholders->arena, name), &at);
}

/* Of all references, those of `auth` too: an answer may say them back. */
static void make_all(struct placeholders *placeholders)
{
    for (size_t i = 0; i < placeholders->use_count; i++) {
        const struct placeholder_use *use = &placeholders->uses[i];
        struct str name = arena_printf(placeholders->arena, "%.*s.%.*s", STR_ARG(use->root),
                                       STR_ARG(use->steps[0].text));
        find(placeholders, placeholders->arena, name);
    }
}

void placeholders_open(struct placeholders *placeholders, struct arena *arena,
                       const struct stream *stream, const struct value *values)
{
    *placeholders = (struct placeholders){.arena = arena, .values = values};
    secrets_each_use(stream, on_use, placeholders);
    make_all(placeholders);
    secrets_replace(find, placeholders);
}

void placeholders_close(void)
{
    secrets_replace(NULL, NULL);
}

/* The placeholder whose name in brackets the text begins with. */
static const struct placeholder *at_name(const struct placeholders *placeholders,
                                         struct str text)
{
    for (size_t i = 0; i < placeholders->count; i++) {
        const struct placeholder *item = &placeholders->items[i];
        struct str behind = str_slice(text, 1, text.len);
        if (str_starts(behind, item->name) && behind.len > item->name.len &&
            behind.ptr[item->name.len] == '>')
            return item;
    }
    return NULL;
}

static bool is_made_up(struct str name)
{
    struct str rest = str_slice(name, 7, name.len);
    return str_starts(name, STR("hidden-")) &&
           (str_is(rest, "token") || str_is(rest, "secret") ||
            str_count_digits(rest) == rest.len);
}

static void note_made_up(struct placeholders *placeholders, struct str name)
{
    for (size_t i = 0; i < placeholders->count; i++)
        if (str_eq(placeholders->items[i].name, name))
            return;
    struct str copy = arena_str(placeholders->arena, name);
    redact_add(copy, make(placeholders, copy).text);
}

static void note_names(struct placeholders *placeholders, struct str text)
{
    for (ptrdiff_t at; (at = str_find_byte(text, '<')) >= 0;) {
        text = str_slice(text, (size_t)at, text.len);
        ptrdiff_t end = str_find_byte(str_slice(text, 0, NAME_BYTES_MAX), '>');
        struct str name = str_slice(text, 1, end > 0 ? (size_t)end : 1);
        text = str_slice(text, 1, text.len);
        if (is_made_up(name))
            note_made_up(placeholders, name);
    }
}

void placeholders_note(struct placeholders *placeholders, const struct exchange *exchange)
{
    note_names(placeholders, exchange->answer_body);
    for (size_t i = 0; i < exchange->answer_header_count; i++)
        note_names(placeholders, exchange->answer_headers[i].value);
}

struct str placeholders_fill(const struct placeholders *placeholders, struct arena *arena,
                             struct str text)
{
    AUTO_BUF(filled, TEXT_BYTES_MAX);
    struct str rest = text;
    for (ptrdiff_t at; (at = str_find_byte(rest, '<')) >= 0;) {
        buf_put(&filled, str_slice(rest, 0, (size_t)at));
        rest = str_slice(rest, (size_t)at, rest.len);
        const struct placeholder *item = at_name(placeholders, rest);
        buf_put(&filled, item ? item->text : STR("<"));
        rest = str_slice(rest, item ? item->name.len + 2 : 1, rest.len);
    }
    buf_put(&filled, rest);
    return filled.has_overflowed ? text : arena_str(arena, buf_str(&filled));
}
