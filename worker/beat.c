#include "worker/worker_internal.h"

#include "base/arena.h"
#include "base/log.h"

static void beat_queue(struct worker *worker)
{
    if (!worker->queue)
        return;
    for (struct held *held = worker->held.first; held; held = held->next)
        if (held_is_crawling(held) && held->say == QUEUE_SILENT)
            held_say(held, QUEUE_BEAT, 0);
    turn_take(worker);
}

static void on_round(void *ctx, const int64_t *lost, size_t lost_count, const struct err *err)
{
    struct worker *worker = ctx;
    if (err)
        lost_count = 0;
    else
        worker->knows_fences = true;
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
    lookout_crowds(worker);
}

void beat_start(struct worker *worker)
{
    if (!worker->beat_timer)
        worker->beat_timer = loop_timer_new(worker->loop, on_beat_timer, worker);
    loop_timer_set(worker->beat_timer, worker->settings->beat_ms);
}
