#include "worker/discover/preview.h"

#include "base/clock.h"
#include "base/date.h"
#include "config/window.h"
#include "worker/access/secrets.h"
#include "worker/crawl/crawl.h"
#include "worker/load/column_map_dry.h"
#include "worker/pace/throttle.h"

enum {
    BATCH_RECORDS = 1,
    BATCH_BYTES = 8 * 1024 * 1024,
    MEMORY_BYTES = 64 * 1024 * 1024, /* as the setting `memory` has it by default */
    TEXT_BYTES_MAX = 1024 * 1024,
};

struct previewing {
    const struct preview_options *options;
    struct arena *arena;
    struct preview *preview;
    struct http *http;
    struct loaders *loaders;
    struct throttle *throttle;
    struct tokens *tokens;
    struct rng rng;
    struct crawl_env env;
    struct crawl *crawl;
    struct loop_timer *stop;
    int retries;
    struct str given_up; /* why, where there were too many; empty: there were not */
    bool is_over;
};

/* --- what the crawl asks and reports --- */

static void on_stop_timer(void *ctx)
{
    struct previewing *previewing = ctx;
    crawl_stop(previewing->crawl, CRAWL_STOP_NOW);
}

static bool may_send(void *ctx, const struct crawl *crawl)
{
    struct previewing *previewing = ctx;
    bool may =
        crawl_is_counting(crawl) || previewing->preview->pages < previewing->options->pages;
    if (!may)
        loop_timer_set(previewing->stop, 0);
    return may;
}

/* It is the only page. */
static bool may_cut(void *ctx, const struct crawl *crawl)
{
    (void)ctx, (void)crawl;
    return true;
}

static void on_retry(void *ctx, const struct crawl *crawl, const struct err *err,
                     int64_t delay_ms)
{
    struct previewing *previewing = ctx;
    const struct preview_options *options = previewing->options;
    (void)crawl;
    if (options->retries_max && previewing->retries++ >= options->retries_max) {
        previewing->given_up = arena_str(previewing->arena, str_from(err->text));
        loop_timer_set(previewing->stop, 0);
        return;
    }
    if (options->on_retry)
        options->on_retry(options->watch ? options->watch->ctx : NULL, err, delay_ms);
}

static void on_freed(void *ctx)
{
    crawl_wake(((struct previewing *)ctx)->crawl);
}

/* on_page_end reports it too. */
static void on_recognised(void *ctx, const struct crawl *crawl, struct str what)
{
    (void)ctx, (void)crawl, (void)what;
}

static void on_page(void *ctx, const struct crawl *crawl, int64_t records, int64_t bytes)
{
    struct preview *preview = ((struct previewing *)ctx)->preview;
    (void)crawl, (void)bytes;
    preview->pages++;
    preview->records += records;
}

static void on_outcome(void *crawl, const struct mark_outcome *outcome)
{
    crawl_outcome(crawl, outcome);
}

static struct preview_table keep_columns(struct arena *arena, const struct table *table,
                                         const struct columns *columns)
{
    struct column *copy = ARENA_ARRAY(arena, struct column, columns->count);
    for (size_t i = 0; i < columns->count; i++) {
        copy[i] = columns->items[i];
        copy[i].field = arena_str(arena, copy[i].field);
        copy[i].name = arena_str(arena, copy[i].name);
        copy[i].sql_type = arena_str(arena, copy[i].sql_type);
        copy[i].declared = NULL;
    }
    return (struct preview_table){
        arena_printf(arena, "%.*s.%.*s", STR_ARG(table->schema), STR_ARG(table->name)), copy,
        columns->count};
}

/* The tables that a run would make so far. */
static void keep_tables(struct previewing *previewing, const struct crawl *crawl)
{
    const struct stream *stream = previewing->options->stream;
    const struct columns *columns = crawl_columns(crawl);
    const struct columns **parts = crawl_part_columns(crawl, previewing->arena);
    struct preview *preview = previewing->preview;
    struct arena *arena = previewing->arena;
    struct preview_table *tables =
        ARENA_ARRAY(arena, struct preview_table, 1 + stream->part_count);
    AUTO_BUF(ddl, TEXT_BYTES_MAX);
    if (columns && columns->has_table) {
        tables[preview->table_count++] = keep_columns(arena, &stream->table, columns);
        preview->columns = tables->columns;
        preview->column_count = tables->count;
        column_map_dry_put_ddl(&ddl, stream, columns);
    }
    for (size_t i = 0; parts && i < stream->part_count; i++) {
        if (!parts[i]->has_table)
            continue;
        tables[preview->table_count++] = keep_columns(arena, &stream->parts[i].table, parts[i]);
        column_map_dry_put_ddl(&ddl, &stream->parts[i], parts[i]);
    }
    preview->tables = tables;
    preview->ddl = arena_str(arena, buf_str(&ddl));
}

