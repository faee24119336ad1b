#include "worker/load/direct.h"

#include "base/crash.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "port/pg_sql.h"
#include "worker/load/blame.h"
#include "worker/load/probe.h"

enum { TARGET_BYTES_MAX = 4 << 20, PART_BYTES_MAX = 1 << 30 };

struct direct {
    struct direct_options options;
    direct_fn fn;
    void *ctx;
    struct pg *pg;
    int64_t at_us; /* for _pt_at */
    struct probe probe;
    bool is_probed;
    struct buf part; /* the rows that are sent, where these are not all */
    struct err why;  /* it was refused */
};

/* --- SQL --- */

static void put_key(struct json_out *out, const struct columns *columns)
{
    json_out_open(out, "key", '[');
    for (size_t i = 0; i < columns->count; i++)
        if (columns->items[i].is_key)
            json_out_str(out, NULL, columns->items[i].name);
    json_out_close(out, ']');
}

/* What start_direct wants to know (schema/functions/direct.sql). */
static void put_target(struct buf *buf, const struct table *table,
                       const struct columns *columns)
{
    struct json_out out = {.buf = buf};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "schema", table->schema);
    json_out_str(&out, "name", table->name);
    json_out_open(&out, "types", '[');
    for (size_t i = 0; i < columns->count; i++) {
        json_out_open(&out, NULL, '{');
        json_out_str(&out, "name", columns->items[i].name);
        json_out_str(&out, "type", columns->items[i].sql_type);
        json_out_close(&out, '}');
    }
    json_out_close(&out, ']');
    if (table->write != WRITE_APPEND)
        put_key(&out, columns);
    json_out_close(&out, '}');
}

/* A job of the run that the pages are of; an end of a turn may be another's. */
static int64_t job_of(const struct batch *batch)
{
    size_t at = 0;
    while (at + 1 < batch->mark_count && !batch->marks[at].page)
        at++;
    return batch->marks[at].job;
}

static bool is_replaced(const struct direct *direct)
{
    return direct->options.message.stream->table.write == WRITE_REPLACE;
}

static void put_has_marks_sql(struct buf *sql, const struct table *table)
{
    AUTO_BUF(name, TARGET_BYTES_MAX);
    pg_sql_put_name(&name, table->schema, table->name);
    buf_puts(sql, "pagetide.has_marks(");
    pg_sql_put_string(sql, buf_str(&name));
    buf_puts(sql, ")");
}

/*
 * Its result is the time for _pt_at in microseconds since 2000-01-01 UTC, and what rows of the
 * table are compared by (same.sql), where it is replaced, which means only read; else whether
 * some may be marked as deleted.
 */
static void put_start_sql(struct buf *sql, const struct direct *direct)
{
    const struct commit_message *message = &direct->options.message;
    AUTO_BUF(target, TARGET_BYTES_MAX);
    put_target(&target, &message->stream->table, &message->map->columns);
    buf_puts(sql, "begin; lock table only ");
    pg_sql_put_name(sql, message->stream->table.schema, message->stream->table.name);
    buf_printf(sql, " in %s mode; select pagetide.start_direct(",
               is_replaced(direct) ? "access share" : "row exclusive");
    pg_sql_put_string(sql, buf_str(&target));
    buf_puts(sql, "), ");
    if (is_replaced(direct)) {
        buf_puts(sql, "pagetide.hash_to_probe(");
        pg_sql_put_string(sql, buf_str(&target));
        buf_printf(sql, ", %lld)", (long long)job_of(message->batch));
    } else {
        put_has_marks_sql(sql, &message->stream->table);
    }
}

static void put_copy_sql(struct buf *sql, const struct commit_message *message)
{
    const struct columns *columns = &message->map->columns;
    buf_puts(sql, "copy ");
    pg_sql_put_name(sql, message->stream->table.schema, message->stream->table.name);
    buf_puts(sql, " (");
    for (size_t i = 0; i < columns->count; i++) {
        pg_sql_put_identifier(sql, columns->items[i].name);
        buf_put_byte(sql, ',');
    }
    buf_puts(sql, "_pt_hash,_pt_aside,_pt_run,_pt_at) from stdin (format binary)");
}

/* --- refused --- */

