#include "cli/order.h"
#include "cli/query_print.h"

/*
 * `diff`: what changed from one run of a stream to another. The counts come first, then the
 * pages, keys and rows behind them. What is not kept is said, and not guessed.
 */
enum { LIMIT_STANDARD = 20 };

static const char sql[] =
    "select part, change, count, case when part = 'pages' and change <> 'unknown' and which is "
    "not null then concat_ws(' ', 'page', which ->> 'page', 'of', which ->> 'job', which ->> "
    "'asked') else which #>> '{}' end as which, array_to_string(columns, ', ') as columns "
    "from pagetide.diff($1, $2, $3)";
static const char json_sql[] =
    "select part, change, count, which, to_jsonb(columns) as columns "
    "from pagetide.diff($1, $2, $3)";

static int diff_main(struct cli *cli)
{
    int64_t runs[2];
    if (cli->operand_count != 2)
        return cli_usage("diff: name two runs of a stream, as `pagetide runs` lists them");
    for (int i = 0; i < 2; i++)
        if (!order_parse_run(cli->operands[i], &runs[i], NULL))
            return cli_usage("diff: \"%s\" is not the number of a run", cli->operands[i]);
    int64_t most = cli->options.limit ? cli->options.limit : LIMIT_STANDARD;
    const struct pg_value params[] = {pg_int(runs[0]), pg_int(runs[1]), pg_int(most)};
    const struct query query = {
        .sql = sql,
        .json_sql = json_sql,
        .params = params,
        .param_count = COUNT_OF(params),
        .known = "select 1 where false and $1::bigint + $2::bigint + $3::bigint = 0",
        .nothing = "",
        .unknown = arena_printf(cli->arena, "%lld and %lld are not two runs of one stream",
                                (long long)runs[0], (long long)runs[1])
                       .ptr,
    };
    return query_print(cli, &query);
}

static const struct opt opts[] = {
    {"limit", 'n', OPT_COUNT, offsetof(struct options, limit), "N",
     "pages, keys or rows that are listed of each kind (20)"},
    OPT_END,
};

const struct command cmd_diff = {
    .name = "diff",
    .operands = "RUN RUN",
    .summary = "what changed between two runs of a stream: pages, keys, rows",
    .help =
        "By the ledger which pages are the same; by tables with `write: history` which keys "
        "are\nnew, changed or closed; by others what they still know. What is not kept any "
        "more is\n\"unknown\".",
    .opts = opts,
    .needs_settings = true,
    .run = diff_main,
};
