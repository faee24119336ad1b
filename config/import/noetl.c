#include "base/secret_name.h"
#include "config/import/formats.h"

/*
 * A NoETL playbook: each step that asks by HTTP is a stream. Both ways to page are read,
 * loop.pagination and retry.on_success; where the executor wraps an answer, response.data is
 * the body.
 */
struct playbook {
    const struct yaml_node *root, *workload;
    struct import *import;
    /* of the step that is read */
    struct str element; /* the iterator's name; empty: there is none */
    bool elements_are_maps, is_wrapped;
};

/* --- expressions --- */

static struct str dotted(struct import *import, const char *root,
                         const struct rewrite_name *name, size_t from, size_t to)
{
    struct str text = str_from(root);
    for (size_t i = from; i < to; i++)
        text = arena_printf(import->arena, "%.*s.%.*s", STR_ARG(text), STR_ARG(name->steps[i]));
    return text;
}

/* "Bearer x" → ('Bearer ' ~ env.NAME) */
static struct str hidden_scheme(struct import *import, struct str key, struct str value)
{
    struct str scheme, rest = secret_name_split(value, &scheme);
    return arena_printf(import->arena, "('%.*s ' ~ %.*s)", STR_ARG(scheme),
                        STR_ARG(import_variable(import, key, rest)));
}

static bool is_secret_step(const struct rewrite_name *name, size_t from)
{
    for (size_t i = from; i < name->count; i++)
        if (secret_name_is(name->steps[i]))
            return true;
    return false;
}

/* A value of the workload: a name of `vars`, or a credential. From the step `from` on the name
 * leads into it. */
static bool workload_name(struct playbook *playbook, const struct rewrite_name *name,
                          size_t from, struct str key, size_t *ret_used, struct str *ret_text)
{
    struct import *import = playbook->import;
    const struct yaml_node *value =
        import_find(playbook->workload, arena_cstr(import->arena, key));
    *ret_used = from;
    if (!value)
        return false;
    if (secret_name_is(key) || is_secret_step(name, from)) {
        struct str last = name->count > from ? name->steps[name->count - 1] : key;
        *ret_used = name->count;
        *ret_text = import_variable(import, last, import_text(value));
    } else if (secret_name_is_scheme(import_text(value)))
        *ret_text = hidden_scheme(import, key, value->text);
    else
        *ret_text = rewrite_member(import->arena, "vars", key);
    return true;
}

static bool element_name(struct playbook *playbook, const struct rewrite_name *name,
                         size_t from, size_t *ret_used, struct str *ret_text)
{
    *ret_used = from;
    if (!playbook->elements_are_maps) {
        *ret_text = rewrite_member(playbook->import->arena, "partition", playbook->element);
        return true;
    }
    if (name->count <= from)
        return false;
    *ret_text = STR("partition");
    return true;
}

static const struct {
    const char *root, *to;
    size_t used; /* steps that are dropped */
} plain_names[] = {
    {"iteration", "iteration", 0},
    {"accumulated", "accumulated", 0},
    {"env", "env", 0},
    {"_loop", "iteration", 1},
    {"_retry", "iteration", 1},
    {"execution_id", "run.id", 0},
    {"job", "run.id", 1},
    {"omit", "omit", 0},
};

static bool plain_name(const struct rewrite_name *name, size_t *ret_used, struct str *ret_text)
{
    for (size_t i = 0; i < COUNT_OF(plain_names); i++)
        if (str_is(name->root, plain_names[i].root) && name->count >= plain_names[i].used) {
            *ret_used = plain_names[i].used;
            *ret_text = str_from(plain_names[i].to);
            return true;
        }
    return false;
}

