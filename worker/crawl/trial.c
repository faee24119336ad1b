#include "worker/crawl/crawl_internal.h"

#include "worker/exchange/recall.h"
#include "worker/signs/own_param.h"
#include "worker/signs/pager_words.h"

/*
 * A page on trial. An example: {"chunk": [...], "next_batch": "b"} is recognised as "cursor
 * next_batch from". `?from=b` brings the first page again, so its rows leave the batch, and
 * `?since=b` is asked. It brings others: the paging is "cursor next_batch since" from here on,
 * and the next checkpoint says so. Until then the checkpoint is the first page's: whoever goes
 * on with the job begins with `from` again.
 */

/* The API's count was reached by the first page: the second is to show that it counts all. */
static bool has_all(const struct pager *pager)
{
    return pager->in_force->total.kind != LOCATOR_NONE && pager->total >= 0 &&
           pager->total <= pager->records;
}

bool crawl_is_on_trial(const struct crawl *crawl)
{
    const struct pager *pager = &crawl->pager;
    bool is_guess = pager->recognised.len && pager->type == PAGINATE_CURSOR;
    bool is_numbered = pager_is_numbered(pager) && (pager->recognised.len || has_all(pager));
    return pager->page == 1 && (is_guess || is_numbered);
}

/* --- the verdict --- */

/* Behind the record that its id names, no record is one of the first page. */
static bool starts_elsewhere(const struct crawl *crawl)
{
    const struct cut *cut = &crawl->cut;
    return crawl->pager.in_force->reads_records &&
           guard_count_overlap(&crawl->guard, cut->ids, cut->id_count) > 0;
}

static bool is_repeated(struct crawl *crawl)
{
    const struct cut *cut = &crawl->cut;
    if (cut->taken > 1 && twice_has_own_ids(crawl))
        return true;
    return !crawl->stream->pagination.allows_repeats &&
           (guard_knows_records(&crawl->guard, cut->records_hash, cut->taken) ||
            guard_is_last(&crawl->guard, cut->records_hash, cut->taken));
}

bool trial_has_failed(struct crawl *crawl)
{
    if (!crawl_is_on_trial(crawl))
        return false;
    if (!crawl->refusal.len && is_repeated(crawl))
        crawl->refusal = STR("brings the records of the first again");
    else if (!crawl->refusal.len && starts_elsewhere(crawl))
        crawl->refusal = STR("brings records of the first again");
    else if (!crawl->refusal.len && !crawl->cut.seen && crawl->pager.in_force->reads_records)
        crawl->refusal = STR("is empty");
    return crawl->refusal.len > 0;
}

static bool find_other(struct crawl *crawl, struct str *ret_words)
{
    const struct trial *trial = &crawl->trial;
    struct str first = trial->count ? trial->words : crawl->pager.recognised;
    return first.len && !has_all(&crawl->pager) && !recall_is_needed(crawl->stream) &&
           param_names_other(first, crawl->stream, trial->count + 1, crawl->leg, ret_words);
}

/* A parameter that the server does not know may have been a filter, which nothing passes. */
static void doubt(struct crawl *crawl, struct pager_decision *decision)
{
    struct str why = arena_printf(crawl->next,
                                  "%.*s, and perhaps the API does not know the parameter of "
                                  "%.*s",
                                  STR_ARG(decision->complete_why),
                                  STR_ARG(pager_words_shown(crawl->pager.recognised)));
    decision->complete = COMPLETE_ASSUMED;
    decision->complete_why = why;
    decision->warning = arena_join(crawl->next, decision->warning, "; ",
                                   pager_words_hint(crawl->next, why, crawl->pager.in_force));
}

static void tell_confirmed(struct crawl *crawl, struct pager_decision *decision)
{
    const struct trial *trial = &crawl->trial;
    struct str what =
        arena_printf(crawl->next, "the second page by %.*s %.*s, by %.*s it came",
                     STR_ARG(pager_words_shown(trial->words)), STR_ARG(trial->why),
                     STR_ARG(pager_words_shown(crawl->pager.recognised)));
    decision->recognised = crawl->pager.recognised;
    decision->warning = arena_join(crawl->next, decision->warning, "; ",
                                   pager_words_hint(crawl->next, what, crawl->pager.in_force));
}

bool trial_is_doubtful(struct crawl *crawl, struct pager_decision *decision)
{
    struct str words;
    bool is_empty = decision->outcome == PAGER_END && !crawl->cut.seen &&
                    decision->complete == COMPLETE_TOLD && !crawl->is_end_by_rule;
    if (!crawl_is_on_trial(crawl))
        return false;
    if (!is_empty) {
        if (crawl->trial.count)
            tell_confirmed(crawl, decision);
        return false;
    }
    if (!find_other(crawl, &words)) {
        if (crawl->trial.count)
            doubt(crawl, decision);
        return false;
    }
    crawl->refusal = STR("is empty");
    crawl->trial.was_empty = true;
    return true;
}

