#include <assert.h>
#include <signal.h>
#include <unistd.h>

#include "base/process.h"
#include "base/units.h"
#include "cli/cli.h"
#include "cli/counts.h"
#include "cli/near.h"
#include "cli/query_print.h"
#include "cli/ready.h"
#include "cli/say.h"
#include "cli/streams.h"

/* `status`: pagetide.health and pagetide.progress for a person; the views are the contract. */
enum { TIMEOUT_MS = 30000, LINE_BYTES_MAX = 65536, WATCH_MS = 2000 };

/*
 * A job `p` that is not over and on which nobody works: neither its worker nor, where it waits
 * for any, a worker with a queue has beaten within two beats of $2 milliseconds, or those that
 * did are known to be gone ($3, names with commas). A worker with reserved jobs is a `sync`: it
 * takes no other's. Also in SQL: pagetide.worker_is_stale.
 */
#define IS_LEFT                                                                                \
    "exists (select from pagetide.job j where j.run = p.run and j.run || '/' || j.n = p.job "  \
    "and j.state in ('queued', 'running', 'waiting') and not exists (select from "             \
    "pagetide.worker w where w.seen_at >= pagetide.clock() - 2 * $2 * interval '1 ms' "        \
    "and w.id <> all (string_to_array($3, ',')) and (w.id = j.worker or j.state <> 'running' " \
    "and not j.reserved and not exists (select from pagetide.job o where o.worker = w.id "     \
    "and o.reserved))))"

static const char health_sql[] =
    "select stream, case when paused then 'paused, ' else '' end || "
    "coalesce('last run ' || last_state || coalesce(', ' || complete, ''), 'never run') || "
    "case when exists (select from pagetide.progress p where p.stream = h.stream and " IS_LEFT
    ") then ', but nobody works on it' else '' end, "
    "to_char(last_success, 'YYYY-MM-DD HH24:MI:SS'), "
    "to_char(next_due, 'YYYY-MM-DD HH24:MI:SS'), "
    "(select string_agg(m.key || ' (' || m.value || ')', ', ' order by m.value::bigint desc, "
    "m.key) from jsonb_each_text(misfits) m) from pagetide.health h "
    "where $1::text is null or stream like $1 order by stream";
enum health_column {
    HEALTH_STREAM,
    HEALTH_STATE,
    HEALTH_LAST_SUCCESS,
    HEALTH_NEXT_DUE,
    HEALTH_MISFITS,
    HEALTH_COLUMNS,
};

static const char progress_sql[] =
    "select stream, job, state, page, pages_total, records, "
    "case when " IS_LEFT " then coalesce((select 'its worker is gone, last seen ' || "
    "to_char(w.seen_at, 'YYYY-MM-DD HH24:MI:SS') || ': ' from pagetide.worker w "
    "where w.id = p.worker), '') || 'nobody works on it; pagetide sync ' || p.stream || "
    "' goes on where it stopped, and so does a worker (pagetide up)' "
    "else coalesce(error, waiting_for) end, "
    "rejects, folded from pagetide.progress p where $1::text is null or stream like $1 "
    "order by stream, run, job";
enum progress_column {
    PROGRESS_STREAM,
    PROGRESS_JOB,
    PROGRESS_STATE,
    PROGRESS_PAGE,
    PROGRESS_PAGES_TOTAL,
    PROGRESS_RECORDS,
    PROGRESS_NOTE,
    PROGRESS_REJECTS,
    PROGRESS_FOLDED,
    PROGRESS_COLUMNS,
};

static const char refusals_sql[] =
    "select by_whom || ' refuses ' || what, why, times, to_char(since, 'YYYY-MM-DD "
    "HH24:MI:SS') from pagetide.refusals()";
enum refusal_column {
    REFUSAL_WHAT,
    REFUSAL_WHY,
    REFUSAL_TIMES,
    REFUSAL_SINCE,
    REFUSAL_COLUMNS,
};

/* Where no scheduler lives and a stream has a schedule. */
static const char schedulers_sql[] =
    "select streams, to_char(last_seen, 'YYYY-MM-DD HH24:MI:SS'), on_host from "
    "pagetide.missed_scheduler(2 * $1 * interval '1 ms', string_to_array($2, ',')) "
    "where streams > 0";
enum scheduler_column {
    SCHEDULER_STREAMS,
    SCHEDULER_LAST_SEEN,
    SCHEDULER_HOST,
    SCHEDULER_COLUMNS,
};

/* A stream as one object, with its jobs. */
static const char json_sql[] =
    "select (to_jsonb(h) || jsonb_build_object('jobs', coalesce((select "
    "jsonb_agg(to_jsonb(p) - 'stream' || jsonb_build_object('worker_is_gone', " IS_LEFT
    ")) from pagetide.progress p "
    "where p.stream = h.stream), '[]'), 'refused_by_redis', coalesce((select "
    "jsonb_agg(f.what) from pagetide.refusals() f where f.by_whom = 'Redis'), '[]'), "
    "'refused_by_postgres', coalesce((select jsonb_agg(f.what) from pagetide.refusals() f "
    "where f.by_whom = 'PostgreSQL'), '[]'), 'scheduler_is_gone', "
    "pagetide.is_scheduled(stream) and exists (select from pagetide.missed_scheduler("
    "2 * $2 * interval '1 ms', string_to_array($3, ',')))))::text from pagetide.health h "
    "where $1::text is null or stream like $1 order by stream";

