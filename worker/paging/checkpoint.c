#include "worker/paging/checkpoint.h"

#include <assert.h>
#include <limits.h>

#include "worker/paging/pager_words.h"

/*
 * A job goes on from its checkpoint in another process, perhaps days later and after the
 * program was replaced. So the text says everything by names and values, never by a position in
 * a table, and the definition is read anew (it is stored with the run and does not change).
 *
 * For the third page of `pagination: {type: cursor, cursor_path: next, param: after}`:
 *
 *     {"v":1,"type":"cursor","page":"3","records":"300","number":"0","cursor":"c4",
 *      "next":{"params":{"after":"c4"},"headers":{}}}
 *
 * page, records, total    what was read so far, and what the API said there is
 * empty                   pages without records in a row, up to here; absent: none
 * number, cursor, next    where the next page is. `number` and `cursor` are enough for types
 *                         that have one; a link is only in next.url, and what response_based
 *                         sends only in next.params, .headers and .body. The rest of `next` is
 *                         written for people who look into pagetide.job
 * auto                    the words of pager_words.h: `auto` is not asked again
 * last                    the last record, where `accumulated[-1]` is used
 * done                    instead of `next`, when no page follows
 *
 * Invariants: reading and writing again gives the same text (a fuzz target checks that), and no
 * credential is in it (pager_response.c and access/origin.h keep them out).
 */
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

/* Far above any real count, and far enough below the ends of the types to count on. */
#define PAGES_MAX (INT_MAX / 2)
#define COUNT_MAX (INT64_MAX / 2)

/* As text: a count may be beyond what a double holds exactly. */
static void put_count(struct json_out *out, const char *key, int64_t count)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)count);
    json_out_str(out, key, str_from(digits));
}

/* What is sent as a parameter or header; the numbers and cursors of a type among them. */
static void put_params(struct json_out *out, const char *key, const struct pager_params *params,
                       enum placement place)
{
    json_out_open(out, key, '{');
    for (size_t i = 0; i < params->count; i++) {
        const struct pager_param *param = &params->items[i];
        if (param->place->place != place)
            continue;
        json_out_name(out, param->place->name);
        value_put(out, NULL, param->value);
    }
    json_out_close(out, '}');
}

static void put_next(struct json_out *out, const struct pager *pager, struct arena *arena)
{
    struct pager_params *params = ARENA_NEW(arena, struct pager_params);
    pager_params(pager, arena, params);
    json_out_open(out, "next", '{');
    if (pager->url.len)
        json_out_str(out, "url", pager->url);
    put_params(out, "params", params, PLACE_QUERY);
    put_params(out, "headers", params, PLACE_HEADER);
    if (pager->body.kind != VALUE_UNDEFINED)
        value_put(out, "body", pager->body);
    json_out_close(out, '}');
}

struct str checkpoint_write(struct arena *arena, const struct pager *pager)
{
    assert((size_t)pager->type < COUNT_OF(type_names));
    AUTO_BUF(buf, CHECKPOINT_BYTES_MAX);
    struct json_out out = {.buf = &buf};
    json_out_open(&out, NULL, '{');
    json_out_int(&out, "v", 1);
    json_out_str(&out, "type", str_from(type_names[pager->type]));
    if (pager->recognised.len)
        json_out_str(&out, "auto", pager->recognised);
    put_count(&out, "page", pager->page);
    put_count(&out, "records", pager->records);
    put_count(&out, "number", pager->number);
    if (pager->total >= 0)
        put_count(&out, "total", pager->total);
    if (pager->empty_pages > 0)
        put_count(&out, "empty", pager->empty_pages);
    if (pager->cursor.kind != VALUE_UNDEFINED)
        value_put(&out, "cursor", pager->cursor);
    if (pager->last.len)
        json_out_raw(&out, "last", pager->last);
    if (pager->is_done)
        json_out_bool(&out, "done", true);
    else
        put_next(&out, pager, arena);
    json_out_close(&out, '}');
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

/* False also where the paging would count beyond its type. */
static bool read_count(struct value map, struct str key, int64_t least, int64_t most,
                       int64_t *ret)
{
    struct value text = value_get(map, key);
    int64_t count;
    if (text.kind != VALUE_STRING || !str_to_int64(text.text, &count) || count < least ||
        count > most)
        return false;
    *ret = count;
    return true;
}

static bool read_all(struct value map, struct pager *pager)
{
    int64_t page;
    if (!read_type(map, &pager->type) || !read_count(map, STR("page"), 0, PAGES_MAX, &page) ||
        !read_count(map, STR("records"), 0, COUNT_MAX, &pager->records) ||
        !read_count(map, STR("number"), 0, COUNT_MAX, &pager->number))
        return false;
    pager->page = (int)page;
    if (!read_count(map, STR("total"), 0, INT64_MAX, &pager->total))
        pager->total = -1;
    if (!read_count(map, STR("empty"), 1, PAGES_MAX, &pager->empty_pages))
        pager->empty_pages = 0;
    return true;
}

/*
 * Each type needs its own keys of the definition, so the state of one cannot go on under
 * another. `auto` without words has recognised nothing yet, or that there is one page.
 */
static bool is_type_of(const struct pager *pager)
{
    enum pagination_type type = pager->in_force->type;
    return pager->type == type || (type == PAGINATE_AUTO && pager->type == PAGINATE_NONE);
}

static bool refuse_type(const struct pager *pager, struct err *err)
{
    return err_set(err, ERR_INPUT, "checkpoint", 0,
                   "the checkpoint is of the paging %s, the definition has %s",
                   type_names[pager->type], type_names[pager->in_force->type]);
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

bool checkpoint_read(struct arena *arena, struct arena *job_arena, struct str text,
                     const struct pagination *declared, struct pager *ret_pager,
                     struct err *err)
{
    struct pager pager;
    pager_start(&pager, declared);
    if (text.len == 0) {
        *ret_pager = pager;
        return true;
    }
    struct value map;
    if (!value_parse(arena, text, VALUE_WHOLE, &map, err))
        return err_wrap(err, "checkpoint");
    struct value version = value_get(map, STR("v"));
    if (version.kind != VALUE_NUMBER || !str_is(version.text, "1") || !read_all(map, &pager))
        return err_set(err, ERR_INPUT, "checkpoint", 0,
                       "the checkpoint is not of this version of Pagetide");
    read_next(value_get(map, STR("next")), &pager);
    struct value words = value_get(map, STR("auto"));
    if (words.kind == VALUE_STRING && declared->type == PAGINATE_AUTO) {
        pager.in_force = pager_words_parse(job_arena, words.text, &pager.recognised);
        if (!pager.in_force)
            return err_set(err, ERR_INPUT, "checkpoint", 0,
                           "this version does not know the paging \"%.*s\"",
                           STR_ARG(words.text));
    }
    if (!is_type_of(&pager))
        return refuse_type(&pager, err);
    pager.cursor = value_get(map, STR("cursor"));
    struct value done = value_get(map, STR("done"));
    pager.is_done = done.kind == VALUE_BOOL && done.boolean;
    struct value last = value_get(map, STR("last"));
    if (last.kind != VALUE_UNDEFINED) {
        AUTO_BUF(buf, CHECKPOINT_BYTES_MAX);
        value_format(&buf, last);
        pager.last = arena_str(arena, buf_str(&buf));
    }
    *ret_pager = pager;
    return true;
}
