#include "worker/crawl/anew.h"

#include "worker/crawl/crawl_internal.h"
#include "worker/exchange/recall.h"

void crawl_stand_at_checkpoint(struct crawl *crawl)
{
    crawl->scope.pager = &crawl->pager;
    crawl->scope.iteration = MAX(crawl->pager.page - 1, 0);
    crawl->scope.accumulated = crawl->pager.records;
    crawl->scope.last = arena_str(crawl->arena, crawl->pager.last);
    if (crawl->pager.answer.kind != VALUE_UNDEFINED)
        recall_give(crawl->pager.answer, crawl->page, &crawl->scope);
}

/* Empty: there is no other. */
static struct str next_type(const struct crawl *crawl)
{
    const struct stream *stream = crawl->stream;
    size_t at = 0;
    while (at < stream->accept_count && !str_eq(stream->accept[at], crawl->pager.accept))
        at++;
    at = crawl->pager.accept.len ? at + 1 : 1;
    return at < stream->accept_count ? stream->accept[at] : STR_NONE;
}

bool anew_by_type(struct crawl *crawl, int status)
{
    struct str type = next_type(crawl);
    if ((status != 406 && status != 415) || crawl->is_counting || !type.len)
        return false;
    crawl->pager.accept = type;
    crawl->redirects = 0;
    crawl_stand_at_checkpoint(crawl);
    return true;
}

bool anew_by_size(struct crawl *crawl)
{
    if (crawl->is_counting || !pager_halve(&crawl->pager))
        return false;
    ahead_drop(crawl);
    crawl->attempt = crawl->redirects = 0;
    crawl_stand_at_checkpoint(crawl);
    return true;
}
