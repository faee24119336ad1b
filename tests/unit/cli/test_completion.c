#define SUITE_TIMEOUT 60
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/support/suite.h"

/* `pagetide completion`, by the shells that are here. */
static char folder[] = "/tmp/pagetide-completion-XXXXXX";

static const char *build(void)
{
    const char *name = getenv("PAGETIDE_BUILD");
    return name ? name : "build/release";
}

/* What a command prints; its exit code must be 0. */
static const char *output_of(const char *command)
{
    static char text[65536];
    FILE *pipe = popen(command, "r"); // NOLINT
    ck_assert_ptr_nonnull(pipe);
    size_t len = fread(text, 1, sizeof text - 1, pipe);
    text[len] = '\0';
    int status = pclose(pipe);
    ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "%s: %s", command, text);
    return text;
}

static bool has_shell(const char *name)
{
    char command[64];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", name);
    return !system(command); // NOLINT
}

static void open_folder(void)
{
    char command[256];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(command, sizeof command,
             "mkdir %s/sources && cp config/examples/subdivisions.yaml %s/sources/ && "
             "ln -s $PWD/%s/pagetide %s/pagetide",
             folder, folder, build(), folder);
    output_of(command);
}

static void close_folder(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    output_of(command);
}

/* `words` as COMP_WORDS has them, @ for the folder; the last is completed. */
static const char *complete_in_bash(const char *words)
{
    char command[1024];
    snprintf(command, sizeof command,
             "cd %s && bash -c 'set -u; source <(./pagetide completion bash); "
             "COMP_WORDS=(./pagetide %s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _pagetide; "
             "printf \"%%s \" \"${COMPREPLY[@]}\"'",
             folder, words);
    return output_of(command);
}

START_TEST(bash_completes)
{
    static const struct {
        const char *words, *wanted;
    } cases[] = {
        {"sy", "sync "},
        {"sync --fu", "--full "},
        {"sync --jo", "--jobs "},
        {"runs --st", "--state "},
        {"expr --jo", " "},
        {"-c . sync i", "iso.subdivisions "},
        {"sync -c . \"\"", "iso.subdivisions "},
        {"sync --config = . iso", "iso.subdivisions "},
        {"--log-format json pause -c . \"\"", "iso.subdivisions "},
        {"-c . reload iso.subdivisions --mode \"\"", "incremental full window "},
        {"reload --mode = f", "full "},
        {"reload --mode =", "incremental full window "},
        {"config ev", "events "},
        {"completion f", "fish "},
        {"catalogue kin", "kinto "},
        {"sync -c ./so", "./sources "},
        {"sync --save sources/s", "sources/subdivisions.yaml "},
        {"check -c . sources/s", "sources/subdivisions.yaml "},
        {"discover --name i", " "},
        {"pause -c /nowhere \"\"", " "},
    };
    open_folder();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *got = complete_in_bash(cases[i].words);
        ck_assert_msg(!strcmp(*got ? got : " ", cases[i].wanted), "%s: %s", cases[i].words,
                      got);
    }
    close_folder();
}
END_TEST

START_TEST(fish_completes)
{
    static const char *const cases[][2] = {
        {"sync --ful", "--full"},
        {"sync -c . i", "iso.subdivisions"},
        {"-c . pause ", "iso.subdivi"},
        {"reload --mode f", "full"},
        {"catalogue kin", "kinto"},
        {"config ev", "events"},
        {"sync --save sources/s", "sources/subdivisions.yaml"},
    };
    if (!has_shell("fish"))
        return;
    open_folder();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char command[512];
        snprintf(command, sizeof command,
                 "cd %s && export HOME=%s PATH=%s:$PATH && fish -c 'pagetide completion fish | "
                 "source; complete -C \"pagetide %s\"'",
                 folder, folder, folder, cases[i][0]);
        const char *got = output_of(command);
        ck_assert_msg(strstr(got, cases[i][1]) == got, "%s: %s", cases[i][0], got);
    }
    close_folder();
}
END_TEST

START_TEST(the_shells_read_the_scripts)
{
    static const char *const shells[][2] = {
        {"bash", "-n"}, {"zsh", "-n"}, {"fish", "--no-execute"}};
    for (size_t i = 0; i < COUNT_OF(shells); i++) {
        char command[512];
        if (!has_shell(shells[i][0]))
            continue;
        snprintf(
            command, sizeof command,
            "file=$(mktemp) && %s/pagetide completion %s >$file && HOME=/tmp %s %s $file && rm "
            "$file",
            build(), shells[i][0], shells[i][0], shells[i][1]);
        output_of(command);
    }
}
END_TEST

SUITE("cli/completion", bash_completes, fish_completes, the_shells_read_the_scripts)
