#include "config/foreign.h"

#include "config/definition.h"
#include "config/keys.h"

enum { VALUE_BYTES_MAX = 200 };

/* How a value is taken over. */
enum carry {
    EXAMPLE, /* not at all: the example is shown */
    SAME,    /* as it is */
    PATH,    /* without what JSONPath and jq write around a path */
};

/* `key` is ours; it is found in the list of definitions, which says where it belongs. */
static const struct foreign {
    const char *word, *key;
    enum carry carry;
    const char *example;
} foreigns[] = {
    {"records", "merge_path", PATH, "data.items"},
    {"records_path", "merge_path", PATH, "data.items"},
    {"record_selector", "merge_path", PATH, "data.items"},
    {"selector", "merge_path", PATH, "data.items"},
    {"data_selector", "merge_path", PATH, "data.items"},
    {"data_path", "merge_path", PATH, "data.items"},
    {"record_path", "merge_path", PATH, "data.items"},
    {"items_path", "merge_path", PATH, "data.items"},
    {"results_path", "merge_path", PATH, "data.items"},
    {"result_path", "merge_path", PATH, "data.items"},
    {"json_path", "merge_path", PATH, "data.items"},
    {"primary_key", "key", SAME, "id"},
    {"primary_keys", "key", SAME, "id"},
    {"unique_key", "key", SAME, "id"},
    {"merge_key", "key", SAME, "id"},
    {"id", "key", SAME, "id"},
    {"mode", "write", EXAMPLE,
     "upsert, beside key: id; what is new alone: bookmark: updated_at"},
    {"write_disposition", "write", EXAMPLE, "upsert, beside key: id"},
    {"on_conflict", "write", EXAMPLE, "upsert, beside key: id"},
    {"incremental", "bookmark", EXAMPLE, "updated_at"},
    {"cursor_field", "bookmark", SAME, "updated_at"},
    {"replication_key", "bookmark", SAME, "updated_at"},
    {"since", "bookmark", EXAMPLE, "{path: updated_at, start: 2024-01-01}"},
    {"endpoint", "path", SAME, "/orders"},
    {"resource", "path", SAME, "/orders"},
    {"resources", "streams", EXAMPLE, "{orders: {path: /orders}}"},
    {"endpoints", "streams", EXAMPLE, "{orders: {path: /orders}}"},
    {"resource_defaults", "defaults", EXAMPLE, "{write: upsert, key: id}"},
    {"query", "params", EXAMPLE, "{status: open}"},
    {"query_params", "params", EXAMPLE, "{status: open}"},
    {"parameters", "params", EXAMPLE, "{status: open}"},
    {"json", "body", EXAMPLE, "{status: open}"},
    {"payload", "body", EXAMPLE, "{status: open}"},
    {"form", "body_type", EXAMPLE, "form, beside body: {status: open}"},
    {"limit", "pagination", EXAMPLE,
     "{type: offset, size: 100}; an end: {type: auto, max_records: 1000}"},
    {"page_size", "pagination", EXAMPLE, "{type: page, size_param: per_page, size: 100}"},
    {"per_page", "pagination", EXAMPLE, "{type: page, size_param: per_page, size: 100}"},
    {"max_pages", "pagination", EXAMPLE, "{type: auto, max_iterations: 100}"},
    {"paginator", "pagination", EXAMPLE, "{type: page}, or auto"},
    {"paging", "pagination", EXAMPLE, "{type: page}, or auto"},
    {"extends", "like", EXAMPLE, "kinto, or another that `pagetide catalogue` lists"},
    {"template", "like", EXAMPLE, "kinto, or another that `pagetide catalogue` lists"},
    {"preset", "like", EXAMPLE, "kinto, or another that `pagetide catalogue` lists"},
    {"connector", "like", EXAMPLE, "kinto, or another that `pagetide catalogue` lists"},
    {"token", "auth", EXAMPLE, "{type: bearer, token: \"{{ env.TOKEN }}\"}"},
    {"api_key", "auth", EXAMPLE,
     "{type: api_key, name: X-API-Key, value: \"{{ env.API_KEY }}\"}"},
    {"authentication", "auth", EXAMPLE, "{type: bearer, token: \"{{ env.TOKEN }}\"}"},
    {"schedule_interval", "every", EXAMPLE, "15m, or schedule: \"0 6 * * *\""},
    {"interval", "every", SAME, "15m"},
    {"cron", "schedule", SAME, "\"0 6 * * *\""},
    {"table_name", "table", SAME, "orders"},
    {"destination", "table", EXAMPLE, "orders, beside schema: shop"},
    {"filter", "where", EXAMPLE, "\"{{ record.status == 'open' }}\""},
    {"fields", "columns", EXAMPLE, "{id: bigint, name: text}, beside others: ignore"},
    {"types", "columns", EXAMPLE, "{id: bigint, name: text}"},
};

