#include "cli/sync_take.h"

#include <assert.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/process.h"
#include "cli/say.h"
#include "scheduler/partitions.h"

enum { TIMEOUT_MS = 60000, PAUSE_MIN_MS = 50, PAUSE_MAX_MS = 500, PATIENCE_BEATS = 3 };

enum verdict {
    VERDICT_NEW,
    VERDICT_RESUMED,
    VERDICT_WAIT,
    VERDICT_BUSY,
    VERDICT_OVER,
    VERDICT_REFUSED,
};

/* One stream's taking: what the last answer said, and what the next question says. */
struct taking {
    const struct sync_take *take;
    const struct stream *stream;
    int64_t version;
    enum verdict verdict;
    int64_t run, wait_ms, cancelled_run, other_pid;
    int64_t waited_run; /* of another process; 0: none so far */
    /* In the command's arena. The other worker is empty where only a lock is waited for. */
    struct str other, other_host;
    struct str seen_at; /* the other's last beat when we first asked; empty: none yet */
    struct str refusal;
    struct str known_gone; /* the other, once its process was seen to be gone */
};

static bool define(struct taking *taking, struct err *err)
{
    const struct stream *stream = taking->stream;
    const struct schedule *schedule = &stream->schedule;
    AUTO_PG_RESULT struct pg_result *result = NULL;
    const struct pg_value params[] = {pg_text(stream->name), pg_text(stream->spec),
                                      pg_text(schedule->cron), pg_text(schedule->timezone),
                                      pg_int(schedule->every_ms)};
    enum { DEFINED_VERSION, DEFINED_COLUMNS };
    if (!pg_await(taking->take->pg, "select pagetide.define($1, $2::jsonb, $3, $4, $5, false)",
                  params, COUNT_OF(params), TIMEOUT_MS, &result, err))
        return false;
    assert(pg_columns(result) == DEFINED_COLUMNS);
    taking->version = pg_get_int(result, 0, DEFINED_VERSION);
    return true;
}

static struct str mode_of(const struct options *options)
{
    return options->full ? STR("full") : options->from ? STR("window") : STR("incremental");
}

/* Written so that PostgreSQL reads the same instant in any time zone. */
static struct pg_value instant_or_null(struct cli *cli, const char *text)
{
    AUTO_BUF(buf, 64);
    int64_t us;
    if (!text || !date_parse_iso(str_from(text), &us))
        return PG_NULL;
    date_format_rfc3339(&buf, us);
    return pg_text(arena_str(cli->arena, buf_str(&buf)));
}

static struct pg_value text_or_null(struct str text)
{
    return text.len ? pg_text(text) : PG_NULL;
}

static const char take_sql[] =
    "select verdict, run, other_worker, other_host, other_pid, other_seen_at, wait_ms, "
    "cancelled_run, refusal from pagetide.sync_take($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
    "$11)";
enum take_column {
    TAKE_VERDICT,
    TAKE_RUN,
    TAKE_OTHER_WORKER,
    TAKE_OTHER_HOST,
    TAKE_OTHER_PID,
    TAKE_OTHER_SEEN_AT,
    TAKE_WAIT_MS,
    TAKE_CANCELLED_RUN,
    TAKE_REFUSAL,
    TAKE_COLUMNS,
};

static bool read_answer(struct taking *taking, const struct pg_result *result, struct err *err)
{
    static const char *const verdicts[] = {"new", "resumed", "wait", "busy", "over", "refused"};
    struct arena *arena = taking->take->cli->arena;
    struct str verdict = pg_get_str(result, 0, TAKE_VERDICT);
    size_t at = 0;
    assert(pg_columns(result) == TAKE_COLUMNS);
    while (at < COUNT_OF(verdicts) && !str_is(verdict, verdicts[at]))
        at++;
    if (at == COUNT_OF(verdicts))
        return err_set(err, ERR_BUG, "sync", 0, "unknown verdict \"%.*s\"", STR_ARG(verdict));
    taking->verdict = (enum verdict)at;
    taking->run = pg_get_int(result, 0, TAKE_RUN);
    taking->other = arena_str(arena, pg_get_str(result, 0, TAKE_OTHER_WORKER));
    taking->other_host = arena_str(arena, pg_get_str(result, 0, TAKE_OTHER_HOST));
    taking->other_pid = pg_get_int(result, 0, TAKE_OTHER_PID);
    if (!taking->seen_at.len)
        taking->seen_at = arena_str(arena, pg_get_str(result, 0, TAKE_OTHER_SEEN_AT));
    taking->wait_ms = pg_get_int(result, 0, TAKE_WAIT_MS);
    taking->cancelled_run = pg_get_int(result, 0, TAKE_CANCELLED_RUN);
    taking->refusal = arena_str(arena, pg_get_str(result, 0, TAKE_REFUSAL));
    return true;
}

static bool ask(struct taking *taking, struct err *err)
{
    struct cli *cli = taking->take->cli;
    AUTO_PG_RESULT struct pg_result *result = NULL;
    const struct pg_value params[] = {
        pg_text(taking->stream->name),
        pg_int(taking->version),
        pg_text(mode_of(&cli->options)),
        instant_or_null(cli, cli->options.from),
        instant_or_null(cli, cli->options.to),
        pg_text(taking->take->worker),
        pg_int(cli->settings.beat_ms),
        text_or_null(taking->known_gone),
        text_or_null(taking->seen_at),
        taking->waited_run ? pg_int(taking->waited_run) : PG_NULL,
        pg_bool(cli->options.again),
    };
    return pg_await(taking->take->pg, take_sql, params, COUNT_OF(params), TIMEOUT_MS, &result,
                    err) &&
           read_answer(taking, result, err);
}

