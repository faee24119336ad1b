#ifndef WORKER_PLACES_PLACES_H
#define WORKER_PLACES_PLACES_H

#include "base/arena.h"
#include "config/stream.h"
#include "port/http_answer.h"
#include "worker/rows/row.h"

/*
 * The places that a definition names in records and answers, and at which a page has nothing:
 * each may be misspelt. Those of the paging itself are not looked for here: the pager says in
 * its decision what it did not find.
 *
 *     places_start → places_answer → places_record … → places_absent
 *
 * A place counts as there where any record has it. Records that `where` drops are not given to
 * places_record; where it drops all, those of the body are looked at, as far as it is JSON.
 */
struct place {
    struct str key; /* in the stream: "bookmark.path", "tables.lines.key.0", "where" */
    struct str at;  /* as it is written: "meta.changed" */
    struct path path;
    const struct stream *part;       /* the table whose records have it */
    const struct locator *of_answer; /* instead: it is in the answer */
    const struct with_field *with;   /* instead: it is where that reads */
    bool is_of_last_answer;          /* where more pages follow it may be missing */
    bool is_merge_path;              /* that of `part` */
    bool is_column, is_there;        /* is_column: the name may be a column's, too */
};

struct place_records { /* of one table */
    const struct stream *part;
    struct value sample; /* the first record */
    size_t seen, next;   /* next: the least position of the next one */
    size_t rejected;     /* of those seen */
    struct str why;      /* of the first that was */
    struct str prefix;   /* of its keys: "", "tables.lines." */
};

struct places {
    struct arena *arena; /* of all that is kept; borrowed */
    const struct stream *stream;
    struct place *items;
    size_t count, capacity;
    struct place_records *tables;
    size_t table_count;
    struct value body; /* of the last answer; undefined where it is no JSON */
    struct http_header *headers;
    size_t header_count;
};

void places_start(struct places *places, struct arena *arena, const struct stream *stream);

/* An answer that may be a page. */
void places_answer(struct places *places, const struct http_answer *answer);

/* As a row_seen_fn: of the stream's own table, and of its parts. */
void places_record(struct places *places, const struct row_writer *writer,
                   const struct record *record, enum row_result result, const char *reason);

/*
 * What is absent: `fn` for each, with what was named and the nearest that is there instead.
 * `key` is as in struct place, for config/place.h. `is_last`: no page follows. Texts are the
 * API's in parts: to be shown redacted.
 */
typedef void (*place_fn)(void *ctx, struct str key, struct str text);
void places_absent(struct places *places, bool is_last, place_fn fn, void *ctx);

#endif
