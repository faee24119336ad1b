#include "worker/load/commit.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/json_out.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/table_plan.h"
#include "core/metrics.h"
#include "core/trace.h"
#include "port/pg_sql.h"
#include "port/sqlstate.h"
#include "worker/load/attempt.h"
#include "worker/load/blame.h"
#include "worker/load/commit_message.h"
#include "worker/load/direct.h"
#include "worker/load/probe.h"

/*
 * Each phase is one query; its callback starts the next one or looks at the error. Nothing else
 * says where a commit is: exactly one of the attempt, a query and the blame is under way.
 *
 *     on_begin (a session is held)
 *        │
 *        ├─ make_partitions, for each table that lacks some (periods.h)
 *        │
 *        ├─ enter ── direct.h ──► committed
 *        │    │ refused
 *        │    ▼
 *        ├─ stage ── on_staged ──► COPY ── on_copied ──► message ── on_committed ──► verdicts
 *        │ no rows                                       ▲
 *        └───────────────────────────────────────────────┘
 *
 * Stage and COPY come once for each table of the stream that has rows, its own first. way.h
 * says which of the ways a batch takes. Whatever is refused above, other than by a server that
 * is away, is rolled back and goes the middle way, which knows how to find a bad row, a page
 * that is not to be stored, and a table that is not as the rows were cut for.
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
    BLAME_ROUNDS_MAX = 8,
    STUCK_S =
        10, /* as long as lock_timeout: the client has said nothing since we began to wait */
};

/* Of COMMIT_BATCH, one row a mark, in the order of the marks. */
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
    struct pg *pg; /* of the session held */
    struct direct *direct;
    enum way way;          /* the batch's, as it was tried last */
    int64_t begun_mono_ms; /* this try */
    bool was_refused;      /* by the upper way: not again */
    bool was_locked;       /* the try before waited for a lock in vain */
    size_t sent;           /* rows, of those in the batch */
    size_t at; /* the table that is staged, searched or read anew: 0 the stream's own */
    struct buf message, hashes; /* what COMMIT_BATCH takes */
    struct buf part_message;    /* what the search in a part takes */
    struct row_keys keys;       /* of the rows as they are in the batch */
    struct blame *blame;
    int blame_rounds;
    bool in_merge; /* what the search is about */
    struct column_map *fresh;
    struct column_map **rereads; /* of the tables before `at`, while they are read anew */
    bool has_reread;
    struct err cause; /* what the search for bad rows, or the look at the catalogue, is about */
};

static void stage(struct commit *commit);

/* --- the tables of the batch --- */

/* The stream's own, or one of its parts. */
struct place {
    const struct stream *stream;
    const struct column_map *map; /* NULL: there are no rows */
    struct batch *batch;
    unsigned loader; /* names the staging table */
};

static struct place place_at(const struct commit *commit, size_t at)
{
    const struct commit_options *options = &commit->options;
    return (struct place){stream_at(options->stream, at),
                          options->map ? column_map_at(options->map, at) : NULL,
                          batch_at(options->batch, at), options->loader + (unsigned)at};
}

static size_t place_count(const struct commit *commit)
{
    return 1 + commit->options.batch->part_count;
}

/* From `at` on, the first that has rows; the count of tables: none has. */
static size_t next_with_rows(const struct commit *commit, size_t at)
{
    while (at < place_count(commit) &&
           (!commit->options.map || !place_at(commit, at).batch->row_count))
        at++;
    return at;
}

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

static struct str source_of(const struct commit *commit)
{
    return commit->options.stream ? commit->options.stream->source : STR("none");
}

static void retry(struct commit *commit, const struct err *err)
{
    metrics_add(METRIC_BATCH_RETRIES, METRIC_OF(source_of(commit)), 1);
    commit->was_locked = strcmp(err->sqlstate, "55P03") == 0;
    attempt_retry(&commit->attempt, err);
}

static void on_give_up(void *ctx, const struct err *err)
{
    end(ctx, NULL, err, REASON_SERVER);
}

/* --- the catalogue does not fit: read it again, once --- */

static void end_reread(struct commit *commit);
static void reread(struct commit *commit);

static void take_reread(struct commit *commit, struct column_map *map)
{
    commit->rereads[commit->at++] = map;
    if (commit->at < place_count(commit))
        reread(commit);
    else
        end_reread(commit);
}

