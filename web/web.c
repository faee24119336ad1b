#include "web/web.h"

#include "base/json_out.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/rng.h"
#include "port/json.h"
#include "web/answer.h"
#include "web/definition.h"
#include "web/events.h"
#include "web/page.h"
#include "web/route.h"

/*
 *     call ─► page? ─► the file
 *          ─► route ─► may it? ─► parameters ─► session_ask ─► (later) the answer of its kind
 *
 * Between the question and the answer the caller may go away: `asked` stays until PostgreSQL
 * has answered, with its call set to NULL.
 */
enum { BODY_BYTES_MAX = 4096, APPLICATION_NAME_BYTES = PROCESS_ID_BYTES + 16 };

struct web {
    struct loop *loop;
    const struct settings *settings;
    struct session *reading, *ordering;
    struct events *events;
    char name[APPLICATION_NAME_BYTES];
};

struct asked {
    struct web *web;
    struct httpd_call *call; /* NULL: it is gone */
    const struct route *route;
    char *path;     /* for the log */
    int64_t number; /* of the first part of the path, where it is one */
};

/* --- answers --- */

static void answer_definition(struct httpd_call *call, const struct pg_result *result)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str around = pg_get_str(result, 0, 1);
    struct str spec = definition_show(arena, pg_get_str(result, 0, 0));
    AUTO_BUF(body, MIB(12));
    buf_put(&body, str_slice(around, 0, around.len - 1));
    buf_puts(&body, ",\"definition\":");
    buf_put(&body, spec.len ? spec : STR("null"));
    buf_puts(&body, "}");
    answer_json(call, 200, buf_str(&body));
}

static void answer_order(struct asked *asked, const struct pg_result *result)
{
    int status = (int)pg_get_int(result, 0, 1);
    log_write(LOG_INFO, LOG_ORDER, LOG_NOWHERE, "%s: %d %.*s", asked->path, status,
              STR_ARG(str_slice(pg_get_str(result, 0, 0), 0, KIB(1))));
    if (asked->call)
        answer_json(asked->call, status, pg_get_str(result, 0, 0));
    events_note(asked->web->events, STR_NONE);
}

static void answer_rows(struct asked *asked, const struct pg_result *result)
{
    switch (asked->route->kind) {
    case ROUTE_DEFINITION:
        answer_definition(asked->call, result);
        return;
    case ROUTE_RECORD:
        answer_bytes(asked->call, pg_get_str(result, 0, 0), asked->number);
        return;
    default:
        answer_json(asked->call, 200, pg_get_str(result, 0, 0));
    }
}

static void on_answer(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct asked *asked = ctx;
    bool is_order = asked->route->kind == ROUTE_ORDER || asked->route->kind == ROUTE_RELOAD;
    if (err && err->kind != ERR_STOPPED && (is_order || err->kind != ERR_AGAIN))
        log_write(LOG_WARN, LOG_NOTE, LOG_NOWHERE, "dashboard: %s: %s", asked->path, err->text);
    if (!err && is_order)
        answer_order(asked, result);
    else if (asked->call && err)
        answer_error(asked->call, err);
    else if (asked->call && !pg_rows(result))
        answer_refuse(asked->call, 404, STR("there is no such thing"));
    else if (asked->call)
        answer_rows(asked, result);
    mem_free(asked->path);
    mem_free(asked);
}

static void on_gone(void *ctx)
{
    struct asked *asked = ctx;
    asked->call = NULL;
}

/* --- questions --- */

static void ask(struct web *web, struct httpd_call *call, const struct route *route,
                struct str path, const struct pg_value *params, size_t count)
{
    struct asked *asked = mem_alloc(sizeof *asked);
    *asked = (struct asked){.web = web,
                            .call = call,
                            .route = route,
                            .path = mem_printf("%.*s", STR_ARG(path)),
                            .number = count ? params[0].number : 0};
    const char *sql = answer_query(route->query);
    httpd_on_gone(call, on_gone, asked);
    if (route->kind == ROUTE_RECORD)
        session_ask_bytes(web->reading, sql, params, count, on_answer, asked);
    else
        session_ask(!strcmp(route->method, "GET") ? web->reading : web->ordering, sql, params,
                    count, on_answer, asked);
}

