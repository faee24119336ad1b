#include "config/foreign.h"

#include "config/definition.h"
#include "config/keys.h"
#include "config/meant.h"

enum { VALUE_BYTES_MAX = 200 };

/* How a value is taken over. */
enum carry {
    EXAMPLE, /* not at all: the example is shown */
    SAME,    /* as it is */
    PATH,    /* without what JSONPath and jq write around a path */
};

/*
 * `key` is ours; it is found in the list of definitions, which says where it belongs. NULL:
 * none of our keys, and the example says what there is instead. Of a `level`, the word is known
 * there alone. `words` are parted by blanks (meant_is_among).
 */
static const struct foreign {
    const char *words, *key;
    enum carry carry;
    const char *example;
    unsigned level;
} foreigns[] = {
    {.words = "name",
     .key = "source",
     .carry = SAME,
     .example = "shop",
     .level = KEY_IN_SOURCE},
    {.words = "sources",
     .key = "source",
     .example = "shop, and each source in a file of its own",
     .level = KEY_IN_SOURCE},
    {.words = "url uri endpoint host server domain base baseurl api_base api_url root_url",
     .key = "base_url",
     .example = "https://api.shop.example/v1",
     .level = KEY_IN_SOURCE},
    {.words = "name table_name destination_table target_table",
     .key = "table",
     .carry = SAME,
     .example = "orders"},
    {.words = "destination target dataset sink",
     .key = "table",
     .example = "orders, beside schema: shop"},
    {.words = "schema_name database_schema", .key = "schema", .carry = SAME, .example = "shop"},
    {.words =
         "records records_path record_selector selector data_selector data_path record_path "
         "items_path results_path result_path json_path response_path data_field data_key "
         "records_key root root_path array_path jmespath jsonpath",
     .key = "merge_path",
     .carry = PATH,
     .example = "data.items"},
    {.words = "data items results rows",
     .key = "merge_path",
     .example = "data.items; what is sent is body: {status: open}"},
    {.words =
         "primary_key primary_keys primary unique_key unique_keys unique merge_key keys pk id "
         "ids id_field identifier natural_key business_key upsert_key upsert_keys dedup_key "
         "dedup_keys key_columns "
         "key_properties key_fields",
     .key = "key",
     .carry = SAME,
     .example = "id"},
    {.words = "mode sync_mode load_mode",
     .key = "write",
     .example = "upsert, beside key: id; what is new alone: bookmark: updated_at"},
    {.words = "write_disposition write_mode write_strategy destination_sync_mode on_conflict "
              "if_exists strategy load load_strategy update_strategy upsert append replace "
              "overwrite full_refresh truncate dedup dedupe "
              "replication_method",
     .key = "write",
     .example = "upsert, beside key: id"},
    {.words = "incremental checkpoint state", .key = "bookmark", .example = "updated_at"},
    {.words = "cursor_field cursor replication_key incremental_key incremental_field "
              "incremental_column watermark high_water_mark updated_field state_field",
     .key = "bookmark",
     .carry = SAME,
     .example = "updated_at"},
    {.words = "since start start_date start_from from from_date initial_value",
     .key = "bookmark",
     .example = "{path: updated_at, start: 2024-01-01}"},
    {.words = "lookback lookback_window overlap",
     .key = "bookmark",
     .example = "{path: updated_at, lookback: 1d}"},
    {.words = "endpoint resource route uri resource_path endpoint_path",
     .key = "path",
     .carry = SAME,
     .example = "/orders"},
    {.words = "resources endpoints", .key = "streams", .example = "{orders: {path: /orders}}"},
    {.words = "resource_defaults default common",
     .key = "defaults",
     .example = "{write: upsert, key: id}"},
    {.words = "verb http_method request_method",
     .key = "method",
     .carry = SAME,
     .example = "POST"},
    {.words = "query query_params query_parameters query_string parameters args arguments",
     .key = "params",
     .example = "{status: open}"},
    {.words = "header http_headers request_headers",
     .key = "headers",
     .example = "{Accept-Language: en}"},
    {.words = "json payload request_body body_json",
     .key = "body",
     .example = "{status: open}"},
    {.words = "form", .key = "body_type", .example = "form, beside body: {status: open}"},
    {.words = "variables workload", .key = "vars", .example = "{region: eu}"},
    {.words = "env environment secrets secret_refs",
     .example = "\"{{ env.NAME }}\" or \"{{ secrets.name }}\", where the value is used"},
    {.words = "limit",
     .key = "pagination",
     .example = "{type: offset, size: 100}; an end: {type: auto, max_records: 1000}"},
    {.words = "page_size per_page batch batch_size limit_per_page",
     .key = "pagination",
     .example = "{type: page, size_param: per_page, size: 100}"},
    {.words = "max_pages page_limit",
     .key = "pagination",
     .example = "{type: auto, max_iterations: 100}"},
    {.words = "paginator paginators paging pager paginate pages page pagination_strategy "
              "pagination_type",
     .key = "pagination",
     .example = "{type: page}, or auto"},
    {.words = "next next_link next_url next_page_url",
     .key = "pagination",
     .example = "{type: next_url, next_path: links.next}"},
    {.words = "offset", .key = "pagination", .example = "{type: offset, size: 100}"},
    {.words = "extends template preset connector",
     .key = "like",
     .example = "kinto, or another that `pagetide catalogue` lists"},
    {.words =
         "token bearer bearer_token access_token authentication authenticator authorization "
         "credentials oauth login",
     .key = "auth",
     .example = "{type: bearer, token: \"{{ env.TOKEN }}\"}"},
    {.words = "api_key x_api_key api_token key_header",
     .key = "auth",
     .example = "{type: api_key, name: X-API-Key, value: \"{{ env.API_KEY }}\"}"},
    {.words = "user username password basic basic_auth",
     .key = "auth",
     .example = "{type: basic, user: me, password: \"{{ env.PASSWORD }}\"}"},
    {.words = "client_id client_secret oauth2 token_url",
     .key = "auth",
     .example = "{type: oauth2, token_url: https://…, client_id: \"{{ env.CLIENT_ID }}\", "
                "client_secret: \"{{ env.CLIENT_SECRET }}\"}"},
    {.words = "schedule_interval",
     .key = "every",
     .example = "15m, or schedule: \"0 6 * * *\""},
    {.words = "interval frequency period refresh_interval poll_interval",
     .key = "every",
     .carry = SAME,
     .example = "15m"},
    {.words = "cron crontab cron_schedule cron_expression",
     .key = "schedule",
     .carry = SAME,
     .example = "\"0 6 * * *\""},
    {.words = "tz time_zone", .key = "timezone", .carry = SAME, .example = "Europe/Berlin"},
    {.words = "enabled disabled active paused",
     .key = "schedule",
     .example = "left out, or `pagetide pause STREAM`"},
    {.words = "depends_on dependencies requires needs upstream parent run_after",
     .key = "after",
     .carry = SAME,
     .example = "shop.customers"},
    {.words = "partition slices stream_slices partition_router parents",
     .key = "partitions",
     .example = "[{region: eu}, {region: us}]"},
    {.words = "retries max_retries retry_count max_attempts attempts backoff error_handler",
     .key = "retry",
     .example = "{max_attempts: 5}"},
    {.words = "timeout request_timeout read_timeout http_timeout",
     .key = "timeouts",
     .carry = SAME,
     .example = "30s"},
    {.words = "rate_limiting rate throttle qps rps requests_per_second requests_per_minute "
              "max_requests_per_second rate_limit_rps api_budget",
     .key = "rate_limit",
     .example = "10/s"},
    {.words = "concurrency max_concurrency concurrency_limit workers threads parallelism",
     .key = "rate_limit",
     .example = "{concurrency: 4}; pages of a stream side by side: pagination: {type: page, "
                "parallel: 4}"},
    {.words = "filter condition conditions record_filter",
     .key = "where",
     .example = "\"{{ status == 'open' }}\""},
    {.words = "fields types include select only selected_fields column_types schema_overrides",
     .key = "columns",
     .example = "{id: bigint, name: text}, beside others: ignore"},
    {.words = "transform transforms transformation transformations mapping mappings map rename "
              "renames field_map",
     .key = "columns",
     .example = "{name: {type: text, path: title}}"},
    {.words = "ignore drop omit skip exclude_fields excluded remove_fields",
     .key = "exclude",
     .carry = SAME,
     .example = "[internal_note]"},
    {.words = "unnest unpack explode normalize", .key = "flatten", .example = "[address]"},
    {.words = "soft_delete deleted_field is_deleted delete_when tombstone",
     .key = "deleted",
     .example = "\"{{ is_deleted }}\", beside deletes: soft to keep the rows"},
    {.words = "index indices", .key = "indexes", .example = "[{columns: [created_at]}]"},
    {.words = "description title doc docs",
     .key = "comment",
     .carry = SAME,
     .example = "Orders of the shop"},
    {.words = "version",
     .example = "nothing: definitions have no version; a line that begins with # is a comment"},
    {.words = "database_url database postgres postgresql dsn redis_url redis connection_string",
     .example = "a setting, in pagetide.yaml or the environment: PAGETIDE_DATABASE_URL, "
                "PAGETIDE_REDIS_URL"},
};

