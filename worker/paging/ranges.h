#ifndef WORKER_PAGING_RANGES_H
#define WORKER_PAGING_RANGES_H

#include "worker/access/secrets.h"
#include "worker/signs/pager.h"

/*
 * `jobs`: pages that are asked for by number are shared by several jobs. The job that has read
 * the first page knows from it how many there are. It gives a range of those behind it to each
 * of the others, but keeps the last page, and waits. When the ranges are over it goes on behind
 * the last of them, as if it had read them itself (schema/functions/ranges.sql), and so it is
 * the one that finds the end:
 *
 *     page   1 | 2 … 25 | 26 … 50 | 51 …
 *     job    1 |   2    |    3    | 1
 *
 * The state of a range is that of one job which has come to its first page. It never ends by
 * what a page says: at the border it ends with the page (PAGER_BORDER); a page that is the end,
 * or at which a limit is reached, it leaves to the job that waits, which reads that page again
 * and goes on there, because it alone knows what was read before.
 */

/*
 * Where the pages behind the first one, *next, are shared: JSON for the mark, of each range
 *
 *     {"from": "2", "to": "26", "by": "page", "pages": 24, "records": "100", "checkpoint": {…}}
 *
 * `to` is exclusive, `records` how many were read before `from`. next->is_split is set, and
 * *ret_kept is how many pages are not given away, as far as that is known now. Empty: the pages
 * are not shared, because too few are known to follow.
 */
struct str ranges_share(const struct pager *first, struct pager *next,
                        const struct pager_decision *decision, const struct secrets *secrets,
                        struct arena *arena, int *ret_kept);

/* A decision that leads to the border of the range: it ends there. */
void ranges_end_at_border(struct pager *next, struct pager_decision *decision);

/* Is a page of a range to be left to the job that waits? *next is the state behind it. */
bool ranges_leaves(const struct pager *next, const struct pager_decision *decision);

/*
 * How many records of a page are the range's: those behind the border are the first of the
 * next one. -1: all. Pages by offset may be shorter than the first one was, so that others end
 * behind the border.
 */
int64_t ranges_records_left(const struct pager *pager);

#endif
