#include "worker/exchange/request_url.h"

#include "base/redact.h"
#include "port/http_url.h"
#include "worker/access/origin.h"
#include "worker/access/secrets.h"

struct str request_url_with_query(struct arena *arena, struct str url, struct str query)
{
    if (!query.len)
        return url;
    const char *joint = str_find_byte(url, '?') < 0 ? "?" : "&";
    return arena_printf(arena, "%.*s%s%.*s", STR_ARG(url), joint, STR_ARG(query));
}

/* A value in a path stays in its place: it neither ends the path nor climbs out of it. */
static bool check_path_value(struct arena *arena, struct str value, struct err *err)
{
    struct str rest = value, segment, shown = redact_cut(arena, value, 200);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c <= ' ' || c == 0x7F || c == '?' || c == '#' || c == '\\')
            return err_set(err, ERR_INPUT, "request", 0,
                           "path: the value \"%.*s\" holds a character that a path cannot",
                           STR_ARG(shown));
    }
    do {
        rest = str_split(rest, '/', &segment);
        if (str_is(segment, "..") || str_is(segment, ".") ||
            str_find(segment, STR("%2e")) >= 0 || str_find(segment, STR("%2E")) >= 0)
            return err_set(err, ERR_INPUT, "request", 0,
                           "path: the value \"%.*s\" holds a dot segment", STR_ARG(shown));
    } while (rest.ptr);
    return true;
}

static bool fill_path_part(struct request_draft *draft, const struct expr *expr,
                           struct buf *path, struct err *err)
{
    struct template whole = {.kind = TEMPLATE_EXPR, .expr = expr};
    struct value value;
    if (!request_draft_eval(draft, &whole, &value, err))
        return err_wrap(err, "path");
    if (request_draft_leaves_out(value))
        return err_set(err, ERR_INPUT, "request", 0, "path: a value is null");
    struct str text = request_draft_text(draft->arena, value);
    buf_put(path, text);
    return check_path_value(draft->arena, text, err);
}

static bool fill_path(struct request_draft *draft, struct str *ret_path, struct err *err)
{
    const struct template *template = &draft->stream->path;
    AUTO_BUF(path, REQUEST_URL_MAX);
    if (template->kind == TEMPLATE_CONSTANT && template->constant.kind == VALUE_STRING)
        buf_put(&path, template->constant.text);
    if (template->kind == TEMPLATE_EXPR && !fill_path_part(draft, template->expr, &path, err))
        return false;
    for (size_t i = 0; template->kind == TEMPLATE_MIXED && i < template->count; i++) {
        const struct template_part *part = &template->parts[i];
        if (!part->expr)
            buf_put(&path, part->text);
        else if (!fill_path_part(draft, part->expr, &path, err))
            return false;
    }
    *ret_path = arena_str(draft->arena, buf_str(&path));
    return !path.has_overflowed ||
           err_set(err, ERR_INPUT, "request", 0, "the path is too long");
}

static void put_pager_params(struct request_draft *draft)
{
    for (size_t i = 0; i < draft->params.count; i++) {
        const struct pager_param *param = &draft->params.items[i];
        if (param->place->place == PLACE_QUERY &&
            (draft->is_home || !request_draft_is_secret(draft, param)))
            request_draft_put_param(draft, &draft->query, param->place->name, param->value);
    }
}

/* --- the stream's own URL, and whether an answer had a hand in it --- */

static void on_use(void *ctx, const struct expr_use *use)
{
    bool *is_chosen = ctx;
    bool is_number = use->step_count && use->steps[0].kind == VALUE_STRING &&
                     !str_is(use->steps[0].text, "cursor");
    *is_chosen |= str_is(use->root, "response") || str_is(use->root, "http") ||
                  str_is(use->root, "accumulated") || str_is(use->root, "bookmark") ||
                  str_is(use->root, "submitted") || str_is(use->root, "prepared") ||
                  (str_is(use->root, "pager") && !is_number);
}

static bool is_chosen_by_answer(const struct template *url)
{
    bool is_chosen = false;
    template_uses(url, on_use, &is_chosen);
    return is_chosen;
}

/* Names as they are before the first answer, of this run or an earlier one. */
static bool find_at_home(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    const struct request_draft *draft = ctx;
    struct pager start;
    *ret = UNDEFINED_VALUE;
    if (str_is(name, "response") || str_is(name, "http") || str_is(name, "accumulated") ||
        str_is(name, "bookmark") || str_is(name, "submitted") || str_is(name, "prepared"))
        return true;
    if (!str_is(name, "pager"))
        return draft->scope->find(draft->scope->ctx, name, arena, ret);
    pager_start(&start, draft->pager->declared);
    *ret = pager_value(&start, arena);
    return true;
}

/* `https://host/…` before the first expression names the origin. */
static bool has_own_origin(const struct template *url, struct str *ret_origin)
{
    struct str text = url->kind == TEMPLATE_MIXED ? url->parts[0].text : STR_NONE;
    ptrdiff_t scheme = str_find(text, STR("://"));
    if (scheme < 0 || url->parts[0].expr)
        return false;
    size_t end = (size_t)scheme + 3;
    while (end < text.len && text.ptr[end] != '/')
        end++;
    *ret_origin = str_slice(text, 0, end);
    return end < text.len;
}

