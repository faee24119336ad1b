#include "worker/replay/replay.h"

#include <assert.h>

#include "base/hex.h"
#include "base/json_out.h"
#include "base/printable.h"
#include "base/redact.h"
#include "worker/exchange/scope.h"
#include "worker/load/blame.h"
#include "worker/load/column_map.h"
#include "worker/load/commit_message.h"
#include "worker/replay/reread.h"
#include "worker/rows/cut.h"

enum {
    REJECTS_A_BATCH = 200,
    ROWS_BYTES_MAX = 256 << 20,
    SQL_BYTES_MAX = 4 << 20,
    BLAME_ROUNDS_MAX = 8,
    LOADER = 0, /* names the staging table */
};

/* One reject, while its batch is made. */
struct item {
    int64_t id, job;
    int page;
    size_t position;
    struct str record, added;
    bool is_extended; /* the map was extended for it */
    bool is_left_out;
};

struct replay {
    const struct replay_options *options;
    const struct stream *stream; /* of the table under way: one of its parts, or itself */
    bool is_part;
    struct arena *arena; /* of the batch: reset for each */
    struct arena *all;   /* of the whole replay */
    struct column_map *map;
    struct batch *batch;
    struct pg_result *list;
    struct item *items;
    size_t count;
    int64_t below; /* the oldest reject that was tried; 0: none yet */
    struct replay_result result;
};

/* --- waiting --- */

struct answer {
    bool is_there;
    size_t count;
    struct err err;
};

static void on_copied(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct answer *answer = ctx;
    (void)result;
    if (err)
        answer->err = *err;
    answer->is_there = true;
}

static void on_blamed(void *ctx, size_t count, const struct err *err)
{
    struct answer *answer = ctx;
    if (err)
        answer->err = *err;
    answer->count = count;
    answer->is_there = true;
}

static bool wait_for(struct replay *replay, struct answer *answer, struct err *err)
{
    loop_run_until(replay->options->loop, &answer->is_there, -1);
    if (answer->err.kind)
        *err = answer->err;
    return !answer->err.kind;
}

static bool ask(struct replay *replay, const char *sql, const struct pg_value *params,
                size_t count, struct pg_result **ret_result, struct err *err)
{
    return pg_await(replay->options->pg, sql, params, count, COMMIT_TIMEOUT_MS, ret_result,
                    err);
}

/* --- the column map --- */

static void take_map(struct replay *replay, const struct pg_result *result)
{
    column_map_unref(replay->map);
    replay->map = column_map_new(result, replay->stream);
}

static bool extend(struct replay *replay, const struct new_fields *fields, struct err *err)
{
    const struct stream *stream = replay->stream;
    AUTO_PG_RESULT struct pg_result *result = NULL;
    AUTO_BUF(plan, SQL_BYTES_MAX);
    column_map_put_plan(&plan, stream, replay->options->run, fields);
    struct pg_value param = pg_text(buf_str(&plan));
    if (ask(replay, "select * from pagetide.extend_table($1)", &param, 1, &result, err)) {
        take_map(replay, result);
        return true;
    }
    if (column_map_is_refused(err))
        err->kind = ERR_CONFIG;
    return err_wrap(err, "table %.*s.%.*s", STR_ARG(stream->table.schema),
                    STR_ARG(stream->table.name));
}

/* A table that is there may lack what the definition says by now. */
static bool open_map(struct replay *replay, struct err *err)
{
    const struct stream *stream = replay->stream;
    const struct pg_value params[] = {pg_text(stream->name), pg_text(stream->table.schema),
                                      pg_text(stream->table.name)};
    AUTO_PG_RESULT struct pg_result *result = NULL;
    if (!ask(replay, "select * from pagetide.columns($1, $2, $3, null)", params,
             COUNT_OF(params), &result, err))
        return false;
    take_map(replay, result);
    return !replay->map->columns.has_table || extend(replay, NULL, err);
}

/* --- what is to be loaded --- */

static const char list_sql[] = "select * from pagetide.replay_list($1, $2, $3, $4)";
enum list_column {
    LIST_ID,
    LIST_JOB,
    LIST_PAGE,
    LIST_POSITION,
    LIST_RECORD,
    LIST_ADDED,
    LIST_PART,
    LIST_BOOKMARK,
    LIST_MODE,
    LIST_WINDOW_FROM,
    LIST_WINDOW_TO,
    LIST_STARTED_US,
    LIST_COLUMNS,
};

static struct str read_hex(struct arena *arena, struct str digits)
{
    char *bytes = ARENA_ARRAY(arena, char, digits.len / 2 + 1);
    for (size_t i = 0; i + 1 < digits.len; i += 2)
        bytes[i / 2] = (char)hex_byte(digits.ptr + i);
    return (struct str){bytes, digits.len / 2};
}

