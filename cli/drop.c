#include "cli/drop.h"

#include "cli/order.h"
#include "cli/say.h"

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
        order_print_json(&order);
        return code;
    }
    struct str run = order.run ? arena_printf(cli->arena, ", its run %lld is cancelled",
                                              (long long)order.run)
                               : STR_NONE;
    say_note(stdout, "%.*s is dropped%.*s; its table and history stay", STR_ARG(stream),
             STR_ARG(run));
    return code;
}
