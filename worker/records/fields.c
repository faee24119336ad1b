#include "worker/records/fields.h"

#include <assert.h>

#include "port/hash.h"

/*
 * Each name must be in a record once, and records of a page mostly have the same names in the
 * same order. So the names of the record before stay in `list` past `count`. A record has up to
 * three ways to find out whether a name came already, the fastest first:
 *
 *     repeating   name n is name n of the record before, and so were all before it. As those
 *                 were all different, this one is new: one comparison, no search.
 *     few         the record differs somewhere: its fields so far are compared one by one.
 *     indexed     more than FEW_FIELDS of them: by a hash table, filled when first needed.
 *
 * Example: {"id","a"} then {"id","a","b"} then {"id","id"}. The second repeats two names; at
 * "b" nothing is known, the two before are searched, "b" is new. In the third, the second "id"
 * is not "a": search, found, its value replaces the first.
 */
enum { SLOT_COUNT = 2 * RECORDS_FIELDS_MAX, FEW_FIELDS = 32 };

void fields_begin(struct fields *fields)
{
    fields->known = fields->count;
    fields->known_plain = fields->plain;
    fields->plain = 0;
    fields->count = 0;
    fields->is_indexed = false;
    fields->is_repeating = true;
}

static uint16_t *find_slot(struct fields *fields, struct str name)
{
    size_t at = hash_for_table(name) % SLOT_COUNT;
    while (fields->slots[at] && !str_eq(fields->list[fields->slots[at] - 1].name, name))
        at = (at + 1) % SLOT_COUNT;
    return &fields->slots[at];
}

static void index_fields(struct fields *fields)
{
    if (!fields->slots)
        fields->slots = ARENA_ARRAY(fields->arena, uint16_t, SLOT_COUNT);
    else
        memset(fields->slots, 0, SLOT_COUNT * sizeof *fields->slots);
    for (size_t i = 0; i < fields->count; i++)
        *find_slot(fields, fields->list[i].name) = (uint16_t)(i + 1);
    fields->is_indexed = true;
}

/* Index + 1 of the record's field of this name; 0 if there is none yet. */
static size_t find_field(struct fields *fields, struct str name)
{
    if (fields->count > FEW_FIELDS) {
        if (!fields->is_indexed)
            index_fields(fields);
        return *find_slot(fields, name);
    }
    for (size_t i = 0; i < fields->count; i++)
        if (str_eq(fields->list[i].name, name))
            return i + 1;
    return 0;
}

static struct record_field *add_field(struct fields *fields, struct str name)
{
    assert(fields->count < RECORDS_FIELDS_MAX);
    ARENA_GROW(fields->arena, fields->list, fields->count, fields->capacity);
    uint16_t *slot = fields->is_indexed ? find_slot(fields, name) : NULL;
    struct record_field *field = &fields->list[fields->count++];
    field->name = name;
    if (slot)
        *slot = (uint16_t)fields->count;
    return field;
}

struct record_field *fields_put(struct fields *fields, struct str name)
{
    size_t next = fields->count;
    fields->is_repeating =
        fields->is_repeating && next < fields->known && str_eq(fields->list[next].name, name);
    size_t found = fields->is_repeating ? 0 : find_field(fields, name);
    if (found)
        return &fields->list[found - 1];
    return next == RECORDS_FIELDS_MAX ? NULL : add_field(fields, name);
}

const struct str *fields_expect(const struct fields *fields)
{
    bool is_expected = fields->is_repeating && fields->count < fields->known_plain;
    return is_expected ? &fields->list[fields->count].name : NULL;
}

struct record_field *fields_put_expected(struct fields *fields, struct str name)
{
    assert(fields_expect(fields) && !fields->is_indexed);
    struct record_field *field = &fields->list[fields->count++];
    field->name = name;
    fields->plain++;
    return field;
}

void fields_note_plain(struct fields *fields)
{
    if (fields->plain + 1 == fields->count)
        fields->plain++;
}
