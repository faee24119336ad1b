#ifndef WORKER_SPANS_H
#define WORKER_SPANS_H

#include "worker/crawl/crawl.h"

/* The spans of a worker's jobs (core/trace.h), each when it is over. Commits have theirs in
 * load/commit.c. */
void spans_page(const struct crawl *crawl, int64_t records, int64_t bytes);
/* A turn, and the run where it is over, too. */
void spans_end(const struct crawl *crawl, const struct crawl_end *end);

#endif
