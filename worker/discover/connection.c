#include "config/graphql_query.h"
#include "core/path.h"
#include "worker/discover/discover.h"

/* What the query's text lacks so that its pages could be followed; NULL: nothing. */
static const char *lacks(const struct graphql_connection *connection)
{
    if (!connection->records.len)
        return "selects neither nodes nor edges { node }";
    if (!connection->has_next.len || !connection->cursor.len)
        return "does not select pageInfo { hasNextPage endCursor }";
    if (!connection->after.len)
        return "has no argument after: $after";
    if (!connection->is_after_declared)
        return "is given a variable for `after` that the query does not declare";
    return NULL;
}

void connection_find(struct discovery *discovery)
{
    struct draft *draft = &discovery->draft;
    struct str where, missing;
    struct path path;
    struct err ignored = ERR_INIT;
    struct graphql_connection connection;
    if (!draft->query.len)
        return;
    if (!graphql_query_seek(discovery->arena, draft->query, &where) ||
        !path_compile(discovery->arena, where, &path, &ignored) ||
        !graphql_query_find(discovery->arena, draft->query, path.steps, path.count, &connection,
                            &missing)) {
        notes_add(&discovery->notes, NOTE_UNSURE, "graphql",
                  "the query selects no pageInfo: with pageInfo { hasNextPage endCursor } and "
                  "(first: $first, after: $after) it would say how its pages follow");
        return;
    }
    const char *what = lacks(&connection);
    if (what)
        notes_add(&discovery->notes, NOTE_UNSURE, "graphql",
                  "%.*s %s: with it the query would say how its pages follow", STR_ARG(where),
                  what);
    else
        draft->connection = where;
}
