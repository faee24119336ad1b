#ifndef WORKER_DISCOVER_BODY_LOOK_H
#define WORKER_DISCOVER_BODY_LOOK_H

#include "config/stream.h"
#include "core/value.h"

/* What a body is, and where in it records may be. Nothing here is sure: a reading shows it. */

/* The format by the body's first bytes, and by Content-Type where these leave it open. */
struct body_form {
    enum answer_format format;
    char delimiter; /* csv */
    bool is_html, is_known;
};

struct body_form body_look_form(struct str body, struct str content_type);

/*
 * A place of records: a list of objects, or of lists, or an object whose members are objects.
 * The best comes first: by a usual name such as `data`, by how near to the top it is, by its
 * length.
 */
struct body_place {
    struct str path;  /* as merge_path; empty: the body itself */
    size_t count;     /* elements */
    bool has_lists;   /* records are lists */
    struct str names; /* … and their names are there: YAML of shape.names */
    bool is_known;    /* by a usual name, or the body itself */
    int score;
};

enum { BODY_PLACES_MAX = 8 };

/* How many were found. Paths are in `arena`. */
size_t body_look_places(struct value body, struct arena *arena,
                        struct body_place places[BODY_PLACES_MAX]);

/* The body as a value; undefined where it is no JSON, or for XML no document. */
struct value body_look_read(struct str body, enum answer_format format, struct arena *arena);

/*
 * A field by a usual name, with such a count of all records (known_totals) or pages
 * (known_pages): at least `least`. Empty: there is none. Nothing inside of a list is read.
 */
struct known_list;
struct str body_look_count(struct value body, const struct known_list *list, int64_t least,
                           struct arena *arena);

/* An object with a field that is called as a record's own id is. */
bool body_look_has_own_id(struct value object);

#endif
