#include "worker/access/secrets.h"
#include "worker/paging/pager_internal.h"

/*
 * response_based: after each page `continue_while` says whether another follows, and
 * `next_page` what changes in its request. What comes out is data: it is never evaluated again.
 * A member that names a credential stays out of the state; the request fills it in anew.
 */

static bool fill(struct turn *turn, const struct template *template, const char *name,
                 struct value *ret, struct err *err)
{
    struct value value;
    if (!template_fill(template, turn->facts->scope, true, turn->arena, &value, err)) {
        pager_fail(turn, REASON_EVAL);
        return err_wrap(err, "%s", name);
    }
    return pager_keep(turn, value, ret, err) || err_wrap(err, "%s", name);
}

/* The members that name no credential. */
static struct template without_secrets(struct arena *arena, const struct template *template)
{
    struct template kept = *template;
    kept.items = ARENA_ARRAY(arena, struct template, template->count);
    kept.keys = ARENA_ARRAY(arena, struct str, template->count);
    kept.count = 0;
    for (size_t i = 0; i < template->count; i++) {
        if (secrets_used_by(&template->items[i]))
            continue;
        kept.keys[kept.count] = template->keys[i];
        kept.items[kept.count++] = template->items[i];
    }
    return kept;
}

static bool fill_map(struct turn *turn, const struct template *template, const char *name,
                     struct value *ret, struct err *err)
{
    if (!template)
        return true;
    struct template plain = *template;
    if (template->kind == TEMPLATE_MAP)
        plain = without_secrets(turn->arena, template);
    if (!fill(turn, &plain, name, ret, err))
        return false;
    if (ret->kind == VALUE_MAP && ret->map->count <= PAGER_PARAMS_MAX)
        return true;
    pager_fail(turn, REASON_EVAL);
    if (ret->kind == VALUE_MAP)
        return err_set(err, ERR_INPUT, "pager", 0, "%s has more than %d members", name,
                       PAGER_PARAMS_MAX);
    return err_set(err, ERR_INPUT, "pager", 0, "%s must be an object, not %s", name,
                   value_kind_name(ret->kind));
}

static bool fill_url(struct turn *turn, const struct template *template, struct err *err)
{
    struct value url;
    if (!template)
        return true;
    if (!fill(turn, template, "next_page.url", &url, err))
        return false;
    if (url.kind == VALUE_STRING && url.text.len)
        return pager_take_link(turn, url.text, err);
    pager_fail(turn, REASON_EVAL);
    return err_set(err, ERR_INPUT, "pager", 0, "next_page.url must be a URL, not %s",
                   url.kind == VALUE_STRING ? "an empty string" : value_kind_name(url.kind));
}

bool pager_next_response(struct turn *turn, struct err *err)
{
    const struct pagination *how = turn->pager->how;
    const struct next_page *next = &how->next_page;
    struct value more;
    if (!fill(turn, how->continue_while, "continue_while", &more, err))
        return false;
    if (!value_holds(more)) {
        pager_sign_end(turn, STR("continue_while is false"));
        return true;
    }
    return fill_map(turn, next->params, "next_page.params", &turn->next->params, err) &&
           fill_map(turn, next->headers, "next_page.headers", &turn->next->headers, err) &&
           (!next->body || fill(turn, next->body, "next_page.body", &turn->next->body, err)) &&
           fill_url(turn, next->url, err);
}
