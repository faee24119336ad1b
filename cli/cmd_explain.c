#include <string.h>

#include "base/units.h"
#include "cli/counts.h"
#include "cli/hint.h"
#include "cli/order.h"
#include "cli/say.h"

/*
 * `explain`: how a run went, in words. The run's own line comes first, then each job's: what it
 * read and waited for, from which bookmark, what proves its end, its error. One job alone is
 * shown with its pages, as the ledger has them. What to try comes last.
 */
enum {
    TIMEOUT_MS = 30000,
    LINE_BYTES_MAX = 4 * 1024 * 1024,
    JOBS_SHOWN = 50,
    PAGES_SHOWN = 1000
};

/* --- what is asked of PostgreSQL --- */

#define TIME(column) "to_char(" column " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

static const char run_sql[] =
    "select r.stream, r.state, r.reason, r.error, r.trigger, r.mode, "
    "r.version, " TIME("r.started_at") ", h.seconds, " TIME("r.window_from") ", " TIME(
        "r.window_to") ", array_to_string(r.warnings, E'\\n'), "
                       "coalesce(d.spec -> 'pagination' ->> 'type', 'auto'), "
                       "(select count(*) from pagetide.job j where j.run = r.id), "
                       "concat_ws(', ', r.added || ' added', r.changed || ' changed', "
                       "r.deleted || ' deleted') "
                       "from pagetide.run r join pagetide.history h on h.run = r.id left join "
                       "pagetide.definition d on d.stream = r.stream and d.version = r.version "
                       "where r.id = $1";

enum run_column {
    RUN_STREAM,
    RUN_STATE,
    RUN_REASON,
    RUN_ERROR,
    RUN_TRIGGER,
    RUN_MODE,
    RUN_VERSION,
    RUN_STARTED,
    RUN_SECONDS,
    RUN_WINDOW_FROM,
    RUN_WINDOW_TO,
    RUN_WARNINGS,
    RUN_PAGINATION,
    RUN_JOBS,
    RUN_ROWS,
};

/* Those that ended worst come first. */
static const char jobs_sql[] =
    "select j.n, j.state, j.reason, j.error, j.complete, j.complete_why, j.page, "
    "j.pages_total, j.records, j.rejects, j.asides, j.folded, j.retries, j.waited_ms, "
    "j.bookmark, j.bookmark_high, j.paging, pagetide.job_words(j), j.waiting_for, " TIME(
        "j.wait_until") ", j.losses from pagetide.job j where j.run = $1 and ($2::int is null "
                        "or j.n = $2) "
                        "order by j.state in ('succeeded', 'queued'), j.n limit $3";

enum job_column {
    JOB_N,
    JOB_STATE,
    JOB_REASON,
    JOB_ERROR,
    JOB_COMPLETE,
    JOB_COMPLETE_WHY,
    JOB_PAGE,
    JOB_PAGES_TOTAL,
    JOB_RECORDS,
    JOB_REJECTS,
    JOB_ASIDES,
    JOB_FOLDED,
    JOB_RETRIES,
    JOB_WAITED_MS,
    JOB_BOOKMARK,
    JOB_BOOKMARK_HIGH,
    JOB_PAGING,
    JOB_PARTITION,
    JOB_WAITING_FOR,
    JOB_WAIT_UNTIL,
    JOB_LOSSES,
};

static const char pages_sql[] =
    "select p.number, p.status, p.attempts, p.records, p.bytes, " TIME(
        "p.fetched_at") ", p.asked, p.why, p.waited_ms, pagetide.part_words(l.part) "
                        "from pagetide.page p join pagetide.job j on j.id = p.job "
                        "left join pagetide.job_leg l on l.job = p.job and l.n = p.leg "
                        "where j.run = $1 and j.n = $2 order by p.number limit $3";

enum page_column {
    PAGE_NUMBER,
    PAGE_STATUS,
    PAGE_ATTEMPTS,
    PAGE_RECORDS,
    PAGE_BYTES,
    PAGE_FETCHED,
    PAGE_ASKED,
    PAGE_WHY,
    PAGE_WAITED_MS,
    PAGE_PARTITION,
};