static bool find_name(void *ctx, const struct rewrite_name *name, size_t *ret_used,
                      struct str *ret_text)
{
    struct playbook *playbook = ctx;
    bool is_of_loop = str_is(name->root, "iterator") || str_is(name->root, "iter");
    *ret_used = 0;
    if (str_is(name->root, "response")) {
        bool has_data = name->count && str_is(name->steps[0], "data");
        *ret_used = playbook->is_wrapped && has_data;
        *ret_text = name->root;
        return !playbook->is_wrapped || has_data;
    }
    if (playbook->element.len && str_eq(name->root, playbook->element))
        return element_name(playbook, name, 0, ret_used, ret_text);
    if (playbook->element.len && is_of_loop && name->count &&
        str_eq(name->steps[0], playbook->element))
        return element_name(playbook, name, 1, ret_used, ret_text);
    if ((str_is(name->root, "workload") || str_is(name->root, "vars")) && name->count) {
        return workload_name(playbook, name, 1, name->steps[0], ret_used, ret_text);
    }
    if (str_is(name->root, "keychain") || str_is(name->root, "secret")) {
        struct str what =
            name->count ? dotted(playbook->import, "", name, 0, name->count) : name->root;
        *ret_used = name->count;
        *ret_text = import_variable(playbook->import, what, STR_NONE);
        return true;
    }
    return workload_name(playbook, name, 0, name->root, ret_used, ret_text) ||
           plain_name(name, ret_used, ret_text);
}

static bool find_call(void *ctx, struct str function, const struct str *args, size_t count,
                      struct str *ret_text)
{
    (void)ctx;
    (void)args;
    *ret_text = STR("now()");
    return str_is(function, "now") && !count;
}

static bool rewrite(struct playbook *playbook, struct str text, struct str *ret)
{
    const struct rewrite_rules rules = {.name = find_name,
                                        .call = find_call,
                                        .ctx = playbook,
                                        .arena = playbook->import->arena};
    return rewrite_text(&rules, text, ret);
}

/* A text, or a note that it names what is not here. */
static bool take_text(struct playbook *playbook, const struct yaml_node *node,
                      struct outline *to, const char *what, struct str *ret)
{
    if (yaml_is_scalar(node) && rewrite(playbook, node->text, ret))
        return true;
    import_gap(playbook->import, to,
               "%s: not taken over, it names what is not known here (docs/expressions.md)",
               what);
    return false;
}

static void put_value(struct playbook *playbook, const struct yaml_node *node,
                      struct outline *to, const char *key);

static void put_member(struct playbook *playbook, const struct yaml_node *node,
                       struct outline *map)
{
    struct import *import = playbook->import;
    struct str text;
    const char *key = arena_cstr(import->arena, node->key);
    bool has_expression = node->kind == YAML_STRING && str_find(node->text, STR("{{")) >= 0;
    if (!has_expression && yaml_is_scalar(node)) {
        struct outline *holder = outline_new(import->arena);
        import_pair(import, holder, "x", node->key, node);
        struct outline *made = outline_find(outline_map(holder, "x"), key);
        if (node->kind == YAML_STRING || !str_eq(outline_text(made), node->text))
            outline_put(map, key, outline_text(made));
        else
            outline_copy(map, key, node);
    } else if (has_expression) {
        if (take_text(playbook, node, map, key, &text))
            outline_put(map, key, text);
    } else
        put_value(playbook, node, map, key);
}

static void put_value(struct playbook *playbook, const struct yaml_node *node,
                      struct outline *to, const char *key)
{
    struct str text;
    if (node->kind == YAML_STRING && take_text(playbook, node, to, key, &text))
        outline_put(to, key, text);
    else if (node->kind == YAML_MAP)
        for (size_t i = 0; i < node->count; i++)
            put_member(playbook, node->items[i], outline_map(to, key));
    else if (node->kind != YAML_STRING)
        import_value(playbook->import, node, to, key);
}

/* --- pagination --- */

static const char *const strategies[] = {"append", "extend", "replace", "collect"};

static void put_strategy(struct import *import, struct str word, struct outline *stream)
{
    for (size_t i = 0; i < COUNT_OF(strategies); i++)
        if (str_is(word, strategies[i])) {
            if (i)
                outline_put(stream, "merge_strategy", word);
            return;
        }
    if (word.len)
        import_gap(import, stream, "merge_strategy %.*s: append, extend, replace or collect",
                   STR_ARG(word));
}

