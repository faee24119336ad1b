#include "scheduler/apply.h"

#include <assert.h>

#include "base/mem.h"
#include "config/source_dir.h"
#include "port/hash.h"
#include "port/hash_index.h"

enum { TIMEOUT_MS = 20000, ERRORS_BYTES_MAX = 256 * 1024 };

/* What was stored last under a name. */
struct stored {
    uint64_t hash;
    char name[];
};

struct apply {
    struct pg *pg;
    struct arena *arena; /* of the folder being stored */
    struct hash_index stored;
    struct source **sources;
    size_t source_count, source_at, outline_at;
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
    for (size_t i = 0; i < apply->stored.capacity; i++)
        mem_free(apply->stored.entries[i].value);
    hash_index_done(&apply->stored);
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
    struct stored *stored = hash_index_find(&apply->stored, name);
    if (stored)
        return stored;
    stored = mem_alloc(sizeof *stored + name.len);
    memcpy(stored->name, name.ptr, name.len);
    hash_index_put(&apply->stored, (struct str){stored->name, name.len}, stored);
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
    if (!apply->is_busy)
        arena_reset(apply->arena);
}

/* The next stream, or NULL at the end. */
static const struct outline *next_outline(struct apply *apply)
{
    while (apply->source_at < apply->source_count) {
        const struct source *source = apply->sources[apply->source_at];
        if (apply->outline_at < source->count)
            return &source->outlines[apply->outline_at++];
        apply->source_at++;
        apply->outline_at = 0;
    }
    return NULL;
}

static uint64_t hash_of(const struct outline *outline)
{
    uint64_t hash = hash_fold(hash_bytes(outline->spec, 1), hash_bytes(outline->cron, 2));
    return hash_fold(hash_fold(hash, (uint64_t)outline->every_ms),
                     hash_bytes(outline->timezone, 3));
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

static void store(struct apply *apply, const struct outline *outline, uint64_t hash)
{
    struct storing *storing = ARENA_NEW(apply->arena, struct storing);
    *storing = (struct storing){apply, outline->name, hash};
    const struct pg_value params[] = {pg_text(outline->name), pg_text(outline->spec),
                                      pg_text(outline->cron), pg_text(outline->timezone),
                                      pg_int(outline->every_ms)};
    pg_query(apply->pg, store_sql, params, COUNT_OF(params), TIMEOUT_MS, on_stored, storing);
}

static void store_next(struct apply *apply)
{
    const struct outline *outline;
    while ((outline = next_outline(apply))) {
        uint64_t hash = hash_of(outline);
        apply->result.streams++;
        if (find_stored(apply, outline->name)->hash == hash)
            continue;
        store(apply, outline, hash);
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
    apply->source_at = apply->outline_at = 0;
    apply->sources = NULL;
    apply->source_count = 0;
    bool is_loaded = source_dir_outline(apply->arena, dir, &apply->sources,
                                        &apply->source_count, &apply->errors, &err);
    if (err.is_lack) {
        buf_reset(&apply->errors);
        finish(apply, &err);
        return;
    }
    if (!is_loaded && !apply->errors.len)
        buf_put(&apply->errors, str_from(err.text));
    store_next(apply);
}
