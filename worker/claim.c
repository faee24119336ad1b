#include "worker/worker_internal.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "worker/report.h"

enum {
    RETRY_SOON_MS = 1000, /* after an activation that PostgreSQL did not answer */
    POLL_MS = 2000,       /* wake-ups may be lost, work never */
};

/* Redis takes a silence of half a lease for a pause of its own, in which nobody is late. */
static int64_t poll_ms(const struct worker *worker)
{
    return MIN(POLL_MS, worker->settings->lease_ms / 3);
}

static bool has_room(const struct worker *worker)
{
    return worker->is_started && !worker->is_draining && worker->is_registered &&
           pg_is_up(worker->pg) && worker->held.count < (size_t)worker->settings->jobs;
}

/* --- what became of the lease --- */

static void on_queue_answer(void *ctx, enum queue_verdict verdict, const struct err *err)
{
    (void)verdict, (void)err; /* an unanswered `done` or `retry` ends with the lease */
    held_release(ctx);
}

void claim_put_back(struct held *held, int64_t delay_ms)
{
    struct worker *worker = held->worker;
    if (!worker->queue) {
        claim_put_local(worker, held->job, delay_ms);
        return;
    }
    held->calls++;
    queue_retry(worker->queue, held->job, str_from(held->token), delay_ms, on_queue_answer,
                held);
}

void claim_done(struct held *held)
{
    if (!held->worker->queue)
        return;
    crash_point("done", held->crawl ? crawl_job(held->crawl)->stream : STR_NONE, 0);
    held->calls++;
    queue_done(held->worker->queue, held->job, str_from(held->token), on_queue_answer, held);
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
    report_start(held->activation.job);
    held_begin(held, &held->worker->env);
    if (held->worker->is_draining)
        crawl_stop(held->crawl, CRAWL_STOP_SOON);
}

/*
 * Without a beat the lease may be gone already. The job then stays ours in PostgreSQL until the
 * next round of beats gives it back, since nothing here holds it.
 */
static void on_first_beat(void *ctx, enum queue_verdict verdict, const struct err *err)
{
    struct held *held = ctx;
    if (!err && verdict == QUEUE_OK)
        start(held);
    else if (!err && verdict == QUEUE_CANCELLED)
        drop(held);
    else
        held_end(held);
    held_release(held);
}

static void keep(struct held *held, const struct ownership_activation *activation)
{
    size_t size = activation->page_count * sizeof(int64_t);
    int64_t *hashes = arena_alloc(held->arena, 2 * size);
    held->activation = *activation;
    held->activation.request_hashes = hashes;
    held->activation.records_hashes = hashes + activation->page_count;
    if (size) {
        memcpy(hashes, activation->request_hashes, size);
        memcpy(hashes + activation->page_count, activation->records_hashes, size);
    }
    held->was_lost = activation->job->losses > 0;
}

static void taken(struct held *held, const struct ownership_activation *activation)
{
    keep(held, activation);
    crash_point("activated", activation->job->stream, activation->job->page);
    if (!held->worker->queue) {
        start(held);
        return;
    }
    held->calls++;
    queue_beat(held->worker->queue, held->job, str_from(held->token), on_first_beat, held);
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

/* --- the queue in Redis --- */

/* A lease for a job that this process has: Redis forgot the old one. The new token serves. */
static bool renew_held(struct worker *worker, const struct queue_lease *lease)
{
    struct held *held = held_find(&worker->held, lease->job);
    if (held)
        memcpy(held->token, lease->token, sizeof held->token);
    return held;
}

static void on_lease(void *ctx, const struct queue_lease *lease, const struct err *err)
{
    struct worker *worker = ctx;
    worker->is_claiming = false;
    if (err || lease->job == 0) {
        loop_timer_set(worker->claim_timer, poll_ms(worker));
        return;
    }
    if (!renew_held(worker, lease)) {
        struct held *held = held_new(&worker->held, worker, lease->job);
        memcpy(held->token, lease->token, sizeof held->token);
        held->leased_mono_ms = lease->at_mono_ms;
        activate(held);
    }
    claim_more(worker);
}

static void on_wake(void *ctx, bool woken, const struct err *err)
{
    struct worker *worker = ctx;
    worker->is_waiting_wake = false;
    if (woken)
        claim_more(worker);
    if (!err)
        claim_wake(worker);
}

void claim_wake(struct worker *worker)
{
    bool may_wait = redis_is_up(worker->wake) && !refusals_find(&worker->refusals);
    if (worker->is_waiting_wake || worker->is_draining || !may_wait)
        return;
    worker->is_waiting_wake = true;
    queue_wait(worker->queue, worker->wake, on_wake, worker);
}

/* --- the in-process queue of `sync` --- */

static void claim_local(struct worker *worker)
{
    int64_t now = clock_mono_ms(), soonest = INT64_MAX;
    for (size_t i = 0; i < worker->local_count;) {
        struct local_job job = worker->local[i];
        if (job.due_mono_ms <= now && has_room(worker)) {
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
    if (!has_room(worker))
        return;
    if (!worker->queue) {
        claim_local(worker);
        return;
    }
    if (worker->is_claiming || !redis_is_up(worker->redis))
        return;
    worker->is_claiming = true;
    queue_claim(worker->queue, worker->self.id, on_lease, worker);
}
