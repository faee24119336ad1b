#include "worker/exchange/request_url.h"

#include "base/redact.h"
#include "worker/access/origin.h"

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

static bool fill_params(struct request_draft *draft, struct err *err)
{
    if (!request_draft_put_own_params(draft, false, err))
        return false;
    for (size_t i = 0; i < draft->params.count; i++) {
        const struct pager_param *param = &draft->params.items[i];
        if (param->place->place == PLACE_QUERY)
            request_draft_put_param(draft, &draft->query, param->place->name, param->value);
    }
    return true;
}

bool request_url_fill(struct request_draft *draft, struct str *ret_url, struct err *err)
{
    struct value value;
    struct str path;
    if (!request_draft_eval(draft, &draft->stream->url, &value, err))
        return err_wrap(err, "url");
    if (!fill_path(draft, &path, err))
        return false;
    struct str base = request_draft_text(draft->arena, value);
    draft->home_url = arena_printf(draft->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(path));
    draft->is_home = true;
    if (draft->pager->url.len) {
        *ret_url = draft->pager->url;
        return origin_check(draft->stream, draft->arena, draft->home_url, *ret_url,
                            &draft->is_home, err);
    }
    if (!fill_params(draft, err))
        return false;
    struct str query = arena_str(draft->arena, buf_str(&draft->query));
    *ret_url = request_url_with_query(draft->arena, draft->home_url, query);
    if (draft->query.has_overflowed || ret_url->len > REQUEST_URL_MAX)
        return err_set(err, ERR_INPUT, "request", 0, "the URL is over %d bytes",
                       REQUEST_URL_MAX);
    return true;
}
