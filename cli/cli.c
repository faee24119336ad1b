#include <stdarg.h>
#include <string.h>

#include "base/date.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/hint.h"
#include "cli/say.h"
#include "config/source_dir.h"
#include "port/pg_pooler.h"
#include "port/pg_url.h"
#include "schema/migrate.h"

enum {
    CONNECT_MS = 10000,
    CONNECT_QUIETLY_MS = 2000,
    ERRORS_BYTES_MAX = 1024 * 1024,
    HINT_BYTES_MAX = 1024
};

int cli_fail(const struct err *err)
{
    say_line(stderr, "pagetide: %s", err->text);
    return exit_code_of_error(err);
}

int cli_usage(const char *fmt, ...)
{
    AUTO_ARENA struct arena *arena = arena_new();
    va_list args;
    va_start(args, fmt);
    struct str text = arena_vprintf(arena, fmt, args);
    va_end(args);
    say_line(stderr, "pagetide: %.*s", STR_ARG(text));
    return EXIT_USAGE;
}

bool cli_is_window(const char *command, const char *from, const char *to)
{
    int64_t from_us, to_us;
    if (!date_parse_iso(str_from(from), &from_us))
        cli_usage("%s --from: \"%s\" is neither RFC 3339 nor a date", command, from);
    else if (!date_parse_iso(str_from(to), &to_us))
        cli_usage("%s --to: \"%s\" is neither RFC 3339 nor a date", command, to);
    else if (from_us >= to_us)
        cli_usage("%s: --from must lie before --to", command);
    else
        return true;
    return false;
}

struct loop *cli_loop(struct cli *cli)
{
    struct err err = ERR_INIT;
    if (!cli->loop && !loop_new(&cli->loop, &err)) {
        cli_fail(&err);
        abort();
    }
    return cli->loop;
}

struct arrival {
    bool is_settled;
    bool is_up;
    struct err err;
};

static void on_state(void *ctx, bool up, const struct err *err)
{
    struct arrival *arrival = ctx;
    arrival->is_up = up;
    if (err)
        arrival->err = *err;
    arrival->is_settled = up || arrival->err.kind != ERR_AGAIN || arrival->err.is_lack;
}

/* A pooler, and a schema that is missing, older or newer, is a server's state: exit 3. */
static bool check_server(struct cli *cli, struct pg *pg, bool migrates, int *ret_code)
{
    struct err err = ERR_INIT;
    if (pg_pooler_check(cli_loop(cli), pg, cli->settings.database_url, &err) &&
        (migrates ? schema_prepare(pg, &err) : schema_check(pg, &err)))
        return true;
    cli_fail(&err);
    *ret_code = EXIT_UNREACHABLE;
    return false;
}

int cli_fail_to_reach(const struct err *err)
{
    AUTO_BUF(hint, HINT_BYTES_MAX);
    int code = cli_fail(err);
    hint_put_for_server(&hint, str_from(err->text));
    if (hint.len)
        say_line(stderr, "  try: %.*s", STR_ARG(buf_str(&hint)));
    return code;
}

bool cli_database(struct cli *cli, bool migrates, struct pg **ret_pg, int *ret_code)
{
    struct arrival *arrival = ARENA_NEW(cli->arena, struct arrival);
    struct pg_options options = {.url = cli->settings.database_url,
                                 .name = cli->session_name ? cli->session_name : "pagetide"};
    struct pg *pg = NULL;
    arrival->err = (struct err)ERR_INIT;
    *ret_code = EXIT_UNREACHABLE;
    if (!pg_open(cli_loop(cli), &options, on_state, arrival, &pg, &arrival->err)) {
        *ret_code = cli_fail(&arrival->err);
        return false;
    }
    err_set(&arrival->err, ERR_AGAIN, "pg", 0, "no answer within %d s", CONNECT_MS / 1000);
    loop_run_until(cli_loop(cli), &arrival->is_settled, CONNECT_MS);
    if (!arrival->is_up) {
        err_wrap(&arrival->err, "PostgreSQL at %s cannot be reached",
                 pg_url_shown(cli->arena, cli->settings.database_url));
        cli_fail_to_reach(&arrival->err);
    }
    if (!arrival->is_up || !check_server(cli, pg, migrates, ret_code)) {
        pg_close(pg);
        return false;
    }
    *ret_pg = pg;
    *ret_code = EXIT_DONE;
    return true;
}

bool cli_database_if_up(struct cli *cli, struct pg **ret_pg)
{
    struct arrival *arrival = ARENA_NEW(cli->arena, struct arrival);
    struct pg_options options = {.url = cli->settings.database_url, .name = "pagetide"};
    struct err ignored = ERR_INIT;
    arrival->err = (struct err)ERR_INIT;
    if (!pg_open(cli_loop(cli), &options, on_state, arrival, ret_pg, &ignored))
        return false;
    loop_run_until(cli_loop(cli), &arrival->is_settled, CONNECT_QUIETLY_MS);
    if (arrival->is_up && schema_check(*ret_pg, &ignored))
        return true;
    pg_close(*ret_pg);
    *ret_pg = NULL;
    return false;
}

bool cli_sources(struct cli *cli, struct source ***ret_sources, size_t *ret_count,
                 bool *ret_is_whole)
{
    AUTO_BUF(errors, ERRORS_BYTES_MAX);
    struct err err = ERR_INIT;
    *ret_is_whole = source_dir_load(cli->arena, cli->settings.config_dir, ret_sources,
                                    ret_count, &errors, &err);
    cli->has_broken_files = !*ret_is_whole;
    cli->has_lack |= err.is_lack;
    if (errors.len)
        say_line(stderr, "%.*s", STR_ARG(file_trim_end(buf_str(&errors))));
    else if (!*ret_is_whole)
        cli_fail(&err);
    return *ret_sources != NULL;
}
