#ifndef CLI_EXIT_CODE_H
#define CLI_EXIT_CODE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/*
 * What the program exits with. Nothing else decides it: printers print, commands ask here.
 *
 *     0    done; a run succeeded
 *     1    a run ended in any other way (failed, truncated, cancelled, dead), or would
 *          (preview); a job was lost; an order does not fit the present state of its run or
 *          stream; `expr`: the evaluation failed
 *     2    usage or configuration: an option, a definition, a name that does not exist, a
 *          template; a reload request that was refused
 *     3    a server cannot be reached, or its schema is missing, older or newer
 *     130  interrupted by SIGINT or SIGTERM
 *
 * `sync` of several streams exits with the worst code of its runs, of what it left out too. The
 * numbers are a promise to scripts (README); a higher one is worse.
 */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_RUN_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3,
    EXIT_INTERRUPTED = 130,
};

/*
 * By the error's kind: AGAIN → 3, CONFIG → 2, INPUT, STOPPED and BUG → 1. The error must be
 * one (not ERR_NONE).
 */
int exit_code_of_error(const struct err *err);

/* By the state of a run that has ended, as pagetide.run has it: "succeeded" → 0, else 1. */
int exit_code_of_run(struct str state);

/* Would a run have succeeded so far? → 0; waited or ended in any other way → 1. */
struct preview;
int exit_code_of_preview(const struct preview *preview);

/* A run that is done and one that is not make a command that is not. */
int exit_code_worst(int a, int b);

/*
 * By the state of a reload request that made no run: skipped (as the sender asked, because a
 * run was under way) → 0, refused → 2.
 */
int exit_code_of_request(struct str state);

/* An order was refused: its run or stream does not exist → 2, cannot take it now → 1. */
int exit_code_of_refusal(bool is_known);

#endif
