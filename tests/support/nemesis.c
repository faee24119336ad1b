#include "tests/support/nemesis.h"

#include <check.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/macros.h"

enum { LEASE_MS = 2000, HIDDEN_MS = 4000, AWAY_MS = 1500, PATIENCE_MS = 60000 };

static const char *const names[NEMESIS_FAULTS] = {
    [NEMESIS_KILL_WORKER] = "kills of workers",
    [NEMESIS_STOP_WORKER] = "stops of workers",
    [NEMESIS_DRAIN_WORKER] = "drains of workers",
    [NEMESIS_KILL_SCHEDULER] = "kills of schedulers",
    [NEMESIS_STOP_SCHEDULER] = "stops of schedulers",
    [NEMESIS_KILL_ALL] = "kills of all processes",
    [NEMESIS_FLUSH_REDIS] = "FLUSHALL",
    [NEMESIS_RESTART_REDIS] = "restarts or failovers of Redis",
    [NEMESIS_CUT_REDIS] = "cuts of all connections to Redis",
    [NEMESIS_FLUSH_SCRIPTS] = "SCRIPT FLUSH",
    [NEMESIS_HIDE_REDIS] = "black holes before Redis",
    [NEMESIS_SHOOT_BACKENDS] = "shots at all backends",
    [NEMESIS_CRASH_POSTGRES] = "crashes of PostgreSQL",
    [NEMESIS_CUT_POSTGRES] = "cuts of all connections to PostgreSQL",
    [NEMESIS_HIDE_POSTGRES] = "black holes before PostgreSQL",
    [NEMESIS_FAIL_OVER_POSTGRES] = "failovers of PostgreSQL",
    [NEMESIS_CUT_API] = "cuts of all connections to the API",
    [NEMESIS_SPOIL_API] = "bursts of bad answers",
};

int64_t nemesis_below(struct nemesis *nemesis, int64_t limit)
{
    return (int64_t)rng_below(&nemesis->rng, (uint64_t)limit);
}

void nemesis_say(const struct nemesis *nemesis, const char *fmt, ...)
{
    va_list args;
    printf("%9.3f ", (double)(clock_mono_ms() - nemesis->began_mono_ms) / 1000);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
}

const char *nemesis_redis_url(const struct nemesis *nemesis)
{
    if (!nemesis->has_sentinels)
        return nemesis->redis.url;
    return nemesis->sentinels.servers[MAX(sentinels_primary(&nemesis->sentinels), 0)].url;
}

const char *nemesis_summary(const struct nemesis *nemesis)
{
    const char *text = "";
    for (int i = 0; i < NEMESIS_FAULTS; i++)
        if (nemesis->counts[i])
            text = pagetide_text("%s%s%d %s", text, *text ? ", " : "", nemesis->counts[i],
                                 names[i]);
    return text;
}

/* --- processes --- */

static void start(struct nemesis *nemesis, struct nemesis_process *at)
{
    at->process =
        pagetide_spawn(&nemesis->pagetide, at->is_worker ? "worker --jobs 4" : "scheduler");
    at->wakes_mono_ms = 0;
}

static struct nemesis_process *choose(struct nemesis *nemesis, bool is_worker)
{
    int64_t at = is_worker ? nemesis_below(nemesis, NEMESIS_WORKERS)
                           : NEMESIS_WORKERS + nemesis_below(nemesis, NEMESIS_SCHEDULERS);
    return &nemesis->processes[at];
}

static void measure(struct nemesis *nemesis, const struct nemesis_process *at)
{
    long kib = pagetide_status_kib(&at->process, "VmHWM");
    nemesis->peak_kib = MAX(nemesis->peak_kib, kib);
}

static void kill_one(struct nemesis *nemesis, bool is_worker)
{
    struct nemesis_process *at = choose(nemesis, is_worker);
    measure(nemesis, at);
    pagetide_kill(&at->process);
    start(nemesis, at);
}

static void kill_all(struct nemesis *nemesis)
{
    for (size_t i = 0; i < COUNT_OF(nemesis->processes); i++) {
        measure(nemesis, &nemesis->processes[i]);
        pagetide_kill(&nemesis->processes[i].process);
    }
    for (size_t i = 0; i < COUNT_OF(nemesis->processes); i++)
        start(nemesis, &nemesis->processes[i]);
}

static void stop_one(struct nemesis *nemesis, bool is_worker)
{
    struct nemesis_process *at = choose(nemesis, is_worker);
    if (at->wakes_mono_ms)
        return;
    pagetide_signal(&at->process, SIGSTOP);
    at->wakes_mono_ms = clock_mono_ms() + 200 + nemesis_below(nemesis, 3 * LEASE_MS);
}

