#include "config/graphql.h"

#include "config/graphql_query.h"
#include "config/merge.h"
#include "config/node.h"

enum { SIZE_FALLBACK = 100 };

struct writing {
    struct reader *reader;
    struct arena *arena;
    const struct yaml_node *given; /* the node of `graphql` */
    struct yaml_node *map;         /* the stream's */
    struct str base;               /* the connection in a body: "data.repository.issues" */
    struct graphql_connection connection;
};

/* A node that the file does not have, at the place of `graphql`. */
static struct yaml_node *made(const struct writing *writing, const char *key,
                              enum yaml_kind kind)
{
    struct yaml_node *node = ARENA_NEW(writing->arena, struct yaml_node);
    *node = *writing->given;
    node->kind = kind;
    node->key = str_from(key);
    node->text = STR_NONE;
    node->items = NULL;
    node->count = 0;
    return node;
}

static void put_in_place(struct arena *arena, struct yaml_node *map, struct yaml_node *node)
{
    for (size_t i = 0; i < map->count; i++)
        if (str_eq(map->items[i]->key, node->key)) {
            map->items[i] = node;
            return;
        }
    merge_put(arena, map, node);
}

static void put_text(const struct writing *writing, struct yaml_node *map, const char *key,
                     struct str text)
{
    struct yaml_node *node = made(writing, key, YAML_STRING);
    node->text = text;
    put_in_place(writing->arena, map, node);
}

static void put_number(const struct writing *writing, struct yaml_node *map, struct str key,
                       struct str text)
{
    struct yaml_node *node = made(writing, "", YAML_NUMBER);
    node->key = key;
    node->text = text;
    merge_put(writing->arena, map, node);
}

static bool is_given(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_find(map, key);
    return node && node->kind != YAML_NULL;
}

static struct str below(const struct writing *writing, struct str path)
{
    return arena_printf(writing->arena, "%.*s.%.*s", STR_ARG(writing->base), STR_ARG(path));
}

/* --- the request --- */

static void refuse_beside(const struct writing *writing, const char *key, const char *why)
{
    const struct yaml_node *node = yaml_find(writing->map, key);
    if (node && node->kind != YAML_NULL)
        problem_add_key(writing->reader->problems, node, "stands beside \"graphql\", %s", why);
}

static void check_beside(const struct writing *writing)
{
    const struct yaml_node *method = yaml_find(writing->map, "method");
    refuse_beside(writing, "body", "which makes the body of its query and variables");
    refuse_beside(writing, "body_type", "whose body is JSON");
    if (method && method->kind != YAML_NULL && !str_eq_nocase(method->text, STR("POST")))
        problem_add(writing->reader->problems, method, "\"graphql\" is sent by POST");
}

/* The variables as they are given, with the size of a page where that has to come from us. */
static struct yaml_node *variables_of(const struct writing *writing)
{
    const struct graphql_connection *connection = &writing->connection;
    const struct yaml_node *given = yaml_find(writing->given, "variables");
    const struct yaml_node *size = yaml_find(writing->given, "size");
    struct yaml_node *map = made(writing, "variables", YAML_MAP);
    for (size_t i = 0; given && given->kind == YAML_MAP && i < given->count; i++)
        merge_put(writing->arena, map, given->items[i]);
    bool is_set = connection->first.len &&
                  yaml_find(map, arena_cstr(writing->arena, connection->first)) != NULL;
    if (is_set && size)
        problem_add_key(writing->reader->problems, size,
                        "\"variables\" has \"%.*s\" already: one of them is enough",
                        STR_ARG(connection->first));
    else if (connection->first.len && (size || (!is_set && connection->needs_first)))
        put_number(writing, map, connection->first,
                   size ? size->text : arena_printf(writing->arena, "%d", SIZE_FALLBACK));
    return map;
}

static void write_request(const struct writing *writing)
{
    struct yaml_node *body = made(writing, "body", YAML_MAP);
    struct yaml_node *variables = variables_of(writing);
    merge_put(writing->arena, body, yaml_find(writing->given, "query"));
    if (variables->count)
        merge_put(writing->arena, body, variables);
    put_in_place(writing->arena, writing->map, body);
    if (!is_given(writing->map, "method"))
        put_text(writing, writing->map, "method", STR("POST"));
    if (!is_given(writing->map, "idempotent"))
        put_text(writing, writing->map, "idempotent", STR("true"));
}

/* --- the pages --- */

/* The keys of `pagination` that say nothing of how a connection's pages follow. */
static const char *const beside[] = {
    "max_iterations",     "max_records",     "max_time",      "retry",      "allow_repeats",
    "allow_same_request", "max_empty_pages", "stop_on_empty", "total_path", "total",
};

const char *graphql_pagination_schema(void)
{
    return "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
           "\"max_iterations\":true,\"max_records\":true,\"max_time\":true,\"retry\":true,"
           "\"allow_repeats\":true,\"allow_same_request\":true,\"max_empty_pages\":true,"
           "\"stop_on_empty\":true,\"total_path\":true,\"total\":true}}";
}

static bool may_stand_beside(struct str key)
{
    for (size_t i = 0; i < COUNT_OF(beside); i++)
        if (str_is(key, beside[i]))
            return true;
    return false;
}

