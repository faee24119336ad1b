#include "worker/crawl/anew.h"

#include "worker/crawl/crawl_internal.h"
#include "worker/exchange/recall.h"
#include "worker/records/bookmark_high.h"

void crawl_stand_at_checkpoint(struct crawl *crawl)
{
    crawl->scope.pager = &crawl->pager;
    crawl->scope.iteration = MAX(crawl->pager.page - 1, 0);
    crawl->scope.accumulated = crawl->pager.records;
    crawl->scope.last = arena_str(crawl->leg, crawl->pager.last);
    if (crawl->pager.answer.kind != VALUE_UNDEFINED)
        recall_give(crawl->pager.answer, crawl->page, &crawl->scope);
}

/* The one behind the present one, round the list; empty: all have been asked for. */
static struct str next_type(const struct crawl *crawl)
{
    const struct stream *stream = crawl->stream;
    struct str now = crawl->pager.accept.len ? crawl->pager.accept : crawl->first_accept;
    size_t at = 0;
    if (!stream->accept_count)
        return STR_NONE;
    while (at + 1 < stream->accept_count && !str_eq(stream->accept[at], now))
        at++;
    struct str next = stream->accept[(at + 1) % stream->accept_count];
    return str_eq(next, crawl->first_accept) ? STR_NONE : next;
}

bool anew_by_type(struct crawl *crawl, int status)
{
    struct str type = next_type(crawl);
    bool is_settled = crawl->is_preparing || (crawl->is_counting && crawl->pager.page);
    if ((status != 406 && status != 415) || is_settled || !type.len)
        return false;
    crawl->pager.accept = type;
    crawl->redirects = 0;
    crawl_stand_at_checkpoint(crawl);
    return true;
}

void anew_at_place(struct crawl *crawl)
{
    ahead_drop(crawl);
    crawl->attempt = crawl->redirects = 0;
    crawl_stand_at_checkpoint(crawl);
}

bool anew_by_size(struct crawl *crawl)
{
    if (crawl_is_beside(crawl) || !pager_halve(&crawl->pager))
        return false;
    anew_at_place(crawl);
    return true;
}

/* --- from the first page --- */

bool anew_from_start(struct crawl *crawl)
{
    if (crawl->pager.resets >= PAGER_RESETS_MAX)
        return false;
    ahead_drop(crawl);
    guard_done(&crawl->guard);
    guard_init(&crawl->guard);
    pager_begin_anew(&crawl->pager);
    if (stream_reads_files(crawl->stream))
        crawl->prepare.is_ready = false; /* their URLs are asked for anew */
    crawl->pager.prepared.file = 0;
    crawl->pager.prepared.least = COMPLETE_UNKNOWN;
    crawl->pager.resets++;
    crawl->trial = (struct trial){0};
    crawl_forget_attempts(crawl);
    crawl_stand_at_checkpoint(crawl);
    return true;
}

static bool take_high(struct crawl *crawl, struct pager *next, struct err *err)
{
    struct str page = crawl->cut.bookmark_high, before = next->high;
    enum bookmark_type type = crawl->stream->bookmark.type;
    next->high = arena_str(crawl->next, page.len ? page : before);
    if (!page.len || !before.len || !bookmark_high_is_later(type, before, page))
        return true;
    return err_set(err, ERR_INPUT, "pager", 0,
                   "`ordered` says that records come in the order of the bookmark, but after "
                   "%.*s this page has only %.*s",
                   STR_ARG(before), STR_ARG(page));
}

/* As a process does that goes on there (crawl_stand_at_checkpoint). */
static void stand_before_first(struct crawl *crawl)
{
    crawl->scope.iteration = crawl->scope.accumulated = 0;
    crawl->scope.last = STR_NONE;
    crawl->scope.response = UNDEFINED_VALUE;
}

bool anew_at_bookmark(struct crawl *crawl, const struct pager_decision *decision,
                      struct pager *next, struct err *err)
{
    int64_t most = crawl->stream->pagination.restart_after;
    if (!most)
        return true;
    if (!take_high(crawl, next, err))
        return false;
    bool follows = decision->outcome == PAGER_MORE && !next->ending.complete;
    if (!follows || next->records + MAX(pager_size(next), crawl->cut.seen) <= most)
        return true;
    struct str since = arena_str(crawl->leg, next->high);
    bool has_moved = !next->since.len ||
                     bookmark_high_is_later(crawl->stream->bookmark.type, since, next->since);
    if (!has_moved && next->records < most)
        return true; /* few records stand behind it: the next page may be the end */
    if (!since.len || !has_moved)
        return err_set(err, ERR_INPUT, "pager", 0,
                       "restart_after: %lld records were read and none has a bookmark later "
                       "than %.*s, where the paging would begin anew",
                       (long long)next->records,
                       STR_ARG(next->since.len ? next->since : STR("nothing")));
    pager_begin_anew(next);
    next->restarts++;
    next->since = since;
    next->high = STR_NONE;
    stand_before_first(crawl);
    return scope_begin_at(&crawl->scope, crawl->stream, since, crawl->leg, err);
}

void anew_doubt(struct crawl *crawl, const struct pager *pager, struct pager_decision *decision)
{
    if (!pager->resets && !pager->restarts)
        return;
    decision->total = decision->reached = 0;
    if (decision->complete != COMPLETE_PROVED)
        return;
    decision->complete = COMPLETE_TOLD;
    decision->complete_why = arena_printf(crawl->next, "%.*s, since the paging began anew",
                                          STR_ARG(decision->complete_why));
}
