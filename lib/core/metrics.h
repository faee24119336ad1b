#ifndef CORE_METRICS_H
#define CORE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * What a process counts, for `/metrics` (the text format of Prometheus, version 0.0.4). The
 * counts are the process's own, as its log is: they begin with it, and anybody may add to them.
 * A sum is one addition behind one look into a table. Not from several threads.
 *
 * A metric has a set of numbers for each combination of label values that was ever named, at
 * most METRIC_SETS_MAX; whatever comes then is counted in one more, whose values are all
 * `other`. So no source that changes its names makes a process grow.
 */
enum { METRIC_SETS_MAX = 4096, METRIC_LABELS_MAX = 2 };

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_SECONDS /* a histogram */ };

/*
 * All of them: enum suffix, type, name, names of the labels, what one is (METRIC_ONE, or
 * METRIC_MS where the numbers given are milliseconds and those shown are seconds), meaning.
 * docs/metrics.md is made from this.
 */
enum metric_unit { METRIC_ONE = 1, METRIC_MS = 1000 };

#define METRICS_OF_PROCESSES(X)                                                                \
    X(BUILD_INFO, GAUGE, "pagetide_build_info", "version", ONE,                                \
      "always 1; the version of the program")                                                  \
    X(STARTED, GAUGE, "pagetide_process_start_time_seconds", "", MS,                           \
      "when the process began, in seconds since 1970")                                         \
    X(CPU, COUNTER, "pagetide_process_cpu_seconds_total", "", MS,                              \
      "time on the processor, of the user and the system")                                     \
    X(RESIDENT, GAUGE, "pagetide_process_resident_memory_bytes", "", ONE,                      \
      "memory of the process; pages of more than 8 MiB lie in files (architecture.md)")        \
    X(FDS, GAUGE, "pagetide_process_open_fds", "", ONE, "open descriptors")                    \
    X(FDS_MAX, GAUGE, "pagetide_process_max_fds", "", ONE, "how many it may open")             \
    X(SERVER_UP, GAUGE, "pagetide_server_up", "server", ONE,                                   \
      "1 while the server (`postgres`, `redis`) is connected, else 0")                         \
    X(REFUSED, GAUGE, "pagetide_refused", "server reason", ONE,                                \
      "how often a server that answers refuses what it is asked for, since it began to; the "  \
      "reason as `/readyz` has it. Absent: nothing is refused")

#define METRICS_OF_WORKERS(X)                                                                  \
    X(REQUESTS, COUNTER, "pagetide_requests_total", "source code", ONE,                        \
      "answers to requests, by the class of their status (`2xx` … `5xx`); `none`: no answer")  \
    X(REQUEST_TIME, SECONDS, "pagetide_request_seconds", "source", MS,                         \
      "from the begin of a request to the end of its answer")                                  \
    X(IN_FLIGHT, GAUGE, "pagetide_requests_in_flight", "", ONE,                                \
      "requests whose answer has not come yet")                                                \
    X(RETRIES, COUNTER, "pagetide_retries_total", "source", ONE,                               \
      "requests that are sent again, after an error or because the API said to wait")          \
    X(WAITS, COUNTER, "pagetide_waits_total", "source reason", ONE,                            \
      "requests that were held back: `rate` (a rate limit), `told` (the API asked for a "      \
      "wait), `failing` (it failed five times in a row), `full` (concurrency, or Redis is "    \
      "asked for a place), `memory`")                                                          \
    X(WAIT_TIME, COUNTER, "pagetide_wait_seconds_total", "source reason", MS,                  \
      "for how long; of `full` and `memory` it is added when it is over")                      \
    X(PAGES, COUNTER, "pagetide_pages_total", "source stream", ONE, "pages committed")         \
    X(RECORDS, COUNTER, "pagetide_records_total", "source stream", ONE,                        \
      "records of these pages")                                                                \
    X(BYTES, COUNTER, "pagetide_bytes_total", "source stream", ONE,                            \
      "bytes of the bodies of these pages, decompressed")                                      \
    X(REJECTS, COUNTER, "pagetide_rejects_total", "source stream", ONE,                        \
      "records of these pages that could not be stored")                                       \
    X(MISFITS, COUNTER, "pagetide_misfits_total", "source stream", ONE,                        \
      "values of these pages that did not fit their column")                                   \
    X(BATCHES, COUNTER, "pagetide_batches_total", "source way", ONE,                           \
      "batches of pages committed, by the way of their rows: `direct`, `probe`, `staged`; "    \
      "`none`: no rows")                                                                       \
    X(ROWS_SENT, COUNTER, "pagetide_rows_sent_total", "source way", ONE,                       \
      "rows sent to PostgreSQL; of a probe those that are new or changed")                     \
    X(COMMIT_TIME, SECONDS, "pagetide_commit_seconds", "way", MS,                              \
      "from having a session for a batch to the answer to its commit, tries that failed "      \
      "left out")                                                                              \
    X(BATCH_RETRIES, COUNTER, "pagetide_batch_retries_total", "source", ONE,                   \
      "batches that are sent again, because PostgreSQL was away or refused them")              \
    X(TURNS, COUNTER, "pagetide_job_turns_total", "source state", ONE,                         \
      "ends of a job's turn in a worker: the job's own end (`succeeded`, `truncated`, "        \
      "`failed`, `cancelled`, `dead`), `waiting`, `returned` (to the queue), `lost` (to "      \
      "another worker)")                                                                       \
    X(JOBS_HELD, GAUGE, "pagetide_jobs_held", "", ONE, "jobs that the worker has in hand")     \
    X(JOBS_MAX, GAUGE, "pagetide_jobs_held_max", "", ONE, "how many it may have: `--jobs`")    \
    X(MEMORY, GAUGE, "pagetide_memory_bytes", "", ONE,                                         \
      "bodies, and batches that are not committed: what `--memory` bounds")                    \
    X(MEMORY_MAX, GAUGE, "pagetide_memory_max_bytes", "", ONE, "`--memory`")                   \
    X(CONNECTIONS, GAUGE, "pagetide_connections", "server", ONE,                               \
      "connections that a worker has to `postgres` and `redis`")                               \
    X(SPANS, COUNTER, "pagetide_spans_total", "state", ONE,                                    \
      "spans of traces that were `sent` to the collector, or `dropped`; absent: there is "     \
      "none")

