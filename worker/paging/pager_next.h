#ifndef WORKER_PAGING_PAGER_NEXT_H
#define WORKER_PAGING_PAGER_NEXT_H

#include "worker/signs/pager_step.h"

/*
 * The next page of the types that read it from one place of the answer: a page number or an
 * offset, a cursor, a Link header, a URL in the body. Each notes the signs of the end that the
 * answer gives, and writes where to go into step->next. False: the step has failed; ERR_INPUT
 * says what in the answer cannot be used.
 */
bool pager_next_number(struct pager_step *step, struct err *err) MUST_CHECK;
bool pager_next_cursor(struct pager_step *step, struct err *err) MUST_CHECK;
bool pager_next_link(struct pager_step *step, struct err *err) MUST_CHECK;
bool pager_next_url(struct pager_step *step, struct err *err) MUST_CHECK;

/* Of a file that `prepare` has led to: the one behind it, or the end. */
void pager_next_file(struct pager_step *step);

/*
 * Any type after an answer without content: there is nothing in it to read. Numbered types that
 * do not stop on an empty page go on; for the others it is the end.
 */
void pager_next_empty(struct pager_step *step);

#endif