/* They come the newest first, and go into the batch the oldest first. */
static void read_items(struct replay *replay)
{
    const struct pg_result *list = replay->list;
    replay->count = pg_rows(list);
    replay->items = ARENA_ARRAY(replay->arena, struct item, MAX(replay->count, 1));
    for (size_t i = 0; i < replay->count; i++) {
        size_t row = replay->count - 1 - i;
        replay->items[i] = (struct item){
            .id = pg_get_int(list, row, LIST_ID),
            .job = pg_get_int(list, row, LIST_JOB),
            .page = (int)pg_get_int(list, row, LIST_PAGE),
            .position = (size_t)pg_get_int(list, row, LIST_POSITION),
            .record = read_hex(replay->arena, pg_get_str(list, row, LIST_RECORD)),
            .added = pg_get_str(list, row, LIST_ADDED),
        };
    }
}

static bool list(struct replay *replay, struct err *err)
{
    const struct pg_value params[] = {
        pg_int(replay->options->run), replay->below ? pg_int(replay->below) : PG_NULL,
        pg_int(REJECTS_A_BATCH),
        replay->is_part ? pg_text(replay->stream->table.name) : PG_NULL};
    pg_result_free(TAKE(replay->list));
    arena_reset(replay->arena);
    if (!ask(replay, list_sql, params, COUNT_OF(params), &replay->list, err))
        return false;
    assert(pg_columns(replay->list) == LIST_COLUMNS);
    read_items(replay);
    if (replay->count)
        replay->below = replay->items[0].id;
    return true;
}

/* Only vars and the bookmark are read of the stream: no secret is asked for. */
static bool open_scope(struct replay *replay, size_t item, struct scope *scope, struct err *err)
{
    const struct stream *stream = replay->stream;
    const struct stream known = {.name = stream->name,
                                 .bookmark = stream->bookmark,
                                 .vars = stream->vars,
                                 .var_count = stream->var_count};
    size_t row = replay->count - 1 - item;
    const struct job job = {
        .id = replay->items[item].job,
        .run = replay->options->run,
        .stream = stream->name,
        .part = pg_get_str(replay->list, row, LIST_PART),
        .mode = pg_get_str(replay->list, row, LIST_MODE),
        .window_from = pg_get_str(replay->list, row, LIST_WINDOW_FROM),
        .window_to = pg_get_str(replay->list, row, LIST_WINDOW_TO),
        .bookmark = pg_get_str(replay->list, row, LIST_BOOKMARK),
        .started_us = pg_get_int(replay->list, row, LIST_STARTED_US),
    };
    return scope_init(scope, &job, &known, NULL, replay->arena, err);
}

/* --- one reject becomes a row, or not --- */

static struct str why_bad(const struct item *item, const struct cut *cut, const struct err *err,
                          struct arena *arena)
{
    if (cut->is_truncated && item->record.len >= BATCH_REJECT_BYTES_MAX)
        return STR("only its first 64 KiB were kept: it cannot be loaded again");
    return arena_str(arena, str_from(err->text));
}

static void put_mark(struct replay *replay, const struct item *item, const struct cut *cut)
{
    const struct mark mark = {.job = item->job,
                              .run = replay->options->run,
                              .page = item->page,
                              .asides = cut->asides,
                              .misfits = cut->misfits,
                              .misfit_notes = cut->misfit_notes};
    batch_mark(replay->batch, &mark);
}

static void keep_out(struct replay *replay, const struct item *item, struct str reason)
{
    static const struct cut nothing;
    batch_reject(replay->batch, item->position, reason, STR_NONE);
    put_mark(replay, item, &nothing);
}

enum taken { TAKEN, TAKEN_ANEW, TAKEN_NOT };

static enum taken cut_item(struct replay *replay, struct item *item, struct reread *reread,
                           const struct scope *scope, struct err *err)
{
    struct err why = ERR_INIT;
    struct cut cut = {.body = buf_str(&reread->body),
                      .stream = &reread->stream,
                      .columns = &replay->map->columns,
                      .scope = &scope->expr,
                      .max_records = -1,
                      .is_extended = item->is_extended,
                      .form = &replay->stream->form,
                      .arena = replay->arena};
    switch (cut_page(&cut, replay->batch, &why)) {
    case CUT_NEW_FIELDS:
        item->is_extended = true;
        return extend(replay, &cut.new_fields, err) ? TAKEN_ANEW : TAKEN_NOT;
    case CUT_DONE:
        item->is_left_out = !cut.records;
        batch_keep_body(replay->batch, &reread->body);
        put_mark(replay, item, &cut);
        return TAKEN;
    default:
        keep_out(replay, item, why_bad(item, &cut, &why, replay->arena));
        return TAKEN;
    }
}

