#ifndef CLI_DAEMON_H
#define CLI_DAEMON_H

#include "cli/cli.h"

/* Where they listen if --http does not say. */
#define DAEMON_SCHEDULER_ADDRESS "127.0.0.1:9187"
#define DAEMON_WORKER_ADDRESS    "127.0.0.1:9188"

/*
 * The processes that stay: `scheduler`, `worker`, and both in one (`up`, which also creates the
 * control schema). Serves until SIGTERM or SIGINT and returns the exit code; `name` is the
 * command's, for messages.
 */
int daemon_serve(struct cli *cli, const char *name, bool schedules, bool works);

#endif
