#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H

#include "port/httpd_request.h"
#include "port/pg.h"

/*
 * The paths of the API (docs/dashboard.md), each with the file of web/queries/ that answers it
 * and where that statement's parameters come from. Whatever a caller may choose has a range.
 */
enum route_kind {
    ROUTE_QUERY,      /* one row, one column: the JSON of the answer */
    ROUTE_DEFINITION, /* two: the definition, and what is around it */
    ROUTE_RECORD,     /* one: bytes */
    ROUTE_ORDER,      /* two: the JSON, and the status */
    ROUTE_RELOAD,     /* the same, of a statement that takes the body, too */
    ROUTE_EVENTS,     /* no statement */
};

enum { ROUTE_PARAMS_MAX = 5, ROUTE_PARTS_MAX = 2 };

/* A parameter of a statement, in the order $1, $2 … */
struct route_param {
    /* Of the query; "*": the next part of the path that stands where the route has a `*`;
     * "beat": the setting. NULL: there are no more. */
    const char *name;
    bool is_number;                /* else a text, null where it is empty */
    int64_t fallback, least, most; /* of a number; out of the range is a mistake */
};

struct route {
    const char *method, *path; /* `*` for a part of any text */
    enum route_kind kind;
    const char *query; /* its file, without .sql */
    struct route_param params[ROUTE_PARAMS_MAX];
};

/*
 * The route of that method and path, and the parts of the path that it leaves open, as sent.
 * NULL: there is none; *ret_has_other: one of another method has the path.
 */
const struct route *route_find(struct str method, struct str path,
                               struct str ret_parts[ROUTE_PARTS_MAX], bool *ret_has_other);

/*
 * The statement's parameters, in the arena. False where one is no text (UTF-8 without a zero
 * byte), or no number of its range: *ret_why says which.
 */
bool route_fill(const struct route *route, const struct httpd_request *request,
                const struct str parts[ROUTE_PARTS_MAX], int64_t beat_ms, struct arena *arena,
                struct pg_value ret_params[ROUTE_PARAMS_MAX], size_t *ret_count,
                struct str *ret_why) MUST_CHECK;

#endif