/* The stream's own limits go into the pagination that is made; the rest is a problem. */
static void put_own_limits(const struct writing *writing, struct yaml_node *pagination)
{
    const struct yaml_node *own = yaml_find(writing->map, "pagination");
    if (own && own->kind != YAML_MAP && own->kind != YAML_NULL)
        problem_add_key(writing->reader->problems, own,
                        "stands beside \"graphql: connection\", which says how pages follow");
    for (size_t i = 0; own && own->kind == YAML_MAP && i < own->count; i++) {
        if (!may_stand_beside(own->items[i]->key))
            problem_add_key(
                writing->reader->problems, own->items[i],
                "stands beside \"graphql: connection\", which says how pages follow");
        else
            merge_put(writing->arena, pagination, own->items[i]);
    }
}

static void write_pagination(const struct writing *writing)
{
    const struct graphql_connection *connection = &writing->connection;
    struct yaml_node *pagination = made(writing, "pagination", YAML_MAP);
    put_text(writing, pagination, "type", STR("cursor"));
    put_text(writing, pagination, "param",
             arena_printf(writing->arena, "body:variables.%.*s", STR_ARG(connection->after)));
    put_text(writing, pagination, "cursor_path", below(writing, connection->cursor));
    put_text(writing, pagination, "has_more_path", below(writing, connection->has_next));
    put_own_limits(writing, pagination);
    bool has_total = yaml_find(pagination, "total_path") || yaml_find(pagination, "total");
    if (connection->total.len && !has_total)
        put_text(writing, pagination, "total_path", below(writing, connection->total));
    put_in_place(writing->arena, writing->map, pagination);
    if (!is_given(writing->map, "merge_path"))
        put_text(writing, writing->map, "merge_path", below(writing, connection->records));
}

static bool check_connection(const struct writing *writing)
{
    const struct graphql_connection *connection = &writing->connection;
    const struct yaml_node *node = yaml_find(writing->given, "connection");
    const struct yaml_node *size = yaml_find(writing->given, "size");
    struct problems *problems = writing->reader->problems;
    size_t before = problems->count;
    if (!connection->records.len && !is_given(writing->map, "merge_path"))
        problem_add(problems, node, "selects neither nodes nor edges { node }");
    if (!connection->has_next.len || !connection->cursor.len)
        problem_add(problems, node, "must select pageInfo { hasNextPage endCursor }");
    if (!connection->after.len)
        problem_add(
            problems, node,
            "has no argument that pages it: give it (first: $first, after: $after), and "
            "declare these variables");
    else if (!connection->is_after_declared)
        problem_add(problems, node, "the query does not declare $%.*s",
                    STR_ARG(connection->after));
    if (size && !connection->first.len)
        problem_add_key(problems, size,
                        "has no place: the connection has no argument first: $first");
    return problems->count == before;
}

/* Where the connection is, as keys from the body; its path may begin with `data` or not. */
static bool read_place(struct writing *writing, struct path *ret)
{
    const struct yaml_node *node = yaml_find(writing->given, "connection");
    struct err ignored = ERR_INIT;
    if (!yaml_is_scalar(node) || !path_compile(writing->arena, node->text, ret, &ignored))
        return false; /* the key's own reader says it */
    bool is_plain = ret->count > 0;
    for (size_t i = 0; i < ret->count; i++)
        is_plain &= ret->steps[i].kind == PATH_KEY;
    if (!is_plain)
        problem_add(writing->reader->problems, node,
                    "must be a path of keys to one connection, as repository.issues");
    bool has_data = is_plain && ret->count > 1 && str_is(ret->steps[0].key, "data");
    writing->base = has_data
                        ? node->text
                        : arena_printf(writing->arena, "data%s%.*s",
                                       *node->text.ptr == '[' ? "" : ".", STR_ARG(node->text));
    ret->steps += has_data;
    ret->count -= has_data;
    return is_plain;
}

static bool find_connection(struct writing *writing)
{
    struct path path;
    struct str missing;
    const struct yaml_node *query = yaml_find(writing->given, "query");
    if (!read_place(writing, &path))
        return false;
    if (graphql_query_find(writing->arena, query->text, path.steps, path.count,
                           &writing->connection, &missing))
        return check_connection(writing);
    if (missing.len)
        problem_add(writing->reader->problems, yaml_find(writing->given, "connection"),
                    "the query does not select \"%.*s\" there", STR_ARG(missing));
    else
        problem_add(writing->reader->problems, query,
                    "\"connection\" needs the text of a query here: query (…) { … }");
    return false;
}

void graphql_write_out(struct reader *reader, struct yaml_node *map)
{
    const struct yaml_node *given = yaml_find(map, "graphql");
    if (!given || given->kind != YAML_MAP)
        return;
    struct writing writing = {
        .reader = reader, .arena = reader->arena, .given = given, .map = map};
    const struct yaml_node *query = yaml_find(given, "query"),
                           *variables = yaml_find(given, "variables");
    check_beside(&writing);
    if (variables && variables->kind != YAML_MAP && variables->kind != YAML_NULL)
        problem_add_misfit(reader->problems, variables, "must be a map, not %s",
                           yaml_kind_name(variables->kind));
    if (!query || query->kind != YAML_STRING) {
        if (query)
            problem_add_misfit(reader->problems, query, "must be a text, not %s",
                               yaml_kind_name(query->kind));
        return;
    }
    bool has_connection = is_given(given, "connection");
    if (!has_connection && is_given(given, "size"))
        problem_add_key(reader->problems, yaml_find(given, "size"), "needs \"connection\"");
    if (has_connection && find_connection(&writing))
        write_pagination(&writing);
    write_request(&writing);
}
