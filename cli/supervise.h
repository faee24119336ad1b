#ifndef CLI_SUPERVISE_H
#define CLI_SUPERVISE_H

#include "cli/cli.h"

/*
 * `--processes N`: so many processes of one command, under this one, which only watches them.
 *
 *     one ends by a crash     it is begun again: after 1 s, and after twice as long each time
 *                             while it lasts for less than a minute, up to a minute
 *     one ends by exit 2      the settings are wrong: all of them end
 *     SIGTERM, SIGINT         goes to all of them; those that still live after 25 s are killed
 *     a second one            likewise; they end at once
 *     SIGHUP                  goes to all of them
 *     this one is killed      they get SIGTERM
 *
 * Of one process there is none above it: `run` is called here.
 *
 * `run` is called in each, with its number from 0, and gives the exit code. Call it before
 * anything else was begun: a loop, a connection, a thread. Returns the exit code.
 */
typedef int (*supervise_fn)(struct cli *cli, int number);

int supervise(struct cli *cli, int count, supervise_fn run);

#endif
