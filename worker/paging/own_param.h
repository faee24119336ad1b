#ifndef WORKER_PAGING_OWN_PARAM_H
#define WORKER_PAGING_OWN_PARAM_H

#include "config/stream.h"
#include "worker/paging/known.h"

/*
 * The parameters that a stream sends itself: in its query, or as members of its body, there one
 * level down too (`variables` of GraphQL).
 */
struct own_param {
    struct str place;   /* as the key `param` takes it: "page", "body:variables.after" */
    struct str name;    /* in the list */
    struct value value; /* undefined where an expression makes it */
};

/* The first that has a name of the list. */
bool own_param_find(const struct stream *stream, const struct known_list *list,
                    struct arena *arena, struct own_param *ret);

/*
 * Where a parameter of that name goes, as the key `param` takes it: beside the stream's own
 * that says how many records a page has; else into the body of a request that has one and is no
 * GET; else into the query. Of a GraphQL request that is into its variables.
 */
struct str own_param_place(const struct stream *stream, const char *name, struct arena *arena);

#endif