/* Inside `pagination`, where the list has the key. */
static const struct foreign paging[] = {
    {"limit", "size", SAME, "100"},
    {"page_size", "size", SAME, "100"},
    {"per_page", "size", SAME, "100"},
    {"max_pages", "max_iterations", SAME, "100"},
    {"page_param", "param", SAME, "page"},
    {"offset_param", "param", SAME, "offset"},
    {"cursor_param", "param", SAME, "after"},
    {"cursor_field", "cursor_path", PATH, "meta.next"},
};

/* primaryKey, primary-key and PRIMARY_KEY are one word. */
static bool is_same_word(struct str one, struct str other)
{
    size_t at = 0;
    for (size_t i = 0; i < one.len; i++) {
        if (one.ptr[i] == '_' || one.ptr[i] == '-')
            continue;
        while (at < other.len && other.ptr[at] == '_')
            at++;
        if (!str_eq_nocase(str_slice(one, i, i + 1), str_slice(other, at, at + 1)))
            return false;
        at++;
    }
    return at == other.len;
}

static const struct foreign *find(const struct foreign *list, size_t count, struct str word)
{
    for (size_t i = 0; i < count; i++)
        if (is_same_word(word, str_from(list[i].word)))
            return &list[i];
    return NULL;
}

/* "$.data.items[*]" and ".data.items[]" → "data.items" */
static struct str bare_path(struct str text)
{
    static const char *const starts[] = {"$", "."}, *const ends[] = {"[*]", "[]"};
    for (size_t i = 0; i < COUNT_OF(starts); i++)
        if (str_starts(text, str_from(starts[i])))
            text = str_slice(text, 1, text.len);
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (str_ends(text, str_from(ends[i])))
            text = str_slice(text, 0, text.len - strlen(ends[i]));
    return text;
}

static bool put_scalar(struct buf *buf, const struct yaml_node *node, enum carry carry)
{
    struct str text = carry == PATH ? bare_path(node->text) : node->text;
    bool needs_quotes = text.len && strchr("*@&!%{[#>|`'\"", text.ptr[0]);
    if (!yaml_is_scalar(node) || !text.len || text.len > VALUE_BYTES_MAX ||
        str_find_byte(text, '"') >= 0)
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

bool foreign_put(struct buf *buf, const struct keys *keys, const struct yaml_node *node,
                 unsigned level)
{
    bool is_definition = keys == &definition_keys;
    bool is_paging = node->parent && str_is(node->parent->key, "pagination");
    const struct foreign *foreign = is_definition
                                        ? find(foreigns, COUNT_OF(foreigns), node->key)
                                    : is_paging ? find(paging, COUNT_OF(paging), node->key)
                                                : NULL;
    const struct key *key = foreign ? keys_find(keys, str_from(foreign->key)) : NULL;
    if (is_paging && (str_is(node->key, "parallel") || str_is(node->key, "jobs"))) {
        buf_puts(buf, "only pages by number (page, offset) are known ahead; with other types "
                      "\"partitions\" are read side by side");
        return true;
    }
    if (!key)
        return false;
    buf_printf(buf, "here it is %s: ", foreign->key);
    if (foreign->carry == EXAMPLE || !put_value(buf, node, foreign->carry))
        buf_put(buf, str_from(foreign->example));
    if (is_definition && level == KEY_IN_SOURCE && !(key->flags & KEY_IN_SOURCE))
        buf_puts(buf, " (in a stream, or under \"defaults\")");
    if (is_definition && level == KEY_IN_STREAM && !(key->flags & KEY_IN_STREAM))
        buf_puts(buf, " (at the top of the file)");
    return true;
}
