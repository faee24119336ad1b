#include <assert.h>

#include "base/date.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/streams.h"
#include "config/window.h"

/*
 * `backfill`: a time in the past, window by window. Each is a run of its own, as `sync --from
 * --to` makes it, so the bookmark stays where it is. What has succeeded with this definition is
 * passed over: so the same command goes on where it stopped, and asks again only for what
 * failed.
 */
enum { TIMEOUT_MS = 30000 };

static const char windows_sql[] =
    "select pagetide.rfc3339(s.from_time), pagetide.rfc3339(s.to_time), exists (select "
    "from pagetide.run r join pagetide.definition d on d.stream = r.stream and d.version = "
    "r.version where r.stream = $1 and d.spec = $6::jsonb and r.mode = 'window' and r.state = "
    "'succeeded' and r.window_from = s.from_time and r.window_to = s.to_time) "
    "from pagetide.window_slices(pagetide.zone_instant($2, $4), pagetide.zone_instant($3, $4), "
    "pagetide.window_size($5), $4) s order by s.n";
enum window_column { WINDOW_FROM, WINDOW_TO, WINDOW_IS_DONE, WINDOW_COLUMNS };

static bool is_time(const char *option, const char *text, int64_t *ret_us)
{
    if (text && date_parse_iso(str_from(text), ret_us))
        return true;
    cli_usage("backfill: --%s needs a time: RFC 3339, or a date", option);
    return false;
}

/* The one stream that is named, and how long a window is; false after saying what is wrong. */
static bool choose(struct cli *cli, const struct stream **ret_stream, struct str *ret_size)
{
    struct source **sources;
    size_t source_count, most = 1, count = 0;
    bool is_whole;
    int64_t from_us, to_us;
    const struct options *options = &cli->options;
    if (!is_time("from", options->from, &from_us) || !is_time("to", options->to, &to_us))
        return false;
    if (from_us >= to_us)
        return cli_usage("backfill: --from must lie before --to"), false;
    if (cli->operand_count != 1)
        return cli_usage("backfill: name one stream"), false;
    if (!cli_sources(cli, &sources, &source_count, &is_whole))
        return false;
    for (size_t i = 0; i < source_count; i++)
        most += sources[i]->count;
    struct stream **streams = ARENA_ARRAY(cli->arena, struct stream *, most);
    if (!streams_find(cli, "backfill", cli->operands[0], sources, source_count, streams,
                      &count))
        return false;
    if (count != 1)
        return cli_usage("backfill: name one stream"), false;
    *ret_stream = streams[0];
    *ret_size = options->window ? str_from(options->window) : streams[0]->window.size;
    if (!window_is_size(*ret_size))
        return cli_usage("backfill: --window needs a size like 6h, 7d, 2w or 1 month"), false;
    return true;
}

static int run_window(struct cli *cli, struct str from, struct str to)
{
    struct cli one = *cli;
    one.options.from = arena_cstr(cli->arena, from);
    one.options.to = arena_cstr(cli->arena, to);
    say_note(stderr, "pagetide: window %s to %s", one.options.from, one.options.to);
    int code = cmd_sync.run(&one);
    cli->loop = one.loop;
    return code;
}

/* A window that fails does not keep the others from being asked for. */
static int run_windows(struct cli *cli, const struct pg_result *windows)
{
    int code = EXIT_DONE;
    size_t done = 0;
    for (size_t i = 0; i < pg_rows(windows); i++) {
        if (pg_get_bool(windows, i, WINDOW_IS_DONE) && !cli->options.again) {
            done++;
            continue;
        }
        int of_window = run_window(cli, pg_get_str(windows, i, WINDOW_FROM),
                                   pg_get_str(windows, i, WINDOW_TO));
        code = exit_code_worst(code, of_window);
        if (of_window != EXIT_DONE && of_window != EXIT_RUN_FAILED)
            return code;
    }
    if (done)
        say_note(stderr, "pagetide: %zu of %zu windows had succeeded before", done,
                 pg_rows(windows));
    return code;
}

static int backfill_main(struct cli *cli)
{
    const struct stream *stream;
    struct str size;
    struct pg *pg;
    int code;
    struct err err = ERR_INIT;
    AUTO_PG_RESULT struct pg_result *windows = NULL;
    if (!choose(cli, &stream, &size))
        return EXIT_USAGE;
    if (!cli_database(cli, true, &pg, &code))
        return code;
    const struct pg_value params[] = {pg_text(stream->name),
                                      pg_text(str_from(cli->options.from)),
                                      pg_text(str_from(cli->options.to)),
                                      pg_text(stream->schedule.timezone),
                                      pg_text(size),
                                      pg_text(stream->spec)};
    bool is_known =
        pg_await(pg, windows_sql, params, COUNT_OF(params), TIMEOUT_MS, &windows, &err);
    pg_close(pg);
    if (!is_known)
        return cli_fail(&err);
    assert(pg_columns(windows) == WINDOW_COLUMNS);
    return run_windows(cli, windows);
}

static const struct opt opts[] = {
    {"from", 0, OPT_TEXT, offsetof(struct options, from), "TIME",
     "where to begin: RFC 3339, or a date in the stream's timezone"},
    {"to", 0, OPT_TEXT, offsetof(struct options, to), "TIME", "the end, not included"},
    {"window", 0, OPT_TEXT, offsetof(struct options, window), "SIZE",
     "of a run: 6h, 7d, 1 month; the definition's window if absent"},
    {"again", 0, OPT_FLAG, offsetof(struct options, again), NULL,
     "also windows that have succeeded before"},
    OPT_END,
};

const struct command cmd_backfill = {
    .name = "backfill",
    .operands = "STREAM",
    .summary = "fetch a time in the past, window by window; the bookmark stays",
    .help =
        "Each window is a run of its own. The same command goes on where it stopped: what\n"
        "has succeeded with this definition is passed over. --jobs says how many slices of a\n"
        "window are fetched at the same time.",
    .opts = opts,
    .needs_settings = true,
    .run = backfill_main,
};
