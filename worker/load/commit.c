#include "worker/load/commit.h"

#include "base/mem.h"
#include "port/pg_sql.h"
#include "port/sqlstate.h"
#include "worker/load/attempt.h"
#include "worker/load/blame.h"
#include "worker/load/commit_message.h"
#include "worker/load/direct.h"

/*
 * Each phase is one query; its callback starts the next one or looks at the error. Nothing else
 * says where a commit is: exactly one of the attempt, a query and the blame is under way.
 *
 *     on_begin (a session is held)
 *        │
 *        ├─ enter ── on_entered ──► COPY into the table ─┐
 *        │    │ refused: rollback                        │
 *        │    ▼                                          ▼
 *        ├─ stage ── on_staged ──► COPY ── on_copied ──► message ── on_committed ──► verdicts
 *        │ no rows                                       ▲
 *        └───────────────────────────────────────────────┘
 *
 * The upper way (direct.h) is tried first where it is possible. Whatever is refused there,
 * other than by a server that is away, is rolled back and goes the middle way, which knows how
 * to find a bad row, a page that is not to be stored, and a table that is not as the rows were
 * cut for.
 *
 * On an error of the middle way step_failed decides by its kind:
 *
 *     AGAIN, BUG   attempt_retry: the whole batch again from on_begin, maybe in another session
 *     INPUT        find_blame: values that do not fit go aside, rows that are refused leave the
 *                  batch and become rejects of their pages; then again from stage, in the same
 *                  session. At most
 *                  BLAME_ROUNDS_MAX times, and never with `on_mismatch: fail`
 *     CONFIG       look_at_catalogue, once: where the table still has all columns of our map,
 *                  attempt_retry; else the batch fails
 *     STOPPED      the sessions were closed; our owner frees us without a callback
 *
 * To send a batch again is always safe. Where the commit went through and only its answer was
 * lost, commit_batch finds every mark at a place that the job has passed already, and says
 * "skipped".
 *
 * Example: a batch of 100 rows, row 17 overflows its numeric(6,2). COPY takes it (the staging
 * column is text), the merge fails with 22003. find_misfits names the value, which goes aside;
 * stage empties the staging table, COPY sends the 100 rows anew. Had row 17 broken a constraint
 * of the table instead, find_bad_rows would name it, and it would become a reject.
 */
enum {
    STAGE_TIMEOUT_MS = 60000,
    COPY_TIMEOUT_MS = 60000,    /* without a byte moved */
    COMMIT_TIMEOUT_MS = 600000, /* one statement: the merge of a whole batch; or a lock */
    BLAME_ROUNDS_MAX = 8,
    MESSAGE_BYTES_MAX = 512 << 20, /* half of what PostgreSQL takes as a parameter */
};

/* One row a mark, in the order of the marks. */
#define VERDICTS                                                                               \
    "select n, verdict, ended, state, run_ended, run_state, warnings, reason, error "          \
    "from pagetide.commit_batch("
enum {
    VERDICT_N,
    VERDICT_VERDICT,
    VERDICT_ENDED,
    VERDICT_STATE,
    VERDICT_RUN_ENDED,
    VERDICT_RUN,
    VERDICT_WARNINGS,
    VERDICT_REASON,
    VERDICT_ERROR,
};

struct commit {
    struct commit_options options;
    commit_fn fn;
    void *ctx;
    struct attempt attempt;
    struct pg *pg;    /* of the session held */
    bool is_direct;   /* on the upper way */
    bool was_refused; /* … once: not again */
    struct buf message;
    struct row_keys keys; /* of the rows as they are in the message */
    struct blame *blame;
    int blame_rounds;
    struct column_map *fresh;
    bool has_reread;
    struct err cause; /* what the search for bad rows, or the look at the catalogue, is about */
};

static void stage(struct commit *commit);
static void leave_table(struct commit *commit, const struct err *err);

