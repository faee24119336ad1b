#include "cli/daemon.h"

static int worker_main(struct cli *cli)
{
    return daemon_serve(cli, "worker", false, true);
}

const struct command cmd_worker = {
    .name = "worker",
    .operands = "",
    .summary = "fetch pages and load them, up to --jobs jobs at once",
    .help = "SIGTERM gives its jobs back and exits within 25 s; a second one at once.",
    .needs_settings = true,
    .run = worker_main,
};
