#ifndef CONFIG_GRAPHQL_H
#define CONFIG_GRAPHQL_H

#include "config/key.h"

/*
 * `graphql: {query, variables, connection}`: a short way to write the request of a stream and
 * its paging. It is written out in the stream's merged map, beside itself:
 *
 *     graphql:                          method: POST
 *       query: query ($after: String)   idempotent: true
 *         { issues(after: $after)       body: {query: …, variables: …}
 *           { nodes { id } pageInfo     merge_path: data.issues.nodes
 *             { hasNextPage             pagination: {type: cursor,
 *               endCursor } } }           param: body:variables.after,
 *       connection: issues                cursor_path: data.issues.pageInfo.endCursor,
 *                                         has_more_path: data.issues.pageInfo.hasNextPage}
 *
 * What is left of it at run time is `stream.is_graphql`: how its answers are judged. The stored
 * form holds both, and is not written out again.
 *
 * Adds problems where the query and its connection do not fit, or another key says the same.
 */
void graphql_write_out(struct reader *reader, struct yaml_node *map);

/* The members that `pagination` may have beside `connection`: as a JSON Schema. */
const char *graphql_pagination_schema(void);

#endif
