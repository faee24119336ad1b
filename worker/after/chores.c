#include "worker/after/chores.h"

#include <assert.h>

#include "base/arena.h"
#include "base/lack.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/redact.h"
#include "base/rng.h"
#include "config/source.h"
#include "port/http.h"
#include "worker/after/webhook.h"

enum { TIMEOUT_MS = 30000, POLL_MS = 1000, LEEWAY_MS = 30000, ANALYZE_MS = 1800000 };

struct chores {
    struct chores_options options;
    struct pg *own;  /* for statements; NULL: not open */
    bool is_touched; /* SQL of a definition has run in it, which may have set anything */
    struct str statements;
    int64_t limit_ms;
    struct http *http;
    struct http_call *call;
    struct loop_timer *timer;
    char owner[RNG_TOKEN_BYTES]; /* what our chores are ours by */
    struct arena *arena;         /* of the chore under way */
    int64_t id, run;             /* of the chore under way */
    struct str stream, kind;
    bool polls;
    bool is_idle;    /* nothing is due, or nobody can be asked */
    bool is_lacking; /* and that was told */
};

static void take(struct chores *chores);

static void rest(struct chores *chores)
{
    chores->is_idle = true;
    if (chores->polls)
        loop_timer_set(chores->timer, POLL_MS);
}

static void say(const struct chores *chores, enum log_level level, const char *what)
{
    const struct log_where at = {.stream = chores->stream, .run = chores->run};
    log_write(level, LOG_AFTER_LOAD, &at, "%.*s: %s", STR_ARG(chores->kind), what);
}

/* --- the end of a chore --- */

static void on_failed(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct chores *chores = ctx;
    (void)result;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err)
        rest(chores);
    else
        take(chores);
}

static const char fail_sql[] = "select pagetide.fail_chore($1, $2, $3, $4)";

/* Where PostgreSQL is away the chore is due again by itself. */
static void fail(struct chores *chores, const struct err *err)
{
    struct str why = redact_str(chores->arena, str_from(err->text));
    bool is_statistics = str_is(chores->kind, "analyze");
    const struct pg_value params[] = {pg_int(chores->id), pg_text(str_from(chores->owner)),
                                      pg_text(why), pg_bool(err->kind != ERR_AGAIN)};
    say(chores, is_statistics ? LOG_DEBUG : LOG_WARN, arena_cstr(chores->arena, why));
    pg_query(chores->options.pg, fail_sql, params, COUNT_OF(params), TIMEOUT_MS, on_failed,
             chores);
}

static void on_done(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct chores *chores = ctx;
    (void)result;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err) {
        fail(chores, err);
        return;
    }
    say(chores, LOG_DEBUG, "done");
    take(chores);
}

/* --- statements --- */

static void execute(struct chores *chores, struct pg *pg)
{
    struct str statements = chores->statements;
    chores->statements = STR_NONE;
    pg_query(pg, arena_cstr(chores->arena, statements), NULL, 0, chores->limit_ms + LEEWAY_MS,
             on_done, chores);
}

static void on_state(void *ctx, bool is_up, const struct err *err)
{
    struct chores *chores = ctx;
    if (!chores->statements.len)
        return;
    if (is_up) {
        execute(chores, chores->own);
        return;
    }
    chores->statements = STR_NONE;
    if (err)
        fail(chores, err);
}

static void begin_statements(struct chores *chores)
{
    const struct pg_options pg = {.url = chores->options.settings->database_url,
                                  .name = "pagetide after"};
    bool is_sql = str_is(chores->kind, "sql");
    struct err err = ERR_INIT;
    if (chores->options.shares_session && !is_sql) {
        execute(chores, chores->options.pg);
        return;
    }
    if (chores->is_touched)
        pg_close(TAKE(chores->own));
    chores->is_touched = is_sql;
    if (chores->own && pg_is_up(chores->own))
        execute(chores, chores->own);
    else if (!chores->own &&
             !pg_open(chores->options.loop, &pg, on_state, chores, &chores->own, &err))
        fail(chores, &err);
}

/* --- a webhook --- */

static void on_answer(void *ctx, const struct http_answer *answer, const struct err *failed)
{
    struct chores *chores = ctx;
    struct err err = ERR_INIT;
    chores->call = NULL;
    if (failed)
        err = *failed;
    if (failed || !webhook_judge(answer->status, &err)) {
        fail(chores, &err);
        return;
    }
    const struct pg_value params[] = {pg_int(chores->id), pg_text(str_from(chores->owner))};
    pg_query(chores->options.pg, "select pagetide.end_chore($1, $2)", params, COUNT_OF(params),
             TIMEOUT_MS, on_done, chores);
}

static bool post(struct chores *chores, struct str spec, const struct webhook_run *run,
                 struct err *err)
{
    struct stream *stream;
    struct http_request request;
    if (!source_parse_spec(chores->arena, spec, &stream, err) ||
        !webhook_make(chores->arena, stream, chores->options.settings->secrets_dir, run,
                      &request, err))
        return false;
    chores->call = http_send(chores->http, &request, on_answer, chores);
    return true;
}

