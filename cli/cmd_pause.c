#include "cli/order.h"
#include "cli/say.h"

static int pause_main(struct cli *cli)
{
    struct order order;
    if (cli->operand_count != 1)
        return cli_usage("pause: name one stream");
    struct pg_value params[] = {pg_text(str_from(cli->operands[0]))};
    int code = order_give_once(cli, "pagetide.pause($1)", params, 1, &order);
    if (code == EXIT_DONE && !cli->options.json)
        say_note(stdout, "%.*s is paused: its schedule starts no run", STR_ARG(order.stream));
    return code;
}

const struct command cmd_pause = {
    .name = "pause",
    .operands = "STREAM",
    .summary = "let a stream's schedule start no run",
    .help = "A run under way goes on (`pagetide cancel` ends it); sync and reload still work.",
    .needs_settings = true,
    .run = pause_main,
};
