#include "cli/drop.h"

static int drop_main(struct cli *cli)
{
    struct pg *pg;
    int code;
    if (cli->operand_count != 1)
        return cli_usage("drop: name one stream");
    if (!cli_database(cli, false, &pg, &code))
        return code;
    code = drop_stream(cli, pg, str_from(cli->operands[0]));
    pg_close(pg);
    return code;
}

const struct command cmd_drop = {
    .name = "drop",
    .operands = "STREAM",
    .summary = "remove a stream: no schedule, no reload, its run ends",
    .help =
        "Its table, bookmarks and history stay, and are used again if the stream comes back.\n"
        "It comes back when its definition is stored again, so remove that from sources/.",
    .needs_settings = true,
    .run = drop_main,
};
