#ifndef WORKER_PAGING_PAGER_AUTO_H
#define WORKER_PAGING_PAGER_AUTO_H

#include "worker/signs/pager_step.h"

/*
 * `auto`: recognises the paging by the first answer. *now, the state that the page was asked
 * from, becomes what it would be if the definition had said so: type, in_force, recognised and
 * the first number. What was recognised is in step->decision.recognised, for people.
 *
 * Cannot fail: in doubt it is one page, and the sign of the end is noted.
 */
void pager_auto_recognise(struct pager_step *step, struct pager *now);

/*
 * A first page that says by a flag that more follows: where to go on may be said by its last
 * record, so `response` should have the records too.
 */
bool pager_auto_wants_records(const struct pager_facts *facts, struct arena *arena);

#endif
