#include "tests/support/flow.h"

#include <jansson.h>

#include "tests/support/suite.h"
#include "tests/support/table.h"

struct flow {
    struct flow_bench *bench;
    const char *path; /* of the case's table */
    const struct block *test;
    const struct flow_subject *subject;
    const char *run; /* its id */
    struct pagetide_result result;
    json_t *requests;
};

__attribute__((format(printf, 2, 3))) static void miss(struct flow *flow, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = NULL;
    ck_assert_int_ge(vasprintf(&text, fmt, args), 0);
    va_end(args);
    buf_printf(&flow->bench->problems, "  %s:%d: %.*s: %s\n", flow->path, flow->test->line,
               STR_ARG(flow->test->title), text);
    free(text);
}

/* `flow` may be NULL: %T, %R and %S are not known then. */
static const char *fill(struct flow_bench *bench, const struct flow *flow, struct str text)
{
    AUTO_BUF(out, MIB(4));
    for (size_t i = 0; i < text.len; i++) {
        char next = i + 1 < text.len ? text.ptr[i + 1] : '\0';
        if (text.ptr[i] != '%' || !next || !strchr(flow ? "MPTRS" : "MP", next)) {
            buf_put_byte(&out, text.ptr[i]);
            continue;
        }
        i++;
        if (next == 'M')
            buf_printf(&out, "%s", bench->mock.url);
        else if (next == 'P')
            buf_printf(&out, "%d", bench->mock.port);
        else if (next == 'T')
            buf_printf(&out, "%s.%s", flow->subject->source, flow->subject->stream);
        else
            buf_printf(&out, "%s", next == 'R' ? flow->run : flow->subject->source);
    }
    return arena_cstr(bench->arena, buf_str(&out));
}

static const char *filled(const struct flow *flow, struct str text)
{
    return fill(flow->bench, flow, text);
}

struct str flow_fill(struct flow_bench *bench, struct str text)
{
    return str_from(fill(bench, NULL, text));
}

struct blocks flow_read_cases(struct flow_bench *bench, const char *path)
{
    struct blocks all = blocks_read(bench->arena, path);
    for (size_t i = 0; i < all.count; i++)
        if (!block_part(&all.items[i], "expect").ptr)
            table_die(path, all.items[i].line, "no --- expect", all.items[i].title);
    choice_apply(&all);
    return all;
}

/* --- running one --- */

/* `TARGET -> BODY`, a route as JSON, or `fault` or `token` and what
 * /_mock/… of that name takes. */
static void script_line(struct flow_bench *bench, const struct flow *flow, struct str line)
{
    static const char *const controls[] = {"fault", "token"};
    for (size_t i = 0; i < COUNT_OF(controls); i++) {
        struct str word, rest = str_split(line, ' ', &word);
        if (!str_is(word, controls[i]))
            continue;
        mock_post(&bench->mock, pagetide_text("/_mock/%s", controls[i]),
                  fill(bench, flow, rest));
        return;
    }
    ptrdiff_t arrow = line.ptr[0] == '/' ? str_find(line, STR(" -> ")) : -1;
    if (arrow >= 0)
        line = arena_printf(bench->arena, "{\"path\": \"%.*s\", \"body\": %.*s}",
                            STR_ARG(str_slice(line, 0, (size_t)arrow)),
                            STR_ARG(str_slice(line, (size_t)arrow + 4, line.len)));
    mock_post(&bench->mock, "/_mock/route", fill(bench, flow, line));
}

/* `flow` may be NULL, as in fill. */
static void script(struct flow_bench *bench, const struct flow *flow, const struct block *test)
{
    mock_post(&bench->mock, "/_mock/reset", "{}");
    struct str line, rest = block_part(test, "mock");
    while (rest.len) {
        rest = str_split(rest, '\n', &line);
        if (line.len)
            script_line(bench, flow, line);
    }
}

void flow_script(struct flow_bench *bench, const struct block *test)
{
    script(bench, NULL, test);
}

static void run_flow(struct flow *flow)
{
    script(flow->bench, flow, flow->test);
    const struct flow_subject *subject = flow->subject;
    pagetide_source(&flow->bench->pagetide, "s", "%.*s", STR_ARG(subject->definition));
    flow->result = pagetide_run(&flow->bench->pagetide, "sync %s.%s --json", subject->source,
                                subject->stream);
    json_t *log = json_loads(mock_get(&flow->bench->mock, "/_mock/requests"), 0, NULL);
    ck_assert_ptr_nonnull(log);
    flow->requests = json_incref(json_object_get(log, "requests"));
    json_decref(log);
}

