#ifndef WORKER_CRAWL_LEGS_H
#define WORKER_CRAWL_LEGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "core/value.h"

/*
 * A job of several partitions (`per_job`) has legs, and reads them one after another as if each
 * were a job of its own: bookmark, paging, guards, limits and end are the leg's. They share
 * what the process does for a job: the activation, the lease, the slot, the batches. A leg that
 * fails ends alone; the job goes on with the next, and PostgreSQL sums the ends up
 * (schema/functions/legs.sql).
 *
 * A job without legs is its only part, and leg 0.
 */
struct crawl;

struct leg {
    int n;                 /* job_leg.n, from 1 */
    struct str part;       /* JSON: {"partition": …, "window": …} */
    struct str bookmark;   /* at the run's start; empty: none */
    struct str checkpoint; /* where it goes on; empty: at its beginning */
};

struct legs {
    struct leg *items; /* those that are not over, in the order in which they are read */
    size_t count, at;  /* count 0: the job has none */
    int pages;         /* of the job, but not of this leg; less than 0: read by other jobs */
    int last_page;     /* of the job: the page that was marked last */
    bool is_prepared;  /* the loader is */
    struct str window_from, window_to; /* of the run */
    struct str accept; /* the content type that the leg before, or the run before, was answered
                          with; empty: the first */
    struct value end;  /* that PostgreSQL has told: of a job whose pages others have shared, or
                         that has nothing to ask for; undefined: there is none */
};

/* Finds the legs in the job's part. ERR_BUG: all of them are over. In the crawl's arena. */
bool legs_read(struct crawl *crawl, struct err *err) MUST_CHECK;

int legs_n(const struct legs *legs);       /* of the one under way; 0: the job has none */
bool legs_follow(const struct legs *legs); /* another one comes after it */

#endif
