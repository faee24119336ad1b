#ifndef WORKER_PAGING_PAGER_DECIDE_H
#define WORKER_PAGING_PAGER_DECIDE_H

#include "worker/signs/pager.h"

/*
 * The room paging/ answers one question: which page comes after this one, or is this the last?
 * It reads answers but sends nothing (exchange/ does), and knows no rows. pager_decide is the
 * decision after each page, checkpoint the state as JSON; guard finds requests and records that
 * come again.
 *
 * What follows the page just read, and the state after it in *ret_next. `pager` stays as it is,
 * so that a page that cannot be committed changes nothing. Strings of *ret_next and of the
 * decision are in `arena`; what `auto` recognised is in facts->leg_arena.
 *
 * PAGER_FAILED fills *err (ERR_INPUT, ERR_CONFIG) and leaves *ret_next alone. `pager` must not
 * be done already.
 */
struct pager_decision pager_decide(const struct pager *pager, const struct pager_facts *facts,
                                   struct arena *arena, struct pager *ret_next,
                                   struct err *err) MUST_CHECK;

/*
 * Where the definition has a `total`, an end that is decided elsewhere becomes MORE too: *next,
 * the state after the last page, says what it is worth without the count that is asked for now.
 */
void pager_decide_count(const struct pager *pager, const struct stream *stream,
                        struct pager *next, struct pager_decision *decision);

#endif
