#ifndef WORKER_RECORDS_PATH_WALK_H
#define WORKER_RECORDS_PATH_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/path.h"
#include "core/scan.h"
#include "core/value.h"

/*
 * The way along a path into a body, to every value that it names, and out again, in one pass:
 *
 *     path_walk_init → path_walk_next → (the caller takes the value) → path_walk_next … → PATH_WALK_END
 *
 * What lies beside the way is validated and dropped. A path without wildcards leads to one
 * value; a wildcard leads to each element (`[*]`) or member (`.*`) in turn, and null in its
 * place to none.
 *
 * A second member with a key of the way, which by the usual reading of JSON would replace what
 * was found, is refused on the way out.
 */
struct level;

struct path_walk {
    struct scan *scan;
    const struct path *path;
    struct level *levels; /* containers open on the way, from the outside in */
    size_t open;
    size_t places_count; /* values reached so far */
    size_t reached; /* steps that led to something; where the path was absent: up to there */
    bool is_absent; /* somewhere the path led to nothing */
    bool is_absent_before_last; /* and not for its last key or index alone */
    struct value_skipped wild;  /* what the first wildcard stands for; empty: none was met */
    bool has_begun;
    /* Read ahead, so that the caller may look at what has not been walked yet: */
    bool watches_body;
    struct str body;
    bool *watched; /* for each step: the elements of this wildcard */
};

enum path_walk_result {
    PATH_WALK_THERE, /* the scan stands on a value */
    PATH_WALK_END,   /* the body was valid to its last byte */
    PATH_WALK_BAD,   /* the scan's problem says why */
};

/* Keeps all three; takes memory from the scan's arena. */
void path_walk_init(struct path_walk *walk, struct scan *scan, const struct path *path);
enum path_walk_result path_walk_next(struct path_walk *walk) MUST_CHECK;

/*
 * The element that the wildcard at this step of the path stands on, if it is watched; and the
 * member's name as it is written, with its quotes.
 */
struct str path_walk_element(const struct path_walk *walk, size_t step);
struct str path_walk_member(const struct path_walk *walk, size_t step);

/* Is this step a wildcard? */
bool path_walk_is_wild(const struct path *path, size_t step);

#endif
