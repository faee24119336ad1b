#define SUITE_TIMEOUT 240
#include <jansson.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/random_run.h"
#include "tests/support/schema.h"
#include "tests/support/suite.h"

/* `parallel`: what comes of a run is what comes of one request at a time. */

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

/* api.s: 400 records in pages of 10. */
static void forty_pages(int parallel)
{
    pagetide_source(&pagetide, "s",
                    "source: api\nbase_url: %s\nstreams:\n"
                    "  s: {path: /gen/page, params: {total: 400, per_page: 10}, merge_path: "
                    "data,\n      pagination: {type: page, total_pages_path: pages, parallel: "
                    "%d}}\n",
                    mock.url, parallel);
}

enum { LIMIT_MS = 20000 };

static void await_requests(int64_t count)
{
    int64_t deadline = pagetide_deadline(LIMIT_MS);
    while (mock_count(&mock, "/gen/page") < count) {
        ck_assert_msg(clock_mono_ms() < deadline, "%lld requests",
                      (long long)mock_count(&mock, "/gen/page"));
        usleep(5000);
    }
}

static int most_in_flight(void)
{
    json_t *log = json_loads(mock_get(&mock, "/_mock/requests"), 0, NULL);
    int most = (int)json_integer_value(json_object_get(log, "max_active"));
    json_decref(log);
    return most;
}

START_TEST(so_many_requests_are_in_flight)
{
    set_up();
    forty_pages(8);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 100}");
    ck_assert_int_eq(pagetide_run(&pagetide, "sync api.s").code, 0);
    ck_assert_int_eq(most_in_flight(), 8);
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 40);
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) || ' ' || count(distinct id) "
                                             "from api.s"),
                     "400 400");
    tear_down();
}
END_TEST

/* One page that takes its time does not keep the others: their answers wait for it. Page 1 is
 * read alone, page 2 is waited for, and behind it two windows of three are asked for. */
START_TEST(a_slow_page_does_not_stop_the_others)
{
    enum { PARALLEL = 3 };
    set_up();
    forty_pages(PARALLEL);
    mock_post(&mock, "/_mock/fault", "{\"path\": \"/gen/\", \"page\": 2, \"kind\": \"hang\"}");
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync api.s");
    await_requests(1 + 2 * PARALLEL);
    ck_assert_int_le(most_in_flight(), PARALLEL);
    pagetide_kill(&sync);
    mock_post(&mock, "/_mock/fault", "{\"path\": \"/gen/\", \"times\": 0}");
    ck_assert_int_eq(pagetide_run(&pagetide, "sync api.s").code, 0);
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) || ' ' || count(distinct id) "
                                             "from api.s"),
                     "400 400");
    tear_down();
}
END_TEST

/* Page 1 cannot be stored before its table is made: those behind it are asked for meanwhile. */
START_TEST(pages_are_asked_for_while_the_table_is_made)
{
    enum { PARALLEL = 4 };
    set_up();
    forty_pages(PARALLEL);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/\", \"page\": 1, \"kind\": \"slow_ms\", \"ms\": 1500}");
    struct pagetide_process sync = pagetide_spawn(&pagetide, "sync api.s");
    await_requests(1);
    struct schema_session *lock = schema_session_open(pagetide.database_url);
    schema_session_sql(lock, "begin; lock table pagetide.field in share mode");
    await_requests(1 + PARALLEL);
    schema_session_sql(lock, "commit");
    ck_assert_int_eq(pagetide_wait(&sync, LIMIT_MS), 0);
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) || ' ' || count(distinct id) "
                                             "from api.s"),
                     "400 400");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 40);
    tear_down();
}
END_TEST

/* --- random APIs --- */

enum { FIRST_SEED = 7001, SEEDS = 60 };

/* State, reason, proof and counts of a run, and the ids that it stored in their order. */
static const char *outcome_of(const struct random_api *api, struct str keys, int parallel)
{
    const char *source = pagetide_text("r%llu_%d", (unsigned long long)api->seed, parallel);
    pagetide_source(&pagetide, "s",
                    "source: %s\nbase_url: %s\nretry: {max_attempts: 1}\n"
                    "streams:\n  s: {path: /random/%llu, %.*s}\n",
                    source, mock.url, (unsigned long long)api->seed, STR_ARG(keys));
    struct pagetide_result got = pagetide_run(&pagetide, "sync %s.s --json", source);
    ck_assert_msg(got.code == 0 || got.code == 1, "%s%s", got.out, got.err);
    const char *summary = pagetide_last_line(got.out);
    return pagetide_text(
        "%s %s %s %s %s %s", pagetide_json(summary, "state"), pagetide_json(summary, "reason"),
        pagetide_json(summary, "complete"), pagetide_json(summary, "pages"),
        pagetide_json(summary, "records"),
        pagetide_sql(&pagetide,
                     "select string_agg(to_jsonb(t) ->> 'id', ',' order by ctid) from %s.s t",
                     source));
}

/* `keys` end with the pagination, "}". */
static struct str with_parallel(struct str keys, int parallel)
{
    return str_from(
        pagetide_text("%.*s, parallel: %d}", (int)keys.len - 1, keys.ptr, parallel));
}

static bool is_numbered(struct str keys)
{
    return str_find(keys, STR("{type: page,")) >= 0 ||
           str_find(keys, STR("{type: offset,")) >= 0;
}

/* Whether the run comes out the same; *ret_tried counts those that could be tried. */
static bool try_seed(uint64_t seed, int *ret_tried)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct random_api api;
    struct random_definition definition;
    int parallel = 2 + (int)(seed % 7);
    random_api_make(&api, seed);
    random_definition_make(&definition, &api, arena);
    if (!is_numbered(definition.keys))
        return true;
    ++*ret_tried;
    const char *alone = outcome_of(&api, definition.keys, 1);
    const char *ahead = outcome_of(&api, with_parallel(definition.keys, parallel), parallel);
    if (strcmp(alone, ahead) != 0)
        fprintf(stderr, "seed %llu: %.*s\n  1: %s\n  %d: %s\n", (unsigned long long)seed,
                STR_ARG(definition.keys), alone, parallel, ahead);
    return strcmp(alone, ahead) == 0;
}

START_TEST(a_random_api_is_read_as_by_one_request_at_a_time)
{
    int bad = 0, tried = 0;
    const struct random_seeds seeds = random_run_seeds(FIRST_SEED, SEEDS);
    set_up();
    for (uint64_t seed = seeds.first; seed <= seeds.last; seed++)
        bad += !try_seed(seed, &tried);
    ck_assert_int_gt(tried, 0);
    ck_assert_msg(bad == 0, "%d of %d seeds come out otherwise: see above", bad, tried);
    tear_down();
}
END_TEST

SUITE("flow/parallel", so_many_requests_are_in_flight, a_slow_page_does_not_stop_the_others,
      pages_are_asked_for_while_the_table_is_made,
      a_random_api_is_read_as_by_one_request_at_a_time)