static void end(struct commit *commit, const struct pg_result *verdicts, const struct err *err,
                enum job_reason reason)
{
    struct commit_result result = {verdicts, err, reason, commit->fresh};
    commit->fn(commit->ctx, &result);
}

static void fail(struct commit *commit, const struct err *err, enum job_reason reason)
{
    struct err copy = *err;
    attempt_done(&commit->attempt);
    end(commit, NULL, &copy, reason);
}

static void on_give_up(void *ctx, const struct err *err)
{
    end(ctx, NULL, err, REASON_SERVER);
}

/* --- the catalogue does not fit: read it again, once --- */

static void on_reread(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct commit *commit = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err) {
        attempt_retry(&commit->attempt, err);
        return;
    }
    column_map_unref(commit->fresh);
    commit->fresh = column_map_new(result, commit->options.stream);
    if (commit->options.map && !column_map_covers(commit->fresh, commit->options.map)) {
        fail(commit, &commit->cause, REASON_DEFINITION);
        return;
    }
    attempt_retry(&commit->attempt, &commit->cause);
}

static void look_at_catalogue(struct commit *commit, const struct err *err)
{
    const struct stream *stream = commit->options.stream;
    const struct pg_value params[] = {pg_text(stream->name), pg_text(stream->table.schema),
                                      pg_text(stream->table.name)};
    commit->has_reread = true;
    commit->cause = *err;
    pg_query(commit->pg, "select * from pagetide.columns($1, $2, $3, null)", params,
             COUNT_OF(params), STAGE_TIMEOUT_MS, on_reread, commit);
}

/* --- data errors: what is to blame goes aside, or leaves the batch --- */

static void on_blamed(void *ctx, size_t count, const struct err *err)
{
    struct commit *commit = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    blame_free(TAKE(commit->blame));
    if (err)
        attempt_retry(&commit->attempt, err);
    else if (count == 0)
        fail(commit, &commit->cause, REASON_SERVER);
    else
        stage(commit);
}

static void find_blame(struct commit *commit, const struct err *err, bool in_copy)
{
    const struct commit_options *options = &commit->options;
    const struct stream *stream = options->stream;
    bool is_forbidden = stream && stream->table.on_mismatch == MISMATCH_FAIL;
    if (is_forbidden || !options->map || commit->blame_rounds++ >= BLAME_ROUNDS_MAX) {
        fail(commit, err, is_forbidden ? REASON_REJECTS : REASON_SERVER);
        return;
    }
    commit->cause = *err;
    const struct blame_options blame = {
        .pg = commit->pg,
        .batch = options->batch,
        .loader = options->loader,
        .columns = &options->map->columns,
        .on_mismatch = stream ? stream->table.on_mismatch : MISMATCH_ASIDE,
        .message = buf_str(&commit->message),
    };
    commit->blame = (in_copy ? blame_copy : blame_merge)(&blame, on_blamed, commit);
}

static void step_failed(struct commit *commit, const struct err *err, bool in_copy)
{
    if (commit->is_direct) {
        leave_table(commit, err);
        return;
    }
    switch (err->kind) {
    case ERR_STOPPED:
        return;
    case ERR_INPUT:
        find_blame(commit, err, in_copy);
        return;
    case ERR_CONFIG:
        if (commit->options.stream && sqlstate_is_schema(err->sqlstate) && !commit->has_reread)
            look_at_catalogue(commit, err);
        else
            fail(commit, err, REASON_DEFINITION);
        return;
    case ERR_NONE:
    case ERR_AGAIN:
    case ERR_BUG:
        attempt_retry(&commit->attempt, err);
    }
}

/* --- the way --- */

static void on_committed(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct commit *commit = ctx;
    if (err) {
        step_failed(commit, err, false);
        return;
    }
    attempt_done(&commit->attempt);
    end(commit, result, NULL, REASON_NONE);
}

