#include "cli/completion.h"

#include <ctype.h>
#include <string.h>

#include "config/catalogue.h"

/* --- what may stand there, by the name that --help has for it --- */

enum what { WHAT_TEXT, WHAT_FILE, WHAT_DIR, WHAT_WORD, WHAT_STREAM, WHAT_ENTRY };

/* "text|json" is a choice of words; names of what a user thinks of are in capitals. */
static enum what what_of(const char *name)
{
    if (strstr(name, "STREAM") && !strchr(name, '.')) /* SOURCE.STREAM: a new one */
        return WHAT_STREAM;
    if (strstr(name, "ENTRY"))
        return WHAT_ENTRY;
    if (strstr(name, "FILE"))
        return WHAT_FILE;
    if (strstr(name, "DIR"))
        return WHAT_DIR;
    return islower((unsigned char)*name) && strchr(name, '|') ? WHAT_WORD : WHAT_TEXT;
}

static void put_words(struct buf *out, const char *choice)
{
    for (const char *at = choice; *at; at++)
        buf_put_byte(out, *at == '|' ? ' ' : *at);
}

/* Of the catalogue. */
static void put_entries(struct buf *out)
{
    for (size_t i = 0; catalogue_name(i).len; i++) {
        buf_printf(out, "%s", i ? " " : "");
        buf_put(out, catalogue_name(i));
    }
}

static void put_text(struct buf *out, const char *text)
{
    buf_put(out, str_from(text));
}

/* Inside '…' of a shell: `quote` is what stands for a quote, `escaped` needs a backslash. */
static void put_quoted(struct buf *out, const char *text, const char *quote,
                       const char *escaped)
{
    for (const char *at = text; *at; at++) {
        if (strchr(escaped, *at))
            buf_puts(out, "\\");
        if (*at == '\'')
            put_text(out, quote);
        else
            buf_put_byte(out, *at);
    }
}

/* --- bash --- */

static const char bash_begin[] =
    "# Written by `pagetide completion bash`.\n"
    "_pagetide_values() {\n"
    "    local IFS=$'\\n'\n"
    "    mapfile -t COMPREPLY < <(compgen \"$@\" -- \"$cur\")\n"
    "}\n"
    "_pagetide_paths() {\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    _pagetide_values \"$1\"\n"
    "}\n"
    "_pagetide_words() {\n"
    "    local IFS=$'\\n'\n"
    "    _pagetide_values -W \"$*\"\n"
    "}\n"
    "_pagetide_streams() {\n"
    "    local program=${COMP_WORDS[0]/#\\~/$HOME} dir=()\n"
    "    [[ -z $config ]] || dir=(-c \"${config/#\\~/$HOME}\")\n"
    "    _pagetide_words \"$(\"$program\" completion streams \"${dir[@]}\" 2>/dev/null)\"\n"
    "}\n"
    "_pagetide() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    local command='' config='' i\n"
    "    COMPREPLY=()\n"
    "    # bash has three words for --name=value.\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur=''\n"
    "    elif [[ $prev == = ]]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
    "    fi\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case ${COMP_WORDS[i]} in\n"
    "        -c|--config)\n"
    "            [[ ${COMP_WORDS[++i]} != = ]] || ((++i))\n"
    "            config=${COMP_WORDS[i]} ;;\n";

static void put_bash_name(struct buf *out, const struct opt *opt)
{
    if (opt->letter)
        buf_printf(out, "-%c|", opt->letter);
    buf_printf(out, "--%s", opt->name);
}

/* Options that stand before the command, and take the word after them. */
static void put_bash_skips(struct buf *out, const struct cli *cli)
{
    const struct opt *const tables[] = {cli->common_opts, cli->setting_opts};
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        for (const struct opt *opt = tables[i]; opt->name; opt++)
            if (opt->value && strcmp(opt->name, "config") != 0)
                buf_printf(out, "        --%s) [[ ${COMP_WORDS[++i]} != = ]] || ((++i)) ;;\n",
                           opt->name);
    buf_puts(out, "        -*|=) ;;\n"
                  "        *) [[ $command ]] || command=${COMP_WORDS[i]} ;;\n"
                  "        esac\n"
                  "    done\n");
}

