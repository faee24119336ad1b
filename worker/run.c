#include "worker/run_internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/redact.h"

static void go(struct run *run, enum step step)
{
    typedef enum step (*step_fn)(struct run * run);
    static const step_fn steps[] = {
#define X(name) [STEP_##name] = step_##name,
        STEPS(X)
#undef X
    };
    run->is_paused = false;
    while (step != STEP_PAUSE)
        step = steps[step](run);
    run->is_paused = true;
}

enum step run_pause(struct run *run, enum step resume)
{
    run->resume = resume;
    return STEP_PAUSE;
}

void run_resume(struct run *run)
{
    if (run->is_paused && run->phase == PHASE_WORKING)
        go(run, run->resume);
}

static void on_timer(void *ctx)
{
    run_resume(ctx);
}

static void over(void *ctx)
{
    struct run *run = ctx;
    run->env->ended(run->env->ctx, run, &run->end);
}

static void finish(struct run *run, enum run_how how)
{
    if (run->phase == PHASE_OVER)
        return;
    run->phase = PHASE_OVER;
    run->end.how = how;
    run->end.err = &run->err;
    loop_defer(run->env->loop, over, run);
}

static void quiet(struct run *run)
{
    if (run->call)
        http_cancel(TAKE(run->call));
    throttle_drop(run->env->throttle, &run->pass);
    if (run->loader)
        loader_forget(run->loader, run);
    loop_timer_clear(run->timer);
}

static void leave_if_settled(struct run *run)
{
    if (run->phase == PHASE_LEAVING && run->pending == 0)
        finish(run, RUN_LOST);
    if (run->phase == PHASE_ENDED && run->pending == 0)
        finish(run, RUN_FINISHED);
    if (run->phase == PHASE_FAILING && run->pending == 0)
        run_end_turn(run, JOB_FAILED, run->end.reason);
}

static void leave(struct run *run, enum phase phase)
{
    if (run->phase == PHASE_OVER || run->phase == PHASE_ENDED)
        return;
    quiet(run);
    run->phase = phase;
    leave_if_settled(run);
}

/* What may succeed later is no end of the job: it is left to whoever comes next. */
static bool is_worth_another_time(const struct err *err)
{
    return err->kind == ERR_AGAIN;
}

void run_ready(void *ctx, const struct err *err)
{
    struct run *run = ctx;
    if (run->phase != PHASE_WORKING)
        return;
    if (!err) {
        run_resume(run);
        return;
    }
    run->err = *err;
    if (is_worth_another_time(err)) {
        leave(run, PHASE_LEAVING);
        return;
    }
    bool config = err->kind == ERR_CONFIG || err->kind == ERR_INPUT;
    go(run, run_end_turn(run, JOB_FAILED, config ? REASON_DEFINITION : REASON_SERVER));
}

static void mark_owner(const struct run *run, struct mark *mark)
{
    mark->run = (void *)(uintptr_t)run;
    mark->job = run->job.id;
    mark->epoch = run->job.epoch;
    snprintf(mark->owner, sizeof mark->owner, "%.*s", STR_ARG(run->job.owner));
}

void run_put_mark(struct run *run, struct mark *mark)
{
    mark_owner(run, mark);
    mark->retries = run->retries;
    mark->waited_ms = run->waited_ms;
    run->retries = run->waited_ms = 0;
    run->pending++;
    loader_mark(run->loader, mark, mark->has_end);
}

void run_set_end(struct run *run, struct mark *mark, enum job_state state,
                 enum job_reason reason)
{
    redact_cstr(run->err.text, sizeof run->err.text);
    mark->has_end = true;
    mark->end = state;
    mark->reason = reason;
    mark->error = str_from(run->err.text);
    run->end.state = state;
    run->end.reason = reason;
    run->phase = PHASE_ENDING;
}

/* Ends the job's turn behind the pages already marked; run->err says why, where it failed. */
enum step run_end_turn(struct run *run, enum job_state state, enum job_reason reason)
{
    struct mark mark = {0};
    quiet(run);
    if (!run->loader) {
        finish(run, RUN_LOST);
        return STEP_PAUSE;
    }
    run_set_end(run, &mark, state, reason);
    mark.wait_ms = run->end.wait_ms;
    mark.attempt = run->attempt;
    mark.told_waits = run->told_waits;
    if (state == JOB_WAITING)
        mark.waiting_for = mark.error;
    run_put_mark(run, &mark);
    return run_pause(run, STEP_PAUSE);
}

enum step run_fail(struct run *run, enum job_reason reason)
{
    err_wrap(&run->err, "page %d", run->pager.page + 1);
    return run_end_turn(run, JOB_FAILED, reason);
}

enum step run_give_back(struct run *run)
{
    run->err = (struct err)ERR_INIT;
    return run_end_turn(run, JOB_QUEUED, REASON_NONE);
}

static void copy_job(struct run *run, const struct job *job)
{
    struct arena *arena = run->arena;
    run->job = *job;
    struct str *const texts[] = {
        &run->job.stream,   &run->job.spec,        &run->job.part,
        &run->job.mode,     &run->job.window_from, &run->job.window_to,
        &run->job.bookmark, &run->job.owner,       &run->job.checkpoint};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = arena_str(arena, *texts[i]);
}

