#include "cli/daemon.h"

static int scheduler_main(struct cli *cli)
{
    return daemon_serve(cli, "scheduler", true, false);
}

const struct command cmd_scheduler = {
    .name = "scheduler",
    .operands = "",
    .summary = "turn schedules and reload messages into runs; repair what a crash left",
    .help = "Any number may run. SIGHUP reads the definitions again, SIGTERM stops.",
    .needs_settings = true,
    .run = scheduler_main,
};