static void put_bash_what(struct buf *out, const char *name)
{
    switch (what_of(name)) {
    case WHAT_STREAM:
        buf_puts(out, "_pagetide_streams");
        if (strstr(name, "FILE"))
            buf_puts(out, "; [[ ${COMPREPLY[0]-} ]] || _pagetide_paths -f");
        break;
    case WHAT_FILE:
        buf_puts(out, "_pagetide_paths -f");
        break;
    case WHAT_DIR:
        buf_puts(out, "_pagetide_paths -d");
        break;
    case WHAT_WORD:
        buf_puts(out, "_pagetide_words ");
        put_words(out, name);
        break;
    case WHAT_ENTRY:
        buf_puts(out, "_pagetide_words ");
        put_entries(out);
        break;
    case WHAT_TEXT:
        buf_puts(out, ":");
    }
}

static void put_bash_values(struct buf *out, const struct opt *table)
{
    for (const struct opt *opt = table; opt && opt->name; opt++) {
        if (!opt->value)
            continue;
        buf_puts(out, "    ");
        put_bash_name(out, opt);
        buf_puts(out, ") ");
        put_bash_what(out, opt->value);
        buf_puts(out, "; return ;;\n");
    }
}

static void put_bash_options(struct buf *out, const struct opt *table)
{
    for (const struct opt *opt = table; opt && opt->name; opt++)
        buf_printf(out, " --%s", opt->name);
}

static void put_bash_command(struct buf *out, const struct command *command,
                             const struct cli *cli)
{
    buf_printf(out, "    %s,-*) _pagetide_words", command->name);
    put_bash_options(out, command->opts);
    put_bash_options(out, cli->common_opts);
    if (command->needs_settings)
        put_bash_options(out, cli->setting_opts);
    buf_printf(out, " --help ;;\n    %s,*) ", command->name);
    put_bash_what(out, command->operands);
    buf_puts(out, " ;;\n");
}

void completion_put_bash(struct buf *out, const struct cli *cli)
{
    const struct command *const *commands = cli->commands;
    put_text(out, bash_begin);
    put_bash_skips(out, cli);
    buf_puts(out, "    case $command in\n");
    for (size_t i = 0; commands[i]; i++) {
        if (!commands[i]->opts)
            continue;
        buf_printf(out, "    %s) case $prev in\n", commands[i]->name);
        put_bash_values(out, commands[i]->opts);
        buf_puts(out, "    esac ;;\n");
    }
    buf_puts(out, "    esac\n    case $prev in\n");
    put_bash_values(out, cli->common_opts);
    put_bash_values(out, cli->setting_opts);
    buf_puts(out, "    esac\n    case $command,$cur in\n    ,-*) _pagetide_words");
    put_bash_options(out, cli->common_opts);
    put_bash_options(out, cli->setting_opts);
    buf_puts(out, " --help --version ;;\n    ,*) _pagetide_words");
    for (size_t i = 0; commands[i]; i++)
        buf_printf(out, " %s", commands[i]->name);
    buf_puts(out, " ;;\n");
    for (size_t i = 0; commands[i]; i++)
        put_bash_command(out, commands[i], cli);
    buf_puts(out, "    esac\n}\ncomplete -F _pagetide pagetide\n");
}

/* --- zsh --- */

static const char zsh_begin[] =
    "#compdef pagetide\n"
    "# Written by `pagetide completion zsh`.\n"
    "_pagetide_streams() {\n"
    "    local -a names\n"
    "    names=(${(f)\"$($program completion streams $config 2>/dev/null)\"})\n"
    "    compadd -a names\n"
    "}\n"
    "_pagetide() {\n"
    "    local curcontext=$curcontext state line program=${(Q)words[1]} i\n"
    "    program=${program/#\\~/$HOME}\n"
    "    local -A opt_args\n"
    "    local -a config common settings commands\n"
    "    for ((i = 2; i < CURRENT; i++)); do\n"
    "        case $words[i] in\n"
    "        -c | --config) config=(-c ${${(Q)words[i+1]}/#\\~/$HOME}) ;;\n"
    "        --config=*) config=(-c ${${(Q)words[i]#--config=}/#\\~/$HOME}) ;;\n"
    "        esac\n"
    "    done\n";

