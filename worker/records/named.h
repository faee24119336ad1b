#ifndef WORKER_RECORDS_NAMED_H
#define WORKER_RECORDS_NAMED_H

#include <assert.h>

#include "base/arena_buf.h"
#include "base/bytes.h"
#include "config/stream.h"
#include "worker/records/name_index.h"
#include "worker/records/record.h"

/*
 * Records whose fields are named elsewhere: rows of CSV by its header, arrays by `shape.names`.
 * A record is written anew as a JSON object, `raw`; `sent` stays what it was.
 *
 *     names_put … → names_begin → names_put_value … → names_end → the record
 *
 * What names_end gives stays until the next but one: a row that is given up halfway does not
 * touch the record before it.
 */
struct field_name {
    struct str name;
    struct str key; /* as it stands in an object: "name": */
};

struct field_names {
    struct arena *arena; /* in */
    struct field_name *items;
    size_t count, capacity;
    struct name_index index;
    struct record_field *fields; /* of the record under way */
    size_t *starts;              /* of their values in its text */
    struct arena_buf texts[2];   /* the record under way, and the last one */
    unsigned turn;
    size_t written; /* values of the record under way */
};

/*
 * The next name, copied; an empty one becomes "column_N". False, with *ret_problem: it is there
 * already, is no UTF-8, or one too many.
 */
bool names_put(struct field_names *names, struct str name, struct str *ret_problem) MUST_CHECK;

void names_begin(struct field_names *names);

static inline struct arena_buf *names_text_buf(struct field_names *names)
{
    return &names->texts[names->turn];
}

/*
 * The next value: where to write at most `size` bytes of JSON, and BYTES_SLACK that do not
 * count. names_wrote tells how many it were, and of what kind they are; the field, without a
 * flaw, is there until names_end.
 */
static inline char *names_room(struct field_names *names, size_t size)
{
    struct arena_buf *text = names_text_buf(names);
    struct str key = names->items[names->written].key;
    char *at = arena_buf_room(text, 1 + key.len + size + 1 + BYTES_SLACK);
    *at++ = names->written ? ',' : '{';
    bytes_copy_few(at, key.ptr, key.len, BYTES_SLACK);
    text->len += 1 + key.len;
    names->starts[names->written] = text->len;
    return at + key.len;
}

static inline struct record_field *names_wrote(struct field_names *names, size_t len,
                                               enum record_kind kind)
{
    assert(names->written < names->count);
    struct record_field *field = &names->fields[names->written];
    field->name = names->items[names->written++].name;
    field->kind = kind;
    field->flaw = FLAW_NONE;
    field->has_escapes = false;
    field->raw.len = len;
    names_text_buf(names)->len += len;
    return field;
}

/* The object; fields without a value are absent. */
void names_end(struct field_names *names, struct record *ret_record);

/*
 * What the definition reads by name and none of the names is: a part of the key, the bookmark,
 * a declared column: `"id" (key)`. Empty: all are there. In the arena. *ret_is_any: does the
 * definition read any field by name?
 */
struct str names_missing(const struct field_names *names, const struct stream *stream,
                         bool *ret_is_any);

/* All names, in order, as one text for people: "id, name". At most some hundred bytes; a longer
 * one ends with a hash of all. In the arena. */
struct str names_text(const struct field_names *names);

/* --- `shape: {names: …}` --- */

struct naming {
    const struct record_names *how;
    struct field_names names;
    struct scan scan;
    bool is_ready; /* the names are known */
};

/* Names at a path are put by the caller. False: err, ERR_INPUT. */
bool naming_open(struct naming *naming, struct arena *arena, const struct record_names *how,
                 struct err *err) MUST_CHECK;

/* The next name, by a value that a body gives; null is an empty name. False: err. */
bool naming_put(struct naming *naming, const struct record_field *field,
                struct err *err) MUST_CHECK;

/* The first record has the names, and is none itself. False: err. */
bool naming_take_first(struct naming *naming, const struct record *record,
                       struct err *err) MUST_CHECK;

/* An array becomes an object. What is no array, or longer than there are names, has a
 * `problem`. */
void naming_apply(struct naming *naming, struct record *record);

#endif