static void on_ended(void *ctx, struct crawl *crawl, const struct crawl_end *end)
{
    struct previewing *previewing = ctx;
    struct preview *preview = previewing->preview;
    preview->how = end->how == CRAWL_PARKED     ? PREVIEW_WAITS
                   : end->how == CRAWL_RETURNED ? PREVIEW_STOPPED
                                                : PREVIEW_ENDED;
    preview->state = end->state;
    preview->reason = end->reason;
    preview->error = arena_str(previewing->arena, str_from(end->err->text));
    preview->status = end->reason == REASON_HTTP && end->err->code > 0 ? end->err->code : 0;
    if (previewing->given_up.len) {
        preview->how = PREVIEW_WAITS;
        preview->error = previewing->given_up;
    }
    preview->wait_ms = end->wait_ms;
    preview->rejects = crawl_stats(crawl).rejects;
    keep_tables(previewing, crawl);
    previewing->is_over = true;
}

/* --- the job that no server gave --- */

static struct str first_part(struct arena *arena, const struct stream *stream)
{
    if (stream->partitions.kind != VALUE_LIST || !stream->partitions.list->count)
        return STR("{}");
    AUTO_BUF(part, TEXT_BYTES_MAX);
    struct json_out out = {.buf = &part};
    json_out_open(&out, NULL, '{');
    value_put(&out, "partition", stream->partitions.list->items[0]);
    json_out_close(&out, '}');
    return arena_str(arena, buf_str(&part));
}

static struct str format_time(struct arena *arena, int64_t us)
{
    enum { TIME_BYTES = 64 };
    AUTO_BUF(text, TIME_BYTES);
    date_format_rfc3339(&text, us);
    return arena_str(arena, buf_str(&text));
}

static void set_window(const struct previewing *previewing, struct job *job)
{
    int64_t from_us, to_us;
    if (!window_first_slice(previewing->options->stream, job->started_us, &from_us, &to_us))
        return;
    job->window_from = format_time(previewing->arena, from_us);
    job->window_to = format_time(previewing->arena, to_us);
}

static struct job make_job(const struct previewing *previewing)
{
    const struct preview_options *options = previewing->options;
    const struct stream *stream = options->stream;
    struct job job = {
        .n = 1,
        .stream = stream->name,
        .spec = stream->spec,
        .part = first_part(previewing->arena, stream),
        .mode = STR("incremental"),
        .bookmark = stream->bookmark.start,
        .started_us = (options->started_ms ? options->started_ms : clock_wall_ms()) * 1000,
    };
    set_window(previewing, &job);
    return job;
}

static void lend(struct previewing *previewing)
{
    previewing->env = (struct crawl_env){
        .loop = previewing->options->loop,
        .http = previewing->http,
        .loaders = previewing->loaders,
        .throttle = previewing->throttle,
        .tokens = previewing->tokens,
        .rng = &previewing->rng,
        .secrets_dir = previewing->options->secrets_dir,
        .may_send = may_send,
        .may_cut = may_cut,
        .memory_bytes = MEMORY_BYTES,
        .on_retry = on_retry,
        .on_page = on_page,
        .on_recognised = on_recognised,
        .on_ended = on_ended,
        .ctx = previewing,
        .watch = previewing->options->watch,
    };
}

static void go(struct previewing *previewing)
{
    const struct crawl_past nothing = {0};
    struct job job = make_job(previewing);
    lend(previewing);
    previewing->crawl = crawl_new(&previewing->env, &job, &nothing);
    loop_run_until(previewing->options->loop, &previewing->is_over, -1);
    crawl_free(previewing->crawl);
}

bool preview_run(const struct preview_options *options, struct arena *arena,
                 struct preview *ret_preview, struct err *err)
{
    struct preview preview = {0};
    struct previewing previewing = {.options = options, .arena = arena, .preview = &preview};
    const struct loaders_options loaders = {
        .loop = options->loop, .batch_records = BATCH_RECORDS, .batch_bytes = BATCH_BYTES};
    struct http *own = NULL;
    if (!options->http && !http_new(options->loop, &own, err))
        return false;
    previewing.http = options->http ? options->http : own;
    if (!loaders_new(&loaders, on_outcome, &previewing.loaders, err)) {
        http_free(own);
        return false;
    }
    rng_seed_random(&previewing.rng);
    previewing.throttle = throttle_new(on_freed, &previewing);
    previewing.tokens = tokens_new(options->loop, previewing.http, &previewing.rng);
    previewing.stop = loop_timer_new(options->loop, on_stop_timer, &previewing);
    go(&previewing);
    loop_timer_free(previewing.stop);
    tokens_free(previewing.tokens);
    throttle_free(previewing.throttle);
    loaders_free(previewing.loaders);
    http_free(own);
    *ret_preview = preview;
    return true;
}

const char *preview_state_name(const struct preview *preview)
{
    if (preview->how == PREVIEW_STOPPED)
        return "stopped";
    return preview->how == PREVIEW_WAITS ? "waiting" : job_state_name(preview->state);
}

bool preview_has_secrets(const struct stream *stream, const char *secrets_dir, struct err *err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct secrets secrets;
    return secrets_collect(arena, stream, secrets_dir, &secrets, err);
}
