#include "scheduler/apply.h"
#include "cli/cli.h"

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
        fprintf(stderr, "%.*s\n", STR_ARG(str_trim(buf_str(result->errors))));
        waiting->code = EXIT_USAGE;
    }
    if (result->err) {
        waiting->code = cli_fail(result->err);
        return;
    }
    if (waiting->json)
        printf("{\"streams\":%zu,\"stored\":%zu}\n", result->streams, result->changed);
    else
        printf("%zu stream%s stored%s\n", result->streams, result->streams == 1 ? "" : "s",
               waiting->code ? "; the broken files above keep their last good version" : "");
}

static int run_apply(struct cli *cli)
{
    struct waiting waiting = {.json = cli->options.json};
    struct pg *pg;
    int code;
    if (cli->operand_count > 1)
        return cli_usage("apply: give one folder");
    const char *dir = cli->operand_count ? cli->operands[0] : cli->settings.config_dir;
    if (!cli_database(cli, false, &pg, &code))
        return code;
    struct apply *apply = apply_new(pg);
    apply_dir(apply, dir, on_applied, &waiting);
    loop_run_until(cli_loop(cli), &waiting.is_done, -1);
    apply_free(apply);
    pg_close(pg);
    return waiting.code;
}

const struct command command_apply = {
    .name = "apply",
    .operands = "[DIR]",
    .summary = "store the source definitions of a folder in PostgreSQL",
    .help = "Workers and schedulers on other machines then need no files. A broken file keeps\n"
            "its last good version; nothing is removed.",
    .needs_settings = true,
    .run = run_apply,
};
