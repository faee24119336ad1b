#include "worker/paging/checkpoint.h"

#include <assert.h>
#include <limits.h>

#include "worker/access/secret_refs.h"
#include "worker/paging/checkpoint_prepare.h"
#include "worker/signs/pager_words.h"

/*
 * A job goes on from its checkpoint in another process, perhaps days later and after the
 * program was replaced. So the text says everything by names and values, never by a position in
 * a table. The definition is read anew: it is stored with the run and does not change.
 *
 * For the third page of `pagination: {type: cursor, cursor_path: next, param: after}`:
 *
 *     {"v":1,"type":"cursor","page":"3","records":"300","number":"0","cursor":"c4",
 *      "next":{"params":{"after":"c4"},"headers":{}}}
 *
 * leg                     of a job of several partitions, the one that the state is of
 * page, records, total    what was read so far, and what the API said first
 * pages                   … of pages, where the definition names a count of them
 * drifted                 one of the two was another number on a later page
 * empty                   pages without records in a row, up to here; absent: none
 * resets, restarts        how often the paging has begun anew, by a rule and by restart_after
 * pages_before,           what was read before it did; the counts above are of the time since
 * records_before
 * since                   the bookmark that it began anew with
 * high                    the highest bookmark since, for restart_after
 * size, good_pages        the page size that page_size_on_error has left, and how many pages
 *                         came with it; absent: as declared
 * until                   the first number that is another job's; absent: none is
 * split                   the pages behind are shared, and the job waits for the others
 *                         (ranges.h)
 * head                    of a range, ids of the records that it began with
 * back, tail, shifted, missing, rereads, lost   of `overlap`; absent: 0, nothing
 * overlaps                records that the page before theirs had too; absent: none
 * number, cursor, next    where the next page is. `number` and `cursor` are enough for types
 *                         that have one; a link is only in next.url, and what response_based
 *                         sends only in next.params, .headers, .body (also a link object's,
 *                         with "merge") and .method. The rest of `next` is
 *                         written for people who look into pagetide.job
 * auto                    the words of pager_words.h: `auto` is not asked again
 * last                    the last record, where `accumulated[-1]` is used
 * answer                  what the stream's own request reads of `response` and `http`
 * shape                   what stands at merge_path: list, object or scalar; absent: nothing
 *                         yet
 * reached                 the count that says that no page may follow; absent: none says so
 * more                    what says that a page follows, where a count is asked for alone
 * names                   of the fields, where the bodies have them: a header of csv
 * accept                  the content type that the API took; absent: the first of the stream's
 * prepare                 what the API was asked to do before (checkpoint_prepare.h); absent:
 *                         nothing. The URL of a file that it named is in no checkpoint
 * lacks                   the count or flag that the definition names and no answer has
 * counted                 what `total` counted before the first page; absent: nothing
 * uncounted               why it could not be read then
 * count                   instead of `next`, when the last page is read and the API is asked
 *                         for its count: what the end is worth without
 * done                    instead of `next`, when no page follows
 *
 * Invariants: reading and writing again gives the same text (a fuzz target checks that), and no
 * credential is in it: pager_response.c and access/origin.h keep out what they can, and what a
 * secret wrote into the rest is put in anew from a reference, or the text is sealed.
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

static const char *const shape_names[] = {[SHAPE_UNKNOWN] = "",
                                          [SHAPE_LIST] = "list",
                                          [SHAPE_OBJECT] = "object",
                                          [SHAPE_SCALAR] = "scalar"};

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

/* Never cut: whoever writes the checkpoint looks at its size as a whole. */
static struct str text_of(struct arena *arena, struct value value)
{
    AUTO_BUF(buf, SIZE_MAX / 2);
    value_format(&buf, value);
    return arena_str(arena, buf_str(&buf));
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
    if (pager->merges_body)
        json_out_bool(out, "merge", true);
    if (pager->method.len)
        json_out_str(out, "method", pager->method);
    json_out_close(out, '}');
}

/* A record is hidden as a value: cut as a text it would be no JSON any more. */
static struct str hide_last(struct secret_refs *refs, struct str last)
{
    struct value value;
    struct err ignored = ERR_INIT;
    if (!last.len || !refs->secrets ||
        !value_parse(refs->arena, last, VALUE_WHOLE, &value, &ignored))
        return last;
    return text_of(refs->arena, secret_refs_hide(refs, value));
}

