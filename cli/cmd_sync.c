#include <errno.h>
#include <signal.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/log.h"
#include "cli/bar.h"
#include "cli/cli.h"
#include "cli/summary.h"
#include "worker/worker.h"

/*
 * `sync`: the same step machine, loader and checkpoints as a worker's, with an in-process
 * queue. Takes over what an earlier sync or a dead worker left.
 */
enum { SIGN_OFF_MS = 2000, TIMEOUT_MS = 60000, DRAW_MS = 200, GIVE_UP_MS = 60000 };

struct synced {
    struct stream *stream;
    int64_t run;
    bool is_over; /* its run has ended in PostgreSQL */
};

struct sync {
    struct cli *cli;
    struct pg *pg;
    struct worker *worker;
    struct synced *items;
    size_t count;
    struct bar bar;
    struct loop_timer *draw, *ready;
    struct loop_signal *signals[2];
    struct err lost; /* why a job had to be left */
    bool is_registered, is_over, is_interrupted, is_drained;
};

/* --- which streams --------------------------------------------------------------------- */

static bool add_all(struct sync *sync, struct source *const *sources, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += sources[i]->count;
    sync->items = ARENA_ARRAY(sync->cli->arena, struct synced, total + 1);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sources[i]->count; j++)
            sync->items[sync->count++].stream = sources[i]->streams[j];
    if (!sync->count)
        cli_usage("sync: there is no stream in %s/sources", sync->cli->settings.config_dir);
    return sync->count > 0;
}

/* A stream that is named twice is one run: a second would fight with the first over it. */
static void add_once(struct sync *sync, struct stream *stream)
{
    for (size_t i = 0; i < sync->count; i++)
        if (sync->items[i].stream == stream)
            return;
    sync->items[sync->count++].stream = stream;
}

static bool add_named(struct sync *sync, struct source *const *sources, size_t count)
{
    struct cli *cli = sync->cli;
    sync->items = ARENA_ARRAY(cli->arena, struct synced, (size_t)cli->operand_count + 1);
    for (int i = 0; i < cli->operand_count; i++) {
        struct stream *stream = source_find_stream(sources, count, str_from(cli->operands[i]));
        if (!stream) {
            cli_usage("sync: there is no stream \"%s\" in %s/sources", cli->operands[i],
                      cli->settings.config_dir);
            return false;
        }
        add_once(sync, stream);
    }
    return true;
}

static bool may_load_again(const struct sync *sync)
{
    const struct options *options = &sync->cli->options;
    for (size_t i = 0; options->full && !options->again && i < sync->count; i++) {
        const struct stream *stream = sync->items[i].stream;
        if (stream->table.write != WRITE_APPEND)
            continue;
        cli_usage("sync --full: %.*s appends, so its records would be there twice: "
                  "say --again if that is meant",
                  STR_ARG(stream->name));
        return false;
    }
    return true;
}

static bool is_window_right(const struct options *options)
{
    int64_t from_us, to_us;
    if (!options->from && !options->to)
        return true;
    if (!options->from || !options->to)
        cli_usage("sync: a window needs --from and --to");
    else if (options->full)
        cli_usage("sync: --full and a window exclude each other");
    else if (!date_parse_iso(str_from(options->from), &from_us))
        cli_usage("sync --from: \"%s\" is neither RFC 3339 nor a date", options->from);
    else if (!date_parse_iso(str_from(options->to), &to_us))
        cli_usage("sync --to: \"%s\" is neither RFC 3339 nor a date", options->to);
    else if (from_us >= to_us)
        cli_usage("sync: --from must lie before --to");
    else
        return true;
    return false;
}

static bool choose(struct sync *sync)
{
    struct cli *cli = sync->cli;
    struct source **sources;
    size_t count;
    if (!is_window_right(&cli->options))
        return false;
    if (cli->options.all == (cli->operand_count > 0)) {
        cli_usage("sync: name streams (source.stream), or --all");
        return false;
    }
    if (!cli_sources(cli, &sources, &count))
        return false;
    bool found =
        cli->options.all ? add_all(sync, sources, count) : add_named(sync, sources, count);
    return found && may_load_again(sync);
}

/* --- taking the runs ------------------------------------------------------------------- */

static bool define(struct sync *sync, struct synced *item, int64_t *ret_version,
                   struct err *err)
{
    const struct stream *stream = item->stream;
    const struct schedule *schedule = &stream->schedule;
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct pg_value params[] = {pg_text(stream->name), pg_text(stream->spec),
                                pg_text(schedule->cron), pg_text(schedule->timezone),
                                pg_int(schedule->every_ms)};
    if (!pg_await(sync->pg, "select pagetide.define($1, $2::jsonb, $3, $4, $5, false)", params,
                  COUNT_OF(params), TIMEOUT_MS, &result, err))
        return err_wrap(err, "%.*s", STR_ARG(stream->name));
    *ret_version = pg_get_int(result, 0, 0);
    return true;
}

