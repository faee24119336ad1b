#include "worker/records/named.h"

#include <assert.h>

#include "base/bytes.h"
#include "base/json_out.h"
#include "port/hash.h"

enum {
    TEXT_BYTES_MAX = 512, /* of all names, for people and for the next page */
    NAME_BYTES_MAX = 64 << 10,
};

/* --- names --- */

static uint32_t *slot_of(const struct field_names *names, struct str name)
{
    return name_index_slot(&names->index, names->items, sizeof *names->items, name);
}

static bool is_taken(const struct field_names *names, struct str name)
{
    return names->count && *slot_of(names, name);
}

static void add(struct field_names *names, struct field_name name)
{
    ARENA_GROW(names->arena, names->items, names->count, names->capacity);
    names->items[names->count++] = name;
    if (2 * names->count > names->index.slot_count)
        name_index_build(&names->index, names->arena, names->items, sizeof *names->items,
                         names->count, 2 * names->count);
    else
        *slot_of(names, name.name) = (uint32_t)names->count;
}

/* With bytes behind it that may be read: bytes_copy_few. */
static struct str key_of(struct arena *arena, struct str name)
{
    static const char behind[BYTES_SLACK];
    AUTO_BUF(key, SIZE_MAX / 2);
    json_out_quote(&key, name);
    buf_put_byte(&key, ':');
    size_t len = key.len;
    buf_put(&key, (struct str){behind, sizeof behind});
    return str_slice(arena_str(arena, buf_str(&key)), 0, len);
}

bool names_put(struct field_names *names, struct str name, struct str *ret_problem)
{
    struct arena *arena = names->arena;
    name =
        name.len ? arena_str(arena, name) : arena_printf(arena, "column_%zu", names->count + 1);
    struct str shown = str_slice(name, 0, 100);
    if (!str_is_utf8(name) || name.len > NAME_BYTES_MAX)
        *ret_problem =
            arena_printf(arena, "name %zu is no UTF-8, or too long", names->count + 1);
    else if (is_taken(names, name))
        *ret_problem =
            arena_printf(arena, "the name \"%.*s\" stands there twice", STR_ARG(shown));
    else if (names->count == RECORDS_FIELDS_MAX)
        *ret_problem = arena_printf(arena, "more than %d names", RECORDS_FIELDS_MAX);
    else {
        add(names, (struct field_name){name, key_of(arena, name)});
        return true;
    }
    return false;
}

/* --- what the definition reads by name --- */

static bool is_added(const struct merge *merge, struct str name)
{
    for (size_t i = 0; i < merge->with_count; i++)
        if (str_eq(merge->with[i].name, name))
            return true;
    return false;
}

/* The field that the path leads into; empty: it leads to none, or to what `with` adds. */
static struct str field_at(const struct merge *merge, const struct path *path)
{
    if (!path->count || path->steps[0].kind != PATH_KEY)
        return STR_NONE;
    struct str name = path->steps[0].key;
    return path->count == 1 && is_added(merge, name) ? STR_NONE : name;
}

struct wanted {
    const struct field_names *names;
    struct str missing; /* the first */
    bool is_any;
};

static void want(struct wanted *wanted, struct str field, const char *what)
{
    wanted->is_any |= field.len > 0;
    if (!field.len || wanted->missing.len || is_taken(wanted->names, field))
        return;
    wanted->missing = arena_printf(wanted->names->arena, "\"%.*s\" (%s)",
                                   STR_ARG(str_slice(field, 0, 100)), what);
}

struct str names_missing(const struct field_names *names, const struct stream *stream,
                         bool *ret_is_any)
{
    const struct table *table = &stream->table;
    const struct merge *merge = &stream->merge;
    struct wanted wanted = {.names = names};
    for (size_t i = 0; i < table->key_count; i++)
        if (!table_find_declared(table, table->key[i]) && !is_added(merge, table->key[i]))
            want(&wanted, table->key[i], "key");
    for (size_t i = 0; i < table->declared_count; i++)
        want(&wanted, field_at(merge, &table->declared[i].path), "columns");
    if (stream->bookmark.is_set && stream->bookmark.from_response.kind == LOCATOR_NONE)
        want(&wanted, field_at(merge, &stream->bookmark.path), "bookmark");
    *ret_is_any = wanted.is_any;
    return wanted.missing;
}

struct str names_text(const struct field_names *names)
{
    AUTO_BUF(all, SIZE_MAX / 2);
    for (size_t i = 0; i < names->count; i++)
        buf_printf(&all, "%s%.*s", i ? ", " : "", STR_ARG(names->items[i].name));
    struct str text = buf_str(&all);
    if (text.len <= TEXT_BYTES_MAX)
        return arena_str(names->arena, text);
    struct str head = str_slice(text, 0, TEXT_BYTES_MAX);
    while (head.len && !str_is_utf8(head))
        head.len--;
    return arena_printf(names->arena, "%.*s … (%zu names, %016llx)", STR_ARG(head),
                        names->count, (unsigned long long)hash_bytes(text, 0));
}

