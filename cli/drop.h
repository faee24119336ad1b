#ifndef CLI_DROP_H
#define CLI_DROP_H

#include "cli/cli.h"

/* Removes a stream and ends its run. Prints what was done; returns the exit code. */
int drop_stream(struct cli *cli, struct pg *pg, struct str stream);

#endif
