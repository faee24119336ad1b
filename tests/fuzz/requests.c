#include "tests/fuzz/targets.h"
#include "web/route.h"

static bool is_part(struct str part, struct str whole)
{
    return !part.len || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static void check_route(struct arena *arena, const struct httpd_request *request)
{
    struct str parts[ROUTE_PARTS_MAX], why = STR_NONE;
    struct pg_value params[ROUTE_PARAMS_MAX];
    size_t count = 0;
    bool has_other;
    const struct route *route = route_find(request->method, request->path, parts, &has_other);
    if (!route || !route_fill(route, request, parts, 10000, arena, params, &count, &why)) {
        FUZZ_CHECK(!route || why.len, "%.*s", STR_ARG(request->path));
        return;
    }
    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(str_is_utf8(params[i].text) && str_find_byte(params[i].text, '\0') < 0,
                   "%.*s", STR_ARG(request->path));
}

void fuzz_requests(struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct httpd_request request;
    if (!httpd_request_parse(text, &request))
        return;
    FUZZ_CHECK(str_starts(request.path, STR("/")), "%.*s", STR_ARG(request.path));
    FUZZ_CHECK(is_part(request.query, text) && is_part(request.headers, text), "%zu bytes",
               text.len);
    struct str host = httpd_request_header(&request, STR("host"));
    FUZZ_CHECK(is_part(host, request.headers), "%.*s", STR_ARG(host));
    FUZZ_CHECK(httpd_request_body_bytes(&request) >= -1, "%.*s", STR_ARG(request.headers));
    struct str q = httpd_request_param(arena, &request, STR("q"));
    FUZZ_CHECK(q.len <= request.query.len, "%.*s", STR_ARG(q));
    (void)httpd_request_is_local(&request);
    (void)httpd_request_is_same_origin(&request);
    check_route(arena, &request);
}
