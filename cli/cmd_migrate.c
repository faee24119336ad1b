#include "cli/cli.h"
#include "cli/say.h"
#include "schema/migrate.h"

static int migrate_main(struct cli *cli)
{
    struct pg *pg;
    int code;
    if (cli->operand_count)
        return cli_usage("migrate takes no operands");
    if (!cli_database(cli, true, &pg, &code))
        return code;
    struct err err = ERR_INIT;
    int applied;
    bool is_current = schema_migrate(pg, &applied, &err); /* refuses a newer one */
    pg_close(pg);
    if (!is_current) {
        cli_fail(&err);
        return EXIT_UNREACHABLE;
    }
    if (cli->options.json)
        say_line(stdout, "{\"schema\":\"pagetide\",\"state\":\"current\"}");
    else
        say_note(stdout, "The control schema is of this version.");
    return EXIT_DONE;
}

const struct command cmd_migrate = {
    .name = "migrate",
    .operands = "",
    .summary = "create or update the control schema",
    .help = "Forward only, under a lock: any number may run it at once.",
    .needs_settings = true,
    .run = migrate_main,
};
