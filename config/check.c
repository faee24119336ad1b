#include "config/check.h"

#include "config/auth_keys.h"
#include "config/bookmark.h"
#include "config/check_request.h"
#include "config/check_table.h"
#include "config/format.h"
#include "config/identifier.h"
#include "config/limits.h"
#include "config/node.h"
#include "config/pagination.h"
#include "config/prepare.h"
#include "config/responses.h"
#include "config/window.h"
#include "config/with.h"
#include "core/cron.h"

/* With a schema before it, a name would be that of a table called "shop.orders". */
static void check_table_name(struct reader *reader, const struct yaml_node *node,
                             const struct table *table)
{
    struct str schema, name = str_split(table->name, '.', &schema);
    if (reader->problems->put_meant && name.len && schema.len && !table->is_none)
        problem_add(reader->problems, node,
                    "is a table's name alone: write table: %.*s, and at the top of the file "
                    "schema: %.*s",
                    STR_ARG(name), STR_ARG(schema));
    else if (!table->is_none && !identifier_is_sql(table->name) && node->kind == YAML_STRING)
        problem_add(reader->problems, node, "\"%.*s\" cannot be a table's name",
                    STR_ARG(table->name));
}

static void check_names(struct reader *reader, const struct yaml_node *map,
                        const struct stream *stream)
{
    if (stream->source.len && !identifier_is_name(stream->source))
        problem_add(reader->problems, node_at(map, "source"),
                    "\"%.*s\" cannot be a source's name: [a-z][a-z0-9_]{0,47}",
                    STR_ARG(stream->source));
    const struct table *table = &stream->table;
    bool is_reserved = str_is(table->schema, "pagetide") ||
                       str_is(table->schema, "information_schema") ||
                       str_starts(table->schema, STR("pg_"));
    bool has_schema = stream->source.len || table->schema.len;
    if ((has_schema && !identifier_is_sql(table->schema)) || is_reserved)
        problem_add(reader->problems, node_at(map, "schema"),
                    "\"%.*s\" cannot be a schema's name", STR_ARG(table->schema));
    check_table_name(reader, node_at(map, "table"), table);
}

static void check_shape(struct reader *reader, const struct yaml_node *map,
                        const struct merge *merge)
{
    const struct path *path = &merge->path;
    bool is_wild = path->count && path->steps[path->count - 1].kind >= PATH_EACH;
    if (merge->shape != SHAPE_SAME && is_wild)
        problem_add(reader->problems, node_at(map, "shape"),
                    "merge_path ends in a wildcard, which names the records itself");
}

/* --- expectations, time --- */

static void check_expected(struct reader *reader, const struct yaml_node *map,
                           const struct expectation *expected)
{
    const struct yaml_node *node = yaml_find(map, "expect");
    struct str share = expected->not_below;
    if (!node || node->kind != YAML_MAP)
        return;
    if (share.len && !check_table_is_share(share, 1))
        problem_add(reader->problems, node_at(node, "not_below"),
                    "must be a share from 1%% to 100%%, like 50%%");
    if (!share.len && !yaml_find(node, "min_rows"))
        problem_add(reader->problems, node, "needs \"min_rows\" or \"not_below\"");
}

/* Where the file says it, as "shop.yaml:7:5"; empty where no file does. */
static struct str place_of(struct reader *reader, const struct yaml_node *node)
{
    if (!node->line)
        return STR_NONE;
    return arena_printf(reader->arena, "%.*s:%d:%d", STR_ARG(reader->problems->file),
                        node->line, node->column);
}

/* Which names there are PostgreSQL knows (pagetide.define_refusal). */
static void check_timezone(struct reader *reader, const struct yaml_node *node,
                           struct schedule *schedule)
{
    if (!identifier_is_zone(schedule->timezone))
        problem_add(reader->problems, node,
                    "\"%.*s\" cannot be a time zone: a name such as Europe/Berlin",
                    STR_ARG(schedule->timezone));
    schedule->timezone_at = place_of(reader, node);
}

static void check_schedule(struct reader *reader, const struct yaml_node *map,
                           struct schedule *schedule)
{
    if (schedule->cron.len && schedule->every_ms)
        problem_add_key(reader->problems, node_at(map, "every"),
                        "stands beside \"schedule\": one of them is enough");
    const struct yaml_node *text = yaml_find(map, "schedule");
    struct cron cron;
    struct err err = ERR_INIT;
    bool is_given = schedule->cron.len || (text && text->kind == YAML_STRING);
    if (is_given && !cron_parse(schedule->cron, &cron, &err))
        problem_add_misfit(reader->problems, node_at(map, "schedule"), "%s", err.text);
    check_timezone(reader, node_at(map, "timezone"), schedule);
    if (schedule->spread_ms && !schedule->cron.len && !schedule->every_ms)
        problem_add_key(reader->problems, node_at(map, "spread"),
                        "needs \"schedule\" or \"every\", whose starts it spreads");
}