/* The fields of a reload message as one JSON object; where it names no id it gets one. */
static void ask_reload(struct web *web, struct httpd_call *call, const struct route *route,
                       const struct httpd_request *request, struct pg_value stream)
{
    AUTO_JSON struct json *json = NULL;
    AUTO_BUF(id, KIB(1));
    struct err err = ERR_INIT;
    struct str body = request->body.len ? request->body : STR("{}");
    char token[RNG_TOKEN_BYTES];
    if (body.len > BODY_BYTES_MAX || !json_parse(body, &json, &err)) {
        answer_refuse(call, 400,
                      STR("the body is one JSON object of at most 4 KiB: the fields "
                          "of a reload message"));
        return;
    }
    rng_token(token);
    buf_printf(&id, "web-%.16s", token);
    const struct pg_value params[] = {pg_text(buf_str(&id)), stream, pg_text(body)};
    ask(web, call, route, request->path, params, COUNT_OF(params));
}

static void follow(struct web *web, struct httpd_call *call, const struct route *route,
                   const struct httpd_request *request, const struct str *parts)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct pg_value params[ROUTE_PARAMS_MAX];
    size_t count;
    struct str why;
    if (!route_fill(route, request, parts, web->settings->beat_ms, arena, params, &count, &why))
        answer_refuse(call, 400, why);
    else if (route->kind == ROUTE_RELOAD)
        ask_reload(web, call, route, request, params[0]);
    else
        ask(web, call, route, request->path, params, count);
}

static void take(struct web *web, struct httpd_call *call, const struct httpd_request *request)
{
    struct str parts[ROUTE_PARTS_MAX];
    bool has_other;
    const struct route *route = route_find(request->method, request->path, parts, &has_other);
    if (!httpd_request_is_same_origin(request))
        answer_refuse(call, 403, STR("a page of another origin asks"));
    else if (!route)
        answer_refuse(call, has_other ? 405 : 404,
                      has_other ? STR("this path has another method")
                                : STR("the API has no such path"));
    else if (str_is(request->method, "POST") &&
             !httpd_request_header(request, STR("x-pagetide")).len)
        answer_refuse(call, 403, STR("a POST needs the header X-Pagetide: 1"));
    else if (route->kind == ROUTE_EVENTS)
        events_listen(web->events, call);
    else
        follow(web, call, route, request, parts);
}

static bool on_call(void *ctx, struct httpd_call *call, const struct httpd_request *request)
{
    if (page_answer(call, request))
        return true;
    if (!str_starts(request->path, STR("/api/")))
        return false;
    take(ctx, call, request);
    return true;
}

/* --- life --- */

static void on_notify(void *ctx, struct str payload)
{
    struct web *web = ctx;
    events_note(web->events, payload);
}

struct web *web_new(struct loop *loop, const struct settings *settings, struct httpd *httpd)
{
    struct web *web = mem_alloc(sizeof *web);
    char id[PROCESS_ID_BYTES];
    web->settings = settings;
    process_new_id(id);
    snprintf(web->name, sizeof web->name, "pagetide web-%s", id);
    web->reading = session_new(
        &(struct session_options){.loop = loop,
                                  .url = settings->database_url,
                                  .name = web->name,
                                  .setup_sql = "listen pagetide;"
                                               "set default_transaction_read_only = on;",
                                  .on_notify = on_notify,
                                  .notify_ctx = web});
    web->ordering =
        session_new(&(struct session_options){.loop = loop,
                                              .url = settings->database_url,
                                              .name = web->name,
                                              .setup_sql = "set lock_timeout = '3s';"});
    web->events = events_new(loop, web->reading);
    httpd_on_call(httpd, on_call, web);
    return web;
}

void web_free(struct web *web)
{
    if (!web)
        return;
    session_free(web->reading);
    session_free(web->ordering);
    events_free(web->events);
    mem_free(web);
}
