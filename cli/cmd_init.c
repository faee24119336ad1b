#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/new_file.h"
#include "cli/say.h"

/* `init`: a configuration folder to begin with. What is there already is never written over. */
static const char settings_text[] =
    "# Settings of Pagetide. Options (--database-url) and the environment\n"
    "# (PAGETIDE_DATABASE_URL, or PAGETIDE_DATABASE_URL_FILE naming a file) go before these;\n"
    "# `pagetide up --help` lists all.\n"
    "\n"
    "# Where the tables go, and all that Pagetide remembers. A password is better kept in the\n"
    "# environment.\n"
    "database_url: postgresql://localhost/postgres\n"
    "\n"
    "# Only for schedules, workers and reload messages: `pagetide sync` needs no Redis.\n"
    "redis_url: redis://127.0.0.1:6379\n"
    "\n"
    "# A folder of files that hold credentials: {{ secrets.shop_token }} is the file "
    "shop_token.\n"
    "# secrets_dir: /etc/pagetide/secrets\n"
    "\n"
    "# How long finished runs are remembered.\n"
    "retention: 30d\n";

static const char source_text[] =
    "# A source is one API; each of its streams is one list, and fills one table. This one "
    "reads\n"
    "# the releases of curl from GitHub, without credentials:\n"
    "#\n"
    "#     pagetide check                     is all of it right?\n"
    "#     pagetide preview example.releases  what would be read, and into which columns\n"
    "#     pagetide sync example.releases     into the table example.releases\n"
    "#\n"
    "# `pagetide discover https://api.shop.example/v1/orders` prints such a file for another "
    "API.\n"
    "source: example\n"
    "base_url: https://api.github.com\n"
    "# auth: {type: bearer, token: \"{{ env.GITHUB_TOKEN }}\"}   # more requests an hour\n"
    "headers: {Accept: application/vnd.github+json}\n"
    "rate_limit: {requests: 5, per: 1s}\n"
    "streams:\n"
    "  releases:\n"
    "    path: /repos/curl/curl/releases\n"
    "    params: {per_page: 100}\n"
    "    pagination: {type: link_header}   # how the next page is found\n"
    "    exclude: [author, assets, reactions]\n"
    "    write: upsert                     # one row for each key, the newest record\n"
    "    key: id\n"
    "    # every: 6h                       # what `pagetide up` does by itself\n";

static const struct init_file {
    const char *name, *text;
} files[] = {{"pagetide.yaml", settings_text}, {"sources/example.yaml", source_text}};

static int fail(const char *path)
{
    return cli_usage("init: %s: %s", path, strerror(errno));
}

static char *path_of(struct cli *cli, const char *dir, const char *name)
{
    return arena_cstr(cli->arena, arena_printf(cli->arena, "%s/%s", dir, name));
}

static bool make_folder(const char *path)
{
    return !mkdir(path, 0777) || errno == EEXIST;
}

static int init_main(struct cli *cli)
{
    const char *dir = cli->operand_count ? cli->operands[0] : cli->settings.config_dir;
    const char *sources = path_of(cli, dir, "sources");
    struct err err = ERR_INIT;
    if (cli->operand_count > 1)
        return cli_usage("init: one folder, or none");
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (!access(path_of(cli, dir, files[i].name), F_OK))
            return cli_usage("init: %s is there already: nothing was written",
                             path_of(cli, dir, files[i].name));
    if (!make_folder(dir))
        return fail(dir);
    if (!make_folder(sources))
        return fail(sources);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        const char *path = path_of(cli, dir, files[i].name);
        if (!new_file_write(path, str_from(files[i].text), &err))
            return cli_fail(&err);
        say_note(stdout, "%s", path);
    }
    say_note(stdout, "next: pagetide -c %s preview example.releases", dir);
    return EXIT_DONE;
}

const struct command cmd_init = {
    .name = "init",
    .operands = "[DIR]",
    .summary = "make a configuration folder with an example in it",
    .help =
        "Writes pagetide.yaml and sources/example.yaml, with comments. Refuses where one of\n"
        "them is there.",
    .run = init_main,
};