enum claim { CLAIM_NEW, CLAIM_RESUMED, CLAIM_WAIT, CLAIM_BUSY };

struct claiming {
    enum claim claim;
    int64_t run, wait_ms, cancelled_run, other_pid;
    struct str other, other_host, seen_at; /* in the command's arena */
};

static struct str mode(const struct options *options)
{
    return options->full ? STR("full") : options->from ? STR("window") : STR("incremental");
}

/* Written as PostgreSQL reads it, whatever its time zone. */
static struct pg_value instant_or_null(struct cli *cli, const char *text)
{
    AUTO_BUF(buf, 64);
    int64_t us;
    buf_init(&buf, 64);
    if (!text || !date_parse_iso(str_from(text), &us))
        return PG_NULL;
    date_format_rfc3339(&buf, us);
    return pg_text(arena_str(cli->arena, buf_str(&buf)));
}

static bool take_once(struct sync *sync, const struct synced *item, int64_t version,
                      struct str known_gone, struct claiming *claiming, struct err *err)
{
    static const char *const names[] = {"new", "resumed", "wait", "busy"};
    static const char sql[] =
        "select verdict, run, other_worker, other_host, other_pid, other_seen_at, wait_ms, "
        "cancelled_run from pagetide.sync_take($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    struct cli *cli = sync->cli;
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct str seen = claiming->seen_at;
    struct pg_value params[] = {
        pg_text(item->stream->name),           pg_int(version),
        pg_text(mode(&cli->options)),          instant_or_null(cli, cli->options.from),
        instant_or_null(cli, cli->options.to), pg_text(worker_id(sync->worker)),
        pg_int(cli->settings.beat_ms),         known_gone.len ? pg_text(known_gone) : PG_NULL,
        seen.len ? pg_text(seen) : PG_NULL,
    };
    if (!pg_await(sync->pg, sql, params, COUNT_OF(params), TIMEOUT_MS, &result, err))
        return err_wrap(err, "%.*s", STR_ARG(item->stream->name));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_is(pg_get_str(result, 0, 0), names[i]))
            claiming->claim = (enum claim)i;
    claiming->run = pg_get_int(result, 0, 1);
    claiming->other = arena_str(cli->arena, pg_get_str(result, 0, 2));
    claiming->other_host = arena_str(cli->arena, pg_get_str(result, 0, 3));
    claiming->other_pid = pg_get_int(result, 0, 4);
    if (!seen.len)
        claiming->seen_at = arena_str(cli->arena, pg_get_str(result, 0, 5));
    claiming->wait_ms = pg_get_int(result, 0, 6);
    claiming->cancelled_run = pg_get_int(result, 0, 7);
    return true;
}

/* Is it a process of this host that is no more? Its id begins with the host's name. */
static bool is_gone(const struct sync *sync, const struct claiming *claiming)
{
    struct str own = worker_id(sync->worker);
    bool same_host = claiming->other_host.len < own.len &&
                     str_starts(own, claiming->other_host) &&
                     own.ptr[claiming->other_host.len] == '-';
    return same_host && claiming->other_pid > 0 && kill((pid_t)claiming->other_pid, 0) != 0 &&
           errno == ESRCH;
}

static void pause_loop(struct sync *sync, int64_t ms)
{
    static const bool never = false;
    loop_run_until(cli_loop(sync->cli), sync->is_interrupted ? &sync->is_interrupted : &never,
                   ms);
}

/* The run that was waited for has come to its end meanwhile: that was what was asked for. */
static bool check_not_ended(struct sync *sync, const struct synced *item, int64_t waited_run,
                            struct err *err)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct pg_value run = pg_int(waited_run);
    if (!pg_await(sync->pg, "select pagetide.is_end(state) from pagetide.run where id = $1",
                  &run, 1, TIMEOUT_MS, &result, err))
        return false;
    if (!pg_rows(result) || !pg_get_bool(result, 0, 0))
        return true;
    return err_set(err, ERR_INPUT, "sync", 0,
                   "%.*s: run %lld, made by another process, has just ended; the same command "
                   "makes another run",
                   STR_ARG(item->stream->name), (long long)waited_run);
}

