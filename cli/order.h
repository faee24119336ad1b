#ifndef CLI_ORDER_H
#define CLI_ORDER_H

#include "base/buf.h"
#include "cli/cli.h"

/*
 * Orders are functions of the control schema (schema/functions/orders.sql) that happen in one
 * statement or are refused. The commands that give them share this.
 */
struct order {
    struct str stream, state, json; /* in the command's arena; json: the whole answer */
    int64_t run, jobs;
};

/*
 * `call` is the function with its parameters, "pagetide.cancel($1)". Returns EXIT_DONE, or what
 * to exit with after saying on stderr why not (exit_code_of_refusal, exit_code_of_error);
 * *ret_order is then left alone.
 */
int order_give(struct cli *cli, struct pg *pg, const char *call, const struct pg_value *params,
               size_t count, struct order *ret_order);

/* The same in a session of its own; with --json, what was done is printed as JSON. */
int order_give_once(struct cli *cli, const char *call, const struct pg_value *params,
                    size_t count, struct order *ret_order);
void order_print_json(const struct order *order);

/*
 * A run by its number, "7". Where `ret_job` is not NULL also one job of it, "7/3"; *ret_job is
 * 0 where none is named. False for anything else.
 */
bool order_parse_run(const char *text, int64_t *ret_run, int64_t *ret_job) MUST_CHECK;

/*
 * The command's one operand as a run: by its number, as above, or a stream's name for its
 * newest run, which is looked up in a session of its own. Returns EXIT_DONE, or what to exit
 * with after saying on stderr what is wrong.
 */
int order_read_run(struct cli *cli, const char *command, int64_t *ret_run, int64_t *ret_job);

#endif
