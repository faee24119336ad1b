#include "config/import/airbyte.h"

/* An HttpRequester: where, what with, and what its answers mean. */

/* --- places --- */

bool airbyte_place(struct manifest *manifest, const struct component *option, struct str *ret)
{
    static const struct {
        const char *in, *prefix;
    } places[] = {{"request_parameter", ""},
                  {"header", "header:"},
                  {"body_data", "body:"},
                  {"body_json", "body:"}};
    struct str in = import_text(component_get(manifest, option, "inject_into")), name;
    const struct yaml_node *path = component_get(manifest, option, "field_path");
    const struct yaml_node *field = component_get(manifest, option, "field_name");
    if (str_is(component_type(option), "RequestPath") || str_is(in, "path"))
        return false;
    if (path ? !airbyte_path(manifest, option->scope, path, &name)
             : !field || !airbyte_text(manifest, option->scope, field, &name))
        return false;
    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (str_is(in, places[i].in)) {
            *ret = arena_printf(manifest->import->arena, "%s%.*s", places[i].prefix,
                                STR_ARG(name));
            return true;
        }
    return false;
}

void airbyte_inject(struct manifest *manifest, const struct component *option,
                    struct outline *stream, struct str value)
{
    struct str place, step;
    if (!airbyte_place(manifest, option, &place)) {
        import_gap(manifest->import, stream,
                   "a value goes to a place that is not known: put \"%.*s\" where it belongs",
                   STR_ARG(value));
        return;
    }
    struct arena *arena = manifest->import->arena;
    if (str_starts(place, STR("header:"))) {
        outline_put(outline_map(stream, "headers"),
                    arena_cstr(arena, str_slice(place, 7, place.len)), value);
    } else if (str_starts(place, STR("body:"))) {
        struct outline *body = outline_map(stream, "body");
        struct str rest = str_split(str_slice(place, 5, place.len), '.', &step);
        for (; rest.len; rest = str_split(rest, '.', &step))
            body = outline_map(body, arena_cstr(arena, step));
        outline_put(body, arena_cstr(arena, step), value);
    } else
        outline_put(outline_map(stream, "params"), arena_cstr(arena, place), value);
}

/* --- the request --- */

static void put_url(struct manifest *manifest, const struct component *requester,
                    struct outline *stream)
{
    struct import *import = manifest->import;
    const struct yaml_node *base = component_get(manifest, requester, "url_base");
    const struct yaml_node *path = component_get(manifest, requester, "path");
    struct str text;
    if (!base)
        base = component_get(manifest, requester, "url");
    if (base && airbyte_text(manifest, requester->scope, base, &text))
        import_base_url(import, stream, text);
    else
        import_gap(import, stream, "url_base: fill in base_url at the top of the file");
    if (!path)
        outline_put(stream, "path", STR(""));
    else if (airbyte_text(manifest, requester->scope, path, &text))
        import_path(import, stream, text);
    else
        import_gap(import, stream, "path: fill it in, its expression has no counterpart");
}

/* A map, or a text "a=1&b=2". */
static void put_map(struct manifest *manifest, const struct component *requester,
                    const char *member, struct outline *stream, const char *key)
{
    const struct yaml_node *map = component_get(manifest, requester, member);
    if (!map)
        return;
    if (map->kind == YAML_MAP && str_is(import_find_text(map, "type"), "QueryProperties"))
        import_gap(manifest->import, stream, "%s: properties in pieces have no counterpart",
                   member);
    else if (map->kind == YAML_MAP)
        airbyte_put_value(manifest, requester->scope, map, stream, key);
    else
        import_gap(manifest->import, stream, "%s: write it as a map, %s: {name: value}", member,
                   key);
}

static void ignore_problem(void *ctx, int line, int column, const char *what)
{
    (void)ctx;
    (void)line;
    (void)column;
    (void)what;
}

/* A text that is JSON is the map or list that it means; any other is sent as it is. */
static void put_json(struct manifest *manifest, const struct component *requester,
                     const struct yaml_node *node, struct outline *stream)
{
    struct err err = ERR_INIT;
    struct yaml_node *parsed;
    bool is_text = node->kind == YAML_STRING;
    if (is_text &&
        yaml_parse(manifest->import->arena, node->text, ignore_problem, NULL, &parsed, &err) &&
        !yaml_is_scalar(parsed)) {
        node = parsed;
        is_text = false;
    }
    airbyte_put_value(manifest, requester->scope, node, stream, "body");
    if (!is_text)
        return;
    outline_put(stream, "body_type", STR("text"));
    outline_put(outline_map(stream, "headers"), "Content-Type", STR("application/json"));
}