static void wake(struct nemesis_process *at)
{
    if (at->wakes_mono_ms)
        pagetide_signal(&at->process, SIGCONT);
    at->wakes_mono_ms = 0;
}

static void drain_one(struct nemesis *nemesis)
{
    struct nemesis_process *at = choose(nemesis, true);
    wake(at);
    measure(nemesis, at);
    if (!strstr(pagetide_err(&at->process), "process.start"))
        return;
    pagetide_signal(&at->process, SIGTERM);
    ck_assert_msg(pagetide_wait(&at->process, 30000) == 0, "%s", pagetide_err(&at->process));
    start(nemesis, at);
}

/* A process that began while PostgreSQL was away has ended, for its supervisor to start it. */
static void supervise(struct nemesis *nemesis)
{
    for (size_t i = 0; i < COUNT_OF(nemesis->processes); i++) {
        struct nemesis_process *at = &nemesis->processes[i];
        if (pagetide_is_running(&at->process))
            continue;
        ck_assert_msg(pagetide_wait(&at->process, 1000) == 3 &&
                          !strstr(pagetide_err(&at->process), "process.start"),
                      "ended by itself:\n%s", pagetide_err(&at->process));
        start(nemesis, at);
    }
}

/* --- Redis --- */

static void restart_redis(struct nemesis *nemesis)
{
    if (nemesis->has_sentinels) {
        sentinels_fail_over(&nemesis->sentinels);
        return;
    }
    servers_redis_stop(&nemesis->redis);
    usleep((useconds_t)(1000 * nemesis_below(nemesis, AWAY_MS)));
    servers_redis_restart(&nemesis->redis);
}

static void cut_redis(struct nemesis *nemesis)
{
    if (nemesis->has_sentinels)
        servers_redis(nemesis_redis_url(nemesis), "CLIENT KILL TYPE normal SKIPME yes");
    else
        proxy_cut(&nemesis->redis_road, nemesis_below(nemesis, 2));
}

static void hide_redis(struct nemesis *nemesis)
{
    proxy_set(&nemesis->redis_road, proxy_black_hole);
    nemesis->redis_heals_mono_ms = clock_mono_ms() + 500 + nemesis_below(nemesis, HIDDEN_MS);
}

/* --- PostgreSQL --- */

static void await_postgres(struct nemesis *nemesis)
{
    pagetide_await(&nemesis->pagetide, "f", PATIENCE_MS, "select pg_is_in_recovery()");
}

static void crash_postgres(struct nemesis *nemesis)
{
    struct test_postgres *primary = &nemesis->postgres[nemesis->primary];
    ck_assert_int_eq(kill(primary->pid, SIGQUIT), 0); /* stop -m immediate */
    servers_postgres_await_end(primary);
    usleep((useconds_t)(1000 * nemesis_below(nemesis, AWAY_MS)));
    servers_postgres_restart(primary);
    await_postgres(nemesis);
}

static void await_replica(const struct test_postgres *primary)
{
    int64_t deadline = clock_mono_ms() + PATIENCE_MS;
    while (strcmp(servers_sql(primary->url, "select count(*) from pg_stat_replication where "
                                            "state = 'streaming'"),
                  "1") != 0) {
        ck_assert_msg(clock_mono_ms() < deadline, "the replica does not come");
        usleep(20000);
    }
}

/* The replica hears nothing for a while; then the primary is gone, and comes back as its
 * replica. */
static void fail_over_postgres(struct nemesis *nemesis)
{
    int from = nemesis->primary, to = 1 - from;
    proxy_set(&nemesis->wires[from], proxy_black_hole);
    usleep((useconds_t)(1000 * (100 + nemesis_below(nemesis, AWAY_MS))));
    ck_assert_int_eq(kill(nemesis->postgres[from].pid, SIGQUIT), 0);
    servers_sql(nemesis->postgres[to].url, "select pg_promote()");
    nemesis->primary = to;
    await_postgres(nemesis);
    servers_postgres_await_end(&nemesis->postgres[from]);
    proxy_set(&nemesis->wires[from], proxy_open_road);
    servers_postgres_replicate_anew(nemesis->wires[to].port, &nemesis->postgres[from]);
    await_replica(&nemesis->postgres[to]);
}

static void cut_postgres(struct nemesis *nemesis)
{
    bool by_reset = nemesis_below(nemesis, 2);
    proxy_cut(&nemesis->roads[0], by_reset);
    proxy_cut(&nemesis->roads[1], by_reset);
}

static void set_roads(struct nemesis *nemesis, struct proxy_rules rules)
{
    proxy_set(&nemesis->roads[0], rules);
    proxy_set(&nemesis->roads[1], rules);
}