/* $4: the hint. Members are those of `status`, `runs` and `jobs`. */
static const char json_sql[] =
    "select jsonb_build_object('run', r.id, 'stream', r.stream, 'trigger', r.trigger, "
    "'mode', r.mode, 'version', r.version, 'state', r.state, 'reason', r.reason, "
    "'error', r.error, 'complete', r.complete, 'complete_why', r.complete_why, "
    "'started_at', r.started_at, 'finished_at', r.finished_at, 'seconds', h.seconds, "
    "'window_from', r.window_from, 'window_to', r.window_to, 'pages', h.pages, "
    "'records', h.records, 'bytes', h.bytes, 'rejects', h.rejects, 'asides', h.asides, "
    "'folded', h.folded, 'added', h.added, 'changed', h.changed, 'deleted', h.deleted, "
    "'retries', h.retries, 'warnings', r.warnings, "
    "'pagination', coalesce(d.spec -> 'pagination' ->> 'type', 'auto'), 'hint', $4::text, "
    "'jobs', (select coalesce(jsonb_agg(jsonb_build_object('job', j.run || '/' || j.n, "
    "'state', j.state, 'reason', j.reason, 'error', j.error, 'complete', j.complete, "
    "'complete_why', j.complete_why, 'page', j.page, 'pages_total', j.pages_total, "
    "'records', j.records, 'rejects', j.rejects, 'asides', j.asides, 'folded', j.folded, "
    "'retries', j.retries, 'waited_ms', j.waited_ms, 'bookmark', j.bookmark, 'bookmark_high', "
    "j.bookmark_high, "
    "'paging', j.paging, 'partition', j.part -> 'partition', 'partitions', (select "
    "jsonb_agg(jsonb_build_object('part', l.part, 'state', l.state, 'reason', l.reason, "
    "'error', l.error, 'complete', l.complete, 'complete_why', l.complete_why, 'records', "
    "l.records, 'rejects', l.rejects, 'folded', l.folded, 'bookmark', l.bookmark, "
    "'bookmark_high', l.bookmark_high) order by l.n) from pagetide.job_leg l "
    "where l.job = j.id), 'waiting_for', j.waiting_for, "
    "'wait_until', j.wait_until, 'losses', j.losses, 'crashes', j.crashes, 'ledger', (select "
    "coalesce(jsonb_agg(jsonb_build_object('page', p.number, 'status', p.status, "
    "'attempts', p.attempts, 'records', p.records, 'bytes', p.bytes, "
    "'fetched_at', p.fetched_at, 'asked', p.asked, 'why', p.why, 'waited_ms', p.waited_ms, "
    "'partition', (select l.part -> 'partition' from "
    "pagetide.job_leg l where l.job = p.job and l.n = p.leg)) order by p.number), '[]') from "
    "pagetide.page p "
    "where p.job = j.id and $2::int is not null and p.number <= $3)) order by j.n), '[]') "
    "from pagetide.job j where j.run = r.id and ($2::int is null or j.n = $2)))::text "
    "from pagetide.run r join pagetide.history h on h.run = r.id left join "
    "pagetide.definition d on d.stream = r.stream and d.version = r.version where r.id = $1";

struct explaining {
    struct cli *cli;
    struct pg *pg;
    int64_t run, job; /* job 0: all of them */
    struct buf *line;
};

static struct pg_value job_or_null(const struct explaining *explaining)
{
    return explaining->job ? pg_int(explaining->job) : PG_NULL;
}

static bool ask(const struct explaining *explaining, const char *sql,
                const struct pg_value *params, size_t count, struct pg_result **ret_result)
{
    struct err err = ERR_INIT;
    if (pg_await(explaining->pg, sql, params, count, TIMEOUT_MS, ret_result, &err))
        return true;
    cli_fail(&err);
    return false;
}

/* --- in words --- */

/* "LABEL value", where there is a value. */
static void put_text(struct buf *line, const char *label, struct str value)
{
    if (value.len)
        buf_printf(line, "%s%.*s", label, STR_ARG(value));
}

static void put_run(struct buf *line, const struct pg_result *run, int64_t number)
{
    struct str reason = pg_get_str(run, 0, RUN_REASON);
    struct str from = pg_get_str(run, 0, RUN_WINDOW_FROM);
    buf_printf(line, "%.*s: run %lld %.*s", STR_ARG(pg_get_str(run, 0, RUN_STREAM)),
               (long long)number, STR_ARG(pg_get_str(run, 0, RUN_STATE)));
    if (reason.len)
        buf_printf(line, " (%.*s)", STR_ARG(reason));
    buf_printf(line, "\n  mode %.*s, started by %.*s, definition version %lld",
               STR_ARG(pg_get_str(run, 0, RUN_MODE)), STR_ARG(pg_get_str(run, 0, RUN_TRIGGER)),
               (long long)pg_get_int(run, 0, RUN_VERSION));
    if (from.len)
        buf_printf(line, ", window %.*s to %.*s", STR_ARG(from),
                   STR_ARG(pg_get_str(run, 0, RUN_WINDOW_TO)));
    put_text(line, "\n  began ", pg_get_str(run, 0, RUN_STARTED));
    put_text(line, ", seconds: ", pg_get_str(run, 0, RUN_SECONDS));
    put_text(line, "\n  pagination: ", pg_get_str(run, 0, RUN_PAGINATION));
    put_text(line, "\n  rows of the table: ", pg_get_str(run, 0, RUN_ROWS));
}

