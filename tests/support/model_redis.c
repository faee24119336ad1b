#include "tests/support/model.h"

/* lib/core/lua/common.lua: a time in which nobody could beat is not held against a lease. */
static struct model_redis *begin(struct model *model)
{
    struct model_redis *redis = &model->redis;
    for (int i = 0; i < MODEL_JOBS; i++)
        if (model->now - redis->seen > MODEL_LEASE_S / 2 &&
            redis->entries[i].place == MODEL_LEASED)
            redis->entries[i].until = model->now + MODEL_LEASE_S;
    redis->seen = model->now;
    return redis;
}

static bool stands_somewhere(const struct model_entry *entry)
{
    return entry->place != MODEL_NOWHERE && !entry->is_cancelled;
}

static void hold(const struct model *model, struct model_entry *entry, int token)
{
    entry->place = MODEL_LEASED;
    entry->until = model->now + MODEL_LEASE_S;
    entry->token = token;
}

static void release(const struct model *model, struct model_entry *entry, int delay_s)
{
    bool is_cancelled = entry->is_cancelled;
    *entry = (struct model_entry){0};
    if (is_cancelled)
        return;
    entry->place = delay_s ? MODEL_DELAYED : MODEL_READY;
    entry->until = model->now + delay_s;
}

bool model_knows(const struct model *model, int job)
{
    return stands_somewhere(&model->redis.entries[job]);
}

void model_enqueue(struct model *model, int job)
{
    struct model_entry *entry = &begin(model)->entries[job];
    if (!stands_somewhere(entry))
        *entry = (struct model_entry){.place = MODEL_READY};
}

int model_lease(struct model *model, int token, bool again)
{
    struct model_redis *redis = begin(model);
    int found = -1, first = (int)rng_below(&model->rng, MODEL_JOBS);
    for (int i = 0; i < MODEL_JOBS; i++) {
        struct model_entry *entry = &redis->entries[i];
        bool is_timed = entry->place == MODEL_LEASED || entry->place == MODEL_DELAYED;
        if (is_timed && entry->until <= model->now)
            release(model, entry, 0);
    }
    for (int i = 0; i < MODEL_JOBS; i++) {
        int job = (first + i) % MODEL_JOBS;
        if (again && redis->entries[job].place == MODEL_LEASED &&
            redis->entries[job].token == token)
            found = job;
        if (found < 0 && !again && redis->entries[job].place == MODEL_READY)
            found = job;
    }
    if (found < 0 && again)
        return model_lease(model, token, false);
    if (found >= 0)
        hold(model, &redis->entries[found], token);
    return found;
}

static bool is_holder(const struct model_entry *entry, int token)
{
    return entry->place == MODEL_LEASED && entry->token == token;
}

bool model_extend(struct model *model, int job, int token)
{
    struct model_entry *entry = &begin(model)->entries[job];
    if (!is_holder(entry, token))
        return false;
    entry->until = model->now + MODEL_LEASE_S;
    return true;
}

void model_done(struct model *model, int job, int token)
{
    struct model_entry *entry = &begin(model)->entries[job];
    if (is_holder(entry, token))
        *entry = (struct model_entry){0};
}

void model_retry(struct model *model, int job, int token, int delay_s)
{
    struct model_entry *entry = &begin(model)->entries[job];
    if (is_holder(entry, token))
        release(model, entry, delay_s);
}

void model_adopt(struct model *model, int job, int token)
{
    struct model_entry *entry = &begin(model)->entries[job];
    if (entry->place != MODEL_LEASED || entry->token == token)
        hold(model, entry, token);
}

void model_cancel(struct model *model, int job)
{
    struct model_entry *entry = &begin(model)->entries[job];
    if (entry->place == MODEL_LEASED)
        entry->is_cancelled = true;
    else
        *entry = (struct model_entry){0};
}
