#include "core/ownership.h"

#include <errno.h>
#include <signal.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"

enum {
    TIMEOUT_MS = 20000,
    HELD_LIST_BYTES = 1 << 20, /* 21 bytes a job */
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
    bool asked_again; /* with the id of a worker whose process is gone */
    struct arena *arena;
    struct ownership_activation answer;
    ownership_take_fn fn;
    void *ctx;
};

/* The fields of pagetide.activation, in its order. */
enum field {
    FIELD_VERDICT,
    FIELD_WAIT_MS,
    FIELD_OTHER_WORKER,
    FIELD_OTHER_HOST,
    FIELD_OTHER_PID,
    FIELD_ID,
    FIELD_RUN,
    FIELD_N,
    FIELD_STREAM,
    FIELD_VERSION,
    FIELD_SPEC,
    FIELD_PART,
    FIELD_MODE,
    FIELD_WINDOW_FROM,
    FIELD_WINDOW_TO,
    FIELD_BOOKMARK,
    FIELD_STARTED_US,
    FIELD_EPOCH,
    FIELD_OWNER,
    FIELD_CHECKPOINT,
    FIELD_PAGE,
    FIELD_RECORDS,
    FIELD_REJECTS,
    FIELD_ATTEMPT,
    FIELD_TOLD_WAITS,
    FIELD_CRASHES,
    FIELD_ELAPSED_MS,
    FIELD_COUNT,
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
#define TEXT(field)   arena_str(arena, pg_get_str(row, 0, FIELD_##field))
#define NUMBER(field) pg_get_int(row, 0, FIELD_##field)
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
        .crashes = (int)NUMBER(CRASHES),
        .elapsed_ms = NUMBER(ELAPSED_MS),
    };
#undef TEXT
#undef NUMBER
    return job;
}

static void on_ledger(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct activating *activating = ctx;
    if (err) {
        activate_end(activating, err);
        return;
    }
    size_t count = pg_rows(result);
    int64_t *requests = ARENA_ARRAY(activating->arena, int64_t, count);
    int64_t *records = ARENA_ARRAY(activating->arena, int64_t, count);
    for (size_t i = 0; i < count; i++) {
        requests[i] = pg_get_int(result, i, 0);
        records[i] = pg_get_int(result, i, 1);
    }
    activating->answer.request_hashes = requests;
    activating->answer.records_hashes = records;
    activating->answer.page_count = count;
    activate_end(activating, NULL);
}

static void ledger_ask(struct activating *activating)
{
    const struct pg_value params[] = {pg_int(activating->job)};
    pg_query(activating->pg,
             "select request_hash, records_hash from pagetide.page where job = $1 "
             "order by number",
             params, COUNT_OF(params), TIMEOUT_MS, on_ledger, activating);
}

/* Says the row that another worker of this host stands in the way, whose process is gone? */
static bool other_is_gone(const struct activating *activating, const struct pg_result *row)
{
    int64_t pid = pg_get_int(row, 0, FIELD_OTHER_PID);
    return str_eq(pg_get_str(row, 0, FIELD_OTHER_HOST), activating->worker->host) && pid > 0 &&
           kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static void activate_ask(struct activating *activating, struct pg_value known_gone);

static void on_activated(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct activating *activating = ctx;
    struct ownership_activation *answer = &activating->answer;
    struct err broken = ERR_INIT;
    if (!err && (pg_rows(result) != 1 || pg_columns(result) != FIELD_COUNT ||
                 !verdict_parse(pg_get_str(result, 0, FIELD_VERDICT), &answer->verdict))) {
        err_set(&broken, ERR_BUG, "ownership", 0, "activation of job %lld: unknown answer",
                (long long)activating->job);
        err = &broken;
    }
    if (err) {
        activate_end(activating, err);
        return;
    }
    bool refused = answer->verdict == OWNERSHIP_BUSY || answer->verdict == OWNERSHIP_GONE;
    if (refused && !activating->asked_again && other_is_gone(activating, result)) {
        activating->asked_again = true;
        activate_ask(activating, pg_get(result, 0, FIELD_OTHER_WORKER));
        return;
    }
    answer->wait_ms = pg_get_int(result, 0, FIELD_WAIT_MS);
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
    pg_query(activating->pg, "select * from pagetide.activate($1, $2, $3, $4, $5, $6, $7)",
             params, COUNT_OF(params), TIMEOUT_MS, on_activated, activating);
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

/* --- beats --- */

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
    size_t count = pg_rows(result);
    AUTO_FREE int64_t *lost = mem_alloc(count * sizeof *lost);
    for (size_t i = 0; i < count; i++)
        lost[i] = pg_get_int(result, i, 0);
    beating.fn(beating.ctx, lost, count, NULL);
}

/* PostgreSQL's array literal: {1,2}. */
static void put_jobs(struct buf *buf, const int64_t *jobs, size_t count)
{
    buf_puts(buf, "{");
    for (size_t i = 0; i < count; i++)
        buf_printf(buf, "%s%lld", i ? "," : "", (long long)jobs[i]);
    buf_puts(buf, "}");
}

void ownership_beat(struct pg *pg, const struct ownership_worker *worker, const int64_t *held,
                    size_t held_count, ownership_beat_fn fn, void *ctx)
{
    AUTO_BUF(jobs, HELD_LIST_BYTES);
    put_jobs(&jobs, held, held_count);
    const struct pg_value params[] = {pg_text(worker->id), pg_text(worker->host),
                                      pg_int(worker->pid), pg_text(worker->version),
                                      pg_text(buf_str(&jobs))};
    struct beating *beating = mem_alloc(sizeof *beating);
    *beating = (struct beating){fn, ctx};
    pg_query(pg, "select pagetide.beat($1, $2, $3, $4, $5)", params, COUNT_OF(params),
             TIMEOUT_MS, on_beat, beating);
}
