#ifndef TESTS_SUPPORT_SENTINELS_H
#define TESTS_SUPPORT_SENTINELS_H

#include "tests/support/servers.h"

/*
 * Two Redis, the second a replica of the first, and three Sentinels of the test's own, which
 * know them as `shop` and call a server lost after a second. All die with the test. Calls
 * block, and end the test with a message where something goes wrong.
 *
 *     struct sentinels group;
 *     sentinels_start(&group);
 *     setenv("PAGETIDE_REDIS_URL", group.url, 1);
 *     … servers_redis_stop(&group.servers[sentinels_primary(&group)]) …
 *     … sentinels_fail_over(&group) …
 *     sentinels_stop(&group);
 */
enum { SENTINELS = 3 };

struct sentinels {
    struct test_redis servers[2];
    pid_t pids[SENTINELS];
    int ports[SENTINELS];
    char dir[64];
    char url[128]; /* redis+sentinel://…/shop */
};

void sentinels_start(struct sentinels *ret_group);
void sentinels_stop(struct sentinels *group);

/* Which of `servers` the Sentinels name; -1: they do not agree, or name one that is gone. */
int sentinels_primary(const struct sentinels *group);

/* Waits until they all name that one. */
void sentinels_await_primary(const struct sentinels *group, int server);

/* As a person orders it; waits until the other is the primary, and this one a replica. */
void sentinels_fail_over(const struct sentinels *group);

/* The dead one comes back and is made a replica; waits until it has what the primary has. */
void sentinels_bring_back(struct sentinels *group, int server);

#endif
