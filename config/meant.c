#include "config/meant.h"

#include <string.h>

/* Words that stand for one of ours. `key` is the key that has the value; that of a `type` is
 * the key above it. `words` are parted by blanks. */
static const struct meaning {
    const char *key, *words, *right;
} meanings[] = {
    {"pagination", "pages page_number page_num page_based page_increment numbered number",
     "type: page"},
    {"pagination", "offsets offset_limit limit_offset offset_increment limit skip skip_take",
     "type: offset"},
    {"pagination",
     "cursors cursor_based cursor_pagination cursor_field token page_token next_token "
     "next_cursor next_page_token continuation continuation_token keyset seek after since_id "
     "marker json_response_cursor",
     "{type: cursor, cursor_path: meta.next_cursor, param: cursor}"},
    {"pagination",
     "link links header headers header_link header_links link_headers web_link rfc5988 rfc8288 "
     "github",
     "type: link_header"},
    {"pagination",
     "next next_link next_page next_page_url next_page_link url json_link json_response hal "
     "hateoas odata jsonapi",
     "{type: next_url, next_path: links.next}"},
    {"pagination", "no false off single single_page disabled", "type: none"},
    {"pagination", "true yes on guess detect automatic default", "type: auto"},
    {"pagination", "custom expression jinja response",
     "{type: response_based, …}, which `pagetide config reference` explains"},
    {"write",
     "merge update insert_update insert_or_update incremental dedup dedupe deduped "
     "append_dedup "
     "append_deduped delete_insert delete+insert scd1 unique",
     "write: upsert, beside key: id"},
    {"write",
     "overwrite full full_refresh full_load truncate truncate_insert drop refresh recreate",
     "write: replace"},
    {"write", "insert add", "write: append"},
    {"write", "scd scd2 scd_type_2 versions snapshot slowly_changing",
     "write: history, beside key: id"},
    {"merge_strategy", "upsert merge update", "write: upsert, beside key: id"},
    {"merge", "upsert update", "write: upsert, beside key: id"},
    {"others", "drop discard none no false", "others: ignore"},
    {"others", "keep all add evolve yes true", "others: infer"},
    {"others", "json rest extra", "others: aside"},
    {"columns", "auto all true *", "columns: infer"},
    {"auth", "oauth oauth2_client_credentials client_credentials oauth2.0 oauth_2.0",
     "{type: oauth2, token_url: https://…, client_id: \"{{ env.CLIENT_ID }}\", client_secret: "
     "\"{{ env.CLIENT_SECRET }}\"}"},
    {"auth", "apikey key header query header_key x_api_key token_header custom_header",
     "{type: api_key, name: X-API-Key, value: \"{{ env.API_KEY }}\"}"},
    {"auth", "token bearer_token access_token bearer_auth http_bearer jwt_token",
     "{type: bearer, token: \"{{ env.TOKEN }}\"}"},
    {"auth", "http_basic basic_auth password user_password http",
     "{type: basic, user: me, password: \"{{ env.PASSWORD }}\"}"},
    {"auth", "aws sigv4 aws_v4 aws_signature", "type: aws_sigv4, with service and region"},
    {"auth", "session session_token cookie form", "type: login, with url, body and token_path"},
    {"auth", "no false off", "type: none"},
    {"bookmark", "datetime date timestamp timestamptz", "type: time"},
    {"bookmark", "int integer numeric bigint", "type: number"},
    {"bookmark", "string str", "type: text"},
    {"format", "jsonl json_lines ldjson jsonlines", "format: ndjson"},
    {"format", "tsv tab", "format: csv, beside csv: {delimiter: \"\\t\"}"},
    {"body_type",
     "urlencoded form_urlencoded x_www_form_urlencoded "
     "application/x_www_form_urlencoded form_data",
     "body_type: form"},
    {"body_type", "application/json", "body_type: json"},
    {"encoding", "utf8", "encoding: utf-8"},
    {"encoding", "iso_8859_1 iso8859_1 latin_1", "encoding: latin1"},
    {"encoding", "cp1252 windows1252", "encoding: windows-1252"},
    {"every", "minutely", "every: 1m"},
    {"every", "hour hourly @hourly", "every: 1h"},
    {"every", "day daily @daily nightly",
     "every: 1d; at a time of day schedule: \"0 6 * * *\""},
    {"every", "week weekly @weekly", "every: 7d"},
    {"every", "month monthly @monthly", "schedule: \"@monthly\""},
    {"schedule", "minutely", "every: 1m"},
    {"schedule", "hour hourly", "schedule: \"@hourly\""},
    {"schedule", "day daily nightly", "schedule: \"@daily\""},
    {"schedule", "week weekly", "schedule: \"@weekly\""},
    {"schedule", "month monthly", "schedule: \"@monthly\""},
    {"schedule", "year yearly annually", "schedule: \"@yearly\""},
};