static void check_after_names(struct reader *reader, const struct yaml_node *map,
                              const struct stream *stream)
{
    const struct schedule *schedule = &stream->schedule;
    for (size_t i = 0; i < schedule->after_count; i++) {
        struct str source;
        struct str name = str_split(schedule->after[i], '.', &source);
        if (!identifier_is_name(source) || !identifier_is_name(name))
            problem_add(reader->problems, node_at(map, "after"),
                        "\"%.*s\" is no stream: name it with its source, as shop.customers",
                        STR_ARG(schedule->after[i]));
    }
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

static void check_number(struct reader *reader, const struct yaml_node *node, int64_t most)
{
    int64_t number;
    if (node && (!yaml_is_scalar(node) || !str_to_int64(node->text, &number) || number < 1 ||
                 number > most))
        problem_add(reader->problems, node, "must be a whole number from 1 to %lld",
                    (long long)most);
}

static void check_list(struct reader *reader, const struct yaml_node *list,
                       const struct value *values)
{
    if (list->kind != YAML_LIST || list->count == 0) {
        problem_add(reader->problems, list,
                    "must be a list of maps, one for each partition, or {sql: …}");
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        check_partition(reader, list, i);
    check_repeats(reader, list, values->list);
}

/*
 * The keys are read in PostgreSQL (schema/functions/partitions.sql, legs.sql). A list that is
 * given with them is the stream's partitions all the same.
 */
static void check_partition_map(struct reader *reader, const struct yaml_node *map,
                                struct stream *stream)
{
    enum { PARTITIONS_MAX = 1000000, PER_JOB_MAX = 1000 };
    const struct yaml_node *sql = yaml_find(map, "sql"), *list = yaml_find(map, "list");
    const struct yaml_node *most = yaml_find(map, "max");
    for (size_t i = 0; i < map->count; i++) {
        struct str key = map->items[i]->key;
        if (!str_is(key, "sql") && !str_is(key, "list") && !str_is(key, "per_job") &&
            !str_is(key, "max"))
            problem_add_key(reader->problems, map->items[i],
                            "unknown key; the keys here are sql, list, per_job, max");
    }
    check_number(reader, yaml_find(map, "per_job"), PER_JOB_MAX);
    check_number(reader, most, PARTITIONS_MAX);
    if (list) {
        stream->partitions = value_get(stream->partitions, STR("list"));
        check_list(reader, list, &stream->partitions);
        if (sql || most)
            problem_add_key(reader->problems, sql ? sql : most,
                            "\"list\" says which partitions there are");
    } else if (!sql || sql->kind != YAML_STRING || !str_trim(sql->text).len) {
        problem_add(reader->problems, map,
                    "needs \"sql\", a query whose rows are the partitions, or \"list\"");
    }
}

static void check_partitions(struct reader *reader, const struct yaml_node *map,
                             struct stream *stream)
{
    const struct yaml_node *list = yaml_find(map, "partitions");
    if (!list || list->kind == YAML_NULL)
        return;
    if (list->kind == YAML_MAP)
        check_partition_map(reader, list, stream);
    else
        check_list(reader, list, &stream->partitions);
}

/* --- what a run stores --- */

/* What a run that begins at a bookmark does not ask for would vanish. */
static void check_replace(struct reader *reader, const struct yaml_node *map,
                          const struct stream *stream)
{
    if (stream->table.write == WRITE_REPLACE && stream->uses_bookmark)
        problem_add(reader->problems, node_at(map, "write"),
                    "replace needs all records of each run, and a request names the bookmark; "
                    "upsert takes what is new");
    else if (stream->table.write == WRITE_REPLACE && stream->uses_window)
        problem_add(
            reader->problems, node_at(map, "write"),
            "replace needs all records of each run, and an expression names the window");
}

/* Rows of a parent that comes again are replaced: nothing is there twice. */
static bool appends_again(const struct stream *stream)
{
    for (size_t i = 0; i < stream_table_count(stream); i++) {
        const struct table *table = stream_table(stream, i);
        if (table->write == WRITE_APPEND && !table->may_repeat && !table->is_none &&
            !table->parent_key_count)
            return true;
    }
    return false;
}

/* A run reads all of it again, and only keeps in mind where it came to. */
static void note_unused_bookmark(struct reader *reader, const struct yaml_node *map,
                                 struct stream *stream)
{
    const struct yaml_node *node = node_at(map, "bookmark");
    if (stream->bookmark.is_set && !stream->uses_bookmark && !stream->window.size.len &&
        !stream->is_ordered && node->line)
        stream->unused_bookmark_at = place_of(reader, node);
}

/* A schedule that would append the same records each time: the second run is refused
 * (pagetide.append_refusal), so `check` says it before. The names in it are known by now. */
static void note_repeats(struct reader *reader, const struct yaml_node *map,
                         struct stream *stream)
{
    const struct schedule *schedule = &stream->schedule;
    bool is_new_each_time =
        (stream->bookmark.is_set && stream->uses_bookmark) || stream->window.size.len;
    const struct yaml_node *node = node_at(map, schedule->cron.len ? "schedule" : "every");
    if (!appends_again(stream) || is_new_each_time ||
        (!schedule->cron.len && !schedule->every_ms) || !node->line)
        return;
    stream->repeats_at = place_of(reader, node);
}

static void on_after_use(void *ctx, const struct expr_use *use)
{
    static const char *const none[] = {"response",  "http",     "accumulated", "pager",
                                       "iteration", "bookmark", "window",      "partition"};
    for (size_t i = 0; i < COUNT_OF(none); i++)
        if (str_is(use->root, none[i]))
            *(struct str *)ctx = use->root;
}

/* When a run has ended nothing of its pages and jobs is left. */
static void check_after_value(struct reader *reader, const struct yaml_node *node,
                              const struct template *template)
{
    struct str used = STR_NONE;
    template_uses(template, on_after_use, &used);
    if (used.len)
        problem_add(reader->problems, node, "\"%.*s\" has no value when the run has ended",
                    STR_ARG(used));
}

static void check_after(struct reader *reader, const struct yaml_node *map,
                        const struct after_load *after)
{
    enum { CHANNEL_BYTES_MAX = 63 };
    const struct yaml_node *node = yaml_find(map, "after_load");
    const struct webhook *hook = &after->webhook;
    if (!node || node->kind != YAML_MAP)
        return;
    if (!after->sql_count && !after->notify.len && !yaml_find(node, "webhook"))
        problem_add(reader->problems, node, "needs \"sql\", \"notify\" or \"webhook\"");
    if (after->notify.len > CHANNEL_BYTES_MAX)
        problem_add(reader->problems, node_at(node, "notify"),
                    "a channel's name has at most %d bytes", CHANNEL_BYTES_MAX);
    if (!hook->url)
        return;
    check_after_value(reader, node_at(node, "webhook"), hook->url);
    for (size_t i = 0; i < hook->header_count; i++) {
        check_after_value(reader, node_at(node, "webhook"), &hook->headers[i].template);
        if (!identifier_is_header(hook->headers[i].name))
            problem_add(reader->problems, node_at(node, "webhook"),
                        "\"%.*s\" cannot be a header's name", STR_ARG(hook->headers[i].name));
    }
}

static void check_restart(struct reader *reader, const struct yaml_node *map,
                          const struct stream *stream)
{
    const struct yaml_node *paging = yaml_find(map, "pagination");
    bool is_given = paging && paging->kind == YAML_MAP;
    const struct yaml_node *node = is_given ? yaml_find(paging, "restart_after") : NULL;
    if (stream->is_ordered && !stream->bookmark.is_set)
        problem_add(reader->problems, node_at(map, "ordered"),
                    "needs \"bookmark\", by whose value records come");
    if (!stream->pagination.restart_after || !node)
        return;
    if (!stream->is_ordered || !stream->bookmark.is_set)
        problem_add_key(reader->problems, node, "needs \"bookmark\" and ordered: true");
    else if (!stream->uses_bookmark)
        problem_add_key(reader->problems, node,
                        "begins anew at the bookmark, and no expression of the request names "
                        "it");
    if (!table_folds(&stream->table))
        problem_add_key(reader->problems, node,
                        "reads some records again: it needs \"key\", and write: upsert or "
                        "history");
}

void check_definition(struct reader *reader, const struct yaml_node *map, struct stream *stream)
{
    const struct yaml_node *graphql = yaml_find(map, "graphql");
    stream->table.is_none = str_is(stream->table.name, "none");
    stream->is_graphql = graphql && graphql->kind == YAML_MAP;
    stream->pagination.has_size_param = stream->pagination.size_param.place != PLACE_NONE;
    check_expected(reader, map, &stream->expected);
    check_shape(reader, map, &stream->merge);
    format_check(reader, map, stream);
    check_names(reader, map, stream);
    prepare_check(reader, map, stream);
    check_request(reader, map, stream);
    auth_check(reader, map, stream);
    limits_check(reader, map, stream);
    responses_check(reader, map, stream);
    pagination_check(reader, map, stream);
    check_table(reader, map, stream);
    check_schedule(reader, map, &stream->schedule);
    check_after_names(reader, map, stream);
    check_after(reader, map, &stream->after);
    check_partitions(reader, map, stream);
    bookmark_check(reader, map, &stream->bookmark);
    check_restart(reader, map, stream);
    window_check(reader, map, stream);
    check_replace(reader, map, stream);
    note_repeats(reader, map, stream);
    note_unused_bookmark(reader, map, stream);
}
