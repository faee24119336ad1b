#include "core/ownership.h"

#include <assert.h>

#include "base/buf.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/rng.h"
#include "port/pg_array.h"

enum {
    TIMEOUT_MS = 8000, /* behind a beat's pause: a silent server is noticed within 20 s */
    LEDGER_TIMEOUT_MS = 60000, /* millions of pages are sorted before the first is sent */
    HELD_LIST_BYTES = 4 << 20, /* some 40 bytes a job */
};

/* --- the process --- */

struct calling {
    ownership_done_fn fn;
    void *ctx;
};

static void on_answer(void *ctx, const struct pg_result *result, const struct err *err)
{
    (void)result;
    struct calling calling = *(struct calling *)ctx;
    mem_free(ctx);
    if (calling.fn)
        calling.fn(calling.ctx, err);
}

static struct calling *calling_new(ownership_done_fn fn, void *ctx)
{
    struct calling *calling = mem_alloc(sizeof *calling);
    *calling = (struct calling){fn, ctx};
    return calling;
}

void ownership_register(struct pg *pg, const struct ownership_worker *worker,
                        ownership_done_fn fn, void *ctx)
{
    const struct pg_value params[] = {pg_text(worker->id), pg_text(worker->host),
                                      pg_int(worker->pid), pg_text(worker->version)};
    pg_query(pg, "select pagetide.worker_start($1, $2, $3, $4)", params, COUNT_OF(params),
             TIMEOUT_MS, on_answer, calling_new(fn, ctx));
}

void ownership_unregister(struct pg *pg, struct str worker, ownership_done_fn fn, void *ctx)
{
    const struct pg_value params[] = {pg_text(worker)};
    pg_query(pg, "select pagetide.worker_stop($1)", params, COUNT_OF(params), TIMEOUT_MS,
             on_answer, calling_new(fn, ctx));
}

/* --- activation --- */

struct activating {
    struct pg *pg;
    int64_t job;
    const struct ownership_worker *worker;
    int64_t beat_ms;
    bool may_take_crashed;
    bool is_asked_again; /* with the id of a worker whose process is gone */
    struct arena *arena;
    struct ownership_activation answer;
    ownership_take_fn fn;
    void *ctx;
};

/* The columns of pagetide.activation, in its order: `select *` below. */
enum activation_column {
    ACTIVATION_VERDICT,
    ACTIVATION_WAIT_MS,
    ACTIVATION_OTHER_WORKER,
    ACTIVATION_OTHER_HOST,
    ACTIVATION_OTHER_PID,
    ACTIVATION_ID,
    ACTIVATION_RUN,
    ACTIVATION_N,
    ACTIVATION_STREAM,
    ACTIVATION_VERSION,
    ACTIVATION_SPEC,
    ACTIVATION_PART,
    ACTIVATION_MODE,
    ACTIVATION_WINDOW_FROM,
    ACTIVATION_WINDOW_TO,
    ACTIVATION_BOOKMARK,
    ACTIVATION_STARTED_US,
    ACTIVATION_EPOCH,
    ACTIVATION_OWNER,
    ACTIVATION_CHECKPOINT,
    ACTIVATION_PAGE,
    ACTIVATION_RECORDS,
    ACTIVATION_REJECTS,
    ACTIVATION_ATTEMPT,
    ACTIVATION_TOLD_WAITS,
    ACTIVATION_LOSSES,
    ACTIVATION_ELAPSED_MS,
    ACTIVATION_COLUMNS,
};

static void activate_end(struct activating *activating, const struct err *err)
{
    activating->fn(activating->ctx, err ? NULL : &activating->answer, err);
    mem_free(activating);
}

static bool verdict_parse(struct str text, enum ownership_verdict *ret_verdict)
{
    static const char *const names[] = {
        [OWNERSHIP_TAKEN] = "taken",     [OWNERSHIP_GONE] = "gone",
        [OWNERSHIP_BUSY] = "busy",       [OWNERSHIP_WAITING] = "waiting",
        [OWNERSHIP_CRASHED] = "crashed",
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!str_is(text, names[i]))
            continue;
        *ret_verdict = (enum ownership_verdict)i;
        return true;
    }
    return false;
}

