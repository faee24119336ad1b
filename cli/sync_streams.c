#include "cli/sync_streams.h"

#include "cli/streams.h"

static bool is_window_right(const struct options *options)
{
    if (!options->from && !options->to)
        return true;
    if (!options->from || !options->to)
        cli_usage("sync: a window needs --from and --to");
    else if (options->full)
        cli_usage("sync: --full and a window exclude each other");
    else
        return cli_is_window("sync", options->from, options->to);
    return false;
}

/* Without `window.` every request would be that of a full run. */
static bool may_have_window(const struct options *options, struct stream *const *streams,
                            size_t count)
{
    for (size_t i = 0; options->from && i < count; i++) {
        if (streams[i]->table.write == WRITE_REPLACE) {
            cli_usage("sync --from --to: a window cannot replace the table of %.*s",
                      STR_ARG(streams[i]->name));
            return false;
        }
        if (streams[i]->uses_window)
            continue;
        cli_usage("sync --from --to: %.*s would fetch everything: its definition names neither "
                  "window.start nor window.end, as in params: {since: \"{{ window.start }}\"}",
                  STR_ARG(streams[i]->name));
        return false;
    }
    return true;
}

static bool find_named(struct cli *cli, struct source *const *sources, size_t source_count,
                       struct stream **streams, size_t *ret_count)
{
    size_t count = 0;
    for (int i = 0; i < cli->operand_count; i++)
        if (!streams_find(cli, "sync", cli->operands[i], sources, source_count, streams,
                          &count))
            return false;
    *ret_count = count;
    return true;
}

static bool find_all(struct cli *cli, struct source *const *sources, size_t source_count,
                     struct stream **streams, size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < source_count; i++)
        for (size_t j = 0; j < sources[i]->count; j++)
            streams[count++] = sources[i]->streams[j];
    *ret_count = count;
    if (!count)
        cli_usage("sync: there is no stream in %s/sources", cli->settings.config_dir);
    return count > 0;
}

bool sync_streams_choose(struct cli *cli, struct stream ***ret_streams, size_t *ret_count,
                         bool *ret_is_whole)
{
    struct source **sources;
    size_t source_count, most = 0;
    if (!is_window_right(&cli->options))
        return false;
    if (cli->options.all == (cli->operand_count > 0)) {
        cli_usage("sync: name streams (source.stream, or a source), or --all");
        return false;
    }
    if (!cli_sources(cli, &sources, &source_count, ret_is_whole))
        return false;
    *ret_is_whole |= !cli->options.all;
    for (size_t i = 0; i < source_count; i++)
        most += sources[i]->count;
    *ret_streams = ARENA_ARRAY(cli->arena, struct stream *, most + 1);
    return (cli->options.all ? find_all : find_named)(cli, sources, source_count, *ret_streams,
                                                      ret_count) &&
           may_have_window(&cli->options, *ret_streams, *ret_count);
}