/* The values of the state that may hold a secret, in the order in which they are hidden. */
static void hide_secrets(struct secret_refs *refs, struct pager *pager)
{
    pager->cursor = secret_refs_hide(refs, pager->cursor);
    pager->answer = secret_refs_hide(refs, pager->answer);
    pager->last = hide_last(refs, pager->last);
    if (pager->is_file)
        pager->url = STR_NONE;
    pager->url = secret_refs_hide_text(refs, pager->url);
    pager->params = secret_refs_hide(refs, pager->params);
    pager->headers = secret_refs_hide(refs, pager->headers);
    pager->body = secret_refs_hide(refs, pager->body);
    checkpoint_prepare_hide(refs, &pager->prepared);
}

static bool show_secrets(struct secret_refs *refs, struct pager *pager, struct value *last,
                         struct err *err)
{
    return secret_refs_show(refs, &pager->cursor, err) &&
           secret_refs_show(refs, &pager->answer, err) && secret_refs_show(refs, last, err) &&
           secret_refs_show_text(refs, &pager->url, err) &&
           secret_refs_show(refs, &pager->params, err) &&
           secret_refs_show(refs, &pager->headers, err) &&
           secret_refs_show(refs, &pager->body, err) &&
           checkpoint_prepare_show(refs, &pager->prepared, err);
}

static bool refuse_size(const struct pager *pager, struct err *err)
{
    return err_set(err, ERR_INPUT, "checkpoint", 0,
                   "the state of the paging is over %d MiB and cannot be kept%s",
                   CHECKPOINT_BYTES_MAX >> 20,
                   pager->last.len > CHECKPOINT_BYTES_MAX / 2
                       ? ": its last record is, which accumulated[-1] asks for"
                       : ": the cursor, the link or the parameters that the answer gives are");
}

static void put_ending(struct json_out *out, const struct pager_ending *ending)
{
    json_out_open(out, "count", '{');
    json_out_str(out, "complete", str_from(job_complete_name(ending->complete)));
    json_out_str(out, "why", ending->why);
    json_out_close(out, '}');
}

static void put_before(struct json_out *out, const struct pager *pager)
{
    if (pager->leg)
        put_count(out, "leg", pager->leg);
    if (pager->resets)
        put_count(out, "resets", pager->resets);
    if (pager->restarts)
        put_count(out, "restarts", pager->restarts);
    if (pager->pages_before)
        put_count(out, "pages_before", pager->pages_before);
    if (pager->records_before)
        put_count(out, "records_before", pager->records_before);
    if (pager->since.len)
        json_out_str(out, "since", pager->since);
    if (pager->high.len)
        json_out_str(out, "high", pager->high);
}

/* What the answers have told on the way. */
static void put_learned(struct json_out *out, const struct pager *pager)
{
    if (pager->reached.len)
        json_out_str(out, "reached", pager->reached);
    if (pager->more.len)
        json_out_str(out, "more", pager->more);
    if (pager->lacks.len)
        json_out_str(out, "lacks", pager->lacks);
    if (pager->names.len)
        json_out_str(out, "names", pager->names);
    if (pager->merge_path.len)
        json_out_str(out, "merge_path", pager->merge_path);
    if (pager->accept.len)
        json_out_str(out, "accept", pager->accept);
    if (pager->counted.total >= 0)
        put_count(out, "counted", pager->counted.total);
    if (pager->counted.why.len)
        json_out_str(out, "uncounted", pager->counted.why);
}

static void put_drift(struct json_out *out, const struct pager *pager)
{
    const struct pager_drift *drift = &pager->drift;
    if (pager->overlaps > 0)
        put_count(out, "overlaps", pager->overlaps);
    if (pager->back)
        put_count(out, "back", pager->back);
    if (pager->tail.len)
        json_out_str(out, "tail", pager->tail);
    if (pager->head.len)
        json_out_str(out, "head", pager->head);
    if (drift->shifted)
        put_count(out, "shifted", drift->shifted);
    if (drift->missing)
        put_count(out, "missing", drift->missing);
    if (drift->rereads)
        put_count(out, "rereads", drift->rereads);
    if (drift->lost)
        put_count(out, "lost", drift->lost);
}

