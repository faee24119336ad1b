#include "cli/query_print.h"

/* `runs`: pagetide.history, the latest first. */
enum { RUNS_MAX = 50 };

static const char sql[] =
    "select run, stream, trigger, mode, state, reason, pages, records, rejects, asides, "
    "to_char(started_at, 'YYYY-MM-DD HH24:MI:SS') as started, seconds, "
    "array_to_string(warnings, '; ') as warnings, split_part(error, E'\\n', 1) as error "
    "from pagetide.history where $1::text is null or stream = $1 order by run desc limit $2";

static int runs_main(struct cli *cli)
{
    if (cli->operand_count > 1)
        return cli_usage("runs: name one stream, or none for all");
    const char *stream = cli->operand_count ? cli->operands[0] : NULL;
    struct pg_value params[] = {stream ? pg_text(str_from(stream)) : PG_NULL, pg_int(RUNS_MAX)};
    struct query query = {
        .sql = sql,
        .params = params,
        .param_count = COUNT_OF(params),
        .nothing = "there is no run yet",
        .known = "select 1 where $1::text is null union all "
                 "select 1 from pagetide.stream where name = $1 limit $2",
        .unknown = arena_printf(cli->arena, "there is no stream %s", stream ? stream : "").ptr,
    };
    return query_print(cli, &query);
}

const struct command cmd_runs = {
    .name = "runs",
    .operands = "[STREAM]",
    .summary = "the latest runs, of all streams or one",
    .help = "The same by SQL: pagetide.history.",
    .needs_settings = true,
    .run = runs_main,
};
