#ifndef WORKER_RECORDS_PATH_WALK_H
#define WORKER_RECORDS_PATH_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/path.h"
#include "core/scan.h"
#include "core/value.h"

/*
 * Goes along a path into a body, to every value that the path names, and out again, in one
 * pass:
 *
 *     path_walk_init → path_walk_next → (the caller takes the value) → path_walk_next … →
 *     PATH_WALK_END
 *
 * All other values are validated and dropped. A path without wildcards names one value; a
 * wildcard names each element (`[*]`) or member (`.*`) in turn, and none where it meets null,
 * "", [] or {}.
 *
 * A second member with a key of the path, which by the usual reading of JSON would replace the
 * value that was found, is refused on the way out.
 */
struct path_level;

struct path_walk {
    struct scan *scan;
    const struct path *path;
    struct path_level *levels; /* containers open on the way, from the outside in */
    size_t open;
    size_t places_count;       /* values reached so far */
    size_t reached;            /* number of leading path steps that existed */
    bool is_absent;            /* at one of its places the path led to no value */
    bool is_other;             /* and another kind of value stood there: not null, "", [], {} */
    struct str absence;        /* the first of them: "a[1].b is an object" */
    struct value_skipped wild; /* the container of the first wildcard; empty: none was met */
    bool has_begun;
    /* Read ahead, so that the caller may look at what has not been walked yet: */
    bool watches_body;
    struct str body;
    bool *watched; /* for each step: the elements of this wildcard */
};

enum path_walk_result {
    PATH_WALK_THERE, /* the scan is at a value that the path names */
    PATH_WALK_END,   /* the body was valid to its last byte */
    PATH_WALK_BAD,   /* the scan's problem says why */
};

/* Keeps all three; takes memory from the scan's arena. */
void path_walk_init(struct path_walk *walk, struct scan *scan, const struct path *path);
enum path_walk_result path_walk_next(struct path_walk *walk) MUST_CHECK;

/*
 * The element that the wildcard at this step of the path has come to, if it is watched; and the
 * member's name as it is written, with its quotes.
 */
struct str path_walk_element(const struct path_walk *walk, size_t step);
struct str path_walk_member(const struct path_walk *walk, size_t step);

/* For messages: where the walk has come to, "the body" or "orders[1].lines"; in the scan's
 * arena. */
struct str path_walk_place(const struct path_walk *walk);
/* "an object", "a list" …, of the value that begins with this byte. */
const char *path_walk_kind(int c);

/* Is this step a wildcard? */
bool path_walk_is_wild(const struct path *path, size_t step);

#endif