/* Asks until the run is ours or its worker has shown that it lives (two beats). */
static bool take(struct sync *sync, struct synced *item, struct err *err)
{
    struct claiming claiming = {0};
    struct str known_gone = STR_NONE;
    int64_t version = 0;
    bool is_said = false;
    if (!define(sync, item, &version, err))
        return false;
    int64_t deadline = clock_mono_ms() + 3 * sync->cli->settings.beat_ms;
    for (;;) {
        if (!take_once(sync, item, version, known_gone, &claiming, err))
            return false;
        bool waits = claiming.claim == CLAIM_WAIT && clock_mono_ms() < deadline;
        if (!waits || sync->is_interrupted)
            break;
        if (claiming.other.len && is_gone(sync, &claiming)) {
            known_gone = claiming.other;
            continue;
        }
        if (claiming.other.len && !is_said)
            fprintf(
                stderr, "pagetide: %.*s: run %lld belongs to %.*s: seeing whether that lives\n",
                STR_ARG(item->stream->name), (long long)claiming.run, STR_ARG(claiming.other));
        is_said = is_said || claiming.other.len;
        pause_loop(sync, MIN(MAX(claiming.wait_ms, 50), 500));
        if (claiming.other.len && !check_not_ended(sync, item, claiming.run, err))
            return false;
    }
    if (claiming.claim == CLAIM_WAIT || claiming.claim == CLAIM_BUSY)
        return err_set(err, ERR_INPUT, "sync", 0,
                       "%.*s: run %lld is being made by %.*s; wait for its end or cancel it",
                       STR_ARG(item->stream->name), (long long)claiming.run,
                       STR_ARG(claiming.other));
    if (claiming.cancelled_run)
        fprintf(stderr,
                "pagetide: %.*s: run %lld had another definition or mode: cancelled, run %lld "
                "begins anew\n",
                STR_ARG(item->stream->name), (long long)claiming.cancelled_run,
                (long long)claiming.run);
    if (claiming.claim == CLAIM_RESUMED)
        fprintf(stderr, "pagetide: %.*s: run %lld goes on where it stood\n",
                STR_ARG(item->stream->name), (long long)claiming.run);
    item->run = claiming.run;
    return true;
}

static bool add_jobs(struct sync *sync, const struct synced *item, struct err *err)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct pg_value run = pg_int(item->run);
    if (!pg_await(sync->pg,
                  "select id from pagetide.job where run = $1 and not pagetide.is_end(state) "
                  "order by n",
                  &run, 1, TIMEOUT_MS, &result, err))
        return false;
    for (size_t i = 0; i < pg_rows(result); i++)
        worker_add(sync->worker, pg_get_int(result, i, 0));
    return true;
}

static bool take_all(struct sync *sync, struct err *err)
{
    for (size_t i = 0; i < sync->count && !sync->is_interrupted; i++)
        if (!take(sync, &sync->items[i], err) || !add_jobs(sync, &sync->items[i], err))
            return false;
    return true;
}

/* --- running --------------------------------------------------------------------------- */

static void check_over(struct sync *sync)
{
    for (size_t i = 0; i < sync->count; i++)
        if (!sync->items[i].is_over)
            return;
    sync->is_over = true;
}

static void on_ended(void *ctx, const struct job *job, const struct crawl_end *end)
{
    struct sync *sync = ctx;
    bool over = end->run_ended || end->how == CRAWL_LOST;
    if (end->how == CRAWL_LOST) {
        sync->lost = *end->err;
        if (!*end->err->text)
            err_set(&sync->lost, ERR_INPUT, "sync", 0,
                    "another process has taken it over, or it was cancelled");
        err_wrap(&sync->lost, "run %lld: %.*s", (long long)job->run, STR_ARG(job->stream));
    }
    for (size_t i = 0; i < sync->count; i++)
        if (sync->items[i].run == job->run)
            sync->items[i].is_over |= over;
    check_over(sync);
}

static void draw(void *ctx)
{
    struct sync *sync = ctx;
    struct worker_stats stats = worker_stats(sync->worker);
    struct bar_state state = {
        .pages = stats.pages_total ? stats.pages_known : stats.pages,
        .pages_total = stats.pages_total,
        .records = stats.records,
        .note = stats.pg_up ? NULL : "waiting for PostgreSQL",
    };
    bar_draw(&sync->bar, &state);
    loop_timer_set(sync->draw, DRAW_MS);
    /* Somebody else has ended what was left, by `cancel` say: no job will tell. */
    if (!sync->is_interrupted && !stats.held && !stats.waiting)
        sync->is_over = true;
}

static void check_registered(void *ctx)
{
    struct sync *sync = ctx;
    sync->is_registered = worker_stats(sync->worker).pg_up;
    if (!sync->is_registered)
        loop_timer_set(sync->ready, 10);
}

static void drained(void *ctx)
{
    struct sync *sync = ctx;
    sync->is_over = sync->is_drained = true;
}

