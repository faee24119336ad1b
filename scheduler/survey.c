#include "scheduler/survey.h"

#include "base/clock.h"
#include "base/mem.h"
#include "core/metrics.h"
#include "port/pg.h"

/*
 * A question is under way (is_asked) or not; whoever comes meanwhile waits for the same answer,
 * or for `limit`. An answer that comes after the limit serves those who come next.
 */
enum {
    TIMEOUT_MS = 15000,
    /* Each stream has several metrics, and there may be no more sets of one. */
    STREAMS_MAX = METRIC_SETS_MAX - 1,
};

/* The server ends it before we give it up, and the session with it. */
static const char setup_sql[] = "set statement_timeout = '15s'; set jit = off";
static const char survey_sql[] =
    "select metric, label, second_label, number from pagetide.survey($1, $2::bigint::int)";
enum { COLUMN_METRIC, COLUMN_LABEL, COLUMN_SECOND, COLUMN_NUMBER };

struct waiter {
    loop_fn fn;
    void *ctx;
};

struct survey {
    struct loop *loop;
    const struct settings *settings;
    struct pg *pg; /* NULL: nobody has asked yet */
    struct loop_timer *limit;
    struct waiter *waiters;
    size_t count, capacity;
    int64_t asked_mono_ms, answered_mono_ms; /* 0: never */
    bool is_asked;
};

static void tell_all(struct survey *survey)
{
    struct waiter *waiters = TAKE(survey->waiters);
    size_t count = survey->count;
    survey->count = survey->capacity = 0;
    loop_timer_clear(survey->limit);
    for (size_t i = 0; i < count; i++)
        waiters[i].fn(waiters[i].ctx);
    mem_free(waiters);
}

static void clear_all(void)
{
#define X(id, type, name, labels, unit, help) metrics_clear(METRIC_##id);
    METRICS_OF_SCHEDULERS(X)
#undef X
}

static void note_silence(struct survey *survey)
{
    int64_t age_ms = clock_mono_ms() - survey->answered_mono_ms;
    if (!survey->answered_mono_ms || age_ms > SURVEY_STALE_MS)
        clear_all();
    metrics_set(METRIC_SURVEY_UP, METRIC_ALONE, 0);
}

static void on_limit(void *ctx)
{
    struct survey *survey = ctx;
    note_silence(survey);
    tell_all(survey);
}

/* A schema newer than this program may name others. */
static bool find_metric(struct str name, enum metric *ret)
{
    for (size_t i = METRIC_SURVEY_UP; i < METRIC_COUNT; i++)
        if (str_is(name, metrics_about[i].name)) {
            *ret = (enum metric)i;
            return true;
        }
    return false;
}

static void take_rows(const struct pg_result *result)
{
    struct str last = STR_NONE;
    enum metric metric = METRIC_COUNT;
    for (size_t i = 0; i < pg_rows(result); i++) {
        struct str name = pg_get_str(result, i, COLUMN_METRIC);
        if (!str_eq(name, last) && !find_metric(name, &metric))
            continue;
        last = name;
        metrics_set(metric,
                    METRIC_OF(pg_get_str(result, i, COLUMN_LABEL),
                              pg_get_str(result, i, COLUMN_SECOND)),
                    pg_get_int(result, i, COLUMN_NUMBER));
    }
}

static void on_answer(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct survey *survey = ctx;
    survey->is_asked = false;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err) {
        note_silence(survey);
    } else {
        survey->answered_mono_ms = clock_mono_ms();
        clear_all();
        metrics_set(METRIC_SURVEY_UP, METRIC_ALONE, 1);
        metrics_set(METRIC_SURVEY_TIME, METRIC_ALONE,
                    survey->answered_mono_ms - survey->asked_mono_ms);
        take_rows(result);
    }
    tell_all(survey);
}

static void ask(struct survey *survey)
{
    const struct pg_value params[] = {pg_int(survey->settings->beat_ms), pg_int(STREAMS_MAX)};
    survey->is_asked = true;
    survey->asked_mono_ms = clock_mono_ms();
    pg_query(survey->pg, survey_sql, params, COUNT_OF(params), TIMEOUT_MS, on_answer, survey);
}

static void on_pg(void *ctx, bool up, const struct err *err)
{
    struct survey *survey = ctx;
    (void)err; /* the scheduler's own session says it */
    if (up && survey->count && !survey->is_asked)
        ask(survey);
}

static bool open_session(struct survey *survey)
{
    struct err ignored = ERR_INIT; /* the scheduler's own session has the same URL */
    const struct pg_options options = {.url = survey->settings->database_url,
                                       .name = "pagetide metrics",
                                       .setup_sql = setup_sql};
    return survey->pg || pg_open(survey->loop, &options, on_pg, survey, &survey->pg, &ignored);
}

struct survey *survey_new(struct loop *loop, const struct settings *settings)
{
    struct survey *survey = mem_alloc(sizeof *survey);
    *survey = (struct survey){.loop = loop, .settings = settings};
    survey->limit = loop_timer_new(loop, on_limit, survey);
    return survey;
}

void survey_free(struct survey *survey)
{
    if (!survey)
        return;
    pg_close(survey->pg);
    tell_all(survey);
    loop_timer_free(survey->limit);
    mem_free(survey);
}

bool survey_is_fresh(const struct survey *survey)
{
    return survey->answered_mono_ms &&
           clock_mono_ms() - survey->answered_mono_ms < SURVEY_FRESH_MS;
}

void survey_ask(struct survey *survey, loop_fn fn, void *ctx)
{
    MEM_GROW(survey->waiters, survey->count, survey->capacity);
    survey->waiters[survey->count++] = (struct waiter){fn, ctx};
    if (!loop_timer_is_set(survey->limit))
        loop_timer_set(survey->limit, SURVEY_LIMIT_MS);
    if (open_session(survey) && pg_is_up(survey->pg) && !survey->is_asked)
        ask(survey);
}
