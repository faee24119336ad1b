#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/opt.h"
#include "cli/exit_code.h"
#include "config/settings.h"
#include "config/source.h"
#include "port/loop.h"
#include "port/pg.h"

/*
 * What the subcommands share. Each subcommand is one file, cmd_NAME.c, with one public name,
 * `struct command cmd_NAME`. main.c finds it, reads the options and the settings, and runs it.
 * Results go to stdout, everything else to stderr; the return value is the exit code.
 */
/* The options of all commands; each command's table names those it takes. */
struct options {
    const char *config_dir, *log_level, *log_format;
    const char *settings[SETTINGS_MAX]; /* by settings_options */
    bool json, verbose, quiet, dry_run, all, full, again, wait, prune, clear, trace, watch,
        live, markdown, yes, keep_table, drop_table, replay, update, ready;
    int64_t pages, limit;
    const char *from, *to, *mode, *id, *priority, *if_running, *context, *set, *partition,
        *state, *type, *window, *auth, *name, *table, *key, *save, *method, *graphql, *output;
    struct opt_list headers, data, plain;
    bool allow_http, allow_private;
};

struct command;
struct cli {
    struct arena *arena; /* of the whole command */
    struct options options;
    struct settings settings;
    char **operands;
    int operand_count;
    bool has_broken_files;    /* cli_sources has left some out */
    bool has_lack;            /* and the reason is this machine's own: base/lack.h */
    struct loop *loop;        /* cli_loop */
    const char *session_name; /* of cli_database; NULL: pagetide */
    /* What the program knows of itself, for `completion`. */
    const struct command *const *commands; /* ends with NULL */
    const struct opt *common_opts, *setting_opts;
};

struct command {
    const char *name;
    const char *operands;   /* "STREAM…" or "" */
    const char *summary;    /* one line for the list of commands */
    const char *help;       /* a few lines for --help; may be NULL */
    const struct opt *opts; /* its own, besides the common ones */
    bool needs_settings;    /* reads pagetide.yaml and the environment first */
    int (*run)(struct cli *cli);
};

#define CLI_OPT(member, kind, value_name, text)                                                \
    {                                                                                          \
        .name = #member, .type = (kind), .offset = offsetof(struct options, member),           \
        .value = (value_name), .help = (text)                                                  \
    }

extern const struct command cmd_apply, cmd_backfill, cmd_bookmark, cmd_cancel, cmd_catalogue,
    cmd_check, cmd_columns, cmd_completion, cmd_config, cmd_diff, cmd_discover, cmd_drop,
    cmd_explain, cmd_expr, cmd_import, cmd_init, cmd_jobs, cmd_migrate, cmd_pause, cmd_preview,
    cmd_record, cmd_rejects, cmd_reload, cmd_reset, cmd_resume, cmd_retry, cmd_runs,
    cmd_scheduler, cmd_status, cmd_sync, cmd_test, cmd_up, cmd_worker;

/* The one loop of the process. Exits the process where none can be made. */
struct loop *cli_loop(struct cli *cli);

/* Prints "pagetide: <text>" on stderr and returns the exit code that fits the error's kind. */
int cli_fail(const struct err *err);
/* The same for a server that cannot be reached, with a line of what to try. */
int cli_fail_to_reach(const struct err *err);
int cli_usage(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Whether both are times, and `from` lies before `to`; false after saying what is wrong. */
bool cli_is_window(const char *command, const char *from, const char *to);

/*
 * Opens a session and waits for it (10 s); the schema must be there and serve this version.
 * `migrates`: makes or updates it first. False after printing what is wrong; *ret_code is set.
 */
bool cli_database(struct cli *cli, bool migrates, struct pg **ret_pg, int *ret_code);

/* The same within 2 s and without a word, for what is told only where a database is at hand. */
bool cli_database_if_up(struct cli *cli, struct pg **ret_pg) MUST_CHECK;

/*
 * Every good definition of the config folder. Errors of the other files are printed, and
 * *ret_is_whole is false where there are any. False where the folder cannot be read, which is
 * said (exit 2, or 3 with `has_lack`).
 */
bool cli_sources(struct cli *cli, struct source ***ret_sources, size_t *ret_count,
                 bool *ret_is_whole) MUST_CHECK;

#endif
