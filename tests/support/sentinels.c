#include "tests/support/sentinels.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/child.h"
#include "tests/support/pagetide.h"

enum { PATIENCE = 600, STEP_US = 100000 };

static const char conf[] = "port %d\n"
                           "bind 127.0.0.1\n"
                           "dir %s\n"
                           "sentinel monitor shop 127.0.0.1 %d 2\n"
                           "sentinel down-after-milliseconds shop 1000\n"
                           "sentinel failover-timeout shop 6000\n";

static const char *url_of(int port)
{
    return pagetide_text("redis://127.0.0.1:%d", port);
}

static void launch(struct sentinels *group, int i)
{
    const char *path = pagetide_text("%s/%d.conf", group->dir, i);
    group->ports[i] = servers_free_port();
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_gt(fprintf(file, conf, group->ports[i], group->dir, group->servers[0].port),
                     0);
    ck_assert_int_eq(fclose(file), 0);
    group->pids[i] = child_fork();
    ck_assert_int_ge(group->pids[i], 0);
    if (group->pids[i] > 0)
        return;
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    execlp("redis-server", "redis-server", path, "--sentinel", NULL);
    _exit(127);
}

static const char *ask(const struct sentinels *group, int i, const char *command)
{
    return servers_redis(url_of(group->ports[i]), "%s", command);
}

/* redis-cli fails where nothing listens. */
static bool listens(int port)
{
    const char *line = pagetide_text("0100007F:%04X 00000000:0000 0A", port);
    return strstr(pagetide_read("/proc/net/tcp"), line);
}

static void await_listening(int port)
{
    for (int i = 0; i < PATIENCE && !listens(port); i++)
        usleep(STEP_US);
    ck_assert_msg(listens(port), "a Sentinel does not start");
}

/* They know each other and the replica, so that they can fail over. */
static void await_ready(const struct sentinels *group)
{
    for (int i = 0; i < SENTINELS; i++) {
        const char *said = "";
        for (int n = 0; n < PATIENCE; n++, usleep(STEP_US)) {
            said = ask(group, i, "SENTINEL CKQUORUM shop");
            if (!strncmp(said, "OK 3 ", 5) &&
                strstr(ask(group, i, "SENTINEL REPLICAS shop"), "slave-repl-offset"))
                break;
        }
        ck_assert_msg(!strncmp(said, "OK 3 ", 5), "%s", said);
    }
}

static void await_synced(const struct sentinels *group, int server)
{
    const char *said = "";
    for (int i = 0; i < PATIENCE; i++, usleep(STEP_US)) {
        said = servers_redis(group->servers[server].url, "INFO replication");
        if (strstr(said, "master_link_status:up"))
            return;
    }
    ck_abort_msg("it is no replica: %s", said);
}

void sentinels_start(struct sentinels *ret_group)
{
    /* A replica writes a file in its folder, which the next server there would load. */
    static const char *primary[3] = {"--dir"};
    static const char *replica[6] = {"--dir", NULL, "--replicaof", "127.0.0.1"};
    *ret_group = (struct sentinels){.dir = "/tmp/pagetide-sentinels.XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(ret_group->dir));
    primary[1] = replica[1] = ret_group->dir;
    servers_redis_start_with(&ret_group->servers[0], primary);
    replica[4] = pagetide_text("%d", ret_group->servers[0].port);
    servers_redis_start_with(&ret_group->servers[1], replica);
    ret_group->servers[1].more = primary; /* Sentinels say what it is when it comes back */
    await_synced(ret_group, 1);
    for (int i = 0; i < SENTINELS; i++)
        launch(ret_group, i);
    for (int i = 0; i < SENTINELS; i++)
        await_listening(ret_group->ports[i]);
    await_ready(ret_group);
    snprintf(ret_group->url, sizeof ret_group->url,
             "redis+sentinel://127.0.0.1:%d,127.0.0.1:%d,localhost:%d/shop",
             ret_group->ports[0], ret_group->ports[1], ret_group->ports[2]);
}

void sentinels_stop(struct sentinels *group)
{
    for (int i = 0; i < SENTINELS; i++) {
        kill(group->pids[i], SIGKILL);
        waitpid(group->pids[i], NULL, 0);
    }
    servers_redis_stop(&group->servers[0]);
    servers_redis_stop(&group->servers[1]);
    ck_assert_int_eq(system(pagetide_text("rm -r '%s'", group->dir)), 0);
}

/* The server that one of them names; -1: none of ours. */
static int named_by(const struct sentinels *group, int i)
{
    const char *said = ask(group, i, "SENTINEL GET-MASTER-ADDR-BY-NAME shop");
    for (int k = 0; k < 2; k++)
        if (strstr(said, pagetide_text("\n%d", group->servers[k].port)))
            return k;
    return -1;
}

int sentinels_primary(const struct sentinels *group)
{
    int found = named_by(group, 0);
    for (int i = 1; i < SENTINELS; i++)
        if (named_by(group, i) != found)
            return -1;
    return found >= 0 && group->servers[found].pid ? found : -1;
}

void sentinels_await_primary(const struct sentinels *group, int server)
{
    for (int i = 0; i < PATIENCE && sentinels_primary(group) != server; i++)
        usleep(STEP_US);
    ck_assert_int_eq(sentinels_primary(group), server);
}

void sentinels_fail_over(const struct sentinels *group)
{
    int from = sentinels_primary(group);
    ck_assert_int_ge(from, 0);
    /* Ordered again, where it is given up: a busy server looks like one that is lost. */
    for (int i = 0; i < PATIENCE && named_by(group, 0) == from; i++, usleep(STEP_US))
        ask(group, 0, "SENTINEL FAILOVER shop");
    sentinels_await_primary(group, 1 - from);
}

void sentinels_bring_back(struct sentinels *group, int server)
{
    servers_redis_restart(&group->servers[server]);
    await_synced(group, server);
    await_ready(group);
}
