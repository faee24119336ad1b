#include "worker/rehearsal/recording.h"

#include <stdarg.h>

#include "base/date.h"
#include "config/node.h"
#include "port/digest.h"

enum { AFTER_MS_MAX = INT32_MAX };

struct reading {
    struct arena *arena;
    const char *file;
    struct err *err;
};

static bool fail(const struct reading *reading, const struct yaml_node *node, const char *fmt,
                 ...) PRINTF_LIKE(3, 4);

static bool fail(const struct reading *reading, const struct yaml_node *node, const char *fmt,
                 ...)
{
    va_list args;
    va_start(args, fmt);
    struct str what = arena_vprintf(reading->arena, fmt, args);
    va_end(args);
    return err_set(reading->err, ERR_CONFIG, "recording", 0, "%s:%d:%d: %.*s", reading->file,
                   node->line, node->column, STR_ARG(what));
}

/* yaml_parse keeps the first itself. */
static void on_problem(void *ctx, int line, int column, const char *what)
{
    (void)ctx, (void)line, (void)column, (void)what;
}

/* --- pieces --- */

/* A map that has no other keys than these. */
static bool check_map(const struct reading *reading, const struct yaml_node *map,
                      const char *what, const char *const *keys)
{
    if (map->kind != YAML_MAP)
        return fail(reading, map, "%s: a map is expected, this is %s", what,
                    yaml_kind_name(map->kind));
    for (size_t i = 0; i < map->count; i++) {
        const char *const *key = keys;
        while (*key && !str_is(map->items[i]->key, *key))
            key++;
        if (!*key)
            return fail(reading, map->items[i], "%s: unknown key \"%.*s\"", what,
                        STR_ARG(map->items[i]->key));
    }
    return true;
}

static bool need(const struct reading *reading, const struct yaml_node *map, const char *key,
                 const struct yaml_node **ret_node)
{
    *ret_node = yaml_find(map, key);
    return *ret_node || fail(reading, map, "the key \"%s\" is missing", key);
}

static bool read_text(const struct reading *reading, const struct yaml_node *node,
                      struct str *ret)
{
    if (!yaml_is_scalar(node) || node->kind == YAML_NULL)
        return fail(reading, node, "a text is expected, this is %s",
                    yaml_kind_name(node->kind));
    *ret = node->text;
    return true;
}

static bool need_text(const struct reading *reading, const struct yaml_node *map,
                      const char *key, struct str *ret)
{
    const struct yaml_node *node;
    return need(reading, map, key, &node) && read_text(reading, node, ret);
}

static bool read_int(const struct reading *reading, const struct yaml_node *node, int64_t least,
                     int64_t most, int64_t *ret)
{
    struct str text;
    if (!read_text(reading, node, &text))
        return false;
    return (str_to_int64(text, ret) && *ret >= least && *ret <= most) ||
           fail(reading, node, "%.*s: a number from %lld to %lld is expected",
                STR_ARG(node->key), (long long)least, (long long)most);
}

static bool need_int(const struct reading *reading, const struct yaml_node *map,
                     const char *key, int64_t most, int *ret)
{
    const struct yaml_node *node;
    int64_t number;
    if (!need(reading, map, key, &node) || !read_int(reading, node, 1, most, &number))
        return false;
    *ret = (int)number;
    return true;
}

static bool read_headers(const struct reading *reading, const struct yaml_node *map,
                         const struct http_header **ret, size_t *ret_count)
{
    size_t most = 0, count = 0;
    if (!map)
        return true;
    if (map->kind != YAML_MAP)
        return fail(reading, map, "headers: a map is expected");
    for (size_t i = 0; i < map->count; i++)
        most += node_count(map->items[i]);
    struct http_header *headers = ARENA_ARRAY(reading->arena, struct http_header, MAX(most, 1));
    for (size_t i = 0; i < map->count; i++)
        for (size_t j = 0; j < node_count(map->items[i]); j++) {
            headers[count].name = map->items[i]->key;
            if (!read_text(reading, node_item(map->items[i], j), &headers[count++].value))
                return false;
        }
    *ret = headers;
    *ret_count = count;
    return true;
}

/* `body`, or `body_base64` where it is no text. */
static bool read_body(const struct reading *reading, const struct yaml_node *map,
                      struct str *ret, bool *ret_has)
{
    const struct yaml_node *text = yaml_find(map, "body"),
                           *coded = yaml_find(map, "body_base64");
    *ret_has = text || coded;
    if (text && coded)
        return fail(reading, coded, "a body is given twice");
    if (text)
        return read_text(reading, text, ret);
    if (!coded)
        return true;
    return read_text(reading, coded, ret) &&
           (digest_base64_decode(reading->arena, *ret, ret) ||
            fail(reading, coded, "body_base64: this is no base64"));
}

/* --- the file --- */

static bool read_request(const struct reading *reading, const struct yaml_node *node,
                         struct exchange *exchange)
{
    static const char *const keys[] = {"method", "url", "headers", "body", "body_base64", NULL};
    return check_map(reading, node, "request", keys) &&
           need_text(reading, node, "method", &exchange->method) &&
           need_text(reading, node, "url", &exchange->url) &&
           read_headers(reading, yaml_find(node, "headers"), &exchange->headers,
                        &exchange->header_count) &&
           read_body(reading, node, &exchange->body, &exchange->has_body);
}

static const char *const failures[] = {
    [ERR_AGAIN] = "again", [ERR_INPUT] = "input", [ERR_CONFIG] = "config"};