static void drop_rereads(struct commit *commit)
{
    while (commit->rereads && commit->at > 0)
        column_map_unref(commit->rereads[--commit->at]);
    mem_free(TAKE(commit->rereads));
}

static void on_reread(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct commit *commit = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err) {
        drop_rereads(commit);
        retry(commit, err);
        return;
    }
    take_reread(commit, column_map_new(result, place_at(commit, commit->at).stream));
}

static void end_reread(struct commit *commit)
{
    column_map_unref(commit->fresh);
    commit->fresh = column_map_join(commit->rereads, place_count(commit));
    mem_free(TAKE(commit->rereads));
    if (commit->options.map && !column_map_covers(commit->fresh, commit->options.map)) {
        fail(commit, &commit->cause, REASON_DEFINITION);
        return;
    }
    retry(commit, &commit->cause);
}

static void reread(struct commit *commit)
{
    const struct stream *stream = place_at(commit, commit->at).stream;
    const struct pg_value params[] = {pg_text(stream->name), pg_text(stream->table.schema),
                                      pg_text(stream->table.name)};
    if (stream->table.is_none) {
        take_reread(commit, column_map_blank());
        return;
    }
    pg_query(commit->pg, "select * from pagetide.columns($1, $2, $3, null)", params,
             COUNT_OF(params), COMMIT_STAGE_TIMEOUT_MS, on_reread, commit);
}

static void look_at_catalogue(struct commit *commit, const struct err *err)
{
    commit->has_reread = true;
    commit->cause = *err;
    commit->rereads = mem_alloc(place_count(commit) * sizeof(struct column_map *));
    commit->at = 0;
    reread(commit);
}

/* --- data errors: what is to blame goes aside, or leaves the batch --- */

static struct commit_message message_of(struct commit *commit);
static void blame_merge_at(struct commit *commit, size_t at);

static void on_blamed(void *ctx, size_t count, const struct err *err)
{
    struct commit *commit = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    blame_free(TAKE(commit->blame));
    if (err)
        retry(commit, err);
    else if (count)
        stage(commit);
    else if (commit->in_merge && next_with_rows(commit, commit->at + 1) < place_count(commit))
        blame_merge_at(commit, next_with_rows(commit, commit->at + 1));
    else if (strcmp(commit->cause.sqlstate, "23514") == 0)
        stage(commit); /* a row's partition came while it was on its way to the default one */
    else
        fail(commit, &commit->cause, REASON_SERVER);
}

static struct blame_options blame_of(struct commit *commit)
{
    const struct place place = place_at(commit, commit->at);
    return (struct blame_options){
        .pg = commit->pg,
        .batch = place.batch,
        .loader = place.loader,
        .columns = &place.map->columns,
        .on_mismatch = place.stream ? place.stream->table.on_mismatch : MISMATCH_ASIDE,
        .message = buf_str(&commit->message),
    };
}

/* Which table the merge stopped at is not said: they are searched one after another. */
static void blame_merge_at(struct commit *commit, size_t at)
{
    commit->at = at;
    struct blame_options blame = blame_of(commit);
    if (at) {
        const struct commit_message message = message_of(commit);
        buf_reset(&commit->part_message);
        commit_message_put_part(&commit->part_message, &message, at - 1);
        blame.message = buf_str(&commit->part_message);
    }
    commit->blame = blame_merge(&blame, on_blamed, commit);
}

static bool forbids_misfits(const struct commit *commit)
{
    const struct stream *stream = commit->options.stream;
    for (size_t i = 0; stream && i < place_count(commit); i++)
        if (stream_table(stream, i)->on_mismatch == MISMATCH_FAIL)
            return true;
    return false;
}

static void find_blame(struct commit *commit, const struct err *err, bool in_copy)
{
    const struct commit_options *options = &commit->options;
    bool is_forbidden = forbids_misfits(commit);
    if (is_forbidden || !options->map || commit->blame_rounds++ >= BLAME_ROUNDS_MAX) {
        fail(commit, err, is_forbidden ? REASON_REJECTS : REASON_SERVER);
        return;
    }
    commit->cause = *err;
    commit->in_merge = !in_copy;
    if (!in_copy) {
        blame_merge_at(commit, next_with_rows(commit, 0));
        return;
    }
    const struct blame_options blame = blame_of(commit);
    commit->blame = blame_copy(&blame, on_blamed, commit);
}

