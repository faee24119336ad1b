#include "worker/paging/checkpoint.h"

static const char *const type_names[] = {
    [PAGINATE_NONE] = "none",
    [PAGINATE_PAGE] = "page",
    [PAGINATE_OFFSET] = "offset",
    [PAGINATE_CURSOR] = "cursor",
    [PAGINATE_LINK_HEADER] = "link_header",
    [PAGINATE_NEXT_URL] = "next_url",
    [PAGINATE_RESPONSE_BASED] = "response_based",
    [PAGINATE_AUTO] = "auto",
};

enum { CHECKPOINT_BYTES_MAX = 8 * 1024 * 1024 };

static void put_count(struct buf *buf, const char *key, int64_t count)
{
    buf_printf(buf, ",\"%s\":\"%lld\"", key, (long long)count);
}

static void put_key(struct buf *buf, const char *key)
{
    buf_printf(buf, "%s\"%s\":", buf->ptr[buf->len - 1] == '{' ? "" : ",", key);
}

/* What is sent as a parameter or header; the numbers and cursors of a type among them. */
static void put_params(struct buf *buf, const char *key, const struct pager_params *params,
                       enum placement place)
{
    put_key(buf, key);
    buf_put_byte(buf, '{');
    for (size_t i = 0; i < params->count; i++) {
        const struct pager_param *param = &params->items[i];
        if (param->place->place != place)
            continue;
        if (buf->ptr[buf->len - 1] != '{')
            buf_put_byte(buf, ',');
        value_format_string(buf, param->place->name);
        buf_put_byte(buf, ':');
        value_format(buf, param->value);
    }
    buf_put_byte(buf, '}');
}

static void put_next(struct buf *buf, const struct pager *pager, struct arena *arena)
{
    struct pager_params *params = ARENA_NEW(arena, struct pager_params);
    pager_params(pager, arena, params);
    buf_puts(buf, ",\"next\":{");
    if (pager->url.len) {
        put_key(buf, "url");
        value_format_string(buf, pager->url);
    }
    put_params(buf, "params", params, PLACE_QUERY);
    put_params(buf, "headers", params, PLACE_HEADER);
    if (pager->body.kind != VALUE_UNDEFINED) {
        put_key(buf, "body");
        value_format(buf, pager->body);
    }
    buf_put_byte(buf, '}');
}

struct str checkpoint_write(struct arena *arena, const struct pager *pager)
{
    AUTO_BUF(buf, CHECKPOINT_BYTES_MAX);
    buf_printf(&buf, "{\"v\":1,\"type\":\"%s\"", type_names[pager->type]);
    if (pager->recognised.len) {
        buf_puts(&buf, ",\"auto\":");
        value_format_string(&buf, pager->recognised);
    }
    put_count(&buf, "page", pager->page);
    put_count(&buf, "records", pager->records);
    put_count(&buf, "number", pager->number);
    if (pager->total >= 0)
        put_count(&buf, "total", pager->total);
    if (pager->cursor.kind != VALUE_UNDEFINED) {
        buf_puts(&buf, ",\"cursor\":");
        value_format(&buf, pager->cursor);
    }
    if (pager->last.len) {
        buf_puts(&buf, ",\"last\":");
        buf_put(&buf, pager->last);
    }
    if (pager->done)
        buf_puts(&buf, ",\"done\":true");
    else
        put_next(&buf, pager, arena);
    buf_put_byte(&buf, '}');
    return arena_str(arena, buf_str(&buf));
}

static bool read_type(struct value map, enum pagination_type *ret_type)
{
    struct value name = value_get(map, STR("type"));
    if (name.kind != VALUE_STRING)
        return false;
    for (size_t i = 0; i < COUNT_OF(type_names); i++) {
        if (str_is(name.text, type_names[i])) {
            *ret_type = (enum pagination_type)i;
            return true;
        }
    }
    return false;
}

static bool read_count(struct value map, struct str key, int64_t *ret)
{
    struct value count = value_get(map, key);
    return count.kind == VALUE_STRING && str_to_int64(count.text, ret);
}

static bool read_all(struct value map, struct pager *pager)
{
    int64_t page;
    if (!read_type(map, &pager->type) || !read_count(map, STR("page"), &page) ||
        !read_count(map, STR("records"), &pager->records) ||
        !read_count(map, STR("number"), &pager->number))
        return false;
    pager->page = (int)page;
    pager->total = -1;
    if (!read_count(map, STR("total"), &pager->total))
        pager->total = -1;
    return true;
}

/* Only response_based keeps parameters, headers and a body: the others make them anew. */
static void read_next(struct value next, struct pager *pager)
{
    struct value url = value_get(next, STR("url"));
    pager->url = url.kind == VALUE_STRING ? url.text : STR_NONE;
    if (pager->type != PAGINATE_RESPONSE_BASED)
        return;
    pager->params = value_get(next, STR("params"));
    pager->headers = value_get(next, STR("headers"));
    pager->body = value_get(next, STR("body"));
}

bool checkpoint_read(struct arena *arena, struct str text, const struct pagination *def,
                     struct pager *ret_pager, struct err *err)
{
    struct pager pager;
    pager_start(&pager, def);
    if (text.len == 0) {
        *ret_pager = pager;
        return true;
    }
    struct value map;
    if (!value_parse(arena, text, (struct value_hole){0}, &map, err))
        return err_wrap(err, "checkpoint");
    struct value version = value_get(map, STR("v"));
    if (version.kind != VALUE_NUMBER || !str_is(version.text, "1") || !read_all(map, &pager))
        return err_set(err, ERR_INPUT, "checkpoint", 0,
                       "the checkpoint is not of this version of Pagetide");
    read_next(value_get(map, STR("next")), &pager);
    struct value words = value_get(map, STR("auto"));
    if (words.kind == VALUE_STRING) {
        pager.how = pager_recognised(words.text, &pager.recognised);
        if (!pager.how)
            return err_set(err, ERR_INPUT, "checkpoint", 0,
                           "this version does not know the paging \"%.*s\"",
                           STR_ARG(words.text));
    }
    pager.cursor = value_get(map, STR("cursor"));
    pager.done = value_get(map, STR("done")).kind == VALUE_BOOL;
    struct value last = value_get(map, STR("last"));
    if (last.kind != VALUE_UNDEFINED) {
        AUTO_BUF(buf, CHECKPOINT_BYTES_MAX);
        value_format(&buf, last);
        pager.last = arena_str(arena, buf_str(&buf));
    }
    *ret_pager = pager;
    return true;
}
