#include "cli/drop.h"
#include "cli/say.h"
#include "config/source_dir.h"

/* The next `apply`, or start of a scheduler, would bring it back. */
static void warn_of_file(struct cli *cli, struct str stream)
{
    AUTO_BUF(errors, KIB(64));
    struct source **sources;
    size_t count = 0;
    struct err ignored = ERR_INIT;
    bool is_whole = source_dir_load(cli->arena, cli->settings.config_dir, &sources, &count,
                                    &errors, &ignored);
    (void)is_whole; /* what is broken is not applied */
    for (size_t i = 0; i < count; i++)
        if (source_find_stream(&sources[i], 1, stream))
            say_note(stderr,
                     "pagetide: warning: %.*s still has it: the next apply, and a scheduler of "
                     "this folder, brings it back",
                     STR_ARG(sources[i]->file));
}

static int drop_main(struct cli *cli)
{
    struct pg *pg;
    int code;
    if (cli->operand_count != 1)
        return cli_usage("drop: name one stream");
    if (!cli_database(cli, false, &pg, &code))
        return code;
    code = drop_stream(cli, pg, str_from(cli->operands[0]));
    pg_close(pg);
    if (code == EXIT_DONE)
        warn_of_file(cli, str_from(cli->operands[0]));
    return code;
}

const struct command cmd_drop = {
    .name = "drop",
    .operands = "STREAM",
    .summary = "remove a stream: no schedule, no reload, its run ends",
    .help =
        "Its table, bookmarks and history stay, and are used again if the stream comes back.\n"
        "It comes back when its definition is stored again, so remove that from sources/.",
    .needs_settings = true,
    .run = drop_main,
};