const char *recording_failure(enum err_kind kind)
{
    return kind < COUNT_OF(failures) ? failures[kind] : NULL;
}

/* No answer came. */
static bool read_failure(const struct reading *reading, const struct yaml_node *node,
                         struct exchange *exchange)
{
    const struct yaml_node *code = yaml_find(node, "code");
    struct str word;
    int64_t number = 0;
    if (!need_text(reading, node, "failed", &word) ||
        !need_text(reading, node, "error", &exchange->error) ||
        (code && !read_int(reading, code, INT32_MIN, INT32_MAX, &number)))
        return false;
    exchange->code = (int)number;
    for (size_t i = 0; i < COUNT_OF(failures); i++)
        if (failures[i] && str_is(word, failures[i]))
            exchange->failed = (enum err_kind)i;
    return exchange->failed || fail(reading, yaml_find(node, "failed"),
                                    "failed: again, input or config is expected");
}

static bool read_answer(const struct reading *reading, const struct yaml_node *node,
                        struct exchange *exchange)
{
    static const char *const keys[] = {"after_ms", "status", "headers", "body",  "body_base64",
                                       "end_told", "failed", "code",    "error", NULL};
    const struct yaml_node *told, *after;
    bool has_body;
    if (!check_map(reading, node, "answer", keys))
        return false;
    after = yaml_find(node, "after_ms");
    if (after && !read_int(reading, after, 0, AFTER_MS_MAX, &exchange->after_ms))
        return false;
    if (yaml_find(node, "failed"))
        return read_failure(reading, node, exchange);
    if (!need_int(reading, node, "status", 999, &exchange->status) ||
        !read_headers(reading, yaml_find(node, "headers"), &exchange->answer_headers,
                      &exchange->answer_header_count) ||
        !read_body(reading, node, &exchange->answer_body, &has_body))
        return false;
    told = yaml_find(node, "end_told");
    exchange->is_end_told = !told || value_is_true(node_value(reading->arena, told));
    return true;
}

static bool read_exchange(const struct reading *reading, const struct yaml_node *node,
                          struct exchange *exchange)
{
    static const char *const keys[] = {"request", "answer", NULL};
    const struct yaml_node *request, *answer;
    if (!check_map(reading, node, "exchanges", keys) ||
        !need(reading, node, "request", &request) || !need(reading, node, "answer", &answer))
        return false;
    exchange->line = node->line;
    return read_request(reading, request, exchange) && read_answer(reading, answer, exchange);
}

static bool read_exchanges(const struct reading *reading, const struct yaml_node *root,
                           struct recording *recording)
{
    const struct yaml_node *list;
    if (!need(reading, root, "exchanges", &list))
        return false;
    if (list->kind != YAML_LIST || list->count > RECORDING_EXCHANGES_MAX)
        return fail(reading, list, "exchanges: a list of at most %d is expected",
                    RECORDING_EXCHANGES_MAX);
    recording->exchanges = ARENA_ARRAY(reading->arena, struct exchange, MAX(list->count, 1));
    for (size_t i = 0; i < list->count; i++) {
        recording->exchanges[i] = (struct exchange){0};
        if (!read_exchange(reading, list->items[i], &recording->exchanges[recording->count++]))
            return false;
    }
    return true;
}

static bool read_time(const struct reading *reading, const struct yaml_node *root,
                      int64_t *ret_ms)
{
    struct str text;
    int64_t us;
    if (!need_text(reading, root, "at", &text))
        return false;
    if (!date_parse_rfc3339(text, &us))
        return fail(reading, yaml_find(root, "at"),
                    "at: a time like 2026-11-30T05:46:30Z is expected");
    *ret_ms = us / 1000;
    return true;
}

static struct value value_of(const struct reading *reading, const struct yaml_node *map,
                             const char *key)
{
    const struct yaml_node *node = yaml_find(map, key);
    return node ? node_value(reading->arena, node) : UNDEFINED_VALUE;
}

static bool read_root(const struct reading *reading, const struct yaml_node *root,
                      struct recording *recording)
{
    static const char *const keys[] = {"stream", "pages",     "at",     "partition",
                                       "values", "exchanges", "expect", NULL};
    if (!check_map(reading, root, "a recording", keys) ||
        !need_text(reading, root, "stream", &recording->stream) ||
        !need_int(reading, root, "pages", INT32_MAX, &recording->pages) ||
        !read_time(reading, root, &recording->at_ms) ||
        !read_exchanges(reading, root, recording))
        return false;
    recording->partition = value_of(reading, root, "partition");
    recording->values = value_of(reading, root, "values");
    recording->expect = value_of(reading, root, "expect");
    const struct yaml_node *expect = yaml_find(root, "expect");
    if (expect && expect->kind != YAML_MAP)
        return fail(reading, expect, "expect: a map is expected");
    recording->expect_line = expect ? expect->key_line : 0;
    recording->is_expect_last = expect && expect == root->items[root->count - 1];
    return true;
}

bool recording_parse(struct arena *arena, const char *file, struct str text,
                     struct recording *ret_recording, struct err *err)
{
    const struct reading reading = {arena, file, err};
    struct recording recording = {0};
    struct yaml_node *root;
    if (!yaml_parse(arena, text, on_problem, NULL, &root, err))
        return err_wrap(err, "%s", file);
    if (!read_root(&reading, root, &recording))
        return false;
    *ret_recording = recording;
    return true;
}
