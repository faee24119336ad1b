#ifndef CLI_READY_H
#define CLI_READY_H

#include "cli/cli.h"

/*
 * Asks the process at --http, or where a scheduler is if that is not said, whether it is
 * ready, and prints its word: the health check of an image without a shell.
 * EXIT_UNREACHABLE where it is not, or does not answer within 2 s.
 */
int ready_ask(struct cli *cli);

#endif
