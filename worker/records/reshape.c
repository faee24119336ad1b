#include "worker/records/reshape.h"

#include "worker/records/fields.h"
#include "worker/records/jsontext.h"

void reshape_start(struct reshape *reshape, const struct merge *merge, struct arena *arena)
{
    *reshape = (struct reshape){.merge = merge};
    scan_init(&reshape->scan, arena, STR_NONE);
    reshape->flattened = ARENA_ARRAY(arena, struct fields, merge->flatten_count);
    reshape->met_flatten = ARENA_ARRAY(arena, bool, merge->flatten_count);
    reshape->met_exclude = ARENA_ARRAY(arena, bool, merge->exclude_count);
    for (size_t i = 0; i < merge->flatten_count; i++)
        reshape->flattened[i].arena = arena;
}

/* --- flatten --- */

/* `others`: how many fields do not come from this object. Of its own equal names the last
 * counts. */
static bool lift_member(struct fields *fields, size_t others, struct str object,
                        struct record_field member)
{
    size_t count = fields->count;
    struct record_field *field = fields_put(fields, member.name);
    bool is_taken = field && fields->count == count && field < fields->list + others;
    if (is_taken) {
        member.name =
            arena_printf(fields->arena, "%.*s.%.*s", STR_ARG(object), STR_ARG(member.name));
        field = fields_put(fields, member.name);
    }
    if (field)
        *field = member;
    return field;
}

static void lift_members(struct reshape *reshape, struct fields *fields,
                         const struct record_field *object, struct record *record)
{
    struct scan *scan = &reshape->scan;
    size_t others = fields->count;
    scan->start = scan->at = object->raw.ptr;
    scan->end = scan->start + object->raw.len;
    scan->bad_byte = NULL;
    for (bool more = scan_first(scan, '}'); more; more = scan_more(scan, '}')) {
        struct record_field member;
        enum record_flaw flaw;
        if (!record_read_member(scan, 0, &member, &flaw))
            return;
        if (!flaw && !lift_member(fields, others, object->name, member))
            flaw = FLAW_TOO_WIDE;
        if (flaw && !record->flaw)
            record->flaw = flaw;
    }
}

static void flatten(struct reshape *reshape, struct fields *fields,
                    const struct record_field *object, struct record *record)
{
    fields_begin(fields);
    for (size_t i = 0; i < record->count; i++) {
        if (&record->fields[i] == object)
            continue;
        struct record_field *field = fields_put(fields, record->fields[i].name);
        if (field)
            *field = record->fields[i];
    }
    lift_members(reshape, fields, object, record);
    record->fields = fields->list;
    record->count = fields->count;
    record->is_reshaped = true;
}

void reshape_flatten(struct reshape *reshape, struct record *record)
{
    const struct merge *merge = reshape->merge;
    for (size_t i = 0; i < merge->flatten_count; i++) {
        const struct record_field *object = record_find(record, merge->flatten[i]);
        reshape->met_flatten[i] |= object != NULL;
        if (object && object->kind == RECORD_OBJECT && object->flaw != FLAW_TOO_DEEP)
            flatten(reshape, &reshape->flattened[i], object, record);
    }
}

/* --- exclude --- */

static bool is_excluded(struct reshape *reshape, struct str name)
{
    const struct merge *merge = reshape->merge;
    for (size_t i = 0; i < merge->exclude_count; i++)
        if (str_eq(merge->exclude[i], name)) {
            reshape->met_exclude[i] = true;
            return true;
        }
    return false;
}

void reshape_exclude(struct reshape *reshape, struct record *record)
{
    size_t count = 0;
    if (!reshape->merge->exclude_count || record->kind != RECORD_OBJECT)
        return;
    for (size_t i = 0; i < record->count; i++) {
        if (is_excluded(reshape, record->fields[i].name))
            continue;
        ARENA_GROW(reshape->scan.arena, reshape->kept, count, reshape->kept_capacity);
        reshape->kept[count++] = record->fields[i];
    }
    record->is_reshaped |= count < record->count;
    record->fields = reshape->kept;
    record->count = count;
}

bool reshape_find(struct arena *arena, const struct record *record, const struct path *path,
                  struct record_field *ret_field)
{
    if (path->count == 0 || path->steps[0].kind != PATH_KEY)
        return jsontext_find(arena, record->raw, path, 0, ret_field);
    const struct record_field *top = record_find(record, path->steps[0].key);
    if (!top && record->is_reshaped) {
        if (!jsontext_find(arena, record->raw, path, 0, ret_field))
            return false;
        *ret_field = record_field_of(arena, ret_field->raw);
        return true;
    }
    if (!top || !jsontext_find(arena, top->raw, path, 1, ret_field))
        return false;
    ret_field->flaw = top->flaw;
    return true;
}
