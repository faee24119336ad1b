#include "cli/sync_url.h"

#include <unistd.h>

#include "cli/new_file.h"
#include "cli/say.h"
#include "config/source.h"

bool sync_url_is_meant(const struct cli *cli)
{
    const struct options *options = &cli->options;
    for (int i = 0; i < cli->operand_count; i++)
        if (url_source_is_url(cli->operands[i]))
            return true;
    return options->table || options->save || options->auth || options->headers.count ||
           options->key || options->pages || options->allow_http || options->allow_private ||
           options->method || options->data.count || options->graphql;
}

/* Before anything is asked. */
static bool is_used_right(struct cli *cli)
{
    const struct options *options = &cli->options;
    if (cli->operand_count != 1 || !url_source_is_url(cli->operands[0]) || options->all)
        cli_usage(
            "sync: one URL (https://…), and nothing beside it, goes with --table, --save, "
            "--header, --auth, --method, --data, --graphql, --pages, --key, --allow-http and "
            "--allow-private; pages of a stream are shown by pagetide preview STREAM --pages "
            "N");
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

/* The folder's own definition of that name is the one to use. There may be no folder. */
static bool is_free(struct cli *cli, struct str name)
{
    struct str folder = arena_printf(cli->arena, "%s/sources", cli->settings.config_dir);
    struct source **sources = NULL;
    size_t count = 0;
    bool is_whole = true;
    if (access(arena_cstr(cli->arena, folder), F_OK) != 0)
        return true;
    if (!cli_sources(cli, &sources, &count, &is_whole))
        return false;
    for (size_t i = 0; i < count; i++)
        if (source_find_stream(&sources[i], 1, name)) {
            cli_usage("%.*s has a definition, %.*s: pagetide sync %.*s, or another --table",
                      STR_ARG(name), STR_ARG(sources[i]->file), STR_ARG(name));
            return false;
        }
    if (!is_whole)
        say_note(stderr,
                 "pagetide: warning: whether %.*s has a definition is not known: a file of "
                 "%.*s cannot be read, see above",
                 STR_ARG(name), STR_ARG(folder));
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
    if (!url_source_open(cli, cli->operands[0], options->table, found) ||
        !is_free(cli, found->name) || !url_source_find(cli, found, ret_code))
        return false;
    *ret_code = EXIT_USAGE;
    *ret_streams[0] = found->stream;
    url_source_tell(found);
    if (options->save && !save(options->save, found->definition))
        return false;
    say_note(stderr, "  %s: %.*s", options->save ? options->save : "found out",
             STR_ARG(found->name));
    return true;
}
