#include "cli/daemon.h"
#include "cli/supervise.h"

/* The first one has the scheduler, and makes the control schema. */
static int work(struct cli *cli, int number)
{
    return daemon_serve(cli, number ? "worker" : "up", !number, true);
}

static int up_main(struct cli *cli)
{
    return supervise(cli, (int)cli->settings.processes, work);
}

const struct command cmd_up = {
    .name = "up",
    .operands = "",
    .summary = "scheduler and worker in one process, for one machine",
    .help =
        "Creates or updates the control schema first. SIGTERM gives the jobs back. With\n"
        "--processes there are more workers beside it, and one that crashes is begun again.",
    .needs_settings = true,
    .run = up_main,
};
