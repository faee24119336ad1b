#include "worker/worker_internal.h"

#include "base/arena.h"
#include "base/log.h"

static void on_adopted(void *ctx, enum queue_verdict verdict, const struct err *err)
{
    (void)verdict, (void)err; /* refused or unanswered: the next round tries again */
    held_release(ctx);
}

/* The fence is still ours, so the job is; only Redis forgot it. */
static void adopt(struct held *held)
{
    const struct job *job = crawl_job(held->crawl);
    struct str source;
    str_split(job->stream, '.', &source);
    held->calls++;
    queue_adopt(held->worker->queue, held->job, str_from(held->token), source, 5,
                held->worker->self.id, on_adopted, held);
}

/*
 * Cancelled in Redis is a hint: PostgreSQL has ended the job, or has taken it up again since.
 * The job is given back, which succeeds only in the second case.
 */
static void on_beat(void *ctx, enum queue_verdict verdict, const struct err *err)
{
    struct held *held = ctx;
    if (!err && held_is_crawling(held)) {
        if (verdict == QUEUE_LOST)
            adopt(held);
        else if (verdict == QUEUE_CANCELLED)
            crawl_stop(held->crawl, CRAWL_STOP_NOW);
    }
    held_release(held);
}

static void beat_queue(struct worker *worker)
{
    if (!worker->queue || !redis_is_up(worker->redis))
        return;
    for (struct held *held = worker->held.first; held; held = held->next) {
        if (!held_is_crawling(held))
            continue;
        held->calls++;
        queue_beat(worker->queue, held->job, str_from(held->token), on_beat, held);
    }
}

static void on_round(void *ctx, const int64_t *lost, size_t lost_count, const struct err *err)
{
    struct worker *worker = ctx;
    if (err)
        lost_count = 0;
    for (size_t i = 0; i < lost_count; i++) {
        struct held *held = held_find(&worker->held, lost[i]);
        if (held && held->crawl)
            crawl_stop(held->crawl, CRAWL_STOP_LOST);
    }
    beat_queue(worker);
}

static void on_beat_timer(void *ctx)
{
    struct worker *worker = ctx;
    AUTO_ARENA struct arena *arena = arena_new();
    struct ownership_held *jobs =
        ARENA_ARRAY(arena, struct ownership_held, worker->held.count + 1);
    size_t count = 0;
    for (struct held *held = worker->held.first; held; held = held->next)
        if (!held->is_over)
            jobs[count++] = (struct ownership_held){
                held->job, held->crawl ? crawl_stats(held->crawl).step : "activate"};
    loop_timer_set(worker->beat_timer, worker->settings->beat_ms);
    if (pg_is_up(worker->pg))
        ownership_beat(worker->pg, &worker->self, jobs, count, on_round, worker);
    else
        beat_queue(worker);
    lookout_definitions(worker);
    lookout_schedulers(worker);
}

void beat_start(struct worker *worker)
{
    if (!worker->beat_timer)
        worker->beat_timer = loop_timer_new(worker->loop, on_beat_timer, worker);
    loop_timer_set(worker->beat_timer, worker->settings->beat_ms);
}