static void put_zsh_text(struct buf *out, const char *text)
{
    put_quoted(out, text, "'\\''", "\\[]:");
}

static void put_zsh_what(struct buf *out, const char *name)
{
    switch (what_of(name)) {
    case WHAT_STREAM:
        put_text(out, strstr(name, "FILE")
                          ? "_alternative \"streams\\:stream\\:_pagetide_streams\" "
                            "\"files\\:file\\:_files\""
                          : "_pagetide_streams");
        break;
    case WHAT_FILE:
        buf_puts(out, "_files");
        break;
    case WHAT_DIR:
        buf_puts(out, "_files -/");
        break;
    case WHAT_WORD:
        buf_puts(out, "(");
        put_words(out, name);
        buf_puts(out, ")");
        break;
    case WHAT_ENTRY:
        buf_puts(out, "(");
        put_entries(out);
        buf_puts(out, ")");
        break;
    case WHAT_TEXT:
        buf_puts(out, " ");
    }
}

static void put_zsh_option(struct buf *out, const struct opt *opt)
{
    const char *equals = opt->value ? "=" : "", *plus = opt->value ? "+" : "";
    buf_puts(out, "        ");
    if (opt->type == OPT_LIST)
        buf_puts(out, "'*'");
    else if (opt->letter)
        buf_printf(out, "'(-%c --%s)'", opt->letter, opt->name);
    if (opt->letter)
        buf_printf(out, "{-%c%s,--%s%s}'[", opt->letter, plus, opt->name, equals);
    else
        buf_printf(out, "'--%s%s[", opt->name, equals);
    put_zsh_text(out, opt->help);
    buf_puts(out, "]");
    if (opt->value) {
        buf_puts(out, ":");
        put_zsh_text(out, opt->value);
        buf_puts(out, ":");
        put_zsh_what(out, opt->value);
    }
    buf_puts(out, "'\n");
}

static void put_zsh_options(struct buf *out, const char *name, const struct opt *table)
{
    buf_printf(out, "    %s=(\n", name);
    for (const struct opt *opt = table; opt->name; opt++)
        put_zsh_option(out, opt);
    buf_puts(out, "    )\n");
}

static void put_zsh_command(struct buf *out, const struct command *command)
{
    buf_printf(out, "    %s)\n        _arguments $common", command->name);
    if (command->needs_settings)
        buf_puts(out, " $settings");
    buf_puts(out, " \\\n");
    for (const struct opt *opt = command->opts; opt && opt->name; opt++) {
        put_zsh_option(out, opt);
        buf_truncate(out, out->len - 1);
        buf_puts(out, " \\\n");
    }
    if (*command->operands) {
        buf_puts(out, "        '*:");
        put_zsh_text(out, command->operands);
        buf_puts(out, ":");
        put_zsh_what(out, command->operands);
        buf_puts(out, "' \\\n");
    }
    buf_puts(out, "        '--help[show the help]' ;;\n");
}

void completion_put_zsh(struct buf *out, const struct cli *cli)
{
    const struct command *const *commands = cli->commands;
    put_text(out, zsh_begin);
    put_zsh_options(out, "common", cli->common_opts);
    put_zsh_options(out, "settings", cli->setting_opts);
    buf_puts(out, "    commands=(\n");
    for (size_t i = 0; commands[i]; i++) {
        buf_printf(out, "        '%s:", commands[i]->name);
        put_quoted(out, commands[i]->summary, "'\\''", "");
        buf_puts(out, "'\n");
    }
    buf_puts(out, "    )\n"
                  "    _arguments -C -A '-*' $common $settings '--help[show the commands]' \\\n"
                  "        '--version[show the version]' '1:command:->command' \\\n"
                  "        '*::operand:->operand'\n"
                  "    if [[ $state == command ]]; then\n"
                  "        _describe command commands\n"
                  "        return\n"
                  "    fi\n"
                  "    [[ $state == operand ]] || return\n"
                  "    case $words[1] in\n");
    for (size_t i = 0; commands[i]; i++)
        put_zsh_command(out, commands[i]);
    buf_puts(out, "    esac\n"
                  "}\n"
                  "if [[ $funcstack[1] == _pagetide ]]; then\n"
                  "    _pagetide \"$@\"\n"
                  "else\n"
                  "    compdef _pagetide pagetide\n"
                  "fi\n");
}

