#include "worker/load/load.h"

#include <endian.h>

#include "base/mem.h"
#include "port/sqlstate.h"
#include "worker/load/blame.h"
#include "worker/load/message.h"

enum {
    STAGE_TIMEOUT_MS = 60000,
    COPY_TIMEOUT_MS = 60000,    /* without a byte moved */
    COMMIT_TIMEOUT_MS = 600000, /* one statement: the merge of a whole batch */
    BLAME_ROUNDS_MAX = 8,
    MESSAGE_BYTES_MAX = 512 << 20, /* half of what PostgreSQL takes as a parameter */
};

struct load {
    struct load_options options;
    load_fn fn;
    void *ctx;
    struct attempt attempt;
    struct pg *pg; /* of the session held */
    struct buf message;
    struct blame *blame;
    int blame_rounds;
    struct map *fresh;
    bool has_reread;
    struct err cause; /* what the search for bad rows, or the look at the catalogue, is about */
};

static void begin(void *ctx, struct session *session);
static void stage(struct load *load);

static void end(struct load *load, const struct pg_result *verdicts, const struct err *err,
                enum job_reason reason)
{
    struct load_result result = {verdicts, err, reason, load->fresh};
    load->fn(load->ctx, &result);
}

static void fail(struct load *load, const struct err *err, enum job_reason reason)
{
    struct err copy = *err;
    attempt_done(&load->attempt);
    end(load, NULL, &copy, reason);
}

static void gave_up(void *ctx, const struct err *err)
{
    fail(ctx, err, REASON_SERVER);
}

/* --- the catalogue does not fit: read it again, once --- */

static void reread(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct load *load = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err) {
        attempt_retry(&load->attempt, err);
        return;
    }
    map_unref(load->fresh);
    load->fresh = map_new(result, load->options.stream);
    if (load->options.map && !map_covers(load->fresh, load->options.map)) {
        fail(load, &load->cause, REASON_DEFINITION);
        return;
    }
    attempt_retry(&load->attempt, &load->cause);
}

static void look_at_catalogue(struct load *load, const struct err *err)
{
    const struct stream *stream = load->options.stream;
    const struct pg_value params[] = {pg_text(stream->name), pg_text(stream->table.schema),
                                      pg_text(stream->table.name)};
    load->has_reread = true;
    load->cause = *err;
    pg_query(load->pg, "select * from pagetide.columns($1, $2, $3, null)", params,
             COUNT_OF(params), STAGE_TIMEOUT_MS, reread, load);
}

/* --- data errors: the rows that are to blame leave the batch --- */

static void blamed(void *ctx, size_t count, const struct err *err)
{
    struct load *load = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    blame_free(TAKE(load->blame));
    if (err)
        attempt_retry(&load->attempt, err);
    else if (count == 0)
        fail(load, &load->cause, REASON_SERVER);
    else
        stage(load);
}

static void find_blame(struct load *load, const struct err *err, bool in_copy)
{
    const struct load_options *options = &load->options;
    if (options->stream->table.on_mismatch == MISMATCH_FAIL || !options->map ||
        load->blame_rounds++ >= BLAME_ROUNDS_MAX) {
        bool is_wanted = options->stream->table.on_mismatch == MISMATCH_FAIL;
        fail(load, err, is_wanted ? REASON_REJECTS : REASON_SERVER);
        return;
    }
    load->cause = *err;
    load->blame =
        in_copy ? blame_copy(load->pg, options->batch, options->loader, blamed, load)
                : blame_merge(load->pg, options->batch, buf_str(&load->message), blamed, load);
}

static void step_failed(struct load *load, const struct err *err, bool in_copy)
{
    switch (err->kind) {
    case ERR_STOPPED:
        return;
    case ERR_INPUT:
        find_blame(load, err, in_copy);
        return;
    case ERR_CONFIG:
        if (sqlstate_is_schema(err->sqlstate) && !load->has_reread)
            look_at_catalogue(load, err);
        else
            fail(load, err, REASON_DEFINITION);
        return;
    case ERR_NONE:
    case ERR_AGAIN:
    case ERR_BUG:
        attempt_retry(&load->attempt, err);
    }
}

/* --- the way --- */

static void committed(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct load *load = ctx;
    if (err) {
        step_failed(load, err, false);
        return;
    }
    attempt_done(&load->attempt);
    end(load, result, NULL, REASON_NONE);
}

static void commit(struct load *load)
{
    const struct load_options *options = &load->options;
    bool has_rows = options->map && options->batch->row_count;
    buf_reset(&load->message);
    message_put(&load->message, options->worker, options->batch, options->stream,
                has_rows ? options->map : NULL, options->loader);
    if (load->message.overflow) {
        struct err err = ERR_INIT;
        err_set(&err, ERR_INPUT, "load", 0, "the batch's marks and rejects exceed %d bytes",
                MESSAGE_BYTES_MAX);
        fail(load, &err, REASON_SERVER);
        return;
    }
    struct pg_value batch = pg_text(buf_str(&load->message));
    pg_query(load->pg,
             "select n, verdict, ended, state, run_ended, run_state "
             "from pagetide.commit_batch($1) order by n",
             &batch, 1, COMMIT_TIMEOUT_MS, committed, load);
}

static void copied(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct load *load = ctx;
    (void)result;
    if (err)
        step_failed(load, err, true);
    else
        commit(load);
}

static void staged(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct load *load = ctx;
    const struct load_options *options = &load->options;
    (void)result;
    if (err && err->kind == ERR_INPUT) {
        fail(load, err, REASON_DEFINITION); /* no row is to blame: none has been sent */
        return;
    }
    if (err) {
        step_failed(load, err, true);
        return;
    }
    session_note_stage(load->attempt.session, options->loader, options->map->number);
    AUTO_BUF(sql, KIB(1));
    blame_put_copy_sql(&sql, options->loader);
    batch_close(options->batch);
    pg_copy(load->pg, sql.ptr, buf_str(&options->batch->rows), COPY_TIMEOUT_MS, copied, load);
}

static void stage(struct load *load)
{
    const struct load_options *options = &load->options;
    if (!options->map || !options->batch->row_count) {
        commit(load);
        return;
    }
    unsigned there = session_find_stage(load->attempt.session, options->loader);
    AUTO_BUF(sql, MIB(4));
    map_put_stage_sql(&sql, options->map, options->loader, there == options->map->number);
    pg_query(load->pg, sql.ptr, NULL, 0, STAGE_TIMEOUT_MS, staged, load);
}

static void begin(void *ctx, struct session *session)
{
    struct load *load = ctx;
    load->pg = session->pg;
    stage(load);
}

struct load *load_start(const struct load_options *options, load_fn fn, void *ctx)
{
    struct load *load = mem_alloc(sizeof *load);
    load->options = *options;
    load->fn = fn;
    load->ctx = ctx;
    if (options->map)
        map_ref(options->map);
    buf_init(&load->message, MESSAGE_BYTES_MAX);
    load->attempt = (struct attempt){
        .give_up_ms = options->give_up_ms, .begin = begin, .give_up = gave_up, .ctx = load};
    attempt_start(&load->attempt, options->sessions);
    return load;
}

void load_free(struct load *load)
{
    if (!load)
        return;
    if (load->attempt.timer)
        attempt_cancel(&load->attempt);
    blame_free(load->blame);
    map_unref(load->options.map);
    map_unref(load->fresh);
    buf_done(&load->message);
    mem_free(load);
}
