#include "worker/load/loader.h"

#include <assert.h>

#include "base/mem.h"
#include "config/source.h"
#include "worker/load/batch_pair.h"
#include "worker/load/column_map.h"
#include "worker/load/column_map_dry.h"
#include "worker/load/column_map_fetch.h"
#include "worker/load/sessions.h"

/*
 * The registry of loaders, and how each gets its column map. The batches themselves are in
 * batch_pair.c, one commit in commit.c.
 *
 * A definition in use has one loader, and as many as there are sessions where it has so many
 * crawls: each crawl is given the one that has fewest, so jobs of one stream are loaded side by
 * side, as those of two processes are.
 *
 * A loader lives while one of these is true, and free_if_unused looks after each of them ends:
 *
 *     references   crawls that got it by loaders_get
 *     asks         callers of loader_prepare and loader_extend without an answer yet
 *     the pair     a batch has marks, or is being committed, or is telling its outcomes
 *
 * So a crawl may give its loader back while its last marks are still on their way.
 *
 * An ask is answered once, from the loop: at once (a timer of 0) where the map is known or
 * there is no database, else when column_map_fetch has read it. The map is the same for all
 * crawls of the definition, but PostgreSQL answers for one run (`may_widen`): a crawl of
 * another run than the map was read for reads it again.
 *
 *     crawl 1, run 7    loader_prepare ─► fetch ─► map, map_run_id 7 ─► ready
 *     crawl 2, run 7    loader_prepare ─► known ─► ready
 *     crawl 2           loader_extend (new fields) ─► fetch ─► another map: the open batch is
 *                       sealed and leaves (batch_pair.c) ─► ready ─► the page is cut again
 */

/* A caller that waits for the map. */
struct loader_ask {
    struct loader_ask *next;
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
    int references;
    struct arena *arena;
    struct stream *stream; /* NULL: the spec cannot be read */
    struct str spec;       /* empty where it cannot be read: no other crawl gets it */
    struct batch_pair *pair;
    int64_t map_run_id; /* the run that the map was read for */
    struct loader_ask *asks;
};

struct loaders {
    struct loaders_options options;
    char *name;
    loader_outcome_fn fn;
    struct sessions *sessions; /* NULL: nothing is written */
    struct loader *first;
    unsigned last_number;
};

/* --- all loaders --- */

bool loaders_new(const struct loaders_options *options, loader_outcome_fn fn,
                 struct loaders **ret_loaders, struct err *err)
{
    struct sessions *sessions = NULL;
    size_t count = (size_t)MAX(options->connections, 1);
    const struct pg_options pg = {.url = options->database_url,
                                  .name = options->name,
                                  .on_answer = options->on_answer,
                                  .answer_ctx = options->ctx};
    if (pg.url && !sessions_new(options->loop, &pg, count, &sessions, err))
        return false;
    struct loaders *loaders = mem_alloc(sizeof *loaders);
    loaders->options = *options;
    loaders->name = mem_strdup(options->name ? options->name : "pagetide");
    loaders->fn = fn;
    loaders->sessions = sessions;
    if (sessions)
        sessions_on_away(sessions, options->on_away, options->ctx);
    *ret_loaders = loaders;
    return true;
}

static void ask_free(struct loader_ask *ask)
{
    column_map_fetch_free(ask->fetch);
    loop_timer_free(ask->timer);
    mem_free(ask);
}

