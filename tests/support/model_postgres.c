#include "tests/support/model.h"

static bool is_end(enum model_state state)
{
    return state == MODEL_DONE || state == MODEL_CANCELLED;
}

/* --- runs: schema/functions/runs.sql, run_end.sql, reload.sql --- */

static bool is_active(const struct model_run *run)
{
    return run->is_begun && !run->is_over;
}

static void start_run(struct model *model, int request)
{
    int run = 0;
    for (int i = 0; i < MODEL_RUNS; i++) {
        const struct model_run *other = &model->pg.runs[i];
        run += other->is_begun;
        if (is_active(other))
            model_breaks(model, "two runs of a stream are active");
        if (other->is_begun && other->request == request)
            model_breaks(model, "a request was run more than once");
    }
    if (run == MODEL_RUNS)
        return;
    model_trace(model, "run %d begins", run);
    model->pg.runs[run] = (struct model_run){.is_begun = true, .request = request};
    model->pg.requests[request] = MODEL_STARTED;
    for (int n = 0; n < MODEL_JOBS_A_RUN; n++)
        model->pg.jobs[run * MODEL_JOBS_A_RUN + n].state = MODEL_QUEUED;
}

static void start_pending(struct model *model)
{
    for (int i = 0; i < MODEL_REQUESTS; i++) {
        if (model->pg.requests[i] == MODEL_PENDING) {
            start_run(model, i);
            return;
        }
    }
}

void model_request(struct model *model, int request)
{
    if (model->rules.knows_ids && model->pg.requests[request] != MODEL_UNREAD)
        return;
    model->pg.requests[request] = MODEL_PENDING;
    for (int i = 0; i < MODEL_RUNS; i++)
        if (is_active(&model->pg.runs[i]))
            return;
    start_run(model, request);
}

/* Every page is in the table once, whoever wrote it. */
static void check_job(struct model *model, const struct model_job *job)
{
    for (int page = 1; page <= MODEL_PAGES; page++)
        if (job->state == MODEL_DONE && job->written[page] != 1)
            model_breaks(model, "a job has succeeded without a page");
}

static void finish_run(struct model *model, int run)
{
    const struct model_job *jobs = &model->pg.jobs[run * MODEL_JOBS_A_RUN];
    for (int n = 0; n < MODEL_JOBS_A_RUN; n++)
        if (!is_end(jobs[n].state))
            return;
    if (model->pg.runs[run].is_over)
        model_breaks(model, "a run has ended twice");
    model->pg.runs[run].is_over = true;
    for (int n = 0; n < MODEL_JOBS_A_RUN; n++)
        check_job(model, &jobs[n]);
    start_pending(model);
}

void model_cancel_run(struct model *model, int run)
{
    if (!is_active(&model->pg.runs[run]))
        return;
    for (int n = 0; n < MODEL_JOBS_A_RUN; n++) {
        struct model_job *job = &model->pg.jobs[run * MODEL_JOBS_A_RUN + n];
        if (is_end(job->state))
            continue;
        job->state = MODEL_CANCELLED;
        job->epoch++;
        job->owner = 0;
    }
    finish_run(model, run);
}

/* --- who owns a job: activation.sql, beats.sql, queue.sql --- */

static bool is_stale(const struct model *model, int worker)
{
    int seen_at = model->pg.seen_at[worker];
    return seen_at < 0 || seen_at < model->now - 2 * MODEL_BEAT_S;
}

enum model_activation model_activate(struct model *model, int id, int worker, int owner)
{
    struct model_job *job = &model->pg.jobs[id];
    if (job->state == MODEL_NONE || is_end(job->state))
        return MODEL_GONE;
    if (job->worker && job->worker != worker && !is_stale(model, job->worker))
        return MODEL_BUSY;
    if (job->state == MODEL_WAITING && job->wait_until > model->now)
        return MODEL_BUSY;
    job->state = MODEL_RUNNING;
    job->epoch++;
    job->owner = owner;
    job->worker = worker;
    return MODEL_TOOK;
}

static bool holds(const struct model_worker *worker, int job)
{
    for (int i = 0; i < MODEL_SLOTS; i++)
        if (worker->held[i].stage != MODEL_FREE && worker->held[i].job == job)
            return true;
    return false;
}

