#ifndef CONFIG_GRAPHQL_QUERY_H
#define CONFIG_GRAPHQL_QUERY_H

#include "base/arena.h"
#include "core/path.h"

/*
 * What the text of a GraphQL query (October 2021, section 2) says of a connection (Relay's
 * Cursor Connections): where the answer will have its records, and by which variables it is
 * paged. Aliases are the names of the answer; fragments are followed. Nothing is validated that
 * the API validates. `{{ expressions }}` are read as names.
 */
struct graphql_connection {
    /* Paths from the connection's object; empty: not selected. */
    struct str records; /* "nodes", "edges[*].node" */
    struct str has_next, cursor, total;
    struct str after, first; /* names of variables, without $; empty: no such argument */
    bool is_after_declared;
    bool needs_first; /* nothing but a variable of the request gives `first` */
};

/*
 * Follows `steps` of a path of keys from the query's own fields. False where the text is no
 * query: *ret_missing is then empty; or where a step selects nothing: it is that step's name.
 */
bool graphql_query_find(struct arena *arena, struct str query, const struct path_step *steps,
                        size_t count, struct graphql_connection *ret, struct str *ret_missing);

/*
 * The first connection that the query selects, as a path of keys: "repository.issues". A
 * connection is what selects `pageInfo`. False: there is none.
 */
bool graphql_query_seek(struct arena *arena, struct str query, struct str *ret_path);

#endif
