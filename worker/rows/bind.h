#ifndef WORKER_ROWS_BIND_H
#define WORKER_ROWS_BIND_H

#include "worker/records/records.h"
#include "worker/rows/columns.h"

/*
 * Binds the fields of one record to the columns of the map: which value goes to which column,
 * what becomes of a field that the map does not know, and whether the key is there.
 *
 *     bind_start → bind_record … (the records of one page)
 *
 * A field that the map does not know becomes, in this order of rules: a new column if it is
 * part of the key; nothing with `columns: none` or `others: ignore`; an aside with `others:
 * aside`; else what `on_new_field` says, once there is a table.
 *
 * A field that has the name of a declared column, whose path reads something else, goes aside
 * unless other fields are ignored. Where the path leads into the field, an object or list that
 * has the value is not kept besides; anything but an object or list counts as a misfit.
 *
 * What is to become a column goes aside if the table has no room for it, if its name has more
 * than 1,000 bytes, or if it comes after the map was extended for this page.
 */
struct bind_guess {
    uint16_t use;       /* or COLUMN_NONE */
    uint8_t name_bytes; /* of a field that is ignored; 0: none */
    char name[45];
};

struct binder {
    /* in */
    const struct columns *columns;
    const struct table *table;
    const struct record_field *extras; /* what `with` adds to each record; borrowed */
    size_t extra_count;
    struct arena *arena; /* the page's: scratch, reasons, what is in `struct bound` */
    bool is_extended;    /* the map was extended for this page: what it lacks goes aside */

    /* Scratch that is kept from record to record. */
    struct record_field *deep_values; /* one for each of columns->deep */
    /* Of columns that read a field of another name: it may have been excluded. */
    struct record_field *moved_values;
    uint16_t *moved;
    size_t moved_count;
    struct str *unmapped_keys; /* fields of the key without a column */
    size_t unmapped_key_count;
    struct record_field record_value; /* `columns: none`: the whole record */
    size_t record_column;             /* the column of that; else the count of columns */
    struct bind_guess *guesses;       /* by position in the record: what was there last time */
    size_t guess_count, guess_capacity;
};

/* A field beside a declared column of its name, which reads its value elsewhere. */
struct bind_beside {
    const struct record_field *field;
    uint16_t column;
};

/* A value that will be kept in `_pt_aside`. */
struct bind_aside {
    struct str name; /* the column's, the field's where it has no column, or `record.` and the
                        field's where a column of its name holds something else */
    const struct record_field *field; /* borrowed until the next record */
    const struct column *column;      /* that it did not fit; NULL: none */
    bool is_misfit; /* it should have had a column; else the definition sends it aside */
};

/*
 * What one record becomes. Zeroed memory to begin with; the arrays are used again for the next
 * record. Fields and texts are borrowed from the record and the binder until then.
 */
struct bound {
    const struct record_field **values;  /* one for each column; NULL: absent */
    const struct record_field **unknown; /* fields that want a column which is not there yet */
    size_t unknown_count, unknown_capacity;
    struct bind_beside *besides; /* fields that only have the name of a column */
    size_t beside_count, beside_capacity;
    struct bind_aside *asides;
    size_t aside_count, aside_capacity;
    const char *reason; /* not BIND_DONE: why; lives in the arena, or is static */
};

enum bind_result {
    BIND_DONE,
    BIND_REJECTED, /* the record cannot be stored: `reason` */
    BIND_FAILED,   /* the same, because of `on_new_field: fail` */
};

/* To be called when the members under `in` are set, and again where the table says something
 * else; the values of extras may change later. */
void bind_start(struct binder *binder);

/* `record` is an object without a flaw of its own, or a value in a field called `value`. */
enum bind_result bind_record(struct binder *binder, const struct record *record,
                             struct bound *bound) MUST_CHECK;

/* Adds a misfit of the record: a value that does not fit the type of its column. */
void bind_put_misfit(struct binder *binder, struct bound *bound, const struct column *column,
                     const struct record_field *field);

#endif