/* Inside another key, where its list has ours. */
static const struct inner {
    const char *above, *words, *key;
    enum carry carry;
    const char *example;
} inners[] = {
    {"pagination", "limit page_size per_page batch_size count", "size", SAME, "100"},
    {"pagination", "max_pages pages max_requests", "max_iterations", SAME, "100"},
    {"pagination", "limit max_items max_rows", "max_records", SAME, "1000"},
    {"pagination",
     "page_param offset_param cursor_param page_parameter offset_parameter cursor_parameter "
     "page_name param_name parameter query_param token_param page_key inject_into",
     "param", SAME, "page"},
    {"pagination",
     "page_size_param limit_param per_page_param size_parameter limit_parameter limit_key "
     "page_size_parameter",
     "size_param", SAME, "per_page"},
    {"pagination",
     "page_size_param size_param per_page_param size_parameter limit_parameter limit_key",
     "limit_param", SAME, "limit"},
    {"pagination",
     "start_page start_from first_page base_page initial_page start_from_page initial_offset "
     "start_offset initial",
     "start", SAME, "1"},
    {"pagination",
     "cursor_field cursor cursor_value path next next_path next_cursor token_path token "
     "next_token next_cursor_path cursor_key",
     "cursor_path", PATH, "meta.next"},
    {"pagination",
     "path next next_url next_link url next_url_path next_link_path link_path url_path "
     "next_key",
     "next_path", PATH, "links.next"},
    {"pagination", "total count_path total_count total_records total_count_path", "total_path",
     PATH, "meta.total"},
    {"pagination", "pages_path page_count total_pages page_count_path", "total_pages_path",
     PATH, "meta.pages"},
    {"pagination", "last_page max_page end_page stop_page", "maximum_page", SAME, "100"},
    {"pagination", "has_more has_next more more_path has_more_field has_next_path",
     "has_more_path", PATH, "meta.has_more"},
    {"pagination", "stop_condition while continue until", "continue_while", EXAMPLE,
     "\"{{ response.has_more }}\""},
    {"pagination", "relation", "rel", SAME, "next"},
    {"bookmark", "field column cursor_field cursor key name", "path", PATH, "updated_at"},
    {"bookmark", "start_date start_from initial initial_value default start_value", "start",
     SAME, "2024-01-01"},
    {"bookmark", "lookback_window overlap lag", "lookback", SAME, "1d"},
    {"bookmark", "format", "from", SAME, "epoch_s"},
    {"retry", "max attempts count retries times max_retries tries", "max_attempts", SAME, "5"},
    {"retry", "delay wait initial interval", "initial_delay", SAME, "1s"},
    {"retry", "strategy backoff_factor factor multiplier", "backoff", EXAMPLE, "exponential"},
    {"rate_limit", "per_second rps qps", "requests", SAME, "10"},
    {"rate_limit", "limit calls max rate count max_requests", "requests", SAME, "10"},
    {"rate_limit", "period interval window seconds time", "per", EXAMPLE, "1s"},
    {"rate_limit", "per_minute per_hour", "requests", EXAMPLE, "600, per: 1m"},
    {"timeouts", "read request overall all", "total", SAME, "300s"},
    {"window", "step interval every length", "size", SAME, "7d"},
    {"window", "days", "size", EXAMPLE, "7d"},
    {"window", "start start_date", "from", SAME, "2024-01-01"},
    {"window", "end end_date", "to", SAME, "2024-12-31"},
    {"auth", "username login client", "user", EXAMPLE, "\"{{ env.USER_NAME }}\""},
    {"auth", "pass", "password", EXAMPLE, "\"{{ env.PASSWORD }}\""},
    {"auth", "header header_name key_name param", "name", EXAMPLE, "X-API-Key"},
    {"auth", "key api_key token secret", "value", EXAMPLE, "\"{{ env.API_KEY }}\""},
    {"auth", "key api_key value secret access_token bearer", "token", EXAMPLE,
     "\"{{ env.TOKEN }}\""},
    {"auth", "url token_endpoint access_token_url", "token_url", EXAMPLE, "https://…"},
    {"auth", "scopes", "scope", EXAMPLE, "\"orders.read\""},
    {"auth", "grant_type flow", "grant", EXAMPLE, "client_credentials"},
    {"responses", "code status_code http_status", "status", SAME, "404"},
    {"responses", "action do", "then", EXAMPLE, "end"},
    {"indexes", "column fields on", "columns", EXAMPLE, "[created_at]"},
};

