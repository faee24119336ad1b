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

/* The closed list of event names: enum suffix, name in the log, when it is written. */
#define LOG_EVENTS(X)                                                                          \
    X(PROCESS_START, "process.start", "a process is ready; its version")                       \
    X(PROCESS_STOP, "process.stop", "it ends, why, and what it gave back")                     \
    X(CONFIG_APPLIED, "config.applied", "definitions of the folder are stored: which changed") \
    X(CONFIG_BROKEN, "config.broken",                                                          \
      "a file cannot be read; its last good version stays in force")                           \
    X(CONFIG_STRANGE, "config.strange",                                                        \
      "streams of the database that no file of the folder has: they run all the same")         \
    X(CONFIG_MISSING, "config.missing",                                                        \
      "a variable or secret that a stream names is not here")                                  \
    X(PG_UP, "postgres.up", "PostgreSQL answers")                                              \
    X(PG_DOWN, "postgres.down", "it does not, or refuses; tried again")                        \
    X(REDIS_UP, "redis.up", "Redis answers")                                                   \
    X(REDIS_DOWN, "redis.down", "it does not, or refuses; tried again")                        \
    X(SCHEDULER_DOWN, "scheduler.down", "no scheduler lives: nothing becomes due")             \
    X(SCHEDULER_UP, "scheduler.up", "one lives again")                                         \
    X(HTTP_LISTEN, "http.listen", "address of the dashboard, `/healthz` and `/readyz`")        \
    X(ORDER, "dashboard.order", "what somebody ordered there, and what came of it")            \
    X(LACK, "machine.lack",                                                                    \
      "this machine has no descriptors or ports left: jobs wait; and when they are back")      \
    X(RUN_QUEUED, "run.queued", "a run and its jobs were made")                                \
    X(RUN_DONE, "run.done", "its last job is over: state, counts")                             \
    X(RUN_WARNING, "run.warning", "what a person should look at, although the run has ended")  \
    X(AFTER_LOAD, "after.load", "what was done after a run had ended, or failed")              \
    X(JOB_START, "job.start", "a worker took a job, and at which page it begins")              \
    X(JOB_DONE, "job.done", "its end: state, reason, counts")                                  \
    X(JOB_WAIT, "job.wait", "it waits as long as the API asked, or for its next try")          \
    X(JOB_STEP, "job.step", "a job goes from one step to the next")                            \
    X(JOB_RETRY, "job.retry", "a request failed and is sent again, when and why")              \
    X(JOB_LOST, "job.lost", "another worker has the job; nothing more of it is written here")  \
    X(JOB_RETURNED, "job.returned",                                                            \
      "given back, uncounted: for another worker, or as PostgreSQL has lost pages")            \
    X(PAGE_DONE, "page.done", "a page was read")                                               \
    X(BATCH_DONE, "batch.done",                                                                \
      "rows are committed: the way they took, and how many were sent")                         \
    X(PAGING_CHOSEN, "paging.chosen", "what `auto` recognised")                                \
    X(RELOAD_TAKEN, "reload.taken", "a reload message became a run")                           \
    X(RELOAD_REFUSED, "reload.refused", "it did not: why")                                     \
    X(REBUILD, "queue.rebuild", "jobs that were missing in Redis are back in the queue")       \
    X(NOTE, "note", "anything else")

enum log_event {
#define X(name, text, help) LOG_##name,
    LOG_EVENTS(X)
#undef X
        LOG_EVENT_COUNT
};

extern const char *const log_event_names[LOG_EVENT_COUNT],
    *const log_event_helps[LOG_EVENT_COUNT];

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
