#include <assert.h>

#include "cli/near.h"
#include "cli/order.h"
#include "cli/say.h"

enum { TIMEOUT_MS = 30000, LINE_BYTES_MAX = 65536 };

/* One row of nulls, where the stream has no bookmark. */
static const char bookmarks_sql[] =
    "select k.stream, k.partition, k.value, k.run, to_jsonb(k)::text "
    "from pagetide.stream s left join pagetide.bookmark k on k.stream = s.name "
    "where s.name = $1 order by k.partition";
enum bookmark_column {
    BOOKMARK_STREAM,
    BOOKMARK_PARTITION,
    BOOKMARK_VALUE,
    BOOKMARK_RUN,
    BOOKMARK_JSON,
    BOOKMARK_COLUMNS,
};

static void print_row(const struct pg_result *result, size_t row)
{
    struct str partition = pg_get_str(result, row, BOOKMARK_PARTITION);
    AUTO_BUF(line, LINE_BYTES_MAX);
    buf_printf(&line, "%.*s  %.*s%s%.*s", STR_ARG(pg_get_str(result, row, BOOKMARK_STREAM)),
               STR_ARG(partition), partition.len ? "  " : "",
               STR_ARG(pg_get_str(result, row, BOOKMARK_VALUE)));
    if (pg_is_null(result, row, BOOKMARK_RUN))
        buf_puts(&line, "  set by hand");
    else
        buf_printf(&line, "  by run %.*s", STR_ARG(pg_get_str(result, row, BOOKMARK_RUN)));
    say_line(stdout, "%.*s", STR_ARG(buf_str(&line)));
}

static int show(struct cli *cli, struct pg *pg, struct str stream)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct pg_value name = pg_text(stream);
    struct err err = ERR_INIT;
    if (!pg_await(pg, bookmarks_sql, &name, 1, TIMEOUT_MS, &result, &err))
        return cli_fail(&err);
    if (!pg_rows(result))
        return near_unknown(pg, NULL, stream);
    assert(pg_columns(result) == BOOKMARK_COLUMNS);
    bool has_any = !pg_is_null(result, 0, BOOKMARK_STREAM);
    for (size_t i = 0; has_any && i < pg_rows(result); i++) {
        if (cli->options.json)
            say_json(pg_get_str(result, i, BOOKMARK_JSON));
        else
            print_row(result, i);
    }
    if (!has_any && !cli->options.json)
        say_line(stdout, "%.*s has no bookmark yet", STR_ARG(stream));
    return EXIT_DONE;
}

static int set(struct cli *cli, struct pg *pg, struct str stream)
{
    const struct options *options = &cli->options;
    struct order order;
    struct pg_value params[] = {
        pg_text(stream),
        options->partition ? pg_text(str_from(options->partition)) : PG_NULL,
        options->set ? pg_text(str_from(options->set)) : PG_NULL,
    };
    int code = order_give(cli, pg, "pagetide.set_bookmark($1, $2::jsonb, $3)", params,
                          COUNT_OF(params), &order);
    return code == EXIT_DONE ? show(cli, pg, stream) : code;
}

static int bookmark_main(struct cli *cli)
{
    const struct options *options = &cli->options;
    struct pg *pg;
    int code;
    if (cli->operand_count != 1)
        return cli_usage("bookmark: name one stream; --set VALUE gives it another bookmark");
    if (options->set && (options->clear || !*options->set))
        return cli_usage("bookmark: --set needs a value, and --clear none");
    if (options->partition && !options->set && !options->clear)
        return cli_usage("bookmark: --partition goes with --set or --clear");
    if (!cli_database(cli, false, &pg, &code))
        return code;
    struct str stream = str_from(cli->operands[0]);
    bool changes = options->set || options->clear;
    code = changes ? set(cli, pg, stream) : show(cli, pg, stream);
    pg_close(pg);
    return code;
}

static const struct opt opts[] = {
    {"set", 0, OPT_TEXT, offsetof(struct options, set), "VALUE",
     "what the next incremental run begins with"},
    {"clear", 0, OPT_FLAG, offsetof(struct options, clear), NULL,
     "forget it: the next run begins at the definition's start"},
    {"partition", 0, OPT_TEXT, offsetof(struct options, partition), "JSON",
     "of a stream with partitions: which, as in the definition"},
    OPT_END,
};

const struct command cmd_bookmark = {
    .name = "bookmark",
    .operands = "STREAM",
    .summary = "show or set how far a stream's incremental runs have come",
    .help = "A run under way keeps the value it began with.",
    .opts = opts,
    .needs_settings = true,
    .run = bookmark_main,
};
