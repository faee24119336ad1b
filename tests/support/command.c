#include "tests/support/command.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/schema.h"

/* One of the two streams: where it went before, and where it goes meanwhile. */
struct diverted {
    int fd, saved_fd;
    FILE *file;
};

static struct diverted out = {.fd = STDOUT_FILENO}, err = {.fd = STDERR_FILENO};

static void divert(struct diverted *diverted)
{
    diverted->file = tmpfile();
    diverted->saved_fd = dup(diverted->fd);
    ck_assert(diverted->file && diverted->saved_fd >= 0 &&
              dup2(fileno(diverted->file), diverted->fd) >= 0);
}

/* What was captured stays until the process ends: a test may look at all of it. */
static char *kept[1024];

static void keep(char *text)
{
    static size_t count;
    ck_assert_uint_lt(count, sizeof kept / sizeof *kept);
    kept[count++] = text;
}

static const char *restore(struct diverted *diverted)
{
    long size = 0;
    ck_assert(!fseek(diverted->file, 0, SEEK_END) && (size = ftell(diverted->file)) >= 0);
    char *text = calloc(1, (size_t)size + 1);
    rewind(diverted->file);
    ck_assert(text && fread(text, 1, (size_t)size, diverted->file) == (size_t)size);
    dup2(diverted->saved_fd, diverted->fd);
    close(diverted->saved_fd);
    fclose(diverted->file);
    keep(text);
    return text;
}

void command_capture(void)
{
    fflush(stdout);
    divert(&out);
    divert(&err);
}

struct captured command_captured(void)
{
    fflush(stdout);
    fflush(stderr);
    return (struct captured){.out = restore(&out), .err = restore(&err)};
}

void command_open_alone(struct cli *ret_cli)
{
    *ret_cli = (struct cli){.arena = arena_new()};
}

void command_open(struct cli *ret_cli)
{
    command_open_alone(ret_cli);
    ret_cli->settings.database_url = schema_database();
    cli_loop(ret_cli);
}

void command_source(struct cli *cli, const char *name, const char *text)
{
    if (!cli->settings.config_dir) {
        char *dir = arena_cstr(cli->arena, STR("/tmp/pagetide-command.XXXXXX"));
        ck_assert_ptr_nonnull(mkdtemp(dir));
        cli->settings.config_dir = dir;
        ck_assert_int_eq(mkdir(arena_printf(cli->arena, "%s/sources", dir).ptr, 0700), 0);
    }
    struct str path =
        arena_printf(cli->arena, "%s/sources/%s.yaml", cli->settings.config_dir, name);
    FILE *file = fopen(path.ptr, "we");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void remove_folder(struct cli *cli)
{
    struct str sources = arena_printf(cli->arena, "%s/sources", cli->settings.config_dir);
    DIR *folder = opendir(sources.ptr);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            unlink(arena_printf(cli->arena, "%s/%s", sources.ptr, entry->d_name).ptr);
    if (folder)
        closedir(folder);
    rmdir(sources.ptr);
    rmdir(cli->settings.config_dir);
}

void command_close(struct cli *cli)
{
    if (cli->settings.config_dir)
        remove_folder(cli);
    loop_free(cli->loop);
    arena_free(cli->arena);
}

void command_make_run(struct cli *cli, const char *name, int parts)
{
    schema_sql(
        cli->settings.database_url,
        "select pagetide.define('%s', jsonb_build_object('write', 'append', 'partitions',"
        " (select jsonb_agg(jsonb_build_object('p', i)) from generate_series(1, %d) i)),"
        " null, 'UTC', null, true)",
        name, parts);
    schema_sql(cli->settings.database_url,
               "select pagetide.start_run('%s', 'manual', 'incremental', null, null, null, "
               "null, 5)",
               name);
}
