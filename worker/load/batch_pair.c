#include "worker/load/batch_pair.h"

#include <assert.h>

#include "base/mem.h"
#include "core/metrics.h"
#include "worker/load/commit.h"

/*
 * Each of the two batches is in one of three states. `open` is always set; of `loading` and
 * `spare` exactly one is.
 *
 *              batch_pair_mark: a page is in
 *                 ┌────┐
 *                 ▼    │      leave
 *     spare ────► open ┴──────────────────► loading
 *       ▲                                      │
 *       └────────── on_loaded: committed, ─────┘
 *                   or failed for good
 *
 * The open batch leaves when nothing is loading and one of these is true (`leave_if_ready`):
 *
 *     due      a mark asked for it (the end of a job), it is old enough, or memory is short
 *     full     its pages have batch_records rows, or batch_bytes bytes with their bodies
 *     sealed   it has rows, and the map in force is no longer the one they were cut by
 *
 * It is asked after every event that can make it true: a mark, the age timer, a flush, a new
 * map, a waiter, and the end of the commit before. Only pages that are in count; a page that
 * is being cut may still be dropped, so it makes no batch full.
 *
 * While a page is cut with pauses the open batch is held: nothing of the above happens. Ends of
 * other jobs that are marked meanwhile go to `later`, because the rows of the page have the
 * number of its mark. They follow when the page is in.
 *
 * While a batch is loading and the open one is full or sealed, a caller that wants to cut a
 * page waits in `waiters`, first come first served; the end of the commit makes room.
 *
 * When a batch fails, the later pages of its jobs fail too: their checkpoints would pass over
 * the pages that were lost. Their marks in the open batch are given an epoch that no job has,
 * so that PostgreSQL refuses them, and their outcome is MARK_FAILED.
 *
 * Example, with batch_records 2 and jobs J, K:
 *
 *     J marks page 1 (2 rows)    open {J1} is full: leaves.        open {}        loading {J1}
 *     K marks page 1 (2 rows)    full, but one is loading.         open {K1}      loading {J1}
 *     J takes the batch          no room: J waits
 *     COPY, commit of {J1}       J1 applied. {K1} leaves.          open {}        loading {K1}
 *                                J is called: there is room
 *
 * Without a database (preview) loading lasts until the loop comes round, and all is applied.
 */

/* One page may exceed a batch's size by far; this is where even a single page ends. */
enum { BATCH_CEILING_BYTES = 1 << 30 };

enum { EPOCH_OF_NO_JOB = -1 };

struct waiter {
    batch_pair_ready_fn fn;
    void *ctx;
};

struct batch_pair {
    struct batch_pair_options options;
    struct column_map *map;      /* in force */
    struct column_map *open_map; /* by which the rows of `open` were cut */
    struct batch *open, *loading, *spare;
    struct commit *commit; /* of `loading` */
    struct way_memory memory;
    struct periods *periods;    /* of each table */
    struct loop_timer *dry_run; /* instead of it where there is no database */
    struct loop_timer *age;
    struct batch *later;     /* marks that came while `open` was held; never any rows */
    struct loop_timer *kick; /* after a hold: what waited for its end */
    bool is_due, is_telling, is_held;
    struct waiter *waiters;
    size_t waiter_count, waiter_capacity;
};

static void leave_if_ready(struct batch_pair *pair);

static void on_dry_run(void *ctx);

static void on_kick(void *ctx);

static void on_age(void *ctx)
{
    batch_pair_flush(ctx);
}

struct batch_pair *batch_pair_new(const struct batch_pair_options *options)
{
    struct batch_pair *pair = mem_alloc(sizeof *pair);
    pair->options = *options;
    size_t parts = options->stream ? options->stream->part_count : 0;
    pair->periods = mem_alloc((1 + parts) * sizeof *pair->periods);
    pair->open = batch_new_whole(BATCH_CEILING_BYTES, parts);
    pair->spare = batch_new_whole(BATCH_CEILING_BYTES, parts);
    pair->later = batch_new(BATCH_CEILING_BYTES);
    pair->kick = loop_timer_new(options->loop, on_kick, pair);
    pair->age = loop_timer_new(options->loop, on_age, pair);
    pair->dry_run = loop_timer_new(options->loop, on_dry_run, pair);
    return pair;
}

static size_t table_count(const struct batch_pair *pair)
{
    return pair->options.stream ? stream_table_count(pair->options.stream) : 1;
}

void batch_pair_free(struct batch_pair *pair)
{
    commit_free(pair->commit);
    batch_free(pair->open);
    batch_free(pair->loading);
    batch_free(pair->spare);
    batch_free(pair->later);
    loop_timer_free(pair->kick);
    column_map_unref(pair->open_map);
    column_map_unref(pair->map);
    loop_timer_free(pair->age);
    loop_timer_free(pair->dry_run);
    for (size_t i = 0; i < table_count(pair); i++)
        periods_done(&pair->periods[i]);
    mem_free(pair->periods);
    mem_free(pair->waiters);
    mem_free(pair);
}

/* --- what is where --- */