static void tell(struct direct *direct, const struct pg_result *verdicts, const struct err *err)
{
    const struct err *why = &direct->why;
    const struct direct_result result = {
        .verdicts = verdicts,
        .err = err,
        .is_refused = !verdicts && (why->kind != ERR_AGAIN || *why->sqlstate),
        .has_conflict = !verdicts && strcmp(why->sqlstate, "23505") == 0,
        .probe = direct->is_probed ? &direct->probe : NULL,
    };
    direct->fn(direct->ctx, &result);
}

static void on_left(void *ctx, const struct pg_result *result, const struct err *err)
{
    (void)result;
    if (!err || err->kind != ERR_STOPPED)
        tell(ctx, NULL, err);
}

/* Nothing of it stays: neither in the table nor of a staging table that was made for it. */
static void leave(struct direct *direct, const struct err *err)
{
    if (err->kind == ERR_STOPPED)
        return;
    direct->why = *err;
    batch_aim_at_stage(direct->options.batch);
    if (err->kind == ERR_AGAIN)
        tell(direct, NULL, &direct->why);
    else
        pg_query(direct->pg, "rollback", NULL, 0, COMMIT_STAGE_TIMEOUT_MS, on_left, direct);
}

/* --- the way --- */

static void on_committed(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct direct *direct = ctx;
    const struct commit_message *message = &direct->options.message;
    if (err) {
        leave(direct, err);
        return;
    }
    if (message->rows == ROWS_IN_PART)
        sessions_note_stage(direct->options.session, message->loader, message->map->number);
    tell(direct, result, NULL);
}

/* Both at once: the locks that it takes wait for nobody. */
static void send_message(struct direct *direct)
{
    AUTO_BUF(message, COMMIT_MESSAGE_BYTES_MAX);
    AUTO_BUF(hashes, COMMIT_HASHES_BYTES_MAX);
    commit_message_put(&message, &direct->options.message);
    commit_message_put_hashes(&hashes, &direct->options.message);
    if (message.has_overflowed || hashes.has_overflowed) {
        struct err err = ERR_INIT;
        err_set(&err, ERR_INPUT, "load", 0, "the batch's marks are over %d bytes",
                COMMIT_MESSAGE_BYTES_MAX);
        leave(direct, &err);
        return;
    }
    struct pg_value params[COMMIT_PARAMS];
    commit_message_params(&message, &hashes, params);
    const struct pg_statement statement = {COMMIT_BATCH, params, COMMIT_PARAMS};
    crash_point("message", direct->options.message.stream->name, 0);
    pg_query_then(direct->pg, &statement, "commit",
                  is_replaced(direct) ? COMMIT_WHOLE_TIMEOUT_MS : COMMIT_TIMEOUT_MS,
                  on_committed, direct);
}

static void on_copied(void *ctx, const struct pg_result *result, const struct err *err)
{
    (void)result;
    if (err)
        leave(ctx, err);
    else
        send_message(ctx);
}

/* The rows that the probe named, or all where none was asked; `spelled`: for a staging table,
 * by its columns, else NULL. */
static struct str rows_to_send(struct direct *direct, const struct columns *spelled)
{
    struct batch *batch = direct->options.batch;
    const struct probe *probe = &direct->probe;
    if (direct->is_probed && probe->count < batch->row_count) {
        batch_put_part(batch, probe->rows, probe->count, spelled, &direct->part);
        return buf_str(&direct->part);
    }
    if (spelled)
        batch_spell(batch, spelled);
    batch_close(batch);
    return buf_str(&batch->rows);
}

static void copy_into_table(struct direct *direct)
{
    AUTO_BUF(sql, TARGET_BYTES_MAX);
    direct->options.message.rows = ROWS_IN_TABLE;
    put_copy_sql(&sql, &direct->options.message);
    batch_aim_at_table(direct->options.batch, direct->at_us);
    pg_copy(direct->pg, sql.ptr, rows_to_send(direct, NULL), COMMIT_COPY_TIMEOUT_MS, on_copied,
            direct);
}

