#ifndef TESTS_SUPPORT_NEMESIS_H
#define TESTS_SUPPORT_NEMESIS_H

#include "base/rng.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/proxy.h"
#include "tests/support/sentinels.h"
#include "tests/support/servers.h"

/*
 * A whole installation, and whatever may happen to it, by chance: workers and schedulers, a
 * PostgreSQL with a replica, a Redis (with Sentinels where the seed is odd), an API; proxies
 * before all of them. Which faults come, and in which order, follows from the seed; what they
 * meet does not.
 *
 *     nemesis_open → [nemesis_strike … → nemesis_heal]… → nemesis_close
 *
 * All die with the test. Each event is a line on stdout.
 */
enum { NEMESIS_WORKERS = 3, NEMESIS_SCHEDULERS = 2 };

enum nemesis_fault {
    NEMESIS_KILL_WORKER,
    NEMESIS_STOP_WORKER, /* for up to three leases, then it wakes */
    NEMESIS_DRAIN_WORKER,
    NEMESIS_KILL_SCHEDULER,
    NEMESIS_STOP_SCHEDULER,
    NEMESIS_KILL_ALL,
    NEMESIS_FLUSH_REDIS,
    NEMESIS_RESTART_REDIS, /* with Sentinels: a failover */
    NEMESIS_CUT_REDIS,
    NEMESIS_FLUSH_SCRIPTS,
    NEMESIS_HIDE_REDIS, /* a black hole, for a while */
    NEMESIS_SHOOT_BACKENDS,
    NEMESIS_CRASH_POSTGRES,
    NEMESIS_CUT_POSTGRES,
    NEMESIS_HIDE_POSTGRES,
    NEMESIS_FAIL_OVER_POSTGRES, /* to a replica that lacks the last commits */
    NEMESIS_CUT_API,
    NEMESIS_SPOIL_API, /* a burst of bad answers */
    NEMESIS_FAULTS,
};

struct nemesis_process {
    struct pagetide_process process;
    bool is_worker;
    int64_t wakes_mono_ms; /* 0: it is not stopped */
};

struct nemesis {
    struct pagetide pagetide; /* database_url goes straight to the primary, whichever it is */
    struct mock mock;
    struct rng rng;
    uint64_t seed;
    struct test_postgres postgres[2];
    int primary; /* of these */
    struct proxy roads[2], wires[2], redis_road, api_road;
    struct test_redis redis; /* where there are no Sentinels */
    struct sentinels sentinels;
    bool has_sentinels;
    struct nemesis_process processes[NEMESIS_WORKERS + NEMESIS_SCHEDULERS];
    int64_t began_mono_ms, redis_heals_mono_ms, postgres_heals_mono_ms;
    int counts[NEMESIS_FAULTS];
    bool forgot_messages; /* something that may lose a message came since the last heal */
    long peak_kib;        /* of any process, as long as it lived */
};

/* `source`: the file of the source `api`; its base_url is given to printf. The seed is
 * PAGETIDE_TEST_SEED, or the time. */
void nemesis_open(struct nemesis *nemesis, const char *source);
void nemesis_close(struct nemesis *nemesis);

/* One of the faults that `allowed` names (1 << fault …). */
void nemesis_strike(struct nemesis *nemesis, unsigned allowed);

/* Everything serves again, and every process runs. */
void nemesis_heal(struct nemesis *nemesis);

int64_t nemesis_below(struct nemesis *nemesis, int64_t limit);
void nemesis_say(const struct nemesis *nemesis, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
const char *nemesis_redis_url(const struct nemesis *nemesis); /* straight to the primary */

/* "31 kills of workers, …" */
const char *nemesis_summary(const struct nemesis *nemesis);

#endif
