#include "worker/signs/pager_step.h"

#include <ctype.h>

#include "base/redact.h"
#include "worker/access/origin.h"

void pager_step_sign_end(struct pager_step *step, enum job_complete proof, struct str why)
{
    struct pager_signs *signs = &step->signs;
    if (!signs->has_end)
        signs->end_why = why;
    if (!signs->has_end || proof < signs->proof) {
        signs->proof = proof;
        signs->proof_why = why;
    }
    signs->has_end = true;
}

void pager_step_sign_more(struct pager_step *step, struct str why)
{
    step->signs.has_more = true;
    if (!step->signs.more_why.len)
        step->signs.more_why = why;
}

void pager_step_note_total(struct pager_step *step, int64_t total, int64_t reached)
{
    if (step->facts->stream->merge.strategy >= MERGE_REPLACE)
        return;
    step->decision.total = total;
    step->decision.reached = reached;
}

void pager_step_lack(struct pager_step *step, const char *key, struct str place)
{
    struct str what = arena_printf(step->arena, "%s: %.*s", key, STR_ARG(place));
    step->next->lacks = arena_join(step->arena, step->next->lacks, ", ", what);
}

void pager_step_warn(struct pager_step *step, struct str what)
{
    step->decision.warning = arena_join(step->arena, step->decision.warning, "; ", what);
}

bool pager_step_fail(struct pager_step *step, enum job_reason reason)
{
    step->decision.outcome = PAGER_FAILED;
    step->decision.reason = reason;
    return false;
}

static bool has_nul(struct value value)
{
    if (value.kind == VALUE_STRING)
        return value.text.len && memchr(value.text.ptr, '\0', value.text.len);
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
        if (has_nul(value.list->items[i]))
            return true;
    for (size_t i = 0; value.kind == VALUE_MAP && i < value.map->count; i++)
        if (has_nul(value_string(value.map->members[i].key)) ||
            has_nul(value.map->members[i].value))
            return true;
    return false;
}

bool pager_step_keep(struct pager_step *step, struct value value, struct value *ret,
                     struct err *err)
{
    if (has_nul(value)) {
        pager_step_fail(step, REASON_EVAL);
        return err_set(err, ERR_INPUT, "pager", 0,
                       "what the next request is made from holds a NUL character");
    }
    *ret = value_copy(step->arena, value);
    return true;
}

/* Where the expression ends that begins at `at`: {&sort,dir} or {?x}; `at` where there is
 * none. */
static size_t template_end(struct str link, size_t at)
{
    size_t end = at + 2;
    if (link.ptr[at] != '{' || end >= link.len || !strchr("?&#", link.ptr[at + 1]))
        return at;
    while (end < link.len &&
           (isalnum((unsigned char)link.ptr[end]) || strchr("_.,:*%-", link.ptr[end])))
        end++;
    return end < link.len && link.ptr[end] == '}' ? end + 1 : at;
}

/*
 * HAL's links may be templates (RFC 6570): what nothing is known for expands to nothing. Braces
 * are no part of a URL.
 */
static struct str without_templates(struct arena *arena, struct str link)
{
    if (str_find_byte(link, '{') < 0)
        return link;
    char *out = arena_alloc(arena, link.len);
    size_t len = 0;
    for (size_t at = 0, end; at < link.len; at = end) {
        end = template_end(link, at);
        if (end == at)
            out[len++] = link.ptr[end++];
    }
    return (struct str){out, len};
}

bool pager_step_take_link(struct pager_step *step, struct str link, bool *ret_is_home,
                          struct err *err)
{
    link = without_templates(step->arena, link);
    const struct pager_facts *facts = step->facts;
    const struct origin_link from = {
        .page_url = facts->url, .home_url = facts->home_url, .reference = link};
    if (origin_follow(facts->stream, step->arena, &from, &step->next->url, ret_is_home, err))
        return true;
    pager_step_fail(step, REASON_HTTP);
    return err_wrap(err, "next link %.*s", STR_ARG(redact_cut(step->arena, link, 200)));
}