/* Both in one message: the locks that it takes wait for nobody. */
static void send_and_commit(struct commit *commit)
{
    AUTO_BUF(sql, 2 * (size_t)MESSAGE_BYTES_MAX);
    buf_puts(&sql, VERDICTS);
    pg_sql_put_string(&sql, buf_str(&commit->message));
    buf_puts(&sql, ") order by n; commit");
    pg_query(commit->pg, sql.ptr, NULL, 0, COMMIT_TIMEOUT_MS, on_committed, commit);
}

/* The hashes are read anew each time: rows may have left the batch. */
static void put_message(struct commit *commit)
{
    const struct commit_options *options = &commit->options;
    bool has_rows = options->map && options->batch->row_count;
    struct commit_message message = {
        .worker = options->worker,
        .batch = options->batch,
        .stream = options->stream,
        .map = has_rows ? options->map : NULL,
        .loader = options->loader,
        .rows = commit->is_direct ? ROWS_IN_TABLE : ROWS_STAGED,
    };
    if (has_rows && direct_hashes_keys(options->stream, options->map)) {
        row_keys_read(&commit->keys, options->batch, &options->map->columns);
        message.keys = &commit->keys;
    }
    buf_reset(&commit->message);
    commit_message_put(&commit->message, &message);
}

static void send_message(struct commit *commit)
{
    put_message(commit);
    if (commit->message.has_overflowed) {
        struct err err = ERR_INIT;
        err_set(&err, ERR_INPUT, "load", 0, "the batch's marks and rejects exceed %d bytes",
                MESSAGE_BYTES_MAX);
        fail(commit, &err, REASON_SERVER);
        return;
    }
    if (commit->is_direct) {
        send_and_commit(commit);
        return;
    }
    struct pg_value batch = pg_text(buf_str(&commit->message));
    pg_query(commit->pg, VERDICTS "$1) order by n", &batch, 1, COMMIT_TIMEOUT_MS, on_committed,
             commit);
}

static void on_copied(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct commit *commit = ctx;
    (void)result;
    if (err)
        step_failed(commit, err, true);
    else
        send_message(commit);
}

static void on_staged(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct commit *commit = ctx;
    const struct commit_options *options = &commit->options;
    (void)result;
    if (err && err->kind == ERR_INPUT) {
        fail(commit, err, REASON_DEFINITION); /* no row is to blame: none has been sent */
        return;
    }
    if (err) {
        step_failed(commit, err, true);
        return;
    }
    sessions_note_stage(commit->attempt.session, options->loader, options->map->number);
    AUTO_BUF(sql, KIB(1));
    blame_put_copy_sql(&sql, options->loader);
    batch_close(options->batch);
    pg_copy(commit->pg, sql.ptr, buf_str(&options->batch->rows), COPY_TIMEOUT_MS, on_copied,
            commit);
}

static void stage(struct commit *commit)
{
    const struct commit_options *options = &commit->options;
    if (!options->map || !options->batch->row_count) {
        send_message(commit);
        return;
    }
    unsigned there = sessions_find_stage(commit->attempt.session, options->loader);
    AUTO_BUF(sql, MIB(4));
    column_map_put_stage_sql(&sql, options->map, options->loader,
                             there == options->map->number);
    pg_query(commit->pg, sql.ptr, NULL, 0, STAGE_TIMEOUT_MS, on_staged, commit);
}

/* --- straight into the table --- */

static void on_left(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct commit *commit = ctx;
    (void)result;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err)
        attempt_retry(&commit->attempt, err);
    else
        stage(commit);
}

/* Nothing of it stays; from now on the batch goes by the staging table. */
static void leave_table(struct commit *commit, const struct err *err)
{
    if (err->kind == ERR_STOPPED)
        return;
    commit->is_direct = false;
    commit->was_refused = err->kind != ERR_AGAIN || *err->sqlstate;
    batch_aim_at_stage(commit->options.batch);
    if (err->kind == ERR_AGAIN)
        attempt_retry(&commit->attempt, err);
    else
        pg_query(commit->pg, "rollback", NULL, 0, STAGE_TIMEOUT_MS, on_left, commit);
}