static bool is_other_gone(const struct taking *taking)
{
    char host[PROCESS_HOST_BYTES];
    process_host(host);
    return taking->other.len && str_is(taking->other_host, host) &&
           process_is_gone(taking->other_pid);
}

static void wait_a_little(struct taking *taking)
{
    if (taking->other.len && !taking->waited_run) {
        taking->waited_run = taking->run;
        say_note(stderr,
                 "pagetide: %.*s: run %lld belongs to %.*s: checking whether that is alive",
                 STR_ARG(taking->stream->name), (long long)taking->run, STR_ARG(taking->other));
    }
    loop_run_until(cli_loop(taking->take->cli), taking->take->is_interrupted,
                   MIN(MAX(taking->wait_ms, PAUSE_MIN_MS), PAUSE_MAX_MS));
}

/* Asks until the run is ours or its worker has shown that it lives. */
static bool ask_until_known(struct taking *taking, struct err *err)
{
    const struct sync_take *take = taking->take;
    int64_t deadline_mono_ms = clock_mono_ms() + PATIENCE_BEATS * take->cli->settings.beat_ms;
    for (;;) {
        if (!ask(taking, err))
            return false;
        if (taking->verdict != VERDICT_WAIT || clock_mono_ms() >= deadline_mono_ms ||
            *take->is_interrupted)
            return true;
        if (is_other_gone(taking))
            taking->known_gone = taking->other;
        else
            wait_a_little(taking);
    }
}

static void announce_end(const struct taking *taking)
{
    struct str stream = taking->stream->name;
    if (taking->cancelled_run)
        say_note(stderr,
                 "pagetide: %.*s: run %lld had another definition or mode: cancelled, run %lld "
                 "begins",
                 STR_ARG(stream), (long long)taking->cancelled_run, (long long)taking->run);
    if (taking->verdict == VERDICT_OVER)
        say_note(stderr, "pagetide: %.*s: run %lld of another process has ended meanwhile",
                 STR_ARG(stream), (long long)taking->run);
    if (taking->verdict == VERDICT_RESUMED)
        say_note(stderr, "pagetide: %.*s: run %lld goes on where it stopped", STR_ARG(stream),
                 (long long)taking->run);
}

bool sync_take_run(const struct sync_take *take, const struct stream *stream, int64_t *ret_run,
                   struct err *err)
{
    struct taking taking = {.take = take, .stream = stream};
    if (!define(&taking, err))
        return err_wrap(err, "%.*s", STR_ARG(stream->name));
    if (!ask_until_known(&taking, err))
        return err_wrap(err, "%.*s", STR_ARG(stream->name));
    if (taking.verdict == VERDICT_REFUSED)
        return err_set(err, ERR_CONFIG, "sync", 0, "%.*s", STR_ARG(taking.refusal));
    if (taking.verdict == VERDICT_WAIT || taking.verdict == VERDICT_BUSY)
        return err_set(err, ERR_INPUT, "sync", 0,
                       "%.*s: run %lld is being made by %.*s; wait for its end or cancel it",
                       STR_ARG(stream->name), (long long)taking.run, STR_ARG(taking.other));
    announce_end(&taking);
    *ret_run = taking.run;
    return true;
}

struct listing {
    bool is_done;
    struct err err;
};

static void on_listed(void *ctx, size_t listed, const struct err *err)
{
    struct listing *listing = ctx;
    (void)listed;
    listing->is_done = true;
    if (err)
        listing->err = *err;
}

bool sync_take_partitions(const struct sync_take *take, const struct stream *stream,
                          int64_t run, struct err *err)
{
    struct cli *cli = take->cli;
    struct listing listing = {.err = ERR_INIT};
    if (stream->partitions.kind != VALUE_MAP)
        return true;
    struct partitions *partitions =
        partitions_new(&(struct partitions_options){.loop = cli_loop(cli),
                                                    .pg = take->pg,
                                                    .database_url = cli->settings.database_url,
                                                    .name = "pagetide sync"});
    partitions_list(partitions, run, on_listed, &listing);
    while (!listing.is_done && !*take->is_interrupted)
        loop_run_until(cli_loop(cli), &listing.is_done, PAUSE_MAX_MS);
    partitions_free(partitions);
    if (listing.err.kind == ERR_NONE)
        return true;
    *err = listing.err;
    return err_wrap(err, "%.*s: partitions", STR_ARG(stream->name));
}

bool sync_take_jobs(const struct sync_take *take, int64_t run, int64_t **ret_jobs,
                    size_t *ret_count, struct err *err)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct pg_value of_run = pg_int(run);
    enum { LEFT_JOB, LEFT_COLUMNS };
    if (!pg_await(take->pg,
                  "select id from pagetide.job where run = $1 and not pagetide.is_end(state) "
                  "order by n",
                  &of_run, 1, TIMEOUT_MS, &result, err))
        return false;
    assert(pg_columns(result) == LEFT_COLUMNS);
    *ret_count = pg_rows(result);
    *ret_jobs = ARENA_ARRAY(take->cli->arena, int64_t, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++)
        (*ret_jobs)[i] = pg_get_int(result, i, LEFT_JOB);
    return true;
}
