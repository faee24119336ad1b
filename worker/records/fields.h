#ifndef WORKER_RECORDS_FIELDS_H
#define WORKER_RECORDS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "worker/records/record.h"

/*
 * The fields of one record after the other, each name once. As long as the names repeat those
 * of the record before, which were all different, nothing needs to be looked up; otherwise a
 * few are searched one by one and many by a hash table.
 */
struct fields {
    struct arena *arena;
    struct record_field *list; /* names of the last record stay past `count`, up to `known` */
    size_t count, capacity, known;
    uint16_t *slots;   /* index in `list` + 1 by name; NULL until a wide record needs it */
    bool is_indexed;   /* slots hold this record's fields */
    bool is_repeating; /* its names so far are those of the last one */
    /* How many of the first names stand in the text as they are: here, and in the last. */
    size_t plain, known_plain;
};

/* Of the next record; zeroed memory with `arena` set to start with. */
void fields_begin(struct fields *fields);

/*
 * The field of this name, an earlier one of the record or a new one, with `name` set; NULL if
 * it would be one more than RECORDS_FIELDS_MAX. Valid until the next call. Keeps `name`.
 */
struct record_field *fields_put(struct fields *fields, struct str name) MUST_CHECK;

/* The name that comes next if this record repeats the last one, where its bytes in a text are
 * those of the name; else NULL. */
const struct str *fields_expect(const struct fields *fields);

/* The next field has the name that fields_expect gave. */
struct record_field *fields_put_expected(struct fields *fields, struct str name);

/* The bytes of the name that was put last, in the text, are the name itself: without escapes
 * and flaws. */
void fields_note_plain(struct fields *fields);

#endif
