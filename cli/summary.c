#include "cli/summary.h"

#include <assert.h>

#include "base/json_out.h"
#include "base/units.h"
#include "cli/counts.h"
#include "cli/hint.h"
#include "cli/say.h"
#include "core/value.h"

enum { TIMEOUT_MS = 60000, LINE_BYTES_MAX = 65536 };

static const char sql[] =
    "select run, stream, state, reason, pages, records, bytes, rejects, asides, folded, "
    "retries, seconds, error, complete, complete_why, warnings, misfits, "
    "added, changed, deleted, tables from pagetide.run_summary($1)";

/* The members of the JSON object; beside `sql` and enum summary_column. */
static const struct {
    const char *name;
    bool is_text;
} members[] = {
    [SUMMARY_RUN] = {"run", false},
    [SUMMARY_STREAM] = {"stream", true},
    [SUMMARY_STATE] = {"state", true},
    [SUMMARY_REASON] = {"reason", true},
    [SUMMARY_PAGES] = {"pages", false},
    [SUMMARY_RECORDS] = {"records", false},
    [SUMMARY_BYTES] = {"bytes", false},
    [SUMMARY_REJECTS] = {"rejects", false},
    [SUMMARY_ASIDES] = {"asides", false},
    [SUMMARY_FOLDED] = {"folded", false},
    [SUMMARY_RETRIES] = {"retries", false},
    [SUMMARY_SECONDS] = {"seconds", false},
    [SUMMARY_ERROR] = {"error", true},
    [SUMMARY_COMPLETE] = {"complete", true},
    [SUMMARY_COMPLETE_WHY] = {"complete_why", true},
    [SUMMARY_WARNINGS] = {"warnings", true},
    [SUMMARY_MISFITS] = {"misfits", false},
    [SUMMARY_ADDED] = {"added", false},
    [SUMMARY_CHANGED] = {"changed", false},
    [SUMMARY_DELETED] = {"deleted", false},
    [SUMMARY_TABLES] = {"tables", false},
};
_Static_assert(COUNT_OF(members) == SUMMARY_COLUMNS, "a name for each column");

/* NULL is empty, or 0. */
static struct str text_at(const struct summary *summary, enum summary_column column)
{
    struct pg_value value = summary->values[column];
    return value.is_null ? STR_NONE : value.text;
}

static int64_t number_at(const struct summary *summary, enum summary_column column)
{
    int64_t number = 0;
    return str_to_int64(text_at(summary, column), &number) ? number : 0;
}

void summary_put_json(struct buf *line, const struct summary *summary)
{
    struct json_out out = {.buf = line};
    json_out_open(&out, NULL, '{');
    for (size_t i = 0; i < SUMMARY_COLUMNS; i++) {
        struct pg_value value = summary->values[i];
        if (value.is_null)
            json_out_null(&out, members[i].name);
        else if (members[i].is_text)
            json_out_str(&out, members[i].name, value.text);
        else
            json_out_raw(&out, members[i].name, value.text);
    }
    json_out_close(&out, '}');
}

/* "…, 3 values aside (age 2, size 1)": the members of a JSON object of counts. */
enum { NAMES_SHOWN_MAX = 5 };

static void put_names(struct buf *line, struct str counts)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct value value;
    struct err ignored = ERR_INIT;
    if (!value_parse(arena, counts, VALUE_WHOLE, &value, &ignored))
        return;
    const struct value_map *map = value.kind == VALUE_MAP ? value.map : NULL;
    size_t shown = map ? MIN(map->count, (size_t)NAMES_SHOWN_MAX) : 0;
    for (size_t i = 0; i < shown; i++)
        buf_printf(line, "%s%.*s %.*s", i ? ", " : " (", STR_ARG(map->members[i].key),
                   STR_ARG(map->members[i].value.text));
    if (shown)
        buf_printf(line, "%s)", map->count > NAMES_SHOWN_MAX ? ", …" : "");
}

static void put_misfits(struct buf *line, const struct summary *summary)
{
    counts_put(line, number_at(summary, SUMMARY_ASIDES), "values aside");
    put_names(line, text_at(summary, SUMMARY_MISFITS));
}

/* "…, 12 records, for other tables (order_items 31, notes 2)" */
static void put_tables(struct buf *line, const struct summary *summary)
{
    struct str tables = text_at(summary, SUMMARY_TABLES);
    if (!tables.len)
        return;
    buf_puts(line, ", for other tables");
    put_names(line, tables);
}

