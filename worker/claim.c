#include "worker/worker_internal.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "worker/report.h"

enum {
    RETRY_SOON_MS = 1000, /* after an activation that PostgreSQL did not answer */
    RESERVED_TIMEOUT_MS = 8000,
};

/* --- jobs that a job has made, in `sync` --- */

static struct local_job *find_local(const struct worker *worker, int64_t job)
{
    for (size_t i = 0; i < worker->local_count; i++)
        if (worker->local[i].job == job)
            return &worker->local[i];
    return NULL;
}

static void take_now(struct worker *worker, int64_t job)
{
    struct local_job *local = find_local(worker, job);
    if (local)
        local->due_mono_ms = clock_mono_ms();
    else if (!held_find(&worker->held, job))
        claim_put_local(worker, job, 0);
}

static void on_reserved(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct worker *worker = ctx;
    enum { RESERVED_JOB };
    if (err)
        return;
    for (size_t i = 0; i < pg_rows(result); i++)
        take_now(worker, pg_get_int(result, i, RESERVED_JOB));
    claim_more(worker);
}

/*
 * A job has shared its pages: the ranges are to be read. Or one of those is over: the job is to
 * go on, if it was the last. An answer that is lost is only late, because the job that waits is
 * asked about again.
 */
static void take_reserved(struct worker *worker)
{
    const struct pg_value params[] = {pg_text(worker->self.id)};
    pg_query(worker->pg,
             "select id from pagetide.job j where worker = $1 and reserved "
             "and state = 'queued' and (part ? 'range' or pagetide.is_split(j))",
             params, COUNT_OF(params), RESERVED_TIMEOUT_MS, on_reserved, worker);
}

static bool is_range(const struct held *held)
{
    const struct job *job = held->crawl ? crawl_job(held->crawl) : NULL;
    return job && str_find(job->part, STR("\"range\"")) >= 0;
}

/* --- what became of the lease --- */

void claim_put_back(struct held *held, int64_t delay_ms)
{
    struct worker *worker = held->worker;
    if (!worker->queue) {
        claim_put_local(worker, held->job, delay_ms);
        return;
    }
    held_say(held, QUEUE_BACK, delay_ms);
    turn_take(worker);
}

void claim_done(struct held *held)
{
    if (!held->worker->queue) {
        if (is_range(held))
            take_reserved(held->worker);
        return;
    }
    crash_point("done", held->crawl ? crawl_job(held->crawl)->stream : STR_NONE, 0);
    held_say(held, QUEUE_DONE, 0);
    turn_take(held->worker);
}

static void put_back(struct held *held, int64_t delay_ms)
{
    claim_put_back(held, delay_ms);
    held_end(held);
}

static void drop(struct held *held)
{
    claim_done(held);
    held_end(held);
}

/* --- activation --- */

static void start(struct held *held)
{
    if (held->worker->ended_run == held->activation.job->run)
        held->worker->ended_run = 0;
    report_start(held->activation.job);
    held_begin(held, &held->worker->env);
    if (held->worker->is_draining)
        crawl_stop(held->crawl, CRAWL_STOP_SOON);
}

/*
 * Without a beat the lease may be gone already. The job then stays ours in PostgreSQL until the
 * next round of beats gives it back, since nothing here holds it.
 */
void claim_beaten(struct held *held, enum queue_verdict verdict)
{
    if (verdict == QUEUE_OK)
        start(held);
    else if (verdict == QUEUE_CANCELLED)
        drop(held);
    else
        held_end(held);
}

static void taken(struct held *held, const struct ownership_activation *activation)
{
    held->activation = *activation; /* what it points to is in held->arena */
    held->was_lost = activation->job->losses > 0;
    crash_point("activated", activation->job->stream, activation->job->page);
    if (!held->worker->queue) {
        start(held);
        return;
    }
    held_say(held, QUEUE_BEAT, 0);
    turn_take(held->worker);
}

static void on_activated(void *ctx, const struct ownership_activation *activation,
                         const struct err *err)
{
    if (err && err->kind == ERR_STOPPED)
        return; /* the worker is being freed, and its jobs before its session */
    struct held *held = ctx;
    struct worker *worker = held->worker;
    if (err) {
        log_write(LOG_WARN, LOG_JOB_RETRY, LOG_NOWHERE, "job %lld was not activated: %s",
                  (long long)held->job, err->text);
        put_back(held, RETRY_SOON_MS);
    } else if (activation->verdict == OWNERSHIP_TAKEN) {
        taken(held, activation);
    } else if (activation->verdict == OWNERSHIP_GONE) {
        drop(held);
    } else {
        if (activation->verdict == OWNERSHIP_WAITING && !worker->queue)
            take_reserved(worker);
        put_back(held, MAX(activation->wait_ms, RETRY_SOON_MS));
    }
    held_release(held);
    claim_more(worker);
}

/* A committed page shows that the job is not what kills its workers. */
static bool is_suspect(const struct held *held)
{
    return held->was_lost &&
           (!held->crawl || crawl_stats(held->crawl).pages == held->activation.job->page);
}

static bool holds_crashed(const struct worker *worker)
{
    for (const struct held *held = worker->held.first; held; held = held->next)
        if (is_suspect(held))
            return true;
    return false;
}

/* The lease must be young: what is left of it has to cover the activation. */
static void activate(struct held *held)
{
    struct worker *worker = held->worker;
    int64_t age_ms = clock_mono_ms() - held->leased_mono_ms;
    if (worker->queue && age_ms > worker->settings->lease_ms / 3) {
        put_back(held, 0);
        return;
    }
    held->calls++;
    ownership_take(worker->pg, held->job, &worker->self, worker->settings->beat_ms,
                   !holds_crashed(worker), held->arena, on_activated, held);
}

/* A lease for a job that this process has: Redis forgot the old one. The new token serves. */
static bool renew_held(struct worker *worker, int64_t job, const char *token)
{
    struct held *held = held_find(&worker->held, job);
    if (held)
        memcpy(held->token, token, sizeof held->token);
    return held;
}

void claim_lease(struct worker *worker, int64_t job, const struct queue_answer *answer)
{
    if (renew_held(worker, job, answer->token))
        return;
    struct held *held = held_new(&worker->held, worker, job);
    memcpy(held->token, answer->token, sizeof held->token);
    held->leased_mono_ms = answer->at_mono_ms;
    if (worker->is_draining)
        put_back(held, 0);
    else
        activate(held);
}

/* --- the in-process queue of `sync` --- */

static void claim_local(struct worker *worker)
{
    int64_t now = clock_mono_ms(), soonest = INT64_MAX;
    for (size_t i = 0; i < worker->local_count;) {
        struct local_job job = worker->local[i];
        if (job.due_mono_ms <= now && turn_room(worker)) {
            worker->local[i] = worker->local[--worker->local_count];
            activate(held_new(&worker->held, worker, job.job));
            continue;
        }
        soonest = MIN(soonest, job.due_mono_ms);
        i++;
    }
    if (soonest != INT64_MAX)
        loop_timer_set(worker->local_timer, MAX(soonest - now, 50));
}

void claim_put_local(struct worker *worker, int64_t job, int64_t delay_ms)
{
    MEM_GROW(worker->local, worker->local_count, worker->local_capacity);
    worker->local[worker->local_count++] = (struct local_job){job, clock_mono_ms() + delay_ms};
    loop_timer_set(worker->local_timer, 0);
}

void claim_more(struct worker *worker)
{
    if (worker->queue)
        turn_take(worker);
    else if (turn_room(worker))
        claim_local(worker);
}
