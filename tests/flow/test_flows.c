#define SUITE_TIMEOUT 300
#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/*
 * The cases of tests/tables/flows/: a definition, what the API answers, what must come of it.
 * tests/tables/flows/README tells the notation. One source, one table and one `pagetide sync`
 * each, all in one database; the mock API starts anew for each.
 */
static struct mock mock;
static struct pagetide pagetide;
static struct arena *arena;

struct flow {
    struct str file, name; /* "P01 page by flag" */
    struct str keys, source_keys, mock, expect;
    struct pagetide_result result;
    json_t *requests;
    const char *source, *run; /* "p01", its run's id */
    struct buf problems;
};

__attribute__((format(printf, 2, 3))) static void miss(struct flow *flow, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = NULL;
    ck_assert_int_ge(vasprintf(&text, fmt, args), 0);
    va_end(args);
    buf_printf(&flow->problems, "  %.*s: %.*s: %s\n", STR_ARG(flow->file), STR_ARG(flow->name),
               text);
    free(text);
}

/* "%M" is the mock's URL, "%P" its port, "%T" the case's table, "%R" the run, "%S" the source. */
static const char *filled(const struct flow *flow, struct str text)
{
    AUTO_BUF struct buf out;
    buf_init(&out, MIB(4));
    for (size_t i = 0; i < text.len; i++) {
        char next = i + 1 < text.len ? text.ptr[i + 1] : '\0';
        if (text.ptr[i] != '%' || !strchr("MPTRS", next) || !next) {
            buf_put_byte(&out, text.ptr[i]);
            continue;
        }
        i++;
        if (next == 'M')
            buf_printf(&out, "%s", mock.url);
        else if (next == 'P')
            buf_printf(&out, "%d", mock.port);
        else if (next == 'T')
            buf_printf(&out, "%s.s", flow->source);
        else
            buf_printf(&out, "%s", next == 'R' ? flow->run : flow->source);
    }
    return arena_cstr(arena, buf_str(&out));
}

/* ---- reading a case ---------------------------------------------------------------------- */

static struct str section(struct str block, struct str name)
{
    struct str mark = arena_printf(arena, "\n--- %.*s\n", STR_ARG(name));
    ptrdiff_t at = str_find(block, mark);
    if (at < 0)
        return STR_NONE;
    struct str rest = str_slice(block, (size_t)at + mark.len, block.len);
    ptrdiff_t end = str_find(rest, STR("\n--- "));
    return end < 0 ? rest : str_slice(rest, 0, (size_t)end + 1);
}

/* The first word, in lower case: it names the source. */
static const char *source_name(struct str name)
{
    struct str word;
    str_cut(name, ' ', &word);
    char *copy = arena_cstr(arena, word);
    for (char *c = copy; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 32 : *c);
    return copy;
}

static struct flow read_flow(struct str file, struct str block)
{
    struct flow flow = {.file = file};
    struct str body = str_cut(block, '\n', &flow.name);
    body = arena_printf(arena, "\n%.*s", STR_ARG(body));
    ptrdiff_t end = str_find(body, STR("\n--- "));
    ck_assert_msg(end >= 0, "%.*s: no --- expect", STR_ARG(flow.name));
    flow.keys = str_slice(body, 1, (size_t)end + 1);
    flow.source_keys = section(body, STR("source"));
    flow.mock = section(body, STR("mock"));
    flow.expect = section(body, STR("expect"));
    flow.source = source_name(flow.name);
    flow.run = "";
    buf_init(&flow.problems, MIB(1));
    return flow;
}

/* ---- running it -------------------------------------------------------------------------- */

static void write_source(const struct flow *flow)
{
    AUTO_BUF struct buf text;
    buf_init(&text, MIB(1));
    buf_printf(&text, "source: %s\n", flow->source);
    if (str_find(flow->source_keys, STR("base_url:")) < 0)
        buf_printf(&text, "base_url: %s\n", mock.url);
    if (str_find(flow->source_keys, STR("retry:")) < 0)
        buf_puts(&text, "retry: {initial_delay: 10ms, jitter: none}\n");
    buf_put(&text, str_from(filled(flow, flow->source_keys)));
    buf_puts(&text, "streams:\n  s:\n");
    struct str line, rest = str_from(filled(flow, flow->keys));
    while (rest.len) {
        rest = str_cut(rest, '\n', &line);
        buf_printf(&text, "    %.*s\n", STR_ARG(line));
    }
    pagetide_source(&pagetide, "s", "%.*s", STR_ARG(buf_str(&text)));
}