/* --- fish --- */

static const char fish_begin[] =
    "# Written by `pagetide completion fish`.\n"
    "function __pagetide_streams\n"
    "    set -l words (commandline -opc)\n"
    "    set -l config\n"
    "    for i in (seq (count $words))\n"
    "        switch $words[$i]\n"
    "            case -c --config\n"
    "                set config -c $words[(math $i + 1)]\n"
    "            case '--config=*'\n"
    "                set config $words[$i]\n"
    "        end\n"
    "    end\n"
    "    set -l program (string replace -r '^~' $HOME -- $words[1])\n"
    "    $program completion streams (string replace -r '^~' $HOME -- $config) 2>/dev/null\n"
    "end\n"
    "complete -c pagetide -f\n"
    "complete -c pagetide -n __fish_use_subcommand -l version -d 'show the version'\n"
    "complete -c pagetide -l help -d 'show the help'\n";

static void put_fish_text(struct buf *out, const char *text)
{
    put_quoted(out, text, "\\'", "\\");
}

static void put_fish_what(struct buf *out, const char *name)
{
    switch (what_of(name)) {
    case WHAT_STREAM:
        buf_puts(out, " -a '(__pagetide_streams)'");
        break;
    case WHAT_FILE:
        buf_puts(out, " -F");
        break;
    case WHAT_DIR:
        buf_puts(out, " -a '(__fish_complete_directories)'");
        break;
    case WHAT_WORD:
        buf_puts(out, " -a '");
        put_words(out, name);
        buf_puts(out, "'");
        break;
    case WHAT_ENTRY:
        buf_puts(out, " -a '");
        put_entries(out);
        buf_puts(out, "'");
        break;
    case WHAT_TEXT:
        break;
    }
}

/* `when`: the words of -n, without quotes; "" for always. */
static void put_fish_options(struct buf *out, const char *when, const struct opt *table)
{
    for (const struct opt *opt = table; opt && opt->name; opt++) {
        buf_puts(out, "complete -c pagetide");
        if (*when)
            buf_printf(out, " -n '%s'", when);
        buf_printf(out, " -l %s", opt->name);
        if (opt->letter)
            buf_printf(out, " -s %c", opt->letter);
        if (opt->value) {
            buf_puts(out, " -r");
            put_fish_what(out, opt->value);
        }
        buf_puts(out, " -d '");
        put_fish_text(out, opt->help);
        buf_puts(out, "'\n");
    }
}

static void put_fish_command(struct buf *out, const struct command *command)
{
    char when[80];
    buf_printf(out, "complete -c pagetide -n __fish_use_subcommand -a %s -d '", command->name);
    put_fish_text(out, command->summary);
    buf_puts(out, "'\n");
    snprintf(when, sizeof when, "__fish_seen_subcommand_from %s", command->name);
    if (what_of(command->operands) != WHAT_TEXT) {
        buf_printf(out, "complete -c pagetide -n '%s'", when);
        put_fish_what(out, command->operands);
        buf_puts(out, "\n");
    }
    put_fish_options(out, when, command->opts);
}

void completion_put_fish(struct buf *out, const struct cli *cli)
{
    const struct command *const *commands = cli->commands;
    put_text(out, fish_begin);
    put_fish_options(out, "", cli->common_opts);
    for (size_t i = 0; commands[i]; i++)
        put_fish_command(out, commands[i]);
    AUTO_BUF(when, KIB(1));
    buf_puts(&when, "__fish_seen_subcommand_from");
    for (size_t i = 0; commands[i]; i++)
        if (commands[i]->needs_settings)
            buf_printf(&when, " %s", commands[i]->name);
    put_fish_options(out, when.ptr, cli->setting_opts);
}
