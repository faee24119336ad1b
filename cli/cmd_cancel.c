#include "cli/order.h"
#include "cli/say.h"

static int cancel_main(struct cli *cli)
{
    struct order order;
    int64_t run;
    int code = order_read_run(cli, "cancel", &run, NULL);
    if (code != EXIT_DONE)
        return code;
    struct pg_value params[] = {pg_int(run)};
    code = order_give_once(cli, "pagetide.cancel($1)", params, 1, &order);
    if (code == EXIT_DONE && !cli->options.json)
        say_note(stdout, "%.*s: run %lld is cancelled", STR_ARG(order.stream),
                 (long long)order.run);
    return code;
}

const struct command cmd_cancel = {
    .name = "cancel",
    .operands = "RUN|STREAM",
    .summary = "end a run now; what it has committed stays",
    .help = "The worker that has it learns this with its next beat and writes nothing more. A\n"
            "request that waited for the run's end starts. `pagetide retry` continues the run.",
    .needs_settings = true,
    .run = cancel_main,
};
