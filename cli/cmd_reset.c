#include "cli/near.h"
#include "cli/order.h"
#include "cli/say.h"

/* `reset`: a stream begins anew. Without --yes it only says what would be forgotten. */
enum { TIMEOUT_MS = 60000 };

static int say_plan(struct cli *cli, struct pg *pg, struct str stream)
{
    enum { PLAN_WORDS };
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct pg_value name = pg_text(stream);
    struct err err = ERR_INIT;
    if (!pg_await(pg, "select pagetide.reset_words($1)", &name, 1, TIMEOUT_MS, &result, &err))
        return cli_fail(&err);
    if (pg_is_null(result, 0, PLAN_WORDS))
        return near_unknown(pg, NULL, stream);
    return cli_usage("reset: %.*s would forget %.*s, which is %s; say --yes to do it",
                     STR_ARG(stream), STR_ARG(pg_get_str(result, 0, PLAN_WORDS)),
                     cli->options.drop_table ? "dropped" : "kept");
}

static int reset(struct cli *cli, struct pg *pg, struct str stream)
{
    const struct pg_value params[] = {pg_text(stream),
                                      pg_text(str_from(cli->options.drop_table ? "t" : "f"))};
    struct order order;
    int code = order_give(cli, pg, "pagetide.reset_stream($1, $2::boolean)", params,
                          COUNT_OF(params), &order);
    if (code != EXIT_DONE)
        return code;
    if (cli->options.json)
        order_print_json(&order);
    else
        say_line(stdout, "%.*s is reset: its table is %s, the next run reads everything",
                 STR_ARG(stream), cli->options.drop_table ? "dropped" : "kept");
    return code;
}

static int reset_main(struct cli *cli)
{
    struct pg *pg;
    int code;
    if (cli->operand_count != 1)
        return cli_usage("reset: name one stream");
    if (cli->options.keep_table == cli->options.drop_table)
        return cli_usage("reset: say --keep-table or --drop-table");
    if (!cli_database(cli, false, &pg, &code))
        return code;
    struct str stream = str_from(cli->operands[0]);
    code = cli->options.yes ? reset(cli, pg, stream) : say_plan(cli, pg, stream);
    pg_close(pg);
    return code;
}

static const struct opt opts[] = {
    {"drop-table", 0, OPT_FLAG, offsetof(struct options, drop_table), NULL,
     "drop its table, unless that was adopted"},
    {"keep-table", 0, OPT_FLAG, offsetof(struct options, keep_table), NULL,
     "keep its table and rows; its columns are used by their names"},
    {"yes", 0, OPT_FLAG, offsetof(struct options, yes), NULL,
     "do it; without this only what would be done is said"},
    OPT_END,
};

const struct command cmd_reset = {
    .name = "reset",
    .operands = "STREAM",
    .summary = "forget a stream's bookmarks and columns: it begins anew",
    .help =
        "History and definition stay. With --keep-table a stream that appends has its records\n"
        "twice after the next run.",
    .opts = opts,
    .needs_settings = true,
    .run = reset_main,
};
