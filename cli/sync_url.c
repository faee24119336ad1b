#include "cli/sync_url.h"

#include <unistd.h>

#include "cli/new_file.h"
#include "cli/say.h"
#include "config/source_dir.h"

enum { ERRORS_BYTES_MAX = 1024 * 1024 };

bool sync_url_is_meant(const struct cli *cli)
{
    const struct options *options = &cli->options;
    for (int i = 0; i < cli->operand_count; i++)
        if (url_source_is_url(cli->operands[i]))
            return true;
    return options->table || options->save || options->auth || options->headers.count ||
           options->key || options->pages || options->allow_http || options->allow_private;
}

/* Before anything is asked. */
static bool is_used_right(struct cli *cli)
{
    const struct options *options = &cli->options;
    if (cli->operand_count != 1 || !url_source_is_url(cli->operands[0]) || options->all)
        cli_usage(
            "sync: one URL (https://…), and nothing beside it, goes with --table, --save, "
            "--header, --auth, --pages, --key, --allow-http and --allow-private");
    else if (options->from || options->to)
        cli_usage(
            "sync: a window needs a definition that asks for it: pagetide discover prints "
            "one to begin with");
    else if (options->dry_run)
        cli_usage("sync --dry-run of a URL is pagetide discover");
    else if (options->save && !access(options->save, F_OK))
        cli_usage("sync --save: %s is there already", options->save);
    else
        return true;
    return false;
}

/* The folder's own definition of that name is the one to use. */
static bool is_free(struct cli *cli, struct str name)
{
    AUTO_BUF(errors, ERRORS_BYTES_MAX);
    struct err ignored = ERR_INIT;
    struct source **sources = NULL;
    size_t count = 0;
    (void)!source_dir_load(cli->arena, cli->settings.config_dir, &sources, &count, &errors,
                           &ignored);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sources[i]->count; j++)
            if (str_eq(sources[i]->streams[j]->name, name)) {
                cli_usage("%.*s has a definition, %.*s: pagetide sync %.*s, or another --table",
                          STR_ARG(name), STR_ARG(sources[i]->file), STR_ARG(name));
                return false;
            }
    return true;
}

static bool save(const char *path, struct str text)
{
    struct err err = ERR_INIT;
    if (new_file_write(path, text, &err))
        return true;
    err_wrap(&err, "sync --save");
    cli_fail(&err);
    return false;
}

static bool parse(struct cli *cli, const struct url_source *found, struct stream **ret)
{
    AUTO_BUF(errors, ERRORS_BYTES_MAX);
    struct err err = ERR_INIT;
    struct source *source;
    if (!source_parse(cli->arena, STR("(discovered)"), found->definition, &source, &errors,
                      &err)) {
        cli_fail(&err);
        return false;
    }
    *ret = source->streams[0];
    return true;
}

bool sync_url_choose(struct cli *cli, struct stream ***ret_streams, size_t *ret_count,
                     int *ret_code)
{
    const struct options *options = &cli->options;
    struct url_source *found = ARENA_NEW(cli->arena, struct url_source);
    *ret_code = EXIT_USAGE;
    *ret_count = 1;
    *ret_streams = ARENA_ARRAY(cli->arena, struct stream *, 1);
    if (!is_used_right(cli))
        return false;
    if (!url_source_find(cli, cli->operands[0], options->table, options->key, found, ret_code))
        return false;
    *ret_code = EXIT_USAGE;
    if (!is_free(cli, found->name) || !parse(cli, found, *ret_streams))
        return false;
    url_source_tell(found);
    if (options->save && !save(options->save, found->definition))
        return false;
    say_note(stderr, "  %s: %.*s", options->save ? options->save : "found out",
             STR_ARG(found->name));
    return true;
}