static void put_counts(struct buf *line, const struct pg_result *jobs, size_t row)
{
    counts_put_pages(line, pg_get_int(jobs, row, PROGRESS_PAGE),
                     pg_get_int(jobs, row, PROGRESS_PAGES_TOTAL),
                     pg_get_int(jobs, row, PROGRESS_RECORDS));
    counts_put(line, pg_get_int(jobs, row, PROGRESS_REJECTS), "of them rejected");
    counts_put(line, pg_get_int(jobs, row, PROGRESS_FOLDED),
               "of them with a key that came before");
}

static void print_job(const struct pg_result *jobs, size_t row)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    struct str note = pg_get_str(jobs, row, PROGRESS_NOTE);
    buf_printf(&line, "  %-8.*s %-10.*s ", STR_ARG(pg_get_str(jobs, row, PROGRESS_JOB)),
               STR_ARG(pg_get_str(jobs, row, PROGRESS_STATE)));
    put_counts(&line, jobs, row);
    if (note.len)
        buf_printf(&line, ": %.*s", STR_ARG(note));
    say_line(stdout, "%.*s", STR_ARG(buf_str(&line)));
}

static void print_stream(const struct pg_result *streams, size_t row)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    buf_printf(&line, "%.*s  %.*s", STR_ARG(pg_get_str(streams, row, HEALTH_STREAM)),
               STR_ARG(pg_get_str(streams, row, HEALTH_STATE)));
    if (!pg_is_null(streams, row, HEALTH_LAST_SUCCESS))
        buf_printf(&line, ", last success %.*s",
                   STR_ARG(pg_get_str(streams, row, HEALTH_LAST_SUCCESS)));
    if (!pg_is_null(streams, row, HEALTH_NEXT_DUE))
        buf_printf(&line, ", next due %.*s",
                   STR_ARG(pg_get_str(streams, row, HEALTH_NEXT_DUE)));
    if (!pg_is_null(streams, row, HEALTH_MISFITS))
        buf_printf(&line, "\n  values that do not fit are in _pt_aside: columns %.*s",
                   STR_ARG(pg_get_str(streams, row, HEALTH_MISFITS)));
    say_line(stdout, "%.*s", STR_ARG(buf_str(&line)));
}

/* Jobs wait meanwhile, and no stream would say why. */
static void print_refusals(const struct pg_result *refusals)
{
    assert(pg_columns(refusals) == REFUSAL_COLUMNS);
    for (size_t i = 0; i < pg_rows(refusals); i++)
        say_line(stdout, "%.*s since %.*s, %lld time%s: %.*s",
                 STR_ARG(pg_get_str(refusals, i, REFUSAL_WHAT)),
                 STR_ARG(pg_get_str(refusals, i, REFUSAL_SINCE)),
                 (long long)pg_get_int(refusals, i, REFUSAL_TIMES),
                 pg_get_int(refusals, i, REFUSAL_TIMES) == 1 ? "" : "s",
                 STR_ARG(pg_get_str(refusals, i, REFUSAL_WHY)));
}

/* Nothing becomes due then, and each stream looks as it did. */
static void print_missed_scheduler(const struct pg_result *missed)
{
    assert(pg_columns(missed) == SCHEDULER_COLUMNS);
    if (!pg_rows(missed))
        return;
    long long count = pg_get_int(missed, 0, SCHEDULER_STREAMS);
    AUTO_BUF(seen, KIB(1));
    if (!pg_is_null(missed, 0, SCHEDULER_LAST_SEEN))
        buf_printf(&seen, " (last seen %.*s on %.*s)",
                   STR_ARG(pg_get_str(missed, 0, SCHEDULER_LAST_SEEN)),
                   STR_ARG(pg_get_str(missed, 0, SCHEDULER_HOST)));
    say_line(stdout,
             "No scheduler is running%.*s: %lld stream%s with a schedule wait%s for `pagetide "
             "up` or `pagetide scheduler`.",
             STR_ARG(buf_str(&seen)), count, count == 1 ? "" : "s", count == 1 ? "s" : "");
}

static void print_all(const struct pg_result *streams, const struct pg_result *jobs)
{
    assert(pg_columns(streams) == HEALTH_COLUMNS && pg_columns(jobs) == PROGRESS_COLUMNS);
    if (!pg_rows(streams))
        say_line(stdout,
                 "No stream yet: put a definition into sources/ and run `pagetide apply`.");
    for (size_t i = 0; i < pg_rows(streams); i++) {
        print_stream(streams, i);
        for (size_t j = 0; j < pg_rows(jobs); j++)
            if (str_eq(pg_get_str(streams, i, HEALTH_STREAM),
                       pg_get_str(jobs, j, PROGRESS_STREAM)))
                print_job(jobs, j);
    }
}

