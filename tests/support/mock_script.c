#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/support/mock_server.h"

/* Routes, faults and the log of requests: what tests say and ask through /_mock/. */
struct mock_script {
    json_t *routes, *faults; /* as they were posted; `seen` and `fired` are ours */
    json_t *requests;
    json_t *targets; /* exact target → number of requests */
    int64_t count;
    int max_active;
};

enum { LOGGED_MAX = 20000 };

const char *mock_text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

int64_t mock_int_of(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

/* `path: "/x?page=2"` and `page: 2` are short for a query. */
static void normalise(json_t *rule)
{
    const char *path = mock_text_of(rule, "path"), *mark = strchr(path, '?');
    json_t *page = json_object_get(rule, "page");
    if (page)
        json_object_set_new(rule, "query",
                            json_sprintf("page=%" PRId64, mock_int_of(rule, "page", 0)));
    if (!mark)
        return;
    json_object_set_new(rule, "query", json_string(mark + 1));
    json_object_set_new(rule, "path", json_stringn(path, (size_t)(mark - path)));
}

static void add(json_t *list, json_t *rules)
{
    size_t i;
    json_t *rule;
    if (json_is_object(rules)) {
        normalise(rules);
        json_array_append(list, rules);
    }
    json_array_foreach(rules, i, rule)
    {
        normalise(rule);
        json_array_append(list, rule);
    }
}

static void forget(struct mock_script *script)
{
    json_array_clear(script->routes);
    json_array_clear(script->faults);
    json_array_clear(script->requests);
    json_object_clear(script->targets);
    script->count = 0;
    script->max_active = 0;
    mock_pages_reset();
    mock_token_reset();
}

struct mock_script *mock_script_new(const char *text)
{
    struct mock_script *script = mem_alloc(sizeof *script);
    *script = (struct mock_script){.routes = json_array(),
                                   .faults = json_array(),
                                   .requests = json_array(),
                                   .targets = json_object()};
    json_error_t error;
    json_t *given = text ? json_loads(text, 0, &error) : NULL;
    if (text && !given) {
        fprintf(stderr, "mock: script, line %d: %s\n", error.line, error.text);
        exit(2);
    }
    add(script->routes, json_object_get(given, "routes"));
    add(script->faults, json_object_get(given, "faults"));
    json_decref(given);
    return script;
}

void mock_script_free(struct mock_script *script)
{
    json_decref(script->routes);
    json_decref(script->faults);
    json_decref(script->requests);
    json_decref(script->targets);
    mem_free(script);
    mock_pages_reset();
}

/* --- the log --- */

static json_t *text_json(struct str text)
{
    json_t *json = json_stringn(text.ptr ? text.ptr : "", text.len);
    return json ? json : json_string("(not UTF-8)");
}

static json_t *headers_json(struct str headers)
{
    json_t *object = json_object();
    for (struct str line, name; headers.len;) {
        headers = str_split(headers, '\n', &line);
        struct str value = str_trim(str_split(line, ':', &name));
        if (!value.ptr)
            continue;
        char key[128];
        snprintf(key, sizeof key, "%.*s", STR_ARG(name));
        for (char *c = key; *c; c++)
            *c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 32 : *c);
        json_object_set_new(object, key, text_json(value));
    }
    return object;
}

void mock_script_log(struct mock_script *script, const struct mock_request *request, int active)
{
    script->count++;
    script->max_active = MAX(script->max_active, active);
    const char *target = arena_cstr(request->arena, request->target);
    json_object_set_new(script->targets, target,
                        json_integer(mock_int_of(script->targets, target, 0) + 1));
    if (json_array_size(script->requests) >= LOGGED_MAX)
        return;
    json_t *entry = json_object();
    json_object_set_new(entry, "at_ms", json_integer(clock_mono_ms()));
    json_object_set_new(entry, "method", text_json(request->method));
    json_object_set_new(entry, "target", text_json(request->target));
    json_object_set_new(entry, "headers", headers_json(request->headers));
    json_object_set_new(entry, "body", text_json(request->body));
    json_array_append_new(script->requests, entry);
}

void mock_put_json(struct buf *buf, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    buf_put(buf, str_from(text));
    free(text);
}

static bool target_matches(struct str target, struct str url)
{
    struct str path = target;
    if (str_find_byte(url, '?') < 0)
        str_split(target, '?', &path);
    return str_eq(path, url);
}

static void put_count(struct mock_script *script, struct str url, struct buf *body)
{
    int64_t count = 0, max = 0;
    json_t *urls = json_object(), *number;
    const char *target;
    json_object_foreach(script->targets, target, number)
    {
        if (!target_matches(str_from(target), url))
            continue;
        count += json_integer_value(number);
        max = MAX(max, json_integer_value(number));
        json_object_set(urls, target, number);
    }
    json_t *all = json_pack("{s:I,s:I,s:o}", "count", (json_int_t)count, "max", (json_int_t)max,
                            "urls", urls);
    mock_put_json(body, all);
    json_decref(all);
}

/* --- control --- */

