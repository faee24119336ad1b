#include "worker/load/loader.h"

#include "base/clock.h"
#include "base/mem.h"
#include "config/source.h"
#include "worker/load/column_map.h"
#include "worker/load/column_map_dry.h"
#include "worker/load/column_map_fetch.h"
#include "worker/load/commit.h"
#include "worker/load/sessions.h"

/* One page may exceed a batch's size by far; this is where even a single page ends. */
enum { BATCH_CEILING_BYTES = 1 << 30 };

/* Someone waits for room in the open batch. */
struct waiter {
    loader_ready_fn fn;
    void *ctx;
};

/* Someone waits for the map. */
struct ask {
    struct ask *next;
    struct loader *loader;
    struct column_map_fetch *fetch; /* NULL: the map is known, `timer` answers */
    struct loop_timer *timer;
    int64_t run;
    loader_ready_fn fn; /* NULL: forgotten */
    void *ctx;
};

struct loader {
    struct loader *next;
    struct loaders *owner;
    unsigned number;
    int references;
    struct arena *arena;
    struct stream *stream;
    struct str spec;

    struct column_map *map; /* the current one; NULL before it was first fetched */
    int64_t map_run_id;     /* the run that `map` was read for */
    struct ask *asks;

    struct batch *open;
    struct column_map *open_map;   /* by which the rows of `open` were cut */
    bool is_due;                   /* `open` is to be committed as soon as that is possible */
    struct batch *loading, *spare; /* one of the two is NULL */
    struct commit *commit;         /* of `loading` */
    struct loop_timer *dry_run;    /* in its place where there is no database */
    struct loop_timer *age;
    struct waiter *waiters;
    size_t waiter_count, waiter_capacity;
};

struct loaders {
    struct loaders_options options;
    char *name;
    loader_outcome_fn fn;
    struct sessions *sessions;
    struct loader *first;
    unsigned last_number;
};

static void commit_if_ready(struct loader *loader);

/* --- the pool --- */

bool loaders_new(const struct loaders_options *options, loader_outcome_fn fn,
                 struct loaders **ret_loaders, struct err *err)
{
    struct sessions *sessions = NULL;
    size_t count = (size_t)MAX(options->connections, 1);
    if (options->database_url && !sessions_new(options->loop, options->database_url,
                                               options->name, count, &sessions, err))
        return false;
    struct loaders *loaders = mem_alloc(sizeof *loaders);
    loaders->options = *options;
    loaders->name = mem_strdup(options->name ? options->name : "pagetide");
    loaders->fn = fn;
    loaders->sessions = sessions;
    *ret_loaders = loaders;
    return true;
}

static void ask_free(struct ask *ask)
{
    column_map_fetch_free(ask->fetch);
    loop_timer_free(ask->timer);
    mem_free(ask);
}

static void loader_free(struct loader *loader)
{
    for (struct ask *ask = loader->asks, *next; ask; ask = next) {
        next = ask->next;
        ask_free(ask);
    }
    commit_free(loader->commit);
    batch_free(loader->open);
    batch_free(loader->loading);
    batch_free(loader->spare);
    column_map_unref(loader->open_map);
    column_map_unref(loader->map);
    loop_timer_free(loader->age);
    loop_timer_free(loader->dry_run);
    arena_free(loader->arena);
    mem_free(loader->waiters);
    mem_free(loader);
}

void loaders_free(struct loaders *loaders)
{
    if (!loaders)
        return;
    if (loaders->sessions)
        sessions_close(loaders->sessions);
    for (struct loader *loader = loaders->first, *next; loader; loader = next) {
        next = loader->next;
        loader_free(loader);
    }
    sessions_free(loaders->sessions);
    mem_free(loaders->name);
    mem_free(loaders);
}

static size_t bytes_of(const struct batch *batch)
{
    return batch ? batch_bytes(batch) : 0;
}

size_t loaders_bytes(const struct loaders *loaders)
{
    size_t bytes = 0;
    for (const struct loader *loader = loaders->first; loader; loader = loader->next)
        bytes += bytes_of(loader->open) + bytes_of(loader->loading) + bytes_of(loader->spare);
    return bytes;
}

