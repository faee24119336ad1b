#define SUITE_TIMEOUT 300
#include "base/arena.h"
#include "base/buf.h"
#include "base/json_out.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/*
 * The tables of docs/columns.md, as they are there: each row is a stream of its own with one
 * declared column `v`, each value of the row a record. A real PostgreSQL says what it holds.
 */
static const char path[] = "docs/columns.md";

struct row {
    int line;
    struct str type, from, holds;
    struct str values[16];
    size_t count;
};

/* The next `…` of a cell, without its marks; STR_NONE after the last. */
static struct str next_code(struct str *cell)
{
    ptrdiff_t begin = str_find_byte(*cell, '`');
    if (begin < 0)
        return STR_NONE;
    struct str rest = str_slice(*cell, (size_t)begin + 1, cell->len), code;
    ck_assert_msg(str_find_byte(rest, '`') >= 0, "`%.*s", STR_ARG(rest));
    *cell = str_split(rest, '`', &code);
    return code;
}

static struct str next_cell(struct str *line)
{
    struct str cell;
    *line = str_split(*line, '|', &cell);
    return str_trim(cell);
}

/* `| type | from | values | holds |`, or without from; false for any other line. */
static bool read_row(struct str line, bool has_from, struct row *row)
{
    if (!str_starts(line, STR("| `")))
        return false;
    (void)next_cell(&line);
    struct str type = next_cell(&line), from = STR_NONE, values;
    row->type = next_code(&type);
    if (has_from)
        from = next_cell(&line);
    row->from = next_code(&from);
    values = next_cell(&line);
    row->holds = next_cell(&line);
    row->count = 0;
    for (struct str value; (value = next_code(&values)).ptr; row->count++) {
        ck_assert_uint_lt(row->count, COUNT_OF(row->values));
        row->values[row->count] = value;
    }
    return true;
}

/* What row->holds says, of one value. */
static const char *expected(const struct row *row, size_t i)
{
    struct str rest = row->holds, code, asides = STR("*aside*");
    if (str_eq(row->holds, asides))
        return "aside";
    if (str_is(row->holds, "null"))
        return "null";
    if (str_starts(row->holds, STR("see ")))
        return row->values[i].len == 2 ? "null" : "aside";
    for (size_t at = 0; (code = next_code(&rest)).ptr; at++)
        if (at == i || !str_starts(row->holds, STR("first ")))
            return pagetide_text("%.*s", STR_ARG(code));
    ck_abort_msg("%s:%d: nothing is expected", path, row->line);
}

static size_t read_table(struct str text, const char *head, struct row *rows, size_t max)
{
    bool is_inside = false;
    size_t count = 0;
    struct str line;
    for (int number = 1; text.len; number++) {
        text = str_split(text, '\n', &line);
        is_inside |= str_starts(line, str_from(head));
        if (!is_inside || !str_starts(line, STR("|")))
            is_inside = false;
        if (!is_inside || !read_row(line, strstr(head, "from"), &rows[count]))
            continue;
        rows[count].line = number;
        ck_assert_uint_lt(++count, max);
    }
    ck_assert_uint_gt(count, 0);
    return count;
}

static void put_streams(struct buf *out, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_printf(out,
                   "  line_%d: {path: /line_%d, pagination: {type: none}, columns: "
                   "{id: bigint, v: {type: \"%.*s\"",
                   rows[i].line, rows[i].line, STR_ARG(rows[i].type));
        if (rows[i].from.len)
            buf_printf(out, ", from: %.*s", STR_ARG(rows[i].from));
        buf_puts(out, "}}}\n");
    }
}

static void serve_at(struct mock *mock, const char *name, const char *body)
{
    AUTO_BUF(route, KIB(64));
    buf_printf(&route, "{\"path\": \"/%s\", \"body\": ", name);
    json_out_quote(&route, str_from(body)); /* as it is: no number is written anew */
    buf_put_byte(&route, '}');
    mock_post(mock, "/_mock/route", route.ptr);
}

static void serve(struct mock *mock, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO_BUF(body, KIB(64));
        for (size_t j = 0; j < rows[i].count; j++)
            buf_printf(&body, "%s{\"id\": %zu, \"v\": %.*s}", j ? "," : "[", j,
                       STR_ARG(rows[i].values[j]));
        buf_put_byte(&body, ']');
        buf_put_byte(&body, 0);
        serve_at(mock, pagetide_text("line_%d", rows[i].line), body.ptr);
    }
}

static void compare(struct pagetide *pagetide, const struct row *row, struct buf *problems)
{
    static const char sql[] =
        "select coalesce(v::text, case when _pt_aside ? 'v' then 'aside' else 'null' end) "
        "from docs.line_%d where id = %zu";
    for (size_t i = 0; i < row->count; i++) {
        const char *holds = pagetide_sql(pagetide, sql, row->line, i);
        if (strcmp(holds, expected(row, i)) != 0)
            buf_printf(problems, "\n%s:%d: %.*s as %.*s is %s, not %s", path, row->line,
                       STR_ARG(row->values[i]), STR_ARG(row->type), holds, expected(row, i));
    }
}