#define METRICS_OF_SCHEDULERS(X)                                                               \
    X(SURVEY_UP, GAUGE, "pagetide_survey_up", "", ONE,                                         \
      "1 where PostgreSQL has answered what the metrics below are made of; 0: it has not, "    \
      "and "                                                                                   \
      "they are absent, or those of the minute before")                                        \
    X(SURVEY_TIME, GAUGE, "pagetide_survey_seconds", "", MS, "how long the last answer took")  \
    X(STREAMS, GAUGE, "pagetide_streams", "state", ONE,                                        \
      "streams by the state of their latest run; `paused`; `none`: no run yet")                \
    X(STREAM_SUCCESS, GAUGE, "pagetide_stream_last_success_timestamp_seconds",                 \
      "source stream", MS,                                                                     \
      "end of the last run that succeeded, in seconds since 1970; 0: none")                    \
    X(STREAM_LATE, GAUGE, "pagetide_stream_late_seconds", "source stream", MS,                 \
      "time since the first scheduled moment that no succeeded run has come after; 0: none "   \
      "is owed, or the stream is paused")                                                      \
    X(STREAM_RUNNING, GAUGE, "pagetide_stream_running", "source stream", ONE,                  \
      "1 while a run is queued or running, else 0")                                            \
    X(STREAM_FAILING, GAUGE, "pagetide_stream_failing", "source stream", ONE,                  \
      "1 where the latest run that is over has failed, was truncated or is dead, else 0")      \
    X(STREAM_RECORDS, GAUGE, "pagetide_stream_records", "source stream", ONE,                  \
      "records of the latest run")                                                             \
    X(STREAM_REJECTS, GAUGE, "pagetide_stream_rejects", "source stream", ONE,                  \
      "records of the latest run that could not be stored")                                    \
    X(STREAM_MISFITS, GAUGE, "pagetide_stream_misfits", "source stream", ONE,                  \
      "values of the latest run that did not fit their column")                                \
    X(FAILING, GAUGE, "pagetide_streams_failing", "reason", ONE,                               \
      "streams that are failing, by the reason of that run")                                   \
    X(JOBS, GAUGE, "pagetide_jobs", "state", ONE,                                              \
      "jobs that are `queued`, `running` or `waiting`; `dead`: of the streams' latest runs")   \
    X(JOB_QUEUED_TIME, GAUGE, "pagetide_job_oldest_queued_seconds", "", MS,                    \
      "for how long a job is queued that nobody has taken, the oldest of them; 0: none is")    \
    X(JOB_WAIT_TIME, GAUGE, "pagetide_job_longest_wait_seconds", "", MS,                       \
      "the longest time for which a waiting job will go on to wait; 0: none waits")            \
    X(WORKERS, GAUGE, "pagetide_workers", "state", ONE,                                        \
      "workers: `alive`; `gone`: silent for two beats, with jobs that nobody has taken")       \
    X(SCHEDULERS, GAUGE, "pagetide_schedulers", "", ONE, "schedulers that live")

#define METRICS(X) METRICS_OF_PROCESSES(X) METRICS_OF_WORKERS(X) METRICS_OF_SCHEDULERS(X)

enum metric {
#define X(id, type, name, labels, unit, help) METRIC_##id,
    METRICS(X)
#undef X
        METRIC_COUNT
};

struct metric_about {
    const char *name, *labels, *help; /* labels: names with a space between */
    const char *by;                   /* which processes have it: "every process", … */
    enum metric_type type;
    enum metric_unit unit;
};
extern const struct metric_about metrics_about[METRIC_COUNT];

/* Values in the order of the labels' names; copied. */
struct metric_labels {
    struct str values[METRIC_LABELS_MAX];
};
#define METRIC_OF(...) (&(const struct metric_labels){{__VA_ARGS__}})
#define METRIC_ALONE   METRIC_OF(STR_NONE)

/* Of a counter, and of a gauge where several parts of the process add to one. 0 makes the set
 * be there: Prometheus sees a first count only where it has seen the 0 before. */
void metrics_add(enum metric metric, const struct metric_labels *labels, int64_t number);
void metrics_set(enum metric metric, const struct metric_labels *labels, int64_t number);
/* Of a histogram. */
void metrics_observe(enum metric metric, const struct metric_labels *labels, int64_t ms);

/* Forgets the sets of gauges: what was named before may not exist any more. */
void metrics_clear(enum metric metric);

/* All that there is, in the order of the list. */
void metrics_put(struct buf *out);

/* The class of a status, as the label `code` has it: "2xx"; "none" below 100. Static. */
struct str metrics_code(int status);

/* "counter", "gauge", "histogram". */
const char *metrics_type_name(enum metric_type type);

#endif
