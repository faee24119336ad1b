#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#define SUITE_TIMEOUT 300
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/*
 * `kill -9` at random moments: two runs of 500 pages, one that appends and one that upserts,
 * are in the same process and lose it 50 times each.
 */
enum {
    PAGES = 500,
    KILLS = 50,
    PAGE_RECORDS = 10,
    BATCH_PAGES = 2,
    /* Fetched but not committed: a batch being committed, an open one, a page in flight. */
    LOST_PAGES_MAX = 2 * BATCH_PAGES + 1,
};

static const char definition[] = "source: api\n"
                                 "base_url: %s\n"
                                 "streams:\n"
                                 "  appended:\n"
                                 "    path: /gen/page\n"
                                 "    params: {per_page: 10, total: 5000, seed: 1}\n"
                                 "    pagination: {type: page, total_pages_path: pages}\n"
                                 "    merge_path: data\n"
                                 "  upserted:\n"
                                 "    path: /gen/cursor\n"
                                 "    params: {limit: 10, total: 5000, seed: 2}\n"
                                 "    pagination: {type: cursor, cursor_path: next_cursor, "
                                 "param: cursor}\n"
                                 "    merge_path: data\n"
                                 "    write: upsert\n"
                                 "    key: [id]\n";

struct stream_state {
    const char *path, *stream;
    int64_t pages, requests; /* committed and asked for, when last looked at */
    int64_t lost, lost_max;
};

struct siege {
    struct pagetide pagetide;
    struct mock mock;
    struct rng rng;
    uint64_t seed;
    struct stream_state streams[2];
    int kills, idle_kills;
    int64_t began_mono_ms;
};

static uint64_t choose_seed(void)
{
    const char *given = getenv("PAGETIDE_TEST_SEED");
    return given ? strtoull(given, NULL, 10) : (uint64_t)clock_wall_ms();
}

static void siege_open(struct siege *siege)
{
    *siege = (struct siege){.seed = choose_seed(),
                            .streams = {{.path = "/gen/page", .stream = "api.appended"},
                                        {.path = "/gen/cursor", .stream = "api.upserted"}}};
    printf("seed %llu (PAGETIDE_TEST_SEED)\n", (unsigned long long)siege->seed);
    rng_seed(&siege->rng, siege->seed);
    mock_start(NULL, &siege->mock);
    pagetide_open(&siege->pagetide);
    pagetide_source(&siege->pagetide, "api", definition, siege->mock.url);
    mock_post(&siege->mock, "/_mock/fault",
              "{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 15}");
    setenv("PAGETIDE_BATCH_RECORDS", "20", 1);
    setenv("PAGETIDE_BATCH_AGE", "50ms", 1);
    siege->began_mono_ms = clock_mono_ms();
}

static int64_t number_of(const char *text)
{
    int64_t number = 0;
    ck_assert_msg(*text == '\0' || str_to_int64(str_from(text), &number), "%s", text);
    return number;
}

static bool is_over(struct siege *siege)
{
    return *pagetide_sql(&siege->pagetide,
                         "select 'over' from pagetide.run having count(*) = 2 and bool_and("
                         "pagetide.is_end(state))") != '\0';
}

/* Some job would not survive another loss without a page between: that is another test. */
static bool is_endangered(struct siege *siege)
{
    return *pagetide_sql(&siege->pagetide,
                         "select 'yes' from pagetide.job where crashes >= 2 limit 1") != '\0';
}

/* Until every unfinished job is in the hands of `worker`, and all their crashes but one are
 * behind a committed page. */
static void await_work(struct siege *siege, const struct pagetide_process *worker)
{
    int64_t deadline = clock_mono_ms() + 15000;
    while (!is_over(siege)) {
        bool works = *pagetide_sql(&siege->pagetide,
                                   "select 'yes' from pagetide.job j join pagetide.worker w on "
                                   "w.id = j.worker where j.state = 'running' and w.pid = %d",
                                   (int)worker->pid) != '\0';
        if (works && !is_endangered(siege))
            return;
        ck_assert_msg(clock_mono_ms() < deadline, "no progress:\n%s", pagetide_err(worker));
        usleep(5000);
    }
}

/* Between one kill and the next: what was asked for and not committed is asked for again. */
static void count_lost(struct siege *siege)
{
    for (size_t i = 0; i < COUNT_OF(siege->streams); i++) {
        struct stream_state *state = &siege->streams[i];
        int64_t pages = number_of(pagetide_sql(
            &siege->pagetide,
            "select j.page from pagetide.job j join pagetide.run r on r.id = j.run where "
            "r.stream = '%s'",
            state->stream));
        int64_t requests = mock_count(&siege->mock, state->path);
        int64_t lost = requests - state->requests - (pages - state->pages);
        ck_assert_msg(lost <= LOST_PAGES_MAX, "%s: %lld pages lost by one kill (seed %llu)",
                      state->stream, (long long)lost, (unsigned long long)siege->seed);
        state->lost += lost;
        state->lost_max = MAX(state->lost_max, lost);
        state->pages = pages;
        state->requests = requests;
    }
}

