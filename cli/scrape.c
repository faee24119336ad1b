#include "cli/scrape.h"

#include <string.h>

#include "base/mem.h"
#include "base/process.h"
#include "core/metrics.h"
#include "core/refusals.h"
#include "scheduler/survey.h"

enum { BODY_BYTES_MAX = 16 << 20 };

struct scrape {
    struct scrape_options options;
    struct survey *survey; /* NULL: the process does not schedule */
};

/* Somebody who waits for PostgreSQL. */
struct asker {
    const struct scrape *scrape;
    struct httpd_call *call; /* NULL: gone */
};

static void set(enum metric metric, int64_t number)
{
    metrics_set(metric, METRIC_ALONE, number);
}

static void measure_process(void)
{
    struct process_usage usage = process_usage();
    metrics_set(METRIC_BUILD_INFO, METRIC_OF(STR(PAGETIDE_VERSION)), 1);
    set(METRIC_STARTED, usage.started_at_ms);
    set(METRIC_CPU, usage.cpu_ms);
    set(METRIC_RESIDENT, usage.resident_bytes);
    set(METRIC_FDS, usage.fds);
    set(METRIC_FDS_MAX, usage.fds_max);
}

static struct str server_of(const struct refusal *refusal)
{
    return strcmp(refusal->by, REFUSALS_REDIS) == 0 ? STR("redis") : STR("postgres");
}

static void measure_refusals(const struct refusals *refusals)
{
    for (size_t i = 0; i < refusals->count; i++) {
        const struct refusal *refusal = &refusals->items[i];
        if (refusal->is_on)
            metrics_add(METRIC_REFUSED, METRIC_OF(server_of(refusal), str_from(refusal->what)),
                        refusal->count);
    }
}

static void measure_worker(const struct worker_stats *stats)
{
    set(METRIC_IN_FLIGHT, (int64_t)stats->in_flight);
    set(METRIC_JOBS_HELD, (int64_t)stats->held);
    set(METRIC_JOBS_MAX, stats->jobs_max);
    set(METRIC_MEMORY, (int64_t)stats->memory_bytes);
    set(METRIC_MEMORY_MAX, stats->memory_max_bytes);
    metrics_set(METRIC_CONNECTIONS, METRIC_OF(STR("postgres")), stats->pg_connections);
    metrics_set(METRIC_CONNECTIONS, METRIC_OF(STR("redis")), stats->redis_connections);
    measure_refusals(stats->refusals);
}

static void measure(const struct scrape *scrape)
{
    const struct scrape_options *options = &scrape->options;
    bool pg_up = true, redis_up = true;
    measure_process();
    metrics_clear(METRIC_REFUSED);
    if (options->worker) {
        struct worker_stats stats = worker_stats(options->worker);
        pg_up &= stats.pg_up;
        redis_up &= stats.redis_up;
        measure_worker(&stats);
    }
    if (options->scheduler) {
        struct scheduler_stats stats = scheduler_stats(options->scheduler);
        pg_up &= stats.pg_up;
        redis_up &= stats.redis_up;
        measure_refusals(stats.refusals);
    }
    metrics_set(METRIC_SERVER_UP, METRIC_OF(STR("postgres")), pg_up);
    metrics_set(METRIC_SERVER_UP, METRIC_OF(STR("redis")), redis_up);
}

static void answer(const struct scrape *scrape, struct httpd_call *call)
{
    AUTO_BUF(body, BODY_BYTES_MAX);
    measure(scrape);
    metrics_put(&body);
    if (body.has_overflowed)
        httpd_refuse(call, 503, STR("more metrics than an answer may hold"));
    else
        httpd_answer(call,
                     &(struct httpd_answer){.status = 200,
                                            .type = "text/plain; version=0.0.4; charset=utf-8",
                                            .body = buf_str(&body)});
}

static void on_surveyed(void *ctx)
{
    struct asker *asker = ctx;
    if (asker->call)
        answer(asker->scrape, asker->call);
    mem_free(asker);
}

static void on_gone(void *ctx)
{
    struct asker *asker = ctx;
    asker->call = NULL;
}

static bool on_call(void *ctx, struct httpd_call *call, const struct httpd_request *request)
{
    const struct scrape *scrape = ctx;
    if (!str_is(request->path, "/metrics") || !str_is(request->method, "GET"))
        return false;
    if (!scrape->survey || survey_is_fresh(scrape->survey)) {
        answer(scrape, call);
        return true;
    }
    struct asker *asker = mem_alloc(sizeof *asker);
    *asker = (struct asker){scrape, call};
    httpd_on_gone(call, on_gone, asker);
    survey_ask(scrape->survey, on_surveyed, asker);
    return true;
}

struct scrape *scrape_new(const struct scrape_options *options)
{
    struct scrape *scrape = mem_alloc(sizeof *scrape);
    scrape->options = *options;
    if (options->scheduler)
        scrape->survey = survey_new(options->loop, options->settings);
    httpd_on_call(options->httpd, on_call, scrape);
    return scrape;
}

void scrape_free(struct scrape *scrape)
{
    if (!scrape)
        return;
    survey_free(scrape->survey);
    mem_free(scrape);
}
