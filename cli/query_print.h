#ifndef CLI_QUERY_PRINT_H
#define CLI_QUERY_PRINT_H

#include "cli/cli.h"

/*
 * Prints what a query gives: aligned columns under their names, or with --json one object a
 * line. Where there is no row, `known` is asked with the same parameters: a row of it, and
 * `nothing` is said (on stderr); none, and `unknown` is a mistake in the command. In a session
 * of its own; returns the exit code.
 */
struct query {
    const char *sql; /* without a final semicolon */
    const struct pg_value *params;
    size_t param_count;
    const char *nothing;
    const char *known, *unknown;
};

int query_print(struct cli *cli, const struct query *query);

/* The same for a command whose one operand is RUN: $1 of `sql`. */
int query_print_run(struct cli *cli, const char *command, const char *sql, const char *nothing);

/* A result of one column of JSON objects, one a line. */
void query_print_objects(struct cli *cli, const struct pg_result *result);

#endif