/* One right form of each key whose value is easily taken for one of another kind. */
static const struct form {
    const char *key, *form;
} forms[] = {
    {"source", "shop"},
    {"base_url", "https://api.shop.example/v1"},
    {"streams", "{orders: {path: /orders}}"},
    {"defaults", "{write: upsert, key: id}"},
    {"auth", "{type: bearer, token: \"{{ env.TOKEN }}\"}"},
    {"pagination", "{type: page}, or auto"},
    {"write", "upsert, beside key: id"},
    {"retry", "{max_attempts: 5}"},
    {"retry_run", "{after: 15m, times: 3}"},
    {"rate_limit", "10/s"},
    {"timeouts", "30s"},
    {"responses", "[{status: 404, then: end}]"},
    {"params", "{status: open}"},
    {"headers", "{Accept-Language: en}"},
    {"vars", "{region: eu}"},
    {"with", "{shop_id: shop.id}"},
    {"tables", "{order_items: {merge_path: \"orders[*].items[*]\"}}"},
    {"table", "orders, beside schema: shop"},
    {"key", "id, or [shop_id, id]"},
    {"exclude", "[internal_note]"},
    {"flatten", "[address]"},
    {"columns", "{id: bigint, name: text}"},
    {"indexes", "[{columns: [created_at]}]"},
    {"partition_by", "{range: created_at, every: month}"},
    {"partitions", "[{region: eu}, {region: us}]"},
    {"bookmark", "updated_at"},
    {"window", "{size: 7d, from: 2024-01-01}"},
    {"schedule", "\"0 6 * * *\", in minutes every: 15m"},
    {"every", "15m, by the clock schedule: \"0 6 * * *\""},
    {"after", "shop.customers"},
    {"merge_path", "data.items"},
    {"cursor_path", "meta.next_cursor"},
    {"next_path", "links.next"},
    {"total_path", "meta.total"},
    {"total", "{request: {path: /orders/count}, path: count}"},
    {"next_page", "{params: {after: \"{{ response.meta.next }}\"}}"},
    {"expect", "{min_rows: 1}"},
    {"csv", "{delimiter: \";\"}"},
    {"xml", "{prefixes: true}"},
    {"shape", "{names: first}"},
    {"after_load", "{notify: orders_loaded}"},
    {"graphql", "{query: \"query { … }\"}"},
    {"tls", "{ca: /etc/ssl/private-ca.pem}"},
};

static const struct {
    const char *words, *type;
} types[] = {
    {"string str unicode", "text"},
    {"number float64 decimal128 bignumeric", "numeric"},
    {"int64 long uint32 biginteger longint bigint", "bigint"},
    {"int32 int16 uint16 tinyint mediumint", "integer"},
    {"uint64", "numeric"},
    {"double float32", "double precision"},
    {"datetime date_time timestamptz timestampz timestamp_with_timezone", "timestamptz"},
    {"object dict map struct record array list mixed variant", "jsonb"},
    {"binary blob varbinary", "bytea"},
    {"guid", "uuid"},
};

/* primaryKey, primary-key and PRIMARY_KEY are one word. */
static bool is_word(struct str written, struct str known)
{
    size_t at = 0;
    for (size_t i = 0; i < written.len; i++) {
        if (written.ptr[i] == '_' || written.ptr[i] == '-' || written.ptr[i] == ' ')
            continue;
        while (at < known.len && known.ptr[at] == '_')
            at++;
        if (!str_eq_nocase(str_slice(written, i, i + 1), str_slice(known, at, at + 1)))
            return false;
        at++;
    }
    return written.len && at == known.len;
}

