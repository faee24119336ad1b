#include "base/date.h"
#include "base/json_out.h"
#include "base/units.h"
#include "cli/check_live.h"
#include "cli/cli.h"
#include "cli/definition_place.h"
#include "cli/next_runs.h"
#include "cli/say.h"
#include "cli/streams.h"
#include "config/credential.h"
#include "config/table_plan.h"
#include "worker/discover/preview.h"

enum { CONNECT_MS = 10000, LINE_BYTES_MAX = 65536, PLAN_BYTES_MAX = 4 << 20 };

/* To stderr, as an error would be, but the definition holds. */
static void on_literal(void *ctx, struct str place, struct str value)
{
    const struct stream *stream = ctx;
    (void)value;
    say_note(stderr,
             "warning: %.*s: %.*s holds a credential, which is stored in PostgreSQL with the "
             "definition%s",
             STR_ARG(stream->name), STR_ARG(place),
             str_is(place, "proxy") ? "" : ": name it by {{ env.NAME }} or {{ secrets.name }}");
}

static void warn_of_repeats(const struct stream *stream)
{
    if (stream->repeats_at.len)
        say_line(
            stderr,
            "%.*s: warning: %.*s appends the same records with each run, so the second run "
            "is refused: say write: upsert and a key, or a bookmark that a request uses, or "
            "again: true if each run brings new records",
            STR_ARG(stream->repeats_at), STR_ARG(stream->name));
}

static void warn_of_bookmark(const struct stream *stream)
{
    if (stream->unused_bookmark_at.len)
        say_line(
            stderr,
            "%.*s: warning: %.*s has a bookmark that no request uses, so each run asks for "
            "all: name it as the API takes it, as in params: {since: \"{{ bookmark }}\"}",
            STR_ARG(stream->unused_bookmark_at), STR_ARG(stream->name));
}

static void put_runs_json(struct json_out *out, const struct next_runs *runs)
{
    if (runs->count)
        json_out_open(out, "next_runs", '[');
    for (size_t i = 0; i < runs->count; i++) {
        AUTO_BUF(instant, 64);
        date_format_rfc3339(&instant, runs->at_us[i]);
        json_out_str(out, NULL, buf_str(&instant));
    }
    if (runs->count)
        json_out_close(out, ']');
}

/* {stream, table, tables, next_runs}: its own table is null where it stores none, the last two
 * are there where it has any. */
static void put_stream_json(struct buf *line, const struct stream *stream,
                            const struct next_runs *runs)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct json_out out = {.buf = line};
    struct str schema = stream->table.schema, name = stream->table.name;
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "stream", stream->name);
    if (stream->table.is_none)
        json_out_null(&out, "table");
    else
        json_out_str(&out, "table", arena_join(arena, schema, ".", name));
    if (stream->part_count)
        json_out_open(&out, "tables", '[');
    for (size_t i = 0; i < stream->part_count; i++)
        json_out_str(&out, NULL, arena_join(arena, schema, ".", stream->parts[i].table.name));
    if (stream->part_count)
        json_out_close(&out, ']');
    put_runs_json(&out, runs);
    json_out_close(&out, '}');
}

static void put_every(struct buf *line, int64_t every_ms)
{
    buf_puts(line, "  next runs: every ");
    units_write_duration(line, every_ms);
    buf_puts(line, ", by `pagetide up` or `pagetide scheduler`");
}

static void print_runs(const struct stream *stream, const struct next_runs *runs)
{
    AUTO_BUF(line, KIB(1));
    for (size_t i = 0; i < runs->count; i++) {
        buf_put(&line, i ? STR(", ") : STR("  next runs: "));
        next_runs_put(&line, &runs->zone, runs->at_us[i]);
    }
    if (stream->schedule.cron.len && !runs->count)
        buf_puts(&line, "  next runs: not known without PostgreSQL, which has the time zones");
    if (stream->schedule.every_ms)
        put_every(&line, stream->schedule.every_ms);
    if (line.len)
        say_note(stdout, "%.*s", STR_ARG(buf_str(&line)));
}

static int print_stream(struct cli *cli, struct pg *pg, struct stream *stream)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    struct next_runs runs;
    struct err err = ERR_INIT;
    if (!next_runs_find(cli->arena, pg, stream, &runs, &err))
        return cli_fail(&err);
    if (runs.is_zone_missing) {
        say_line(stderr,
                 "%.*s: timezone: there is no time zone \"%.*s\"; names are as in "
                 "Europe/Berlin",
                 STR_ARG(stream->schedule.timezone_at), STR_ARG(stream->schedule.timezone));
        return EXIT_USAGE;
    }
    if (cli->options.json) {
        put_stream_json(&line, stream, &runs);
        say_json(buf_str(&line));
    } else {
        streams_put_tables(&line, stream);
        say_note(stdout, "%.*s", STR_ARG(buf_str(&line)));
        print_runs(stream, &runs);
    }
    credential_find(stream, on_literal, stream);
    warn_of_repeats(stream);
    warn_of_bookmark(stream);
    return EXIT_DONE;
}

