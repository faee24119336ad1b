#ifndef WORKER_ROWS_NEW_FIELDS_H
#define WORKER_ROWS_NEW_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "worker/records/name_index.h"
#include "worker/records/record.h"
#include "worker/rows/column_type.h"

/*
 * The fields of one page that want a column which the map does not have, or a wider one. Each
 * such field of every record is added; at the end of the page the kinds of all its values
 * decide the type of its column (column_infer.h). Begins as {.arena = …}. Fields past
 * NEW_FIELDS_MAX are not kept: no table has so many columns.
 */
enum { NEW_FIELDS_MAX = 4096 };

struct new_field {
    struct str field;
    unsigned kinds; /* of its values, as column_infer.h has them */
    bool is_wider;  /* it has a column, whose type is among `kinds` and did not take a value */
};

struct new_fields {
    struct new_field *items;
    size_t count, capacity;
    struct arena *arena;
    struct name_index index;
    bool has_texts_alone; /* a text is of type text, whatever it looks like */
    size_t expected;      /* position of the next field if this record is like the last */
};

/* Both copy the name. `type`: of the field's column, which does not take the value. */
void new_fields_add(struct new_fields *fields, const struct record_field *field);
void new_fields_add_wider(struct new_fields *fields, const struct record_field *field,
                          enum column_type type);

/*
 * The positions of all fields in the order in which they get their columns: as they were met.
 * But a field whose own name is a column's comes before those whose names only become it. So
 * `user_id` has the column user_id, and userID the column user_id_2. In `arena`.
 */
size_t *new_fields_order(const struct new_fields *fields, struct arena *arena);

/* False while the page has shown only nulls: the field then gets no column yet. */
bool new_fields_type(const struct new_field *field, enum column_type *ret_type) MUST_CHECK;

#endif