static void put_counts(struct buf *line, const struct pg_result *jobs, size_t row)
{
    int64_t losses = pg_get_int(jobs, row, JOB_LOSSES);
    buf_puts(line, ": ");
    counts_put_pages(line, pg_get_int(jobs, row, JOB_PAGE),
                     pg_get_int(jobs, row, JOB_PAGES_TOTAL),
                     pg_get_int(jobs, row, JOB_RECORDS));
    counts_put(line, pg_get_int(jobs, row, JOB_REJECTS), "rejected");
    counts_put(line, pg_get_int(jobs, row, JOB_ASIDES), "with values aside");
    counts_put(line, pg_get_int(jobs, row, JOB_FOLDED), "whose key came before");
    counts_put(line, pg_get_int(jobs, row, JOB_RETRIES), "retries");
    if (losses)
        buf_printf(line, ", workers lost: %lld", (long long)losses);
    if (pg_get_int(jobs, row, JOB_WAITED_MS)) {
        buf_puts(line, ", waited ");
        units_format_duration(line, pg_get_int(jobs, row, JOB_WAITED_MS));
    }
}

static void put_job(struct buf *line, const struct pg_result *jobs, size_t row, int64_t run)
{
    struct str reason = pg_get_str(jobs, row, JOB_REASON);
    struct str complete = pg_get_str(jobs, row, JOB_COMPLETE);
    buf_printf(line, "\n  job %lld/%lld %.*s", (long long)run,
               (long long)pg_get_int(jobs, row, JOB_N),
               STR_ARG(pg_get_str(jobs, row, JOB_STATE)));
    if (reason.len)
        buf_printf(line, " (%.*s)", STR_ARG(reason));
    put_counts(line, jobs, row);
    put_text(line, "\n    part: ", pg_get_str(jobs, row, JOB_PARTITION));
    put_text(line, "\n    recognised: ", pg_get_str(jobs, row, JOB_PAGING));
    put_text(line, "\n    bookmark at the start: ", pg_get_str(jobs, row, JOB_BOOKMARK));
    put_text(line, "\n    highest bookmark read: ", pg_get_str(jobs, row, JOB_BOOKMARK_HIGH));
    put_text(line, "\n    waits for: ", pg_get_str(jobs, row, JOB_WAITING_FOR));
    put_text(line, "\n    until: ", pg_get_str(jobs, row, JOB_WAIT_UNTIL));
    if (complete.len)
        buf_printf(line, "\n    end: %.*s: %.*s", STR_ARG(complete),
                   STR_ARG(pg_get_str(jobs, row, JOB_COMPLETE_WHY)));
    put_text(line, "\n    error: ", pg_get_str(jobs, row, JOB_ERROR));
}

static void put_page(struct buf *line, const struct pg_result *pages, size_t row)
{
    buf_printf(line, "\n    page %lld: status %lld",
               (long long)pg_get_int(pages, row, PAGE_NUMBER),
               (long long)pg_get_int(pages, row, PAGE_STATUS));
    buf_puts(line, ", ");
    units_format_count(line, pg_get_int(pages, row, PAGE_RECORDS));
    buf_puts(line, " records, ");
    units_format_size(line, pg_get_int(pages, row, PAGE_BYTES));
    if (pg_get_int(pages, row, PAGE_ATTEMPTS) > 1)
        counts_put(line, pg_get_int(pages, row, PAGE_ATTEMPTS), "attempts");
    if (pg_get_int(pages, row, PAGE_WAITED_MS)) {
        buf_puts(line, ", waited ");
        units_format_duration(line, pg_get_int(pages, row, PAGE_WAITED_MS));
    }
    put_text(line, ", ", pg_get_str(pages, row, PAGE_FETCHED));
    put_text(line, ", partition ", pg_get_str(pages, row, PAGE_PARTITION));
    put_text(line, "\n      asked ", pg_get_str(pages, row, PAGE_ASKED));
    put_text(line, "\n      ", pg_get_str(pages, row, PAGE_WHY));
}

static void put_warnings(struct buf *line, struct str warnings)
{
    struct str one;
    while (warnings.len) {
        warnings = str_split(warnings, '\n', &one);
        put_text(line, "\n  warning: ", one);
    }
}

/* --- the command --- */

static bool put_pages(const struct explaining *explaining)
{
    const struct pg_value params[] = {pg_int(explaining->run), pg_int(explaining->job),
                                      pg_int(PAGES_SHOWN + 1)};
    AUTO_PG_RESULT struct pg_result *pages = NULL;
    if (!ask(explaining, pages_sql, params, COUNT_OF(params), &pages))
        return false;
    size_t count = MIN(pg_rows(pages), PAGES_SHOWN);
    for (size_t row = 0; row < count; row++)
        put_page(explaining->line, pages, row);
    if (pg_rows(pages) > count)
        buf_printf(explaining->line, "\n    … more pages are in pagetide.page");
    return true;
}

