#include "cli/daemon.h"
#include "cli/supervise.h"

static int work(struct cli *cli, int number)
{
    (void)number;
    return daemon_serve(cli, "worker", false, true);
}

static int worker_main(struct cli *cli)
{
    return supervise(cli, (int)cli->settings.processes, work);
}

const struct command cmd_worker = {
    .name = "worker",
    .operands = "",
    .summary = "fetch pages and load them, up to --jobs jobs at once",
    .help = "SIGTERM gives its jobs back and exits within 25 s; a second one at once. With\n"
            "--processes so many of them run, and one that crashes is begun again.",
    .needs_settings = true,
    .run = worker_main,
};
