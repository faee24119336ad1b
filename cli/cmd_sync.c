#include <assert.h>
#include <signal.h>

#include "base/log.h"
#include "base/process.h"
#include "cli/bar.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/summary.h"
#include "cli/sync_streams.h"
#include "cli/sync_take.h"
#include "cli/sync_url.h"
#include "worker/after/chores.h"
#include "worker/worker.h"

/*
 * `sync`: a worker without a queue. The step machine, the loader and the checkpoints are the
 * worker's; instead of claiming jobs from Redis it is given those of the runs asked for.
 *
 *     choose      which streams, from the folder (sync_streams.h)
 *     open        PostgreSQL, up to 10 s; the schema is created or updated
 *     register    the worker's row, so that others can see that this process lives
 *     take        one run after the other (sync_take.h); its jobs go to the worker. A stream
 *                 that is refused, or that another process has, is said and left out
 *     run         until every run has ended, or a job had to be left
 *     show        a summary a run; the exit code is the worst of theirs (exit_code.h)
 *
 *     what happens                    leads to
 *     the process is killed           the same command goes on at the last committed page: the
 *                                     run is taken again, at once on this host, else after two
 *                                     beats
 *     SIGINT, SIGTERM                 pages in flight are finished and committed, jobs given
 *                                     back; exit 130, after 20 s at most. A second signal exits
 *                                     at once
 *     PostgreSQL away or full, 60 s   the jobs are left, exit 3; the same command goes on
 *     another process takes the run   its jobs are lost here: the fence refuses our commits
 *     `pagetide cancel` elsewhere     the beat says so; the summary says cancelled
 *
 * A job that is left is given back (sign_off): otherwise the next process would count a crash
 * of this one against it.
 */
enum {
    SIGN_OFF_MS = 2000,
    REGISTER_MS = 60000,
    DRAW_MS = 200,
    READY_LOOK_MS = 1,
    GIVE_UP_MS = 60000,
    DRAIN_LIMIT_MS = 20000,
};

struct synced {
    const struct stream *stream;
    int64_t run;  /* 0 until it is taken, and where it was left out */
    bool is_over; /* its run has ended in PostgreSQL */
};

struct sync {
    struct cli *cli;
    struct pg *pg; /* the worker's: roles and poolers may have few sessions */
    struct worker *worker;
    struct synced *items;
    size_t count;
    struct bar bar;
    struct loop_timer *draw, *ready, *limit;
    struct loop_signal *signals[2];
    struct chores *chores;
    struct err lost; /* why a job had to be left */
    bool is_begun;   /* registered, or interrupted before that */
    bool is_over, is_interrupted, is_drained;
    bool is_whole; /* of `--all`: no file had to be left out */
    int left_code; /* the worst exit code of the streams that were left out */
};

static bool choose(struct sync *sync, int *ret_code)
{
    struct stream **streams;
    bool is_url = sync_url_is_meant(sync->cli);
    *ret_code = EXIT_USAGE;
    sync->is_whole = true;
    if (is_url ? !sync_url_choose(sync->cli, &streams, &sync->count, ret_code)
               : !sync_streams_choose(sync->cli, &streams, &sync->count, &sync->is_whole))
        return false;
    sync->items = ARENA_ARRAY(sync->cli->arena, struct synced, sync->count);
    for (size_t i = 0; i < sync->count; i++)
        sync->items[i].stream = streams[i];
    return true;
}

static bool take_one(struct sync *sync, const struct sync_take *take, struct synced *item,
                     struct err *err)
{
    int64_t *jobs;
    size_t job_count;
    if (!sync_take_run(take, item->stream, &item->run, err) ||
        !sync_take_partitions(take, item->stream, item->run, err) ||
        !sync_take_jobs(take, item->run, &jobs, &job_count, err))
        return false;
    for (size_t i = 0; i < job_count; i++)
        worker_add(sync->worker, jobs[i]);
    return true;
}

static bool take_all(struct sync *sync, struct err *err)
{
    const struct sync_take take = {.cli = sync->cli,
                                   .pg = sync->pg,
                                   .worker = worker_id(sync->worker),
                                   .is_interrupted = &sync->is_interrupted};
    for (size_t i = 0; i < sync->count && !sync->is_interrupted; i++) {
        struct synced *item = &sync->items[i];
        if (take_one(sync, &take, item, err))
            continue;
        if (err->kind != ERR_CONFIG && err->kind != ERR_INPUT)
            return false;
        sync->left_code = exit_code_worst(sync->left_code, cli_fail(err));
        item->is_over = true;
        *err = (struct err)ERR_INIT;
    }
    return true;
}

