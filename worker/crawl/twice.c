#include "worker/crawl/crawl_internal.h"

#include "base/saturate.h"

/* --- pages that came before --- */

/* 0: it has none that count. One record may be asked for until it has changed. */
static uint64_t own_ids(const struct crawl *crawl)
{
    bool may_poll = crawl->cut.taken == 1 && crawl->pager.type == PAGINATE_RESPONSE_BASED;
    return may_poll || crawl->stream->pagination.allows_repeats
               ? 0
               : own_ids_hash(&crawl->cut.own_ids);
}

bool twice_has_own_ids(struct crawl *crawl)
{
    return guard_knows_own(&crawl->guard, own_ids(crawl)) && own_ids_tell(&crawl->cut.own_ids);
}

bool twice_hold(struct crawl *crawl, struct err *err)
{
    if (crawl->stream->pagination.allows_repeats)
        return true;
    if (guard_knows_records(&crawl->guard, crawl->cut.records_hash, crawl->cut.taken))
        return err_set(err, ERR_INPUT, "guard", 0,
                       "the records of this page came before in this job: the paging goes in "
                       "circles (allow_repeats: true lifts this)");
    if (crawl->guard.own_row + 1 < GUARD_OWN_ROW_MAX || !twice_has_own_ids(crawl))
        return true;
    return err_set(
        err, ERR_INPUT, "guard", 0,
        "%d pages in a row have the same `%.*s` as earlier pages: the paging goes in "
        "circles (`key` tells it earlier, allow_repeats: true lifts this)",
        GUARD_OWN_ROW_MAX, STR_ARG(crawl->cut.own_ids.name));
}

/* --- records that may have come twice --- */

/* With a key, records that come twice are counted where they are stored (`folded`). */
void twice_doubt_count(const struct crawl *crawl, const struct pager *pager,
                       struct pager_decision *decision)
{
    const struct stream *stream = crawl->stream;
    bool has_twice = pager->overlaps || crawl->guard.own_pages || pager->drift.lost;
    bool is_counted = decision->complete == COMPLETE_PROVED ||
                      (decision->complete == COMPLETE_TOLD && pager->pages >= 0);
    if (!has_twice || stream->table.key_count || stream->pagination.allows_repeats ||
        !is_counted)
        return;
    decision->complete = COMPLETE_ASSUMED;
    decision->complete_why =
        arena_printf(crawl->next, "%.*s, but records of one page are on %s too",
                     STR_ARG(decision->complete_why), pager->overlaps ? "the next" : "another");
}

static struct str shared_warning(struct crawl *crawl, const struct pager *pager)
{
    bool follows_rows = pager->type == PAGINATE_OFFSET && !pager->in_force->steps_by_size;
    if (!pager->overlaps)
        return STR_NONE;
    return arena_printf(crawl->next,
                        "drifted: records that the page before theirs had too: %lld; rows move "
                        "while they are paged, or "
                        "some are left out after counting: %s",
                        (long long)pager->overlaps,
                        follows_rows ? "`step: size` goes on by what was asked for"
                                     : "a sort by a field without ties helps");
}

static struct str own_ids_warning(struct crawl *crawl)
{
    if (!crawl->guard.own_pages)
        return STR_NONE;
    return arena_printf(crawl->next,
                        "pages whose records have the ids of an earlier page: %d; `key` tells "
                        "whether they are the same, allow_repeats: true says that they may be",
                        crawl->guard.own_pages);
}

struct str twice_warning(struct crawl *crawl, const struct pager *pager)
{
    struct str moved = overlap_warning(crawl, pager);
    if (crawl->stream->pagination.allows_repeats)
        return moved;
    struct str shared =
        arena_join(crawl->next, shared_warning(crawl, pager), "; ", own_ids_warning(crawl));
    return arena_join(crawl->next, moved, "; ", shared);
}

/* Where a request asks for what is later than the bookmark, not for what is not earlier. */
static struct str gap_warning(struct crawl *crawl)
{
    return arena_printf(
        crawl->next,
        "restart_after: the paging began anew at %.*s, and none of the records "
        "read last came again: others with that bookmark may be missing, unless "
        "the request asks for it too (not earlier, instead of later)",
        STR_ARG(crawl->pager.since));
}

void twice_count(struct crawl *crawl, struct pager *next, struct pager_decision *decision)
{
    const struct cut *cut = &crawl->cut;
    bool tells = twice_has_own_ids(crawl);
    bool is_anew = !crawl->pager.page && crawl->pager.restarts;
    size_t again = (size_t)cut->again; /* as `overlap` asks for */
    int64_t overlap =
        guard_overlap(&crawl->guard, cut->ids ? cut->ids + again : NULL, cut->id_count - again);
    next->overlaps = saturate_add(crawl->pager.overlaps, is_anew ? 0 : overlap);
    if (is_anew && !overlap)
        decision->warning =
            arena_join(crawl->next, decision->warning, "; ", gap_warning(crawl));
    guard_add_own(&crawl->guard, own_ids(crawl), tells, cut->taken);
    if (decision->outcome == PAGER_MORE || decision->outcome == PAGER_BORDER)
        return;
    decision->warning =
        arena_join(crawl->next, decision->warning, "; ", twice_warning(crawl, next));
    twice_doubt_count(crawl, next, decision);
}
