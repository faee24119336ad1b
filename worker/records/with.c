#include "worker/records/with.h"

#include <assert.h>

#include "base/json_out.h"
#include "core/value.h"
#include "worker/records/jsontext.h"

static const struct str null_text = STR_INIT("null");

static struct record_field field_from_value(struct arena *arena, struct value value)
{
    AUTO_BUF(text, SIZE_MAX / 2);
    value_format(&text, value);
    struct record_field field = jsontext_field(STR_NONE, arena_str(arena, buf_str(&text)));
    if (str_find(field.raw, STR("\\u0000")) >= 0)
        field.flaw = FLAW_NUL;
    return field;
}

static void add_field(struct with *with, struct str name, struct record_field field,
                      const struct with_field *path)
{
    assert(with->count < with->merge->with_count);
    field.name = name;
    with->paths[with->count] = path;
    with->path_count += path != NULL;
    with->follows_record |= path && path->anchor == WITH_RECORD;
    with->fields[with->count++] = field;
}

bool with_start(struct with *with, const struct expr_scope *scope, struct err *err)
{
    size_t count = with->merge->with_count;
    with->fields = ARENA_ARRAY(with->arena, struct record_field, count);
    with->paths = ARENA_ARRAY(with->arena, const struct with_field *, count);
    with->read_in = ARENA_ARRAY(with->arena, struct str, count);
    with->met = ARENA_ARRAY(with->arena, bool, count);
    for (size_t i = 0; i < count; i++) {
        const struct with_field *field = &with->merge->with[i];
        struct value value;
        if (field->is_path) {
            add_field(with, field->name, jsontext_field(STR_NONE, null_text), field);
            continue;
        }
        with->met[i] = true;
        if (!template_fill(&field->template, scope, true, with->arena, &value, err))
            return err_wrap(err, "with.%.*s", STR_ARG(field->name));
        if (value.kind != VALUE_OMIT)
            add_field(with, field->name, field_from_value(with->arena, value), NULL);
    }
    return true;
}

void with_watch(const struct with *with, struct records *records)
{
    for (size_t i = 0; i < with->count; i++) {
        const struct with_field *path = with->paths[i];
        if (path && path->anchor != WITH_RECORD && !path->wants_key)
            records_watch(records, path->anchor);
    }
}

/* What the path is read in; a member's name where it wants that. */
static struct str text_of(const struct with_field *path, const struct records *records,
                          const struct record *record)
{
    if (path->wants_key)
        return records_member(records, (size_t)path->anchor);
    return path->anchor == WITH_RECORD ? record->raw : records_element(records, path->anchor);
}

/* Null where there is no value. */
static struct record_field read_path(const struct with *with, const struct with_field *path,
                                     struct str text)
{
    struct record_field field;
    if (path->wants_key)
        return record_field_of(with->arena, text);
    if (!jsontext_find(with->arena, text, &path->path, path->from, &field))
        return jsontext_field(STR_NONE, null_text);
    return record_field_of(with->arena, field.raw);
}

/* An element around many records is read once: reading it takes as long as it is large. */
static bool update_path(struct with *with, size_t i, struct str text)
{
    bool is_same = text.ptr == with->read_in[i].ptr && text.len == with->read_in[i].len;
    is_same &= with->paths[i]->anchor != WITH_RECORD; /* which may be written in one place */
    struct str name = with->fields[i].name;
    if (is_same)
        return false;
    with->read_in[i] = text;
    with->fields[i] = read_path(with, with->paths[i], text);
    with->met[with->paths[i] - with->merge->with] |= with->fields[i].raw.ptr != null_text.ptr;
    with->fields[i].name = name;
    return true;
}

bool with_update(struct with *with, const struct records *records, const struct record *record)
{
    size_t place = records_place(records);
    bool has_changed = false;
    if (!with->path_count || (!with->follows_record && with->place == place))
        return false;
    with->place = place;
    with->has_moved = false;
    for (size_t i = 0; i < with->count; i++)
        if (with->paths[i] && update_path(with, i, text_of(with->paths[i], records, record))) {
            has_changed = true;
            with->has_moved |= with->paths[i]->anchor != WITH_RECORD;
        }
    return has_changed;
}

struct str with_format(const struct with *with)
{
    AUTO_BUF(text, SIZE_MAX / 2);
    struct json_out out = {.buf = &text};
    size_t kept = 0;
    json_out_open(&out, NULL, '{');
    for (size_t i = 0; i < with->count; i++) {
        const struct record_field *field = &with->fields[i];
        if (field->flaw || (with->paths[i] && with->paths[i]->anchor == WITH_RECORD))
            continue;
        json_out_name(&out, field->name);
        json_out_raw(&out, NULL, field->raw);
        kept++;
    }
    json_out_close(&out, '}');
    return kept ? arena_str(with->arena, buf_str(&text)) : STR_NONE;
}

/* --- parents --- */

void parents_open(struct parents *parents, const struct merge *merge, struct str body,
                  struct arena *arena)
{
    struct err none = ERR_INIT;
    *parents = (struct parents){.with = {.merge = merge, .arena = arena}};
    if (!merge || !with_start(&parents->with, NULL, &none))
        return;
    parents->records = records_start(arena, body, &merge->path);
    with_watch(&parents->with, parents->records);
}

static bool read_one(struct parents *parents)
{
    struct err ignored = ERR_INIT;
    if (records_next(parents->records, &parents->record, &ignored) == RECORDS_ONE)
        return true;
    parents->records = NULL;
    return false;
}

bool parents_next(struct parents *parents, const char *place)
{
    if (!parents->records)
        return false;
    if (!parents->is_waiting && !read_one(parents))
        return false;
    parents->is_waiting = place && parents->record.raw.ptr >= place;
    if (parents->is_waiting)
        return false;
    (void)!with_update(&parents->with, parents->records, &parents->record);
    return true;
}