static void sleep_random(struct siege *siege, uint64_t limit_ms)
{
    usleep((useconds_t)(1000 * rng_below(&siege->rng, limit_ms + 1)));
}

static void check_all(struct siege *siege)
{
    struct pagetide *pagetide = &siege->pagetide;
    ck_assert_str_eq(pagetide_sql(pagetide, "select string_agg(distinct state, ' ') || ' ' || "
                                            "count(*) from pagetide.run"),
                     "succeeded 2");
    for (size_t i = 0; i < COUNT_OF(siege->streams); i++)
        printf("%s: %lld pages, %lld requests, at most %lld lost by one kill\n",
               siege->streams[i].stream, (long long)PAGES,
               (long long)mock_count(&siege->mock, siege->streams[i].path),
               (long long)siege->streams[i].lost_max);
    printf("%d kills, %d of them without work, %.1f s\n", siege->kills, siege->idle_kills,
           (double)(clock_mono_ms() - siege->began_mono_ms) / 1000);
    truth_check_ledger(pagetide, "api.appended", PAGES * PAGE_RECORDS);
    truth_check_ledger(pagetide, "api.upserted", PAGES * PAGE_RECORDS);
    truth_check_rows(pagetide, &siege->mock, "api.appended", "total=5000&seed=1");
    truth_check_rows(pagetide, &siege->mock, "api.upserted", "total=5000&seed=2");
    ck_assert_str_eq(pagetide_sql(pagetide, "select bool_and(page = 500 and records = 5000) "
                                            "from pagetide.job"),
                     "t");
}

static void siege_close(struct siege *siege)
{
    pagetide_close(&siege->pagetide);
    mock_stop(&siege->mock);
}

START_TEST(test_workers_killed_50_times)
{
    struct siege siege;
    setenv("PAGETIDE_LEASE", "1s", 1);
    setenv("PAGETIDE_BEAT", "250ms", 1);
    siege_open(&siege);
    struct pagetide *pagetide = &siege.pagetide;
    ck_assert_int_eq(pagetide_run(pagetide, "migrate").code, 0);
    ck_assert_int_eq(pagetide_run(pagetide, "apply %s", pagetide->dir).code, 0);
    struct pagetide_process scheduler = pagetide_spawn(pagetide, "scheduler");
    struct pagetide_process worker = pagetide_spawn(pagetide, "worker");
    ck_assert_int_eq(pagetide_run(pagetide, "reload api.appended").code, 0);
    ck_assert_int_eq(pagetide_run(pagetide, "reload api.upserted").code, 0);
    while (siege.kills < KILLS) {
        bool idle = rng_below(&siege.rng, 5) == 0;
        if (!idle)
            await_work(&siege, &worker);
        if (is_over(&siege))
            break;
        if (!idle || !is_endangered(&siege))
            sleep_random(&siege, idle ? 60 : 220);
        pagetide_kill(&worker);
        siege.kills++;
        siege.idle_kills += idle;
        count_lost(&siege);
        worker = pagetide_spawn(pagetide, "worker");
    }
    ck_assert_msg(siege.kills == KILLS, "over after %d kills", siege.kills);
    pagetide_await(pagetide, "2", 60000,
                   "select count(*) from pagetide.run where pagetide.is_end(state)");
    truth_check_idle(pagetide);
    pagetide_signal(&worker, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&worker, 25000), 0);
    pagetide_signal(&scheduler, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&scheduler, 25000), 0);
    check_all(&siege);
    siege_close(&siege);
}
END_TEST

START_TEST(test_sync_killed_50_times)
{
    struct siege siege;
    siege_open(&siege);
    struct pagetide_process sync =
        pagetide_spawn(&siege.pagetide, "sync api.appended api.upserted");
    pagetide_await(&siege.pagetide, "2", 10000, "select count(*) from pagetide.run");
    while (siege.kills < KILLS) {
        bool idle = rng_below(&siege.rng, 5) == 0 && !is_endangered(&siege);
        if (!idle)
            await_work(&siege, &sync);
        if (is_over(&siege))
            break;
        sleep_random(&siege, idle ? 60 : 220);
        pagetide_kill(&sync);
        siege.kills++;
        siege.idle_kills += idle;
        count_lost(&siege);
        sync = pagetide_spawn(&siege.pagetide, "sync api.appended api.upserted");
    }
    ck_assert_msg(siege.kills == KILLS, "over after %d kills", siege.kills);
    ck_assert_msg(pagetide_wait(&sync, 60000) == 0, "%s", pagetide_err(&sync));
    check_all(&siege);
    siege_close(&siege);
}
END_TEST

SUITE("fault/kill", test_workers_killed_50_times, test_sync_killed_50_times)