static void on_staged(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct direct *direct = ctx;
    (void)result;
    if (err) {
        leave(direct, err);
        return;
    }
    AUTO_BUF(sql, KIB(1));
    const struct commit_message *message = &direct->options.message;
    blame_put_copy_sql(&sql, message->loader);
    pg_copy(direct->pg, sql.ptr, rows_to_send(direct, &message->map->columns),
            COMMIT_COPY_TIMEOUT_MS, on_copied, direct);
}

/* What becomes of a staging table in this transaction is only known at its end. */
static void copy_into_stage(struct direct *direct)
{
    AUTO_BUF(sql, TARGET_BYTES_MAX);
    struct session *session = direct->options.session;
    struct commit_message *message = &direct->options.message;
    unsigned there = sessions_find_stage(session, message->loader);
    message->rows = ROWS_IN_PART;
    column_map_put_stage_sql(&sql, message->map, message->loader,
                             there == message->map->number);
    sessions_note_stage(session, message->loader, 0);
    pg_query(direct->pg, sql.ptr, NULL, 0, COMMIT_STAGE_TIMEOUT_MS, on_staged, direct);
}

/* The rows that the table lacks. */
static void send_rows(struct direct *direct)
{
    struct commit_message *message = &direct->options.message;
    const struct probe *probe = &direct->probe;
    if (probe->count == 0) {
        message->rows = ROWS_THERE;
        send_message(direct);
    } else if (probe->fresh == probe->count &&
               way_may_copy(message->stream, message->map, message->batch)) {
        copy_into_table(direct);
    } else {
        copy_into_stage(direct);
    }
}

static void on_same_kept(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct direct *direct = ctx;
    (void)result;
    if (err)
        leave(direct, err);
    else
        send_rows(direct);
}

/* The run has seen them too. */
static void keep_same(struct direct *direct, struct str hashes)
{
    struct commit_message *message = &direct->options.message;
    const struct pg_value params[] = {pg_int(job_of(message->batch)), pg_binary(hashes)};
    message->is_indivisible = true;
    pg_query(direct->pg, "select pagetide.keep_same($1, $2)", params, COUNT_OF(params),
             COMMIT_TIMEOUT_MS, on_same_kept, direct);
}

static struct probe_question question_of(const struct direct *direct)
{
    const struct commit_message *message = &direct->options.message;
    return (struct probe_question){
        .stream = message->stream, .map = message->map, .batch = message->batch};
}

static void on_probed(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct direct *direct = ctx;
    AUTO_BUF(hashes, COMMIT_HASHES_BYTES_MAX);
    if (err) {
        leave(direct, err);
        return;
    }
    probe_read(&direct->probe, result);
    direct->is_probed = true;
    const struct probe_question question = question_of(direct);
    if (is_replaced(direct) && probe_put_same(&direct->probe, &question, &hashes))
        keep_same(direct, buf_str(&hashes));
    else
        send_rows(direct);
}

static void on_entered(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct direct *direct = ctx;
    enum { TIME, HASH, HAS_MARKS = HASH };
    if (err) {
        leave(direct, err);
        return;
    }
    direct->at_us = pg_get_int(result, 0, TIME);
    struct probe_question question = question_of(direct);
    if (is_replaced(direct))
        question.hash = pg_get_str(result, 0, HASH);
    else
        question.has_marks = pg_get_bool(result, 0, HAS_MARKS);
    if (direct->options.way == WAY_PROBE)
        probe_send(&direct->probe, direct->pg, &question, on_probed, direct);
    else
        copy_into_table(direct);
}

struct direct *direct_start(const struct direct_options *options, direct_fn fn, void *ctx)
{
    AUTO_BUF(sql, 2 * TARGET_BYTES_MAX);
    struct direct *direct = mem_alloc(sizeof *direct);
    direct->options = *options;
    direct->fn = fn;
    direct->ctx = ctx;
    direct->pg = options->session->pg;
    direct->why = (struct err)ERR_INIT;
    buf_init(&direct->part, PART_BYTES_MAX);
    put_start_sql(&sql, direct);
    pg_query(direct->pg, sql.ptr, NULL, 0, COMMIT_TIMEOUT_MS, on_entered, direct);
    return direct;
}

void direct_free(struct direct *direct)
{
    if (!direct)
        return;
    probe_done(&direct->probe);
    buf_done(&direct->part);
    mem_free(direct);
}
