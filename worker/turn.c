#include "worker/worker_internal.h"

#include "base/arena.h"
#include "base/mem.h"

/*
 * The talk with the queue: one turn at a time, in which everything is said that there is to
 * say of the leases held, and jobs are asked for as far as there is room. What comes up
 * meanwhile waits for the next turn, which follows at once:
 *
 *     held_say …, turn_take → queue_turn ─→ on_turn: reports heard, leases begun ─→ turn_take
 *                   │ one is under way, or Redis is down              │
 *                   └→ nothing: on_turn or on_redis comes here again  └→ Redis did not answer:
 *                                                  what was said is to be said again
 *
 * A word that got no answer may be said again (docs/queue-protocol.md), so each is repeated
 * until it was heard; only a worker that drains gives up, and leaves them to the leases' end.
 */
enum { POLL_MS = 2000 }; /* wake-ups may be lost, work never */

/* Redis takes a silence of half a lease for a pause of its own, in which nobody is late. */
static int64_t poll_ms(const struct worker *worker)
{
    return MIN(POLL_MS, worker->settings->lease_ms / 3);
}

size_t turn_room(const struct worker *worker)
{
    size_t jobs = (size_t)worker->settings->jobs;
    bool may_take = worker->is_started && !worker->is_draining && worker->is_registered &&
                    pg_is_up(worker->pg);
    return may_take && worker->held.count < jobs ? jobs - worker->held.count : 0;
}

static bool has_to_say(const struct worker *worker)
{
    for (const struct held *held = worker->held.first; held; held = held->next)
        if (held->say != QUEUE_SILENT)
            return true;
    return false;
}

bool turn_is_silent(const struct worker *worker)
{
    bool may_speak = worker->queue && redis_is_up(worker->redis);
    return !worker->is_in_turn && (!may_speak || !has_to_say(worker));
}

/* --- what was heard --- */

/*
 * Lost: the fence is still ours, so the job is; only Redis forgot it. After a loss of
 * PostgreSQL that is not known until a round of beats was answered: a scheduler may have taken
 * the lease away from a worker that nobody heard.
 * Cancelled in Redis is a hint: PostgreSQL has ended the job, or has taken it up again since.
 * The job is given back, which succeeds only in the second case.
 */
static void on_beat(struct held *held, enum queue_verdict verdict)
{
    if (!held->crawl && !held->is_over)
        held->worker->on_first_beat(held, verdict);
    else if (held_is_crawling(held) && verdict == QUEUE_LOST && held->say == QUEUE_SILENT &&
             held->worker->knows_fences)
        held_say(held, QUEUE_ADOPT, 0);
    else if (held_is_crawling(held) && verdict == QUEUE_CANCELLED)
        crawl_stop(held->crawl, CRAWL_STOP_NOW);
}

/* Nothing depends on how the other words were taken: a refusal says that the lease is gone. */
static void hear(struct held *held, enum queue_verdict verdict)
{
    enum queue_word said = held->said;
    held->said = QUEUE_SILENT;
    if (said == QUEUE_BEAT)
        on_beat(held, verdict);
    held_release(held);
}

static void hear_nothing(struct held *held)
{
    if (held->worker->is_draining) {
        hear(held, QUEUE_LOST);
        return;
    }
    if (held->say == QUEUE_SILENT)
        held_say(held, held->said, held->delay_ms);
    held->said = QUEUE_SILENT;
    held_release(held);
}

static void on_turn(void *ctx, const struct queue_answer *answer, const struct err *err)
{
    struct worker *worker = ctx;
    for (size_t i = 0; i < worker->reporter_count; i++) {
        if (err)
            hear_nothing(worker->reporters[i]);
        else
            hear(worker->reporters[i], answer->verdicts[i]);
    }
    for (size_t i = 0; !err && i < answer->job_count; i++)
        worker->on_lease(worker, answer->jobs[i], answer);
    worker->is_in_turn = false;
    if (turn_room(worker)) {
        loop_timer_set(worker->claim_timer, poll_ms(worker));
        turn_wait_wake(worker);
    }
    if (!err && has_to_say(worker))
        turn_take(worker);
    worker->on_heard(worker);
}

/* --- what is said --- */

static struct queue_report report_of(struct held *held)
{
    struct queue_report report = {.word = held->say,
                                  .job = held->job,
                                  .token = str_from(held->token),
                                  .delay_ms = held->delay_ms};
    if (held->say == QUEUE_ADOPT)
        str_split(crawl_job(held->crawl)->stream, '.', &report.source);
    return report;
}

static void put_reports(struct worker *worker, struct arena *arena, struct queue_turn *turn)
{
    size_t capacity = 0;
    struct queue_report *reports = NULL;
    worker->reporter_count = 0;
    for (struct held *held = worker->held.first; held; held = held->next) {
        if (held->say == QUEUE_SILENT)
            continue;
        ARENA_GROW(arena, reports, turn->report_count, capacity);
        reports[turn->report_count++] = report_of(held);
        MEM_GROW(worker->reporters, worker->reporter_count, worker->reporter_capacity);
        worker->reporters[worker->reporter_count++] = held;
        held->said = held->say;
        held->say = QUEUE_SILENT;
    }
    turn->reports = reports;
}

void turn_take(struct worker *worker)
{
    if (worker->is_in_turn || !redis_is_up(worker->redis))
        return;
    AUTO_ARENA struct arena *arena = arena_new();
    struct queue_turn turn = {.worker = worker->self.id, .wanted = turn_room(worker)};
    put_reports(worker, arena, &turn);
    if (!turn.report_count && !turn.wanted && !worker->is_woken)
        return;
    worker->is_in_turn = true;
    worker->is_woken = false;
    queue_turn(worker->queue, &turn, on_turn, worker);
}

/* --- wake-ups --- */

/* Whoever takes a token takes a turn, which puts a new one there if something stays ready. */
static void on_wake(void *ctx, bool woken, const struct err *err)
{
    struct worker *worker = ctx;
    worker->is_waiting_wake = false;
    worker->is_woken |= woken;
    if (woken)
        turn_take(worker);
    if (!err)
        turn_wait_wake(worker);
}

void turn_wait_wake(struct worker *worker)
{
    if (!worker->queue || worker->is_waiting_wake || !turn_room(worker))
        return;
    if (!redis_is_up(worker->wake) || refusals_find(&worker->refusals))
        return;
    worker->is_waiting_wake = true;
    queue_wait(worker->queue, worker->wake, on_wake, worker);
}
