#include "worker/rows/new_fields.h"

#include "worker/rows/column_infer.h"
#include "worker/rows/column_name.h"

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

static unsigned kind_of(const struct new_fields *fields, const struct record_field *field)
{
    if (fields->has_texts_alone && field->kind == RECORD_STRING)
        return column_infer_kind_of_type(COLUMN_TEXT);
    return column_infer_kind(field);
}

void new_fields_add(struct new_fields *fields, const struct record_field *field)
{
    struct new_field *item = find_field(fields, field->name);
    if (item)
        item->kinds |= kind_of(fields, field);
}

void new_fields_add_wider(struct new_fields *fields, const struct record_field *field,
                          enum column_type type)
{
    struct new_field *item = find_field(fields, field->name);
    if (!item)
        return;
    item->kinds |= kind_of(fields, field) | column_infer_kind_of_type(type);
    item->is_wider = true;
}

/* --- order --- */

struct order {
    const struct new_fields *fields;
    size_t *positions, count;
    bool *is_placed;
    struct str *wanted; /* names whose exact fields are placed already */
    size_t wanted_count;
    struct name_index index; /* of these */
};

static void place(struct order *order, size_t position)
{
    if (order->is_placed[position])
        return;
    order->is_placed[position] = true;
    order->positions[order->count++] = position;
}

/* The field of that very name, if it will have a column; false if there is none. */
static bool place_exact(struct order *order, struct str name)
{
    const struct new_fields *fields = order->fields;
    enum column_type type;
    uint32_t slot =
        *name_index_slot(&fields->index, fields->items, sizeof *fields->items, name);
    if (!slot || !new_fields_type(&fields->items[slot - 1], &type))
        return false;
    place(order, slot - 1);
    return true;
}

static bool is_first_to_want(struct order *order, struct str wanted)
{
    uint32_t *slot =
        name_index_slot(&order->index, order->wanted, sizeof *order->wanted, wanted);
    if (*slot)
        return false;
    order->wanted[order->wanted_count++] = wanted;
    *slot = (uint32_t)order->wanted_count;
    return true;
}

/* Before a field that wants a name of its own making, those that have the name, or the number
 * that it would get. Once for each name: thousands of fields may want the same. */
static void place_exact_before(struct order *order, struct arena *arena, struct str wanted)
{
    struct str name = wanted;
    if (!is_first_to_want(order, wanted))
        return;
    for (int n = 2; place_exact(order, name); n++)
        name = arena_printf(arena, "%.*s_%d", STR_ARG(wanted), n);
}

size_t *new_fields_order(const struct new_fields *fields, struct arena *arena)
{
    size_t room = fields->count + 1;
    struct order order = {.fields = fields,
                          .positions = ARENA_ARRAY(arena, size_t, room),
                          .is_placed = ARENA_ARRAY(arena, bool, room),
                          .wanted = ARENA_ARRAY(arena, struct str, room)};
    name_index_build(&order.index, arena, order.wanted, sizeof *order.wanted, 0, room);
    for (size_t i = 0; i < fields->count; i++) {
        struct str wanted = column_name_for(arena, fields->items[i].field);
        if (!str_eq(wanted, fields->items[i].field))
            place_exact_before(&order, arena, wanted);
        place(&order, i);
    }
    return order.positions;
}

bool new_fields_type(const struct new_field *field, enum column_type *ret_type)
{
    return column_infer_type(field->kinds, ret_type);
}
