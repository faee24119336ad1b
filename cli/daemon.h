#ifndef CLI_DAEMON_H
#define CLI_DAEMON_H

#include "cli/cli.h"

/*
 * The processes that stay: `scheduler`, `worker`, and both in one (`up`, which also creates the
 * control schema). Serves until SIGTERM or SIGINT and returns the exit code; `name` is the
 * command's, for messages.
 */
int daemon_serve(struct cli *cli, const char *name, bool schedules, bool works);

#endif
