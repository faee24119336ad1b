#include "worker/records/own_ids.h"

#include "port/hash.h"

int own_ids_rank(struct str name)
{
    static const char *const names[] = {"id", "_id", "uuid", "guid", "uid", "key", "pk"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_eq_nocase(name, str_from(names[i])))
            return 1 + (int)i;
    return 0;
}

static bool is_value(const struct record_field *field)
{
    return field && (field->kind == RECORD_NUMBER || field->kind == RECORD_STRING);
}

const struct record_field *own_ids_find(const struct record *record)
{
    const struct record_field *best = NULL;
    int least = 0;
    for (size_t i = 0; i < record->count; i++) {
        int rank = own_ids_rank(record->fields[i].name);
        if (!rank || (least && rank >= least) || !is_value(&record->fields[i]))
            continue;
        best = &record->fields[i];
        least = rank;
    }
    return best;
}

/* A key is in the first record too. */
static void find_name(struct own_ids *ids, const struct record *record)
{
    const struct record_field *id = own_ids_find(record);
    if (id)
        ids->name = id->name;
    ids->hash = hash_bytes(ids->name, 0);
    ids->is_out = !id;
}

void own_ids_take(struct own_ids *ids, const struct record *record)
{
    if (!ids->count && !ids->is_out)
        find_name(ids, record);
    if (ids->is_out)
        return;
    const struct record_field *field = record_find(record, ids->name);
    ids->is_out = !is_value(field);
    if (ids->is_out)
        return;
    uint64_t value = hash_bytes(field->raw, 0);
    ARENA_GROW(ids->arena, ids->values, ids->count, ids->capacity);
    ids->values[ids->count++] = value;
    ids->hash = hash_fold(ids->hash, value);
}

uint64_t own_ids_hash(const struct own_ids *ids)
{
    if (ids->is_out || !ids->count)
        return 0;
    return ids->hash ? ids->hash : 1;
}

bool own_ids_tell(struct own_ids *ids)
{
    return ids->count && hash_count_different(ids->values, ids->count) * 2 > ids->count;
}
