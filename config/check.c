#include "config/definition.h"

#include "base/date.h"
#include "config/key_expr.h"
#include "config/node.h"
#include "core/cron.h"

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

bool check_name(struct str name)
{
    if (name.len == 0 || name.len > 48 || !is_lower(name.ptr[0]))
        return false;
    for (size_t i = 1; i < name.len; i++)
        if (!is_lower(name.ptr[i]) && !(name.ptr[i] >= '0' && name.ptr[i] <= '9') &&
            name.ptr[i] != '_')
            return false;
    return true;
}

bool check_identifier(struct str name)
{
    return name.len > 0 && name.len <= 63 && str_is_utf8(name) &&
           str_find_byte(name, '\0') < 0 && !str_starts(name, STR("_pt_"));
}

static void check_names(struct reader *reader, const struct yaml_node *map,
                        const struct stream *stream)
{
    if (!check_name(stream->source))
        problem_add(reader->problems, node_at(map, "source"),
                    "\"%.*s\" cannot be a source's name: [a-z][a-z0-9_]{0,47}",
                    STR_ARG(stream->source));
    const struct table *table = &stream->table;
    bool is_reserved = str_is(table->schema, "pagetide") ||
                       str_is(table->schema, "information_schema") ||
                       str_starts(table->schema, STR("pg_"));
    if (!check_identifier(table->schema) || is_reserved)
        problem_add(reader->problems, node_at(map, "schema"),
                    "\"%.*s\" cannot be a schema's name", STR_ARG(table->schema));
    if (!check_identifier(table->name))
        problem_add(reader->problems, node_at(map, "table"),
                    "\"%.*s\" cannot be a table's name", STR_ARG(table->name));
}

/* ---- the URL ---- */

/* The host of what stands between `scheme://` and the path, without a port; brackets stay. */
static struct str authority_host(struct str authority)
{
    ptrdiff_t bracket = str_find_byte(authority, ']');
    if (bracket >= 0)
        return str_slice(authority, 0, (size_t)bracket + 1);
    struct str host;
    str_cut(authority, ':', &host);
    return host;
}

static struct str url_authority(struct str rest)
{
    size_t end = 0;
    while (end < rest.len && !strchr("/?#", rest.ptr[end]))
        end++;
    return str_slice(rest, 0, end);
}

static bool is_loopback(struct str host)
{
    if (str_eq_nocase(host, STR("localhost")) || str_is(host, "[::1]"))
        return true;
    for (size_t i = 0; i < host.len; i++)
        if (host.ptr[i] != '.' && !(host.ptr[i] >= '0' && host.ptr[i] <= '9'))
            return false;
    return str_starts(host, STR("127."));
}

static bool starts_nocase(struct str text, struct str prefix)
{
    return str_eq_nocase(str_slice(text, 0, prefix.len), prefix);
}

/* What can be seen before the expressions have values; the worker looks again at each request.
 */
static void check_url(struct reader *reader, const struct yaml_node *node, bool allow_http)
{
    struct str url = node->text;
    if (str_starts(url, STR("{{")))
        return;
    bool is_http = starts_nocase(url, STR("http://"));
    if (!is_http && !starts_nocase(url, STR("https://"))) {
        problem_add(reader->problems, node, "must begin with https:// or http://");
        return;
    }
    struct str authority = url_authority(str_slice(url, is_http ? 7 : 8, url.len));
    struct str host = authority_host(authority);
    if (host.len == 0)
        problem_add(reader->problems, node, "names no host");
    else if (str_find_byte(authority, '@') >= 0)
        problem_add(reader->problems, node, "credentials belong in \"auth\"");
    else if (is_http && !allow_http && !is_loopback(host) && !str_starts(host, STR("{{")))
        problem_add(reader->problems, node,
                    "http sends everything in the clear; use https, or set allow_http: true");
}

/* Paths are put behind it, so nothing may stand behind its own path. */
static void check_base(struct reader *reader, const struct yaml_node *node)
{
    bool is_constant = str_find(node->text, STR("{{")) < 0;
    if (is_constant &&
        (str_find_byte(node->text, '?') >= 0 || str_find_byte(node->text, '#') >= 0))
        problem_add(reader->problems, node, "cannot hold ? or #; parameters go to \"params\"");
}

/* "https://h/v1/" → "https://h/v1": the path brings its own slash. */
static struct str base_text(struct str base)
{
    while (base.len && base.ptr[base.len - 1] == '/')
        base.len--;
    return base;
}