static bool is_loading(const struct loader *loader)
{
    return !loader->spare;
}

static void flush(struct loader *loader)
{
    loader->is_due = true;
    commit_if_ready(loader);
}

void loaders_flush_oldest(struct loaders *loaders)
{
    struct loader *oldest = NULL;
    for (struct loader *loader = loaders->first; loader; loader = loader->next) {
        if (batch_is_empty(loader->open) || is_loading(loader))
            continue;
        if (!oldest || loader->open->opened_mono_ms < oldest->open->opened_mono_ms)
            oldest = loader;
    }
    if (oldest)
        flush(oldest);
}

bool loaders_is_idle(const struct loaders *loaders)
{
    for (const struct loader *loader = loaders->first; loader; loader = loader->next)
        if (!batch_is_empty(loader->open) || is_loading(loader))
            return false;
    return true;
}

/* --- loaders --- */

static void age_reached(void *ctx)
{
    flush(ctx);
}

static void on_dry_run(void *ctx);

static struct loader *loader_new(struct loaders *loaders, struct arena *arena,
                                 struct stream *stream, struct str spec)
{
    struct loader *loader = mem_alloc(sizeof *loader);
    loader->owner = loaders;
    loader->number = ++loaders->last_number;
    loader->arena = arena;
    loader->stream = stream;
    loader->spec = spec;
    loader->open = batch_new(BATCH_CEILING_BYTES);
    loader->spare = batch_new(BATCH_CEILING_BYTES);
    loader->age = loop_timer_new(loaders->options.loop, age_reached, loader);
    loader->dry_run = loop_timer_new(loaders->options.loop, on_dry_run, loader);
    loader->next = loaders->first;
    loaders->first = loader;
    return loader;
}

bool loaders_get(struct loaders *loaders, struct str spec, struct loader **ret_loader,
                 struct err *err)
{
    for (struct loader *loader = loaders->first; loader; loader = loader->next) {
        if (!str_eq(loader->spec, spec))
            continue;
        loader->references++;
        *ret_loader = loader;
        return true;
    }
    struct arena *arena = arena_new();
    struct str text = arena_str(arena, spec);
    struct stream *stream = NULL;
    bool readable = source_parse_spec(arena, text, &stream, err);
    struct loader *loader = loader_new(loaders, arena, stream, readable ? text : STR_NONE);
    loader->references = 1;
    *ret_loader = loader;
    return readable;
}

static void free_if_unused(struct loader *loader)
{
    if (loader->references || is_loading(loader) || loader->asks ||
        !batch_is_empty(loader->open))
        return;
    struct loader **link = &loader->owner->first;
    while (*link != loader)
        link = &(*link)->next;
    *link = loader->next;
    loader_free(loader);
}

void loader_put(struct loader *loader)
{
    loader->references--;
    free_if_unused(loader);
}

const struct stream *loader_stream(const struct loader *loader)
{
    return loader->stream;
}

const struct columns *loader_columns(const struct loader *loader)
{
    return loader->map ? &loader->map->columns : NULL;
}

/* --- the map --- */

static bool is_sealed(const struct loader *loader)
{
    return loader->open->row_count && loader->open_map != loader->map;
}

/* Takes the map over. One that says nothing new is not taken, so that the open batch can go on.
 */
static void map_arrived(struct loader *loader, struct column_map *map)
{
    if (loader->map && column_map_is_same(loader->map, map)) {
        loader->map->columns.may_widen = map->columns.may_widen;
        column_map_unref(map);
        return;
    }
    column_map_unref(loader->map);
    loader->map = map;
    commit_if_ready(loader);
}

static void ask_end(struct ask *ask, const struct err *err)
{
    struct loader *loader = ask->loader;
    struct ask **link = &loader->asks;
    while (*link != ask)
        link = &(*link)->next;
    *link = ask->next;
    loader->references++;
    if (ask->fn)
        ask->fn(ask->ctx, err);
    ask_free(ask);
    loader_put(loader);
}

