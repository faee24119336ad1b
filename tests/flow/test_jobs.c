#define SUITE_TIMEOUT 480
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/random_run.h"
#include "tests/support/suite.h"

/* `jobs`: what comes of a run is what comes of one job. */

static struct mock mock;
static struct pagetide pagetide;

static void set_up(void)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
}

static void tear_down(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

static void shared(const char *keys)
{
    pagetide_source(
        &pagetide, "s",
        "source: api\nbase_url: %s\nretry: {max_attempts: 1}\nstreams:\n"
        "  s: {path: /gen/page, params: {total: 200, per_page: 10}, merge_path: "
        "data,\n      pagination: {type: page, total_pages_path: pages, jobs: 3}%s}\n",
        mock.url, keys);
}

#define SQL(...) pagetide_sql(&pagetide, __VA_ARGS__)

START_TEST(jobs_that_failed_go_on_where_they_stand)
{
    set_up();
    shared("");
    mock_post(
        &mock, "/_mock/fault",
        "{\"path\": \"/gen/\", \"query\": \"page=9\", \"kind\": \"status\", \"status\": 404}");
    mock_post(
        &mock, "/_mock/fault",
        "{\"path\": \"/gen/\", \"query\": \"page=15\", \"kind\": \"status\", \"status\": 404}");
    ck_assert_int_eq(pagetide_run(&pagetide, "sync api.s").code, 1);
    ck_assert_str_eq(SQL("select concat_ws(' ', state, reason, substr(error, 1, 7)) from "
                         "pagetide.run"),
                     "failed http page 9:");
    ck_assert_str_eq(SQL("select string_agg(n || ' ' || state || ' ' || page, ', ' order by n) "
                         "from pagetide.job"),
                     "1 failed 1, 2 succeeded 6, 3 failed 1, 4 failed 1");
    /* One of them alone, and then the others. */
    ck_assert_int_eq(pagetide_run(&pagetide, "retry 1/3").code, 0);
    ck_assert_str_eq(
        SQL("select string_agg(n || ' ' || state, ', ' order by n) from pagetide.job"),
        "1 queued, 2 succeeded, 3 queued, 4 failed");
    ck_assert_int_eq(pagetide_run(&pagetide, "sync api.s").code, 1);
    ck_assert_str_eq(SQL("select substr(error, 1, 8) from pagetide.run"), "page 15:");
    ck_assert_int_eq(pagetide_run(&pagetide, "retry 1").code, 0);
    ck_assert_int_eq(pagetide_run(&pagetide, "sync api.s").code, 0);
    ck_assert_str_eq(SQL("select concat_ws(' ', state, complete, pages, records) from "
                         "pagetide.run"),
                     "succeeded proved 20 200");
    ck_assert_str_eq(SQL("select count(*) || ' ' || count(distinct id) from api.s"), "200 200");
    tear_down();
}
END_TEST

START_TEST(what_the_jobs_read_is_shown)
{
    set_up();
    shared("");
    ck_assert_int_eq(pagetide_run(&pagetide, "sync api.s").code, 0);
    struct pagetide_result jobs = pagetide_run(&pagetide, "jobs 1");
    ck_assert_ptr_nonnull(strstr(jobs.out, "the first page, and from page 20 on"));
    ck_assert_ptr_nonnull(strstr(jobs.out, "pages 8 to 13"));
    struct pagetide_result one = pagetide_run(&pagetide, "explain 1/3");
    ck_assert_ptr_nonnull(strstr(one.out, "pages 8 to 13"));
    ck_assert_ptr_nonnull(strstr(one.out, "the end of the range: the pages that follow are "
                                          "another job's"));
    tear_down();
}
END_TEST

/*
 * How long nobody worked on the run, by its ledger: between a page that was committed and the
 * next that was fetched, of any job. Whoever asked by a clock would be late by seconds.
 */
static const char idle_sql[] =
    "select max(extract(epoch from next - at) * 1000)::bigint from (select at, lead(at) over "
    "(order by at) as next from (select fetched_at as at from pagetide.page union all select "
    "committed_at from pagetide.page union all select finished_at from pagetide.run) a) g";

static void expect_no_wait(void)
{
    enum { NOBODY_MS = 5000 }; /* the one that waits asks by itself after 10 s, or 15 s */
    ck_assert_str_eq(SQL("select concat_ws(' ', state, complete, pages, records) from "
                         "pagetide.run"),
                     "succeeded proved 20 200");
    ck_assert_int_lt(strtol(SQL("%s", idle_sql), NULL, 10), NOBODY_MS);
}

START_TEST(nobody_waits_when_the_ranges_are_over)
{
    set_up();
    shared("");
    ck_assert_int_eq(pagetide_run(&pagetide, "sync api.s").code, 0);
    expect_no_wait();
    tear_down();
}
END_TEST

START_TEST(nobody_waits_on_the_queue_when_the_ranges_are_over)
{
    set_up();
    shared("");
    ck_assert_int_eq(pagetide_run(&pagetide, "migrate").code, 0);
    struct pagetide_process scheduler = pagetide_spawn(&pagetide, "scheduler");
    struct pagetide_process worker = pagetide_spawn(&pagetide, "worker");
    pagetide_await(&pagetide, "1", 30000, "select count(*) from pagetide.stream");
    ck_assert_int_eq(pagetide_run(&pagetide, "reload api.s").code, 0);
    pagetide_await(&pagetide, "succeeded", 60000, "select state from pagetide.run");
    expect_no_wait();
    pagetide_kill(&worker);
    pagetide_kill(&scheduler);
    tear_down();
}
END_TEST

/* Without a scheduler the jobs are known to the process alone that has the run. */
START_TEST(a_run_that_is_cancelled_has_no_jobs_left)
{
    set_up();
    shared("");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/\", \"kind\": \"slow_ms\", \"ms\": 300, \"times\": -1}");
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync api.s");
    pagetide_await(&pagetide, "4", 30000, "select count(*) from pagetide.job");
    ck_assert_int_eq(pagetide_run(&pagetide, "cancel 1").code, 0);
    ck_assert_int_eq(pagetide_wait(&sync, 60000), 1);
    ck_assert_str_eq(SQL("select string_agg(distinct state, ' ') from pagetide.job"),
                     "cancelled");
    tear_down();
}
END_TEST

