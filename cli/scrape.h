#ifndef CLI_SCRAPE_H
#define CLI_SCRAPE_H

#include "port/httpd.h"
#include "scheduler/scheduler.h"
#include "worker/worker.h"

/*
 * `/metrics` of a process: what it has counted, what is true of it now, and what PostgreSQL
 * knows where it schedules.
 *
 *     httpd_open → scrape_new → … → httpd_close → scrape_free
 */
struct scrape;

/* All borrowed as long as it lives; what the process is not, is NULL. */
struct scrape_options {
    struct loop *loop;
    const struct settings *settings;
    struct httpd *httpd;
    const struct worker *worker;
    const struct scheduler *scheduler;
};

struct scrape *scrape_new(const struct scrape_options *options) MUST_CHECK;
void scrape_free(struct scrape *scrape); /* NULL is fine */

#endif
