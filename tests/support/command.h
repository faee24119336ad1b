#ifndef TESTS_SUPPORT_COMMAND_H
#define TESTS_SUPPORT_COMMAND_H

#include "cli/cli.h"

/*
 * What a subcommand's code finds around it, and what it prints:
 *
 *     struct cli cli;
 *     command_open(&cli);                        // an arena, a loop; schema_database()
 *     command_capture();
 *     code = query_print(&cli, &query);
 *     struct captured captured = command_captured();
 *     ck_assert_str_eq(captured.out, "…");
 *     command_close(&cli);
 *
 * Captures are not nested. Texts are not freed: a test's process is short.
 */
void command_open(struct cli *ret_cli);
void command_open_alone(struct cli *ret_cli); /* without a database */
void command_close(struct cli *cli);

/* The configuration folder of `cli`, a fresh one, gets sources/NAME.yaml. */
void command_source(struct cli *cli, const char *name, const char *text);

struct captured {
    const char *out, *err;
};
void command_capture(void);
struct captured command_captured(void);

/* A stream `name` that appends, and a run of it with `parts` jobs, in the order of the calls 1,
 * 2 …; in the database of `cli`. */
void command_make_run(struct cli *cli, const char *name, int parts);

#endif
