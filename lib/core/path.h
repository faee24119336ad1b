#ifndef CORE_PATH_H
#define CORE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "core/value.h"

/*
 * Body paths: `meta.next`, `['@odata.nextLink']`, `data[-1].id`, `links[rel=next].href`,
 * `orders[*].lines[*]`, `query.pages.*`; `.` or the empty text is the whole body.
 */
enum path_step_kind {
    PATH_KEY,    /* .key, ['key'], ["key"]; on a list a decimal key is an index */
    PATH_INDEX,  /* [3], [-1] */
    PATH_FILTER, /* [rel=next]: the first element whose member equals the text */
    PATH_EACH,   /* [*]: every element of a list */
    PATH_MEMBER, /* .*: every member of an object */
};

struct path_step {
    enum path_step_kind kind;
    struct str key;  /* KEY; FILTER: the member's name */
    struct str text; /* FILTER: what it must equal */
    int64_t index;   /* INDEX */
};

struct path {
    struct str source; /* as written, for messages */
    struct path_step *steps;
    size_t count;
    bool has_wildcard;
};

/* ERR_CONFIG with the byte in the path. */
bool path_compile(struct arena *arena, struct str text, struct path *ret,
                  struct err *err) MUST_CHECK;

/* The value there, undefined if absent. Not for paths with wildcards. */
struct value path_get(const struct path *path, struct value root);

#endif
