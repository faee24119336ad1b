#include "worker/crawl/crawl_internal.h"

#include <stdlib.h>

#include "base/saturate.h"

/*
 * `overlap: m` of an offset paging: each page begins m records early. They are the last ones of
 * the page before, or rows have come or gone meanwhile:
 *
 *     read before   … a b c d|             m = 2
 *     as expected         c d|e f g h      c d are left out, e is the next record
 *     two are gone        e f g h i j      none of them: the place is asked for again …
 *     … from further back  a b c d|e f     … by a page, twice at most, and they are found
 *     one is gone         d|e f g h i      found at once
 *     two have come       a b c d|e f      likewise
 *
 * So nothing between two pages is missed, and nothing of the overlap is stored twice. Where the
 * records read last cannot be found, all of the page is stored, and the run says so.
 */
enum { REREADS_MAX = 2, ID_DIGITS = 16 };

static size_t read_tail(const struct pager *pager, uint64_t ids[OVERLAP_MAX])
{
    size_t count = MIN(pager->tail.len / ID_DIGITS, (size_t)OVERLAP_MAX);
    for (size_t i = 0; i < count; i++) {
        char digits[ID_DIGITS + 1] = "";
        memcpy(digits, pager->tail.ptr + i * ID_DIGITS, ID_DIGITS);
        ids[i] = strtoull(digits, NULL, 16);
    }
    return count;
}

void overlap_expect(struct crawl *crawl, struct cut *cut)
{
    if (!crawl->pager.back)
        return;
    cut->again_max =
        (size_t)(crawl->overlap.is_found ? crawl->overlap.skip : crawl->pager.back);
    if (crawl->overlap.is_found)
        return;
    uint64_t *ids = ARENA_ARRAY(crawl->page, uint64_t, OVERLAP_MAX);
    cut->tail_count = read_tail(&crawl->pager, ids);
    cut->tail = ids;
}

static struct str write_ids(struct crawl *crawl, const uint64_t *ids, size_t count)
{
    AUTO_BUF(text, OVERLAP_MAX * ID_DIGITS + 1);
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, "%016jx", (uintmax_t)ids[i]);
    return arena_str(crawl->next, buf_str(&text));
}

void overlap_note(struct crawl *crawl, struct pager *next)
{
    const struct cut *cut = &crawl->cut;
    size_t count = MIN(cut->id_count, (size_t)next->declared->overlap);
    if (next->declared->overlap)
        next->tail = write_ids(crawl, cut->ids + cut->id_count - count, count);
}

void overlap_note_borders(struct crawl *crawl, struct pager *next)
{
    const struct cut *cut = &crawl->cut;
    bool is_first = pager_pages(next) + crawl->legs.pages == 1;
    bool is_shared = next->until || (is_first && next->declared->jobs > 1);
    size_t count = MIN(cut->id_count, (size_t)OVERLAP_MAX);
    size_t compared = guard_compares(&crawl->guard) ? count : 0;
    if (next->declared->overlap)
        return;
    next->tail =
        is_shared ? write_ids(crawl, cut->ids + cut->id_count - compared, compared) : STR_NONE;
    if (next->until && is_first)
        next->head = arena_str(crawl->leg, write_ids(crawl, cut->ids, count));
}

void overlap_restore(struct crawl *crawl)
{
    uint64_t ids[OVERLAP_MAX];
    size_t count = read_tail(&crawl->pager, ids);
    if (!crawl->pager.declared->overlap && count)
        (void)guard_overlap(&crawl->guard, ids, count);
}

/* --- where they are --- */

struct match {
    int64_t count;  /* of the tail's records: those that are in their places on the page */
    int64_t others; /* … and the places where another record stands */
    int64_t end;    /* behind the last of them */
};

/* The tail's first record would stand at `at` of the page. */
static struct match match_at(const struct cut *cut, const uint64_t *tail, int64_t count,
                             int64_t at)
{
    struct match match = {0};
    for (int64_t i = MAX(-at, 0); i < count && at + i < (int64_t)cut->id_count; i++) {
        bool fits = cut->ids[at + i] == tail[i];
        match.count += fits;
        match.others += !fits;
        match.end = fits ? at + i + 1 : match.end;
    }
    return match;
}

/* The place where most of them are; of several the nearest to where they should be. */
static struct match find_tail(const struct crawl *crawl)
{
    uint64_t tail[OVERLAP_MAX];
    int64_t count = (int64_t)read_tail(&crawl->pager, tail);
    int64_t expected = crawl->pager.back - count, most = (int64_t)crawl->cut.id_count + count;
    struct match best = {0};
    for (int64_t by = 0; by <= most; by++) {
        struct match before = match_at(&crawl->cut, tail, count, expected - by);
        struct match behind = match_at(&crawl->cut, tail, count, expected + by);
        best = before.count > best.count ? before : best;
        best = behind.count > best.count ? behind : best;
    }
    return best;
}

/* --- what follows --- */

static void drop_page(struct crawl *crawl)
{
    batch_page_drop(loader_open_batch(crawl->loader));
}

static enum step cut_again(struct crawl *crawl, int64_t skip)
{
    drop_page(crawl);
    crawl->overlap.is_found = true;
    crawl->overlap.skip = skip;
    return STEP_cut;
}

static enum step ask_further_back(struct crawl *crawl)
{
    struct pager *pager = &crawl->pager;
    int64_t place = pager->number + pager->back;
    crawl->overlap.rereads++;
    pager->drift.rereads++;
    pager->back =
        MIN(crawl->overlap.rereads * pager_size(pager), place - pager->declared->start);
    pager->number = place - pager->back;
    drop_page(crawl);
    return STEP_ask;
}

bool overlap_holds(struct crawl *crawl, enum step *ret_step)
{
    struct pager_drift *drift = &crawl->pager.drift;
    bool is_end = crawl->is_body_empty || !crawl->cut.id_count;
    if (!crawl->pager.back || crawl->overlap.is_found || is_end)
        return true;
    /* Further back than the tail reaches, what stands before it is not compared. */
    if (!crawl->cut.is_shifted && (int64_t)crawl->cut.id_count >= crawl->pager.back)
        return true;
    struct match match = find_tail(crawl);
    if (match.count) {
        drift->shifted = saturate_add(drift->shifted, 1);
        drift->missing = saturate_add(drift->missing, match.others);
        *ret_step = cut_again(crawl, match.end);
    } else if (crawl->overlap.rereads < REREADS_MAX) {
        *ret_step = ask_further_back(crawl);
    } else {
        drift->lost = saturate_add(drift->lost, 1);
        *ret_step = cut_again(crawl, 0);
    }
    return false;
}

struct str overlap_warning(struct crawl *crawl, const struct pager *pager)
{
    const struct pager_drift *drift = &pager->drift;
    if (!drift->shifted && !drift->rereads && !drift->lost)
        return STR_NONE;
    return arena_printf(crawl->next,
                        "drifted: rows moved while they were paged: %lld pages did not begin "
                        "with the records read last, %lld of these records were gone or had "
                        "changed, %lld pages were read again%s",
                        (long long)drift->shifted, (long long)drift->missing,
                        (long long)drift->rereads,
                        drift->lost ? arena_printf(crawl->next,
                                                   ", and at %lld places none of them was "
                                                   "found: records may be missing there",
                                                   (long long)drift->lost)
                                          .ptr
                                    : "");
}