static void put_merge_path(struct playbook *playbook, struct str text, struct outline *stream)
{
    struct str path;
    if (playbook->is_wrapped && str_is(text, "data"))
        return;
    if (playbook->is_wrapped && str_starts(text, STR("data.")))
        text = str_slice(text, 5, text.len);
    if (text.len && !import_json_path(playbook->import, text, &path))
        import_gap(playbook->import, stream,
                   "merge_path: fill in where the records are, the path has no counterpart");
    else if (text.len && path.len)
        outline_put(stream, "merge_path", path);
}

static void put_retry(struct import *import, const struct yaml_node *node, struct outline *to)
{
    static const char *const keys[] = {"max_attempts", "backoff", "initial_delay", "max_delay"};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (import_find(node, keys[i]))
            outline_copy(outline_map(to, "retry"), keys[i], import_find(node, keys[i]));
    if (import_find(node, "backoff_multiplier"))
        outline_put(outline_map(to, "retry"), "backoff", STR("exponential"));
    if (import_find(node, "retryable_status_codes"))
        import_gap(
            import, to,
            "retryable_status_codes: 408, 425, 429 and 5xx are tried again anyway; others "
            "by responses: [{status: …, then: retry}]");
}

/* Are answers wrapped, {status, data: BODY}? Both places must say so. */
static bool are_wrapped(struct str condition, struct str merge_path)
{
    return str_find(condition, STR("response.data.")) >= 0 &&
           (!merge_path.len || str_starts(merge_path, STR("data.")));
}

struct paging {
    struct str condition, merge_path, strategy;
    const struct yaml_node *condition_node, *next, *limit, *retry;
};

static void clean_url(struct import *import, struct outline *next)
{
    struct str url = next ? outline_text(outline_find(next, "url")) : STR_NONE;
    if (url.len)
        outline_put(next, "url", import_url(import, next, url));
}

static void put_paging(struct playbook *playbook, const struct paging *paging,
                       struct outline *stream)
{
    struct outline *pagination = outline_map(stream, "pagination");
    struct str text;
    outline_put(pagination, "type", STR("response_based"));
    if (paging->condition_node &&
        take_text(playbook, paging->condition_node, pagination, "continue_while", &text))
        outline_put(pagination, "continue_while", text);
    if (paging->next)
        put_value(playbook, paging->next, pagination, "next_page");
    clean_url(playbook->import, outline_find(pagination, "next_page"));
    if (paging->limit)
        outline_copy(pagination, "max_iterations", paging->limit);
    if (paging->retry)
        put_retry(playbook->import, paging->retry, pagination);
    put_strategy(playbook->import, paging->strategy, stream);
    put_merge_path(playbook, paging->merge_path, stream);
}

static bool find_paging(const struct yaml_node *step, struct paging *ret)
{
    const struct yaml_node *block = import_find(import_find(step, "loop"), "pagination");
    const struct yaml_node *again = import_find(import_find(step, "retry"), "on_success");
    const struct yaml_node *collect = import_find(again, "collect");
    if (block)
        *ret = (struct paging){.condition_node = import_find(block, "continue_while"),
                               .merge_path = import_find_text(block, "merge_path"),
                               .strategy = import_find_text(block, "merge_strategy"),
                               .next = import_find(block, "next_page"),
                               .limit = import_find(block, "max_iterations"),
                               .retry = import_find(block, "retry")};
    else if (again)
        *ret = (struct paging){.condition_node = import_find(again, "while"),
                               .merge_path = import_find_text(collect, "path"),
                               .strategy = import_find_text(collect, "strategy"),
                               .next = import_find(again, "next_call"),
                               .limit = import_find(again, "max_attempts")};
    ret->condition = import_text(ret->condition_node);
    return block || again;
}

/* --- the loop over a list --- */

static const struct yaml_node *collection_of(struct playbook *playbook,
                                             const struct yaml_node *loop)
{
    const struct yaml_node *list = import_find(loop, "in");
    struct str path;
    if (!list)
        list = import_find(loop, "collection");
    if (list && list->kind == YAML_STRING &&
        rewrite_as_path(playbook->import->arena, list->text, "workload", &path))
        list = import_find(playbook->workload, arena_cstr(playbook->import->arena, path));
    return list && list->kind == YAML_LIST ? list : NULL;
}