/* --- a record --- */

void names_begin(struct field_names *names)
{
    struct arena *arena = names->arena;
    if (!names->fields) {
        names->fields = ARENA_ARRAY(arena, struct record_field, MAX(names->count, 1));
        names->starts = ARENA_ARRAY(arena, size_t, MAX(names->count, 1));
        names->texts[0].arena = names->texts[1].arena = arena;
    }
    names->written = 0;
    names_text_buf(names)->len = 0;
}

void names_end(struct field_names *names, struct record *ret_record)
{
    struct arena_buf *text = names_text_buf(names);
    arena_buf_put(text, names->written ? STR("}") : STR("{}"));
    for (size_t i = 0; i < names->written; i++)
        names->fields[i].raw.ptr = text->ptr + names->starts[i];
    *ret_record = (struct record){
        .kind = RECORD_OBJECT,
        .raw = {text->ptr, text->len},
        .fields = names->fields,
        .count = names->written,
    };
    names->turn ^= 1;
}

/* --- arrays --- */

bool naming_put(struct naming *naming, const struct record_field *field, struct err *err)
{
    struct arena *arena = naming->names.arena;
    struct str problem, name = field->kind == RECORD_NULL ? STR_NONE : field->raw;
    if (field->kind == RECORD_STRING)
        name = record_decode(arena, field);
    if (field->kind > RECORD_STRING)
        return err_set(err, ERR_INPUT, "names", 0, "shape.names: name %zu is %s: %.*s",
                       naming->names.count + 1,
                       field->kind == RECORD_LIST ? "a list" : "an object",
                       STR_ARG(str_slice(field->raw, 0, 100)));
    return names_put(&naming->names, name, &problem) ||
           err_set(err, ERR_INPUT, "names", 0, "shape.names: %.*s", STR_ARG(problem));
}

bool naming_open(struct naming *naming, struct arena *arena, const struct record_names *how,
                 struct err *err)
{
    struct str problem;
    *naming = (struct naming){.how = how, .names = {.arena = arena}};
    scan_init(&naming->scan, arena, STR_NONE);
    naming->is_ready = how->place != NAMES_FIRST;
    for (size_t i = 0; i < how->count; i++)
        if (!names_put(&naming->names, how->list[i], &problem))
            return err_set(err, ERR_INPUT, "names", 0, "shape.names: %.*s", STR_ARG(problem));
    return true;
}

/* At the first element of the array, if it has one. */
static bool enter(struct naming *naming, struct str array)
{
    struct scan *scan = &naming->scan;
    scan->start = scan->at = array.ptr;
    scan->end = array.ptr + array.len;
    scan->bad_byte = NULL;
    return scan_first(scan, ']');
}

bool naming_take_first(struct naming *naming, const struct record *record, struct err *err)
{
    struct record_field field = {.name = STR_NONE};
    naming->is_ready = true;
    if (record->kind != RECORD_LIST)
        return err_set(err, ERR_INPUT, "names", 0,
                       "shape.names: the first record is no list of names: %.*s",
                       STR_ARG(str_slice(record->raw, 0, 100)));
    for (bool more = enter(naming, record->raw); more; more = scan_more(&naming->scan, ']'))
        if (!record_read_value(&naming->scan, 1, &field) || !naming_put(naming, &field, err))
            return false;
    return true;
}

static void refuse(struct record *record, struct str problem)
{
    *record = (struct record){.raw = record->raw,
                              .sent = record->sent,
                              .position = record->position,
                              .problem = problem};
}

static void say_longer(const struct naming *naming, struct record *record)
{
    refuse(record, arena_printf(naming->names.arena,
                                "a list of more than %zu values, as many as there "
                                "are names (shape.names)",
                                naming->names.count));
}

void naming_apply(struct naming *naming, struct record *record)
{
    struct field_names *names = &naming->names;
    struct record_field field = {.name = STR_NONE};
    struct record named;
    if (record->problem.len)
        return;
    if (record->kind != RECORD_LIST) {
        refuse(record, STR("no list, where `shape.names` gives names to the values of one"));
        return;
    }
    names_begin(names);
    for (bool more = enter(naming, record->raw); more; more = scan_more(&naming->scan, ']')) {
        if (!record_read_value(&naming->scan, 1, &field))
            return;
        if (names->written == names->count) {
            say_longer(naming, record);
            return;
        }
        memcpy(names_room(names, field.raw.len), field.raw.ptr, field.raw.len);
        struct record_field *named_field = names_wrote(names, field.raw.len, field.kind);
        named_field->flaw = field.flaw;
        named_field->has_escapes = field.has_escapes;
    }
    names_end(names, &named);
    named.sent = record->sent;
    named.position = record->position;
    named.flaw = record->flaw == FLAW_TOO_DEEP ? FLAW_TOO_DEEP : FLAW_NONE;
    *record = named;
}
