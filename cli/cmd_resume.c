#include "cli/order.h"
#include "cli/say.h"

static int resume_main(struct cli *cli)
{
    struct order order;
    if (cli->operand_count != 1)
        return cli_usage("resume: name one stream");
    struct pg_value params[] = {pg_text(str_from(cli->operands[0]))};
    int code = order_give_once(cli, "pagetide.resume($1)", params, 1, &order);
    if (code == EXIT_DONE && !cli->options.json)
        say_note(stdout, "%.*s runs by its schedule", STR_ARG(order.stream));
    return code;
}

const struct command cmd_resume = {
    .name = "resume",
    .operands = "STREAM",
    .summary = "let a paused stream run by its schedule again",
    .help = "Runs missed meanwhile are made up for as the definition's catch_up says.",
    .needs_settings = true,
    .run = resume_main,
};