/* --- the definitions --- */

/* Those named, or all. */
static int choose(struct cli *cli, struct source *const *sources, size_t source_count,
                  struct stream **streams, size_t *ret_count)
{
    int code = EXIT_DONE;
    for (int i = 0; i < cli->operand_count; i++)
        if (!streams_find(cli, "check", cli->operands[i], sources, source_count, streams,
                          ret_count))
            code = EXIT_USAGE;
    for (size_t i = 0; !cli->operand_count && i < source_count; i++)
        for (size_t j = 0; j < sources[i]->count; j++)
            streams[(*ret_count)++] = sources[i]->streams[j];
    return code;
}

/* What the environment lacks that a run would want: a warning, for a run may be elsewhere. */
static void warn_of_missing(struct cli *cli, struct stream *const *streams, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err err = ERR_INIT;
        if (!preview_has_secrets(streams[i], cli->settings.secrets_dir, &err))
            say_note(stderr, "pagetide: warning: %.*s: %s", STR_ARG(streams[i]->name),
                     err.text);
    }
}

/* What pagetide.declared_misfits wants: a part of extend_table's plan. */
static void put_plan(struct buf *plan, const struct stream *stream)
{
    struct json_out out = {.buf = plan};
    json_out_open(&out, NULL, '{');
    table_plan_put(&out, stream);
    table_plan_put_declared(&out, &stream->table);
    json_out_close(&out, '}');
}

/* What of the definition the table is not like, and cannot become: a run would fail. */
static int check_table_there(struct pg *pg, const struct stream *stream)
{
    AUTO_PG_RESULT struct pg_result *misfits = NULL;
    AUTO_BUF(plan, PLAN_BYTES_MAX);
    struct err err = ERR_INIT;
    put_plan(&plan, stream);
    struct pg_value params[] = {pg_text(buf_str(&plan))};
    if (!pg_await(pg, "select pagetide.declared_misfits($1)", params, COUNT_OF(params),
                  CONNECT_MS, &misfits, &err))
        return cli_fail(&err);
    for (size_t i = 0; i < pg_rows(misfits); i++)
        say_line(stderr, "pagetide: %.*s: %.*s", STR_ARG(stream->name),
                 STR_ARG(pg_get_str(misfits, i, 0)));
    return pg_rows(misfits) ? EXIT_USAGE : EXIT_DONE;
}

/* Types that PostgreSQL has not: a run would fail with its first records. */
static const char unknown_types_sql[] =
    "select d.name, d.type from jsonb_to_recordset($1::jsonb -> 'declared') "
    "as d (name text, type text) "
    "where pagetide.is_type_text(d.type) and pagetide.type_oid(d.type) is null";
enum { TYPE_COLUMN, TYPE_NAME };

static int check_types(struct pg *pg, struct definition_places *places,
                       const struct stream *stream, const struct stream *part)
{
    AUTO_PG_RESULT struct pg_result *types = NULL;
    AUTO_BUF(plan, PLAN_BYTES_MAX);
    struct err err = ERR_INIT;
    put_plan(&plan, part);
    struct pg_value params[] = {pg_text(buf_str(&plan))};
    if (!pg_await(pg, unknown_types_sql, params, COUNT_OF(params), CONNECT_MS, &types, &err))
        return cli_fail(&err);
    for (size_t i = 0; i < pg_rows(types); i++) {
        struct str name = pg_get_str(types, i, TYPE_COLUMN), table = part->table.name;
        struct str source, own_name = str_split(stream->name, '.', &source);
        const char *above = part == stream ? "" : "tables.";
        struct str key =
            arena_printf(places->cli->arena, "%s%.*s%scolumns.%.*s", above,
                         STR_ARG(*above ? table : STR_NONE), *above ? "." : "", STR_ARG(name));
        struct str place = definition_place(places, stream, key);
        say_line(stderr, "%.*s: streams.%.*s.%.*s: PostgreSQL has no type \"%.*s\"",
                 STR_ARG(place), STR_ARG(own_name), STR_ARG(key),
                 STR_ARG(pg_get_str(types, i, TYPE_NAME)));
    }
    return pg_rows(types) ? EXIT_USAGE : EXIT_DONE;
}

static bool declares(const struct table *table)
{
    return table->declared_count || table->partition.range.len;
}

static bool declares_any(const struct stream *stream)
{
    bool any = false;
    for (size_t i = 0; i < stream_table_count(stream); i++)
        any |= declares(stream_table(stream, i));
    return any;
}

