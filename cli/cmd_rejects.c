#include "base/file.h"
#include "cli/order.h"
#include "cli/query_print.h"
#include "cli/say.h"
#include "config/source_dir.h"
#include "worker/replay/replay.h"

/*
 * `rejects`: the records of a run that could not be stored, and why; --replay loads them again.
 * `record` is what the API sent; bytes beyond ASCII are shown as PostgreSQL's escapes, because
 * they need not be UTF-8.
 */
static const char sql[] = "select j.run || '/' || j.n as job, r.page, r.position, "
                          "coalesce(r.of_table || ': ', '') || r.reason as reason, "
                          "encode(r.record, 'escape') as record "
                          "from pagetide.reject r join pagetide.job j on j.id = r.job "
                          "where r.run = $1 order by r.id";

static const char nothing[] = "nothing was rejected in this run";

enum { TIMEOUT_MS = 30000, ERRORS_BYTES_MAX = 1 << 20, LINE_BYTES_MAX = 64 << 10 };

/* --- the definition in force --- */

static const char run_sql[] =
    "select r.stream, d.spec, exists (select from pagetide.reject q where q.run = r.id) "
    "from pagetide.run r left join pagetide.stream s on s.name = r.stream "
    "left join pagetide.definition d on d.stream = s.name and d.version = s.version "
    "where r.id = $1";
enum run_column { RUN_STREAM, RUN_SPEC, RUN_HAS_REJECTS };

/* The folder's file, as `sync` reads it; NULL where it has no such stream. */
static struct stream *stream_of_folder(struct cli *cli, struct str name)
{
    AUTO_BUF(errors, ERRORS_BYTES_MAX);
    struct source **sources = NULL;
    size_t count = 0;
    struct err ignored = ERR_INIT;
    (void)!source_dir_load(cli->arena, cli->settings.config_dir, &sources, &count, &errors,
                           &ignored);
    if (errors.len)
        say_line(stderr, "%.*s", STR_ARG(file_trim_end(buf_str(&errors))));
    return sources ? source_find_stream(sources, count, name) : NULL;
}

/* Without a file of it: what was applied last. */
static bool find_stream(struct cli *cli, const struct pg_result *run,
                        struct stream **ret_stream, struct err *err)
{
    struct str name = pg_get_str(run, 0, RUN_STREAM);
    struct str spec = arena_str(cli->arena, pg_get_str(run, 0, RUN_SPEC));
    *ret_stream = stream_of_folder(cli, name);
    if (*ret_stream)
        return true;
    if (!spec.len)
        return err_set(err, ERR_CONFIG, "rejects", 0, "%.*s has no definition", STR_ARG(name));
    return source_parse_spec(cli->arena, spec, ret_stream, err);
}

/* --- what came of it --- */

static void print(struct cli *cli, const struct stream *stream, int64_t run,
                  const struct replay_result *result)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    if (cli->options.json) {
        buf_printf(&line,
                   "{\"run\":%lld,\"stream\":\"%.*s\",\"stored\":%lld,\"left_out\":%lld,"
                   "\"rejected\":%lld}",
                   (long long)run, STR_ARG(stream->name), (long long)result->stored,
                   (long long)result->left_out, (long long)result->kept);
        say_json(buf_str(&line));
        return;
    }
    buf_printf(&line, "%.*s: run %lld: %lld records stored", STR_ARG(stream->name),
               (long long)run, (long long)result->stored);
    if (result->left_out)
        buf_printf(&line, ", %lld left out by `where`", (long long)result->left_out);
    if (result->kept)
        buf_printf(&line, ", %lld still rejected (pagetide rejects %lld)",
                   (long long)result->kept, (long long)run);
    if (result->kept)
        say_line(stdout, "%.*s", STR_ARG(buf_str(&line)));
    else
        say_note(stdout, "%.*s", STR_ARG(buf_str(&line)));
}

static int replay_stream(struct cli *cli, struct pg *pg, const struct stream *stream,
                         int64_t run)
{
    const struct replay_options options = {
        .loop = cli_loop(cli), .pg = pg, .stream = stream, .run = run};
    struct replay_result result;
    struct err err = ERR_INIT;
    bool is_done = replay_run(&options, cli->arena, &result, &err);
    if (is_done && !result.refusal.len) {
        print(cli, stream, run, &result);
        return result.kept ? EXIT_RUN_FAILED : EXIT_DONE;
    }
    if (result.stored || result.left_out || result.kept)
        print(cli, stream, run, &result);
    if (!is_done)
        return cli_fail(&err);
    say_line(stderr, "pagetide: %.*s", STR_ARG(result.refusal));
    return EXIT_RUN_FAILED;
}

static int replay_in(struct cli *cli, struct pg *pg, int64_t run)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct pg_value id = pg_int(run);
    struct stream *stream;
    struct err err = ERR_INIT;
    if (!pg_await(pg, run_sql, &id, 1, TIMEOUT_MS, &result, &err))
        return cli_fail(&err);
    if (!pg_rows(result))
        return cli_usage("there is no run %lld", (long long)run);
    if (!pg_get_bool(result, 0, RUN_HAS_REJECTS)) {
        say_note(stderr, "pagetide: %s", nothing);
        return EXIT_DONE;
    }
    if (!find_stream(cli, result, &stream, &err))
        return cli_fail(&err);
    return replay_stream(cli, pg, stream, run);
}

static int replay(struct cli *cli)
{
    struct pg *pg;
    int64_t run;
    int code = order_read_run(cli, "rejects", &run, NULL);
    if (code != EXIT_DONE || !cli_database(cli, false, &pg, &code))
        return code;
    code = replay_in(cli, pg, run);
    pg_close(pg);
    return code;
}

static int rejects_main(struct cli *cli)
{
    return cli->options.replay ? replay(cli)
                               : query_print_run(cli, "rejects", sql, NULL, nothing);
}

static const struct opt opts[] = {
    {"replay", 0, OPT_FLAG, offsetof(struct options, replay), NULL,
     "load them again by the definition as it is now"},
    OPT_END,
};

const struct command cmd_rejects = {
    .name = "rejects",
    .operands = "RUN|STREAM",
    .summary = "the records of a run that could not be stored, and why; loads them again",
    .help =
        "By SQL: select * from pagetide.reject where run = 7; the bytes are in `record`.\n"
        "--replay: what can be stored leaves the rejects, the rest stays with the reason of\n"
        "today, and the command exits with 1. Not while a run of the stream is under way.",
    .opts = opts,
    .needs_settings = true,
    .run = rejects_main,
};
