#include "cli/cli.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "cli/arguments.h"
#include "cli/option_words.h"
#include "cli/say.h"
#include "port/crypto.h"

static const struct command *const commands[] = {
    &cmd_sync,    &cmd_discover, &cmd_import,     &cmd_init,    &cmd_backfill, &cmd_preview,
    &cmd_record,  &cmd_test,     &cmd_check,      &cmd_expr,    &cmd_config,   &cmd_catalogue,
    &cmd_migrate, &cmd_apply,    &cmd_scheduler,  &cmd_worker,  &cmd_up,       &cmd_reload,
    &cmd_status,  &cmd_runs,     &cmd_jobs,       &cmd_rejects, &cmd_explain,  &cmd_diff,
    &cmd_cancel,  &cmd_retry,    &cmd_pause,      &cmd_resume,  &cmd_bookmark, &cmd_columns,
    &cmd_reset,   &cmd_drop,     &cmd_completion, NULL,
};

static const struct opt common_opts[] = {
    {"config", 'c', OPT_TEXT, offsetof(struct options, config_dir), "DIR",
     "configuration folder (default: $PAGETIDE_CONFIG, then .)"},
    {"log-level", 0, OPT_TEXT, offsetof(struct options, log_level), "debug|info|warn|error",
     "what is logged; a level has those after it"},
    {"verbose", 'v', OPT_FLAG, offsetof(struct options, verbose), NULL, "--log-level debug"},
    {"quiet", 'q', OPT_FLAG, offsetof(struct options, quiet), NULL,
     "errors only: no progress, no warning, no word of what went well"},
    {"log-format", 0, OPT_TEXT, offsetof(struct options, log_format), "text|json",
     "how it is logged"},
    {"json", 0, OPT_FLAG, offsetof(struct options, json), NULL,
     "results as JSON, one object a line"},
    OPT_END,
};

enum { OPTS_MAX = 64 };

static size_t add_opts(struct opt *all, size_t count, const struct opt *some)
{
    for (; some && some->name && count < OPTS_MAX - 1; some++)
        all[count++] = *some;
    all[count] = (struct opt)OPT_END;
    return count;
}

static void print_commands(FILE *out)
{
    fputs("Pagetide brings paginated HTTP APIs into PostgreSQL.\n\n"
          "usage: pagetide COMMAND [OPTION…]\n\n",
          out);
    for (size_t i = 0; i < COUNT_OF(commands) - 1; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n`pagetide COMMAND --help` says more. Exit codes: 0 done, 1 a run failed or was\n"
          "truncated, 2 usage or configuration, 3 a server is unreachable or the schema is\n"
          "missing, 130 interrupted.\n",
          out);
}

static void print_help(const struct command *command, const struct opt *setting_opts)
{
    printf("usage: pagetide %s%s%s [OPTION…]\n\n%s\n", command->name,
           *command->operands ? " " : "", command->operands, command->summary);
    if (command->help)
        printf("\n%s\n", command->help);
    if (command->opts) {
        puts("\noptions:");
        opt_print(stdout, command->opts);
    }
    puts("\ncommon options:");
    opt_print(stdout, common_opts);
    if (command->needs_settings) {
        puts("\nsettings (over PAGETIDE_<NAME>, PAGETIDE_<NAME>_FILE, pagetide.yaml):");
        opt_print(stdout, setting_opts);
    }
}

static bool set_log(const struct options *options, struct err *err)
{
    enum log_level level = LOG_INFO;
    if (options->log_level && !log_level_parse(str_from(options->log_level), &level))
        return err_set(err, ERR_CONFIG, "cli", 0,
                       "--log-level: \"%s\" is not debug, info, warn or error",
                       options->log_level);
    if (options->log_format && strcmp(options->log_format, "json") &&
        strcmp(options->log_format, "text"))
        return err_set(err, ERR_CONFIG, "cli", 0, "--log-format: \"%s\" is not text or json",
                       options->log_format);
    log_set_level(level);
    log_set_json(options->log_format && !strcmp(options->log_format, "json"));
    return true;
}

static const char *config_dir(const struct options *options)
{
    const char *env = getenv("PAGETIDE_CONFIG");
    if (options->config_dir)
        return options->config_dir;
    return env && *env ? env : ".";
}

static bool load_settings(struct cli *cli, const struct opt *setting_opts, struct err *err)
{
    const char *flags[2 * SETTINGS_MAX + 1];
    size_t count = 0;
    for (size_t i = 0; setting_opts[i].name; i++) {
        if (!cli->options.settings[i])
            continue;
        flags[count++] = setting_opts[i].name;
        flags[count++] = cli->options.settings[i];
    }
    flags[count] = NULL;
    file_set_home(config_dir(&cli->options));
    return settings_load(cli->arena, config_dir(&cli->options), flags, &cli->settings, err);
}

/* A setting that is misspelt would leave its default in force, unsaid. */
static void warn_of_variables(struct cli *cli)
{
    extern char **environ;
    for (char **variable = environ; *variable; variable++) {
        struct str name;
        str_split(str_from(*variable), '=', &name);
        if (str_starts(name, STR("PAGETIDE_")) && !settings_has_variable(cli->arena, name))
            say_note(stderr,
                     "pagetide: warning: %.*s is no setting: pagetide up --help lists them",
                     STR_ARG(name));
    }
}

/* Those of the command line go first. */
static bool take_log_settings(struct cli *cli, struct err *err)
{
    struct options *options = &cli->options;
    if (!options->log_level)
        options->log_level = cli->settings.log_level;
    if (!options->log_format)
        options->log_format = cli->settings.log_format;
    warn_of_variables(cli);
    return set_log(options, err);
}

