#include <assert.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/drop.h"
#include "cli/say.h"
#include "config/source_dir.h"
#include "scheduler/apply.h"

enum { TIMEOUT_MS = 30000, NAMES_BYTES_MAX = 4 * 1024 * 1024 };

struct waiting {
    bool is_done;
    int code;
    bool json;
};

static void on_applied(void *ctx, const struct apply_result *result)
{
    struct waiting *waiting = ctx;
    waiting->is_done = true;
    if (result->errors->len) {
        say_line(stderr, "%.*s", STR_ARG(str_trim(buf_str(result->errors))));
        waiting->code = EXIT_USAGE;
    }
    if (result->err) {
        waiting->code = cli_fail(result->err);
        return;
    }
    if (waiting->json)
        say_line(stdout, "{\"streams\":%zu,\"stored\":%zu}", result->streams, result->changed);
    else
        say_note(stdout, "%zu stream%s stored%s", result->streams,
                 result->streams == 1 ? "" : "s",
                 waiting->code ? "; the broken files above keep their last good version" : "");
}

/* The names of the folder's streams, one a line: none holds a line's end. */
static bool list_names(struct cli *cli, const char *dir, struct buf *names)
{
    struct source **sources;
    size_t count;
    AUTO_BUF(errors, NAMES_BYTES_MAX);
    struct err err = ERR_INIT;
    if (!source_dir_outline(cli->arena, dir, &sources, &count, &errors, &err))
        return false;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sources[i]->count; j++)
            buf_printf(names, "%.*s\n", STR_ARG(sources[i]->outlines[j].name));
    return !names->has_overflowed;
}

/* Only a folder without a broken file says which streams are gone. */
static int prune(struct cli *cli, struct pg *pg, const char *dir)
{
    static const char sql[] = "select name from pagetide.stream where removed_at is null "
                              "and name <> all (string_to_array($1, E'\\n')) order by name";
    enum { GONE_NAME, GONE_COLUMNS };
    AUTO_BUF(names, NAMES_BYTES_MAX);
    AUTO_PG_RESULT struct pg_result *gone = NULL;
    struct err err = ERR_INIT;
    if (!list_names(cli, dir, &names))
        return cli_usage("apply --prune: %s cannot be read whole; nothing was removed", dir);
    struct pg_value kept = pg_text(buf_str(&names));
    if (!pg_await(pg, sql, &kept, 1, TIMEOUT_MS, &gone, &err))
        return cli_fail(&err);
    assert(pg_columns(gone) == GONE_COLUMNS);
    for (size_t i = 0; i < pg_rows(gone); i++) {
        int code = drop_stream(cli, pg, pg_get_str(gone, i, GONE_NAME));
        if (code != EXIT_DONE)
            return code;
    }
    return EXIT_DONE;
}

static int apply_and_prune(struct cli *cli, struct pg *pg, const char *dir)
{
    struct waiting waiting = {.json = cli->options.json};
    struct apply *apply = apply_new(pg);
    apply_dir(apply, dir, on_applied, &waiting);
    loop_run_until(cli_loop(cli), &waiting.is_done, -1);
    apply_free(apply);
    if (waiting.code == EXIT_DONE && cli->options.prune)
        return prune(cli, pg, dir);
    if (waiting.code != EXIT_DONE && cli->options.prune)
        say_line(stderr, "pagetide: nothing was removed");
    return waiting.code;
}

static int apply_main(struct cli *cli)
{
    struct pg *pg;
    int code;
    if (cli->operand_count > 1)
        return cli_usage("apply: give one folder");
    const char *dir = cli->operand_count ? cli->operands[0] : cli->settings.config_dir;
    if (!cli_database(cli, false, &pg, &code))
        return code;
    code = apply_and_prune(cli, pg, dir);
    pg_close(pg);
    return code;
}

static const struct opt opts[] = {
    {"prune", 0, OPT_FLAG, offsetof(struct options, prune), NULL,
     "drop the stored streams that the folder does not have"},
    OPT_END,
};

const struct command cmd_apply = {
    .name = "apply",
    .operands = "[DIR]",
    .summary = "store the source definitions of a folder in PostgreSQL",
    .help = "Workers and schedulers on other machines then need no files. A broken file keeps\n"
            "its last good version; nothing is removed without --prune.",
    .opts = opts,
    .needs_settings = true,
    .run = apply_main,
};
