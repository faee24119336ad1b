#ifndef WORKER_CRAWL_ANEW_H
#define WORKER_CRAWL_ANEW_H

#include <stdbool.h>

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

/* With half as many records, where `page_size_on_error` says so: the attempts begin anew. */
bool anew_by_size(struct crawl *crawl);

#endif