static struct str path_text(struct arena *arena, struct str path)
{
    if (!path.len || path.ptr[0] == '/')
        return path;
    return arena_printf(arena, "/%.*s", STR_ARG(path));
}

static void compile_url(struct reader *reader, const struct yaml_node *node, struct str text,
                        struct template *ret)
{
    struct err err = ERR_INIT;
    if (!template_compile(reader->arena, text, ret, &err))
        problem_add(reader->problems, node, "%s", err.text);
}

static bool is_text(struct reader *reader, const struct yaml_node *node)
{
    if (node->kind == YAML_STRING)
        return true;
    problem_add(reader->problems, node, "must be a text, not %s", yaml_kind_name(node->kind));
    return false;
}

static void check_request(struct reader *reader, const struct yaml_node *map,
                          struct definition *definition)
{
    struct stream *stream = &definition->stream;
    const struct yaml_node *base = yaml_find(map, "base_url"), *url = yaml_find(map, "url"),
                           *path = yaml_find(map, "path");
    if (base && is_text(reader, base)) {
        stream->base_url = base->text;
        check_url(reader, base, stream->allow_http);
        check_base(reader, base);
    }
    if (url && path)
        problem_add_key(reader->problems, url, "stands beside \"path\": one of them is enough");
    else if (!url && !path)
        problem_add(reader->problems, map, "the key \"path\" is missing (or \"url\")");
    else if (path && !base)
        problem_add(reader->problems, path, "needs \"base_url\" at the top of the file");
    else if (path && is_text(reader, path) && base->kind == YAML_STRING) {
        compile_url(reader, base, base_text(base->text), &stream->url);
        compile_url(reader, path, path_text(reader->arena, path->text), &stream->path);
    } else if (url && is_text(reader, url)) {
        check_url(reader, url, stream->allow_http);
        compile_url(reader, url, url->text, &stream->url);
    }
}

static void check_headers(struct reader *reader, const struct yaml_node *map)
{
    const struct yaml_node *headers = yaml_find(map, "headers");
    for (size_t i = 0; headers && i < headers->count; i++) {
        struct str name;
        const struct yaml_node *value;
        if (!node_pair(headers, i, &name, &value))
            return;
        if (!key_expr_is_token(name))
            problem_add_key(reader->problems, headers->items[i],
                            "\"%.*s\" cannot be a header's name", STR_ARG(name));
        if (yaml_is_scalar(value) &&
            (str_find_byte(value->text, '\n') >= 0 || str_find_byte(value->text, '\r') >= 0))
            problem_add(reader->problems, value, "a header's value has no line breaks");
    }
}

static bool uses_body(const struct param_place *place)
{
    return place->place == PLACE_BODY;
}

static void check_body(struct reader *reader, const struct yaml_node *map,
                       struct stream *stream)
{
    bool places_in_body =
        uses_body(&stream->pagination.param) || uses_body(&stream->pagination.size_param);
    if (!yaml_find(map, "body_type") && (stream->body || places_in_body))
        stream->body_type = BODY_JSON;
    if (places_in_body && stream->body_type == BODY_TEXT)
        problem_add(reader->problems, node_at(map, "body_type"),
                    "a parameter cannot be placed in a body of text");
    if (places_in_body && str_is(stream->method, "GET"))
        problem_add(reader->problems, node_at(map, "pagination"),
                    "a parameter in the body needs method: POST");
}

/* ---- table, time ---- */

static void check_table(struct reader *reader, const struct yaml_node *map,
                        const struct table *table)
{
    if (table->write == WRITE_UPSERT && table->key_count == 0)
        problem_add(reader->problems, node_at(map, "write"), "upsert needs \"key\"");
    for (size_t i = 0; i < table->key_count; i++) {
        if (table->key[i].len == 0)
            problem_add(reader->problems, node_at(map, "key"), "a field's name is missing");
        for (size_t j = 0; j < i; j++)
            if (str_eq(table->key[i], table->key[j]))
                problem_add(reader->problems, node_at(map, "key"),
                            "\"%.*s\" stands in it twice", STR_ARG(table->key[i]));
    }
}

static void check_schedule(struct reader *reader, const struct yaml_node *map,
                           const struct schedule *schedule)
{
    if (schedule->cron.len && schedule->every_ms)
        problem_add_key(reader->problems, node_at(map, "every"),
                        "stands beside \"schedule\": one of them is enough");
    struct cron cron;
    struct err err = ERR_INIT;
    if (schedule->cron.len && !cron_parse(schedule->cron, &cron, &err))
        problem_add(reader->problems, node_at(map, "schedule"), "%s", err.text);
    if (!str_is(schedule->timezone, "UTC") && schedule->timezone.len)
        problem_add(reader->problems, node_at(map, "timezone"),
                    "zones other than UTC are not available yet");
}

