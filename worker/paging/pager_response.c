#include "worker/paging/pager_response.h"

#include "worker/access/secret_refs.h"

/*
 * response_based: after each page `continue_while` says whether another follows, and
 * `next_page` what changes in its request. What comes out is data: it is never evaluated again.
 * A member of params or headers that names a credential stays out of the state; the request
 * fills it in anew. Elsewhere the checkpoint holds a reference to it (access/secret_refs.h).
 */

static bool fill(struct pager_step *step, const struct template *template, const char *name,
                 struct value *ret, struct err *err)
{
    struct value value;
    if (!template_fill(template, step->facts->scope, true, step->arena, &value, err)) {
        pager_step_fail(step, REASON_EVAL);
        return err_wrap(err, "%s", name);
    }
    if (secrets_used_by(template) &&
        !secret_refs_cover(template, step->facts->scope, value, step->arena)) {
        pager_step_fail(step, REASON_EVAL);
        return err_set(
            err, ERR_INPUT, "pager", 0,
            "%s makes something of a secret that a checkpoint cannot hold: give it "
            "a member of its own in next_page.headers or next_page.params, or use it "
            "as it is",
            name);
    }
    return pager_step_keep(step, value, ret, err) || err_wrap(err, "%s", name);
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

/* `omit` leaves the stream's own parameter out, as null does: it stays in the map as null. */
static struct value with_omitted(struct arena *arena, const struct template *template,
                                 struct value filled)
{
    struct value_map *map = ARENA_NEW(arena, struct value_map);
    map->members = ARENA_ARRAY(arena, struct value_member, template->count);
    for (size_t i = 0; i < template->count; i++) {
        struct value value = value_get(filled, template->keys[i]);
        map->members[map->count++] = (struct value_member){
            template->keys[i], value.kind == VALUE_UNDEFINED ? NULL_VALUE : value};
    }
    return (struct value){.kind = VALUE_MAP, .map = map};
}

static bool fill_map(struct pager_step *step, const struct template *template, const char *name,
                     struct value *ret, struct err *err)
{
    if (!template)
        return true;
    struct template plain = *template;
    if (template->kind == TEMPLATE_MAP)
        plain = without_secrets(step->arena, template);
    if (!fill(step, &plain, name, ret, err))
        return false;
    if (template->kind == TEMPLATE_MAP && ret->kind == VALUE_MAP &&
        ret->map->count < plain.count)
        *ret = with_omitted(step->arena, &plain, *ret);
    if (ret->kind == VALUE_MAP && ret->map->count <= PAGER_MEMBERS_MAX)
        return true;
    pager_step_fail(step, REASON_EVAL);
    if (ret->kind == VALUE_MAP)
        return err_set(err, ERR_INPUT, "pager", 0, "%s has more than %d members", name,
                       PAGER_MEMBERS_MAX);
    return err_set(err, ERR_INPUT, "pager", 0, "%s must be an object, not %s", name,
                   value_kind_name(ret->kind));
}

static bool take_url(struct pager_step *step, const struct template *template, struct str url,
                     struct err *err)
{
    bool is_home;
    if (!pager_step_take_link(step, url, &is_home, err))
        return false;
    if (is_home || !secrets_used_by(template))
        return true;
    pager_step_fail(step, REASON_HTTP);
    return err_set(err, ERR_INPUT, "pager", 0,
                   "next_page.url holds a credential, which cannot go to another origin");
}

static bool fill_url(struct pager_step *step, const struct template *template, struct err *err)
{
    struct value url;
    if (!template)
        return true;
    if (!fill(step, template, "next_page.url", &url, err))
        return false;
    if (url.kind == VALUE_STRING && url.text.len)
        return take_url(step, template, url.text, err);
    pager_step_fail(step, REASON_EVAL);
    return err_set(err, ERR_INPUT, "pager", 0, "next_page.url must be a URL, not %s",
                   url.kind == VALUE_STRING ? "an empty string" : value_kind_name(url.kind));
}

bool pager_response_next(struct pager_step *step, struct err *err)
{
    const struct pagination *how = step->pager->in_force;
    const struct next_page *next = &how->next_page;
    struct value more;
    if (!fill(step, how->continue_while, "continue_while", &more, err))
        return false;
    if (!value_holds(more)) {
        pager_step_sign_end(step, COMPLETE_TOLD, STR("continue_while is false"));
        return true;
    }
    step->next->method = next->method;
    return fill_map(step, next->params, "next_page.params", &step->next->params, err) &&
           fill_map(step, next->headers, "next_page.headers", &step->next->headers, err) &&
           (!next->body || fill(step, next->body, "next_page.body", &step->next->body, err)) &&
           fill_url(step, next->url, err);
}
