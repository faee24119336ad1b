#include "web/route.h"

#include <string.h>

#include "port/http_url.h"

enum { ROWS = 50, ROWS_MAX = 200, PAGES_MAX = 1000, JOBS_MAX = 200 };

#define TEXT(name)                                                                             \
    {                                                                                          \
        name, false, 0, 0, 0                                                                   \
    }
#define NUMBER(name, standard, limit)                                                          \
    {                                                                                          \
        name, true, standard, 0, limit                                                         \
    }
#define PAGE                                                                                   \
    {                                                                                          \
        "page", true, 1, 1, 1000000                                                            \
    }
#define LIMIT(standard, limit)                                                                 \
    {                                                                                          \
        "limit", true, standard, 1, limit                                                      \
    }
#define BEAT                                                                                   \
    {                                                                                          \
        "beat", true, 0, 0, 0                                                                  \
    }
#define PART_TEXT TEXT("*")
#define PART_ID                                                                                \
    {                                                                                          \
        "*", true, 0, 1, INT64_MAX                                                             \
    }
#define PART_COUNT                                                                             \
    {                                                                                          \
        "*", true, 0, 1, INT32_MAX                                                             \
    }

#define GET(path, query, ...)                                                                  \
    {                                                                                          \
        "GET", "/api/v1/" path, ROUTE_QUERY, query,                                            \
        {                                                                                      \
            __VA_ARGS__                                                                        \
        }                                                                                      \
    }
#define POST(path, query, ...)                                                                 \
    {                                                                                          \
        "POST", "/api/v1/" path, ROUTE_ORDER, query,                                           \
        {                                                                                      \
            __VA_ARGS__                                                                        \
        }                                                                                      \
    }

static const struct route routes[] = {
    GET("overview", "overview", BEAT),
    GET("streams", "streams", TEXT("q"), TEXT("show"), TEXT("sort"), PAGE,
        LIMIT(ROWS, ROWS_MAX)),
    GET("streams/*", "stream", PART_TEXT),
    GET("streams/*/columns", "columns", PART_TEXT),
    {"GET",
     "/api/v1/streams/*/definition",
     ROUTE_DEFINITION,
     "definition",
     {PART_TEXT, NUMBER("version", 0, INT32_MAX)}},
    GET("active", "active", LIMIT(ROWS, ROWS_MAX)),
    GET("runs", "runs", TEXT("stream"), TEXT("state"), NUMBER("before", 0, INT64_MAX),
        LIMIT(ROWS, ROWS_MAX)),
    GET("runs/*", "run", PART_ID, LIMIT(JOBS_MAX, JOBS_MAX)),
    GET("runs/*/jobs/*/pages", "pages", PART_ID, PART_COUNT, NUMBER("after", 0, INT32_MAX),
        LIMIT(ROWS_MAX, PAGES_MAX)),
    GET("runs/*/rejects", "rejects", PART_ID, NUMBER("after", 0, INT64_MAX),
        LIMIT(ROWS, ROWS_MAX)),
    GET("rejects", "rejected", PAGE, LIMIT(ROWS, ROWS_MAX)),
    {"GET", "/api/v1/rejects/*/record", ROUTE_RECORD, "reject_record", {PART_ID}},
    GET("misfits", "misfits", PAGE, LIMIT(ROWS, ROWS_MAX)),
    GET("workers", "workers", BEAT),
    GET("queue", "queue", LIMIT(ROWS, ROWS_MAX)),
    {"GET", "/api/v1/events", ROUTE_EVENTS, NULL, {{0}}},
    {"POST", "/api/v1/streams/*/reload", ROUTE_RELOAD, "order_reload", {PART_TEXT}},
    POST("streams/*/pause", "order_pause", PART_TEXT),
    POST("streams/*/resume", "order_resume", PART_TEXT),
    POST("runs/*/cancel", "order_cancel", PART_ID),
    POST("runs/*/retry", "order_retry", PART_ID, NUMBER("job", 0, INT32_MAX)),
};

/* --- which --- */

static bool matches(const char *pattern, struct str path, struct str ret_parts[ROUTE_PARTS_MAX])
{
    struct str wanted_left = str_from(pattern), left = path;
    size_t count = 0;
    while (wanted_left.len && left.len) {
        struct str wanted, part;
        wanted_left = str_split(str_slice(wanted_left, 1, wanted_left.len), '/', &wanted);
        left = str_split(str_slice(left, 1, left.len), '/', &part);
        /* str_split takes the slash away, which the next turn expects. */
        if (wanted_left.ptr)
            wanted_left = (struct str){wanted_left.ptr - 1, wanted_left.len + 1};
        if (left.ptr)
            left = (struct str){left.ptr - 1, left.len + 1};
        if (str_is(wanted, "*") && part.len)
            ret_parts[count++] = part;
        else if (!str_eq(wanted, part))
            return false;
    }
    return !wanted_left.len && !left.len;
}

const struct route *route_find(struct str method, struct str path,
                               struct str ret_parts[ROUTE_PARTS_MAX], bool *ret_has_other)
{
    *ret_has_other = false;
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        if (!matches(routes[i].path, path, ret_parts))
            continue;
        if (str_is(method, routes[i].method))
            return &routes[i];
        *ret_has_other = true;
    }
    return NULL;
}

/* --- with what --- */

static bool fill_number(const struct route_param *param, struct str text, struct arena *arena,
                        struct pg_value *ret, struct str *ret_why)
{
    int64_t number = param->fallback;
    if (text.len &&
        (!str_to_int64(text, &number) || number < param->least || number > param->most)) {
        *ret_why =
            arena_printf(arena, "%s is a number from %lld to %lld",
                         strcmp(param->name, "*") ? param->name : "what stands in the path",
                         (long long)param->least, (long long)param->most);
        return false;
    }
    *ret = pg_int(number);
    return true;
}

bool route_fill(const struct route *route, const struct httpd_request *request,
                const struct str parts[ROUTE_PARTS_MAX], int64_t beat_ms, struct arena *arena,
                struct pg_value ret_params[ROUTE_PARAMS_MAX], size_t *ret_count,
                struct str *ret_why)
{
    size_t count = 0;
    for (const struct route_param *param = route->params;
         count < ROUTE_PARAMS_MAX && param->name; param++, count++) {
        struct str text = !strcmp(param->name, "*")
                              ? http_url_decode(arena, *parts++)
                              : httpd_request_param(arena, request, str_from(param->name));
        if (!strcmp(param->name, "beat")) {
            ret_params[count] = pg_int(beat_ms);
        } else if (param->is_number) {
            if (!fill_number(param, text, arena, &ret_params[count], ret_why))
                return false;
        } else if (!str_is_utf8(text) || str_find_byte(text, '\0') >= 0) {
            *ret_why = arena_printf(arena, "%s is no text", param->name);
            return false;
        } else {
            ret_params[count] = text.len ? pg_text(text) : PG_NULL;
        }
    }
    *ret_count = count;
    return true;
}
