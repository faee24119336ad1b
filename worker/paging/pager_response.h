#ifndef WORKER_PAGING_PAGER_RESPONSE_H
#define WORKER_PAGING_PAGER_RESPONSE_H

#include "worker/signs/pager_step.h"

/*
 * The next page of response_based. False: the step has failed; ERR_INPUT names the key of
 * `pagination` whose expression failed or gave a value of the wrong kind.
 */
bool pager_response_next(struct pager_step *step, struct err *err) MUST_CHECK;

#endif
