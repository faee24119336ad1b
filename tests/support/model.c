#include "tests/support/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum {
    STEPS_OF_LIFE = 250,
    ROUNDS_OF_REST = 150,
    KILLS_MAX = 40,
};

/* --- what all parts use --- */

int model_number(struct model *model)
{
    return ++model->numbers;
}

bool model_happens(struct model *model, int percent)
{
    return rng_below(&model->rng, 100) < (uint64_t)percent;
}

void model_trace(const struct model *model, const char *fmt, ...)
{
    va_list args;
    if (!model->is_traced)
        return;
    printf("%4d s  ", model->now);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
}

void model_breaks(struct model *model, const char *promise)
{
    model_trace(model, "BROKEN: %s", promise);
    if (!model->wrong)
        model->wrong = promise;
}

struct model_worker *model_worker_find(struct model *model, int id)
{
    for (int i = 0; i < MODEL_WORKERS; i++)
        if (model->workers[i].id == id)
            return &model->workers[i];
    return NULL;
}

static struct model_worker *some_worker(struct model *model)
{
    return &model->workers[rng_below(&model->rng, MODEL_WORKERS)];
}

static struct model_message *some_message(struct model *model)
{
    return &model->messages[rng_below(&model->rng, MODEL_MESSAGES)];
}

/* --- schedulers: scheduler/intake.c, publish.c, withdraw.c --- */

/* A message that was not acknowledged is read again. */
static void take_requests(struct model *model)
{
    for (int i = 0; i < MODEL_REQUESTS; i++) {
        if (!model->redis.messages[i])
            continue;
        model_request(model, i);
        model->redis.messages[i] = model_happens(model, 20);
    }
}

/* A scheduler may die between the push and the note. */
static void publish(struct model *model)
{
    for (int i = 0; i < MODEL_JOBS; i++) {
        struct model_job *job = &model->pg.jobs[i];
        if (job->is_enqueued || !model_is_publishable(model, i))
            continue;
        model_enqueue(model, i);
        job->is_enqueued = model_happens(model, 80);
    }
}

static void rebuild(struct model *model)
{
    for (int i = 0; model->rules.rebuilds && i < MODEL_JOBS; i++)
        if (model_is_publishable(model, i) && !model_knows(model, i))
            model_enqueue(model, i);
}

static void withdraw(struct model *model)
{
    for (int i = 0; i < MODEL_JOBS; i++) {
        struct model_job *job = &model->pg.jobs[i];
        if (job->state != MODEL_CANCELLED || !job->is_enqueued)
            continue;
        model_cancel(model, i);
        job->is_enqueued = model_happens(model, 20);
    }
}

static void schedule(struct model *model)
{
    static void (*const passes[])(struct model *) = {take_requests, publish, rebuild, withdraw};
    passes[rng_below(&model->rng, COUNT_OF(passes))](model);
}

/* --- messages and time --- */

static void deliver(struct model *model, struct model_message *message)
{
    if (!message->is_used || message->is_answered)
        return;
    message->verdict = model_commit(model, &message->batch);
    message->is_answered = true;
    model_trace(model, "job %d from page %d of worker %d: %s", message->batch.job,
                message->batch.from, message->worker,
                (const char *[]){"applied", "skipped", "refused"}[message->verdict]);
}

static void answer(struct model *model, struct model_message *message)
{
    if (!message->is_used || !message->is_answered)
        return;
    model_answer(model, message);
    message->is_used = false;
}

/* Nobody who is awake is late with a beat. */
static void pass_time(struct model *model, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        model->now++;
        for (int w = 0; w < MODEL_WORKERS; w++) {
            struct model_worker *worker = &model->workers[w];
            if (!worker->is_asleep && worker->beat_at <= model->now)
                model_worker_beats(model, worker);
        }
    }
}

/* --- faults --- */

static void start_worker(struct model *model, struct model_worker *worker)
{
    *worker = (struct model_worker){.id = ++model->ids};
    worker->beat_at = model->now + MODEL_BEAT_S;
    model->pg.seen_at[worker->id] = model->now;
}

/* What it has sent may still arrive. */
static void kill_worker(struct model *model)
{
    struct model_worker *worker = some_worker(model);
    if (model->ids == KILLS_MAX)
        return;
    model_trace(model, "worker %d is killed", worker->id);
    model->has_lost_worker = true;
    for (int i = 0; i < MODEL_MESSAGES; i++)
        model->messages[i].is_given_up |= model->messages[i].worker == worker->id;
    start_worker(model, worker);
}

static void stop_worker(struct model *model)
{
    struct model_worker *worker = some_worker(model);
    model->has_lost_worker = true;
    worker->is_asleep = !worker->is_asleep;
    model_trace(model, "worker %d %s", worker->id, worker->is_asleep ? "sleeps" : "wakes");
}

static void lose_connection(struct model *model)
{
    some_message(model)->is_given_up = true;
}

