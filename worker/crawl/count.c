#include "worker/crawl/crawl_internal.h"

#include "base/redact.h"
#include "worker/crawl/anew.h"
#include "worker/crawl/watch.h"
#include "worker/exchange/count.h"
#include "worker/exchange/count_request.h"

/*
 * The API's count of all, where `total` of a definition has it asked for. It is no page: it has
 * no number, no rows and no place in the guard. Its request goes the way of a page's (send,
 * judge: limits, retries, waits, redirects), and every failure of it leads to miss_count.
 *
 *     the last page is committed with a checkpoint that says so ──► ask_count ──► send
 *     a job that goes on at such a checkpoint: ask              ──► ask_count ──► send
 *     a page that may lie behind the last one is refused        ──► ask_count ──► send
 *     the answer: judge ──► count ──► the end mark alone
 */
enum step step_ask_count(struct crawl *crawl)
{
    crawl->is_counting = true;
    crawl_forget_attempts(crawl);
    if (!count_request_build(crawl->stream, &crawl->scope, crawl->page, &crawl->request,
                             &crawl->err))
        return STEP_miss_count;
    return STEP_send;
}

bool crawl_try_count(struct crawl *crawl)
{
    bool may = crawl->stream && crawl->stream->pagination.count.at.kind != LOCATOR_NONE &&
               crawl->phase == PHASE_WORKING && crawl->is_starved && !crawl->is_counting;
    if (!may)
        return false;
    crawl->is_trying = true;
    crawl_go_to(crawl, STEP_ask_count);
    return true;
}

static void show(struct crawl *crawl, const struct pager_decision *decision)
{
    const struct crawl_watch *watch = crawl->env->watch;
    struct crawl_page page = {.next = &crawl->pager,
                              .decision = decision,
                              .is_count = true,
                              .status = crawl->scope.status,
                              .attempts = crawl->attempt + 1,
                              .bytes = (int64_t)crawl->body.len};
    if (watch)
        watch->on_page_end(watch->ctx, &page);
}

static enum step end_job(struct crawl *crawl, struct pager_decision *decision)
{
    twice_doubt_count(crawl, &crawl->pager, decision);
    anew_doubt(crawl, &crawl->pager, decision);
    crawl_check_required(crawl, decision);
    show(crawl, decision);
    struct str at_end = arena_join(crawl->next, twice_warning(crawl, &crawl->pager), "; ",
                                   crawl_bookmark_warning(crawl));
    struct mark mark = {
        .warning = arena_join(crawl->next, decision->warning, "; ", at_end),
        .complete = decision->complete,
        .complete_why = decision->complete_why,
        .total = decision->total,
        .reached = decision->reached,
    };
    crawl->err = (struct err)ERR_INIT;
    if (decision->outcome != PAGER_END)
        err_set(&crawl->err, ERR_INPUT, "count", 0, "%.*s", STR_ARG(decision->why));
    crawl_set_leg_end(crawl, &mark, crawl_end_state(decision->outcome), decision->reason);
    crawl_put_mark(crawl, &mark);
    return crawl_after_end(crawl, &mark);
}

/* The page before the count is none, and does not lie behind the last one: it fails. */
static enum step fail_doubted(struct crawl *crawl, struct str why)
{
    crawl->err = crawl->doubted.err;
    crawl->is_counting = false;
    err_set(&crawl->err, crawl->doubted.err.kind, crawl->doubted.err.origin,
            crawl->doubted.err.code, "%.1500s (%.*s)", crawl->doubted.err.text, STR_ARG(why));
    return crawl_fail(crawl, crawl->doubted.reason);
}

/* The count was asked for to see it; the job is not at its end. */
static enum step end_trial(struct crawl *crawl, struct str why)
{
    const struct pager_decision decision = {.outcome = PAGER_MORE, .why = why};
    show(crawl, &decision);
    crawl->is_counting = false;
    return crawl_give_back(crawl);
}

enum step step_miss_count(struct crawl *crawl)
{
    struct str why = redact_cut(crawl->page, str_from(crawl->err.text), 512);
    if (crawl->is_trying)
        return end_trial(
            crawl, arena_printf(crawl->page, "`total` cannot be read: %.*s", STR_ARG(why)));
    if (crawl->doubted.is_set)
        return fail_doubted(
            crawl, arena_printf(crawl->page, "`total` cannot be read: %.*s", STR_ARG(why)));
    struct pager_decision decision = count_miss(&crawl->pager, why, crawl->page);
    return end_job(crawl, &decision);
}

/* A HEAD, a 204 and a rule of `responses` leave the headers alone. */
static bool read_answer(struct crawl *crawl)
{
    crawl->scope.response = UNDEFINED_VALUE;
    if (crawl->is_body_empty || !crawl->body.len)
        return true;
    return value_parse(crawl->page, buf_str(&crawl->body), VALUE_WHOLE, &crawl->scope.response,
                       &crawl->err);
}

enum step step_count(struct crawl *crawl)
{
    struct str why;
    if (!read_answer(crawl)) {
        crawl_wrap_request(crawl);
        return STEP_miss_count;
    }
    struct pager_facts facts = crawl_facts(crawl);
    if (crawl->is_trying)
        return end_trial(crawl, count_tell(&crawl->pager, &facts, crawl->page));
    struct pager_decision decision;
    if (!crawl->doubted.is_set)
        decision = count_decide(&crawl->pager, &facts, crawl->page);
    else if (!count_decide_behind(&crawl->pager, &facts, crawl->page, &decision, &why))
        return fail_doubted(crawl, why);
    return end_job(crawl, &decision);
}
