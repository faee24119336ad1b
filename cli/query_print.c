#include "cli/query_print.h"
#include "cli/near.h"

#include <assert.h>

#include "base/printable.h"
#include "cli/order.h"
#include "cli/say.h"

enum { TIMEOUT_MS = 30000, LINE_BYTES_MAX = 4 * 1024 * 1024, WIDTH_MAX = 40, COLUMNS_MAX = 20 };

static void print_line(const struct buf *line)
{
    struct str shown = buf_str(line);
    while (shown.len && shown.ptr[shown.len - 1] == ' ')
        shown.len--;
    say_line(stdout, "%.*s", STR_ARG(shown));
}

/* Characters, near enough: bytes that begin one. */
static int width_of(struct str text)
{
    int width = 0;
    for (size_t i = 0; i < text.len; i++)
        width += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return width;
}

/* A line's end in a cell would end the row. */
static struct str cell_at(struct arena *arena, const struct pg_result *result, size_t row,
                          int i)
{
    return printable_str(arena, pg_get_str(result, row, i), PRINTABLE_LINE);
}

/* Two blanks after each cell, also after one that is wider than its column. */
static void put_cell(struct buf *line, struct str text, int width)
{
    buf_put(line, text);
    for (int i = MIN(width_of(text), width); i < width + 2; i++)
        buf_put_byte(line, ' ');
}

static void measure(struct arena *arena, const struct pg_result *result, size_t count,
                    int widths[COLUMNS_MAX], int columns)
{
    for (int i = 0; i < columns; i++) {
        widths[i] = width_of(pg_column_name(result, i));
        for (size_t row = 0; row < count; row++)
            widths[i] = MAX(widths[i], width_of(cell_at(arena, result, row, i)));
        widths[i] = MIN(widths[i], WIDTH_MAX);
    }
}

static void print_table(const struct pg_result *result, size_t count)
{
    int widths[COLUMNS_MAX], columns = (int)pg_columns(result);
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(line, LINE_BYTES_MAX);
    assert(pg_columns(result) <= COLUMNS_MAX);
    measure(arena, result, count, widths, columns);
    for (int i = 0; i < columns; i++)
        put_cell(&line, pg_column_name(result, i), widths[i]);
    print_line(&line);
    for (size_t row = 0; row < count; row++) {
        buf_reset(&line);
        for (int i = 0; i < columns; i++)
            put_cell(&line, cell_at(arena, result, row, i), widths[i]);
        print_line(&line);
    }
}

void query_print_objects(const struct pg_result *result, size_t count)
{
    enum { OBJECT, OBJECT_COLUMNS };
    assert(pg_columns(result) == OBJECT_COLUMNS);
    for (size_t row = 0; row < count; row++)
        say_json(pg_get_str(result, row, OBJECT));
}

static int say_nothing(struct pg *pg, const struct query *query)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct err err = ERR_INIT;
    if (!pg_await(pg, query->known, query->params, query->param_count, TIMEOUT_MS, &result,
                  &err))
        return cli_fail(&err);
    if (!pg_rows(result) && query->stream.ptr)
        return near_unknown(pg, NULL, query->stream);
    if (!pg_rows(result))
        return cli_usage("%s", query->unknown);
    say_line(stderr, "pagetide: %s", query->nothing);
    return EXIT_DONE;
}

static void print_rows(const struct cli *cli, const struct query *query,
                       const struct pg_result *result)
{
    size_t count = pg_rows(result);
    bool has_more = query->limit && count > query->limit;
    if (has_more)
        count = query->limit;
    if (cli->options.json)
        query_print_objects(result, count);
    else
        print_table(result, count);
    if (has_more)
        say_line(stderr, "pagetide: there are more than these %zu: --limit N shows more",
                 count);
}

int query_print(struct cli *cli, const struct query *query)
{
    struct pg *pg;
    int code = EXIT_DONE;
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct err err = ERR_INIT;
    const char *sql = query->sql;
    if (cli->options.json)
        sql = arena_printf(cli->arena, "select to_jsonb(q)::text from (%s) q",
                           query->json_sql ? query->json_sql : query->sql)
                  .ptr;
    if (!cli_database(cli, false, &pg, &code))
        return code;
    if (!pg_await(pg, sql, query->params, query->param_count, TIMEOUT_MS, &result, &err))
        code = cli_fail(&err);
    else if (!pg_rows(result))
        code = say_nothing(pg, query);
    else
        print_rows(cli, query, result);
    pg_close(pg);
    return code;
}

int query_print_run(struct cli *cli, const char *command, const char *sql, const char *json_sql,
                    const char *nothing)
{
    int64_t run;
    int code = order_read_run(cli, command, &run, NULL);
    if (code != EXIT_DONE)
        return code;
    struct pg_value params[] = {pg_int(run)};
    struct query query = {
        .sql = sql,
        .json_sql = json_sql,
        .params = params,
        .param_count = COUNT_OF(params),
        .nothing = nothing,
        .known = "select 1 from pagetide.run where id = $1",
        .unknown = arena_printf(cli->arena, "there is no run %lld", (long long)run).ptr,
    };
    return query_print(cli, &query);
}
