#ifndef WORKER_PAGING_EVIDENCE_H
#define WORKER_PAGING_EVIDENCE_H

#include "worker/paging/pager_step.h"

/*
 * What proves that a job has read all there is (docs/complete.md): the strongest sign of the
 * end, unless another sign says more.
 *
 *     proved         the API's own count of records or pages was reached
 *     told           no next link or cursor, a flag, an empty page, a rule of `responses`
 *     assumed        one page, a short page, a limit of the definition
 *     contradicted   the answer says that more follows, and it is not read
 *
 * Fills `complete` and `complete_why` of a decision that ends the job; leaves another as it is.
 * Borrows the strings of the signs.
 */
void evidence_weigh(const struct pager_signs *signs, struct pager_decision *decision);

#endif