static void on_map(void *ctx, struct column_map *map, const struct err *err)
{
    struct ask *ask = ctx;
    if (map) {
        ask->loader->map_run_id = ask->run;
        map_arrived(ask->loader, map);
    }
    ask_end(ask, err);
}

static void known(void *ctx)
{
    ask_end(ctx, NULL);
}

static struct ask *ask_new(struct loader *loader, int64_t run, loader_ready_fn fn, void *ctx)
{
    struct ask *ask = mem_alloc(sizeof *ask);
    *ask =
        (struct ask){.next = loader->asks, .loader = loader, .run = run, .fn = fn, .ctx = ctx};
    loader->asks = ask;
    return ask;
}

static void answer_soon(struct ask *ask)
{
    ask->timer = loop_timer_new(ask->loader->owner->options.loop, known, ask);
    loop_timer_set(ask->timer, 0);
}

void loader_prepare(struct loader *loader, int64_t run, loader_ready_fn fn, void *ctx)
{
    struct loaders *loaders = loader->owner;
    struct ask *ask = ask_new(loader, run, fn, ctx);
    if (!loaders->sessions && !loader->map)
        loader->map = column_map_dry_new();
    if (loader->map && (!loaders->sessions || loader->map_run_id == run)) {
        answer_soon(ask);
        return;
    }
    ask->fetch = column_map_fetch_start(loaders->sessions, loader->stream, run,
                                        loaders->options.give_up_ms, on_map, ask);
}

void loader_extend(struct loader *loader, int64_t run, const struct new_fields *fields,
                   loader_ready_fn fn, void *ctx)
{
    struct loaders *loaders = loader->owner;
    struct ask *ask = ask_new(loader, run, fn, ctx);
    if (!loaders->sessions) {
        map_arrived(loader, column_map_dry_extend(loader->map, loader->stream, fields));
        answer_soon(ask);
        return;
    }
    ask->fetch = column_map_fetch_extend(loaders->sessions, loader->stream, run, fields,
                                         loaders->options.give_up_ms, on_map, ask);
}

void loader_forget(struct loader *loader, void *ctx)
{
    for (struct ask *ask = loader->asks; ask; ask = ask->next)
        if (ask->ctx == ctx)
            ask->fn = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < loader->waiter_count; i++)
        if (loader->waiters[i].ctx != ctx)
            loader->waiters[kept++] = loader->waiters[i];
    loader->waiter_count = kept;
}

/* --- outcomes --- */

/* A page of a job whose earlier page cannot be committed: no job has this fence. */
static void drop_mark(struct mark *mark)
{
    mark->epoch = -1;
    mark->owner[0] = '\0';
}

static void drop_later_marks(struct loader *loader, const struct batch *failed)
{
    struct batch *open = loader->open;
    for (size_t i = 0; i < open->mark_count; i++)
        for (size_t j = 0; j < failed->mark_count; j++)
            if (open->marks[i].job == failed->marks[j].job) {
                drop_mark(&open->marks[i]);
                break;
            }
}

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

enum {
    VERDICT_N,
    VERDICT_VERDICT,
    VERDICT_ENDED,
    VERDICT_STATE,
    VERDICT_RUN_ENDED,
    VERDICT_RUN
};

static void read_verdict(const struct pg_result *verdicts, size_t row,
                         struct mark_outcome *outcome)
{
    outcome->verdict = parse_verdict(pg_get_str(verdicts, row, VERDICT_VERDICT));
    outcome->ended = pg_get_bool(verdicts, row, VERDICT_ENDED);
    outcome->state = parse_state(pg_get_str(verdicts, row, VERDICT_STATE));
    outcome->run_ended = pg_get_bool(verdicts, row, VERDICT_RUN_ENDED);
    outcome->run_state = parse_state(pg_get_str(verdicts, row, VERDICT_RUN));
}

/* What PostgreSQL would say if all went well. */
static void rehearse_verdict(const struct mark *mark, struct mark_outcome *outcome)
{
    outcome->verdict = MARK_APPLIED;
    outcome->ended = mark->has_end;
    outcome->state = outcome->run_state = mark->end;
    outcome->run_ended = mark->has_end;
}