/* What PostgreSQL says is the worker's, and the worker does not hold, goes back. */
void model_beat(struct model *model, struct model_worker *worker)
{
    model->pg.seen_at[worker->id] = model->now;
    for (int i = 0; i < MODEL_JOBS; i++) {
        struct model_job *job = &model->pg.jobs[i];
        if (job->worker != worker->id || job->state != MODEL_RUNNING || holds(worker, i))
            continue;
        job->state = MODEL_QUEUED;
        job->owner = job->worker = 0;
        job->is_enqueued = false;
    }
}

bool model_is_held(const struct model *model, int id, int worker)
{
    const struct model_job *job = &model->pg.jobs[id];
    return job->worker == worker && (job->state == MODEL_RUNNING || job->state == MODEL_DONE);
}

bool model_is_publishable(const struct model *model, int id)
{
    const struct model_job *job = &model->pg.jobs[id];
    int seen_at = model->pg.seen_at[job->worker];
    switch (job->state) {
    case MODEL_QUEUED:
        return true;
    case MODEL_WAITING:
        return job->wait_until < model->now + 15;
    case MODEL_RUNNING:
        return seen_at < model->now - 3 * MODEL_LEASE_S;
    default:
        return false;
    }
}

/* --- the commit: commit.sql --- */

/* mark_verdict, of the batch's first page; its others follow. */
static enum model_verdict judge(const struct model *model, const struct model_batch *batch)
{
    const struct model_job *job = &model->pg.jobs[batch->job];
    bool is_fenced =
        batch->epoch == job->epoch && batch->owner == job->owner && job->state == MODEL_RUNNING;
    bool is_in = batch->count ? batch->from + batch->count - 1 <= job->page : !job->owner;
    if (!model->rules.recognises)
        return is_fenced ? MODEL_APPLIED : MODEL_REFUSED;
    if (batch->epoch == job->epoch && is_in)
        return MODEL_SKIPPED;
    if (!is_fenced && model->rules.fences)
        return MODEL_REFUSED;
    return !batch->count || batch->from == job->page + 1 ? MODEL_APPLIED : MODEL_REFUSED;
}

static void end_turn(struct model *model, struct model_job *job,
                     const struct model_batch *batch)
{
    static const enum model_state states[] = {[MODEL_ENDS] = MODEL_DONE,
                                              [MODEL_RETURNS] = MODEL_QUEUED,
                                              [MODEL_WAITS] = MODEL_WAITING};
    if (is_end(job->state)) {
        model_breaks(model, "a job has ended twice");
        return;
    }
    job->state = states[batch->end];
    job->owner = 0;
    if (batch->end == MODEL_ENDS) {
        finish_run(model, batch->job / MODEL_JOBS_A_RUN);
        return;
    }
    job->worker = 0;
    job->wait_until = model->now + MODEL_LEASE_S;
    job->is_enqueued = batch->end == MODEL_WAITS && job->is_enqueued;
}

static void write_page(struct model *model, struct model_job *job, int page, int cursor)
{
    if (++job->written[page] > 1)
        model_breaks(model, "a page was written twice");
    job->page = page;
    job->cursors[page] = job->cursor = cursor;
}

/* What a worker is told to be in must be what it has sent. */
static void check_skipped(struct model *model, const struct model_job *job,
                          const struct model_batch *batch)
{
    for (int i = 0; i < batch->count; i++)
        if (job->cursors[batch->from + i] != batch->cursors[i])
            model_breaks(model, "another page was taken for one that is in");
}

enum model_verdict model_commit(struct model *model, const struct model_batch *batch)
{
    struct model_job *job = &model->pg.jobs[batch->job];
    enum model_verdict verdict = judge(model, batch);
    if (verdict == MODEL_SKIPPED)
        check_skipped(model, job, batch);
    if (verdict != MODEL_APPLIED)
        return verdict;
    bool follows = !batch->count || batch->before == job->cursor;
    for (int i = 0; i < batch->count; i++)
        write_page(model, job, batch->from + i, batch->cursors[i]);
    if (!follows)
        model_breaks(model, "a page does not follow the one before it");
    if (batch->end != MODEL_GOES_ON)
        end_turn(model, job, batch);
    return verdict;
}
