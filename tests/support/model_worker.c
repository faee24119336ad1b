#include "tests/support/model.h"

/* worker/claim.c, beat.c, crawl/crawl.c */

static void drop(struct model_held *held)
{
    *held = (struct model_held){0};
}

static void put_back(struct model *model, struct model_held *held, int delay_s)
{
    model_retry(model, held->job, held->token, delay_s);
    drop(held);
}

static struct model_held *find_held(struct model_worker *worker, int job)
{
    for (int i = 0; i < MODEL_SLOTS; i++)
        if (worker->held[i].stage != MODEL_FREE && worker->held[i].job == job)
            return &worker->held[i];
    return NULL;
}

/* --- from the queue to the first request --- */

/* A claim that got no answer is repeated with its token. A lease for a job that is held: Redis
 * forgot the old one. */
static void claim(struct model *model, struct model_worker *worker, struct model_held *free)
{
    bool again = worker->unanswered_token;
    int token = again ? worker->unanswered_token : model_number(model);
    int job = model_lease(model, token, again);
    worker->unanswered_token = model_happens(model, 5) ? token : 0;
    if (worker->unanswered_token || job < 0)
        return;
    struct model_held *held = find_held(worker, job);
    if (held)
        held->token = token;
    else
        *free = (struct model_held){
            .stage = MODEL_CLAIMED, .job = job, .token = token, .leased_at = model->now};
    model_trace(model, "worker %d leases job %d", worker->id, job);
}

/* After an answer that was lost the job may be ours in PostgreSQL: a beat gives it back. */
static void activate(struct model *model, struct model_worker *worker, struct model_held *held)
{
    if (model->now - held->leased_at > MODEL_LEASE_S / 3) {
        put_back(model, held, 0);
        return;
    }
    int owner = model_number(model);
    enum model_activation got = model_activate(model, held->job, worker->id, owner);
    model_trace(model, "worker %d activates job %d: %s", worker->id, held->job,
                got == MODEL_TOOK ? "taken" : "not taken");
    if (got == MODEL_GONE) {
        model_done(model, held->job, held->token);
        drop(held);
    } else if (got == MODEL_BUSY || model_happens(model, 5)) {
        put_back(model, held, 1);
    } else {
        const struct model_job *job = &model->pg.jobs[held->job];
        held->stage = MODEL_TAKEN;
        held->epoch = job->epoch;
        held->owner = owner;
        held->page = job->page;
        held->cursor = job->cursor;
    }
}

static void beat_first(struct model *model, struct model_held *held)
{
    if (model_extend(model, held->job, held->token))
        held->stage = MODEL_CRAWLS;
    else
        drop(held);
}

/* --- the crawl --- */

static void fetch(struct model *model, struct model_held *held)
{
    struct model_batch *batch = &held->batch;
    if (!batch->count)
        batch->before = held->cursor;
    if (!batch->count)
        batch->from = held->page + 1;
    held->cursor = batch->cursors[batch->count++] = model_number(model);
    held->page++;
    if (++model->fetched[held->job][held->page] > 1 && !model->has_lost_worker)
        model_breaks(model, "a page was asked for again, and no worker was lost");
    if (held->page == MODEL_PAGES)
        batch->end = MODEL_ENDS;
}

static bool is_heard(const struct model *model, int worker, int slot)
{
    for (int i = 0; i < MODEL_MESSAGES; i++) {
        const struct model_message *message = &model->messages[i];
        if (message->is_used && !message->is_given_up && message->worker == worker &&
            message->slot == slot)
            return true;
    }
    return false;
}

/* The same batch again where the answer to it was lost: whether it is in is not known. */
static void send(struct model *model, struct model_worker *worker, int slot)
{
    struct model_held *held = &worker->held[slot];
    if (is_heard(model, worker->id, slot))
        return;
    for (int i = 0; i < MODEL_MESSAGES; i++) {
        if (model->messages[i].is_used)
            continue;
        held->batch.job = held->job;
        held->batch.epoch = held->epoch;
        held->batch.owner = held->owner;
        model->messages[i] = (struct model_message){
            .is_used = true, .worker = worker->id, .slot = slot, .batch = held->batch};
        model_trace(model, "worker %d sends job %d from page %d%s", worker->id, held->job,
                    held->batch.from, held->is_sent ? " again" : "");
        held->is_sent = true;
        return;
    }
}

static void crawl(struct model *model, struct model_worker *worker, int slot)
{
    struct model_held *held = &worker->held[slot];
    struct model_batch *batch = &held->batch;
    bool is_full = batch->count == MODEL_BATCH || batch->end != MODEL_GOES_ON;
    if (held->is_sent || is_full || (batch->count && model_happens(model, 30))) {
        send(model, worker, slot);
    } else if (model_happens(model, 5)) {
        batch->end = model_happens(model, 50) ? MODEL_RETURNS : MODEL_WAITS;
    } else {
        fetch(model, held);
    }
}

void model_work(struct model *model, struct model_worker *worker)
{
    int slot = (int)rng_below(&model->rng, MODEL_SLOTS);
    struct model_held *held = &worker->held[slot];
    switch (held->stage) {
    case MODEL_FREE:
        claim(model, worker, held);
        break;
    case MODEL_CLAIMED:
        activate(model, worker, held);
        break;
    case MODEL_TAKEN:
        beat_first(model, held);
        break;
    case MODEL_CRAWLS:
        crawl(model, worker, slot);
        break;
    }
}

/* --- the answer to a commit --- */

void model_answer(struct model *model, struct model_message *message)
{
    struct model_worker *worker = model_worker_find(model, message->worker);
    struct model_held *held = worker ? &worker->held[message->slot] : NULL;
    if (!held || message->is_given_up || held->owner != message->batch.owner)
        return;
    enum model_end end = held->batch.end;
    held->batch = (struct model_batch){0};
    held->is_sent = false;
    if (message->verdict == MODEL_REFUSED) {
        drop(held);
    } else if (end == MODEL_ENDS) {
        model_done(model, held->job, held->token);
        drop(held);
    } else if (end != MODEL_GOES_ON) {
        put_back(model, held, end == MODEL_WAITS ? MODEL_LEASE_S : 0);
    }
}

/* --- beats --- */

/* A lease that Redis does not know: the fence is still ours, as the round before it said. */
static void beat_lease(struct model *model, struct model_held *held)
{
    if (model_happens(model, 5) || model_extend(model, held->job, held->token))
        return;
    model_trace(model, "the lease of job %d is lost", held->job);
    if (model->rules.adopts)
        model_adopt(model, held->job, held->token);
    else
        drop(held);
}

void model_worker_beats(struct model *model, struct model_worker *worker)
{
    model_beat(model, worker);
    for (int i = 0; i < MODEL_SLOTS; i++) {
        struct model_held *held = &worker->held[i];
        if (held->stage != MODEL_CRAWLS)
            continue;
        if (!model_is_held(model, held->job, worker->id))
            drop(held);
        else
            beat_lease(model, held);
    }
    worker->beat_at = model->now + MODEL_BEAT_S;
}