static void tell_outcomes(struct loader *loader, const struct batch *batch,
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
        if (mark->epoch == -1)
            outcome.err = &earlier;
        else if (!loader->owner->sessions)
            rehearse_verdict(mark, &outcome);
        else if (!result->err && i < pg_rows(result->verdicts))
            read_verdict(result->verdicts, i, &outcome);
        loader->owner->fn(mark->ctx, &outcome);
    }
}

/* --- batches --- */

/* Counts the pages that are in, not one that is being cut: its caller may yet drop it. */
static bool is_full(const struct loader *loader)
{
    const struct loaders_options *options = &loader->owner->options;
    return (int64_t)loader->open->page_row_count >= options->batch_records ||
           (int64_t)loader->open->page_rows_len >= options->batch_bytes;
}

static bool has_room(const struct loader *loader)
{
    return !is_full(loader) && !is_sealed(loader);
}

static void wake_waiters(struct loader *loader)
{
    size_t count = loader->waiter_count; /* who comes back to wait waits behind these */
    for (; count > 0 && loader->waiter_count > 0 && has_room(loader); count--) {
        struct waiter waiter = loader->waiters[0];
        loader->waiter_count--;
        memmove(loader->waiters, loader->waiters + 1,
                loader->waiter_count * sizeof *loader->waiters);
        waiter.fn(waiter.ctx, NULL);
    }
}

static void loaded(void *ctx, const struct commit_result *result)
{
    struct loader *loader = ctx;
    struct batch *batch = TAKE(loader->loading);
    loader->references++;
    if (result->fresh)
        map_arrived(loader, column_map_ref(result->fresh));
    if (result->err)
        drop_later_marks(loader, batch);
    tell_outcomes(loader, batch, result);
    commit_free(TAKE(loader->commit));
    batch_reset(batch);
    loader->spare = batch;
    commit_if_ready(loader);
    wake_waiters(loader);
    if (loader->owner->options.committed)
        loader->owner->options.committed(loader->owner->options.ctx);
    loader_put(loader);
}

static void on_dry_run(void *ctx)
{
    loaded(ctx, &(struct commit_result){0});
}

static void commit_if_ready(struct loader *loader)
{
    struct loaders *loaders = loader->owner;
    bool wanted = loader->is_due || is_full(loader) || is_sealed(loader);
    if (is_loading(loader) || !wanted || batch_is_empty(loader->open))
        return;
    struct column_map *map = TAKE(loader->open_map);
    loop_timer_clear(loader->age);
    loader->is_due = false;
    loader->loading = loader->open;
    loader->open = TAKE(loader->spare);
    if (!loaders->sessions) {
        column_map_unref(map);
        loop_timer_set(loader->dry_run, 0);
        return;
    }
    const struct commit_options options = {
        .sessions = loaders->sessions,
        .worker = loaders->name,
        .stream = loader->stream,
        .map = loader->loading->row_count ? map : NULL,
        .batch = loader->loading,
        .loader = loader->number,
        .give_up_ms = loaders->options.give_up_ms,
    };
    loader->commit = commit_start(&options, loaded, loader);
    column_map_unref(map);
}

struct batch *loader_batch(struct loader *loader, loader_ready_fn fn, void *ctx)
{
    if (!has_room(loader))
        commit_if_ready(loader);
    if (!has_room(loader)) {
        MEM_GROW(loader->waiters, loader->waiter_count, loader->waiter_capacity);
        loader->waiters[loader->waiter_count++] = (struct waiter){fn, ctx};
        return NULL;
    }
    if (loader->open_map != loader->map) {
        column_map_unref(loader->open_map);
        loader->open_map = loader->map ? column_map_ref(loader->map) : NULL;
    }
    return loader->open;
}

void loader_mark(struct loader *loader, const struct mark *mark, bool flush_now)
{
    batch_mark(loader->open, mark);
    loader->is_due |= flush_now;
    if (!loop_timer_is_set(loader->age))
        loop_timer_set(loader->age, loader->owner->options.batch_age_ms);
    commit_if_ready(loader);
}
