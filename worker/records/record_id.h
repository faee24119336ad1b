#ifndef WORKER_RECORDS_RECORD_ID_H
#define WORKER_RECORDS_RECORD_ID_H

#include "config/stream.h"
#include "worker/records/record.h"

/*
 * What tells a record from another, as a hash: its key, so that fields which change with each
 * request (relative times, signed URLs, request ids) do not make it another record. A key may
 * be of fields, of declared columns with a path, and of what `with` adds. Without a key, or
 * where the record has no value for a part of it, or with `merge: fill`, where pieces share a
 * key: what the row holds, which is the fields that are left of the record and what `with` adds
 * (`extras_hash`).
 *
 * Equal hashes are equal records as long as they are written the same: 1.0 is not 1.
 */
struct record_id {
    const struct table *table;         /* its key */
    const struct record_field *extras; /* what `with` adds; borrowed */
    size_t extra_count;
    struct arena *arena; /* scratch */
};

uint64_t record_id_hash(const struct record_id *id, const struct record *record,
                        uint64_t extras_hash);

/* Of what is left of the record: of its bytes, or, where they are no longer its own, of its
 * fields. An excluded field must not make it look changed. */
uint64_t record_hash(const struct record *record);

/* Keeps that in the record, which stays as it is from here on. */
void record_keep_hash(struct record *record);

#endif