/* --- random APIs --- */

enum { FIRST_SEED = 9001, SEEDS = 250 };

/*
 * State, reason and proof of a run. The records where it has succeeded: behind a place where
 * one job stops, others may have read some. NULL: the definition does not go with `jobs`.
 */
static const char *outcome_of(const struct random_api *api, struct str keys, int jobs)
{
    const char *source = pagetide_text("j%llu_%d", (unsigned long long)api->seed, jobs);
    pagetide_source(&pagetide, "s",
                    "source: %s\nbase_url: %s\nretry: {max_attempts: 1}\n"
                    "streams:\n  s: {path: /random/%llu, %.*s}\n",
                    source, mock.url, (unsigned long long)api->seed, STR_ARG(keys));
    struct pagetide_result got = pagetide_run(&pagetide, "sync %s.s --json", source);
    if (got.code == 2)
        return NULL;
    ck_assert_msg(got.code == 0 || got.code == 1, "%s%s", got.out, got.err);
    const char *summary = pagetide_last_line(got.out);
    const char *end =
        pagetide_text("%s %s %s", pagetide_json(summary, "state"),
                      pagetide_json(summary, "reason"), pagetide_json(summary, "complete"));
    if (strncmp(end, "succeeded", 9) != 0)
        return end;
    bool is_proved = strstr(end, " proved");
    return pagetide_text(
        "%s %s %s %s", end, pagetide_json(summary, "records"),
        is_proved ? pagetide_json(summary, "warnings") : "",
        pagetide_sql(
            &pagetide,
            "select string_agg(to_jsonb(t) ->> 'id', ',' order by to_jsonb(t) ->> 'id') "
            "from %s.s t",
            source));
}

/* `keys` end with the pagination, "}". */
static struct str with_jobs(struct str keys, int jobs)
{
    return str_from(pagetide_text("%.*s, jobs: %d}", (int)keys.len - 1, keys.ptr, jobs));
}

static bool is_numbered(struct str keys)
{
    return str_find(keys, STR("{type: page,")) >= 0 ||
           str_find(keys, STR("{type: offset,")) >= 0;
}

/*
 * What may differ, and why: where one job takes a doubtful answer for the end, others have read
 * records behind it. And where offsets follow the records received, pages of another size than
 * the first begin elsewhere, so that an API which gives records twice gives other ones twice.
 */
static bool is_as_good(struct str keys, const char *alone, const char *shared)
{
    bool is_proved = strncmp(alone, "succeeded  proved", 17) == 0;
    bool is_contradicted = strstr(shared, "inconsistent_end contradicted") != NULL;
    bool follows_records =
        str_find(keys, STR("{type: offset,")) >= 0 && str_find(keys, STR("step: size")) < 0;
    return strcmp(alone, shared) == 0 || (!is_proved && (is_contradicted || follows_records));
}

/* Whether the run comes out the same; *ret_tried counts those that could be tried. */
static bool try_seed(uint64_t seed, int *ret_tried)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct random_api api;
    struct random_definition definition;
    int jobs = 2 + (int)(seed % 4);
    random_api_make(&api, seed);
    random_definition_make(&definition, &api, arena);
    if (!is_numbered(definition.keys))
        return true;
    const char *shared = outcome_of(&api, with_jobs(definition.keys, jobs), jobs);
    if (!shared || strcmp(pagetide_sql(&pagetide,
                                       "select count(*) from pagetide.job j join "
                                       "pagetide.run r on r.id = j.run where r.stream "
                                       "= 'j%llu_%d.s'",
                                       (unsigned long long)seed, jobs),
                          "1") == 0)
        return true;
    ++*ret_tried;
    const char *alone = outcome_of(&api, definition.keys, 1);
    bool is_good = is_as_good(definition.keys, alone, shared);
    if (!is_good)
        fprintf(stderr, "seed %llu: %.*s\n  1: %s\n  %d: %s\n", (unsigned long long)seed,
                STR_ARG(definition.keys), alone, jobs, shared);
    return is_good;
}

START_TEST(a_random_api_is_read_as_by_one_job)
{
    int bad = 0, tried = 0;
    const struct random_seeds seeds = random_run_seeds(FIRST_SEED, SEEDS);
    set_up();
    for (uint64_t seed = seeds.first; seed <= seeds.last; seed++)
        bad += !try_seed(seed, &tried);
    printf("%d tried\n", tried);
    ck_assert_int_gt(tried, 0);
    ck_assert_msg(bad == 0, "%d of %d seeds come out otherwise: see above", bad, tried);
    tear_down();
}
END_TEST

SUITE("flow/jobs", jobs_that_failed_go_on_where_they_stand, what_the_jobs_read_is_shown,
      nobody_waits_when_the_ranges_are_over, nobody_waits_on_the_queue_when_the_ranges_are_over,
      a_run_that_is_cancelled_has_no_jobs_left, a_random_api_is_read_as_by_one_job)