bool batch_pair_is_loading(const struct batch_pair *pair)
{
    assert(pair->open && !pair->loading != !pair->spare);
    return pair->loading;
}

bool batch_pair_is_idle(const struct batch_pair *pair)
{
    return batch_is_empty(pair->open) && batch_is_empty(pair->later) && !pair->is_held &&
           !batch_pair_is_loading(pair);
}

bool batch_pair_is_telling(const struct batch_pair *pair)
{
    return pair->is_telling;
}

void batch_pair_limit(struct batch_pair *pair, int64_t batch_bytes)
{
    pair->options.batch_bytes = batch_bytes;
}

size_t batch_pair_bytes(const struct batch_pair *pair)
{
    const struct batch *other = pair->loading ? pair->loading : pair->spare;
    return batch_bytes(pair->open) + batch_bytes(other);
}

struct batch *batch_pair_open(const struct batch_pair *pair)
{
    return pair->open;
}

struct column_map *batch_pair_map(const struct batch_pair *pair)
{
    return pair->map;
}

static bool is_sealed(const struct batch_pair *pair)
{
    return batch_has_rows(pair->open) && pair->open_map != pair->map;
}

/* The bodies count: they stay until the commit, in case PostgreSQL refuses a row. */
static bool is_full(const struct batch_pair *pair)
{
    size_t bytes = batch_settled_bytes(pair->open) + pair->open->body_bytes;
    if (batch_is_empty(pair->open))
        return false; /* one page may be larger than all that is allowed */
    return (int64_t)batch_settled_rows(pair->open) >= pair->options.batch_records ||
           (int64_t)bytes >= pair->options.batch_bytes;
}

static bool has_room(const struct batch_pair *pair)
{
    return !pair->is_held && !is_full(pair) && !is_sealed(pair);
}

/* --- the open batch fills --- */

static void copy_may_widen(struct column_map *to, const struct column_map *from)
{
    for (size_t i = 0; i < from->columns.count; i++)
        to->columns.items[i].may_widen = from->columns.items[i].may_widen;
    for (size_t i = 0; i < from->part_count; i++)
        copy_may_widen(to->parts[i], from->parts[i]);
}

void batch_pair_set_map(struct batch_pair *pair, struct column_map *map)
{
    for (size_t i = 0; i < table_count(pair); i++)
        periods_reset(&pair->periods[i]);
    if (pair->map && column_map_is_same(pair->map, map)) {
        copy_may_widen(pair->map, map);
        column_map_unref(map);
        return;
    }
    if (!pair->map && pair->options.stream)
        way_begin(&pair->memory, pair->options.stream, map);
    column_map_unref(pair->map);
    pair->map = map;
    leave_if_ready(pair);
}

struct batch *batch_pair_take(struct batch_pair *pair, batch_pair_ready_fn fn, void *ctx)
{
    if (!has_room(pair))
        leave_if_ready(pair);
    if (!has_room(pair)) {
        MEM_GROW(pair->waiters, pair->waiter_count, pair->waiter_capacity);
        pair->waiters[pair->waiter_count++] = (struct waiter){fn, ctx};
        return NULL;
    }
    if (pair->open_map != pair->map) {
        column_map_unref(pair->open_map);
        pair->open_map = pair->map ? column_map_ref(pair->map) : NULL;
    }
    pair->open->may_wait = pair->memory.is_same;
    return pair->open;
}

void batch_pair_forget(struct batch_pair *pair, const void *ctx)
{
    size_t kept = 0;
    for (size_t i = 0; i < pair->waiter_count; i++)
        if (pair->waiters[i].ctx != ctx)
            pair->waiters[kept++] = pair->waiters[i];
    pair->waiter_count = kept;
}

/* The marks that waited for the page before. */
static void put_later_marks(struct batch_pair *pair)
{
    for (size_t i = 0; i < pair->later->mark_count; i++)
        batch_mark(pair->open, &pair->later->marks[i]);
    batch_reset(pair->later);
}

void batch_pair_mark(struct batch_pair *pair, const struct mark *mark, bool is_last)
{
    batch_mark(pair->is_held ? pair->later : pair->open, mark);
    if (!pair->is_held)
        put_later_marks(pair);
    pair->is_due |= is_last;
    if (!loop_timer_is_set(pair->age))
        loop_timer_set(pair->age, pair->options.batch_age_ms);
    leave_if_ready(pair);
}

void batch_pair_flush(struct batch_pair *pair)
{
    if (pair->spare)
        batch_give_back(pair->spare);
    pair->is_due = true;
    leave_if_ready(pair);
}

void batch_pair_hold(struct batch_pair *pair)
{
    pair->is_held = true;
}

void batch_pair_release(struct batch_pair *pair)
{
    if (pair->is_held)
        loop_timer_set(pair->kick, 0);
    pair->is_held = false;
}

/* --- the outcomes of a batch --- */