static enum taken take(struct replay *replay, size_t at, struct err *err)
{
    struct item *item = &replay->items[at];
    struct reread reread = {0};
    struct scope scope;
    struct err why = ERR_INIT;
    if (!open_scope(replay, at, &scope, &why) ||
        !reread_make(replay->arena, replay->stream, item->record, item->added, &reread, &why)) {
        keep_out(replay, item, arena_str(replay->arena, str_from(why.text)));
        return TAKEN;
    }
    enum taken taken = cut_item(replay, item, &reread, &scope, err);
    buf_done(&reread.body);
    return taken;
}

/* All of them by one map: after each extension from the first on again. */
static bool take_all(struct replay *replay, struct err *err)
{
    batch_reset(replay->batch);
    for (size_t i = 0; i < replay->count; i++) {
        enum taken taken = take(replay, i, err);
        if (taken == TAKEN_NOT)
            return false;
        if (taken == TAKEN_ANEW) {
            batch_reset(replay->batch);
            i = (size_t)-1;
        }
    }
    return true;
}

/* --- into PostgreSQL --- */

static bool stage(struct replay *replay, struct answer *ret_copied, struct err *err)
{
    struct pg *pg = replay->options->pg;
    AUTO_PG_RESULT struct pg_result *ignored = NULL;
    AUTO_BUF(sql, SQL_BYTES_MAX);
    AUTO_BUF(copy, KIB(1));
    batch_spell(replay->batch, &replay->map->columns);
    column_map_put_stage_sql(&sql, replay->map, LOADER, false);
    if (!ask(replay, sql.ptr, NULL, 0, &ignored, err))
        return false;
    blame_put_copy_sql(&copy, LOADER);
    batch_close(replay->batch);
    *ret_copied = (struct answer){.err = ERR_INIT};
    pg_copy(pg, copy.ptr, buf_str(&replay->batch->rows), COMMIT_COPY_TIMEOUT_MS, on_copied,
            ret_copied);
    loop_run_until(replay->options->loop, &ret_copied->is_there, -1);
    if (ret_copied->err.kind && ret_copied->err.kind != ERR_INPUT)
        *err = ret_copied->err;
    return !ret_copied->err.kind || ret_copied->err.kind == ERR_INPUT;
}

/* The part of a commit's message that names the tables. */
static void put_target(struct replay *replay, struct buf *buf)
{
    const struct batch no_marks = {0};
    const struct commit_message message = {
        .worker = "",
        .batch = &no_marks,
        .stream = replay->stream,
        .map = replay->batch->row_count ? replay->map : NULL,
        .loader = LOADER,
        .rows = ROWS_STAGED,
    };
    commit_message_put(buf, &message);
}

/* How many rows or values PostgreSQL does not take; they have left the batch, or went aside. */
static bool blame(struct replay *replay, bool in_copy, size_t *ret_count, struct err *err)
{
    AUTO_BUF(message, SQL_BYTES_MAX);
    struct answer answer = {.err = ERR_INIT};
    put_target(replay, &message);
    const struct blame_options options = {
        .pg = replay->options->pg,
        .batch = replay->batch,
        .loader = LOADER,
        .columns = &replay->map->columns,
        .on_mismatch = replay->stream->table.on_mismatch,
        .message = buf_str(&message),
    };
    struct blame *search = (in_copy ? blame_copy : blame_merge)(&options, on_blamed, &answer);
    bool is_found = wait_for(replay, &answer, err);
    blame_free(search);
    *ret_count = answer.count;
    return is_found;
}

/* Until the staging table holds only values that fit their columns. */
static bool stage_all(struct replay *replay, struct err *err)
{
    for (int round = 0; replay->batch->row_count && round < BLAME_ROUNDS_MAX; round++) {
        struct answer copied;
        size_t count;
        if (!stage(replay, &copied, err) || !blame(replay, copied.err.kind, &count, err))
            return false;
        if (!count && copied.err.kind)
            *err = copied.err;
        if (!count)
            return !copied.err.kind;
    }
    return !replay->batch->row_count ||
           err_set(err, ERR_BUG, "replay", 0, "the rows are still refused after %d searches",
                   BLAME_ROUNDS_MAX);
}

static struct str reason_of(const struct batch *batch, size_t mark)
{
    for (size_t i = 0; i < batch->reject_count; i++)
        if (batch->rejects[i].mark == mark)
            return batch->rejects[i].reason;
    return STR_NONE;
}

/* As it is shown: an API may have had a hand in it. */
static struct str shown(struct arena *arena, struct str reason)
{
    return printable_str(arena, redact_str(arena, reason), PRINTABLE_BLOCK);
}

