#include "scheduler/apply.h"

#include <assert.h>

#include "base/mem.h"
#include "config/source_dir.h"
#include "port/hash.h"

enum { TIMEOUT_MS = 20000, ERRORS_BYTES_MAX = 256 * 1024 };

/* What was stored last under a name. */
struct stored {
    char *name;
    uint64_t hash;
};

struct apply {
    struct pg *pg;
    struct arena *arena; /* of the folder being stored */
    struct stored *stored;
    size_t stored_count, stored_capacity;
    struct source **sources;
    size_t source_count, source_at, stream_at;
    struct buf errors;
    struct apply_result result;
    bool is_busy;
    apply_fn fn;
    void *ctx;
};

static void store_next(struct apply *apply);

struct apply *apply_new(struct pg *pg)
{
    struct apply *apply = mem_alloc(sizeof *apply);
    apply->pg = pg;
    apply->arena = arena_new();
    buf_init(&apply->errors, ERRORS_BYTES_MAX);
    return apply;
}

void apply_free(struct apply *apply)
{
    if (!apply)
        return;
    for (size_t i = 0; i < apply->stored_count; i++)
        mem_free(apply->stored[i].name);
    mem_free(apply->stored);
    buf_done(&apply->errors);
    arena_free(apply->arena);
    mem_free(apply);
}

bool apply_is_busy(const struct apply *apply)
{
    return apply->is_busy;
}

static struct stored *find_stored(struct apply *apply, struct str name)
{
    for (size_t i = 0; i < apply->stored_count; i++)
        if (str_is(name, apply->stored[i].name))
            return &apply->stored[i];
    MEM_GROW(apply->stored, apply->stored_count, apply->stored_capacity);
    struct stored *stored = &apply->stored[apply->stored_count++];
    *stored = (struct stored){.name = mem_printf("%.*s", STR_ARG(name))};
    return stored;
}

static void finish(struct apply *apply, const struct err *err)
{
    apply->is_busy = false;
    apply->result.sources = apply->sources;
    apply->result.source_count = apply->source_count;
    apply->result.errors = &apply->errors;
    apply->result.err = err;
    apply->fn(apply->ctx, &apply->result);
}

/* The next stream, or NULL at the end. */
static struct stream *next_stream(struct apply *apply)
{
    while (apply->source_at < apply->source_count) {
        struct source *source = apply->sources[apply->source_at];
        if (apply->stream_at < source->count)
            return source->streams[apply->stream_at++];
        apply->source_at++;
        apply->stream_at = 0;
    }
    return NULL;
}

static uint64_t hash_of(const struct stream *stream)
{
    const struct schedule *schedule = &stream->schedule;
    uint64_t hash = hash_fold(hash_bytes(stream->spec, 1), hash_bytes(schedule->cron, 2));
    return hash_fold(hash_fold(hash, (uint64_t)schedule->every_ms),
                     hash_bytes(schedule->timezone, 3));
}

struct storing {
    struct apply *apply;
    struct str name;
    uint64_t hash;
};

/* Only PostgreSQL knows the time zones, and the streams of other folders. */
static const char store_sql[] =
    "select r, case when r is null then pagetide.define($1, $2::jsonb, $3, $4, $5, true) end "
    "from pagetide.define_refusal($1, $2::jsonb, $4) r";
enum stored_column { STORED_REFUSAL, STORED_VERSION, STORED_COLUMNS };

static void on_stored(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct storing *storing = ctx;
    struct apply *apply = storing->apply;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err) {
        struct err wrapped = *err;
        err_wrap(&wrapped, "%.*s", STR_ARG(storing->name));
        finish(apply, &wrapped);
        return;
    }
    assert(pg_columns(result) == STORED_COLUMNS);
    if (pg_is_null(result, 0, STORED_REFUSAL)) {
        find_stored(apply, storing->name)->hash = storing->hash;
        apply->result.changed++;
    } else {
        apply->result.streams--;
        buf_printf(&apply->errors, "%.*s: %.*s\n", STR_ARG(storing->name),
                   STR_ARG(pg_get_str(result, 0, STORED_REFUSAL)));
    }
    store_next(apply);
}

static void store(struct apply *apply, const struct stream *stream, uint64_t hash)
{
    struct storing *storing = ARENA_NEW(apply->arena, struct storing);
    *storing = (struct storing){apply, stream->name, hash};
    const struct pg_value params[] = {
        pg_text(stream->name), pg_text(stream->spec), pg_text(stream->schedule.cron),
        pg_text(stream->schedule.timezone), pg_int(stream->schedule.every_ms)};
    pg_query(apply->pg, store_sql, params, COUNT_OF(params), TIMEOUT_MS, on_stored, storing);
}

static void store_next(struct apply *apply)
{
    struct stream *stream;
    while ((stream = next_stream(apply))) {
        uint64_t hash = hash_of(stream);
        apply->result.streams++;
        if (find_stored(apply, stream->name)->hash == hash)
            continue;
        store(apply, stream, hash);
        return;
    }
    finish(apply, NULL);
}

void apply_dir(struct apply *apply, const char *dir, apply_fn fn, void *ctx)
{
    struct err err = ERR_INIT;
    assert(!apply->is_busy);
    arena_reset(apply->arena);
    buf_reset(&apply->errors);
    apply->fn = fn;
    apply->ctx = ctx;
    apply->is_busy = true;
    apply->result = (struct apply_result){0};
    apply->source_at = apply->stream_at = 0;
    apply->sources = NULL;
    apply->source_count = 0;
    bool is_loaded = source_dir_load(apply->arena, dir, &apply->sources, &apply->source_count,
                                     &apply->errors, &err);
    if (err.is_lack) {
        buf_reset(&apply->errors);
        finish(apply, &err);
        return;
    }
    if (!is_loaded && !apply->errors.len)
        buf_put(&apply->errors, str_from(err.text));
    store_next(apply);
}
