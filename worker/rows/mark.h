#ifndef WORKER_ROWS_MARK_H
#define WORKER_ROWS_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/str.h"
#include "core/job.h"

/* What a page brought one of a stream's `tables`. */
struct mark_part {
    int64_t records, rejects;
};

/*
 * What a page leaves in a batch beside its rows, and how a job's turn ends. A mark has a page,
 * an end, or both (then the end comes after the page), or a checkpoint alone. Strings are
 * copied into the batch.
 */
struct mark {
    void *ctx; /* handed back with the outcome */
    int64_t job, run;
    int64_t epoch;
    char owner[RNG_TOKEN_BYTES];

    int page;              /* number of the page, from 1; 0: there is none */
    int after;             /* without a page: the page of the job that was marked before */
    struct str checkpoint; /* JSON: the pager's state after it; empty: it stays */
    uint64_t request_hash, records_hash;
    struct str asked, why;  /* the request, and what decided behind the page: for people */
    int status, attempts;   /* of the last answer; tries it took */
    int64_t records, bytes; /* read from the page; bytes of its body */
    int64_t rejects, asides;
    const struct mark_part *parts; /* of each part of the batch; NULL: nothing */
    int64_t retries, waited_ms;    /* since the mark before */
    int64_t fetched_at_ms;         /* wall clock */
    int pages_total;               /* 0: unknown */
    int64_t dropped;               /* records that `where` does not keep */
    struct str places;             /* JSON {words: bool} (met_tell); empty: no news */
    struct str misfits;            /* JSON {column: values aside}; empty: none */
    struct str misfit_notes;       /* JSON {column: {label, position, what, wider}}; likewise */
    struct str bookmark_high;      /* empty: none */
    struct str warning;            /* empty: none; added to the run's warnings once */
    struct str paging;             /* what `auto` recognised, empty if nothing new */

    struct str ranges; /* JSON (paging/ranges.h): the jobs that are to be made, for
                                      whose end this one waits; empty: none */

    int leg; /* of the job (crawl/legs.h); 0: none, or the end is of the job as a whole */
    bool has_end;
    bool more; /* the end is the leg's: the job goes on */
    /* SUCCEEDED TRUNCATED FAILED CANCELLED; WAITING; or QUEUED, which gives the job back. */
    enum job_state end;
    enum job_reason reason;
    struct str error;
    enum job_complete complete; /* SUCCEEDED, TRUNCATED: what proves the end */
    struct str complete_why;
    int64_t total, reached; /* the API's count of all records, and how many of them were read;
                               total 0: it gave none that can be trusted */
    int64_t wait_ms;        /* WAITING: from now */
    struct str waiting_for;
    int attempt, server_waits; /* WAITING: stored with the job */
};

enum mark_verdict {
    MARK_APPLIED, /* committed now */
    MARK_SKIPPED, /* committed before: the answer to an earlier commit had been lost */
    MARK_REFUSED, /* the job is not ours any more: forget it, write nothing more of it */
    MARK_BEHIND,  /* PostgreSQL has lost pages that it had confirmed: take the job anew */
    MARK_FAILED,  /* cannot be committed: err says why; the job must end as failed */
};

struct mark_outcome {
    enum mark_verdict verdict;
    int page;       /* of the mark; 0 for an end alone */
    bool has_ended; /* the job has ended in PostgreSQL, in `state` */
    enum job_state state;
    enum job_reason reason; /* of the end; MARK_FAILED: what the job's end should say */
    struct str error;       /* of the end; borrowed */
    const struct err *err;  /* MARK_FAILED; borrowed */
    int64_t records;
    bool has_run_ended; /* this end finished the run, in `run_state` */
    enum job_state run_state;
    struct str run_warnings; /* lines; borrowed for the call */
};

#endif