/* A job that had to be left must not look as if this process had crashed with it. */
static void sign_off(struct sync *sync)
{
    worker_drain(sync->worker, drained, sync);
    loop_run_until(cli_loop(sync->cli), &sync->is_drained, SIGN_OFF_MS);
}

static void on_signal(void *ctx)
{
    struct sync *sync = ctx;
    if (sync->is_interrupted)
        _exit(EXIT_INTERRUPTED);
    sync->is_interrupted = true;
    worker_drain(sync->worker, drained, sync);
}

static int run_streams(struct sync *sync)
{
    struct err err = ERR_INIT;
    struct loop *loop = cli_loop(sync->cli);
    if (!loop_run_until(loop, &sync->is_registered, TIMEOUT_MS)) {
        err_set(&err, ERR_AGAIN, "sync", 0, "PostgreSQL did not answer within 60 s");
        return cli_fail(&err);
    }
    if (!take_all(sync, &err) && !sync->is_interrupted)
        return cli_fail(&err);
    worker_start(sync->worker);
    bar_start(&sync->bar, 0);
    loop_timer_set(sync->draw, DRAW_MS);
    loop_run_until(loop, &sync->is_over, -1);
    if (!sync->is_interrupted && sync->lost.kind != ERR_NONE)
        sign_off(sync);
    loop_timer_clear(sync->draw);
    bar_clear(&sync->bar);
    if (sync->is_interrupted) {
        fputs("pagetide: interrupted; the same command goes on where it stood\n", stderr);
        return EXIT_INTERRUPTED;
    }
    return EXIT_DONE;
}

/* Where the servers were away, the runs are not over: there is nothing to sum up. */
static int show_ends(struct sync *sync)
{
    int code = EXIT_DONE;
    if (sync->lost.kind != ERR_NONE)
        code = cli_fail(&sync->lost);
    if (sync->lost.kind == ERR_AGAIN) {
        fputs("pagetide: the same command goes on where it stood\n", stderr);
        return code;
    }
    for (size_t i = 0; i < sync->count; i++) {
        struct err err = ERR_INIT;
        struct str state;
        bool is_shown = summary_show(sync->cli, sync->pg, sync->items[i].run, &state, &err);
        code = exit_code_worst(code, is_shown ? exit_code_of_run(state) : cli_fail(&err));
    }
    return code;
}

static int sync_main(struct cli *cli)
{
    struct sync sync = {.cli = cli, .lost = ERR_INIT};
    struct worker_options options = {.loop = cli_loop(cli),
                                     .settings = &cli->settings,
                                     .give_up_ms = GIVE_UP_MS,
                                     .on_ended = on_ended,
                                     .ctx = &sync};
    struct err err = ERR_INIT;
    int code;
    if (!choose(&sync))
        return EXIT_USAGE;
    if (!cli->options.log_level)
        log_set_level(LOG_WARN);
    if (!cli_database(cli, true, &sync.pg, &code))
        return code;
    if (!worker_new(&options, &sync.worker, &err)) {
        pg_close(sync.pg);
        return cli_fail(&err);
    }
    sync.draw = loop_timer_new(options.loop, draw, &sync);
    sync.ready = loop_timer_new(options.loop, check_registered, &sync);
    loop_timer_set(sync.ready, 0);
    sync.signals[0] = loop_signal_new(options.loop, SIGINT, on_signal, &sync);
    sync.signals[1] = loop_signal_new(options.loop, SIGTERM, on_signal, &sync);
    code = run_streams(&sync);
    if (code == EXIT_DONE)
        code = show_ends(&sync);
    loop_signal_free(sync.signals[0]);
    loop_signal_free(sync.signals[1]);
    worker_free(sync.worker);
    loop_timer_free(sync.draw);
    loop_timer_free(sync.ready);
    pg_close(sync.pg);
    return code;
}

static const struct opt opts[] = {
    {"all", 0, OPT_FLAG, offsetof(struct options, all), NULL, "every stream of the folder"},
    {"full", 0, OPT_FLAG, offsetof(struct options, full), NULL,
     "everything, not only what is new"},
    {"again", 0, OPT_FLAG, offsetof(struct options, again), NULL,
     "with --full on a stream that appends: its records come again"},
    {"from", 0, OPT_TEXT, offsetof(struct options, from), "TIME",
     "only a window: its begin, RFC 3339 or a date; moves no bookmark"},
    {"to", 0, OPT_TEXT, offsetof(struct options, to), "TIME",
     "the window's end, itself outside"},
    OPT_END,
};

const struct command cmd_sync = {
    .name = "sync",
    .operands = "STREAM…",
    .summary = "fetch and load streams here and now; needs PostgreSQL, not Redis",
    .help = "Killed or interrupted, the same command goes on at the last committed page.",
    .opts = opts,
    .needs_settings = true,
    .run = sync_main,
};