/* `TARGET -> BODY`, a route as JSON, or `fault` and a fault as JSON. */
static void script_line(const struct flow *flow, struct str line)
{
    if (str_starts(line, STR("fault "))) {
        mock_post(&mock, "/_mock/fault", filled(flow, str_slice(line, 6, line.len)));
        return;
    }
    ptrdiff_t arrow = line.ptr[0] == '/' ? str_find(line, STR(" -> ")) : -1;
    if (arrow >= 0)
        line = arena_printf(arena, "{\"path\": \"%.*s\", \"body\": %.*s}",
                            STR_ARG(str_slice(line, 0, (size_t)arrow)),
                            STR_ARG(str_slice(line, (size_t)arrow + 4, line.len)));
    mock_post(&mock, "/_mock/route", filled(flow, line));
}

static void run_flow(struct flow *flow)
{
    mock_post(&mock, "/_mock/reset", "{}");
    struct str line, rest = flow->mock;
    while (rest.len) {
        rest = str_cut(rest, '\n', &line);
        if (line.len)
            script_line(flow, line);
    }
    write_source(flow);
    flow->result = pagetide_run(&pagetide, "sync %s.s --json", flow->source);
    json_t *log = json_loads(mock_get(&mock, "/_mock/requests"), 0, NULL);
    ck_assert_ptr_nonnull(log);
    flow->requests = json_incref(json_object_get(log, "requests"));
    json_decref(log);
}

/* ---- judging it -------------------------------------------------------------------------- */

static const char *summary(const struct flow *flow, const char *key)
{
    const char *line = pagetide_last_line(flow->result.out);
    return *line ? pagetide_json(line, key) : "(no summary)";
}

static void expect_text(struct flow *flow, const char *what, const char *got,
                        const char *wanted)
{
    if (strcmp(got, wanted) != 0)
        miss(flow, "%s is %s, not %s; %s%s", what, got, wanted, summary(flow, "error"),
             flow->result.err);
}

static void expect_holds(struct flow *flow, const char *what, const char *got,
                         const char *wanted)
{
    if (!strstr(got, wanted))
        miss(flow, "%s does not hold \"%s\": %s", what, wanted, got);
}

static const char *ask(struct flow *flow, const char *sql)
{
    return pagetide_try_sql(&pagetide, "%s", filled(flow, str_from(sql)));
}

/* `1..35`, or the ids one by one; none at all where the table need not be there. */
static void expect_ids(struct flow *flow, const char *wanted)
{
    const char *dots = strstr(wanted, "..");
    if (!*wanted) {
        expect_text(flow, "the number of tables",
                    ask(flow, "select count(*) from pg_tables where schemaname = '%S'"), "0");
        return;
    }
    if (dots)
        wanted = ask(flow, pagetide_text("select string_agg(i::text, ' ' order by i) from "
                                         "generate_series(%d, %d) i",
                                         (int)strtol(wanted, NULL, 10),
                                         (int)strtol(dots + 2, NULL, 10)));
    if (!*ask(flow, "select to_regclass('%T')"))
        miss(flow, "there is no table: %s%s", summary(flow, "error"), flow->result.err);
    else
        expect_text(flow, "ids",
                    ask(flow, "select string_agg(id::text, ' ' order by ctid) from %T"),
                    wanted);
}

static const char *requested(const struct flow *flow, size_t index, const char *key)
{
    const json_t *request = json_array_get(flow->requests, index);
    const char *text = json_string_value(json_object_get(request, key));
    return text ? text : "(no request)";
}

/* `2 name: value`: the second request's header; no value means that it was not sent. */
static void expect_header(struct flow *flow, const char *wanted)
{
    char *colon;
    size_t index = strtoul(wanted, &colon, 10) - 1;
    struct str name, value = str_cut(str_from(colon + 1), ':', &name);
    const json_t *headers = json_object_get(json_array_get(flow->requests, index), "headers");
    const char *got = json_string_value(json_object_get(headers, arena_cstr(arena, name)));
    expect_text(flow, arena_cstr(arena, name), got ? got : "",
                arena_cstr(arena, str_trim(value)));
}

static void expect_sql(struct flow *flow, const char *line)
{
    const char *bar = strstr(line, " | ");
    ck_assert_msg(bar != NULL, "%.*s: sql without a bar", STR_ARG(flow->name));
    const char *wanted = arena_cstr(arena, (struct str){line, (size_t)(bar - line)});
    expect_text(flow, bar + 3, ask(flow, bar + 3), wanted);
}

struct progress {
    size_t targets, bodies;
    bool said_code, said_state;
};