static void lose_message(struct model *model)
{
    struct model_message *message = some_message(model);
    if (message->is_used && (message->is_given_up || message->is_answered)) {
        message->is_given_up = true;
        message->is_used = false;
    }
}

static void flush(struct model *model)
{
    model_trace(model, "Redis is empty");
    model->redis = (struct model_redis){.seen = model->now};
}

static void save(struct model *model)
{
    model->snapshot = model->redis;
}

static void restore(struct model *model)
{
    model_trace(model, "Redis is what it was");
    model->redis = model->snapshot;
}

/* Longer than a lease; PostgreSQL hears the workers meanwhile. */
static void freeze(struct model *model)
{
    model_trace(model, "Redis is stopped");
    for (int i = 0; i < 2 * MODEL_LEASE_S; i++) {
        model->now++;
        for (int w = 0; w < MODEL_WORKERS; w++)
            if (!model->workers[w].is_asleep && i % MODEL_BEAT_S == 0)
                model_beat(model, &model->workers[w]);
    }
}

static void cancel(struct model *model)
{
    model_cancel_run(model, (int)rng_below(&model->rng, MODEL_RUNS));
}

static void ask_for_run(struct model *model)
{
    model->redis.messages[rng_below(&model->rng, MODEL_REQUESTS)] = true;
}

static void fail_somehow(struct model *model)
{
    static void (*const faults[])(struct model *) = {
        ask_for_run, lose_connection, lose_connection, lose_message, flush,       save,
        restore,     freeze,          cancel,          kill_worker,  stop_worker, stop_worker,
    };
    enum { MILD = 9 }; /* those before it cost no worker */
    bool is_hard = model->is_hard;
    faults[rng_below(&model->rng, is_hard ? COUNT_OF(faults) : MILD)](model);
}

/* --- a life --- */

static void live(struct model *model)
{
    uint64_t what = rng_below(&model->rng, 100);
    struct model_worker *worker = some_worker(model);
    if (what < 55 && !worker->is_asleep)
        model_work(model, worker);
    else if (what < 68)
        deliver(model, some_message(model));
    else if (what < 80)
        answer(model, some_message(model));
    else if (what < 90)
        schedule(model);
    else if (what < 95)
        pass_time(model, 1 + (int)rng_below(&model->rng, 8));
    else
        fail_somehow(model);
}

static bool is_at_rest(const struct model *model)
{
    size_t left = 0;
    for (int i = 0; i < MODEL_RUNS; i++)
        left += model->pg.runs[i].is_begun && !model->pg.runs[i].is_over;
    for (int i = 0; i < MODEL_REQUESTS; i++)
        left += model->redis.messages[i] || model->pg.requests[i] == MODEL_PENDING;
    for (int i = 0; i < MODEL_JOBS; i++)
        left += model->redis.entries[i].place != MODEL_NOWHERE;
    for (int i = 0; i < MODEL_MESSAGES; i++)
        left += model->messages[i].is_used;
    return !left;
}

/* Everybody does what he can, and nothing fails. */
static void rest(struct model *model)
{
    for (int i = 0; i < MODEL_WORKERS; i++)
        model->workers[i].is_asleep = false;
    for (int round = 0; round < ROUNDS_OF_REST && !model->wrong && !is_at_rest(model);
         round++) {
        for (int i = 0; i < MODEL_MESSAGES; i++) {
            deliver(model, &model->messages[i]);
            answer(model, &model->messages[i]);
        }
        for (int i = 0; i < 2 * MODEL_WORKERS * MODEL_SLOTS; i++)
            model_work(model, some_worker(model));
        take_requests(model);
        publish(model);
        rebuild(model);
        withdraw(model);
        pass_time(model, 4);
    }
}

static void check_end(struct model *model)
{
    for (int i = 0; i < MODEL_RUNS; i++)
        if (model->pg.runs[i].is_begun && !model->pg.runs[i].is_over)
            model_breaks(model, "a run has not ended");
    for (int i = 0; i < MODEL_REQUESTS; i++)
        if (model->pg.requests[i] == MODEL_PENDING)
            model_breaks(model, "a request has not been run");
    for (int i = 0; i < MODEL_JOBS; i++)
        if (model->redis.entries[i].place != MODEL_NOWHERE)
            model_breaks(model, "a job was left on the queue");
}

const char *model_run(uint64_t seed, const struct model_rules *rules, bool is_traced)
{
    struct model model = {.rules = *rules, .is_traced = is_traced};
    rng_seed(&model.rng, seed);
    memset(model.pg.seen_at, -1, sizeof model.pg.seen_at);
    model.is_hard = model_happens(&model, 60);
    for (int i = 0; i < MODEL_WORKERS; i++)
        start_worker(&model, &model.workers[i]);
    model.redis.messages[0] = true;
    for (int i = 0; i < STEPS_OF_LIFE && !model.wrong; i++)
        live(&model);
    rest(&model);
    check_end(&model);
    return model.wrong;
}
