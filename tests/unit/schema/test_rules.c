#include "base/date.h"
#include "base/mem.h"
#include "cli/sync_streams.h"
#include "config/columns.h"
#include "config/source.h"
#include "port/sqlstate.h"
#include "tests/support/command.h"
#include "tests/support/lines.h"
#include "tests/support/schema.h"
#include "tests/support/suite.h"
#include "worker/load/column_map_dry.h"
#include "worker/records/bookmark_high.h"
#include "worker/records/fields.h"
#include "worker/rows/column_infer.h"

/*
 * Rules that are in C and in SQL: each has one table (tests/tables/rules), and both must agree
 * with it.
 */
static struct arena *arena;
static struct schema_session *session;

static void set_up(void)
{
    arena = arena_new();
    session = schema_session_open(schema_database());
}

static struct line_cases cases_of(const char *name)
{
    return lines_read(arena, arena_printf(arena, "tests/tables/rules/%s.txt", name).ptr);
}

static struct str quoted(struct str text)
{
    return arena_printf(arena, "$q$%.*s$q$", STR_ARG(text));
}

#define FORMAT(...) arena_printf(arena, __VA_ARGS__)
#define BY_SQL(...) str_from(schema_session_sql(session, FORMAT(__VA_ARGS__).ptr))

static void expect(const struct line_case *line, struct str by_c, struct str by_sql)
{
    ck_assert_msg(str_eq(by_c, line->expected), "%s:%d: C says %.*s", line->path, line->number,
                  STR_ARG(by_c));
    ck_assert_msg(str_eq(by_sql, line->expected), "%s:%d: SQL says %.*s", line->path,
                  line->number, STR_ARG(by_sql));
}

/* --- instants --- */

static struct str instant(struct str text)
{
    int64_t us;
    if (date_parse_rfc3339(text, &us))
        return FORMAT("rfc3339 %lld", (long long)us);
    return date_parse_iso(text, &us) ? FORMAT("iso %lld", (long long)us) : STR("none");
}

START_TEST(instants)
{
    set_up();
    struct line_cases cases = cases_of("instants");
    for (size_t i = 0; i < cases.count; i++) {
        const struct line_case *line = &cases.items[i];
        struct str text = quoted(line->input);
        expect(line, instant(line->input),
               BY_SQL("select coalesce(case when pagetide.is_instant(%.*s) then 'rfc3339 ' "
                      "else 'iso ' end || "
                      "(extract(epoch from pagetide.instant(%.*s)) * 1000000)::bigint, 'none')",
                      STR_ARG(text), STR_ARG(text)));
    }
}
END_TEST

/* --- bookmarks --- */

static enum bookmark_type type_named(struct str name)
{
    static const char *const names[] = {"guess", "number", "time", "text", "token"};
    enum bookmark_type type = BOOKMARK_GUESS;
    while (!str_is(name, names[type]))
        type++;
    return type;
}

START_TEST(order_of_bookmarks)
{
    set_up();
    struct line_cases cases = cases_of("bookmarks");
    for (size_t i = 0; i < cases.count; i++) {
        const struct line_case *line = &cases.items[i];
        struct str rest = line->input;
        struct str kind = lines_take_cell(&rest), a = lines_take_cell(&rest), b = rest;
        bool is_later = bookmark_high_is_later(type_named(kind), b, a);
        expect(line, is_later ? b : a,
               BY_SQL("select pagetide.later(%.*s, %.*s, '%.*s')", STR_ARG(quoted(a)),
                      STR_ARG(quoted(b)), STR_ARG(kind)));
    }
}
END_TEST

/* --- types, errors --- */

START_TEST(texts_of_types)
{
    set_up();
    struct line_cases cases = cases_of("types");
    for (size_t i = 0; i < cases.count; i++)
        expect(&cases.items[i], columns_is_type(cases.items[i].input) ? STR("yes") : STR("no"),
               BY_SQL("select case when pagetide.is_type_text(%.*s) then 'yes' else 'no' end",
                      STR_ARG(quoted(cases.items[i].input))));
    for (int length = 199; length <= 200; length++) {
        struct str type = FORMAT("%0*d", length, 0);
        memset((char *)(uintptr_t)type.ptr, 'a', type.len);
        ck_assert(columns_is_type(type) == (length < 200));
        ck_assert_str_is(BY_SQL("select pagetide.is_type_text('%.*s')", STR_ARG(type)),
                         length < 200 ? "t" : "f");
    }
}
END_TEST

