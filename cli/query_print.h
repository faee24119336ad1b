#ifndef CLI_QUERY_PRINT_H
#define CLI_QUERY_PRINT_H

#include "cli/cli.h"

/*
 * Prints what a query gives: columns under their names, each as wide as its widest value (at
 * most 40 characters; a longer value moves the rest of its line), or with --json one object a
 * line. Everything passes through cli/say.h.
 */
struct query {
    const char *sql; /* without a final semicolon; at most 20 columns */
    /* For --json, where times and lists are to be JSON's: RFC 3339, lists. NULL: `sql`. */
    const char *json_sql;
    const struct pg_value *params;
    size_t param_count;
    /* Rows shown; that there are more is said on stderr. 0: all. */
    size_t limit;
    /* Asked with the same parameters where `sql` gives no row. A row: `nothing` is said on
     * stderr, and all is well. None: `unknown` is said, a mistake in the command. */
    const char *known;
    const char *nothing, *unknown;
    struct str stream; /* instead of `unknown`: the name of the stream that there is not */
};

/* In a session of its own. Returns the exit code: that of the error, EXIT_USAGE for
 * `unknown`. */
int query_print(struct cli *cli, const struct query *query);

/* The same for a command whose one operand is RUN, or a stream for its newest: $1 of `sql`. */
int query_print_run(struct cli *cli, const char *command, const char *sql, const char *json_sql,
                    const char *nothing);

/* A result of one column of JSON objects, one a line. */
void query_print_objects(const struct pg_result *result, size_t count);

#endif