static void add_posted(json_t *list, const struct mock_request *request,
                       struct mock_reply *reply)
{
    json_error_t error;
    json_t *rules =
        json_loadb(request->body.ptr ? request->body.ptr : "", request->body.len, 0, &error);
    if (!rules) {
        reply->status = 400;
        buf_printf(&reply->body, "{\"error\":\"%s\"}", error.text);
        return;
    }
    add(list, rules);
    json_decref(rules);
    buf_puts(&reply->body, "{}");
}

bool mock_script_control(struct mock_script *script, const struct mock_request *request,
                         struct mock_reply *reply)
{
    struct str url = STR_NONE, path = request->path;
    if (!str_starts(path, STR("/_mock/")))
        return false;
    if (str_is(path, "/_mock/route")) {
        add_posted(script->routes, request, reply);
    } else if (str_is(path, "/_mock/fault")) {
        add_posted(script->faults, request, reply);
    } else if (str_is(path, "/_mock/token")) {
        mock_token_control(request, reply);
    } else if (str_is(path, "/_mock/reset")) {
        forget(script);
        buf_puts(&reply->body, "{}");
    } else if (str_is(path, "/_mock/count")) {
        if (!mock_query(request, "url", &url))
            reply->status = 400;
        put_count(script, url, &reply->body);
    } else {
        buf_printf(&reply->body,
                   "{\"count\":%lld,\"max_active\":%d,\"requests\":", (long long)script->count,
                   script->max_active);
        mock_put_json(&reply->body, script->requests);
        buf_puts(&reply->body, "}");
    }
    return true;
}

/* --- routes --- */

/* Whole parameters only: page=2 is not found in page=21. */
static bool query_holds(struct str query, struct str part)
{
    for (size_t at = 0; part.len && at + part.len <= query.len; at++) {
        size_t end = at + part.len;
        bool starts = at == 0 || query.ptr[at - 1] == '&';
        bool ends = end == query.len || query.ptr[end] == '&';
        if (starts && ends && str_eq(str_slice(query, at, end), part))
            return true;
    }
    return part.len == 0;
}

void mock_put_answer(const json_t *answer, struct mock_reply *reply)
{
    const char *name;
    json_t *value, *body = json_object_get(answer, "body");
    reply->status = (int)mock_int_of(answer, "status", reply->status);
    json_object_foreach(json_object_get(answer, "headers"), name, value)
    {
        if (str_eq_nocase(str_from(name), STR("content-type")))
            reply->type = json_string_value(value);
        else
            buf_printf(&reply->headers, "%s: %s\r\n", name, json_string_value(value));
    }
    if (!body)
        return;
    buf_reset(&reply->body);
    if (json_is_string(body))
        buf_put(&reply->body, (struct str){json_string_value(body), json_string_length(body)});
    else
        mock_put_json(&reply->body, body);
}

/* By that method, and with that text in the body, where the route says one. */
static bool is_sent(const struct mock_request *request, const json_t *route)
{
    struct str by = str_from(mock_text_of(route, "by"));
    struct str part = str_from(mock_text_of(route, "sent"));
    return (!by.len || str_eq(request->method, by)) &&
           (!part.len || str_find(request->body, part) >= 0);
}

bool mock_script_route(struct mock_script *script, const struct mock_request *request,
                       struct mock_reply *reply)
{
    for (size_t i = json_array_size(script->routes); i-- > 0;) {
        json_t *route = json_array_get(script->routes, i);
        if (!str_is(request->path, mock_text_of(route, "path")) ||
            !query_holds(request->query, str_from(mock_text_of(route, "query"))) ||
            !is_sent(request, route))
            continue;
        const json_t *answers = json_object_get(route, "answers");
        size_t count = json_array_size(answers);
        if (!count) {
            mock_put_answer(route, reply);
            return true;
        }
        int64_t seen = mock_int_of(route, "seen", 0);
        json_object_set_new(route, "seen", json_integer(seen + 1));
        mock_put_answer(json_array_get(answers, MIN((size_t)seen, count - 1)), reply);
        return true;
    }
    return false;
}

/* --- faults --- */

/* The first fault that is due. All that match count the request. */
static const json_t *fault_due(struct mock_script *script, const struct mock_request *request)
{
    size_t i;
    json_t *fault;
    const json_t *due = NULL;
    json_array_foreach(script->faults, i, fault)
    {
        if (!str_starts(request->path, str_from(mock_text_of(fault, "path"))) ||
            !query_holds(request->query, str_from(mock_text_of(fault, "query"))))
            continue;
        int64_t seen = mock_int_of(fault, "seen", 0) + 1,
                fired = mock_int_of(fault, "fired", 0);
        int64_t times = mock_int_of(fault, "times", 1);
        json_object_set_new(fault, "seen", json_integer(seen));
        if (due || seen < mock_int_of(fault, "nth", 1) || (times >= 0 && fired >= times))
            continue;
        json_object_set_new(fault, "fired", json_integer(fired + 1));
        due = fault;
    }
    return due;
}

void mock_script_plan(struct mock_script *script, const struct mock_request *request,
                      struct mock_reply *reply, struct mock_plan *plan)
{
    mock_fault(fault_due(script, request), request, reply, plan);
}
