#ifndef WORKER_EXCHANGE_COUNT_H
#define WORKER_EXCHANGE_COUNT_H

#include "worker/signs/pager.h"

/*
 * `total` of a definition: a request of its own for the number of all records. It is made
 * before the first page, where more than one may follow, and when the last page has been read;
 * a job that goes on at a checkpoint does not repeat the first, and makes the second again. It
 * ends no paging; it checks the end.
 *
 *     first page of all: count_request_build → count_read, next.counted
 *     pager_decide: MORE, next.ending → count_request_build → count_decide or count_miss
 *
 *     the last count           is what was read          proved
 *                              is more                   contradicted
 *                              is less                   assumed
 *     it is another than before the first of several pages, as a record that went away and
 *     moved one over the border of two pages leaves it   assumed
 *     may be of one page        as the last page told it, proved where a flag said so
 *     one of the two cannot be read   as the last page told it, but never proved: told where
 *                              that said so in so many words, else assumed
 *
 * It may be of one page where it is as many as its own request asks for, and as the only page
 * has. Records that went and others that came leave two counts alike: so does a total in the
 * pages.
 */

/*
 * Is it due before the page that the state asks for? Only the first one of all, where a second
 * may follow and the count can be compared with what is read.
 */
bool count_is_due_first(const struct pager *pager, const struct stream *stream);

/* It was asked for, and the first page was not read yet. */
bool count_waits_for_first(const struct pager *pager);

/*
 * The answer to it, in facts->scope. False: no count can be read, and *ret_why says why not. In
 * `arena`.
 */
bool count_read(const struct pager *pager, const struct pager_facts *facts, struct arena *arena,
                int64_t *ret_total, struct str *ret_why);

/*
 * The answer to the last one is read. A count that cannot be read is count_miss. *pager is the
 * state after the last page. Texts are in `arena` or borrowed from the state.
 */
struct pager_decision count_decide(const struct pager *pager, const struct pager_facts *facts,
                                   struct arena *arena);

/* No count came; `why` says why not, such as "status 404". */
struct pager_decision count_miss(const struct pager *pager, struct str why,
                                 struct arena *arena);

/*
 * A page that may lie behind the last one is refused, or is an earlier one again. False where
 * the answer does not count exactly what was read before it; *ret_why says what it counts.
 */
bool count_decide_behind(const struct pager *pager, const struct pager_facts *facts,
                         struct arena *arena, struct pager_decision *ret_decision,
                         struct str *ret_why);

#endif
