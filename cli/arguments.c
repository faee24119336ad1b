#include "cli/arguments.h"

#include <string.h>

#include "base/macros.h"

static bool takes_next_word(const struct opt *opts, char *word)
{
    char *value;
    return opt_with_value(opts, word, &value) && !value;
}

void arguments_put_command_first(const struct opt *const *tables, size_t table_count, int argc,
                                 char **argv)
{
    int at = 1;
    while (at < argc && argv[at][0] == '-') {
        bool has_value = false;
        for (size_t i = 0; i < table_count; i++)
            has_value |= takes_next_word(tables[i], argv[at]);
        at += has_value ? 2 : 1;
    }
    if (at == 1 || at >= argc)
        return;
    char *command = argv[at];
    memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof *argv);
    argv[1] = command;
}

static void hide(char *text)
{
    memset(text, '*', strlen(text));
}

/* User and password, and what stands behind the path: a parameter may be a key by any name. */
static void hide_in_url(char *word)
{
    char *host = strstr(word, "://");
    if (!host)
        return;
    host += strlen("://");
    size_t len = strcspn(host, "/?#");
    char *at = memrchr(host, '@', len), *query = strpbrk(host + len, "?#");
    if (at)
        memset(host, '*', (size_t)(at - host));
    if (query)
        hide(query + 1);
}

static bool is_secret(const struct opt *opt)
{
    static const char *const secret[] = {"database-url", "redis-url", "token", "header",
                                         "auth"};
    for (size_t i = 0; i < COUNT_OF(secret); i++)
        if (!strcmp(opt->name, secret[i]))
            return true;
    return false;
}

void arguments_hide(const struct opt *opts, int argc, char **argv)
{
    bool only_operands = false;
    for (int i = 0; i < argc; i++) {
        char *value;
        const struct opt *opt = only_operands ? NULL : opt_with_value(opts, argv[i], &value);
        only_operands |= !strcmp(argv[i], "--");
        hide_in_url(argv[i]);
        if (!opt)
            continue;
        if (!value && i + 1 < argc)
            value = argv[++i];
        if (value && is_secret(opt))
            hide(value);
    }
}
