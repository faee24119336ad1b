#ifndef WORKER_CRAWL_ANEW_H
#define WORKER_CRAWL_ANEW_H

#include <stdbool.h>

#include "base/err.h"
#include "worker/signs/pager.h"

/*
 * A page that did not come is asked for in another way. True: crawl->pager says how, and
 * STEP_ask makes the request.
 */
struct crawl;

/* What a request may ask about the pages before it: as the state has it. */
void crawl_stand_at_checkpoint(struct crawl *crawl);

/*
 * By the next content type of `accept`, where this one is refused: RFC 9110, sections 15.5.7
 * and 15.5.16. The server has done nothing yet, so it is no attempt.
 */
bool anew_by_type(struct crawl *crawl, int status);

/* By the state as it is now: attempts begin anew, the waits that the API asks for count on. */
void anew_at_place(struct crawl *crawl);

/* With half as many records, where `page_size_on_error` says so: the attempts begin anew. */
bool anew_by_size(struct crawl *crawl);

/*
 * From the first page, where a rule says `then: reset`: what was read stays, and is read again.
 * False: it has been so PAGER_RESETS_MAX times.
 */
bool anew_from_start(struct crawl *crawl);

/*
 * restart_after, on a page that was decided on: where the one behind it would pass that many
 * records, *next becomes the state before a first page, and `bookmark` the highest one that was
 * read. ERR_INPUT: records are not in their order, or so many have one bookmark.
 */
bool anew_at_bookmark(struct crawl *crawl, const struct pager_decision *decision,
                      struct pager *next, struct err *err) MUST_CHECK;

/* A paging that has begun anew has read records twice: its end is told at most. */
void anew_doubt(struct crawl *crawl, const struct pager *pager,
                struct pager_decision *decision);

#endif
