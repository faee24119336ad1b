#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include "cli/cli.h"
#include "port/pg.h"

/*
 * Prints how a run ended: one line for people, or with --json {run,stream,state,reason,pages,
 * records,bytes,rejects,asides,retries,seconds,error}. Returns the exit code that fits: done
 * for succeeded, failed for every other end.
 */
int summary_print(struct cli *cli, struct pg *pg, int64_t run);

#endif
