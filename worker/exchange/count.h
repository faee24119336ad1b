#ifndef WORKER_EXCHANGE_COUNT_H
#define WORKER_EXCHANGE_COUNT_H

#include "worker/signs/pager.h"

/*
 * `total` of a definition: a request of its own for the number of all records. It is made once,
 * when the last page has been read, so it counts what grew meanwhile, and a job that goes on at
 * a checkpoint only makes it again. It ends no paging; it checks the end.
 *
 *     pager_decide: MORE, next.ending → count_request_build → count_decide or count_miss
 *
 *     the count                is what was read          proved
 *                              is more                   contradicted
 *                              is less                   assumed
 *     may be of one page        as the last page told it, proved where a flag said so
 *     none can be read         as the last page told it, but never proved: told where that said
 *                              so in so many words, else assumed
 *
 * It may be of one page where it is as many as its own request asks for, and as the only page
 * has.
 */

/*
 * The answer to it is read, in facts->scope. A count that cannot be read is count_miss. *pager
 * is the state after the last page. Texts are in `arena` or borrowed from the state.
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

/* What the answer counts, in words, where more pages may follow. */
struct str count_tell(const struct pager *pager, const struct pager_facts *facts,
                      struct arena *arena);

#endif
