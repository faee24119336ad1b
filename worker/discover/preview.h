#ifndef WORKER_DISCOVER_PREVIEW_H
#define WORKER_DISCOVER_PREVIEW_H

#include "base/arena.h"
#include "config/stream.h"
#include "core/job.h"
#include "port/loop.h"
#include "worker/crawl/watch.h"
#include "worker/rows/columns.h"

/*
 * Fetches the first pages of a stream by the same step machine as a worker, without a server:
 * nothing is written, the table is drawn in memory. Of a stream with partitions the first is
 * taken, and of one with windows the first slice of a first run.
 */
struct preview_options {
    struct loop *loop;
    const struct stream *stream;
    const char *secrets_dir;
    struct http *http;  /* borrowed; NULL: one of its own */
    int64_t started_ms; /* wall clock, when the run begins; 0: now */
    int pages;          /* at most */
    int retries_max;    /* of all requests together; 0: as many as the definition says */
    const struct crawl_watch *watch; /* sees everything; may be NULL */
    /* A request failed and is made again in `delay_ms`; `ctx` is the watch's. May be NULL. */
    void (*on_retry)(void *ctx, const struct err *err, int64_t delay_ms);
};

enum preview_how {
    PREVIEW_ENDED,   /* the stream's own end: `state`, `reason`, `error` */
    PREVIEW_STOPPED, /* after `pages`; more follow */
    PREVIEW_WAITS,   /* a run would try again in `wait_ms`; `error` says why */
};

struct preview_table { /* that a run would make */
    struct str name;   /* "schema.name" */
    const struct column *columns;
    size_t count;
};

struct preview {
    enum preview_how how;
    enum job_state state;
    enum job_reason reason;
    struct str error; /* empty: none */
    int status;       /* of the answer that the error is about; 0: another error */
    int64_t wait_ms;
    int pages;
    int64_t records;
    int64_t rejects;              /* of them */
    const struct column *columns; /* that a run would make so far */
    size_t column_count;
    const struct preview_table *tables; /* the same of all its tables; the stream's own first */
    size_t table_count;
    struct str ddl; /* empty where no record was seen */
};

/* Runs the loop. Texts of *ret_preview stand in `arena`. Errors: no HTTP client can be made. */
bool preview_run(const struct preview_options *options, struct arena *arena,
                 struct preview *ret_preview, struct err *err) MUST_CHECK;

/* The word for how it ended: the job's state, "stopped" or "waiting". Static. */
const char *preview_state_name(const struct preview *preview);

/* Are all variables and secrets there that the stream names? ERR_CONFIG names a missing one. */
bool preview_has_secrets(const struct stream *stream, const char *secrets_dir,
                         struct err *err) MUST_CHECK;

#endif
