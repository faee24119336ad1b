#include "worker/load/survey.h"

#include <string.h>

#include "base/mem.h"

enum { TIMEOUT_MS = 60000, PLAN_BYTES_MAX = 64 << 20 };

struct survey {
    struct attempt attempt;
    const struct stream *stream;
    int64_t run;
    struct buf plan; /* empty: only read */
    survey_fn fn;
    void *ctx;
};

static void begin(void *ctx, struct session *session);

static void end(struct survey *survey, struct map *map, const struct err *err)
{
    attempt_done(&survey->attempt);
    survey->fn(survey->ctx, map, err);
}

static void gave_up(void *ctx, const struct err *err)
{
    end(ctx, NULL, err);
}

/* PT02x: the definition and the table do not go together (schema/sql/0004_columns.sql). */
static bool is_refusal(const struct err *err)
{
    return strncmp(err->sqlstate, "PT02", 4) == 0;
}

static void failed(struct survey *survey, const struct err *err)
{
    struct err copy = *err;
    if (is_refusal(err))
        copy.kind = ERR_CONFIG;
    if (copy.kind == ERR_AGAIN || copy.kind == ERR_BUG) {
        attempt_retry(&survey->attempt, &copy);
        return;
    }
    err_wrap(&copy, "table %.*s.%.*s", STR_ARG(survey->stream->table.schema),
             STR_ARG(survey->stream->table.name));
    end(survey, NULL, &copy);
}

/* Whether a table that is there may lack what the definition says. */
static bool wants_extension(const struct survey *survey, const struct map *map)
{
    const struct table *table = &survey->stream->table;
    return map->columns.has_table && survey->plan.len == 0 &&
           (table->write == WRITE_UPSERT || !map_has_declared(map, table));
}

static void answered(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct survey *survey = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err) {
        failed(survey, err);
        return;
    }
    struct map *map = map_new(result, survey->stream);
    if (!wants_extension(survey, map)) {
        end(survey, map, NULL);
        return;
    }
    map_unref(map);
    map_put_plan(&survey->plan, survey->stream, survey->run, NULL);
    begin(survey, survey->attempt.session);
}

static void begin(void *ctx, struct session *session)
{
    struct survey *survey = ctx;
    const struct stream *stream = survey->stream;
    if (survey->plan.len) {
        struct pg_value plan = pg_text(buf_str(&survey->plan));
        pg_query(session->pg, "select * from pagetide.extend_table($1)", &plan, 1, TIMEOUT_MS,
                 answered, survey);
        return;
    }
    const struct pg_value params[] = {pg_text(stream->name), pg_text(stream->table.schema),
                                      pg_text(stream->table.name), pg_int(survey->run)};
    pg_query(session->pg, "select * from pagetide.columns($1, $2, $3, $4)", params,
             COUNT_OF(params), TIMEOUT_MS, answered, survey);
}

static struct survey *survey_new(const struct stream *stream, int64_t run, int64_t give_up_ms,
                                 survey_fn fn, void *ctx)
{
    struct survey *survey = mem_alloc(sizeof *survey);
    *survey = (struct survey){.stream = stream, .run = run, .fn = fn, .ctx = ctx};
    survey->attempt = (struct attempt){
        .give_up_ms = give_up_ms, .begin = begin, .give_up = gave_up, .ctx = survey};
    buf_init(&survey->plan, PLAN_BYTES_MAX);
    return survey;
}

struct survey *survey_read(struct sessions *sessions, const struct stream *stream, int64_t run,
                           int64_t give_up_ms, survey_fn fn, void *ctx)
{
    struct survey *survey = survey_new(stream, run, give_up_ms, fn, ctx);
    attempt_start(&survey->attempt, sessions);
    return survey;
}

struct survey *survey_extend(struct sessions *sessions, const struct stream *stream,
                             int64_t run, const struct shape *shape, int64_t give_up_ms,
                             survey_fn fn, void *ctx)
{
    struct survey *survey = survey_new(stream, run, give_up_ms, fn, ctx);
    map_put_plan(&survey->plan, stream, run, shape);
    attempt_start(&survey->attempt, sessions);
    return survey;
}

void survey_free(struct survey *survey)
{
    if (!survey)
        return;
    if (survey->attempt.timer)
        attempt_cancel(&survey->attempt);
    buf_done(&survey->plan);
    mem_free(survey);
}
