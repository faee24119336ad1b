#ifndef WORKER_RECORDS_OWN_IDS_H
#define WORKER_RECORDS_OWN_IDS_H

#include "base/arena.h"
#include "worker/records/record.h"

/*
 * What the records of a page call themselves, where the definition names no key: the values of
 * a field that every one of them has and whose name is that of a record's own id (`id`, `_id`,
 * `uuid` …). A field such as `customer_id` is rather another record's.
 *
 *     own_ids_take … → own_ids_hash, own_ids_tell
 */
struct own_ids {
    struct arena *arena; /* in */
    struct str name;     /* of the field; borrowed from the first record */
    uint64_t *values;    /* hashes */
    size_t count, capacity;
    uint64_t hash;
    bool is_out; /* a record has no such field */
};

/* The better the name, the lower; 0: it is none of an id that is a record's own. */
int own_ids_rank(struct str name);

/* The field with the best such name, and a number or text in it; NULL: the record has none. */
const struct record_field *own_ids_find(const struct record *record);

void own_ids_take(struct own_ids *ids, const struct record *record);

/* Of all values, in order. 0: the records have no ids of their own. */
uint64_t own_ids_hash(const struct own_ids *ids);

/*
 * Are more than half of them different? Else they tell nothing: events of one object share its
 * id, and so do their pages. Sorts the values.
 */
bool own_ids_tell(struct own_ids *ids);

#endif
