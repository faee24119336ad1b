#ifndef CLI_ORDER_H
#define CLI_ORDER_H

#include "base/buf.h"
#include "cli/cli.h"

/*
 * Orders are functions of the control schema (schema/sql/0009_orders.sql) that happen in one
 * statement or are refused. The commands that give them share this.
 */
struct order {
    struct str stream, state; /* in the command's arena */
    int64_t run, jobs;
};

/*
 * `call` is the function with its parameters, "pagetide.cancel($1)". Returns EXIT_DONE, or what
 * to exit with after saying why not: EXIT_USAGE where there is no such run or stream,
 * EXIT_RUN_FAILED where it stands so that nothing can be done. With --json a done order is
 * printed as it was answered.
 */
int order_give(struct cli *cli, struct pg *pg, const char *call, const struct pg_value *params,
               size_t count, struct order *ret_order);

/* The same in a session of its own. */
int order_give_once(struct cli *cli, const char *call, const struct pg_value *params,
                    size_t count, struct order *ret_order);

/* "7", or "7/3" where `ret_job` is not NULL (0: no job was named). */
bool order_parse_run(const char *text, int64_t *ret_run, int64_t *ret_job) MUST_CHECK;

#endif
