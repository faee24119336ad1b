#include "cli/arguments.h"

#include <string.h>

#include "base/macros.h"

static bool takes_value(const struct opt *opts, const char *word)
{
    for (const struct opt *opt = opts; opt->name; opt++) {
        bool is_long = !strncmp(word, "--", 2) && !strcmp(word + 2, opt->name);
        bool is_short = opt->letter && word[1] == opt->letter && !word[2];
        if ((is_long || is_short) && opt->type != OPT_FLAG)
            return true;
    }
    return false;
}

void arguments_put_command_first(const struct opt *const *tables, size_t table_count, int argc,
                                 char **argv)
{
    int at = 1;
    while (at < argc && argv[at][0] == '-') {
        bool has_value = false;
        for (size_t i = 0; i < table_count; i++)
            has_value |= takes_value(tables[i], argv[at]);
        at += has_value ? 2 : 1;
    }
    if (at == 1 || at >= argc)
        return;
    char *command = argv[at];
    memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof *argv);
    argv[1] = command;
}

/* The value of that option, if the word at `at` is it; NULL if not. */
static char *value_of(const char *option, int at, int argc, char **argv)
{
    size_t len = strlen(option);
    if (strncmp(argv[at], option, len))
        return NULL;
    if (argv[at][len] == '=')
        return argv[at] + len + 1;
    return argv[at][len] == '\0' && at + 1 < argc ? argv[at + 1] : NULL;
}

void arguments_hide(int argc, char **argv)
{
    static const char *const secret[] = {"--database-url", "--redis-url", "--token",
                                         "--header",       "--auth",      "-H"};
    for (int i = 0; i < argc; i++) {
        for (size_t s = 0; s < COUNT_OF(secret); s++) {
            char *value = value_of(secret[s], i, argc, argv);
            if (value)
                memset(value, '*', strlen(value));
        }
    }
}