/* The names of this host's workers and schedulers whose processes have ended, with commas. */
static bool find_gone(struct cli *cli, struct pg *pg, struct str *ret_names, struct err *err)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    char host[PROCESS_HOST_BYTES];
    enum { WORKER_ID, WORKER_PID, WORKER_COLUMNS };
    process_host(host);
    const struct pg_value params[] = {pg_text(str_from(host))};
    if (!pg_await(pg,
                  "select id, pid from pagetide.worker where host = $1 union all "
                  "select id, pid from pagetide.scheduler where host = $1",
                  params, COUNT_OF(params), TIMEOUT_MS, &result, err))
        return false;
    assert(pg_columns(result) == WORKER_COLUMNS);
    *ret_names = STR_NONE;
    for (size_t i = 0; i < pg_rows(result); i++)
        if (process_is_gone(pg_get_int(result, i, WORKER_PID)))
            *ret_names = arena_join(cli->arena, *ret_names, ",",
                                    arena_str(cli->arena, pg_get_str(result, i, WORKER_ID)));
    return true;
}

static int show(struct cli *cli, struct pg *pg)
{
    AUTO_PG_RESULT struct pg_result *streams = NULL;
    AUTO_PG_RESULT struct pg_result *jobs = NULL;
    AUTO_PG_RESULT struct pg_result *refusals = NULL;
    AUTO_PG_RESULT struct pg_result *missed = NULL;
    struct err err = ERR_INIT;
    const char *word = cli->operand_count ? cli->operands[0] : NULL;
    bool as_json = cli->options.json;
    struct str gone;
    if (!find_gone(cli, pg, &gone, &err))
        return cli_fail(&err);
    const struct pg_value params[] = {word ? pg_text(streams_pattern(cli->arena, word))
                                           : PG_NULL,
                                      pg_int(cli->settings.beat_ms), pg_text(gone)};
    if (!pg_await(pg, as_json ? json_sql : health_sql, params, COUNT_OF(params), TIMEOUT_MS,
                  &streams, &err))
        return cli_fail(&err);
    if (word && !pg_rows(streams))
        return near_unknown(pg, "status", str_from(word));
    if (as_json) {
        query_print_objects(streams, pg_rows(streams));
        return EXIT_DONE;
    }
    if (!pg_await(pg, progress_sql, params, COUNT_OF(params), TIMEOUT_MS, &jobs, &err) ||
        !pg_await(pg, refusals_sql, NULL, 0, TIMEOUT_MS, &refusals, &err) ||
        !pg_await(pg, schedulers_sql, params + 1, 2, TIMEOUT_MS, &missed, &err))
        return cli_fail(&err);
    print_refusals(refusals);
    print_missed_scheduler(missed);
    print_all(streams, jobs);
    return EXIT_DONE;
}

static void on_signal(void *ctx)
{
    *(bool *)ctx = true;
}

/* Until a signal or an error; on a terminal the screen is drawn anew each time. */
static int watch(struct cli *cli, struct pg *pg)
{
    bool is_over = false, draws = !cli->options.json && isatty(STDOUT_FILENO);
    struct loop *loop = cli_loop(cli);
    struct loop_signal *interrupt = loop_signal_new(loop, SIGINT, on_signal, &is_over);
    struct loop_signal *terminate = loop_signal_new(loop, SIGTERM, on_signal, &is_over);
    int code = EXIT_DONE;
    while (!is_over && code == EXIT_DONE) {
        if (draws)
            say_sequence(stdout, "\033[H\033[2J");
        code = show(cli, pg);
        fflush(stdout);
        if (code == EXIT_DONE)
            loop_run_until(loop, &is_over, WATCH_MS);
    }
    loop_signal_free(interrupt);
    loop_signal_free(terminate);
    return code;
}

static int status_main(struct cli *cli)
{
    struct pg *pg;
    int code;
    if (cli->operand_count > 1)
        return cli_usage("status: name one stream, a source or a pattern, or none for all");
    if (cli->options.ready && (cli->operand_count || cli->options.watch))
        return cli_usage("status: --ready asks a process; it takes no stream and no --watch");
    if (cli->options.ready)
        return ready_ask(cli);
    if (!cli_database(cli, false, &pg, &code))
        return code;
    code = cli->options.watch ? watch(cli, pg) : show(cli, pg);
    pg_close(pg);
    return code;
}

static const struct opt opts[] = {
    {"watch", 0, OPT_FLAG, offsetof(struct options, watch), NULL,
     "again every 2 s, until interrupted"},
    CLI_OPT(ready, OPT_FLAG, NULL,
            "is the process at --http (127.0.0.1:9187) ready? 0 yes, 3 no; for health checks"),
    OPT_END,
};

const struct command cmd_status = {
    .name = "status",
    .operands = "[STREAM|SOURCE]",
    .summary = "every stream: its last run, what is under way, what did not fit",
    .help = "The same by SQL: pagetide.health, pagetide.progress, pagetide.history.",
    .opts = opts,
    .needs_settings = true,
    .run = status_main,
};
