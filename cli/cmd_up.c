#include "cli/daemon.h"

static int up_main(struct cli *cli)
{
    return daemon_serve(cli, "up", true, true);
}

const struct command cmd_up = {
    .name = "up",
    .operands = "",
    .summary = "scheduler and worker in one process, for one machine",
    .help = "Creates or updates the control schema first. SIGTERM gives the jobs back.",
    .needs_settings = true,
    .run = up_main,
};
