#include "cli/cli.h"
#include "cli/completion.h"
#include "cli/say.h"
#include "config/source_dir.h"

enum { SCRIPT_BYTES_MAX = 1024 * 1024, ERRORS_BYTES_MAX = 1024 * 1024 };

/* For the scripts: broken files are left out without a word. */
static int print_streams(struct cli *cli)
{
    AUTO_BUF(errors, ERRORS_BYTES_MAX);
    struct source **sources = NULL;
    struct err err = ERR_INIT;
    size_t count = 0;
    if (!source_dir_outline(cli->arena, cli->settings.config_dir, &sources, &count, &errors,
                            &err) &&
        !sources)
        return EXIT_USAGE;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sources[i]->count; j++)
            say_line(stdout, "%.*s", STR_ARG(sources[i]->outlines[j].name));
    return EXIT_DONE;
}

static int completion_main(struct cli *cli)
{
    AUTO_BUF(script, SCRIPT_BYTES_MAX);
    struct str what = cli->operand_count == 1 ? str_from(cli->operands[0]) : STR_NONE;
    if (str_is(what, "streams"))
        return print_streams(cli);
    if (str_is(what, "bash"))
        completion_put_bash(&script, cli);
    else if (str_is(what, "zsh"))
        completion_put_zsh(&script, cli);
    else if (str_is(what, "fish"))
        completion_put_fish(&script, cli);
    else
        return cli_usage("completion: say bash, zsh, fish or streams");
    say_text(stdout, buf_str(&script));
    return EXIT_DONE;
}

const struct command cmd_completion = {
    .name = "completion",
    .operands = "bash|zsh|fish|streams",
    .summary = "the script by which a shell completes commands, options and streams",
    .help = "bash: source <(pagetide completion bash)\n"
            "zsh:  source <(pagetide completion zsh), after compinit\n"
            "fish: pagetide completion fish | source\n"
            "`streams` prints the names of the folder's streams, as the scripts ask for them.",
    .run = completion_main,
};