static const struct job *job_read(struct arena *arena, const struct pg_result *row)
{
    struct job *job = ARENA_NEW(arena, struct job);
#define TEXT(column)   arena_str(arena, pg_get_str(row, 0, ACTIVATION_##column))
#define NUMBER(column) pg_get_int(row, 0, ACTIVATION_##column)
    *job = (struct job){
        .id = NUMBER(ID),
        .run = NUMBER(RUN),
        .n = (int)NUMBER(N),
        .stream = TEXT(STREAM),
        .version = (int)NUMBER(VERSION),
        .spec = TEXT(SPEC),
        .part = TEXT(PART),
        .mode = TEXT(MODE),
        .window_from = TEXT(WINDOW_FROM),
        .window_to = TEXT(WINDOW_TO),
        .bookmark = TEXT(BOOKMARK),
        .started_us = NUMBER(STARTED_US),
        .epoch = NUMBER(EPOCH),
        .owner = TEXT(OWNER),
        .checkpoint = TEXT(CHECKPOINT),
        .page = (int)NUMBER(PAGE),
        .records = NUMBER(RECORDS),
        .rejects = NUMBER(REJECTS),
        .attempt = (int)NUMBER(ATTEMPT),
        .server_waits = (int)NUMBER(TOLD_WAITS),
        .losses = (int)NUMBER(LOSSES),
        .elapsed_ms = NUMBER(ELAPSED_MS),
    };
#undef TEXT
#undef NUMBER
    return job;
}

static const char ledger_sql[] =
    "select request_hash, records_hash, coalesce(leg, 0) from pagetide.page p "
    "where job = any (pagetide.ledger_jobs($1)) "
    "and (leg is null or exists (select from pagetide.job_leg l where l.job = p.job "
    "and l.n = p.leg and l.state is null)) order by job, number";
enum ledger_column { LEDGER_REQUEST_HASH, LEDGER_RECORDS_HASH, LEDGER_LEG, LEDGER_COLUMNS };

static void on_ledger(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct activating *activating = ctx;
    if (err) {
        activate_end(activating, err);
        return;
    }
    assert(pg_columns(result) == LEDGER_COLUMNS);
    size_t count = pg_rows(result);
    int64_t *requests = ARENA_ARRAY(activating->arena, int64_t, count);
    int64_t *records = ARENA_ARRAY(activating->arena, int64_t, count);
    int *legs = ARENA_ARRAY(activating->arena, int, count);
    for (size_t i = 0; i < count; i++) {
        requests[i] = pg_get_int(result, i, LEDGER_REQUEST_HASH);
        records[i] = pg_get_int(result, i, LEDGER_RECORDS_HASH);
        legs[i] = (int)pg_get_int(result, i, LEDGER_LEG);
    }
    activating->answer.request_hashes = requests;
    activating->answer.records_hashes = records;
    activating->answer.legs = legs;
    activating->answer.page_count = count;
    activate_end(activating, NULL);
}

static void ledger_ask(struct activating *activating)
{
    assert(activating->answer.verdict == OWNERSHIP_TAKEN && activating->answer.job);
    const struct pg_value params[] = {pg_int(activating->job)};
    pg_query(activating->pg, ledger_sql, params, COUNT_OF(params), LEDGER_TIMEOUT_MS, on_ledger,
             activating);
}

/* Is the owner a worker of this host, and its process gone? */
static bool other_is_gone(const struct activating *activating, const struct pg_result *row)
{
    return str_eq(pg_get_str(row, 0, ACTIVATION_OTHER_HOST), activating->worker->host) &&
           process_is_gone(pg_get_int(row, 0, ACTIVATION_OTHER_PID));
}

static void activate_ask(struct activating *activating, struct pg_value known_gone);

static void on_activated(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct activating *activating = ctx;
    struct ownership_activation *answer = &activating->answer;
    struct err broken = ERR_INIT;
    if (!err && (pg_rows(result) != 1 || pg_columns(result) != ACTIVATION_COLUMNS ||
                 !verdict_parse(pg_get_str(result, 0, ACTIVATION_VERDICT), &answer->verdict))) {
        err_set(&broken, ERR_BUG, "ownership", 0, "activation of job %lld: unknown answer",
                (long long)activating->job);
        err = &broken;
    }
    if (err) {
        activate_end(activating, err);
        return;
    }
    bool is_refused = answer->verdict == OWNERSHIP_BUSY || answer->verdict == OWNERSHIP_GONE;
    if (is_refused && !activating->is_asked_again && other_is_gone(activating, result)) {
        activating->is_asked_again = true;
        activate_ask(activating, pg_get(result, 0, ACTIVATION_OTHER_WORKER));
        return;
    }
    answer->wait_ms = pg_get_int(result, 0, ACTIVATION_WAIT_MS);
    if (answer->verdict != OWNERSHIP_TAKEN) {
        activate_end(activating, NULL);
        return;
    }
    answer->job = job_read(activating->arena, result);
    ledger_ask(activating);
}

