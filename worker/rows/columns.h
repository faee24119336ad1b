#ifndef WORKER_ROWS_COLUMNS_H
#define WORKER_ROWS_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "config/stream.h"
#include "worker/records/records.h"

/*
 * The column map: which field of a record goes to which column, as what type. It is decided in
 * PostgreSQL (pagetide.field); this is a process's copy. It only grows, except that a bigint
 * column may become numeric while the run that made the table is not complete.
 */
enum column_type {
    COLUMN_BOOLEAN,
    COLUMN_BIGINT,
    COLUMN_NUMERIC,
    COLUMN_TIMESTAMPTZ,
    COLUMN_DATE,
    COLUMN_UUID,
    COLUMN_TEXT,
    COLUMN_JSONB,
    COLUMN_OTHER, /* declared with another type: staged as text, cast by the merge */
};

/* What an OTHER column's text must hold so that the cast cannot refuse its syntax. */
enum column_check { CHECK_NOTHING, CHECK_SMALLINT, CHECK_INTEGER, CHECK_NUMBER };

struct column {
    struct str field; /* name in the record; not read where `declared` is set */
    struct str name;  /* in the table */
    enum column_type type;
    struct str sql_type;                    /* as PostgreSQL writes it: "numeric(12,2)" */
    const struct declared_column *declared; /* NULL if inferred */
    bool is_key;
    enum column_check check; /* set by columns_index */
};

enum { COLUMN_NONE = UINT16_MAX };

/* What the map says of one field name. A field may feed several declared columns. */
struct column_use {
    struct str field;
    uint16_t column; /* COLUMN_NONE: a declared column of that name takes its value elsewhere */
    uint16_t also;   /* another use of the same field, or COLUMN_NONE */
};

/* Open addressing over an array whose elements begin with a `struct str`: position + 1, 0 free.
 */
struct name_index {
    uint32_t *slots;
    size_t slot_count; /* a power of two, at most half full */
};

struct columns {
    struct column *items;
    size_t count;
    uint64_t seed;  /* hash of the map: seeds _pt_hash */
    bool may_widen; /* bigint columns may become numeric */
    bool has_table; /* made, or adopted, for this stream; until then every field is wanted */

    /* Made by columns_index from what stands above. */
    struct column_use *uses;
    size_t use_count;
    struct name_index index; /* of the uses */
    uint16_t *deep;          /* columns whose declared path goes below the top level */
    size_t deep_count;
};

/* To be called once when the items are complete, before the first row. Sets the seed too. */
void columns_index(struct columns *columns, struct arena *arena);

/* Position in `uses`, or COLUMN_NONE. */
uint16_t columns_find(const struct columns *columns, struct str field);

/* The type that PostgreSQL calls so ("bigint", "timestamp with time zone"); OTHER for the rest.
 */
enum column_type column_type_from_sql(struct str sql_type);
const char *column_type_sql(enum column_type type);

/*
 * A shape: what one page showed of the fields that the map does not know (or that want a wider
 * type). Fed with every such field of the page, it decides a type for each. Begins as
 * {.arena = …}. Fields past SHAPE_FIELDS_MAX are not kept: no table has so many columns.
 */
enum { SHAPE_FIELDS_MAX = 4096 };

struct shape_field {
    struct str field;
    unsigned kinds; /* bit set, private to columns.c */
    bool widen;     /* a known bigint column that met a number beyond it */
};

struct shape {
    struct shape_field *items;
    size_t count, capacity;
    struct arena *arena;
    struct name_index index;
    size_t expected; /* where the next field stands if this record is like the last */
};

void shape_add(struct shape *shape, const struct record_field *field);
void shape_add_wider(struct shape *shape, const struct record_field *field);
/* False while the page has shown only nulls: the field then gets no column yet. */
bool shape_type(const struct shape_field *field, enum column_type *ret_type) MUST_CHECK;

/* A field's name as a column name: snake_case, ASCII letters, digits and _, at most 63 bytes,
 * cut with a hash; never empty, never starting with a digit or `_pt_`, never a system column's.
 */
struct str column_name_for(struct arena *arena, struct str field);

#endif