static void step_failed(struct commit *commit, const struct err *err, bool in_copy)
{
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
        retry(commit, err);
    }
}

/* --- the way --- */

static void log_way(const struct commit *commit)
{
    const struct commit_options *options = &commit->options;
    if (options->map)
        log_write(LOG_DEBUG, LOG_BATCH_DONE,
                  &(struct log_where){.stream = options->stream->name},
                  "%s: %zu rows, %zu sent", way_name(commit->way),
                  batch_settled_rows(options->batch), commit->sent);
}

static struct str way_of(const struct commit *commit)
{
    return commit->options.map ? str_from(way_name(commit->way)) : STR("none");
}

static void count_batch(const struct commit *commit)
{
    struct str way = way_of(commit);
    const struct metric_labels labels = {{source_of(commit), way}};
    metrics_add(METRIC_BATCHES, &labels, 1);
    metrics_add(METRIC_ROWS_SENT, &labels, (int64_t)commit->sent);
    metrics_observe(METRIC_COMMIT_TIME, METRIC_OF(way),
                    clock_mono_ms() - commit->begun_mono_ms);
}

/* One for each run in the batch; a stream has one at a time. */
static void trace_commit(const struct commit *commit)
{
    const struct batch *batch = commit->options.batch;
    if (!trace_is_on())
        return;
    int64_t now_ms = clock_wall_ms(), took_ms = clock_mono_ms() - commit->begun_mono_ms;
    const struct trace_attribute attributes[] = {
        {.key = "pagetide.way", .text = way_of(commit)},
        {.key = "pagetide.pages", .number = (int64_t)batch->mark_count},
        {.key = "pagetide.rows", .number = (int64_t)batch_settled_rows(batch)},
        {.key = "pagetide.rows_sent", .number = (int64_t)commit->sent}};
    struct trace_span span = {.kind = TRACE_COMMIT,
                              .stream = commit->options.stream ? commit->options.stream->name
                                                               : STR("none"),
                              .start_ms = now_ms - took_ms,
                              .end_ms = now_ms};
    for (size_t i = 0; i < batch->mark_count; i++) {
        bool is_next = batch->marks[i].run != span.run;
        span.run = batch->marks[i].run;
        if (is_next)
            trace_put(&span, attributes, COUNT_OF(attributes));
    }
}

static void crash_at(const char *name, const struct commit *commit)
{
    const struct stream *stream = commit->options.stream;
    crash_point(name, stream ? stream->name : STR_NONE, 0);
}

static void succeed(struct commit *commit, const struct pg_result *verdicts)
{
    crash_at("committed", commit);
    log_way(commit);
    count_batch(commit);
    trace_commit(commit);
    attempt_done(&commit->attempt);
    end(commit, verdicts, NULL, REASON_NONE);
}

static void on_committed(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct commit *commit = ctx;
    if (err) {
        step_failed(commit, err, false);
        return;
    }
    succeed(commit, result);
}

/* The hashes are read anew each time: rows may have left the batch. */
static struct commit_message message_of(struct commit *commit)
{
    const struct commit_options *options = &commit->options;
    bool has_rows = options->map && options->batch->row_count;
    struct commit_message message = {
        .worker = options->worker,
        .batch = options->batch,
        .stream = options->stream,
        .map = has_rows ? options->map : NULL,
        .loader = options->loader,
        .way = has_rows ? way_name(commit->way) : NULL,
        .rows = ROWS_STAGED,
        .whole = options->map,
    };
    if (has_rows && way_hashes_keys(options->stream, options->map)) {
        row_keys_read(&commit->keys, options->batch, &options->map->columns);
        message.keys = &commit->keys;
    }
    return message;
}

static void send_message(struct commit *commit)
{
    const struct commit_message message = message_of(commit);
    buf_reset(&commit->message);
    buf_reset(&commit->hashes);
    commit_message_put(&commit->message, &message);
    commit_message_put_hashes(&commit->hashes, &message);
    if (commit->message.has_overflowed || commit->hashes.has_overflowed) {
        struct err err = ERR_INIT;
        err_set(&err, ERR_INPUT, "load", 0, "the batch's marks and rejects exceed %d bytes",
                COMMIT_MESSAGE_BYTES_MAX);
        fail(commit, &err, REASON_SERVER);
        return;
    }
    struct pg_value params[COMMIT_PARAMS];
    const struct stream *stream = commit->options.stream;
    crash_at("message", commit);
    bool is_whole = stream && stream->table.write >= WRITE_REPLACE;
    commit_message_params(&commit->message, &commit->hashes, params);
    pg_query(commit->pg, COMMIT_BATCH, params, COMMIT_PARAMS,
             is_whole ? COMMIT_WHOLE_TIMEOUT_MS : COMMIT_TIMEOUT_MS, on_committed, commit);
}