static void put_item(struct json_out *out, const struct replay *replay, size_t at)
{
    const struct mark *mark = &replay->batch->marks[at];
    struct str reason = reason_of(replay->batch, at);
    json_out_open(out, NULL, '{');
    json_out_int(out, "id", replay->items[at].id);
    if (reason.len)
        json_out_str(out, "reason", shown(replay->arena, reason));
    json_out_bool(out, "is_left_out", replay->items[at].is_left_out);
    json_out_int(out, "asides", mark->asides);
    if (mark->misfits.len)
        json_out_raw(out, "aside_columns", mark->misfits);
    if (mark->misfit_notes.len)
        json_out_raw(out, "aside_notes", mark->misfit_notes);
    json_out_close(out, '}');
}

static void put_items(struct buf *buf, const struct replay *replay)
{
    struct json_out out = {.buf = buf};
    json_out_open(&out, NULL, '{');
    json_out_int(&out, "run", replay->options->run);
    if (replay->is_part)
        json_out_str(&out, "of_table", replay->stream->table.name);
    json_out_str(&out, "write", commit_write_mode(&replay->stream->table));
    json_out_open(&out, "items", '[');
    for (size_t i = 0; i < replay->count; i++)
        put_item(&out, replay, i);
    json_out_close(&out, ']');
    json_out_close(&out, '}');
}

static const char commit_sql[] = "select refusal, stored, left_out, kept "
                                 "from pagetide.replay_batch($1::jsonb || $2::jsonb)";
enum commit_column { COMMIT_REFUSAL, COMMIT_STORED, COMMIT_LEFT_OUT, COMMIT_KEPT };

static bool commit_all(struct replay *replay, struct err *err)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    AUTO_BUF(target, SQL_BYTES_MAX);
    AUTO_BUF(items, COMMIT_MESSAGE_BYTES_MAX);
    struct replay_result *sum = &replay->result;
    put_target(replay, &target);
    put_items(&items, replay);
    const struct pg_value params[] = {pg_text(buf_str(&target)), pg_text(buf_str(&items))};
    if (!ask(replay, commit_sql, params, COUNT_OF(params), &result, err))
        return false;
    sum->refusal = arena_str(replay->all, pg_get_str(result, 0, COMMIT_REFUSAL));
    sum->stored += pg_get_int(result, 0, COMMIT_STORED);
    sum->left_out += pg_get_int(result, 0, COMMIT_LEFT_OUT);
    sum->kept += pg_get_int(result, 0, COMMIT_KEPT);
    return true;
}

/* --- the whole --- */

/* Before a table is touched. */
static bool may_begin(struct replay *replay, struct err *err)
{
    const struct pg_value params[] = {pg_int(replay->options->run),
                                      pg_text(commit_write_mode(&replay->stream->table))};
    AUTO_PG_RESULT struct pg_result *result = NULL, *ignored = NULL;
    if (!ask(replay, "set lock_timeout = '10s'", NULL, 0, &ignored, err) ||
        !ask(replay, "select pagetide.replay_refusal($1, $2)", params, COUNT_OF(params),
             &result, err))
        return false;
    replay->result.refusal = arena_str(replay->all, pg_get_str(result, 0, 0));
    return replay->result.refusal.len || open_map(replay, err);
}

/* One table, from its newest rejects on; a table without any is not looked at. */
static bool go(struct replay *replay, struct err *err)
{
    replay->below = 0;
    if (!list(replay, err))
        return false;
    if (replay->count && !may_begin(replay, err))
        return false;
    while (replay->count && !replay->result.refusal.len)
        if (!take_all(replay, err) || !stage_all(replay, err) || !commit_all(replay, err) ||
            !list(replay, err))
            return false;
    return true;
}

static bool go_all(struct replay *replay, struct err *err)
{
    const struct stream *stream = replay->options->stream;
    replay->stream = stream;
    if (!go(replay, err))
        return false;
    replay->is_part = true;
    for (size_t i = 0; i < stream->part_count && !replay->result.refusal.len; i++) {
        replay->stream = &stream->parts[i];
        if (!go(replay, err))
            return false;
    }
    return true;
}

bool replay_run(const struct replay_options *options, struct arena *arena,
                struct replay_result *ret_result, struct err *err)
{
    struct replay replay = {.options = options,
                            .all = arena,
                            .arena = arena_new(),
                            .batch = batch_new(ROWS_BYTES_MAX)};
    bool is_done = go_all(&replay, err);
    pg_result_free(replay.list);
    column_map_unref(replay.map);
    batch_free(replay.batch);
    arena_free(replay.arena);
    *ret_result = replay.result;
    return is_done;
}