bool checkpoint_write(struct arena *arena, const struct pager *state,
                      const struct secrets *secrets, struct str *ret_text, struct err *err)
{
    struct pager hidden = *state;
    const struct pager *pager = &hidden;
    struct secret_refs refs;
    secret_refs_init(&refs, arena, secrets);
    refs.seals = true;
    hide_secrets(&refs, &hidden);
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
    if (pager->until)
        put_count(&out, "until", pager->until);
    if (pager->is_split)
        json_out_bool(&out, "split", true);
    if (pager->total >= 0)
        put_count(&out, "total", pager->total);
    if (pager->pages >= 0)
        put_count(&out, "pages", pager->pages);
    if (pager->has_drifted)
        json_out_bool(&out, "drifted", true);
    if (pager->empty_pages > 0)
        put_count(&out, "empty", pager->empty_pages);
    put_before(&out, pager);
    if (pager->size > 0) {
        put_count(&out, "size", pager->size);
        put_count(&out, "good_pages", pager->good_pages);
    }
    if (pager->shape)
        json_out_str(&out, "shape", str_from(shape_names[pager->shape]));
    put_drift(&out, pager);
    put_learned(&out, pager);
    checkpoint_prepare_put(&out, &pager->prepared);
    if (pager->cursor.kind != VALUE_UNDEFINED)
        value_put(&out, "cursor", pager->cursor);
    if (pager->answer.kind != VALUE_UNDEFINED)
        value_put(&out, "answer", pager->answer);
    if (pager->last.len)
        json_out_raw(&out, "last", pager->last);
    if (pager->is_done)
        json_out_bool(&out, "done", true);
    else if (pager->ending.complete)
        put_ending(&out, &pager->ending);
    else
        put_next(&out, pager, arena);
    secret_refs_put(&refs, &out, "secrets");
    json_out_close(&out, '}');
    if (buf.has_overflowed)
        return refuse_size(pager, err);
    *ret_text = arena_str(arena, buf_str(&buf));
    return true;
}

static struct str read_text(struct value map, struct str key)
{
    struct value text = value_get(map, key);
    return text.kind == VALUE_STRING ? text.text : STR_NONE;
}