static void loader_free(struct loader *loader)
{
    for (struct loader_ask *ask = loader->asks, *next; ask; ask = next) {
        next = ask->next;
        ask_free(ask);
    }
    batch_pair_free(loader->pair);
    arena_free(loader->arena);
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

size_t loaders_sessions(const struct loaders *loaders)
{
    return loaders->sessions ? sessions_up(loaders->sessions) : 0;
}

void loaders_doubt(struct loaders *loaders)
{
    if (loaders->sessions)
        sessions_doubt(loaders->sessions);
}

size_t loaders_bytes(const struct loaders *loaders)
{
    size_t bytes = 0;
    for (const struct loader *loader = loaders->first; loader; loader = loader->next)
        bytes += batch_pair_bytes(loader->pair);
    return bytes;
}

void loaders_flush_oldest(struct loaders *loaders)
{
    struct batch_pair *oldest = NULL;
    for (struct loader *loader = loaders->first; loader; loader = loader->next) {
        const struct batch *open = batch_pair_open(loader->pair);
        if (batch_is_empty(open) || batch_pair_is_loading(loader->pair))
            continue;
        if (!oldest || open->opened_mono_ms < batch_pair_open(oldest)->opened_mono_ms)
            oldest = loader->pair;
    }
    if (oldest)
        batch_pair_flush(oldest);
}

bool loaders_is_idle(const struct loaders *loaders)
{
    for (const struct loader *loader = loaders->first; loader; loader = loader->next)
        if (!batch_pair_is_idle(loader->pair))
            return false;
    return true;
}

/* --- one loader --- */

/* Those of one definition have `batch_bytes` together. */
static void share_bytes(const struct loaders *loaders, struct str spec)
{
    int64_t count = 0;
    for (const struct loader *loader = loaders->first; loader; loader = loader->next)
        count += str_eq(loader->spec, spec);
    for (struct loader *loader = loaders->first; loader; loader = loader->next)
        if (str_eq(loader->spec, spec))
            batch_pair_limit(loader->pair, loaders->options.batch_bytes / count);
}

static void free_if_unused(struct loader *loader)
{
    if (loader->references || loader->asks || !batch_pair_is_idle(loader->pair) ||
        batch_pair_is_telling(loader->pair))
        return;
    struct loader **link = &loader->owner->first;
    while (*link != loader)
        link = &(*link)->next;
    *link = loader->next;
    share_bytes(loader->owner, loader->spec);
    loader_free(loader);
}

static void on_committed(void *ctx)
{
    struct loader *loader = ctx;
    const struct loaders_options *options = &loader->owner->options;
    loader->references++;
    if (options->on_committed)
        options->on_committed(options->ctx);
    loader_put(loader);
}

static struct loader *loader_new(struct loaders *loaders, struct arena *arena,
                                 struct stream *stream, struct str spec)
{
    struct loader *loader = mem_alloc(sizeof *loader);
    const struct batch_pair_options pair = {
        .loop = loaders->options.loop,
        .sessions = loaders->sessions,
        .worker = loaders->name,
        .stream = stream,
        .loader = loaders->last_number + 1,
        .batch_records = loaders->options.batch_records,
        .batch_bytes = loaders->options.batch_bytes,
        .batch_age_ms = loaders->options.batch_age_ms,
        .give_up_ms = loaders->options.give_up_ms,
        .on_outcome = loaders->fn,
        .on_committed = on_committed,
        .ctx = loader,
    };
    loaders->last_number += 1 + (stream ? (unsigned)stream->part_count : 0);
    loader->owner = loaders;
    loader->references = 1;
    loader->arena = arena;
    loader->stream = stream;
    loader->spec = spec;
    loader->pair = batch_pair_new(&pair);
    loader->next = loaders->first;
    loaders->first = loader;
    return loader;
}

/* The one with the fewest crawls; NULL where there is to be one more. */
static struct loader *find_least(const struct loaders *loaders, struct str spec)
{
    size_t count = 0, most = loaders->sessions ? (size_t)loaders->options.connections : 1;
    struct loader *least = NULL;
    for (struct loader *loader = loaders->first; loader; loader = loader->next) {
        if (!str_eq(loader->spec, spec))
            continue;
        count++;
        if (!least || loader->references < least->references)
            least = loader;
    }
    return least && least->references && count < most ? NULL : least;
}

bool loaders_get(struct loaders *loaders, struct str spec, struct loader **ret_loader,
                 struct err *err)
{
    struct loader *least = find_least(loaders, spec);
    if (least) {
        least->references++;
        *ret_loader = least;
        return true;
    }
    struct arena *arena = arena_new();
    struct str text = arena_str(arena, spec);
    struct stream *stream = NULL;
    bool is_readable = source_parse_spec(arena, text, &stream, err);
    *ret_loader = loader_new(loaders, arena, stream, is_readable ? text : STR_NONE);
    share_bytes(loaders, (*ret_loader)->spec);
    return is_readable;
}

void loader_put(struct loader *loader)
{
    assert(loader->references > 0);
    loader->references--;
    free_if_unused(loader);
}

const struct stream *loader_stream(const struct loader *loader)
{
    return loader->stream;
}

const struct columns *loader_columns(const struct loader *loader)
{
    const struct column_map *map = batch_pair_map(loader->pair);
    return map ? &map->columns : NULL;
}

const struct columns **loader_part_columns(const struct loader *loader, struct arena *arena)
{
    const struct column_map *map = batch_pair_map(loader->pair);
    return map ? column_map_parts(map, arena) : NULL;
}

struct batch *loader_batch(struct loader *loader, loader_ready_fn fn, void *ctx)
{
    return batch_pair_take(loader->pair, fn, ctx);
}

struct batch *loader_open_batch(const struct loader *loader)
{
    return batch_pair_open(loader->pair);
}

void loader_mark(struct loader *loader, const struct mark *mark, bool flush)
{
    batch_pair_mark(loader->pair, mark, flush);
}

void loader_hold(struct loader *loader)
{
    batch_pair_hold(loader->pair);
}

void loader_release(struct loader *loader)
{
    batch_pair_release(loader->pair);
}

void loader_forget(struct loader *loader, void *ctx)
{
    for (struct loader_ask *ask = loader->asks; ask; ask = ask->next)
        if (ask->ctx == ctx)
            ask->fn = NULL;
    batch_pair_forget(loader->pair, ctx);
}

/* --- the map --- */

static void ask_end(struct loader_ask *ask, const struct err *err)
{
    struct loader *loader = ask->loader;
    struct loader_ask **link = &loader->asks;
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
    struct loader_ask *ask = ctx;
    if (map) {
        ask->loader->map_run_id = ask->run;
        batch_pair_set_map(ask->loader->pair, map);
    }
    ask_end(ask, err);
}

static void on_known(void *ctx)
{
    ask_end(ctx, NULL);
}

static struct loader_ask *ask_new(struct loader *loader, int64_t run, loader_ready_fn fn,
                                  void *ctx)
{
    struct loader_ask *ask = mem_alloc(sizeof *ask);
    *ask = (struct loader_ask){
        .next = loader->asks, .loader = loader, .run = run, .fn = fn, .ctx = ctx};
    loader->asks = ask;
    return ask;
}

static void answer_soon(struct loader_ask *ask)
{
    ask->timer = loop_timer_new(ask->loader->owner->options.loop, on_known, ask);
    loop_timer_set(ask->timer, 0);
}

void loader_prepare(struct loader *loader, int64_t run, loader_ready_fn fn, void *ctx)
{
    struct loaders *loaders = loader->owner;
    struct loader_ask *ask = ask_new(loader, run, fn, ctx);
    if (!loaders->sessions && !batch_pair_map(loader->pair))
        batch_pair_set_map(loader->pair, column_map_dry_new(loader->stream));
    if (batch_pair_map(loader->pair) && (!loaders->sessions || loader->map_run_id == run)) {
        answer_soon(ask);
        return;
    }
    ask->fetch = column_map_fetch_start(loaders->sessions, loader->stream, run,
                                        loaders->options.give_up_ms, on_map, ask);
}

bool loader_lacks_table(const struct loader *loader)
{
    const struct column_map *map = batch_pair_map(loader->pair);
    bool lacks = false;
    if (!loader->owner->sessions || !map)
        return false;
    for (size_t i = 0; i < stream_table_count(loader->stream); i++) {
        const struct columns *columns = &column_map_at(map, i)->columns;
        lacks |= !columns->has_table && !columns->is_blank &&
                 !stream_table(loader->stream, i)->is_none;
    }
    return lacks;
}

void loader_extend(struct loader *loader, int64_t run, const struct new_fields *const *fields,
                   loader_ready_fn fn, void *ctx)
{
    struct loaders *loaders = loader->owner;
    struct loader_ask *ask = ask_new(loader, run, fn, ctx);
    if (!loaders->sessions) {
        const struct column_map *map = batch_pair_map(loader->pair);
        batch_pair_set_map(loader->pair,
                           column_map_dry_extend_all(map, loader->stream, fields));
        answer_soon(ask);
        return;
    }
    ask->fetch = column_map_fetch_extend(loaders->sessions, loader->stream, run, fields,
                                         loaders->options.give_up_ms, on_map, ask);
}