static void activate_ask(struct activating *activating, struct pg_value known_gone)
{
    char owner[RNG_TOKEN_BYTES];
    rng_token(owner);
    const struct pg_value params[] = {
        pg_int(activating->job),
        pg_text(activating->worker->id),
        pg_text(activating->worker->host),
        pg_text(str_from(owner)),
        pg_int(activating->beat_ms),
        pg_bool(activating->may_take_crashed),
        known_gone,
    };
    pg_query(activating->pg,
             "select * from pagetide.activate($1, $2, $3, $4, $5, $6, $7, true)", params,
             COUNT_OF(params), TIMEOUT_MS, on_activated, activating);
}

void ownership_take(struct pg *pg, int64_t job, const struct ownership_worker *worker,
                    int64_t beat_ms, bool may_take_crashed, struct arena *arena,
                    ownership_take_fn fn, void *ctx)
{
    struct activating *activating = mem_alloc(sizeof *activating);
    *activating = (struct activating){.pg = pg,
                                      .job = job,
                                      .worker = worker,
                                      .beat_ms = beat_ms,
                                      .may_take_crashed = may_take_crashed,
                                      .arena = arena,
                                      .fn = fn,
                                      .ctx = ctx};
    activate_ask(activating, PG_NULL);
}

/* --- a page --- */

static void on_entered(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct calling calling = *(struct calling *)ctx;
    struct err lost = ERR_INIT;
    enum { IS_OURS };
    mem_free(ctx);
    if (!err && !pg_get_bool(result, 0, IS_OURS)) {
        err_set(&lost, ERR_AGAIN, "ownership", 0, "another process has the job");
        err = &lost;
    }
    calling.fn(calling.ctx, err);
}

void ownership_enter_page(struct pg *pg, const struct job *job, ownership_done_fn fn, void *ctx)
{
    const struct pg_value params[] = {pg_int(job->id), pg_int(job->epoch), pg_text(job->owner)};
    pg_query(pg, "select pagetide.enter_page($1, $2, $3)", params, COUNT_OF(params), TIMEOUT_MS,
             on_entered, calling_new(fn, ctx));
}

void ownership_leave_page(struct pg *pg, const struct job *job)
{
    const struct pg_value params[] = {pg_int(job->id), pg_int(job->epoch), pg_text(job->owner)};
    pg_query(pg, "select pagetide.leave_page($1, $2, $3)", params, COUNT_OF(params), TIMEOUT_MS,
             NULL, NULL);
}

/* --- beats --- */

static const char beat_sql[] = "select pagetide.beat($1, $2, $3, $4, $5, $6)";
enum beat_column { BEAT_LOST_JOB, BEAT_COLUMNS };

struct beating {
    ownership_beat_fn fn;
    void *ctx;
};

static void on_beat(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct beating beating = *(struct beating *)ctx;
    mem_free(ctx);
    if (err) {
        beating.fn(beating.ctx, NULL, 0, err);
        return;
    }
    assert(pg_columns(result) == BEAT_COLUMNS);
    size_t count = pg_rows(result);
    AUTO_FREE int64_t *lost = mem_alloc(count * sizeof *lost);
    for (size_t i = 0; i < count; i++)
        lost[i] = pg_get_int(result, i, BEAT_LOST_JOB);
    beating.fn(beating.ctx, lost, count, NULL);
}

static void put_steps(struct buf *buf, const struct ownership_held *held, size_t held_count)
{
    struct json_out out = {.buf = buf};
    char job[24];
    json_out_open(&out, NULL, '{');
    for (size_t i = 0; i < held_count; i++) {
        snprintf(job, sizeof job, "%lld", (long long)held[i].job);
        json_out_str(&out, job, str_from(held[i].step));
    }
    json_out_close(&out, '}');
}

void ownership_beat(struct pg *pg, const struct ownership_worker *worker,
                    const struct ownership_held *held, size_t held_count, ownership_beat_fn fn,
                    void *ctx)
{
    AUTO_BUF(jobs, HELD_LIST_BYTES);
    AUTO_BUF(steps, HELD_LIST_BYTES);
    AUTO_FREE int64_t *ids = mem_alloc(held_count * sizeof *ids);
    for (size_t i = 0; i < held_count; i++)
        ids[i] = held[i].job;
    pg_array_put(&jobs, ids, held_count);
    put_steps(&steps, held, held_count);
    const struct pg_value params[] = {pg_text(worker->id),     pg_text(worker->host),
                                      pg_int(worker->pid),     pg_text(worker->version),
                                      pg_text(buf_str(&jobs)), pg_text(buf_str(&steps))};
    struct beating *beating = mem_alloc(sizeof *beating);
    *beating = (struct beating){fn, ctx};
    pg_query(pg, beat_sql, params, COUNT_OF(params), TIMEOUT_MS, on_beat, beating);
}
