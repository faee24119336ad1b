#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

/*
 * One line per event on standard error, text or JSON. Only the loops (worker.c, scheduler.c)
 * and the commands log above debug; everything else returns an error. info: per run and job;
 * debug: per page; warn: will be retried; error: a person must look.
 *
 * Every line goes through redact_str, so no registered secret leaves through a log.
 */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* The closed list of event names: enum suffix, name in the log. */
#define LOG_EVENTS(X)                                                                          \
    X(PROCESS_START, "process.start")                                                          \
    X(PROCESS_STOP, "process.stop")                                                            \
    X(CONFIG_APPLIED, "config.applied")                                                        \
    X(CONFIG_BROKEN, "config.broken")                                                          \
    X(PG_UP, "postgres.up")                                                                    \
    X(PG_DOWN, "postgres.down")                                                                \
    X(REDIS_UP, "redis.up")                                                                    \
    X(REDIS_DOWN, "redis.down")                                                                \
    X(HTTP_LISTEN, "http.listen")                                                              \
    X(RUN_QUEUED, "run.queued")                                                                \
    X(RUN_DONE, "run.done")                                                                    \
    X(JOB_START, "job.start")                                                                  \
    X(JOB_DONE, "job.done")                                                                    \
    X(JOB_WAIT, "job.wait")                                                                    \
    X(JOB_STEP, "job.step")                                                                    \
    X(JOB_RETRY, "job.retry")                                                                  \
    X(JOB_LOST, "job.lost")                                                                    \
    X(JOB_RETURNED, "job.returned")                                                            \
    X(PAGE_DONE, "page.done")                                                                  \
    X(PAGING_CHOSEN, "paging.chosen")                                                          \
    X(RELOAD_TAKEN, "reload.taken")                                                            \
    X(RELOAD_REFUSED, "reload.refused")                                                        \
    X(REBUILD, "queue.rebuild")                                                                \
    X(NOTE, "note")

enum log_event {
#define X(name, text) LOG_##name,
    LOG_EVENTS(X)
#undef X
};

/* What the event is about; zero and empty mean "not about one". */
struct log_where {
    struct str stream;
    int64_t run;
    int job_n; /* the N of RUN/N; 0 if none */
    int page;
};

#define LOG_NOWHERE (&(const struct log_where){0})

void log_set_level(enum log_level level); /* default: info */
void log_set_json(bool json);
bool log_level_parse(struct str name, enum log_level *ret_level) MUST_CHECK;
/* Called before each line is written, so that a progress line can make room. NULL: nobody. */
void log_set_on_line(void (*on_line)(void *ctx), void *ctx);
bool log_is_on(enum log_level level); /* before preparing something costly */

/* Never fails; a line that cannot be written is dropped. Lines over 8 KiB are cut. */
void log_write(enum log_level level, enum log_event event, const struct log_where *where,
               const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
