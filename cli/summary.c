#include "cli/summary.h"

#include "base/redact.h"
#include "base/units.h"
#include "cli/hint.h"
#include "core/value.h"

enum { TIMEOUT_MS = 60000, LINE_BYTES_MAX = 65536 };

enum column {
    RUN,
    STREAM,
    STATE,
    REASON,
    PAGES,
    RECORDS,
    BYTES,
    REJECTS,
    ASIDES,
    RETRIES,
    SECONDS,
    ERROR,
    COLUMNS
};

static bool is_text(int column)
{
    return column == STREAM || column == STATE || column == REASON || column == ERROR;
}

static void put_json(struct buf *line, const struct pg_result *result)
{
    for (int i = 0; i < COLUMNS; i++) {
        struct str text = pg_get_str(result, 0, i);
        buf_printf(line, "%s\"%.*s\":", i ? "," : "{", STR_ARG(pg_column_name(result, i)));
        if (pg_is_null(result, 0, i))
            buf_puts(line, "null");
        else if (is_text(i))
            value_format_string(line, text);
        else
            buf_put(line, text);
    }
    buf_put_byte(line, '}');
}

static void put_count(struct buf *line, const struct pg_result *result, int column,
                      const char *noun)
{
    int64_t count = pg_get_int(result, 0, column);
    if (!count)
        return;
    buf_puts(line, ", ");
    units_format_count(line, count);
    buf_printf(line, " %s", noun);
}

/* What, where and what to try, on one line: the error above may have several. */
static void put_last_line(struct buf *line, const struct pg_result *result)
{
    struct str reason = pg_get_str(result, 0, REASON), stream = pg_get_str(result, 0, STREAM);
    int64_t run = pg_get_int(result, 0, RUN);
    buf_printf(line, "\n%.*s %.*s", STR_ARG(stream), STR_ARG(pg_get_str(result, 0, STATE)));
    if (reason.len)
        buf_printf(line, " (%.*s)", STR_ARG(reason));
    buf_printf(line, " after page %lld", (long long)pg_get_int(result, 0, PAGES));
    if (!reason.len)
        return;
    buf_puts(line, "; try: ");
    hint_put_for_run(line, reason, stream, run);
}

static void put_plain(struct buf *line, const struct pg_result *result)
{
    struct str reason = pg_get_str(result, 0, REASON), error = pg_get_str(result, 0, ERROR);
    buf_printf(line, "%.*s: run %lld %.*s", STR_ARG(pg_get_str(result, 0, STREAM)),
               (long long)pg_get_int(result, 0, RUN), STR_ARG(pg_get_str(result, 0, STATE)));
    if (reason.len)
        buf_printf(line, " (%.*s)", STR_ARG(reason));
    buf_puts(line, ": ");
    units_format_count(line, pg_get_int(result, 0, PAGES));
    buf_puts(line, " pages, ");
    units_format_count(line, pg_get_int(result, 0, RECORDS));
    buf_puts(line, " records");
    put_count(line, result, REJECTS, "rejected");
    put_count(line, result, ASIDES, "with values aside");
    put_count(line, result, RETRIES, "retries");
    buf_printf(line, " in %.*s s", STR_ARG(pg_get_str(result, 0, SECONDS)));
    if (error.len)
        buf_printf(line, "\n  %.*s", STR_ARG(error));
    if (!str_is(pg_get_str(result, 0, STATE), "succeeded"))
        put_last_line(line, result);
}

int summary_print(struct cli *cli, struct pg *pg, int64_t run)
{
    struct pg_value id = pg_int(run);
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct err err = ERR_INIT;
    AUTO_BUF(line, LINE_BYTES_MAX);
    if (!pg_await(pg,
                  "select run, stream, state, reason, pages, records, bytes, rejects, asides, "
                  "retries, seconds, error from pagetide.run_summary($1)",
                  &id, 1, TIMEOUT_MS, &result, &err))
        return cli_fail(&err);
    if (!pg_rows(result)) {
        fprintf(stderr, "pagetide: run %lld is not in pagetide.run\n", (long long)run);
        return EXIT_RUN_FAILED;
    }
    if (cli->options.json)
        put_json(&line, result);
    else
        put_plain(&line, result);
    struct str shown = redact_str(cli->arena, buf_str(&line));
    printf("%.*s\n", STR_ARG(shown));
    fflush(stdout);
    return str_is(pg_get_str(result, 0, STATE), "succeeded") ? EXIT_DONE : EXIT_RUN_FAILED;
}