/*
 * The origin that the definition itself names, where an answer had a hand in `url`: what stands
 * before the first expression, or what the URL is before the first answer.
 */
static bool fill_home(struct request_draft *draft, struct str *ret_url, struct err *err)
{
    const struct template *url = &draft->stream->url;
    const struct expr_scope at_home = {
        .find = find_at_home, .ctx = draft, .now_us = draft->scope->now_us};
    struct value value;
    if (has_own_origin(url, ret_url))
        return true;
    if (template_fill(url, &at_home, true, draft->arena, &value, err)) {
        *ret_url = request_draft_text(draft->arena, value);
        return true;
    }
    return err_wrap(err, "url: an answer chooses the host, and the definition names none of "
                         "its own (default('https://…') does)");
}

static bool check_chosen(struct request_draft *draft, struct str url, struct err *err)
{
    const struct stream *stream = draft->stream;
    if (!origin_check(stream, draft->arena, draft->home_url, url, &draft->is_home, err))
        return err_wrap(err, "url");
    bool has_secret = secrets_used_by(&stream->url) || secrets_used_by(&stream->path);
    return draft->is_home || !has_secret ||
           err_set(err, ERR_INPUT, "request", 0,
                   "the URL holds a credential, which cannot go to another origin");
}

/* url and path, without params. */
static bool fill_own_url(struct request_draft *draft, struct str *ret_url, struct err *err)
{
    struct value value;
    struct str path, home;
    const struct template *url = &draft->stream->url;
    if (!request_draft_eval(draft, url, &value, err))
        return err_wrap(err, "url");
    if (!fill_path(draft, &path, err))
        return false;
    struct str base = request_draft_text(draft->arena, value);
    *ret_url = arena_printf(draft->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(path));
    draft->home_url = *ret_url;
    draft->is_home = true;
    if (!is_chosen_by_answer(url))
        return true;
    if (!fill_home(draft, &home, err))
        return false;
    draft->home_url = home;
    return draft->pager->url.len || check_chosen(draft, *ret_url, err);
}

/* --- the page of a file --- */

/* Is it what the pager puts there? */
static bool is_of_pager(const struct request_draft *draft, struct str pair)
{
    struct str name;
    str_split(pair, '=', &name);
    for (size_t i = 0; i < draft->params.count; i++) {
        const struct param_place *place = draft->params.items[i].place;
        if (place->place == PLACE_QUERY && http_url_is_param(name, place->name))
            return true;
    }
    return false;
}

/*
 * A file that was prepared is asked for by its URL, byte for byte, with what says which of its
 * pages it is: in the place of a parameter of that name.
 */
static struct str file_page(struct request_draft *draft)
{
    struct str head, pair, query = str_split(draft->pager->url, '?', &head);
    put_pager_params(draft);
    struct str of_pager = arena_str(draft->arena, buf_str(&draft->query)), own = STR_NONE;
    if (!of_pager.len)
        return draft->pager->url;
    while (query.len) {
        query = str_split(query, '&', &pair);
        if (!is_of_pager(draft, pair))
            own = arena_join(draft->arena, own, "&", pair);
    }
    return request_url_with_query(draft->arena, request_url_with_query(draft->arena, head, own),
                                  of_pager);
}

static bool is_too_long(const struct request_draft *draft, struct str url, struct err *err)
{
    if (!draft->query.has_overflowed && url.len <= REQUEST_URL_MAX)
        return false;
    err_set(err, ERR_INPUT, "request", 0, "the URL is over %d bytes", REQUEST_URL_MAX);
    return true;
}

/*
 * Members of next_page that are credentials are left out elsewhere. Without what the pager puts
 * there itself, a cursor say, it would be the request of another page.
 */
static bool check_pager_params(const struct request_draft *draft, struct err *err)
{
    bool are_of_next_page = draft->pager->type == PAGINATE_RESPONSE_BASED;
    for (size_t i = 0; !draft->is_home && !are_of_next_page && i < draft->params.count; i++) {
        const struct pager_param *param = &draft->params.items[i];
        if (param->place->place != PLACE_BODY && request_draft_is_secret(draft, param))
            return err_set(err, ERR_INPUT, "request", 0,
                           "pagination: \"%.*s\" holds a credential, which cannot go to "
                           "another origin",
                           STR_ARG(param->place->name));
    }
    return true;
}

static bool fill_link(struct request_draft *draft, struct str *ret_url, struct err *err)
{
    const struct pager *pager = draft->pager;
    if (!origin_check(draft->stream, draft->arena, draft->home_url, pager->url, &draft->is_home,
                      err) ||
        !check_pager_params(draft, err))
        return false;
    *ret_url = pager->is_file ? file_page(draft) : pager->url;
    return !is_too_long(draft, *ret_url, err);
}

bool request_url_fill(struct request_draft *draft, struct str *ret_url, struct err *err)
{
    struct str own;
    if (!fill_own_url(draft, &own, err))
        return false;
    if (draft->pager->url.len)
        return fill_link(draft, ret_url, err);
    if (!check_pager_params(draft, err) || !request_draft_put_own_params(draft, false, err))
        return false;
    put_pager_params(draft);
    struct str query = arena_str(draft->arena, buf_str(&draft->query));
    *ret_url = request_url_with_query(draft->arena, own, query);
    return !is_too_long(draft, *ret_url, err);
}