void flow_put_definition(struct flow_bench *bench, const struct block *test, const char *source,
                         struct buf *out)
{
    struct str keys = block_part(test, "source");
    buf_printf(out, "source: %s\n", source);
    if (str_find(keys, STR("base_url:")) < 0)
        buf_printf(out, "base_url: %s\n", bench->mock.url);
    if (str_find(keys, STR("retry:")) < 0)
        buf_puts(out, "retry: {initial_delay: 10ms, jitter: none}\n");
    buf_put(out, flow_fill(bench, keys));
    buf_puts(out, "streams:\n  s:\n");
    struct str line, rest = flow_fill(bench, test->head);
    while (rest.len) {
        rest = str_split(rest, '\n', &line);
        buf_printf(out, "    %.*s\n", STR_ARG(line));
    }
}

/* --- judging it --- */

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

static void expect_part(struct flow *flow, const char *what, const char *got,
                        const char *wanted)
{
    if (!strstr(got, wanted))
        miss(flow, "%s does not hold \"%s\": %s", what, wanted, got);
}

static const char *ask(struct flow *flow, const char *sql)
{
    return pagetide_try_sql(&flow->bench->pagetide, "%s", filled(flow, str_from(sql)));
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
    struct str name, value = str_split(str_from(colon + 1), ':', &name);
    const json_t *headers = json_object_get(json_array_get(flow->requests, index), "headers");
    const char *got =
        json_string_value(json_object_get(headers, arena_cstr(flow->bench->arena, name)));
    expect_text(flow, arena_cstr(flow->bench->arena, name), got ? got : "",
                arena_cstr(flow->bench->arena, str_trim(value)));
}

static void expect_sql(struct flow *flow, const char *line)
{
    const char *bar = strstr(line, " | ");
    ck_assert_msg(bar != NULL, "%.*s: sql without a bar", STR_ARG(flow->test->title));
    const char *wanted =
        arena_cstr(flow->bench->arena, (struct str){line, (size_t)(bar - line)});
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
        expect_part(flow, key, summary(flow, key), value);
    else if (!strcmp(key, "stderr"))
        expect_part(flow, key, flow->result.err, value);
    else if (!strcmp(key, "warning"))
        expect_part(flow, key, ask(flow, "select warnings from pagetide.run where id = %R"),
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
    struct str line, rest = block_part(flow->test, "expect");
    while (rest.len) {
        struct str key;
        rest = str_split(rest, '\n', &line);
        struct str value = str_trim(str_split(line, ' ', &key));
        progress.said_code |= str_is(key, "exit");
        progress.said_state |= str_is(key, "state");
        if (key.len)
            judge_line(flow, &progress, arena_cstr(flow->bench->arena, key),
                       filled(flow, value));
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

void flow_try(struct flow_bench *bench, const char *path, const struct block *test,
              const struct flow_subject *subject)
{
    struct flow flow = {
        .bench = bench, .path = path, .test = test, .subject = subject, .run = ""};
    run_flow(&flow);
    flow.run = summary(&flow, "run");
    judge(&flow);
    json_decref(flow.requests);
}

void flow_open(struct flow_bench *bench)
{
    bench->arena = arena_new();
    buf_init(&bench->problems, MIB(4));
    setenv("FLOW_TOKEN", "s3cr3t+token/1", 1);
    mock_start(NULL, &bench->mock);
    pagetide_open(&bench->pagetide);
    setenv("PAGETIDE_SECRETS_DIR", bench->pagetide.dir, 1);
    pagetide_file(&bench->pagetide, "api_key", "s3cr3t-file\n");
    pagetide_file(&bench->pagetide, "shop.json",
                  "{\"user\": \"u\", \"password\": \"s3cr3t+token/1\"}");
}

void flow_close(struct flow_bench *bench)
{
    fprintf(stderr, "%.*s", STR_ARG(buf_str(&bench->problems)));
    ck_assert_msg(bench->problems.len == 0, "see above");
    pagetide_close(&bench->pagetide);
    mock_stop(&bench->mock);
    buf_done(&bench->problems);
    arena_free(bench->arena);
}