/* False: members of the map that are credentials are left out. */
static bool put_partition(struct playbook *playbook, const struct yaml_node *node,
                          struct str element, struct outline *partitions)
{
    struct arena *arena = playbook->import->arena;
    struct outline *map = outline_add_map(partitions);
    bool is_map = playbook->elements_are_maps && node->kind == YAML_MAP, is_whole = true;
    if (!is_map)
        return import_literal(node, map, arena_cstr(arena, element));
    for (size_t i = 0; i < node->count; i++)
        is_whole &= import_literal(node->items[i], map, arena_cstr(arena, node->items[i]->key));
    return is_whole;
}

static void read_loop(struct playbook *playbook, const struct yaml_node *loop,
                      struct outline *stream)
{
    const struct yaml_node *list = collection_of(playbook, loop);
    struct str element = import_find_text(loop, "iterator");
    if (!element.len)
        element = import_find_text(loop, "element");
    playbook->element = list ? element : STR_NONE;
    if (!list && (import_find(loop, "in") || import_find(loop, "collection")))
        import_gap(playbook->import, stream,
                   "loop: its list is made while the playbook runs: partitions: {sql: …} takes "
                   "the rows of a table");
    if (!list || !element.len)
        return;
    playbook->elements_are_maps = list->count && list->items[0]->kind == YAML_MAP;
    struct outline *holder = outline_new(playbook->import->arena);
    struct outline *partitions = outline_list(holder, "partitions");
    bool is_whole = true;
    for (size_t i = 0; i < list->count; i++)
        is_whole &= put_partition(playbook, list->items[i], element, partitions);
    if (!is_whole)
        import_note_literals(playbook->import, stream);
    outline_move(stream, holder, "partitions");
}

/* --- the request --- */

static void take_url(struct import *import, const struct yaml_node *node, struct outline *to,
                     void *ctx)
{
    struct str text = STR_NONE;
    if (take_text(ctx, node, to, "url", &text))
        import_path(import, to, text);
    struct str path = outline_text(outline_find(to, "path"));
    if (!str_starts(path, STR("/{{")))
        return;
    outline_remove(to, "path"); /* a whole URL, which an expression begins */
    outline_put(to, "url", str_slice(path, 1, path.len));
}

static void take_method(struct import *import, const struct yaml_node *node, struct outline *to,
                        void *ctx)
{
    (void)ctx;
    if (str_find(import_text(node), STR("{{")) >= 0)
        import_gap(import, to, "method: fill it in, it is an expression");
    else if (!str_eq_nocase(import_text(node), STR("GET")))
        outline_put(to, "method", import_text(node));
}

static void take_params(struct import *import, const struct yaml_node *node, struct outline *to,
                        void *ctx)
{
    (void)import;
    put_value(ctx, node, to, "params");
}

static void take_headers(struct import *import, const struct yaml_node *node,
                         struct outline *to, void *ctx)
{
    (void)import;
    put_value(ctx, node, to, "headers");
}

static void take_body(struct import *import, const struct yaml_node *node, struct outline *to,
                      void *ctx)
{
    (void)import;
    if (import_find(node, "query"))
        put_value(ctx, import_find(node, "query"), to, "params");
    if (import_find(node, "body"))
        put_value(ctx, import_find(node, "body"), to, "body");
    else if (!import_find(node, "query"))
        put_value(ctx, node, to, "body");
}

static void take_timeout(struct import *import, const struct yaml_node *node,
                         struct outline *to, void *ctx)
{
    (void)import;
    (void)ctx;
    outline_copy(to, "timeouts", node);
}

/* Credentials of a playbook have names in a keychain. Each step has its own, so it stands in
 * the headers of its stream: auth would be of all of them. */
static void take_auth(struct import *import, const struct yaml_node *node, struct outline *to,
                      void *ctx)
{
    (void)ctx;
    struct str type = import_find_text(node, "type");
    struct str name = import_find_text(node, "credential");
    if (!name.len)
        name = import_find_text(node, "key");
    struct str secret = import_secret(import, name.len ? name : STR("token"), STR_NONE);
    outline_put(outline_map(to, "headers"), "Authorization",
                arena_printf(import->arena, "Bearer %.*s", STR_ARG(secret)));
    if (!str_is(type, "bearer"))
        import_gap(
            import, to,
            "auth: a bearer token is written down; docs/credentials.md has the other types");
}