/* No core dumps, no ptrace by other processes of the user: memory holds credentials. Who looks
 * for a fault of the program may have them back. */
static void protect_memory(void)
{
    const char *may_dump = getenv("PAGETIDE_CORE_DUMPS");
    if (may_dump && !strcmp(may_dump, "yes"))
        return;
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

/* What others call our commands. */
static const struct {
    const char *words, *ours;
} command_words[] = {
    {"run load extract ingest pull fetch get", "sync"},
    {"version", "--version"},
    {"list ls validate lint streams sources", "check"},
    {"stop kill abort", "cancel"},
    {"logs log describe show", "explain"},
    {"start serve server daemon dashboard web ui", "up"},
    {"health healthcheck health-check healthz readyz ready ping", "status --ready"},
    {"history", "runs"},
    {"new create setup", "init"},
    {"probe inspect generate add scan", "discover"},
    {"upgrade", "migrate"},
    {"delete remove rm", "drop"},
    {"refresh trigger", "reload"},
    {"rerun restart", "retry"},
    {"ps info tables", "status"},
    {"convert", "import"},
    {"state", "bookmark"},
    {"errors failures", "rejects"},
    {"plan dry-run", "preview"},
    {"schema", "config schema"},
    {"docs", "config reference"},
};

/* "; did you mean sync?", by what others call it or by its spelling. */
static const char *meant_command(const char *name)
{
    const char *meant = NULL;
    int best = 3;
    for (size_t i = 0; i < COUNT_OF(command_words); i++)
        if (str_is_among(str_from(name), command_words[i].words))
            meant = command_words[i].ours;
    for (size_t i = 0; !meant && i < COUNT_OF(commands) - 1; i++)
        best = MIN(best, str_distance(str_from(name), str_from(commands[i]->name), best));
    for (size_t i = 0; !meant && best < 3 && i < COUNT_OF(commands) - 1; i++)
        if (str_distance(str_from(name), str_from(commands[i]->name), best) == best)
            meant = commands[i]->name;
    static char hint[96];
    snprintf(hint, sizeof hint, "; did you mean %s?", meant ? meant : "");
    return meant ? hint : "";
}

static int run_command(const struct command *command, int argc, char **argv)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct opt opts[OPTS_MAX];
    struct err err = ERR_INIT;
    bool wants_help = false;
    const struct opt *setting_opts =
        settings_options(arena, offsetof(struct options, settings));
    struct cli cli = {.arena = arena,
                      .operands = ARENA_ARRAY(arena, char *, (size_t)argc + 1),
                      .commands = commands,
                      .common_opts = common_opts,
                      .setting_opts = setting_opts};
    /* Options borrow their values from these copies, so that the originals can be hidden. */
    for (int i = 0; i < argc; i++)
        cli.operands[i] = arena_cstr(arena, str_from(argv[i]));
    size_t count = add_opts(opts, 0, command->opts);
    count = add_opts(opts, count, common_opts);
    if (command->needs_settings)
        add_opts(opts, count, setting_opts);
    if (!opt_parse(opts, &cli.options, argc, cli.operands, &cli.operand_count, &wants_help,
                   &err))
        return cli_usage("%s: %s (see pagetide %s --help)", command->name, err.text,
                         command->name);
    if (wants_help) {
        print_help(command, setting_opts);
        return EXIT_DONE;
    }
    if (!cli.options.log_level && (cli.options.verbose || cli.options.quiet))
        cli.options.log_level = cli.options.verbose ? "debug" : "error";
    say_set_quiet(cli.options.quiet);
    if (!set_log(&cli.options, &err) ||
        (command->needs_settings && !load_settings(&cli, setting_opts, &err)))
        return cli_fail(&err);
    if (command->needs_settings && !take_log_settings(&cli, &err))
        return cli_fail(&err);
    cli.settings.config_dir = config_dir(&cli.options);
    arguments_hide(opts, argc, argv);
    int code = command->run(&cli);
    loop_free(cli.loop);
    return code == EXIT_USAGE && cli.has_lack ? EXIT_UNREACHABLE : code;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(commands) - 1; i++)
        if (!strcmp(name, commands[i]->name))
            return commands[i];
    return NULL;
}

/* NULL, or none of the commands: the list of them. */
static int print_help_of(const char *name)
{
    char word[] = "--help";
    char *words[] = {word, NULL};
    const struct command *command = name ? find_command(name) : NULL;
    if (command)
        return run_command(command, 1, words);
    print_commands(stdout);
    return EXIT_DONE;
}

static void put_command_first(int argc, char **argv)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct opt *const tables[] = {common_opts, settings_options(arena, 0)};
    arguments_put_command_first(tables, COUNT_OF(tables), argc, argv);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    crypto_init();
    protect_memory();
    process_raise_fds();
    /* Batches go back to the system when freed: without this the threshold would grow. */
    mallopt(M_MMAP_THRESHOLD, MIB(1));
    opt_set_words(option_words);
    put_command_first(argc, argv);
    const char *name = argc > 1 ? argv[1] : "";
    if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
        puts("pagetide " PAGETIDE_VERSION);
        return EXIT_DONE;
    }
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
        return print_help_of(argc > 2 ? argv[2] : NULL);
    const struct command *command = find_command(name);
    if (command)
        return run_command(command, argc - 2, argv + 2);
    if (*name == '-')
        return cli_usage("%s: which command? (see pagetide --help)", name);
    if (*name)
        return cli_usage("unknown command \"%s\"%s (pagetide --help lists them)", name,
                         meant_command(name));
    print_commands(stderr);
    return EXIT_USAGE;
}