static void check_partition(struct reader *reader, const struct yaml_node *list, size_t i)
{
    const struct yaml_node *item = list->items[i];
    if (item->kind != YAML_MAP || item->count == 0) {
        problem_add(reader->problems, item, "a partition is a map of values");
        return;
    }
    for (size_t j = 0; j < item->count; j++)
        if (item->items[j]->kind == YAML_STRING &&
            str_find(item->items[j]->text, STR("{{")) >= 0)
            problem_add(reader->problems, item->items[j], "cannot hold an expression");
}

struct partition_text {
    struct str text;
    size_t index;
};

static int compare_partitions(const void *a, const void *b)
{
    const struct partition_text *left = a, *right = b;
    int order = str_compare(left->text, right->text);
    return order ? order : (left->index > right->index) - (left->index < right->index);
}

static void check_repeats(struct reader *reader, const struct yaml_node *list,
                          const struct value_list *values)
{
    struct partition_text *texts =
        ARENA_ARRAY(reader->arena, struct partition_text, values->count);
    for (size_t i = 0; i < values->count; i++) {
        AUTO_BUF(buf, MIB(1));
        value_format(&buf, values->items[i]);
        texts[i] = (struct partition_text){arena_str(reader->arena, buf_str(&buf)), i};
    }
    qsort(texts, values->count, sizeof *texts, compare_partitions);
    for (size_t i = 1; i < values->count; i++)
        if (str_eq(texts[i].text, texts[i - 1].text))
            problem_add(reader->problems, list->items[texts[i].index],
                        "is the same partition as [%zu]", texts[i - 1].index);
}

static void check_partitions(struct reader *reader, const struct yaml_node *map,
                             const struct stream *stream)
{
    const struct yaml_node *list = yaml_find(map, "partitions");
    if (!list || list->kind == YAML_NULL)
        return;
    if (list->kind == YAML_MAP) {
        problem_add(reader->problems, list, "partitions by sql are not available yet");
        return;
    }
    if (list->kind != YAML_LIST || list->count == 0) {
        problem_add(reader->problems, list, "must be a list of maps, one for each partition");
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        check_partition(reader, list, i);
    check_repeats(reader, list, stream->partitions.list);
}

/* What a run would begin with must be of the kind that its values are compared as. */
static void check_bookmark(struct reader *reader, const struct yaml_node *map,
                           struct bookmark *bookmark)
{
    const struct yaml_node *node = node_at(map, "bookmark");
    struct err ignored = ERR_INIT;
    struct value number;
    int64_t us;
    if (node == map || node->kind != YAML_MAP)
        return;
    bookmark->is_set = true;
    if (bookmark->lookback_ms && bookmark->type == BOOKMARK_TEXT)
        problem_add(reader->problems, node_at(node, "lookback"),
                    "needs numbers or times, not type: text");
    if (!bookmark->start.len)
        return;
    if (bookmark->type == BOOKMARK_TIME && !date_parse_iso(bookmark->start, &us))
        problem_add(reader->problems, node_at(node, "start"),
                    "\"%.*s\" is not a time (RFC 3339, or a date)", STR_ARG(bookmark->start));
    if (bookmark->type == BOOKMARK_NUMBER &&
        (!value_parse(reader->arena, bookmark->start, (struct value_hole){0}, &number,
                      &ignored) ||
         number.kind != VALUE_NUMBER))
        problem_add(reader->problems, node_at(node, "start"), "\"%.*s\" is not a number",
                    STR_ARG(bookmark->start));
}

void check_definition(struct reader *reader, const struct yaml_node *map,
                      struct definition *definition)
{
    struct stream *stream = &definition->stream;
    stream->pagination.has_size_param = stream->pagination.size_param.place != PLACE_NONE;
    check_names(reader, map, stream);
    check_request(reader, map, definition);
    check_headers(reader, map);
    check_body(reader, map, stream);
    check_limits(reader, map, stream);
    check_responses(reader, map, stream);
    check_pagination(reader, map, &stream->pagination);
    check_table(reader, map, &stream->table);
    check_merge(reader, map, stream);
    check_schedule(reader, map, &stream->schedule);
    check_partitions(reader, map, stream);
    check_bookmark(reader, map, &stream->bookmark);
}