static void try_table(const char *head)
{
    enum { ROWS_MAX = 100 };
    static struct row rows[ROWS_MAX];
    struct pagetide pagetide;
    struct mock mock;
    size_t count = read_table(str_from(pagetide_read(path)), head, rows, ROWS_MAX);
    AUTO_BUF(streams, KIB(64));
    AUTO_BUF(problems, KIB(64));
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    put_streams(&streams, rows, count);
    serve(&mock, rows, count);
    pagetide_source(&pagetide, "docs", "source: docs\nbase_url: %s\nstreams:\n%s", mock.url,
                    streams.ptr);
    struct pagetide_result got = pagetide_run(&pagetide, "sync --all");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    for (size_t i = 0; i < count; i++)
        compare(&pagetide, &rows[i], &problems);
    ck_assert_msg(problems.len == 0, "%s", problems.ptr);
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

START_TEST(values_become_what_the_table_says)
{
    try_table("| type | values |");
}
END_TEST

START_TEST(values_in_another_form_become_what_the_table_says)
{
    try_table("| type | from |");
}
END_TEST

/*
 * The same records twice: `plain` alone goes into the table as it is, one in another form takes
 * its whole batch to the staging table. The rows are equal.
 */
START_TEST(a_batch_of_plain_values_goes_direct)
{
    static const char plain[] =
        "{\"id\": 1, \"at\": \"2024-01-05T10:00:00.5+02:00\", \"d\": \"2024-01-05\", "
        "\"t\": \"2024-01-05T01:00:00+02:00\", \"f\": 0.1, \"r\": -1e-3, \"i\": 7.0, "
        "\"s\": \"-7\", \"v\": \"abc\"}, {\"id\": 2, \"at\": \"\", \"d\": null, "
        "\"t\": \"2024-01-05 01:00:00\", \"i\": \"x\", \"f\": 1, \"v\": 1.50}";
    static const char columns[] =
        "columns: {id: bigint, at: timestamptz, d: date, t: timestamp, f: float8, r: float4, "
        "i: int4, s: int2, v: varchar(4)}";
    struct pagetide pagetide;
    struct mock mock;
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    serve_at(&mock, "plain", pagetide_text("[%s]", plain));
    serve_at(&mock, "odd",
             pagetide_text("[%s, {\"id\": 3, \"at\": \"Jan 5, 2024\", \"f\": \"NaN\", "
                           "\"v\": \"abcde\"}]",
                           plain));
    pagetide_source(&pagetide, "ways",
                    "source: ways\nbase_url: %s\nstreams:\n"
                    "  plain: {path: /plain, pagination: {type: none}, %s}\n"
                    "  odd: {path: /odd, pagination: {type: none}, %s}\n",
                    mock.url, columns, columns);
    struct pagetide_result got = pagetide_run(&pagetide, "sync --all --log-level debug");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    ck_assert_msg(strstr(got.err, "direct: 2 rows"), "%s", got.err);
    ck_assert_msg(strstr(got.err, "staged: 3 rows"), "%s", got.err);
    const char *sql =
        "select count(*) from (select id, at, d, t, f, r, i, s, v, _pt_aside from "
        "ways.plain intersect select id, at, d, t, f, r, i, s, v, _pt_aside from "
        "ways.odd) x";
    ck_assert_str_eq(pagetide_sql(&pagetide, "%s", sql), "2");
    sql = "select concat_ws('|', at at time zone 'UTC', d, t, f, r, i, s, v) from ways.plain "
          "where id = 1";
    ck_assert_str_eq(
        pagetide_sql(&pagetide, "%s", sql),
        "2024-01-05 08:00:00.5|2024-01-05|2024-01-04 23:00:00|0.1|-0.001|7|-7|abc");
    sql = "select concat_ws('|', t, v, _pt_aside) from ways.plain where id = 2";
    ck_assert_str_eq(pagetide_sql(&pagetide, "%s", sql),
                     "2024-01-05 01:00:00|1.50|{\"i\": \"\\\"x\\\"\"}");
    sql = "select concat_ws('|', at at time zone 'UTC', f, v, _pt_aside) from ways.odd where "
          "id = 3";
    ck_assert_str_eq(pagetide_sql(&pagetide, "%s", sql),
                     "2024-01-05 00:00:00|NaN|{\"v\": \"\\\"abcde\\\"\"}");
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

SUITE("flow/columns", a_batch_of_plain_values_goes_direct, values_become_what_the_table_says,
      values_in_another_form_become_what_the_table_says)