static void on_entered(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct commit *commit = ctx;
    const struct commit_options *options = &commit->options;
    enum { TIME };
    if (err) {
        leave_table(commit, err);
        return;
    }
    AUTO_BUF(sql, MIB(4));
    direct_put_copy_sql(&sql, options->stream, options->map);
    batch_aim_at_table(options->batch, pg_get_int(result, 0, TIME));
    batch_close(options->batch);
    pg_copy(commit->pg, sql.ptr, buf_str(&options->batch->rows), COPY_TIMEOUT_MS, on_copied,
            commit);
}

static bool may_enter(const struct commit *commit)
{
    const struct commit_options *options = &commit->options;
    return !commit->was_refused && options->map && options->batch->row_count &&
           direct_is_possible(options->stream, options->map);
}

static void enter_table(struct commit *commit)
{
    AUTO_BUF(sql, 2 * MIB(4));
    commit->is_direct = true;
    direct_put_start_sql(&sql, commit->options.stream, commit->options.map);
    pg_query(commit->pg, sql.ptr, NULL, 0, COMMIT_TIMEOUT_MS, on_entered, commit);
}

static void on_begin(void *ctx, struct session *session)
{
    struct commit *commit = ctx;
    commit->pg = session->pg;
    if (may_enter(commit))
        enter_table(commit);
    else
        stage(commit);
}

struct commit *commit_start(const struct commit_options *options, commit_fn fn, void *ctx)
{
    struct commit *commit = mem_alloc(sizeof *commit);
    commit->options = *options;
    commit->fn = fn;
    commit->ctx = ctx;
    if (options->map)
        column_map_ref(options->map);
    buf_init(&commit->message, MESSAGE_BYTES_MAX);
    commit->attempt = (struct attempt){.give_up_ms = options->give_up_ms,
                                       .on_begin = on_begin,
                                       .on_give_up = on_give_up,
                                       .ctx = commit};
    attempt_start(&commit->attempt, options->sessions);
    return commit;
}

void commit_free(struct commit *commit)
{
    if (!commit)
        return;
    attempt_cancel(&commit->attempt);
    blame_free(commit->blame);
    column_map_unref(commit->options.map);
    column_map_unref(commit->fresh);
    buf_done(&commit->message);
    row_keys_done(&commit->keys);
    mem_free(commit);
}

/* --- the verdicts --- */

static enum mark_verdict parse_verdict(struct str text)
{
    if (str_is(text, "applied"))
        return MARK_APPLIED;
    return str_is(text, "skipped") ? MARK_SKIPPED : MARK_REFUSED;
}

static enum job_state parse_state(struct str text)
{
    enum job_state state = JOB_QUEUED;
    return job_state_parse(text, &state) ? state : JOB_QUEUED;
}

void commit_read_verdict(const struct commit_result *result, size_t mark,
                         struct mark_outcome *outcome)
{
    const struct pg_result *verdicts = result->verdicts;
    if (mark >= pg_rows(verdicts))
        return;
    outcome->verdict = parse_verdict(pg_get_str(verdicts, mark, VERDICT_VERDICT));
    outcome->has_ended = pg_get_bool(verdicts, mark, VERDICT_ENDED);
    outcome->state = parse_state(pg_get_str(verdicts, mark, VERDICT_STATE));
    outcome->has_run_ended = pg_get_bool(verdicts, mark, VERDICT_RUN_ENDED);
    outcome->run_state = parse_state(pg_get_str(verdicts, mark, VERDICT_RUN));
    if (!pg_is_null(verdicts, mark, VERDICT_WARNINGS))
        outcome->run_warnings = pg_get_str(verdicts, mark, VERDICT_WARNINGS);
    outcome->reason = job_reason_parse(pg_get_str(verdicts, mark, VERDICT_REASON));
    outcome->error = pg_get_str(verdicts, mark, VERDICT_ERROR);
}