static void put_body(struct manifest *manifest, const struct component *requester,
                     struct outline *stream)
{
    static const struct {
        const char *type, *body_type;
    } types[] = {{"RequestBodyPlainText", "text"},
                 {"RequestBodyUrlEncodedForm", "form"},
                 {"RequestBodyJsonObject", NULL},
                 {"RequestBodyGraphQL", NULL}};
    struct component body = component_at(manifest, requester, "request_body");
    const struct yaml_node *json = component_get(manifest, requester, "request_body_json");
    const struct yaml_node *data = component_get(manifest, requester, "request_body_data");
    const struct yaml_node *value = component_get(manifest, &body, "value");
    if (json)
        put_json(manifest, requester, json, stream);
    if (data)
        airbyte_put_value(manifest, requester->scope, data, stream, "body");
    if (data)
        outline_put(stream, "body_type", data->kind == YAML_MAP ? STR("form") : STR("text"));
    if (value)
        airbyte_put_value(manifest, body.scope, value, stream, "body");
    for (size_t i = 0; value && i < COUNT_OF(types); i++)
        if (str_is(component_type(&body), types[i].type) && types[i].body_type)
            outline_put(stream, "body_type", str_from(types[i].body_type));
}

/* What is read here by name, or means nothing; anything else is noted. */
static const struct field fields[] = {
    {"type", NULL, NULL, NULL},
    {"url_base", NULL, NULL, NULL},
    {"url", NULL, NULL, NULL},
    {"path", NULL, NULL, NULL},
    {"http_method", NULL, NULL, NULL},
    {"authenticator", NULL, NULL, NULL},
    {"request_parameters", NULL, NULL, NULL},
    {"request_headers", NULL, NULL, NULL},
    {"request_body_json", NULL, NULL, NULL},
    {"request_body_data", NULL, NULL, NULL},
    {"request_body", NULL, NULL, NULL},
    {"request_options_provider", NULL, NULL, "an older form: write params, headers and body"},
    {"error_handler", NULL, NULL, NULL},
    {"use_cache", NULL, NULL, NULL},
    {"name", NULL, NULL, NULL},
    {"primary_key", NULL, NULL, NULL},
    {"fetch_properties_from_endpoint", NULL, NULL,
     "the list of properties is asked for first; write it as a parameter"},
    {"query_properties", NULL, NULL, "properties in pieces have no counterpart"},
    FIELD_END,
};

void airbyte_request(struct manifest *manifest, const struct component *requester,
                     struct outline *stream)
{
    struct str method = import_text(component_get(manifest, requester, "http_method"));
    if (!requester->map || str_starts(component_type(requester), STR("Custom"))) {
        import_gap(manifest->import, stream,
                   "the requester is code of the connector: fill in path, params and headers");
        outline_put(stream, "path", STR("/"));
        return;
    }
    put_url(manifest, requester, stream);
    if (method.len && !str_eq_nocase(method, STR("GET")))
        outline_put(stream, "method", method);
    put_map(manifest, requester, "request_parameters", stream, "params");
    put_map(manifest, requester, "request_headers", stream, "headers");
    put_body(manifest, requester, stream);
    import_fields(manifest->import, fields, requester->map, stream, NULL);
}

/* --- what answers mean --- */

static const char *const actions[][2] = {
    {"IGNORE", "empty"},
    {"SUCCESS", "page"},
    {"FAIL", "fail"},
    {"RETRY", "retry"},
    {"RATE_LIMITED", "retry"},
    {"RESET_PAGINATION", "reset"},
    {"REFRESH_TOKEN_THEN_RETRY", "login"},
};

static const char *action_of(struct str word)
{
    for (size_t i = 0; i < COUNT_OF(actions); i++)
        if (str_is(word, actions[i][0]))
            return actions[i][1];
    return NULL;
}

static void put_codes(const struct yaml_node *codes, struct outline *rule)
{
    if (codes->kind == YAML_LIST && codes->count == 1)
        outline_copy(rule, "status", codes->items[0]);
    else
        outline_copy(rule, "status", codes);
}

/* A filter that only says what is done anyway is left out. */
static bool is_usual(const struct yaml_node *codes, const char *then, bool has_more)
{
    const struct yaml_node *lone =
        codes && codes->kind == YAML_LIST && codes->count == 1 ? codes->items[0] : codes;
    struct str code = import_text(lone);
    return !has_more && then && !strcmp(then, "retry") &&
           (str_is(code, "429") || str_starts(code, STR("50")));
}

static void put_filter(struct manifest *manifest, const struct component *filter,
                       struct outline *stream)
{
    struct str word = import_text(component_get(manifest, filter, "action"));
    const struct yaml_node *codes = component_get(manifest, filter, "http_codes");
    const struct yaml_node *when = component_get(manifest, filter, "predicate");
    const struct yaml_node *words = component_get(manifest, filter, "error_message_contains");
    const char *then = action_of(word);
    if (is_usual(codes, then, when || words))
        return;
    if (!word.len) {
        import_gap(manifest->import, stream,
                   "response_filters: one without an action is left out: see responses");
        return;
    }
    if (!then || (!codes && !when) || words) {
        import_gap(manifest->import, stream,
                   "response_filters: one more rule of responses, by "
                   "hand: %.*s where the message contains a text",
                   STR_ARG(word));
        return;
    }
    struct outline *rule = outline_new(manifest->import->arena);
    if (codes)
        put_codes(codes, rule);
    if (when && (!airbyte_put(manifest, filter, "predicate", rule, "when") ||
                 !outline_find(rule, "when"))) {
        /* half of it would be of more answers */
        import_gap(manifest->import, stream,
                   "response_filters: one more rule of responses, by hand: %.*s where its "
                   "predicate holds",
                   STR_ARG(word));
        return;
    }
    outline_put(rule, "then", str_from(then));
    if (!strcmp(then, "fail"))
        airbyte_put(manifest, filter, "error_message", rule, "message");
    outline_merge(outline_add_map(outline_list(stream, "responses")), rule);
}

