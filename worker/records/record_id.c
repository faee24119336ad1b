#include "worker/records/record_id.h"

#include "port/hash.h"
#include "worker/records/reshape.h"

uint64_t record_hash(const struct record *record)
{
    if (record->has_hash)
        return record->hash;
    if (!record->is_reshaped)
        return hash_bytes(record->raw, 0);
    uint64_t hash = 0;
    for (size_t i = 0; i < record->count; i++) {
        hash = hash_fold(hash, hash_bytes(record->fields[i].name, 0));
        hash = hash_fold(hash, hash_bytes(record->fields[i].raw, 0));
    }
    return hash;
}

void record_keep_hash(struct record *record)
{
    record->hash = record_hash(record);
    record->has_hash = true;
}

/* What `with` adds wins over a field of that name. */
static bool find_part(const struct record_id *id, const struct record *record, struct str name,
                      struct record_field *ret_field)
{
    const struct declared_column *declared = table_find_declared(id->table, name);
    if (declared && declared->path.count)
        return reshape_find(id->arena, record, &declared->path, ret_field);
    for (size_t i = 0; i < id->extra_count; i++) {
        if (!str_eq(id->extras[i].name, name))
            continue;
        *ret_field = id->extras[i];
        return true;
    }
    const struct record_field *field = record_find(record, name);
    if (field)
        *ret_field = *field;
    return field;
}

static bool hash_key(const struct record_id *id, const struct record *record,
                     uint64_t *ret_hash)
{
    const struct table *table = id->table;
    uint64_t hash = 0;
    for (size_t i = 0; i < table->key_count; i++) {
        struct record_field part;
        if (!find_part(id, record, table->key[i], &part) || record_is_null(&part))
            return false;
        hash = hash_fold(hash, hash_bytes(part.raw, 0));
    }
    *ret_hash = hash;
    return table->key_count && !table->fills && record->kind == RECORD_OBJECT;
}

uint64_t record_id_hash(const struct record_id *id, const struct record *record,
                        uint64_t extras_hash)
{
    uint64_t hash;
    if (hash_key(id, record, &hash))
        return hash;
    return hash_fold(record_hash(record), extras_hash);
}