/* --- another name --- */

static void note_refusal(struct crawl *crawl, struct str words)
{
    struct trial *trial = &crawl->trial;
    if (!trial->count++) {
        trial->first = crawl->pager.in_force;
        trial->words = crawl->pager.recognised;
        trial->why = arena_str(crawl->leg, crawl->refusal);
    }
    struct str place, rest = str_split(words, ' ', &place);
    rest = str_split(rest, ' ', &place);
    str_split(rest, ' ', &place);
    trial->tried = arena_join(crawl->leg, trial->tried, ", ", place);
    crawl->refusal = STR_NONE;
}

/* The state of the first page, with the next name. False: there is none. */
static bool take_other(struct crawl *crawl)
{
    struct pager *pager = &crawl->pager;
    struct str words;
    if (!find_other(crawl, &words))
        return false;
    struct str note = arena_printf(
        crawl->leg, "%.*s, since by %.*s it %.*s", STR_ARG(pager_words_shown(words)),
        STR_ARG(pager_words_shown(pager->recognised)), STR_ARG(crawl->refusal));
    note_refusal(crawl, words);
    pager->in_force = pager_words_parse(crawl->leg, words, pager->declared, &pager->recognised);
    crawl->env->on_recognised(crawl->env->ctx, crawl, note);
    return true;
}

/* As before the page was asked for (crawl_stand_at_checkpoint). */
static void stand_before_page(struct crawl *crawl)
{
    crawl->scope.iteration = MAX(crawl->pager.page - 1, 0);
    crawl->scope.accumulated = crawl->pager.records;
    crawl->scope.last = crawl->pager.last;
    crawl->scope.response = UNDEFINED_VALUE;
    crawl->scope.headers = NULL;
    crawl->scope.header_count = 0;
    crawl->is_body_empty = crawl->is_end_by_rule = false;
    crawl_forget_attempts(crawl);
    buf_done(&crawl->body);
}

bool trial_ask_other(struct crawl *crawl, struct err *err)
{
    struct request request;
    while (take_other(crawl)) {
        stand_before_page(crawl);
        if (!request_build(crawl->stream, &crawl->pager, &crawl->scope, crawl->page, &request,
                           err))
            return false;
        if (!guard_knows_request(&crawl->guard, request.hash)) {
            crawl->request = request;
            return true;
        }
        crawl->refusal = STR("is the first request again");
    }
    return false;
}

/* --- no name is confirmed --- */

static struct str why_unconfirmed(const struct crawl *crawl)
{
    const struct pager *pager = &crawl->pager;
    const struct trial *trial = &crawl->trial;
    struct str words = pager_words_shown(pager->recognised);
    if (!words.len)
        return arena_printf(crawl->next, "%.*s is %lld, and the next page %.*s",
                            STR_ARG(pager->in_force->total.source), (long long)pager->total,
                            STR_ARG(crawl->refusal));
    return arena_printf(
        crawl->next, "one page only: `auto` asked for a second by %.*s, which %.*s%s%.*s",
        STR_ARG(words), STR_ARG(crawl->refusal),
        trial->count ? "; nor is one confirmed by the parameter " : "", STR_ARG(trial->tried));
}

/* What is shown, and kept, is the first name. */
static void stand_at_first(struct crawl *crawl)
{
    const struct trial *trial = &crawl->trial;
    if (!trial->count)
        return;
    crawl->pager.in_force = trial->first;
    crawl->pager.recognised = trial->words;
    crawl->refusal = trial->why;
}

struct pager_decision trial_end(struct crawl *crawl)
{
    const struct pager *pager = &crawl->pager;
    stand_at_first(crawl);
    struct pager_decision decision = {.outcome = PAGER_END,
                                      .complete = COMPLETE_ASSUMED,
                                      .pages_total = 1,
                                      .why = why_unconfirmed(crawl)};
    decision.complete_why = decision.warning = decision.why;
    if (pager->recognised.len)
        decision.warning = pager_words_hint(crawl->next, decision.why, pager->in_force);
    if (has_all(pager) || (crawl->trial.was_empty && pager->total <= pager->records))
        return decision;
    decision.outcome = PAGER_TRUNCATED;
    decision.reason = REASON_INCONSISTENT_END;
    decision.complete = COMPLETE_CONTRADICTED;
    return decision;
}
