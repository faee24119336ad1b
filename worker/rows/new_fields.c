#include "worker/rows/new_fields.h"

#include "worker/rows/column_infer.h"

static struct new_field *append_field(struct new_fields *fields, struct str name)
{
    if (fields->count == fields->capacity)
        fields->index.slot_count = 0;
    ARENA_GROW(fields->arena, fields->items, fields->count, fields->capacity);
    struct new_field *item = &fields->items[fields->count++];
    *item = (struct new_field){.field = arena_str(fields->arena, name)};
    if (!fields->index.slot_count)
        name_index_build(&fields->index, fields->arena, fields->items, sizeof *fields->items,
                         fields->count, fields->capacity);
    else
        *name_index_slot(&fields->index, fields->items, sizeof *fields->items, name) =
            (uint32_t)fields->count;
    fields->expected = fields->count;
    return item;
}

/* NULL where there are too many. */
static struct new_field *find_field(struct new_fields *fields, struct str name)
{
    size_t expected = fields->expected < fields->count ? fields->expected : 0;
    if (expected < fields->count && str_eq(fields->items[expected].field, name)) {
        fields->expected = expected + 1;
        return &fields->items[expected];
    }
    uint32_t slot = fields->count ? *name_index_slot(&fields->index, fields->items,
                                                     sizeof *fields->items, name)
                                  : 0;
    if (!slot)
        return fields->count < NEW_FIELDS_MAX ? append_field(fields, name) : NULL;
    fields->expected = slot;
    return &fields->items[slot - 1];
}

void new_fields_add(struct new_fields *fields, const struct record_field *field)
{
    struct new_field *item = find_field(fields, field->name);
    if (item)
        item->kinds |= column_infer_kind(field);
}

void new_fields_add_wider(struct new_fields *fields, const struct record_field *field)
{
    struct new_field *item = find_field(fields, field->name);
    if (!item)
        return;
    item->kinds |= COLUMN_INFER_WIDER;
    item->is_wider = true;
}

bool new_fields_type(const struct new_field *field, enum column_type *ret_type)
{
    return column_infer_type(field->kinds, ret_type);
}