static bool put_scalar(struct buf *buf, const struct yaml_node *node, enum carry carry)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str text = carry == PATH ? meant_path(arena, node->text) : node->text;
    bool needs_quotes = text.len && strchr("*@&!%{[#>|`'\"", text.ptr[0]);
    if (!yaml_is_scalar(node) || !text.len || text.len > VALUE_BYTES_MAX ||
        str_find_byte(text, '"') >= 0 || str_find(text, STR("://")) >= 0)
        return false;
    buf_printf(buf, needs_quotes ? "\"%.*s\"" : "%.*s", STR_ARG(text));
    return true;
}

static bool put_value(struct buf *buf, const struct yaml_node *node, enum carry carry)
{
    if (node->kind != YAML_LIST)
        return put_scalar(buf, node, carry);
    AUTO_BUF(list, VALUE_BYTES_MAX);
    for (size_t i = 0; i < node->count; i++) {
        buf_put(&list, i ? STR(", ") : STR("["));
        if (!put_scalar(&list, node->items[i], carry))
            return false;
    }
    buf_puts(&list, "]");
    if (list.has_overflowed || !node->count)
        return false;
    buf_put(buf, buf_str(&list));
    return true;
}

static void put_right(struct buf *buf, const struct yaml_node *node, const char *key,
                      enum carry carry, const char *example)
{
    buf_printf(buf, "here it is %s%s", key ? key : "", key ? ": " : "");
    if (carry == EXAMPLE || !put_value(buf, node, carry))
        buf_put(buf, str_from(example));
}

