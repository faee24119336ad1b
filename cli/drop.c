#include "cli/drop.h"

#include "cli/order.h"

/*
 * Two statements, each a transaction: after the first no run can begin, so the second sees the
 * last. Killed between them, the run goes on to its end; the same command then ends nothing,
 * and `pagetide cancel` does.
 */
int drop_stream(struct cli *cli, struct pg *pg, struct str stream)
{
    struct order order;
    struct pg_value name = pg_text(stream);
    int code = order_give(cli, pg, "pagetide.remove_stream($1)", &name, 1, &order);
    if (code == EXIT_DONE)
        code = order_give(cli, pg, "pagetide.end_removed($1)", &name, 1, &order);
    if (code != EXIT_DONE)
        return code;
    if (cli->options.json) {
        order_print_json(cli, &order);
        return code;
    }
    printf("%.*s is dropped", STR_ARG(stream));
    if (order.run)
        printf(", its run %lld is cancelled", (long long)order.run);
    puts("; its table and history stay");
    return code;
}