/* "…, told: there is no next link"; what contradicts the end is the error already. */
static void put_complete(struct buf *line, const struct summary *summary)
{
    struct str complete = text_at(summary, SUMMARY_COMPLETE);
    struct str why = text_at(summary, SUMMARY_COMPLETE_WHY);
    if (!complete.len)
        return;
    buf_printf(line, ", %.*s", STR_ARG(complete));
    if (str_is(text_at(summary, SUMMARY_STATE), "succeeded") && why.len)
        buf_printf(line, ": %.*s", STR_ARG(why));
}

/* What, where and what to try, on one line: the error above may have several. */
static void put_last_line(struct buf *line, const struct summary *summary)
{
    struct str reason = text_at(summary, SUMMARY_REASON);
    struct str stream = text_at(summary, SUMMARY_STREAM);
    buf_printf(line, "\n%.*s %.*s", STR_ARG(stream), STR_ARG(text_at(summary, SUMMARY_STATE)));
    if (reason.len)
        buf_printf(line, " (%.*s)", STR_ARG(reason));
    buf_printf(line, " after page %lld", (long long)number_at(summary, SUMMARY_PAGES));
    if (!reason.len)
        return;
    buf_puts(line, "; try: ");
    const struct hint_of of = {reason, text_at(summary, SUMMARY_ERROR)};
    hint_put_for_run(line, &of, stream, number_at(summary, SUMMARY_RUN));
}

void summary_put(struct buf *line, const struct summary *summary)
{
    struct str state = text_at(summary, SUMMARY_STATE);
    struct str reason = text_at(summary, SUMMARY_REASON);
    struct str error = text_at(summary, SUMMARY_ERROR);
    buf_printf(line, "%.*s: run %lld %.*s", STR_ARG(text_at(summary, SUMMARY_STREAM)),
               (long long)number_at(summary, SUMMARY_RUN), STR_ARG(state));
    if (reason.len)
        buf_printf(line, " (%.*s)", STR_ARG(reason));
    buf_puts(line, ": ");
    counts_put_pages(line, number_at(summary, SUMMARY_PAGES), 0,
                     number_at(summary, SUMMARY_RECORDS));
    put_tables(line, summary);
    counts_put(line, number_at(summary, SUMMARY_REJECTS), "rejected");
    put_misfits(line, summary);
    counts_put(line, number_at(summary, SUMMARY_ADDED), "rows added");
    counts_put(line, number_at(summary, SUMMARY_CHANGED), "changed");
    counts_put(line, number_at(summary, SUMMARY_DELETED), "deleted");
    counts_put(line, number_at(summary, SUMMARY_FOLDED), "whose key came before");
    counts_put(line, number_at(summary, SUMMARY_RETRIES), "retries");
    buf_printf(line, " in %.*s s", STR_ARG(text_at(summary, SUMMARY_SECONDS)));
    put_complete(line, summary);
    if (error.len)
        buf_printf(line, "\n  %.*s", STR_ARG(error));
    if (!str_is(state, "succeeded"))
        put_last_line(line, summary);
}

/* What a person should look at, although the run has ended. */
static void show_warnings(const struct summary *summary)
{
    struct str line, rest = text_at(summary, SUMMARY_WARNINGS);
    while (rest.len) {
        rest = str_split(rest, '\n', &line);
        say_note(stderr, "pagetide: warning: %.*s: %.*s",
                 STR_ARG(text_at(summary, SUMMARY_STREAM)), STR_ARG(line));
    }
}

bool summary_show(struct cli *cli, struct pg *pg, int64_t run, struct str *ret_state,
                  struct err *err)
{
    struct pg_value id = pg_int(run);
    AUTO_PG_RESULT struct pg_result *result = NULL;
    AUTO_BUF(line, LINE_BYTES_MAX);
    struct summary summary;
    if (!pg_await(pg, sql, &id, 1, TIMEOUT_MS, &result, err))
        return false;
    if (!pg_rows(result))
        return err_set(err, ERR_INPUT, "summary", 0, "run %lld is not in pagetide.run",
                       (long long)run);
    assert(pg_columns(result) == SUMMARY_COLUMNS);
    for (int i = 0; i < SUMMARY_COLUMNS; i++)
        summary.values[i] = pg_get(result, 0, i);
    (cli->options.json ? summary_put_json : summary_put)(&line, &summary);
    if (cli->options.json)
        say_json(buf_str(&line));
    else if (str_is(text_at(&summary, SUMMARY_STATE), "succeeded"))
        say_note(stdout, "%.*s", STR_ARG(buf_str(&line)));
    else
        say_line(stdout, "%.*s", STR_ARG(buf_str(&line)));
    fflush(stdout);
    show_warnings(&summary);
    *ret_state = arena_str(cli->arena, text_at(&summary, SUMMARY_STATE));
    return true;
}