static void drop_marks_after(struct batch *batch, const struct batch *failed)
{
    for (size_t i = 0; i < batch->mark_count; i++)
        for (size_t j = 0; j < failed->mark_count; j++)
            if (batch->marks[i].job == failed->marks[j].job) {
                batch->marks[i].epoch = EPOCH_OF_NO_JOB;
                batch->marks[i].owner[0] = '\0';
                break;
            }
}

/* What PostgreSQL would say if all went well. */
static void assume_applied(const struct mark *mark, struct mark_outcome *outcome)
{
    outcome->verdict = MARK_APPLIED;
    outcome->has_ended = outcome->has_run_ended = mark->has_end && !mark->more;
    outcome->state = outcome->run_state = mark->end;
}

/* What a page has brought, now that it is in the table. */
static void count_page(const struct stream *stream, const struct mark *mark)
{
    const struct metric_labels labels = {{stream->source, stream->name}};
    metrics_add(METRIC_PAGES, &labels, 1);
    metrics_add(METRIC_RECORDS, &labels, mark->records);
    metrics_add(METRIC_BYTES, &labels, mark->bytes);
    metrics_add(METRIC_REJECTS, &labels, mark->rejects);
    metrics_add(METRIC_MISFITS, &labels, mark->asides);
}

static void tell_outcomes(struct batch_pair *pair, const struct batch *batch,
                          const struct commit_result *result)
{
    static const struct err earlier = {.kind = ERR_STOPPED,
                                       .origin = "loader",
                                       .text = "an earlier page of the job was not committed"};
    for (size_t i = 0; i < batch->mark_count; i++) {
        const struct mark *mark = &batch->marks[i];
        struct mark_outcome outcome = {.verdict = MARK_FAILED,
                                       .page = mark->page,
                                       .records = mark->records,
                                       .reason = result->reason,
                                       .err = result->err};
        if (mark->epoch == EPOCH_OF_NO_JOB)
            outcome.err = &earlier;
        else if (!pair->options.sessions)
            assume_applied(mark, &outcome);
        else if (!result->err)
            commit_read_verdict(result, i, &outcome);
        if (outcome.verdict == MARK_APPLIED && mark->page && pair->options.stream)
            count_page(pair->options.stream, mark);
        pair->options.on_outcome(mark->ctx, &outcome);
    }
}

/* A waiter that waits again comes after those that were there. */
static void wake_waiters(struct batch_pair *pair)
{
    size_t count = pair->waiter_count;
    for (; count > 0 && pair->waiter_count > 0 && has_room(pair); count--) {
        struct waiter waiter = pair->waiters[0];
        pair->waiter_count--;
        memmove(pair->waiters, pair->waiters + 1, pair->waiter_count * sizeof *pair->waiters);
        waiter.fn(waiter.ctx, NULL);
    }
}

/* --- the full batch leaves, and comes back --- */

static void on_loaded(void *ctx, const struct commit_result *result)
{
    struct batch_pair *pair = ctx;
    struct batch *batch = pair->loading;
    assert(batch_pair_is_loading(pair));
    pair->is_telling = true;
    if (result->fresh)
        batch_pair_set_map(pair, column_map_ref(result->fresh));
    if (result->err)
        drop_marks_after(pair->open, batch);
    if (result->err)
        drop_marks_after(pair->later, batch);
    tell_outcomes(pair, batch, result);
    commit_free(TAKE(pair->commit));
    batch_reset(batch);
    pair->spare = TAKE(pair->loading);
    leave_if_ready(pair);
    wake_waiters(pair);
    pair->is_telling = false;
    if (batch_pair_is_idle(pair)) {
        batch_give_back(pair->open);
        batch_give_back(pair->spare);
    }
    pair->options.on_committed(pair->options.ctx);
}

/* Who waits is called from the loop, and nothing of this pair is under way then. */
static void on_kick(void *ctx)
{
    struct batch_pair *pair = ctx;
    if (pair->is_held)
        return;
    put_later_marks(pair);
    leave_if_ready(pair);
    wake_waiters(pair);
}

static void on_dry_run(void *ctx)
{
    on_loaded(ctx, &(struct commit_result){0});
}

static void leave_if_ready(struct batch_pair *pair)
{
    const struct batch_pair_options *options = &pair->options;
    bool is_wanted = pair->is_due || is_full(pair) || is_sealed(pair);
    if (pair->is_held || !pair->spare || !is_wanted || batch_is_empty(pair->open))
        return;
    struct column_map *map = TAKE(pair->open_map);
    loop_timer_clear(pair->age);
    pair->is_due = false;
    pair->loading = pair->open;
    pair->open = TAKE(pair->spare);
    if (options->sessions) {
        const struct commit_options commit = {
            .sessions = options->sessions,
            .worker = options->worker,
            .stream = options->stream,
            .map = batch_has_rows(pair->loading) ? map : NULL,
            .batch = pair->loading,
            .loader = options->loader,
            .give_up_ms = options->give_up_ms,
            .memory = &pair->memory,
            .periods = pair->periods,
        };
        pair->commit = commit_start(&commit, on_loaded, pair);
    } else {
        loop_timer_set(pair->dry_run, 0);
    }
    column_map_unref(map);
}