static const struct field request_fields[] = {
    {"url", take_url, NULL, NULL},
    {"endpoint", take_url, NULL, NULL},
    {"method", take_method, NULL, NULL},
    {"params", take_params, NULL, NULL},
    {"query", take_params, NULL, NULL},
    {"headers", take_headers, NULL, NULL},
    {"data", take_body, NULL, NULL},
    {"body", take_body, NULL, NULL},
    {"payload", take_body, NULL, NULL},
    {"json", take_body, NULL, NULL},
    {"auth", take_auth, NULL, NULL},
    {"timeout", take_timeout, NULL, NULL},
    {"verify_ssl", NULL, NULL,
     "certificates are always verified: tls: {ca: FILE} trusts another"},
    {"kind", NULL, NULL, NULL},
    {"type", NULL, NULL, NULL},
    {"tool", NULL, NULL, NULL},
    {"name", NULL, NULL, NULL},
    {"step", NULL, NULL, NULL},
    {"desc", NULL, NULL, NULL},
    {"description", NULL, NULL, NULL},
    {"next", NULL, NULL, NULL},
    {"loop", NULL, NULL, NULL}, /* read apart, like retry */
    {"retry", NULL, NULL, NULL},
    {"call", NULL, NULL, NULL},
    {"sink", NULL, NULL, NULL},
    {"save", NULL, NULL, NULL},
    {"args", NULL, NULL, NULL},
    {"input", NULL, NULL, NULL},
    {"result", NULL, NULL, NULL},
    {"vars", NULL, NULL, "values for later steps: nothing comes after a stream but after_load"},
    {"case", NULL, NULL,
     "pages by events: write pagination: {type: response_based, continue_while: …, next_page: "
     "…}; without it, it is found out"},
    {"when", NULL, NULL, "a stream has no condition: start it where it is true"},
    {"spec", NULL, NULL,
     "policy rules: retry and responses say which answers are tried again, pagination how "
     "pages follow"},
    FIELD_END,
};

/* --- where it is stored --- */

static void read_sink(struct import *import, const struct yaml_node *step,
                      struct outline *stream)
{
    const struct yaml_node *sink = import_find(step, "sink");
    if (!sink)
        sink = import_find(step, "save");
    const struct yaml_node *tool = import_find(sink, "tool");
    struct str table = import_find_text(sink, "table"), mode, key;
    if (!table.len)
        table = import_find_text(tool, "table");
    mode = import_find_text(tool && tool->kind == YAML_MAP ? tool : sink, "mode");
    key = import_find_text(tool && tool->kind == YAML_MAP ? tool : sink, "key");
    for (struct str rest = table, part; rest.len;) {
        rest = str_split(rest, '.', &part);
        table = part;
    }
    if (table.len && str_find(table, STR("{{")) < 0)
        outline_put(stream, "table", table);
    if (key.len)
        outline_add(outline_list(stream, "key"), key);
    if (str_is(mode, "upsert") && key.len)
        outline_put(stream, "write", STR("upsert"));
    if (sink && !table.len)
        import_gap(import, stream, "sink: fill in table and write");
}

/* --- steps --- */

static bool is_http(struct str kind)
{
    return str_is(kind, "http");
}

/* The map that holds the request: the step, or its tool; NULL: it asks nobody. */
static const struct yaml_node *request_of(const struct yaml_node *step)
{
    static const char *const places[] = {"tool", "call"};
    if (is_http(import_find_text(step, "tool")) || is_http(import_find_text(step, "type")))
        return step;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        const struct yaml_node *tool = import_find(step, places[i]);
        if (is_http(import_find_text(tool, "kind")) || is_http(import_find_text(tool, "type")))
            return tool;
    }
    return NULL;
}

/* The first task of a pipeline that asks: [{name: …, kind: http}, {fetch: {kind: http}}] */
static const struct yaml_node *task_of(const struct yaml_node *step)
{
    const struct yaml_node *tasks = import_find(step, "tool");
    for (size_t i = 0; tasks && tasks->kind == YAML_LIST && i < tasks->count; i++) {
        const struct yaml_node *task = tasks->items[i];
        if (is_http(import_find_text(task, "kind")))
            return task;
        if (task->kind == YAML_MAP && task->count == 1 &&
            is_http(import_find_text(task->items[0], "kind")))
            return task->items[0];
    }
    return NULL;
}