bool meant_is_among(struct str word, const char *words)
{
    struct str rest = str_from(words), known;
    while (rest.len) {
        rest = str_split(rest, ' ', &known);
        if (known.len && is_word(word, known))
            return true;
    }
    return false;
}

/* Names in expressions. */
static const struct {
    const char *words, *name;
} names[] = {
    {"state cursor last_value since watermark checkpoint last_run incremental", "bookmark"},
    {"page page_number current_page", "pager.page"},
    {"offset", "pager.offset"},
    {"limit page_size per_page", "pager.size"},
    {"next next_page_token next_cursor page_token next_token", "pager.cursor"},
    {"today date utcnow datetime time timestamp current_date current_timestamp", "now()"},
    {"ds execution_date run_date logical_date data_interval_end", "run.started_at"},
    {"stream_partition stream_slice slice parent", "partition.NAME"},
    {"window_start start_date start start_time data_interval_start", "window.start"},
    {"window_end end_date end end_time", "window.end"},
    {"config settings inputs", "vars.NAME, or env.NAME"},
    {"environ os secret", "env.NAME, or secrets.name"},
    {"body resp json result payload", "response"},
    {"headers status", "http.headers['x-next'], or http.status"},
    {"variables var", "vars.NAME"},
};

const char *meant_name(struct str word)
{
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (meant_is_among(word, names[i].words))
            return names[i].name;
    return NULL;
}

const char *meant_type(struct str word)
{
    for (size_t i = 0; i < COUNT_OF(types) && str_find_byte(word, ' ') < 0; i++)
        if (meant_is_among(word, types[i].words) &&
            !str_eq_nocase(word, str_from(types[i].type)))
            return types[i].type;
    return NULL;
}

/* The key whose value it is; an item's is that of its list. */
static struct str key_of(const struct yaml_node *node)
{
    const struct yaml_node *above = node->parent;
    bool is_inside = above && (above->kind == YAML_LIST || str_is(node->key, "type"));
    return is_inside ? above->key : node->key;
}

static const char *right_of(struct str key, const struct yaml_node *node)
{
    for (size_t i = 0; yaml_is_scalar(node) && i < COUNT_OF(meanings); i++)
        if (str_is(key, meanings[i].key) && meant_is_among(node->text, meanings[i].words))
            return meanings[i].right;
    return NULL;
}

static bool is_member_of(const struct yaml_node *node, const char *key)
{
    return node->parent && node->parent->kind == YAML_MAP && str_is(node->parent->key, key);
}

void meant_put(struct buf *buf, const struct yaml_node *node)
{
    struct str key = key_of(node);
    const char *right = right_of(key, node);
    if (right) {
        buf_printf(buf, "; here it is %s", right);
        return;
    }
    if (is_member_of(node, "streams") || is_member_of(node, "columns"))
        buf_printf(buf, "; as in %.*s: %s", STR_ARG(node->key),
                   is_member_of(node, "columns") ? "bigint" : "{path: /orders}");
    for (size_t i = 0; i < COUNT_OF(forms); i++)
        if (!str_is(node->key, "type") && str_is(key, forms[i].key))
            buf_printf(buf, "; as in %s: %s", forms[i].key, forms[i].form);
}

/* "/data/items" → "data.items" */
static struct str path_of_pointer(struct arena *arena, struct str text)
{
    struct str path = arena_str(arena, str_slice(text, 1, text.len));
    char *bytes = arena_cstr(arena, path);
    for (char *at = bytes; *at; at++)
        if (*at == '/')
            *at = '.';
    return str_from(bytes);
}

struct str meant_path(struct arena *arena, struct str text)
{
    static const char *const starts[] = {"$", "."}, *const ends[] = {"[*]", "[]"};
    if (str_starts(text, STR("/")))
        return path_of_pointer(arena, text);
    for (size_t i = 0; i < COUNT_OF(starts); i++)
        if (str_starts(text, str_from(starts[i])))
            text = str_slice(text, 1, text.len);
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (str_ends(text, str_from(ends[i])))
            text = str_slice(text, 0, text.len - strlen(ends[i]));
    return text;
}
