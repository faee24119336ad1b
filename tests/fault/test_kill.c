#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/fault.h"
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
    /*
     * Fetched but not committed: a batch being committed, an open one, four pages in flight by
     * `parallel` and as many that wait for an earlier one; and one that the mock had not read
     * yet when it was asked for its count the last time.
     */
    LOST_PAGES_MAX = 2 * BATCH_PAGES + 2 * 4 + 1,
};

static const char definition[] = "source: api\n"
                                 "base_url: %s\n"
                                 "streams:\n"
                                 "  appended:\n"
                                 "    path: /gen/page\n"
                                 "    params: {per_page: 10, total: 5000, seed: 1}\n"
                                 "    pagination: {type: page, total_pages_path: pages, "
                                 "parallel: 4}\n"
                                 "    merge_path: data\n"
                                 "  upserted:\n"
                                 "    path: /gen/cursor\n"
                                 "    params: {limit: 10, total: 5000, seed: 2}\n"
                                 "    pagination: {type: cursor, cursor_path: next_cursor, "
                                 "param: cursor}\n"
                                 "    merge_path: data\n"
                                 "    write: upsert\n"
                                 "    key: [id]\n";

struct siege_stream {
    const char *path, *name;
    int64_t pages, requests; /* committed and asked for, when last looked at */
    int64_t lost_max;        /* by one kill */
    int kills;
};

struct siege {
    struct pagetide pagetide;
    struct mock mock;
    struct rng rng;
    uint64_t seed;
    struct siege_stream streams[2];
    int64_t again; /* pages that were asked for more than once */
    int idle_kills;
    int64_t began_mono_ms;
};