static bool put_foreign(struct buf *buf, const struct yaml_node *node, unsigned level)
{
    for (size_t i = 0; i < COUNT_OF(foreigns); i++) {
        const struct foreign *foreign = &foreigns[i];
        if ((foreign->level && foreign->level != level) ||
            !meant_is_among(node->key, foreign->words))
            continue;
        put_right(buf, node, foreign->key, foreign->carry, foreign->example);
        const struct key *key =
            foreign->key ? keys_find(&definition_keys, str_from(foreign->key)) : NULL;
        if (key && level == KEY_IN_SOURCE && !(key->flags & KEY_IN_SOURCE))
            buf_puts(buf, " (in a stream, or under \"defaults\")");
        if (key && level == KEY_IN_STREAM && !(key->flags & KEY_IN_STREAM))
            buf_puts(buf, " (at the top of the file)");
        return true;
    }
    return false;
}

/* An item of a list stands in what the list is the value of. */
static struct str key_above(const struct yaml_node *node)
{
    const struct yaml_node *above = node->parent;
    bool is_item = above && above->parent && above->parent->kind == YAML_LIST;
    return is_item ? above->parent->key : above ? above->key : STR_NONE;
}

static bool put_inner(struct buf *buf, const struct keys *keys, const struct yaml_node *node)
{
    for (size_t i = 0; i < COUNT_OF(inners); i++) {
        const struct inner *inner = &inners[i];
        if (!str_is(key_above(node), inner->above) ||
            !meant_is_among(node->key, inner->words) || !keys_find(keys, str_from(inner->key)))
            continue;
        put_right(buf, node, inner->key, inner->carry, inner->example);
        return true;
    }
    return false;
}