/* --- the next one --- */

static const char take_sql[] = "select id, stream, run, kind, statements, spec, event, "
                               "timeout_ms, started_us from pagetide.take_chore($1, $2)";
enum take_column {
    TAKE_ID,
    TAKE_STREAM,
    TAKE_RUN,
    TAKE_KIND,
    TAKE_STATEMENTS,
    TAKE_SPEC,
    TAKE_EVENT,
    TAKE_TIMEOUT_MS,
    TAKE_STARTED_US,
    TAKE_COLUMNS,
};

static void begin(struct chores *chores, const struct pg_result *result)
{
    struct arena *arena = chores->arena;
    struct err err = ERR_INIT;
    chores->id = pg_get_int(result, 0, TAKE_ID);
    chores->run = pg_get_int(result, 0, TAKE_RUN);
    chores->stream = arena_str(arena, pg_get_str(result, 0, TAKE_STREAM));
    chores->kind = arena_str(arena, pg_get_str(result, 0, TAKE_KIND));
    const struct webhook_run run = {
        .run = chores->run,
        .started_us = pg_get_int(result, 0, TAKE_STARTED_US),
        .event = arena_str(arena, pg_get_str(result, 0, TAKE_EVENT)),
        .timeout_ms = pg_get_int(result, 0, TAKE_TIMEOUT_MS),
    };
    if (!pg_is_null(result, 0, TAKE_STATEMENTS)) {
        chores->limit_ms = str_is(chores->kind, "analyze") ? ANALYZE_MS : run.timeout_ms;
        chores->statements = arena_str(arena, pg_get_str(result, 0, TAKE_STATEMENTS));
        begin_statements(chores);
    } else if (!post(chores, arena_str(arena, pg_get_str(result, 0, TAKE_SPEC)), &run, &err)) {
        fail(chores, &err);
    }
}

static void on_taken(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct chores *chores = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err || !pg_rows(result)) {
        rest(chores);
        return;
    }
    assert(pg_columns(result) == TAKE_COLUMNS);
    begin(chores, result);
}

/* A chore that is taken has a try less: not where this machine could not begin it. */
static bool is_lacking(struct chores *chores)
{
    int code = lack_of_descriptors();
    if (code && !chores->is_lacking)
        log_write(LOG_WARN, LOG_LACK, LOG_NOWHERE, "%s; what is to be done after runs waits",
                  lack_of(code));
    chores->is_lacking = code;
    return code;
}

static void take(struct chores *chores)
{
    if (is_lacking(chores)) {
        rest(chores);
        return;
    }
    struct str streams = chores->options.streams;
    const struct pg_value params[] = {pg_text(str_from(chores->owner)),
                                      streams.len ? pg_text(streams) : PG_NULL};
    arena_reset(chores->arena);
    pg_query(chores->options.pg, take_sql, params, COUNT_OF(params), TIMEOUT_MS, on_taken,
             chores);
}

/* --- the whole --- */

static void on_timer(void *ctx)
{
    struct chores *chores = ctx;
    pg_close(TAKE(chores->own));
    if (!pg_is_up(chores->options.pg)) {
        rest(chores);
        return;
    }
    chores->is_idle = false;
    take(chores);
}

bool chores_new(const struct chores_options *options, struct chores **ret_chores,
                struct err *err)
{
    struct chores *chores = mem_alloc(sizeof *chores);
    *chores = (struct chores){.options = *options, .arena = arena_new(), .is_idle = true};
    rng_token(chores->owner);
    chores->timer = loop_timer_new(options->loop, on_timer, chores);
    if (http_new(options->loop, &chores->http, err)) {
        *ret_chores = chores;
        return true;
    }
    chores_free(chores);
    return false;
}

void chores_free(struct chores *chores)
{
    if (!chores)
        return;
    if (chores->call)
        http_cancel(chores->call);
    pg_close(chores->own);
    http_free(chores->http);
    loop_timer_free(chores->timer);
    arena_free(chores->arena);
    mem_free(chores);
}

void chores_start(struct chores *chores)
{
    chores->polls = true;
    loop_timer_set(chores->timer, 0);
}

void chores_work_off(struct chores *chores, const bool *is_stopped)
{
    if (!pg_is_up(chores->options.pg))
        return;
    chores->is_idle = false;
    take(chores);
    while (!chores->is_idle && !*is_stopped)
        loop_run_until(chores->options.loop, &chores->is_idle, POLL_MS);
}

void chores_send_statistics(struct chores *chores)
{
    const struct pg_value streams = pg_text(chores->options.streams);
    if (pg_is_up(chores->options.pg))
        pg_query(chores->options.pg, "select pagetide.analyze_grown($1)", &streams, 1,
                 ANALYZE_MS, NULL, NULL);
}
