#include "cli/order.h"
#include "cli/say.h"

static int retry_main(struct cli *cli)
{
    struct order order;
    int64_t run, job;
    int code = order_read_run(cli, "retry", &run, &job);
    if (code != EXIT_DONE)
        return code;
    struct pg_value params[] = {pg_int(run), job ? pg_int(job) : PG_NULL};
    code = order_give_once(cli, "pagetide.retry($1, $2)", params, 2, &order);
    if (code == EXIT_DONE && !cli->options.json)
        say_note(stdout,
                 "%.*s: run %lld goes on with %lld job%s, by a worker or by pagetide sync %.*s",
                 STR_ARG(order.stream), (long long)order.run, (long long)order.jobs,
                 order.jobs == 1 ? "" : "s", STR_ARG(order.stream));
    return code;
}

const struct command cmd_retry = {
    .name = "retry",
    .operands = "RUN|RUN/N|STREAM",
    .summary = "take up again what failed in a stream's newest run",
    .help = "Its failed, dead and cancelled jobs go on after their last committed page, with\n"
            "the definition and the values that the run began with.",
    .needs_settings = true,
    .run = retry_main,
};