static bool has_key(const struct key *key, struct str name)
{
    if (key->type == KEY_STRUCT || key->type == KEY_STRUCTS)
        return keys_find(key->keys, name) != NULL;
    for (size_t i = 0; key->type == KEY_UNION && key->variants[i].name; i++)
        if (keys_find(key->variants[i].keys, name))
            return true;
    return false;
}

/* A key of the paging, in the words of others, that stands beside it. */
static bool put_of_paging(struct buf *buf, const struct yaml_node *node)
{
    for (size_t i = 0; i < COUNT_OF(inners); i++)
        if (!strcmp(inners[i].above, "pagination") &&
            meant_is_among(node->key, inners[i].words)) {
            buf_printf(buf, "here it is pagination: {%s: …}", inners[i].key);
            return true;
        }
    return false;
}

/* `responses: {404: end}` */
static bool put_status(struct buf *buf, const struct yaml_node *node)
{
    int64_t status;
    if (!str_is(key_above(node), "responses") || !str_to_int64(node->key, &status))
        return false;
    buf_printf(buf, "here it is responses: [{status: %lld, then: end}]", (long long)status);
    return true;
}

/* A key that stands too high: those that have it. */
static bool put_owners(struct buf *buf, const struct yaml_node *node)
{
    AUTO_BUF(owners, KIB(1));
    for (const struct key *key = definition_keys.list; key->name; key++)
        if (has_key(key, node->key))
            buf_printf(&owners, "%s%s: {%.*s: …}", owners.len ? ", " : "", key->name,
                       STR_ARG(node->key));
    if (owners.len)
        buf_printf(buf, "it belongs into %.*s", STR_ARG(buf_str(&owners)));
    return owners.len > 0;
}

/* A stream that stands beside `streams`. */
static bool put_stream(struct buf *buf, const struct yaml_node *node, unsigned level)
{
    bool is_stream = level == KEY_IN_SOURCE && node->kind == YAML_MAP &&
                     (yaml_find(node, "path") || yaml_find(node, "url"));
    if (is_stream)
        buf_printf(buf, "streams stand below streams: {%.*s: {path: /orders}}",
                   STR_ARG(node->key));
    return is_stream;
}

bool foreign_put(struct buf *buf, const struct keys *keys, const struct yaml_node *node,
                 unsigned level)
{
    if (keys == &definition_keys)
        return put_stream(buf, node, level) || put_foreign(buf, node, level) ||
               (!keys_find(keys, node->key) &&
                (put_owners(buf, node) || put_of_paging(buf, node)));
    if (str_is(key_above(node), "pagination") &&
        (str_is(node->key, "parallel") || str_is(node->key, "jobs"))) {
        buf_puts(buf, "only pages by number (page, offset) are known ahead; with other types "
                      "\"partitions\" are read side by side");
        return true;
    }
    return put_inner(buf, keys, node) || put_status(buf, node);
}
