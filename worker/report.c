#include "worker/report.h"

#include "base/clock.h"
#include "base/log.h"
#include "core/metrics.h"
#include "worker/worker_internal.h"

enum { LACK_AGAIN_MS = 60000, LACK_QUIET_MS = 20000 };

static struct log_where where(const struct job *job)
{
    return (struct log_where){job->stream, job->run, job->n, 0};
}

/* Prometheus sees how a count rises only from one that it has seen. */
static void count_start(const struct job *job)
{
    static const enum metric of_stream[] = {METRIC_PAGES, METRIC_RECORDS, METRIC_BYTES,
                                            METRIC_REJECTS, METRIC_MISFITS};
    struct str source;
    str_split(job->stream, '.', &source);
    for (size_t i = 0; i < COUNT_OF(of_stream); i++)
        metrics_add(of_stream[i], METRIC_OF(source, job->stream), 0);
    metrics_add(METRIC_RETRIES, METRIC_OF(source), 0);
    metrics_add(METRIC_BATCH_RETRIES, METRIC_OF(source), 0);
}

static void count_end(const struct job *job, const struct crawl_end *end)
{
    struct str source;
    str_split(job->stream, '.', &source);
    metrics_add(METRIC_TURNS, METRIC_OF(source, str_from(crawl_end_name(end))), 1);
}

void report_start(const struct job *job)
{
    count_start(job);
    struct log_where at = where(job);
    log_write(LOG_INFO, LOG_JOB_START, &at, "%s at page %d%s", job->page ? "resumes" : "starts",
              job->page + 1, job->losses ? ", its worker was lost" : "");
}

void report_page(const struct crawl *crawl, int64_t records, int64_t bytes)
{
    if (!log_is_on(LOG_DEBUG))
        return;
    struct log_where at = where(crawl_job(crawl));
    log_write(LOG_DEBUG, LOG_PAGE_DONE, &at, "%lld records, %lld bytes", (long long)records,
              (long long)bytes);
}

void report_retry(const struct crawl *crawl, const struct err *err, int64_t delay_ms)
{
    struct log_where at = where(crawl_job(crawl));
    at.page = crawl_stats(crawl).page;
    log_write(LOG_WARN, LOG_JOB_RETRY, &at, "%s; again in %.1f s", err->text,
              (double)delay_ms / 1000);
}

void report_lack(struct worker *worker, const struct crawl *crawl, const struct err *err)
{
    struct log_where at = where(crawl_job(crawl));
    int64_t now_ms = clock_mono_ms();
    bool is_new = !worker->lack.count++;
    worker->lack.last_mono_ms = now_ms;
    if (!is_new && now_ms - worker->lack.said_mono_ms < LACK_AGAIN_MS)
        return;
    worker->lack.said_mono_ms = now_ms;
    at.page = crawl_stats(crawl).page;
    log_write(LOG_WARN, LOG_LACK, &at, "%s; jobs wait until there is (%lld waits so far)",
              err->text, (long long)worker->lack.count);
}

void report_no_lack(struct worker *worker)
{
    int64_t count = worker->lack.count;
    if (!count || clock_mono_ms() - worker->lack.last_mono_ms < LACK_QUIET_MS)
        return;
    worker->lack.count = 0;
    log_write(LOG_INFO, LOG_LACK, LOG_NOWHERE, "nothing is lacking any more (%lld waits)",
              (long long)count);
}

void report_recognised(const struct crawl *crawl, struct str what)
{
    struct log_where at = where(crawl_job(crawl));
    log_write(LOG_INFO, LOG_PAGING_CHOSEN, &at, "%.*s", STR_ARG(what));
}

/* `sync` says itself why a job had to be left; in a daemon only the log can. */
static void log_lost(const struct worker *worker, const struct log_where *at,
                     const struct crawl_stats *stats, const char *text)
{
    enum log_level level = worker->options.on_ended ? LOG_INFO : LOG_WARN;
    log_write(level, LOG_JOB_LOST, at, "left after page %d%s%s", stats->pages,
              *text ? ": " : ": another process has it", text);
}

/* Records that are missing from the table are never only a number in PostgreSQL. */
static void log_done(const struct log_where *at, const struct crawl_stats *stats,
                     const struct crawl_end *end)
{
    const char *text = end->err->text;
    enum log_level level = end->state != JOB_SUCCEEDED ? LOG_ERROR
                           : stats->rejects            ? LOG_WARN
                                                       : LOG_INFO;
    char rejected[64] = "";
    if (stats->rejects)
        snprintf(rejected, sizeof(rejected), ", %lld of them rejected",
                 (long long)stats->rejects);
    log_write(level, LOG_JOB_DONE, at, "%s: %d pages, %lld records%s%s%s",
              job_state_name(end->state), stats->pages, (long long)stats->records, rejected,
              *text ? ": " : "", text);
}

/* `sync` prints them itself, under the summary. */
static void log_warnings(const struct worker *worker, const struct log_where *at,
                         struct str warnings)
{
    struct str line;
    while (warnings.len && !worker->options.on_ended) {
        warnings = str_split(warnings, '\n', &line);
        log_write(LOG_WARN, LOG_RUN_WARNING, at, "%.*s", STR_ARG(line));
    }
}

void report_end(const struct worker *worker, const struct crawl *crawl,
                const struct crawl_end *end)
{
    struct log_where at = where(crawl_job(crawl));
    struct crawl_stats stats = crawl_stats(crawl);
    const char *text = end->err->text;
    count_end(crawl_job(crawl), end);
    switch (end->how) {
    case CRAWL_FINISHED:
        log_done(&at, &stats, end);
        break;
    case CRAWL_PARKED:
        log_write(LOG_INFO, LOG_JOB_WAIT, &at, "waits %.0f s: %s", (double)end->wait_ms / 1000,
                  text);
        break;
    case CRAWL_RETURNED:
        log_write(LOG_INFO, LOG_JOB_RETURNED, &at, "given back after page %d", stats.pages);
        break;
    case CRAWL_SET_BACK:
        log_write(
            LOG_WARN, LOG_JOB_RETURNED, &at,
            "PostgreSQL has lost pages that it had confirmed (it crashed, or a replica took "
            "over): they are fetched again");
        break;
    case CRAWL_LOST:
        log_lost(worker, &at, &stats, text);
        break;
    }
    if (end->has_run_ended) {
        at.job_n = 0;
        log_warnings(worker, &at, end->run_warnings);
        log_write(LOG_INFO, LOG_RUN_DONE, &at, "%s", job_state_name(end->run_state));
    }
}
