#ifndef WORKER_COLUMNS_H
#define WORKER_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "config/source.h"
#include "worker/records.h"

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

struct column {
    struct str field; /* name in the record; empty for a declared path */
    struct str name;  /* in the table */
    enum column_type type;
    struct str sql_type;                    /* as PostgreSQL writes it: "numeric(12,2)" */
    const struct declared_column *declared; /* NULL if inferred */
    bool is_key;
};

struct columns {
    struct column *items;
    size_t count;
    uint64_t seed;  /* hash of the map: seeds _pt_hash */
    bool may_widen; /* bigint columns may become numeric */
};

/* The type that PostgreSQL calls so ("bigint", "timestamp with time zone"); OTHER for the rest.
 */
enum column_type column_type_from_sql(struct str sql_type);
const char *column_type_sql(enum column_type type);

/*
 * A shape: what one page showed of the fields that the map does not know (or that want a wider
 * type). Fed with every such field of the page, it decides a type for each.
 */
struct shape_field {
    struct str field;
    unsigned kinds; /* bit set, private to columns.c */
    bool widen;     /* a known bigint column that met a number beyond it */
};

struct shape {
    struct shape_field *items;
    size_t count, capacity;
    struct arena *arena;
};

void shape_add(struct shape *shape, const struct record_field *field);
/* False while the page has shown only nulls: the field then gets no column yet. */
bool shape_type(const struct shape_field *field, enum column_type *ret_type) MUST_CHECK;

/* A field's name as a column name: snake_case, ASCII letters, digits and _, at most 63 bytes,
 * cut with a hash; never empty, never starting with a digit or `_pt_`. */
struct str column_name_for(struct arena *arena, struct str field);

#endif