/* Where the answer says how long to wait, for the rules that try again, and for 429. */
static void put_wait(struct import *import, struct str header, struct outline *stream)
{
    struct outline *responses = outline_list(stream, "responses");
    struct str place = arena_printf(import->arena, "header:%.*s", STR_ARG(header));
    for (size_t i = 0; i < outline_count(responses); i++) {
        struct outline *rule = outline_item(responses, i);
        if (str_is(outline_text(outline_find(rule, "then")), "retry") &&
            !outline_find(rule, "wait"))
            outline_put(rule, "wait", place);
    }
    struct outline *rule = outline_add_map(responses);
    outline_put_raw(rule, "status", STR("429"));
    outline_put(rule, "then", STR("retry"));
    outline_put(rule, "wait", place);
}

static const struct field backoff_fields[] = {
    {"header", NULL, NULL, NULL},
    {"factor", NULL, NULL, NULL},
    {"backoff_time_in_seconds", NULL, NULL, NULL},
    {"max_waiting_time_in_seconds", NULL, NULL, "a longer wait fails: see max_wait"},
    {"regex", NULL, NULL,
     "`wait` reads a number or a time: an expression takes it out of a text"},
    {"min_wait", NULL, NULL, "`wait` is what the header says, and no more"},
    FIELD_END,
};

static void put_backoff(struct manifest *manifest, const struct component *strategy,
                        struct outline *stream)
{
    struct str type = component_type(strategy);
    struct str header = import_text(component_get(manifest, strategy, "header"));
    if (str_is(type, "ConstantBackoffStrategy")) {
        outline_put(outline_map(stream, "retry"), "backoff", STR("fixed"));
        airbyte_put(manifest, strategy, "backoff_time_in_seconds", outline_map(stream, "retry"),
                    "initial_delay");
    } else if (str_is(type, "ExponentialBackoffStrategy")) {
        airbyte_put(manifest, strategy, "factor", outline_map(stream, "retry"),
                    "initial_delay");
    } else if (str_is(type, "WaitTimeFromHeader") || str_is(type, "WaitUntilTimeFromHeader")) {
        if (str_eq_nocase(header, STR("retry-after")))
            return; /* is kept to anyway */
        put_wait(manifest->import, header, stream);
    } else
        import_gap(manifest->import, stream,
                   "backoff strategy %.*s: see retry and docs/answers.md", STR_ARG(type));
    if (!str_starts(type, STR("Custom")))
        component_note_rest(manifest, strategy, backoff_fields, stream);
}

static void put_handler(struct manifest *manifest, const struct component *handler,
                        struct outline *stream)
{
    const struct yaml_node *filters = component_get(manifest, handler, "response_filters");
    const struct yaml_node *strategies = component_get(manifest, handler, "backoff_strategies");
    int64_t retries;
    if (str_to_int64(import_text(component_get(manifest, handler, "max_retries")), &retries) &&
        retries >= 0 && retries < 1000)
        outline_put_raw(outline_map(stream, "retry"), "max_attempts",
                        arena_printf(manifest->import->arena, "%lld", (long long)retries + 1));
    for (size_t i = 0; i < component_count(filters); i++) {
        struct component filter = component_item(manifest, filters, i, handler->scope);
        put_filter(manifest, &filter, stream);
    }
    for (size_t i = 0; i < component_count(strategies); i++) {
        struct component strategy = component_item(manifest, strategies, i, handler->scope);
        put_backoff(manifest, &strategy, stream);
    }
}

void airbyte_errors(struct manifest *manifest, const struct component *handler,
                    struct outline *stream)
{
    struct str type = component_type(handler);
    const struct yaml_node *list = component_get(manifest, handler, "error_handlers");
    if (!handler->map)
        return;
    if (str_starts(type, STR("Custom")))
        import_gap(manifest->import, stream,
                   "the error handler is code of the connector: see retry "
                   "and docs/answers.md");
    else if (str_is(type, "CompositeErrorHandler"))
        for (size_t i = 0; i < component_count(list); i++) {
            struct component one = component_item(manifest, list, i, handler->scope);
            airbyte_errors(manifest, &one, stream);
        }
    else
        put_handler(manifest, handler, stream);
}