START_TEST(errors_of_the_data)
{
    set_up();
    struct line_cases cases = cases_of("sqlstates");
    for (size_t i = 0; i < cases.count; i++) {
        struct str code = arena_str(arena, cases.items[i].input);
        expect(&cases.items[i],
               sqlstate_kind(code.ptr) == ERR_INPUT ? STR("data") : STR("other"),
               BY_SQL("select case when pagetide.is_data_error('%s') then 'data' "
                      "else 'other' end",
                      code.ptr));
    }
}
END_TEST

/* --- windows --- */

/* The kind of a refusal by a part of what it says; none: "ok". */
static struct str kind_of(const char *text)
{
    static const char *const parts[][2] = {
        {"needs --from and --to", "half"},   {"needs from and to", "half"},
        {"exclude each other", "both"},      {"need mode window", "both"},
        {"is neither RFC 3339", "time"},     {"must lie before", "order"},
        {"would be there twice", "again"},   {"say again yes", "again"},
        {"would fetch everything", "blind"},
    };
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (strstr(text, parts[i][0]))
            return str_from(parts[i][1]);
    return *text ? str_from(text) : STR("ok");
}

/* What the words of a line ask for. */
static struct options options_of(struct str words, const char **ret_stream)
{
    struct options options = {0};
    struct str word;
    bool appends = false, is_blind = false;
    while (words.len) {
        words = str_split(words, ' ', &word);
        appends |= str_is(word, "append");
        is_blind |= str_is(word, "blind");
        options.full |= str_is(word, "full");
        options.again |= str_is(word, "again");
        if (str_starts(word, STR("from=")))
            options.from = arena_str(arena, str_slice(word, 5, word.len)).ptr;
        if (str_starts(word, STR("to=")))
            options.to = arena_str(arena, str_slice(word, 3, word.len)).ptr;
    }
    *ret_stream = is_blind  ? appends ? "blind_appends" : "blind_upserts"
                  : appends ? "appends"
                            : "upserts";
    return options;
}

static struct str refused_by_sync(const struct options *options, const char *stream)
{
    struct str name = FORMAT("shop.%s", stream);
    char *operands[] = {(char *)(uintptr_t)name.ptr};
    struct cli cli;
    struct stream **streams;
    size_t count;
    bool is_whole;
    command_open_alone(&cli);
    command_source(&cli, "shop",
                   "source: shop\nbase_url: http://127.0.0.1/\n"
                   "streams:\n"
                   "  upserts: {path: \"/o/{{ window.start }}\", key: id, write: upsert}\n"
                   "  appends: {path: \"/c/{{ window.start }}\", write: append}\n"
                   "  blind_upserts: {path: /window, key: id, write: upsert}\n"
                   "  blind_appends: {path: /window, write: append}\n");
    cli.options = *options;
    cli.operands = operands;
    cli.operand_count = 1;
    command_capture();
    bool is_chosen = sync_streams_choose(&cli, &streams, &count, &is_whole);
    struct captured captured = command_captured();
    command_close(&cli);
    return kind_of(is_chosen ? "" : captured.err);
}

static struct str refused_by_reload(const struct options *options, const char *stream)
{
    const char *mode = options->full ? "full" : options->from || options->to ? "window" : NULL;
    struct str fields =
        FORMAT("jsonb_strip_nulls(jsonb_build_object('mode', nullif('%s', ''), 'again', "
               "nullif('%s', ''), 'from', nullif('%s', ''), 'to', nullif('%s', '')))",
               mode ? mode : "", options->again ? "yes" : "",
               options->from ? options->from : "", options->to ? options->to : "");
    struct str refusal =
        BY_SQL("select pagetide.reload_refusal('shop.%s', %.*s)", stream, STR_ARG(fields));
    return kind_of(arena_str(arena, refusal).ptr);
}

