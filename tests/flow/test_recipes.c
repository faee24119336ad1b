#define SUITE_TIMEOUT 300
#include "tests/support/docs.h"
#include "tests/support/flow.h"
#include "tests/support/suite.h"

/*
 * Every definition of docs/recipes.md, as it is there, against the mock API. For the source
 * NAME, tests/tables/recipes/NAME.txt has a case per stream, in the notation of
 * tests/tables/README; the first word of a case is the stream. Before the first case:
 *
 *     host https://api.example/v1     the mock's URL takes its place in the definition
 *     env NAME value                  in the environment of the program
 *     every 10ms                      … and this in that of the waits of `prepare`
 *     sql first field                 of the answer to the next ```sql block below it
 */
static struct flow_bench bench;

static const char *source_name(struct str block)
{
    struct str line, name;
    str_split(block, '\n', &line);
    ck_assert_msg(str_starts(line, STR("source: ")), "%.*s", STR_ARG(line));
    str_split(str_slice(line, 8, line.len), ' ', &name);
    return arena_cstr(bench.arena, name);
}

static struct str replaced(struct str text, struct str old, struct str new)
{
    AUTO_BUF(out, MIB(1));
    ptrdiff_t at = str_find(text, old);
    ck_assert_msg(at >= 0, "%.*s is not in:\n%.*s", STR_ARG(old), STR_ARG(text));
    for (; at >= 0; at = str_find(text, old)) {
        buf_printf(&out, "%.*s%.*s", STR_ARG(str_slice(text, 0, (size_t)at)), STR_ARG(new));
        text = str_slice(text, (size_t)at + old.len, text.len);
    }
    buf_put(&out, text);
    return arena_str(bench.arena, buf_str(&out));
}

/* The wait of a `prepare`, which comes before `until` there. */
static struct str with_every(struct str text, struct str every)
{
    ptrdiff_t at = str_find(text, STR("      until:"));
    ck_assert_msg(at >= 0, "no `prepare` in:\n%.*s", STR_ARG(text));
    struct str head = str_slice(text, 0, (size_t)at),
               rest = str_slice(text, (size_t)at, text.len);
    ptrdiff_t own = str_find(rest, STR("      every:"));
    if (own >= 0) {
        struct str line;
        struct str behind = str_split(str_slice(rest, (size_t)own, rest.len), '\n', &line);
        rest = arena_printf(bench.arena, "%.*s%.*s", STR_ARG(str_slice(rest, 0, (size_t)own)),
                            STR_ARG(behind));
    }
    return arena_printf(bench.arena, "%.*s      every: %.*s\n%.*s", STR_ARG(head),
                        STR_ARG(every), STR_ARG(rest));
}

/* The lines before the first case; what is left of the definition's hosts is the mock. */
static struct str prepare(struct str preface, struct str definition)
{
    while (preface.len) {
        struct str line, word;
        preface = str_split(preface, '\n', &line);
        struct str rest = str_split(line, ' ', &word), name;
        if (str_is(word, "host"))
            definition = replaced(definition, rest, str_from(bench.mock.url));
        if (str_is(word, "every"))
            definition = with_every(definition, rest);
        if (!str_is(word, "env"))
            continue;
        struct str value = str_split(rest, ' ', &name);
        setenv(arena_cstr(bench.arena, name), arena_cstr(bench.arena, value), 1);
    }
    return definition;
}

/* The ```sql blocks between this definition and the next. */
static void check_sql(struct str section, struct str preface)
{
    size_t at = 0;
    while (preface.len) {
        struct str line;
        preface = str_split(preface, '\n', &line);
        if (!str_starts(line, STR("sql ")))
            continue;
        struct str sql = docs_next_block(section, "sql", &at);
        const char *got = pagetide_sql(&bench.pagetide, "%.*s", STR_ARG(sql));
        ck_assert_str_is(str_slice(line, 4, line.len), got);
    }
    ck_assert_msg(!docs_next_block(section, "sql", &at).ptr, "a query that no table expects");
}

static size_t count_streams(struct str definition)
{
    size_t count = 0;
    struct str line, rest = definition;
    ptrdiff_t at = str_find(rest, STR("\nstreams:\n"));
    for (rest = str_slice(rest, (size_t)at + 10, rest.len); at >= 0 && rest.len;) {
        rest = str_split(rest, '\n', &line);
        count += line.len > 2 && str_starts(line, STR("  ")) && line.ptr[2] > ' ';
    }
    return count;
}