/* --- running --- */

static void keep_lost(struct sync *sync, const struct job *job, const struct err *err)
{
    sync->lost = *err;
    if (!*err->text)
        err_set(&sync->lost, ERR_INPUT, "sync", 0,
                "another process has taken it over, or it was cancelled");
    err_wrap(&sync->lost, "run %lld: %.*s", (long long)job->run, STR_ARG(job->stream));
}

static void on_ended(void *ctx, const struct job *job, const struct crawl_end *end)
{
    struct sync *sync = ctx;
    bool is_lost = end->how == CRAWL_LOST, is_ours = false, are_all_over = true;
    if (is_lost)
        keep_lost(sync, job, end->err);
    for (size_t i = 0; i < sync->count; i++) {
        struct synced *item = &sync->items[i];
        if (item->run == job->run) {
            is_ours = true;
            item->is_over |= end->has_run_ended || is_lost;
        }
        are_all_over &= item->is_over;
    }
    assert(is_ours);
    sync->is_over |= are_all_over;
}

static void on_draw(void *ctx)
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
    /* Somebody else has ended what was left, by `cancel` say: no job will report it. */
    if (!sync->is_interrupted && !stats.held && !stats.waiting)
        sync->is_over = true;
}

static void on_ready(void *ctx)
{
    struct sync *sync = ctx;
    sync->is_begun |= worker_stats(sync->worker).pg_up;
    if (!sync->is_begun)
        loop_timer_set(sync->ready, READY_LOOK_MS);
}

static void on_drained(void *ctx)
{
    struct sync *sync = ctx;
    sync->is_over = sync->is_drained = true;
}

static void sign_off(struct sync *sync)
{
    worker_drain(sync->worker, on_drained, sync);
    loop_run_until(cli_loop(sync->cli), &sync->is_drained, SIGN_OFF_MS);
}

/* What is still held is left: the fence refuses whatever may be under way. */
static void on_drain_limit(void *ctx)
{
    (void)ctx;
    say_line(stderr, "pagetide: interrupted, and PostgreSQL did not answer in time; the same "
                     "command goes on where it stopped");
    _exit(EXIT_INTERRUPTED);
}

static void on_signal(void *ctx)
{
    struct sync *sync = ctx;
    if (sync->is_interrupted)
        _exit(EXIT_INTERRUPTED);
    sync->is_interrupted = sync->is_begun = true;
    loop_timer_set(sync->limit, DRAIN_LIMIT_MS);
    worker_drain(sync->worker, on_drained, sync);
}

static void on_log_line(void *ctx)
{
    bar_clear(ctx);
}

static int run_streams(struct sync *sync)
{
    struct err err = ERR_INIT;
    struct loop *loop = cli_loop(sync->cli);
    if (!loop_run_until(loop, &sync->is_begun, REGISTER_MS)) {
        err_set(&err, ERR_AGAIN, "sync", 0, "PostgreSQL did not answer within 60 s");
        return cli_fail(&err);
    }
    sync->pg = worker_session(sync->worker);
    if (!take_all(sync, &err) && !sync->is_interrupted)
        return cli_fail(&err);
    if (!sync->is_interrupted)
        worker_start(sync->worker);
    bar_start(&sync->bar, 0);
    sync->bar.is_quiet = sync->cli->options.quiet;
    log_set_on_line(on_log_line, &sync->bar);
    loop_timer_set(sync->draw, DRAW_MS);
    loop_run_until(loop, &sync->is_over, -1);
    if (!sync->is_interrupted && sync->lost.kind != ERR_NONE)
        sign_off(sync);
    loop_timer_clear(sync->draw);
    bar_clear(&sync->bar);
    log_set_on_line(NULL, NULL);
    if (sync->is_interrupted) {
        say_line(stderr, "pagetide: interrupted; the same command goes on where it stopped");
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
        say_line(stderr, "pagetide: the same command goes on where it stopped");
        return code;
    }
    for (size_t i = 0; i < sync->count; i++) {
        struct err err = ERR_INIT;
        struct str state;
        if (!sync->items[i].run)
            continue;
        bool is_shown = summary_show(sync->cli, sync->pg, sync->items[i].run, &state, &err);
        code = exit_code_worst(code, is_shown ? exit_code_of_run(state) : cli_fail(&err));
    }
    return code;
}

/* `preview` of each stream, whose first pages are fetched and shown. */
static int preview_all(const struct sync *sync)
{
    int code = EXIT_DONE;
    for (size_t i = 0; i < sync->count; i++) {
        struct cli one = *sync->cli;
        char *operand = arena_cstr(one.arena, sync->items[i].stream->name);
        one.operands = &operand;
        one.operand_count = 1;
        code = exit_code_worst(code, cmd_preview.run(&one));
        sync->cli->loop = one.loop;
    }
    return code;
}