static void judge_line(struct flow *flow, struct progress *progress, const char *key,
                       const char *value)
{
    if (!strcmp(key, "ids"))
        expect_ids(flow, value);
    else if (!strcmp(key, "exit"))
        expect_text(flow, key, pagetide_text("%d", flow->result.code), value);
    else if (!strcmp(key, "requests"))
        expect_text(flow, key, pagetide_text("%zu", json_array_size(flow->requests)), value);
    else if (!strcmp(key, "target"))
        expect_text(flow, key, requested(flow, progress->targets++, "target"), value);
    else if (!strcmp(key, "body"))
        expect_text(flow, key, requested(flow, progress->bodies++, "body"), value);
    else if (!strcmp(key, "header"))
        expect_header(flow, value);
    else if (!strcmp(key, "error"))
        expect_holds(flow, key, summary(flow, key), value);
    else if (!strcmp(key, "stderr"))
        expect_holds(flow, key, flow->result.err, value);
    else if (!strcmp(key, "warning"))
        expect_holds(flow, key, ask(flow, "select warnings from pagetide.run where id = %R"),
                     value);
    else if (!strcmp(key, "sql"))
        expect_sql(flow, value);
    else
        expect_text(flow, key, summary(flow, key), value);
}

/* Targets are all or none; success is expected where nothing else is said. */
static void judge(struct flow *flow)
{
    struct progress progress = {0};
    struct str line, rest = flow->expect;
    while (rest.len) {
        struct str key;
        rest = str_cut(rest, '\n', &line);
        struct str value = str_trim(str_cut(line, ' ', &key));
        progress.said_code |= str_is(key, "exit");
        progress.said_state |= str_is(key, "state");
        if (key.len)
            judge_line(flow, &progress, arena_cstr(arena, key), filled(flow, value));
    }
    if (!progress.said_code)
        expect_text(flow, "exit", pagetide_text("%d", flow->result.code), "0");
    if (!progress.said_state && !progress.said_code)
        expect_text(flow, "state", summary(flow, "state"), "succeeded");
    size_t requests = json_array_size(flow->requests);
    if (progress.targets && progress.targets != requests)
        miss(flow, "%zu requests, not %zu; the last %s", requests, progress.targets,
             requested(flow, requests - 1, "target"));
    if (strstr(flow->result.err, "Sanitizer"))
        miss(flow, "%s", flow->result.err);
}

static void check_flow(struct str file, struct str block, struct buf *problems)
{
    struct flow flow = read_flow(file, block);
    run_flow(&flow);
    flow.run = *flow.result.out ? summary(&flow, "run") : "0";
    judge(&flow);
    json_decref(flow.requests);
    buf_put(problems, buf_str(&flow.problems));
    buf_done(&flow.problems);
}

/* FLOW=P33 in the environment runs that case alone. */
static bool is_wanted(struct str block)
{
    const char *only = getenv("FLOW");
    return !only || (str_starts(block, str_from(only)) && block.ptr[strlen(only)] == ' ');
}

static void check_file(const char *name)
{
    AUTO_BUF struct buf problems;
    buf_init(&problems, MIB(4));
    arena = arena_new();
    setenv("FLOW_TOKEN", "s3cr3t+token/1", 1);
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    setenv("PAGETIDE_SECRETS_DIR", pagetide.dir, 1);
    pagetide_file(&pagetide, "api_key", "s3cr3t-file\n");
    pagetide_file(&pagetide, "shop.json",
                  "{\"user\": \"u\", \"password\": \"s3cr3t+token/1\"}");
    struct str rest = str_from(pagetide_read(pagetide_text("tests/tables/flows/%s", name)));
    ptrdiff_t at = str_find(rest, STR("\n=== "));
    ck_assert_msg(at >= 0, "%s holds no cases", name);
    while (at >= 0) {
        rest = str_slice(rest, (size_t)at + 5, rest.len);
        at = str_find(rest, STR("\n=== "));
        struct str block = at < 0 ? rest : str_slice(rest, 0, (size_t)at + 1);
        if (is_wanted(block))
            check_flow(str_from(name), block, &problems);
    }
    fprintf(stderr, "%.*s", STR_ARG(buf_str(&problems)));
    ck_assert_msg(problems.len == 0, "%s: see above", name);
    pagetide_close(&pagetide);
    mock_stop(&mock);
    arena_free(arena);
}

START_TEST(pages)
{
    check_file("pages.txt");
}
END_TEST

START_TEST(response)
{
    check_file("response.txt");
}
END_TEST

START_TEST(recognised)
{
    check_file("auto.txt");
}
END_TEST

START_TEST(answers)
{
    check_file("answers.txt");
}
END_TEST

START_TEST(rules)
{
    check_file("rules.txt");
}
END_TEST

START_TEST(records)
{
    check_file("records.txt");
}
END_TEST

SUITE("flow/flows", pages, response, recognised, answers, rules, records)