static void read_request(struct playbook *playbook, const struct yaml_node *step,
                         const struct yaml_node *request)
{
    struct import *import = playbook->import;
    struct outline *stream = import_stream(import, import_find_text(step, "step"));
    struct paging paging = {.condition = STR_NONE};
    bool has_paging = find_paging(step, &paging);
    playbook->element = STR_NONE;
    playbook->is_wrapped = are_wrapped(paging.condition, paging.merge_path);
    read_loop(playbook, import_find(step, "loop"), stream);
    import_fields(import, request_fields, request, stream, playbook);
    if (request != step && import_find(step, "case"))
        import_gap(import, stream, "case: %s",
                   "pages by events: write pagination: {type: "
                   "response_based, continue_while: …, next_page: …}");
    if (has_paging)
        put_paging(playbook, &paging, stream);
    if (import_find(step, "retry") && !import_find(import_find(step, "retry"), "on_success"))
        put_retry(import, import_find(step, "retry"), stream);
    read_sink(import, step, stream);
    if (!has_paging && !outline_find(stream, "merge_path"))
        import_gap(import, stream,
                   "merge_path: fill in where the records are, unless the answer "
                   "is a list");
}

static const char *kind_of(struct import *import, const struct yaml_node *step)
{
    const struct yaml_node *tool = import_find(step, "tool");
    struct str kind = import_text(tool);
    if (!kind.len)
        kind = import_find_text(tool, "kind");
    if (!kind.len)
        kind = import_find_text(step, "type");
    return kind.len ? arena_cstr(import->arena, kind) : NULL;
}

static void read_step(struct playbook *playbook, const struct yaml_node *step)
{
    struct import *import = playbook->import;
    const struct yaml_node *request = request_of(step);
    struct str name = import_find_text(step, "step");
    const char *kind = kind_of(import, step);
    if (!request)
        request = task_of(step);
    if (request)
        read_request(playbook, step, request);
    else if (kind && !str_is(name, "start") && !str_is(name, "end"))
        import_gap(
            import, import->root,
            "step %.*s (%s): no counterpart; SQL after a run goes into after_load: {sql: …}",
            STR_ARG(name), kind);
}

/* What is no credential, and holds no name of a run, is a variable. */
static void put_variables(struct import *import, const struct yaml_node *map,
                          struct outline *to, const char *key)
{
    for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++) {
        const struct yaml_node *value = map->items[i];
        struct str text = import_text(value);
        if (secret_name_is(value->key) || secret_name_is_scheme(text) ||
            str_find(text, STR("{{")) >= 0)
            continue;
        if (value->kind == YAML_MAP)
            put_variables(import, value, outline_map(to, key),
                          arena_cstr(import->arena, value->key));
        else
            import_pair(import, to, key, value->key, value);
    }
}

static void read_noetl(struct import *import, const struct yaml_node *root)
{
    const struct yaml_node *workflow = import_find(root, "workflow");
    struct playbook playbook = {
        .root = root, .workload = import_find(root, "workload"), .import = import};
    import_name_source(import, import_find_text(import_find(root, "metadata"), "name"),
                       STR_NONE);
    put_variables(import, playbook.workload, import->root, "vars");
    for (size_t i = 0; workflow && workflow->kind == YAML_LIST && i < workflow->count; i++)
        if (workflow->items[i]->kind == YAML_MAP)
            read_step(&playbook, workflow->items[i]);
}

static bool is_noetl(const struct yaml_node *root)
{
    const struct yaml_node *workflow = import_find(root, "workflow");
    return str_is(import_find_text(root, "kind"), "Playbook") ||
           str_starts(import_find_text(root, "apiVersion"), STR("noetl")) ||
           (workflow && workflow->kind == YAML_LIST);
}

const struct import_format import_noetl = {
    .name = "noetl",
    .what = "a NoETL playbook: apiVersion, kind: Playbook and workflow",
    .is = is_noetl,
    .read = read_noetl,
};