static void stage_from(struct commit *commit, size_t at);

static void on_copied(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct commit *commit = ctx;
    (void)result;
    if (err)
        step_failed(commit, err, true);
    else
        stage_from(commit, commit->at + 1);
}

static void on_staged(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct commit *commit = ctx;
    const struct place place = place_at(commit, commit->at);
    (void)result;
    if (err && err->kind == ERR_INPUT) {
        fail(commit, err, REASON_DEFINITION); /* no row is to blame: none has been sent */
        return;
    }
    if (err) {
        step_failed(commit, err, true);
        return;
    }
    sessions_note_stage(commit->attempt.session, place.loader, place.map->number);
    AUTO_BUF(sql, KIB(1));
    blame_put_copy_sql(&sql, place.loader);
    batch_close(place.batch);
    pg_copy(commit->pg, sql.ptr, buf_str(&place.batch->rows), COMMIT_COPY_TIMEOUT_MS, on_copied,
            commit);
}

/* The next table that has rows; when all are staged, the message. */
static void stage_from(struct commit *commit, size_t at)
{
    commit->at = next_with_rows(commit, at);
    if (commit->at == place_count(commit)) {
        send_message(commit);
        return;
    }
    const struct place place = place_at(commit, commit->at);
    commit->sent += place.batch->row_count;
    batch_spell(place.batch, &place.map->columns);
    unsigned there = sessions_find_stage(commit->attempt.session, place.loader);
    AUTO_BUF(sql, MIB(4));
    column_map_put_stage_sql(&sql, place.map, place.loader, there == place.map->number);
    pg_query(commit->pg, sql.ptr, NULL, 0, COMMIT_STAGE_TIMEOUT_MS, on_staged, commit);
}

static void stage(struct commit *commit)
{
    commit->way = WAY_STAGED;
    commit->sent = 0;
    stage_from(commit, 0);
}

/* --- straight into the table --- */

static void note_probe(struct commit *commit, const struct probe *probe)
{
    const struct commit_options *options = &commit->options;
    commit->sent = probe->count;
    way_note_probe(options->memory, options->batch->row_count, probe->fresh,
                   probe->count - probe->fresh,
                   way_may_copy(options->stream, options->map, options->batch));
}

static void on_left(void *ctx, const struct direct_result *result)
{
    struct commit *commit = ctx;
    commit->was_refused = result->is_refused;
    if (result->has_conflict)
        way_note_conflict(commit->options.memory);
    else if (result->probe)
        note_probe(commit, result->probe);
    if (result->verdicts) {
        succeed(commit, result->verdicts);
        return;
    }
    struct err err = result->err ? *result->err : (struct err)ERR_INIT;
    direct_free(TAKE(commit->direct));
    if (err.kind)
        retry(commit, &err);
    else
        stage(commit);
}

/* False: the batch is to be staged. */
static bool enter(struct commit *commit)
{
    const struct commit_options *options = &commit->options;
    if (commit->was_refused || !options->map || !options->batch->row_count)
        return false;
    struct direct_options direct = {.session = commit->attempt.session,
                                    .batch = options->batch,
                                    .message = message_of(commit)};
    direct.way = way_choose(options->memory, options->stream, options->map, options->batch,
                            direct.message.keys);
    if (direct.way == WAY_STAGED)
        return false;
    direct.message.way = way_name(direct.way);
    commit->way = direct.way;
    commit->sent = options->batch->row_count;
    commit->direct = direct_start(&direct, on_left, commit);
    return true;
}

/* --- partitions first --- */

static void make_partitions(struct commit *commit);

