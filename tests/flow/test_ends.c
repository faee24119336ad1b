#define SUITE_TIMEOUT 240
#include <jansson.h>

#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/random_run.h"
#include "tests/support/suite.h"

/*
 * The promises of random_run.h with all that tests/unit/worker/test_ends.c replaces: a server,
 * a network, and PostgreSQL's own merge. A few seeds, since each is a run of the program.
 */
enum { FIRST_SEED = 5001, SEEDS = 40 };

static struct mock mock;
static struct pagetide pagetide;
static struct random_run run;

static enum job_complete complete_of(const char *word)
{
    for (enum job_complete i = COMPLETE_UNKNOWN; i <= COMPLETE_CONTRADICTED; i++)
        if (!strcmp(word, job_complete_name(i)))
            return i;
    ck_abort_msg("complete is %s", word);
}

static int count(const char *sql)
{
    return (int)strtol(pagetide_sql(&pagetide, "%s", sql), NULL, 10);
}

static void read_table(const char *table)
{
    if (!*pagetide_sql(&pagetide, "select to_regclass('%s')", table))
        return;
    run.rows = count(pagetide_text("select count(*) from %s", table));
    for (int key = 1; run.rows && key <= RANDOM_RECORDS_MAX; key++)
        run.has[key] =
            count(pagetide_text("select count(*) from %s where id = %d", table, key));
}

/* A count that is asked for alone is no page. */
static bool asks_for_page(const json_t *request)
{
    struct str path, target = str_from(json_string_value(json_object_get(request, "target")));
    str_split(target, '?', &path);
    return strcmp(json_string_value(json_object_get(request, "method")), "HEAD") != 0 &&
           !str_ends(path, STR("/count"));
}

static struct random_answer answer_again(const struct random_api *api, struct arena *arena,
                                         const json_t *request)
{
    struct str path, target = str_from(json_string_value(json_object_get(request, "target")));
    struct str query = str_split(target, '?', &path);
    struct str rest = str_ends(path, STR("/count")) ? STR("/count") : STR_NONE;
    return random_answer_make(api, arena, rest, query, 1);
}

/* What the last answers said of the end: they are made again. */
static void read_last_answers(const struct random_api *api, struct arena *arena)
{
    json_t *log = json_loads(mock_get(&mock, "/_mock/requests"), 0, NULL);
    const json_t *requests = json_object_get(log, "requests");
    size_t last = json_array_size(requests);
    int64_t counted = -1;
    run.requests = (int)last;
    for (; last > 1 && !asks_for_page(json_array_get(requests, last - 1)); last--)
        counted = answer_again(api, arena, json_array_get(requests, last - 1)).signs.total;
    struct random_answer answer = answer_again(api, arena, json_array_get(requests, last - 1));
    run.last = answer.signs;
    run.last_seen = answer.seen;
    if (counted >= 0)
        run.last.total = counted;
    json_decref(log);
}

static const char *sync(const struct random_api *api, const char *source, struct str keys)
{
    mock_post(&mock, "/_mock/reset", "{}");
    pagetide_source(&pagetide, "s",
                    "source: %s\nbase_url: %s\nretry: {max_attempts: 1}\n"
                    "streams:\n  s: {path: /random/%llu, %.*s}\n",
                    source, mock.url, (unsigned long long)api->seed, STR_ARG(keys));
    struct pagetide_result got = pagetide_run(&pagetide, "sync %s.s --json", source);
    ck_assert_msg(got.code == 0 || got.code == 1, "%s%s", got.out, got.err);
    return pagetide_last_line(got.out);
}

static void read_api(const struct random_api *api, const struct random_definition *definition,
                     struct arena *arena)
{
    const char *source = pagetide_text("random_%llu", (unsigned long long)api->seed);
    const char *summary = sync(api, source, definition->keys);
    run = (struct random_run){.complete = complete_of(pagetide_json(summary, "complete"))};
    ck_assert(job_state_parse(str_from(pagetide_json(summary, "state")), &run.state));
    run.pages = (int)strtol(pagetide_json(summary, "pages"), NULL, 10);
    run.read = strtoll(pagetide_json(summary, "records"), NULL, 10);
    read_table(pagetide_text("%s.s", source));
    read_last_answers(api, arena);
}

static int request_count(void)
{
    json_t *log = json_loads(mock_get(&mock, "/_mock/requests"), 0, NULL);
    int count = (int)json_array_size(json_object_get(log, "requests"));
    json_decref(log);
    return count;
}

/*
 * With `parallel` the log does not say which page was the last, and need not: all comes out as
 * it does page by page. At most three windows are asked for in vain, and one lies behind the
 * end.
 */
static const char *fault_ahead(const struct random_api *api,
                               const struct random_definition *definition)
{
    const char *source = pagetide_text("ahead_%llu", (unsigned long long)api->seed);
    const char *summary = sync(api, source, definition->ahead);
    const char *table = pagetide_text("%s.s", source);
    bool has_table = *pagetide_sql(&pagetide, "select to_regclass('%s')", table);
    int rows = has_table ? count(pagetide_text("select count(*) from %s", table)) : 0;
    if (strcmp(pagetide_json(summary, "complete"), job_complete_name(run.complete)) != 0)
        return "`parallel` ends with another `complete`";
    if (strcmp(pagetide_json(summary, "state"), job_state_name(run.state)) != 0)
        return "`parallel` ends in another state";
    if (strtol(pagetide_json(summary, "pages"), NULL, 10) != run.pages ||
        strtoll(pagetide_json(summary, "records"), NULL, 10) != run.read || rows != run.rows)
        return "`parallel` reads other pages";
    if (request_count() > run.requests + 4 * (definition->parallel - 1))
        return "`parallel` asks for too much";
    return NULL;
}

static bool try_seed(uint64_t seed)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct random_api api;
    struct random_definition definition;
    random_api_make(&api, seed);
    random_definition_make(&definition, &api, arena);
    read_api(&api, &definition, arena);
    const char *fault = random_run_fault(&api, &definition, &run);
    if (!fault && definition.ahead.len)
        fault = fault_ahead(&api, &definition);
    if (fault)
        fprintf(stderr, "seed %llu: %s\n%.*s", (unsigned long long)seed, fault,
                STR_ARG(random_run_describe(&api, &definition, &run, arena)));
    return !fault;
}

START_TEST(no_end_is_proved_that_is_none)
{
    int bad = 0;
    const struct random_seeds seeds = random_run_seeds(FIRST_SEED, SEEDS);
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    for (uint64_t seed = seeds.first; seed <= seeds.last; seed++)
        bad += !try_seed(seed);
    ck_assert_msg(bad == 0, "%d seeds break a promise: see above", bad);
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

SUITE("flow/ends", no_end_is_proved_that_is_none)
