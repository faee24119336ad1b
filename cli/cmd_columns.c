#include "cli/order.h"
#include "cli/query_print.h"
#include "cli/say.h"

/* `columns`: what a stream's columns are and what did not fit them; --type changes one. */
static const char sql[] = "select coalesce(column_name, '-') as column, path, type, origin, "
                          "nullif(misfits, 0) as misfits, note from pagetide.list_columns($1)";
static const char json_sql[] =
    "select column_name as column, path, type, origin, misfits, note "
    "from pagetide.list_columns($1)";

static int show(struct cli *cli, struct str stream)
{
    const struct pg_value params[] = {pg_text(stream)};
    const struct query query = {
        .sql = sql,
        .json_sql = json_sql,
        .params = params,
        .param_count = COUNT_OF(params),
        .nothing = "it has no columns yet: its first run makes them",
        .known = "select 1 from pagetide.stream where name = split_part($1, '/', 1) "
                 "and pagetide.latest_table($1) is not null",
        .stream = stream,
    };
    return query_print(cli, &query);
}

enum { TIMEOUT_MS = 10000 };

/* Before anybody waits: what is locked, and how large it is. */
static void say_lock(struct pg *pg, struct str stream)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct pg_value name = pg_text(stream);
    struct err ignored = ERR_INIT;
    if (pg_await(pg, "select pagetide.lock_words($1)", &name, 1, TIMEOUT_MS, &result,
                 &ignored) &&
        !pg_is_null(result, 0, 0))
        say_note(stderr, "pagetide: %.*s", STR_ARG(pg_get_str(result, 0, 0)));
}

static int change(struct cli *cli, struct str stream, struct str name, struct str type)
{
    const struct pg_value params[] = {pg_text(stream), pg_text(name), pg_text(type)};
    struct order order;
    struct pg *pg;
    int code;
    if (!cli_database(cli, false, &pg, &code))
        return code;
    say_lock(pg, stream);
    code = order_give(cli, pg, "pagetide.retype_column($1, $2, $3)", params, COUNT_OF(params),
                      &order);
    pg_close(pg);
    if (code == EXIT_DONE && cli->options.json)
        order_print_json(&order);
    if (code == EXIT_DONE && !cli->options.json)
        say_line(stdout, "%.*s: column %.*s is %.*s", STR_ARG(stream), STR_ARG(name),
                 STR_ARG(order.state));
    return code;
}

static int columns_main(struct cli *cli)
{
    struct str name, type;
    if (cli->operand_count != 1)
        return cli_usage("columns: name one stream");
    struct str stream = str_from(cli->operands[0]);
    if (!cli->options.type)
        return show(cli, stream);
    type = str_trim(str_split(str_from(cli->options.type), '=', &name));
    name = str_trim(name);
    if (!name.len || !type.len)
        return cli_usage("columns: --type wants COLUMN=TYPE, as in --type age=numeric");
    return change(cli, stream, name, type);
}

static const struct opt opts[] = {
    {"type", 0, OPT_TEXT, offsetof(struct options, type), "COLUMN=TYPE",
     "change the type of a column; locks its table meanwhile"},
    OPT_END,
};

const struct command cmd_columns = {
    .name = "columns",
    .operands = "STREAM",
    .summary = "a stream's columns, what did not fit them; changes a type",
    .help =
        "--type fills in the values of _pt_aside that fit the new type; values that do not\n"
        "fit it go there. A type that was set by hand is never changed unasked.",
    .opts = opts,
    .needs_settings = true,
    .run = columns_main,
};