/* What is due after the runs, theirs and earlier ones' of these streams. */
static void work_off_chores(struct sync *sync)
{
    struct err err = ERR_INIT;
    AUTO_BUF(streams, SIZE_MAX / 2);
    for (size_t i = 0; i < sync->count; i++)
        buf_printf(&streams, "%s%.*s", i ? "," : "{", STR_ARG(sync->items[i].stream->name));
    buf_puts(&streams, "}");
    const struct chores_options options = {.loop = cli_loop(sync->cli),
                                           .settings = &sync->cli->settings,
                                           .pg = sync->pg,
                                           .shares_session = true,
                                           .streams =
                                               arena_str(sync->cli->arena, buf_str(&streams))};
    if (chores_new(&options, &sync->chores, &err))
        chores_work_off(sync->chores, &sync->is_interrupted);
    else
        cli_fail(&err);
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
    char id[PROCESS_ID_BYTES], session_name[WORKER_SESSION_NAME_BYTES];
    int code;
    if (!choose(&sync, &code))
        return code;
    if (cli->options.dry_run)
        return preview_all(&sync);
    if (!cli->options.log_level)
        log_set_level(LOG_WARN);
    process_new_id(id);
    worker_session_name(id, session_name);
    cli->session_name = session_name;
    if (!cli_database(cli, true, &options.pg, &code))
        return code;
    options.id = id;
    if (!worker_new(&options, &sync.worker, &err))
        return cli_fail(&err);
    sync.limit = loop_timer_new(options.loop, on_drain_limit, &sync);
    sync.draw = loop_timer_new(options.loop, on_draw, &sync);
    sync.ready = loop_timer_new(options.loop, on_ready, &sync);
    loop_timer_set(sync.ready, 0);
    sync.signals[0] = loop_signal_new(options.loop, SIGINT, on_signal, &sync);
    sync.signals[1] = loop_signal_new(options.loop, SIGTERM, on_signal, &sync);
    code = run_streams(&sync);
    if (code == EXIT_DONE && sync.lost.kind == ERR_NONE)
        work_off_chores(&sync);
    if (code == EXIT_DONE)
        code = show_ends(&sync);
    if (sync.chores)
        chores_send_statistics(sync.chores);
    code = exit_code_worst(code, sync.left_code);
    if (!sync.is_whole)
        code = exit_code_worst(code, EXIT_USAGE);
    loop_signal_free(sync.signals[0]);
    loop_signal_free(sync.signals[1]);
    worker_free(sync.worker);
    chores_free(sync.chores); /* its queries ended with the worker's session */
    loop_timer_free(sync.draw);
    loop_timer_free(sync.ready);
    loop_timer_free(sync.limit);
    return code;
}

static const struct opt opts[] = {
    {"all", 0, OPT_FLAG, offsetof(struct options, all), NULL, "every stream of the folder"},
    {"full", 0, OPT_FLAG, offsetof(struct options, full), NULL,
     "everything, not only what is new"},
    {"again", 0, OPT_FLAG, offsetof(struct options, again), NULL,
     "with --full on a stream that appends: its records are loaded again"},
    {"dry-run", 0, OPT_FLAG, offsetof(struct options, dry_run), NULL,
     "write nothing: pagetide preview of each stream"},
    {"from", 0, OPT_TEXT, offsetof(struct options, from), "TIME",
     "only a window: its begin, RFC 3339 or a date; moves no bookmark"},
    {"to", 0, OPT_TEXT, offsetof(struct options, to), "TIME", "the window's end, not included"},
    {"table", 0, OPT_TEXT, offsetof(struct options, table), "SCHEMA.TABLE",
     "of a URL: the stream's name, and its table's; made of the URL if absent"},
    {"save", 0, OPT_TEXT, offsetof(struct options, save), "FILE",
     "of a URL: the definition is written to this new file"},
    URL_SOURCE_OPTS,
    OPT_END,
};

const struct command cmd_sync = {
    .name = "sync",
    .operands = "STREAM…|URL",
    .summary = "fetch and load streams here and now; needs PostgreSQL, not Redis",
    .help = "A source's name means all its streams, and 'shop.*' those that match. Killed or\n"
            "interrupted, the same command goes on at the last committed page. Of a URL a\n"
            "definition is found out first, as pagetide discover does.",
    .opts = opts,
    .needs_settings = true,
    .run = sync_main,
};
