#ifndef WORKER_REPORT_H
#define WORKER_REPORT_H

#include "worker/crawl/crawl.h"
#include "worker/worker.h"

/*
 * The log lines of a worker about its jobs: one per turn of a job at info, one per page at
 * debug, one per retry at warn. Each names stream, run and job. Turns are counted for /metrics.
 */
void report_start(const struct job *job);
void report_page(const struct crawl *crawl, int64_t records, int64_t bytes);
void report_retry(const struct crawl *crawl, const struct err *err, int64_t delay_ms);
/* What this machine lacks concerns all jobs: told at once, then once a minute, and its end. */
void report_lack(struct worker *worker, const struct crawl *crawl, const struct err *err);
void report_no_lack(struct worker *worker);
void report_recognised(const struct crawl *crawl, struct str what);
void report_end(const struct worker *worker, const struct crawl *crawl,
                const struct crawl_end *end);

#endif