START_TEST(windows_and_again)
{
    set_up();
    BY_SQL("select pagetide.define('shop.' || b || w || 's', jsonb_build_object('write', w, "
           "'params', case b when '' then '{{ window.start }}' else 'window' end), null, "
           "'UTC', null, true) from unnest(array['append', 'upsert']) w, "
           "unnest(array['', 'blind_']) b");
    struct line_cases cases = cases_of("windows");
    for (size_t i = 0; i < cases.count; i++) {
        const char *stream;
        struct options options = options_of(cases.items[i].input, &stream);
        struct str by_sync = refused_by_sync(&options, stream);
        /* `sync` asks SQL whether records would be stored twice. */
        bool is_asked = str_is(cases.items[i].expected, "again") && str_is(by_sync, "ok");
        expect(&cases.items[i], is_asked ? STR("again") : by_sync,
               refused_by_reload(&options, stream));
    }
}
END_TEST

/* --- columns --- */

static struct stream *new_stream(const char *name)
{
    AUTO_BUF(errors, KIB(4));
    struct source *source;
    struct err err = ERR_INIT;
    struct str text = FORMAT("source: shop\nbase_url: https://api.shop.example\nstreams:\n"
                             "  %s: {path: /orders}\n",
                             name);
    ck_assert_msg(source_parse(arena, STR("shop.yaml"), text, &source, &errors, &err), "%s",
                  errors.ptr);
    return source->streams[0];
}

static const struct column *find_column(const struct columns *columns, struct str field)
{
    for (size_t i = 0; i < columns->count; i++)
        if (str_eq(columns->items[i].field, field))
            return &columns->items[i];
    return NULL;
}

/* What the page of this one record lacks in the map. */
static struct new_fields lacking(const struct columns *columns, struct str json)
{
    struct new_fields lacking = {.arena = arena};
    struct scan scan = {
        .start = json.ptr, .at = json.ptr, .end = json.ptr + json.len, .arena = arena};
    struct fields fields = {.arena = arena};
    struct record record;
    ck_assert(record_read(&scan, &fields, 0, &record));
    for (size_t i = 0; i < record.count; i++) {
        const struct record_field *field = &record.fields[i];
        const struct column *column = find_column(columns, field->name);
        if (!column)
            new_fields_add(&lacking, field);
        else if (column->may_widen &&
                 !(column_infer_kind(field) & column_infer_kind_of_type(column->type)))
            new_fields_add_wider(&lacking, field, column->type);
    }
    return lacking;
}

static struct str columns_text(const struct columns *columns)
{
    struct str text = STR("");
    for (size_t i = 0; i < columns->count; i++)
        text = FORMAT("%.*s%s%.*s %.*s", STR_ARG(text), i ? ", " : "",
                      STR_ARG(columns->items[i].name), STR_ARG(columns->items[i].sql_type));
    return text.len ? text : STR("nothing");
}

START_TEST(columns_of_new_fields)
{
    set_up();
    BY_SQL("select t_run(1)");
    struct line_cases cases = cases_of("columns");
    for (size_t i = 0; i < cases.count; i++) {
        struct stream *stream = new_stream(FORMAT("s%zu", i).ptr);
        struct column_map *map = column_map_dry_new(NULL);
        struct str rest = cases.items[i].input;
        while (rest.len) {
            AUTO_BUF(plan, KIB(64));
            struct new_fields fields = lacking(&map->columns, lines_take_cell(&rest));
            column_map_put_plan(&plan, stream, 1, &fields);
            BY_SQL("select count(*) from pagetide.extend_table($q$%.*s$q$)",
                   STR_ARG(buf_str(&plan)));
            struct column_map *wider = column_map_dry_extend(map, stream, &fields);
            column_map_unref(map);
            map = wider;
        }
        expect(&cases.items[i], columns_text(&map->columns),
               BY_SQL("select coalesce(string_agg(column_name || ' ' || type, ', ' "
                      "order by position), 'nothing') from pagetide.field "
                      "where stream = 'shop.s%zu'",
                      i));
        column_map_unref(map);
    }
}
END_TEST

SUITE("schema/rules", instants, order_of_bookmarks, texts_of_types, errors_of_the_data,
      windows_and_again, columns_of_new_fields)