static void siege_open(struct siege *siege)
{
    *siege = (struct siege){.streams = {{.path = "/gen/page", .name = "api.appended"},
                                        {.path = "/gen/cursor", .name = "api.upserted"}}};
    siege->seed = pagetide_seed(&siege->rng);
    mock_start(NULL, &siege->mock);
    pagetide_open(&siege->pagetide);
    pagetide_source(&siege->pagetide, "api", definition, siege->mock.url);
    /* Four pages at the same time take as long as four one after another. */
    mock_post(&siege->mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 60}");
    mock_post(&siege->mock, "/_mock/fault",
              "{\"path\": \"/gen/cursor\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 15}");
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

/* Some job would not survive to lose another worker at its page: that is another test. */
static bool is_endangered(struct siege *siege)
{
    return *pagetide_sql(&siege->pagetide,
                         "select 'yes' from pagetide.job where crashes > 0 limit 1") != '\0';
}

/* Bit i: stream i is in the hands of this process. */
static unsigned streams_held(struct siege *siege, const struct pagetide_process *process)
{
    return (unsigned)number_of(pagetide_sql(
        &siege->pagetide,
        "select coalesce(sum(case r.stream when 'api.appended' then 1 else 2 end), 0) from "
        "pagetide.job j join pagetide.run r on r.id = j.run join pagetide.worker w on w.id = "
        "j.worker where j.state = 'running' and w.pid = %d",
        (int)process->pid));
}

/* What was asked for and not committed since the last kill will be asked for again. */
static void count_lost(struct siege *siege, struct siege_stream *stream)
{
    int64_t pages = number_of(pagetide_sql(
        &siege->pagetide,
        "select j.page from pagetide.job j join pagetide.run r on r.id = j.run where "
        "r.stream = '%s'",
        stream->name));
    int64_t requests = mock_count(&siege->mock, stream->path);
    int64_t lost = requests - stream->requests - (pages - stream->pages);
    ck_assert_msg(lost <= LOST_PAGES_MAX, "%s: %lld pages lost by one kill (seed %llu)",
                  stream->name, (long long)lost, (unsigned long long)siege->seed);
    stream->lost_max = MAX(stream->lost_max, lost);
    stream->pages = pages;
    stream->requests = requests;
}

static void kill_one(struct siege *siege, struct pagetide_process *process, unsigned held)
{
    pagetide_kill(process);
    siege->idle_kills += held == 0;
    for (unsigned i = 0; i < COUNT_OF(siege->streams); i++)
        siege->streams[i].kills += held >> i & 1;
}

static int64_t random_ms(struct siege *siege, uint64_t limit)
{
    return (int64_t)rng_below(&siege->rng, limit + 1);
}

static void check_all(struct siege *siege)
{
    struct pagetide *pagetide = &siege->pagetide;
    ck_assert_str_eq(pagetide_sql(pagetide, "select string_agg(distinct state, ' ') || ' ' || "
                                            "count(*) from pagetide.run"),
                     "succeeded 2");
    for (size_t i = 0; i < COUNT_OF(siege->streams); i++) {
        struct siege_stream *stream = &siege->streams[i];
        printf("%s: %d pages, %d kills, %lld requests, at most %lld pages lost by one kill\n",
               stream->name, PAGES, stream->kills,
               (long long)mock_count(&siege->mock, stream->path), (long long)stream->lost_max);
        siege->again += mock_count(&siege->mock, stream->path) - PAGES;
        ck_assert_int_ge(stream->kills, KILLS);
    }
    printf("%d more kills without a job in hand, %.1f s\n", siege->idle_kills,
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

/* Two workers with a job each: they are killed apart. */
struct victim {
    struct pagetide_process process;
    int64_t due_mono_ms; /* of its death; 0: when it has work */
    bool is_idle;        /* to die before it has any */
};

static void victim_start(struct siege *siege, struct victim *victim)
{
    *victim = (struct victim){.process = pagetide_spawn(&siege->pagetide, "worker --jobs 1")};
    victim->is_idle = rng_below(&siege->rng, 8) == 0;
    if (victim->is_idle)
        victim->due_mono_ms = clock_mono_ms() + random_ms(siege, 100);
}

static void victim_tick(struct siege *siege, struct victim *victim)
{
    unsigned held = streams_held(siege, &victim->process);
    bool spared = held && siege->streams[held - 1].kills >= KILLS;
    if (spared || (held && is_endangered(siege)))
        return;
    if (!victim->due_mono_ms && held)
        victim->due_mono_ms = clock_mono_ms() + random_ms(siege, 220);
    if (!victim->due_mono_ms || clock_mono_ms() < victim->due_mono_ms)
        return;
    kill_one(siege, &victim->process, held);
    if (held)
        count_lost(siege, &siege->streams[held - 1]);
    victim_start(siege, victim);
}

START_TEST(test_workers_killed_50_times)
{
    struct siege siege;
    struct victim victims[2];
    setenv("PAGETIDE_LEASE", "1s", 1);
    setenv("PAGETIDE_BEAT", "250ms", 1);
    siege_open(&siege);
    struct pagetide *pagetide = &siege.pagetide;
    ck_assert_int_eq(pagetide_run(pagetide, "migrate").code, 0);
    ck_assert_int_eq(pagetide_run(pagetide, "apply %s", pagetide->dir).code, 0);
    struct pagetide_process scheduler = pagetide_spawn(pagetide, "scheduler");
    for (size_t i = 0; i < COUNT_OF(victims); i++)
        victim_start(&siege, &victims[i]);
    ck_assert_int_eq(pagetide_run(pagetide, "reload api.appended").code, 0);
    ck_assert_int_eq(pagetide_run(pagetide, "reload api.upserted").code, 0);
    while (!is_over(&siege)) {
        for (size_t i = 0; i < COUNT_OF(victims); i++)
            victim_tick(&siege, &victims[i]);
        usleep(10000);
    }
    truth_check_idle(pagetide);
    for (size_t i = 0; i < COUNT_OF(victims); i++) {
        pagetide_signal(&victims[i].process, SIGTERM);
        ck_assert_int_eq(pagetide_wait(&victims[i].process, 25000), 0);
    }
    pagetide_signal(&scheduler, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&scheduler, 25000), 0);
    check_all(&siege);
    fault_note("1", "workers killed at random", siege.again, "%d kills, %d of them idle",
               siege.streams[0].kills + siege.streams[1].kills + siege.idle_kills,
               siege.idle_kills);
    siege_close(&siege);
}
END_TEST

/* Until it has taken its jobs, or the runs are over. */
static unsigned await_sync(struct siege *siege, const struct pagetide_process *sync)
{
    int64_t deadline = pagetide_deadline(15000);
    unsigned held = 0;
    while ((!(held = streams_held(siege, sync)) || is_endangered(siege)) && !is_over(siege)) {
        ck_assert_msg(clock_mono_ms() < deadline, "no progress:\n%s", pagetide_err(sync));
        usleep(5000);
    }
    return held;
}

START_TEST(test_sync_killed_50_times)
{
    static const char command[] = "sync api.appended api.upserted";
    struct siege siege;
    siege_open(&siege);
    struct pagetide_process sync = pagetide_spawn(&siege.pagetide, command);
    pagetide_await(&siege.pagetide, "2", 10000, "select count(*) from pagetide.run");
    while (siege.streams[0].kills < KILLS || siege.streams[1].kills < KILLS) {
        if (rng_below(&siege.rng, 8) > 0 || is_endangered(&siege))
            await_sync(&siege, &sync);
        if (is_over(&siege))
            break;
        usleep((useconds_t)(1000 * random_ms(&siege, 140)));
        kill_one(&siege, &sync, streams_held(&siege, &sync));
        for (size_t i = 0; i < COUNT_OF(siege.streams); i++)
            count_lost(&siege, &siege.streams[i]);
        sync = pagetide_spawn(&siege.pagetide, command);
    }
    ck_assert_msg(pagetide_wait(&sync, 60000) == 0, "%s", pagetide_err(&sync));
    check_all(&siege);
    fault_note("1", "`sync` killed at random", siege.again, "%d kills of two runs",
               siege.streams[0].kills + siege.idle_kills);
    siege_close(&siege);
}
END_TEST

static void open_counted(struct pagetide *pagetide, struct mock *mock)
{
    mock_start(NULL, mock);
    pagetide_open(pagetide);
    pagetide_source(pagetide, "api",
                    "source: api\n"
                    "base_url: %s\n"
                    "streams:\n"
                    "  counted:\n"
                    "    path: /gen/page\n"
                    "    params: {total: 30}\n"
                    "    pagination: {type: page, has_more_path: has_more,\n"
                    "      total: {request: {path: /n}, path: count}}\n"
                    "    merge_path: data\n",
                    mock->url);
}

/* It hangs at a request for the path, so many of them are asked for. */
static void kill_at(struct pagetide *pagetide, struct mock *mock, const char *path, int count,
                    const char *checkpoint)
{
    struct pagetide_process sync = pagetide_spawn(pagetide, "sync api.counted");
    pagetide_await(pagetide, "t", 15000, "select %s from pagetide.job", checkpoint);
    int64_t deadline = pagetide_deadline(15000);
    while (mock_count(mock, path) < count && clock_mono_ms() < deadline)
        usleep(5000);
    pagetide_kill(&sync);
}

static void check_counted(struct pagetide *pagetide, const char *complete)
{
    struct pagetide_result got = pagetide_run(pagetide, "sync api.counted --json");
    ck_assert_msg(got.code == 0, "%s", got.err);
    ck_assert_str_eq(pagetide_json(got.out, "complete"), complete);
    ck_assert_str_eq(pagetide_sql(pagetide, "select count(*) from api.counted"), "30");
}

/* The pages are in, and the API's last count is under way: only that is asked for again. */
START_TEST(test_sync_killed_at_its_count)
{
    struct pagetide pagetide;
    struct mock mock;
    open_counted(&pagetide, &mock);
    mock_post(&mock, "/_mock/route", "{\"path\": \"/n\", \"body\": {\"count\": 30}}");
    mock_post(&mock, "/_mock/fault", "{\"path\": \"/n\", \"nth\": 2, \"kind\": \"hang\"}");
    kill_at(&pagetide, &mock, "/n", 2, "page = 3 and checkpoint ? 'count'");
    check_counted(&pagetide, "proved");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 3);
    ck_assert_int_eq(mock_count(&mock, "/n"), 3);
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

/* The count before the first page is that of the first beginning. */
START_TEST(test_sync_killed_between_its_counts)
{
    struct pagetide pagetide;
    struct mock mock;
    open_counted(&pagetide, &mock);
    mock_post(&mock, "/_mock/route", "{\"path\": \"/n\", \"body\": {\"count\": 31}}");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"nth\": 3, \"kind\": \"hang\"}");
    kill_at(&pagetide, &mock, "/gen/page", 3, "page = 2 and checkpoint ->> 'counted' = '31'");
    mock_post(&mock, "/_mock/route", "{\"path\": \"/n\", \"body\": {\"count\": 30}}");
    check_counted(&pagetide, "assumed");
    ck_assert_int_eq(mock_count(&mock, "/n"), 2);
    ck_assert_str_eq(pagetide_sql(&pagetide, "select complete_why from pagetide.job"),
                     "`total` is 30, but was 31 before the first page");
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

SUITE("fault/kill", test_workers_killed_50_times, test_sync_killed_50_times,
      test_sync_killed_at_its_count, test_sync_killed_between_its_counts)