/* Each answer has all partitions of the table. False: to ask again would bring nothing. */
static bool take_periods(struct periods *periods, const struct pg_result *result)
{
    enum { FROM, TO, HAS_MORE };
    size_t added = 0;
    for (size_t row = 0; row < pg_rows(result); row++) {
        bool has_from = !pg_is_null(result, row, FROM), has_to = !pg_is_null(result, row, TO);
        added += periods_add(periods, has_from ? pg_get_int(result, row, FROM) : INT64_MIN,
                             has_to ? pg_get_int(result, row, TO) : INT64_MAX);
    }
    return added && pg_get_bool(result, 0, HAS_MORE);
}

static void on_made(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct commit *commit = ctx;
    if (err && err->kind == ERR_INPUT) {
        retry(commit, err); /* no row is to blame: none has been sent */
        return;
    }
    if (err) {
        step_failed(commit, err, false);
        return;
    }
    crash_at("partitions", commit);
    if (!take_periods(&commit->options.periods[commit->at], result))
        commit->at++;
    make_partitions(commit);
}

static void ask_for_partitions(struct commit *commit, const struct stream *stream,
                               struct str times)
{
    AUTO_BUF(plan, MIB(1));
    struct json_out out = {.buf = &plan};
    json_out_open(&out, NULL, '{');
    table_plan_put(&out, stream);
    json_out_close(&out, '}');
    const struct pg_value params[] = {pg_text(buf_str(&plan)), pg_text(times)};
    pg_query(commit->pg,
             "select from_us, to_us, has_more from pagetide.make_partitions($1, $2)", params,
             COUNT_OF(params), COMMIT_STAGE_TIMEOUT_MS, on_made, commit);
}

/* From the table `at` on. */
static void make_partitions(struct commit *commit)
{
    AUTO_BUF(times, MIB(64));
    for (; (commit->at = next_with_rows(commit, commit->at)) < place_count(commit);
         commit->at++) {
        const struct place place = place_at(commit, commit->at);
        buf_reset(&times);
        if (periods_put_missing(&commit->options.periods[commit->at], &place.stream->table,
                                &place.map->columns, place.batch, &times)) {
            ask_for_partitions(commit, place.stream, buf_str(&times));
            return;
        }
    }
    if (!enter(commit))
        stage(commit);
}

static void begin(struct commit *commit)
{
    crash_at("load", commit);
    commit->at = 0;
    make_partitions(commit);
}

static void on_freed(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct commit *commit = ctx;
    (void)result;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err && err->kind == ERR_AGAIN)
        retry(commit, err);
    else
        begin(commit);
}

/* A worker that was stopped in its transaction may hold what we wait for (direct.sql). */
static void free_table(struct commit *commit)
{
    const struct table *table = &commit->options.stream->table;
    const struct pg_value params[] = {pg_text(table->schema), pg_text(table->name),
                                      pg_int(STUCK_S)};
    commit->was_locked = false;
    pg_query(commit->pg, "select pagetide.end_stuck_writers($1, $2, $3)", params,
             COUNT_OF(params), COMMIT_STAGE_TIMEOUT_MS, on_freed, commit);
}

static void on_begin(void *ctx, struct session *session)
{
    struct commit *commit = ctx;
    commit->pg = session->pg;
    commit->begun_mono_ms = clock_mono_ms();
    direct_free(TAKE(commit->direct));
    if (commit->was_locked && commit->options.stream)
        free_table(commit);
    else
        begin(commit);
}

struct commit *commit_start(const struct commit_options *options, commit_fn fn, void *ctx)
{
    struct commit *commit = mem_alloc(sizeof *commit);
    commit->options = *options;
    commit->fn = fn;
    commit->ctx = ctx;
    if (options->map)
        column_map_ref(options->map);
    buf_init(&commit->message, COMMIT_MESSAGE_BYTES_MAX);
    buf_init(&commit->part_message, COMMIT_MESSAGE_BYTES_MAX);
    buf_init(&commit->hashes, COMMIT_HASHES_BYTES_MAX);
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
    direct_free(commit->direct);
    blame_free(commit->blame);
    column_map_unref(commit->options.map);
    column_map_unref(commit->fresh);
    drop_rereads(commit);
    buf_done(&commit->message);
    buf_done(&commit->part_message);
    buf_done(&commit->hashes);
    row_keys_done(&commit->keys);
    mem_free(commit);
}

/* --- the verdicts --- */

static enum mark_verdict parse_verdict(struct str text)
{
    if (str_is(text, "applied"))
        return MARK_APPLIED;
    if (str_is(text, "behind"))
        return MARK_BEHIND;
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
