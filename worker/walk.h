#ifndef WORKER_WALK_H
#define WORKER_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/path.h"
#include "core/scan.h"

/*
 * The way along a path into a body and out again, in one pass: walk_in stops at the value the
 * path names, the caller takes that value from the scan, walk_out takes the rest of the body.
 * What lies beside the way is validated and dropped.
 *
 * A second member with a key of the way, which by the usual reading of JSON would replace what
 * was found, is refused on the way out.
 */
struct level;

struct walk {
    struct scan *scan;
    const struct path *path;
    struct level *levels; /* containers open on the way, from the outside in */
    size_t open;
    size_t reached; /* steps of the path that led to something */
};

enum walk_result {
    WALK_THERE,  /* the scan stands on the value */
    WALK_ABSENT, /* there is none; walk_out is still to be called */
    WALK_BAD,    /* the scan's problem says why */
};

/* Keeps all three; takes memory from the scan's arena. */
void walk_init(struct walk *walk, struct scan *scan, const struct path *path);
enum walk_result walk_in(struct walk *walk) MUST_CHECK;
/* False: the scan's problem says why. */
bool walk_out(struct walk *walk) MUST_CHECK;

#endif