static void hide_postgres(struct nemesis *nemesis)
{
    set_roads(nemesis, proxy_black_hole);
    nemesis->postgres_heals_mono_ms = clock_mono_ms() + 500 + nemesis_below(nemesis, HIDDEN_MS);
}

static void shoot_backends(struct nemesis *nemesis)
{
    pagetide_try_sql(&nemesis->pagetide,
                     "select count(pg_terminate_backend(pid)) from pg_stat_activity where "
                     "application_name like 'pagetide%%'");
}

/* --- the API --- */

static void spoil_api(struct nemesis *nemesis)
{
    static const char *const kinds[] = {"\"status\"",    "\"status\", \"status\": 503",
                                        "\"reset\"",     "\"truncate\"",
                                        "\"cut_chunk\"", "\"cut_gzip\""};
    mock_post(&nemesis->mock, "/_mock/fault",
              pagetide_text("{\"path\": \"/gen/\", \"times\": %d, \"kind\": %s}",
                            1 + (int)nemesis_below(nemesis, 8),
                            kinds[nemesis_below(nemesis, COUNT_OF(kinds))]));
}

/* --- strikes --- */

static void strike(struct nemesis *nemesis, enum nemesis_fault fault)
{
    switch (fault) {
    case NEMESIS_KILL_WORKER:
        kill_one(nemesis, true);
        return;
    case NEMESIS_STOP_WORKER:
        stop_one(nemesis, true);
        return;
    case NEMESIS_DRAIN_WORKER:
        drain_one(nemesis);
        return;
    case NEMESIS_KILL_SCHEDULER:
        kill_one(nemesis, false);
        return;
    case NEMESIS_STOP_SCHEDULER:
        stop_one(nemesis, false);
        return;
    case NEMESIS_KILL_ALL:
        kill_all(nemesis);
        return;
    case NEMESIS_FLUSH_REDIS:
        servers_redis(nemesis_redis_url(nemesis), "FLUSHALL");
        return;
    case NEMESIS_RESTART_REDIS:
        restart_redis(nemesis);
        return;
    case NEMESIS_CUT_REDIS:
        cut_redis(nemesis);
        return;
    case NEMESIS_FLUSH_SCRIPTS:
        servers_redis(nemesis_redis_url(nemesis), "SCRIPT FLUSH");
        return;
    case NEMESIS_HIDE_REDIS:
        hide_redis(nemesis);
        return;
    case NEMESIS_SHOOT_BACKENDS:
        shoot_backends(nemesis);
        return;
    case NEMESIS_CRASH_POSTGRES:
        crash_postgres(nemesis);
        return;
    case NEMESIS_CUT_POSTGRES:
        cut_postgres(nemesis);
        return;
    case NEMESIS_HIDE_POSTGRES:
        hide_postgres(nemesis);
        return;
    case NEMESIS_FAIL_OVER_POSTGRES:
        fail_over_postgres(nemesis);
        return;
    case NEMESIS_CUT_API:
        proxy_cut(&nemesis->api_road, nemesis_below(nemesis, 2));
        return;
    case NEMESIS_SPOIL_API:
        spoil_api(nemesis);
        return;
    case NEMESIS_FAULTS:
        return;
    }
}

/* What was stopped or hidden for a while, and is due. */
static void end_whiles(struct nemesis *nemesis, bool all)
{
    int64_t now = clock_mono_ms();
    for (size_t i = 0; i < COUNT_OF(nemesis->processes); i++)
        if (all || nemesis->processes[i].wakes_mono_ms <= now)
            wake(&nemesis->processes[i]);
    if (nemesis->redis_heals_mono_ms && (all || nemesis->redis_heals_mono_ms <= now)) {
        proxy_set(&nemesis->redis_road, proxy_open_road);
        nemesis->redis_heals_mono_ms = 0;
    }
    if (nemesis->postgres_heals_mono_ms && (all || nemesis->postgres_heals_mono_ms <= now)) {
        set_roads(nemesis, proxy_open_road);
        nemesis->postgres_heals_mono_ms = 0;
    }
}

void nemesis_strike(struct nemesis *nemesis, unsigned allowed)
{
    static const unsigned forgetful = 1u << NEMESIS_FLUSH_REDIS | 1u << NEMESIS_RESTART_REDIS |
                                      1u << NEMESIS_FAIL_OVER_POSTGRES;
    enum nemesis_fault fault;
    if (nemesis->has_sentinels) /* they would name the servers, not the road */
        allowed &= ~(1u << NEMESIS_HIDE_REDIS);
    do
        fault = (enum nemesis_fault)nemesis_below(nemesis, NEMESIS_FAULTS);
    while (!(allowed >> fault & 1));
    nemesis_say(nemesis, "%s", names[fault]);
    nemesis->counts[fault]++;
    nemesis->forgot_messages |= forgetful >> fault & 1;
    strike(nemesis, fault);
    usleep((useconds_t)(1000 * nemesis_below(nemesis, 500)));
    end_whiles(nemesis, false);
    supervise(nemesis);
}