struct run *run_new(const struct run_env *env, const struct job *job,
                    const struct run_past *past)
{
    struct run *run = mem_alloc(sizeof *run);
    run->env = env;
    run->arena = arena_new();
    run->page = arena_new();
    run->next = arena_new();
    copy_job(run, job);
    run->err = (struct err)ERR_INIT;
    run->attempt = job->attempt;
    run->told_waits = job->told_waits;
    run->stats = (struct run_stats){.pages = job->page, .records = job->records};
    run->began_mono_ms = clock_mono_ms() - job->elapsed_ms;
    run->timer = loop_timer_new(env->loop, on_timer, run);
    guard_init(&run->guard);
    guard_restore(&run->guard, past->request_hashes, past->records_hashes, past->count);
    loop_timer_set(run->timer, 0);
    run->is_paused = true;
    run->resume = STEP_open;
    return run;
}

void run_free(struct run *run)
{
    throttle_drop(run->env->throttle, &run->pass);
    if (run->loader)
        loader_put(run->loader);
    loop_timer_free(run->timer);
    guard_done(&run->guard);
    buf_done(&run->body);
    arena_free(run->page);
    arena_free(run->next);
    arena_free(run->arena);
    mem_free(run);
}

/* A batch could not be committed: the pages in it are not in. */
static void batch_failed(struct run *run, const struct mark_outcome *outcome)
{
    if (run->phase == PHASE_FAILING || run->phase == PHASE_ENDED)
        return;
    bool end_alone_failed = run->phase == PHASE_ENDING && outcome->page == 0;
    bool leaves = end_alone_failed || is_worth_another_time(outcome->err);
    run->err = *outcome->err;
    run->end.reason = outcome->reason;
    leave(run, leaves ? PHASE_LEAVING : PHASE_FAILING);
}

static void turn_ended(struct run *run, const struct mark_outcome *outcome)
{
    run->end.run_ended = outcome->run_ended;
    run->end.run_state = outcome->run_state;
    if (outcome->ended)
        run->end.state = outcome->state;
    if (run->end.state == JOB_WAITING)
        finish(run, RUN_PARKED);
    else
        finish(run, run->end.state == JOB_QUEUED ? RUN_RETURNED : RUN_FINISHED);
}

/* Rows that PostgreSQL refused were too many: the job ends with this page, not with ours. */
static bool is_ended_there(const struct run *run, const struct mark_outcome *outcome)
{
    bool goes_on =
        run->phase == PHASE_WORKING || (run->phase == PHASE_ENDING && run->pending > 0);
    return goes_on && outcome->ended && outcome->state == JOB_FAILED;
}

static void ended_there(struct run *run, const struct mark_outcome *outcome)
{
    quiet(run);
    run->phase = PHASE_ENDED;
    run->end.state = outcome->state;
    run->end.reason = REASON_REJECTS;
    run->end.run_ended = outcome->run_ended;
    run->end.run_state = outcome->run_state;
    err_set(&run->err, ERR_INPUT, "rejects", 0, "page %d: more than %lld records were rejected",
            outcome->page, (long long)run->stream->table.max_rejects);
}

void run_outcome(struct run *run, const struct mark_outcome *outcome)
{
    run->pending--;
    bool in = outcome->verdict == MARK_APPLIED || outcome->verdict == MARK_SKIPPED;
    if (in && outcome->page) {
        run->stats.pages = outcome->page;
        run->stats.records += outcome->records;
    }
    if (in && is_ended_there(run, outcome))
        ended_there(run, outcome);
    else if (outcome->verdict == MARK_FAILED && run->phase != PHASE_LEAVING)
        batch_failed(run, outcome);
    else if (outcome->verdict == MARK_REFUSED)
        leave(run, PHASE_LEAVING);
    else if (in && run->phase == PHASE_ENDING && run->pending == 0)
        turn_ended(run, outcome);
    leave_if_settled(run);
}

void run_wake(struct run *run)
{
    if (run->is_starved)
        run_resume(run);
}

void run_stop(struct run *run, enum run_stop how)
{
    bool working = run->phase == PHASE_WORKING;
    run->is_draining = true;
    if (how == RUN_STOP_LOST)
        leave(run, PHASE_LEAVING);
    if (!working || how == RUN_STOP_LOST)
        return;
    if (!run->loader) {
        finish(run, RUN_LOST);
        return;
    }
    if (how == RUN_STOP_NOW || !run->call)
        run_give_back(run);
}

const struct job *run_job(const struct run *run)
{
    return &run->job;
}

const struct columns *run_columns(const struct run *run)
{
    return run->loader ? loader_columns(run->loader) : NULL;
}

bool run_is_idle(const struct run *run)
{
    return !run->call;
}

struct run_stats run_stats(const struct run *run)
{
    struct run_stats stats = run->stats;
    stats.bytes = run->body.len;
    stats.rejects = run->job.rejects;
    stats.page = run->pager.page + 1;
    return stats;
}