/* False: it was said why. *ret_found is how many jobs there are to show. */
static bool put_jobs(const struct explaining *explaining, size_t *ret_found)
{
    const struct pg_value params[] = {pg_int(explaining->run), job_or_null(explaining),
                                      pg_int(JOBS_SHOWN)};
    AUTO_PG_RESULT struct pg_result *jobs = NULL;
    if (!ask(explaining, jobs_sql, params, COUNT_OF(params), &jobs))
        return false;
    *ret_found = pg_rows(jobs);
    for (size_t row = 0; row < pg_rows(jobs); row++)
        put_job(explaining->line, jobs, row, explaining->run);
    return true;
}

static struct str find_hint(const struct cli *cli, const struct pg_result *run, int64_t number)
{
    AUTO_BUF(hint, 4096);
    const struct hint_of of = {pg_get_str(run, 0, RUN_REASON), pg_get_str(run, 0, RUN_ERROR)};
    hint_put_for_run(&hint, &of, pg_get_str(run, 0, RUN_STREAM), number);
    return arena_str(cli->arena, buf_str(&hint));
}

static int show_json(const struct explaining *explaining, const struct pg_result *run)
{
    struct str hint = find_hint(explaining->cli, run, explaining->run);
    const struct pg_value params[] = {pg_int(explaining->run), job_or_null(explaining),
                                      pg_int(PAGES_SHOWN), hint.len ? pg_text(hint) : PG_NULL};
    AUTO_PG_RESULT struct pg_result *object = NULL;
    if (!ask(explaining, json_sql, params, COUNT_OF(params), &object))
        return EXIT_UNREACHABLE;
    say_json(pg_get_str(object, 0, 0));
    return EXIT_DONE;
}

static int show_text(const struct explaining *explaining, const struct pg_result *run)
{
    struct buf *line = explaining->line;
    size_t found = 0;
    put_run(line, run, explaining->run);
    if (!put_jobs(explaining, &found) || (explaining->job && !put_pages(explaining)))
        return EXIT_UNREACHABLE;
    int64_t jobs = pg_get_int(run, 0, RUN_JOBS);
    if (!explaining->job && jobs > (int64_t)found)
        buf_printf(line, "\n  … %lld more jobs: `pagetide jobs %lld`",
                   (long long)(jobs - (int64_t)found), (long long)explaining->run);
    put_warnings(line, pg_get_str(run, 0, RUN_WARNINGS));
    put_text(line, "\n  try: ", find_hint(explaining->cli, run, explaining->run));
    say_line(stdout, "%.*s", STR_ARG(buf_str(line)));
    return EXIT_DONE;
}

static bool has_job(const struct explaining *explaining, bool *ret_has)
{
    const struct pg_value params[] = {pg_int(explaining->run), pg_int(explaining->job)};
    AUTO_PG_RESULT struct pg_result *found = NULL;
    *ret_has = !explaining->job;
    if (explaining->job &&
        !ask(explaining, "select 1 from pagetide.job where run = $1 and n = $2", params,
             COUNT_OF(params), &found))
        return false;
    *ret_has |= found && pg_rows(found);
    return true;
}

static int explain(const struct explaining *explaining)
{
    const struct pg_value id = pg_int(explaining->run);
    AUTO_PG_RESULT struct pg_result *run = NULL;
    bool is_there;
    if (!ask(explaining, run_sql, &id, 1, &run) || !has_job(explaining, &is_there))
        return EXIT_UNREACHABLE;
    if (!pg_rows(run))
        return cli_usage("there is no run %lld", (long long)explaining->run);
    if (!is_there)
        return cli_usage("run %lld has no job %lld", (long long)explaining->run,
                         (long long)explaining->job);
    return explaining->cli->options.json ? show_json(explaining, run)
                                         : show_text(explaining, run);
}

static int explain_main(struct cli *cli)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    struct explaining explaining = {.cli = cli, .line = &line};
    int code = order_read_run(cli, "explain", &explaining.run, &explaining.job);
    if (code != EXIT_DONE || !cli_database(cli, false, &explaining.pg, &code))
        return code;
    code = explain(&explaining);
    pg_close(explaining.pg);
    return code;
}

const struct command cmd_explain = {
    .name = "explain",
    .operands = "RUN|RUN/N|STREAM",
    .summary = "how a run went: what was asked, what came, why it ended, what to try",
    .help = "A stream's name means its newest run. RUN/N is one job of a run, with its pages.\n"
            "`end` says what proves that all was read (docs/complete.md).",
    .needs_settings = true,
    .run = explain_main,
};
