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
 *     ask, before the first page of several                     ──► ask_count ──► send
 *     the answer: judge ──► count ──► ask, and the state has what it counted
 *
 *     the last page is committed with a checkpoint that says so ──► ask_count ──► send
 *     a job that goes on at such a checkpoint: ask              ──► ask_count ──► send
 *     a page that may lie behind the last one is refused        ──► ask_count ──► send
 *     the answer: judge ──► count ──► the end mark alone
 *
 * What the first one counted goes with the checkpoint of each page, and with that of a job that
 * waits for its first page (crawl_counted_checkpoint): when it goes on it asks for the page
 * alone, and has its attempts still.
 */
enum step step_ask_count(struct crawl *crawl)
{
    crawl->is_counting = true;
    if (!count_request_build(crawl->stream, &crawl->scope, crawl->page, &crawl->request,
                             &crawl->err))
        return STEP_miss_count;
    return STEP_send;
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

/* --- before the first page --- */

/* No page is read, and the end is not reached by a page that is none. */
static bool is_first(const struct crawl *crawl)
{
    return count_is_due_first(&crawl->pager, crawl->stream);
}

static enum step begin_pages(struct crawl *crawl, struct pager_counted counted,
                             struct str words)
{
    const struct pager_decision decision = {.outcome = PAGER_MORE, .why = words};
    show(crawl, &decision);
    crawl->pager.counted = counted;
    crawl->is_counting = false;
    crawl->err = (struct err)ERR_INIT;
    crawl->scope.response = UNDEFINED_VALUE;
    crawl->scope.headers = NULL;
    crawl->scope.header_count = 0;
    buf_done(&crawl->body);
    crawl_forget_attempts(crawl);
    crawl_stand_at_checkpoint(crawl);
    return STEP_ask;
}

static enum step begin_counted(struct crawl *crawl, int64_t total)
{
    return begin_pages(
        crawl, (struct pager_counted){.total = total},
        arena_printf(crawl->page, "`total` is %lld, before the first page", (long long)total));
}

/* That of the pages is found by them. */
static enum step begin_uncounted(struct crawl *crawl, struct str why)
{
    crawl->pager.accept = crawl->first_accept;
    return begin_pages(crawl,
                       (struct pager_counted){.total = -1, .why = arena_str(crawl->leg, why)},
                       arena_printf(crawl->page, "`total` cannot be read: %.*s", STR_ARG(why)));
}

struct str crawl_counted_checkpoint(struct crawl *crawl)
{
    struct str text = STR_NONE;
    struct err ignored = ERR_INIT;
    if (count_waits_for_first(&crawl->pager))
        (void)!checkpoint_write(crawl->next, &crawl->pager, &crawl->scope.secrets, &text,
                                &ignored);
    return text;
}

/* --- behind the last --- */

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

enum step step_miss_count(struct crawl *crawl)
{
    struct str why = redact_cut(crawl->page, str_from(crawl->err.text), 512);
    if (is_first(crawl))
        return begin_uncounted(crawl, why);
    if (crawl->doubted.is_set)
        return fail_doubted(
            crawl, arena_printf(crawl->page, "`total` cannot be read: %.*s", STR_ARG(why)));
    struct pager_decision decision = count_miss(&crawl->pager, why, crawl->page);
    return end_job(crawl, &decision);
}

/* --- its answer --- */

/* A HEAD, a 204 and a rule of `responses` leave the headers alone. */
static bool read_answer(struct crawl *crawl)
{
    crawl->scope.response = UNDEFINED_VALUE;
    if (crawl->is_body_empty || !crawl->body.len)
        return true;
    return value_parse(crawl->page, buf_str(&crawl->body), VALUE_WHOLE, &crawl->scope.response,
                       &crawl->err);
}

static enum step count_first(struct crawl *crawl, const struct pager_facts *facts)
{
    struct str why;
    int64_t total;
    if (!count_read(&crawl->pager, facts, crawl->page, &total, &why))
        return begin_uncounted(crawl, why);
    return begin_counted(crawl, total);
}

enum step step_count(struct crawl *crawl)
{
    struct str why;
    if (!read_answer(crawl)) {
        crawl_wrap_request(crawl);
        return STEP_miss_count;
    }
    struct pager_facts facts = crawl_facts(crawl);
    if (is_first(crawl))
        return count_first(crawl, &facts);
    struct pager_decision decision;
    if (!crawl->doubted.is_set)
        decision = count_decide(&crawl->pager, &facts, crawl->page);
    else if (!count_decide_behind(&crawl->pager, &facts, crawl->page, &decision, &why))
        return fail_doubted(crawl, why);
    return end_job(crawl, &decision);
}