static int check_tables(struct pg *pg, struct definition_places *places,
                        struct stream *const *streams, size_t count)
{
    int code = EXIT_DONE;
    for (size_t i = 0; pg && i < count; i++)
        for (size_t j = 0; j < stream_table_count(streams[i]); j++)
            if (declares(stream_table(streams[i], j))) {
                const struct stream *part = stream_at(streams[i], j);
                code = exit_code_worst(code, check_types(pg, places, streams[i], part));
                code = exit_code_worst(code, check_table_there(pg, part));
            }
    return code;
}

/* --- streams that others wait for --- */

/* It may be defined in another folder, which PostgreSQL knows. */
static bool is_stored(struct pg *pg, struct str name)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct pg_value param = pg_text(name);
    struct err ignored = ERR_INIT;
    return pg_await(pg, "select 1 from pagetide.stream where name = $1 and removed_at is null",
                    &param, 1, CONNECT_MS, &result, &ignored) &&
           pg_rows(result) > 0;
}

/* A stream that waits for one that does not exist never starts. */
static void warn_of_unknown(struct pg *pg, const struct stream *stream,
                            struct source *const *sources, size_t count)
{
    const struct schedule *schedule = &stream->schedule;
    for (size_t i = 0; i < schedule->after_count; i++)
        if (!source_find_stream(sources, count, schedule->after[i]) &&
            !(pg && is_stored(pg, schedule->after[i])))
            say_note(
                stderr,
                "pagetide: warning: %.*s: after: there is no stream %.*s in this folder%s, "
                "and without it this one never starts",
                STR_ARG(stream->name), STR_ARG(schedule->after[i]),
                pg ? " or in PostgreSQL" : "");
}

/* `check` needs no database, but says more where one is at hand. NULL: none is, or it would say
 * the same. */
static struct pg *open_if_wanted(struct cli *cli, struct stream *const *streams, size_t count)
{
    struct pg *pg;
    bool is_wanted = false;
    for (size_t i = 0; i < count; i++)
        is_wanted |= declares_any(streams[i]) ||
                     !str_is(streams[i]->schedule.timezone, "UTC") ||
                     streams[i]->schedule.after_count;
    return is_wanted && cli_database_if_up(cli, &pg) ? pg : NULL;
}

static int check_main(struct cli *cli)
{
    struct source **sources;
    size_t source_count, most = 0, count = 0;
    bool is_whole;
    if (!cli_sources(cli, &sources, &source_count, &is_whole))
        return EXIT_USAGE;
    for (size_t i = 0; i < source_count; i++)
        most += sources[i]->count;
    if (!most && is_whole)
        return cli_usage("check: there is nothing to check: no definition in %s/sources",
                         cli->settings.config_dir);
    struct stream **streams = ARENA_ARRAY(cli->arena, struct stream *, most + 1);
    int code = choose(cli, sources, source_count, streams, &count);
    bool is_all_good = is_whole && !cli->operand_count;
    if (!is_whole && !cli->operand_count)
        code = EXIT_USAGE;
    struct definition_places places = {
        .cli = cli, .sources = sources, .source_count = source_count};
    struct pg *pg = open_if_wanted(cli, streams, count);
    for (size_t i = 0; i < count; i++)
        code = exit_code_worst(code, print_stream(cli, pg, streams[i]));
    for (size_t i = 0; is_whole && i < count; i++)
        warn_of_unknown(pg, streams[i], sources, source_count);
    warn_of_missing(cli, streams, count);
    code = exit_code_worst(code, check_tables(pg, &places, streams, count));
    pg_close(pg);
    if (!cli->options.json && is_all_good && code == EXIT_DONE)
        say_note(stdout, "%zu stream%s in %zu file%s: all good", count, count == 1 ? "" : "s",
                 source_count, source_count == 1 ? "" : "s");
    return code || !cli->options.live ? code : check_live(&places, streams, count);
}

static const struct opt opts[] = {
    {"live", 0, OPT_FLAG, offsetof(struct options, live), NULL,
     "also try PostgreSQL, Redis and one page of each stream, and name the places at which it "
     "has nothing"},
    OPT_END,
};

const struct command cmd_check = {
    .name = "check",
    .operands = "[STREAM|SOURCE|FILE…]",
    .summary = "validate settings and source definitions",
    .help =
        "Every error of every file is printed as file:line:column: key: what is wrong. A\n"
        "variable or secret that is named and not there is a warning. The next five runs of a\n"
        "schedule are shown. Where PostgreSQL can be reached, declared types are compared with "
        "the\n"
        "table's, and time zones are looked up there.\n\n"
        "With --live the first page of each stream is fetched, and nothing written: each "
        "place\n"
        "that a definition names and the page has nothing at is a warning, with what is there\n"
        "instead. Exits with 1 where a run would fail, with 3 where a server gives no answer.",
    .opts = opts,
    .needs_settings = true,
    .run = check_main,
};
