#ifndef WORKER_ROWS_COLUMNS_H
#define WORKER_ROWS_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/stream.h"
#include "worker/records/name_index.h"
#include "worker/rows/column_type.h"
#include "worker/values/form.h"

/* What an OTHER column's text must hold, as far as it can be seen here. The cast says the
 * rest. */
enum column_check {
    CHECK_NOTHING,
    CHECK_SMALLINT, /* and is written anew: 7.0 as 7 */
    CHECK_INTEGER,
    CHECK_NUMBER,
    CHECK_TIME,  /* timestamptz, timestamp, date */
    CHECK_CLOCK, /* time, timetz */
    CHECK_ARRAY, /* a JSON list is written as an array */
    CHECK_JSON_ARRAY,
};

struct column {
    struct str field; /* name in the record; not read where `declared` is set */
    struct str name;  /* in the table */
    enum column_type type;
    struct str sql_type;                    /* as PostgreSQL writes it: "numeric(12,2)" */
    const struct declared_column *declared; /* NULL if inferred */
    bool is_key;
    bool may_widen;     /* inferred, and nothing depends on its type */
    bool is_empty_null; /* "" is null here; set by columns_index, like the check */
    enum column_check check;
    enum column_form form; /* of an OTHER column; of a key few; set by columns_index */
};

enum { COLUMN_NONE = UINT16_MAX };

/* What the map says of one field name. A field may feed several declared columns. */
struct column_use {
    struct str field;
    uint16_t column; /* COLUMN_NONE: a declared column of that name takes its value elsewhere */
    uint16_t beside; /* that column, or COLUMN_NONE */
    uint16_t also;   /* another use of the same field, or COLUMN_NONE */
};

/*
 * The column map: which field of a record goes to which column, as what type. It is decided in
 * PostgreSQL (pagetide.field); this is a process's copy. It only grows, except that a column
 * that was inferred may become wider: the type of a value that did not fit takes its place.
 */
struct columns {
    struct column *items;
    size_t count;
    uint64_t seed;  /* hash of the map, folded into _pt_hash */
    bool has_table; /* made, or adopted, for this stream; until then every field is wanted */
    bool is_blank;  /* it is there, but no record has come: has_table is false all the same */

    /* Made by columns_index from the members above. */
    struct column_use *uses;
    size_t use_count;
    struct name_index index; /* of the uses */
    uint16_t *deep;          /* columns whose declared path goes below the top level */
    size_t deep_count;
};

/* To be called once when the items are complete, before the first row. Sets the seed too. */
void columns_index(struct columns *columns, struct arena *arena);

/* Is this field, or declared column, part of the table's key? */
bool columns_is_key(const struct table *table, struct str field);

/* Position in `uses`, or COLUMN_NONE. */
uint16_t columns_find(const struct columns *columns, struct str field);

#endif