static void check_recipe(struct str definition, struct str section)
{
    const char *name = source_name(definition);
    struct blocks all =
        flow_read_cases(&bench, pagetide_text("tests/tables/recipes/%s.txt", name));
    struct str text = prepare(all.preface, definition);
    ck_assert_msg(choice_is_made() || all.count >= count_streams(definition),
                  "%s: a stream without a case", name);
    for (size_t i = 0; i < all.count; i++) {
        struct str stream;
        str_split(all.items[i].title, ' ', &stream);
        struct flow_subject subject = {name, arena_cstr(bench.arena, stream), text};
        flow_try(&bench, all.path, &all.items[i], &subject);
    }
    if (!bench.problems.len && !choice_is_made())
        check_sql(section, all.preface);
}

/* RECIPE=github in the environment runs that one alone. */
START_TEST(every_recipe_runs)
{
    struct str doc = str_from(pagetide_read("docs/recipes.md"));
    const char *only = getenv("RECIPE");
    size_t at = 0, count = 0;
    flow_open(&bench);
    for (struct str block; (block = docs_next_block(doc, "yaml", &at)).ptr; count++) {
        size_t next = at;
        struct str following = docs_next_block(doc, "yaml", &next);
        size_t end = following.ptr ? (size_t)(following.ptr - doc.ptr) : doc.len;
        if (!only || str_is(str_from(only), source_name(block)))
            check_recipe(block, str_slice(doc, at, end));
    }
    ck_assert_uint_ge(count, 15);
    flow_close(&bench);
}
END_TEST

static struct str find_recipe(const char *name)
{
    struct str doc = str_from(pagetide_read("docs/recipes.md"));
    size_t at = 0;
    for (struct str block; (block = docs_next_block(doc, "yaml", &at)).ptr;)
        if (str_is(str_from(source_name(block)), name))
            return block;
    ck_abort_msg("no recipe %s", name);
}

/* Requests that a run of the stream took; what it stored is *ret_digest. */
static int64_t count_requests(struct str definition, const char *stream,
                              const char **ret_digest)
{
    mock_post(&bench.mock, "/_mock/reset", "{}");
    pagetide_source(&bench.pagetide, "s", "%.*s", STR_ARG(definition));
    struct pagetide_result got = pagetide_run(&bench.pagetide, "sync %s --full", stream);
    ck_assert_msg(got.code == 0, "%s", got.err);
    *ret_digest =
        pagetide_sql(&bench.pagetide,
                     "select count(*) || ' ' || md5(string_agg(to_jsonb(t)::text, '' order "
                     "by id)) from (select id, job_id, job_type, policy_type, status, "
                     "kilobytes_transferred from %s) t",
                     stream);
    pagetide_sql(&bench.pagetide, "truncate %s", stream);
    return mock_count(&bench.mock, "/netbackup/admin/jobs");
}

START_TEST(netbackup_takes_ten_requests_for_a_thousand_jobs)
{
    flow_open(&bench);
    setenv("NETBACKUP_TOKEN", "t", 1);
    struct str text = replaced(find_recipe("netbackup"), STR("https://master.example:1556"),
                               str_from(bench.mock.url));
    text = replaced(text, STR("params: {"), STR("params: {total: 1000, "));
    struct str single = replaced(text, STR("size: 100"), STR("size: 1"));
    const char *streams[] = {"netbackup.jobs", "netbackup.jobs_by_offset"};
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        const char *batched, *one_by_one;
        ck_assert_int_eq(count_requests(text, streams[i], &batched), 10);
        ck_assert_int_eq(count_requests(single, streams[i], &one_by_one), 1000);
        ck_assert_str_eq(batched, one_by_one);
        ck_assert_msg(str_starts(str_from(batched), STR("1000 ")), "%s", batched);
    }
    flow_close(&bench);
}
END_TEST

SUITE_OF_TABLES("tests/tables/recipes/*.txt", "flow/recipes", every_recipe_runs,
                netbackup_takes_ten_requests_for_a_thousand_jobs)