void nemesis_heal(struct nemesis *nemesis)
{
    end_whiles(nemesis, true);
    supervise(nemesis);
    for (size_t i = 0; i < COUNT_OF(nemesis->processes); i++)
        measure(nemesis, &nemesis->processes[i]);
}

/* --- the whole --- */

static void open_redis(struct nemesis *nemesis)
{
    nemesis->has_sentinels = nemesis->seed % 2;
    if (nemesis->has_sentinels) {
        sentinels_start(&nemesis->sentinels);
        setenv("PAGETIDE_REDIS_URL", nemesis->sentinels.url, 1);
        proxy_start(1, &nemesis->redis_road);
        return;
    }
    servers_redis_start(&nemesis->redis);
    proxy_start(nemesis->redis.port, &nemesis->redis_road);
    setenv("PAGETIDE_REDIS_URL",
           pagetide_text("redis://127.0.0.1:%d", nemesis->redis_road.port), 1);
}

static void open_postgres(struct nemesis *nemesis)
{
    struct test_postgres *servers = nemesis->postgres;
    servers_postgres_start(&servers[0]);
    proxy_start(servers_port_of(servers[0].url), &nemesis->wires[0]);
    servers_postgres_replicate(nemesis->wires[0].port, &servers[1]);
    proxy_start(servers_port_of(servers[1].url), &nemesis->wires[1]);
    for (int i = 0; i < 2; i++)
        proxy_start(servers_port_of(servers[i].url), &nemesis->roads[i]);
    nemesis->pagetide.database_url =
        pagetide_text("postgresql://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres?"
                      "target_session_attrs=primary",
                      servers_port_of(servers[0].url), servers_port_of(servers[1].url));
    setenv("PAGETIDE_DATABASE_URL",
           pagetide_text("postgresql://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres",
                         nemesis->roads[0].port, nemesis->roads[1].port),
           1);
}

void nemesis_open(struct nemesis *nemesis, const char *source)
{
    *nemesis = (struct nemesis){.began_mono_ms = clock_mono_ms()};
    nemesis->seed = pagetide_seed(&nemesis->rng);
    mock_start(NULL, &nemesis->mock);
    pagetide_open(&nemesis->pagetide);
    open_postgres(nemesis);
    open_redis(nemesis);
    proxy_start(nemesis->mock.port, &nemesis->api_road);
    proxy_set(&nemesis->api_road, (struct proxy_rules){.latency_ms = 12});
    setenv("PAGETIDE_LEASE", pagetide_text("%dms", LEASE_MS), 1);
    setenv("PAGETIDE_BEAT", "500ms", 1);
    setenv("PAGETIDE_BATCH_RECORDS", "30", 1);
    setenv("PAGETIDE_BATCH_AGE", "50ms", 1);
    pagetide_file(&nemesis->pagetide, "sources/api.yaml",
                  pagetide_text("source: api\nbase_url: http://127.0.0.1:%d\n%s",
                                nemesis->api_road.port, source));
    pagetide_expect(&nemesis->pagetide, 0, "migrate");
    pagetide_expect(&nemesis->pagetide, 0, pagetide_text("apply %s", nemesis->pagetide.dir));
    for (int i = 0; i < NEMESIS_WORKERS + NEMESIS_SCHEDULERS; i++) {
        nemesis->processes[i].is_worker = i < NEMESIS_WORKERS;
        start(nemesis, &nemesis->processes[i]);
    }
}

void nemesis_close(struct nemesis *nemesis)
{
    supervise(nemesis);
    for (size_t i = 0; i < COUNT_OF(nemesis->processes); i++)
        pagetide_stop(&nemesis->processes[i].process);
    pagetide_close(&nemesis->pagetide);
    for (int i = 0; i < 2; i++) {
        proxy_stop(&nemesis->roads[i]);
        proxy_stop(&nemesis->wires[i]);
    }
    proxy_stop(&nemesis->redis_road);
    proxy_stop(&nemesis->api_road);
    if (nemesis->has_sentinels)
        sentinels_stop(&nemesis->sentinels);
    else
        servers_redis_stop(&nemesis->redis);
    servers_postgres_stop(&nemesis->postgres[1 - nemesis->primary]);
    servers_postgres_stop(&nemesis->postgres[nemesis->primary]);
    mock_stop(&nemesis->mock);
}