/* Unknown where it was written before shapes were. */
static enum page_shape read_shape(struct value map)
{
    struct value name = value_get(map, STR("shape"));
    for (size_t i = SHAPE_LIST; name.kind == VALUE_STRING && i < COUNT_OF(shape_names); i++)
        if (str_is(name.text, shape_names[i]))
            return (enum page_shape)i;
    return SHAPE_UNKNOWN;
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

static int read_few(struct value map, struct str key)
{
    int64_t count;
    return read_count(map, key, 1, PAGES_MAX, &count) ? (int)count : 0;
}

static int64_t read_some(struct value map, struct str key, int64_t most)
{
    int64_t count;
    return read_count(map, key, 1, most, &count) ? count : 0;
}

/* A tail that is none is not compared with. */
static void read_drift(struct value map, struct pager *pager)
{
    struct str tail = read_text(map, STR("tail"));
    pager->back = read_some(map, STR("back"), COUNT_MAX); /* pages, where they are read again */
    pager->tail = str_slice(tail, 0, tail.len <= OVERLAP_MAX * 16 ? tail.len : 0);
    pager->drift = (struct pager_drift){
        read_some(map, STR("shifted"), COUNT_MAX), read_some(map, STR("missing"), COUNT_MAX),
        read_some(map, STR("rereads"), COUNT_MAX), read_some(map, STR("lost"), COUNT_MAX)};
}

static void read_before(const struct checkpoint_from *from, struct value map,
                        struct pager *pager)
{
    pager->resets = read_few(map, STR("resets"));
    pager->restarts = read_few(map, STR("restarts"));
    pager->pages_before = read_few(map, STR("pages_before"));
    if (!read_count(map, STR("records_before"), 1, COUNT_MAX, &pager->records_before))
        pager->records_before = 0;
    struct str head = read_text(map, STR("head"));
    if (head.len <= OVERLAP_MAX * 16)
        pager->head = arena_str(from->leg_arena, head);
    pager->since = arena_str(from->leg_arena, read_text(map, STR("since")));
    pager->high = arena_str(from->leg_arena, read_text(map, STR("high")));
}

static bool read_all(struct value map, struct pager *pager)
{
    int64_t page;
    if (!read_type(map, &pager->type) || !read_count(map, STR("page"), 0, PAGES_MAX, &page) ||
        !read_count(map, STR("records"), 0, COUNT_MAX, &pager->records) ||
        !read_count(map, STR("number"), 0, COUNT_MAX, &pager->number))
        return false;
    pager->page = (int)page;
    pager->leg = read_few(map, STR("leg"));
    pager->until = read_some(map, STR("until"), COUNT_MAX);
    pager->is_split = value_is_true(value_get(map, STR("split")));
    if (!read_count(map, STR("total"), 0, INT64_MAX, &pager->total))
        pager->total = -1;
    if (!read_count(map, STR("pages"), 0, INT64_MAX, &pager->pages))
        pager->pages = -1;
    pager->has_drifted = value_is_true(value_get(map, STR("drifted")));
    if (!read_count(map, STR("empty"), 1, PAGES_MAX, &pager->empty_pages))
        pager->empty_pages = 0;
    if (!read_count(map, STR("overlaps"), 1, COUNT_MAX, &pager->overlaps))
        pager->overlaps = 0;
    if (!read_count(map, STR("size"), 1, COUNT_MAX, &pager->size) ||
        !read_count(map, STR("good_pages"), 0, PAGER_GOOD_PAGES - 1, &pager->good_pages))
        pager->size = pager->good_pages = 0;
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

/* Only response_based keeps parameters and headers: the others make them anew. */
static void read_next(struct value next, struct pager *pager)
{
    struct value url = value_get(next, STR("url"));
    pager->url = url.kind == VALUE_STRING ? url.text : STR_NONE;
    struct value method = value_get(next, STR("method"));
    pager->method = method.kind == VALUE_STRING ? method.text : STR_NONE;
    if (pager->type == PAGINATE_NEXT_URL) {
        pager->body = value_get(next, STR("body"));
        pager->merges_body = value_is_true(value_get(next, STR("merge")));
    }
    if (pager->type != PAGINATE_RESPONSE_BASED)
        return;
    pager->params = value_get(next, STR("params"));
    pager->headers = value_get(next, STR("headers"));
    pager->body = value_get(next, STR("body"));
}

static void read_counted(const struct checkpoint_from *from, struct value map,
                         struct pager *pager)
{
    if (!read_count(map, STR("counted"), 0, INT64_MAX, &pager->counted.total))
        pager->counted.total = -1;
    pager->counted.why = arena_str(from->leg_arena, read_text(map, STR("uncounted")));
}

/* A definition that has no `total` could ask for nothing. */
static void read_ending(struct value count, struct pager *pager)
{
    if (pager->declared->count.at.kind != LOCATOR_NONE)
        pager->ending =
            (struct pager_ending){job_complete_parse(read_text(count, STR("complete"))),
                                  read_text(count, STR("why"))};
}

/* `auto` is not asked again: its words say what it recognised. */
static bool read_words(const struct checkpoint_from *from, struct value words,
                       struct pager *pager, struct err *err)
{
    if (words.kind != VALUE_STRING || from->declared->type != PAGINATE_AUTO)
        return true;
    pager->in_force =
        pager_words_parse(from->leg_arena, words.text, from->declared, &pager->recognised);
    return pager->in_force ||
           err_set(err, ERR_INPUT, "checkpoint", 0,
                   "this version does not know the paging \"%.*s\"", STR_ARG(words.text));
}

static bool read_state(const struct checkpoint_from *from, struct value map,
                       struct pager *pager, struct err *err)
{
    struct secret_refs refs;
    struct value version = value_get(map, STR("v")), last = value_get(map, STR("last"));
    if (version.kind != VALUE_NUMBER || !str_is(version.text, "1") || !read_all(map, pager))
        return err_set(err, ERR_INPUT, "checkpoint", 0,
                       "the checkpoint is not of this version of Pagetide");
    read_next(value_get(map, STR("next")), pager);
    if (!read_words(from, value_get(map, STR("auto")), pager, err))
        return false;
    if (!is_type_of(pager))
        return refuse_type(pager, err);
    pager->cursor = value_get(map, STR("cursor"));
    pager->answer = value_get(map, STR("answer"));
    pager->shape = read_shape(map);
    struct value done = value_get(map, STR("done"));
    checkpoint_prepare_read(value_get(map, STR("prepare")), &pager->prepared);
    pager->reached = read_text(map, STR("reached"));
    pager->more = read_text(map, STR("more"));
    pager->lacks = read_text(map, STR("lacks"));
    pager->names = arena_str(from->leg_arena, read_text(map, STR("names")));
    pager->merge_path = arena_str(from->leg_arena, read_text(map, STR("merge_path")));
    pager->accept = arena_str(from->leg_arena, read_text(map, STR("accept")));
    pager->is_done = done.kind == VALUE_BOOL && done.boolean;
    read_before(from, map, pager);
    read_drift(map, pager);
    read_counted(from, map, pager);
    read_ending(value_get(map, STR("count")), pager);
    secret_refs_init(&refs, from->arena, from->secrets);
    if (!secret_refs_read(&refs, value_get(map, STR("secrets")), err) ||
        !show_secrets(&refs, pager, &last, err))
        return false;
    if (last.kind != VALUE_UNDEFINED)
        pager->last = text_of(from->arena, last);
    return true;
}

bool checkpoint_read(const struct checkpoint_from *from, struct str text,
                     struct pager *ret_pager, struct err *err)
{
    struct pager pager;
    struct value map;
    pager_start(&pager, from->declared);
    if (text.len) {
        if (!value_parse(from->arena, text, VALUE_WHOLE, &map, err))
            return err_wrap(err, "checkpoint");
        if (!read_state(from, map, &pager, err))
            return false;
    }
    *ret_pager = pager;
    return true;
}
