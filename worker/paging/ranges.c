#include "worker/paging/ranges.h"

#include "base/json_out.h"
#include "base/saturate.h"
#include "worker/paging/checkpoint.h"

/*
 * A range has some pages at least: what a job costs is the time of a few. Pages and records of
 * which there are more than the ceilings are read by one job.
 */
enum { RANGE_PAGES_MIN = 2, SHARED_PAGES_MAX = 1 << 30, RANGES_BYTES_MAX = 4 << 20 };

/* The pages behind the first: `count` of them, `stride` apart, `records` in each. */
struct shared {
    int64_t count, stride, records;
};

static int64_t steps(int64_t amount, int64_t by)
{
    return amount / by + (amount % by != 0);
}

/* By what the first answer counts: of pages, else of records. */
static int64_t pages_behind(const struct pager *first, const struct pager *next,
                            const struct pager_decision *decision)
{
    const struct pagination *how = first->in_force;
    int64_t records = next->records;
    if (how->total_pages.kind != LOCATOR_NONE && decision->pages_total)
        return decision->pages_total - 1;
    if (next->total < 0 || !records)
        return 0;
    if (first->type == PAGINATE_PAGE)
        return steps(MAX(next->total - records, 0), records);
    int64_t end = saturate_add(next->total, how->start == 1); /* the first record is 0, or 1 */
    return steps(MAX(end - next->number, 0), next->number - first->number);
}

/* The first page that a limit of the definition leaves out is no page to be shared. */
static int64_t within_limits(const struct pager *first, int64_t pages, int64_t stride)
{
    const struct pagination *how = first->in_force;
    if (how->max_iterations >= 0)
        pages = MIN(pages, how->max_iterations - 1);
    if (how->maximum >= 0)
        pages = MIN(pages, (how->maximum - 1 - first->number) / stride);
    return pages;
}

static bool find_shared(const struct pager *first, const struct pager *next,
                        const struct pager_decision *decision, struct shared *ret)
{
    int64_t stride = next->number - first->number;
    bool is_shareable = first->in_force->jobs > 1 && pager_is_numbered(next) &&
                        pager_pages(next) == 1 && !next->until && !next->size && stride > 0 &&
                        decision->outcome == PAGER_MORE && !next->ending.complete;
    if (!is_shareable)
        return false;
    int64_t pages = within_limits(first, pages_behind(first, next, decision), stride);
    *ret = (struct shared){pages, stride, next->records};
    return pages <= SHARED_PAGES_MAX && pages > 0 && stride < INT64_MAX / 4 / pages &&
           ret->records < INT64_MAX / 4 / pages;
}

/* The range that begins `before` pages behind the first one. */
static bool put_range(struct json_out *out, const struct pager *next,
                      const struct shared *shared, const int64_t before_and_pages[2],
                      const struct secrets *secrets, struct arena *arena)
{
    char text[24];
    struct str checkpoint;
    struct err ignored = ERR_INIT;
    int64_t before = before_and_pages[0], pages = before_and_pages[1];
    struct pager range = *next;
    range.page += (int)before;
    range.records += before * shared->records;
    range.number += before * shared->stride;
    range.until = range.number + pages * shared->stride;
    range.tail = before ? STR_NONE : next->tail;
    if (!checkpoint_write(arena, &range, secrets, &checkpoint, &ignored))
        return false;
    json_out_open(out, NULL, '{');
    snprintf(text, sizeof text, "%lld", (long long)range.number);
    json_out_str(out, "from", str_from(text));
    snprintf(text, sizeof text, "%lld", (long long)range.until);
    json_out_str(out, "to", str_from(text));
    json_out_str(out, "by", range.type == PAGINATE_PAGE ? STR("page") : STR("offset"));
    json_out_int(out, "page", range.page);
    json_out_int(out, "pages", pages);
    snprintf(text, sizeof text, "%lld", (long long)range.records);
    json_out_str(out, "records", str_from(text));
    json_out_raw(out, "checkpoint", checkpoint);
    json_out_close(out, '}');
    return true;
}

struct str ranges_share(const struct pager *first, struct pager *next,
                        const struct pager_decision *decision, const struct secrets *secrets,
                        struct arena *arena, int *ret_kept)
{
    struct shared shared;
    if (!find_shared(first, next, decision, &shared))
        return STR_NONE;
    int64_t given = shared.count - 1,
            jobs = MIN(first->in_force->jobs, given / RANGE_PAGES_MIN);
    if (jobs < 2)
        return STR_NONE;
    AUTO_BUF(buf, RANGES_BYTES_MAX);
    struct json_out out = {.buf = &buf};
    json_out_open(&out, NULL, '[');
    for (int64_t i = 0, before = 0; i < jobs; i++) {
        const int64_t range[] = {before, (given - before) / (jobs - i)};
        if (!put_range(&out, next, &shared, range, secrets, arena))
            return STR_NONE;
        before += range[1];
    }
    json_out_close(&out, ']');
    if (buf.has_overflowed)
        return STR_NONE;
    next->is_split = true;
    *ret_kept = (int)(shared.count + 1 - given);
    return arena_str(arena, buf_str(&buf));
}

void ranges_end_at_border(struct pager *next, struct pager_decision *decision)
{
    if (!next->until || decision->outcome != PAGER_MORE || next->number < next->until)
        return;
    decision->outcome = PAGER_BORDER;
    decision->why = STR("the pages that follow are another job's");
    next->number = next->until; /* a capped page is shorter than the step behind it */
    next->is_done = true;
}

bool ranges_leaves(const struct pager *next, const struct pager_decision *decision)
{
    bool is_over = decision->outcome == PAGER_END || decision->outcome == PAGER_TRUNCATED;
    return next->until && (is_over || next->ending.complete);
}

int64_t ranges_records_left(const struct pager *pager)
{
    int64_t left = MAX(pager->until - pager->number, 0);
    bool steps_by_size = pager->in_force->steps_by_size && pager_size(pager) <= left;
    bool is_counted = pager->until && pager->type == PAGINATE_OFFSET && !steps_by_size;
    return is_counted ? left : -1;
}
