#include "cli/cli.h"

static int count_streams(struct source *const *sources, size_t count)
{
    int streams = 0;
    for (size_t i = 0; i < count; i++)
        streams += (int)sources[i]->count;
    return streams;
}

static void print_stream(const struct cli *cli, const struct stream *stream)
{
    const struct table *table = &stream->table;
    if (cli->options.json)
        printf("{\"stream\":\"%.*s\",\"table\":\"%.*s.%.*s\"}\n", STR_ARG(stream->name),
               STR_ARG(table->schema), STR_ARG(table->name));
    else
        printf("%.*s → %.*s.%.*s\n", STR_ARG(stream->name), STR_ARG(table->schema),
               STR_ARG(table->name));
}

static int check_named(struct cli *cli, struct source *const *sources, size_t count)
{
    int code = EXIT_DONE;
    for (int i = 0; i < cli->operand_count; i++) {
        struct stream *stream = source_find_stream(sources, count, str_from(cli->operands[i]));
        if (stream)
            print_stream(cli, stream);
        else
            code = cli_usage("check: there is no stream \"%s\" in %s/sources", cli->operands[i],
                             cli->settings.config_dir);
    }
    return code;
}

static int run_check(struct cli *cli)
{
    struct source **sources;
    size_t count;
    if (!cli_sources(cli, &sources, &count))
        return EXIT_USAGE;
    if (cli->operand_count)
        return check_named(cli, sources, count);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sources[i]->count; j++)
            print_stream(cli, sources[i]->streams[j]);
    int streams = count_streams(sources, count);
    if (!cli->options.json)
        printf("%d stream%s in %zu file%s: all good\n", streams, streams == 1 ? "" : "s", count,
               count == 1 ? "" : "s");
    return EXIT_DONE;
}

const struct command command_check = {
    .name = "check",
    .operands = "[STREAM…]",
    .summary = "validate settings and source definitions",
    .help = "Every error of every file is printed as file:line:column: key: what is wrong.",
    .needs_settings = true,
    .run = run_check,
};
