#ifndef TESTS_SUPPORT_SERVERS_H
#define TESTS_SUPPORT_SERVERS_H

#include <sys/types.h>

/*
 * PostgreSQL and Redis for tests. The shared servers are those of tools/run-tests.sh; a suite
 * started by hand finds or starts them in build/test-servers, where they go on running until
 * `tools/servers.sh clean build/test-servers`. All calls block, and end the test with a message
 * where something goes wrong. Results are allocated and not freed: a test's process is short.
 */

/* A fresh, empty database on the shared server. */
const char *servers_database_url(void);

/*
 * A fresh copy of a template database. The first call of any process makes the template: an
 * empty database that `fill` gets the URL of. `name` is an identifier, and another one where
 * `fill` does something else.
 */
const char *servers_database_copy(const char *name, void (*fill)(const char *url));

/*
 * An emptied database (number) of the shared Redis that no other running test has. Tests that
 * use FLUSHALL, CONFIG or signals start a Redis of their own.
 */
const char *servers_redis_url(void);

/* Text of the first field of the first row; "" for NULL or no row. */
const char *servers_sql(const char *url, const char *sql);

/*
 * One Redis command, split at single blanks after `fmt` is filled in; the answer as
 * `redis-cli --raw` prints it, without the last line's end.
 */
const char *servers_redis(const char *url, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The port in a URL of one server. */
int servers_port_of(const char *url);

/* Where nobody listens, and which no client is given by the kernel as its own. */
int servers_free_port(void);

/* A Redis of the test's own, to be frozen and killed; it dies with the test. */
struct test_redis {
    pid_t pid;
    int port;
    char url[64];
    const char *const *more; /* further words of its command line, up to NULL; or NULL */
};
void servers_redis_start(struct test_redis *ret_redis); /* empty, without persistence */
/* The same with more options, kept by the caller; "%P" alone is the port. */
void servers_redis_start_with(struct test_redis *ret_redis, const char *const more[]);
void servers_redis_restart(struct test_redis *redis); /* after a kill: same port, empty */
void servers_redis_stop(struct test_redis *redis);    /* frozen or dead already: fine */

/* A PostgreSQL of the test's own. */
struct test_postgres {
    pid_t pid;
    char url[96];
    char dir[128];
};
void servers_postgres_start(struct test_postgres *ret_postgres);
/* Another one, which replicates asynchronously what listens at `port`. */
void servers_postgres_replicate(int port, struct test_postgres *ret_postgres);
/* The same in the place, and at the port, of one that is dead. */
void servers_postgres_replicate_anew(int port, struct test_postgres *postgres);
void servers_postgres_restart(
    struct test_postgres *postgres); /* same data, same port if free */
/* After its signal: until the server has ended, reaped by its parent or not; within 20 s. */
void servers_postgres_await_end(const struct test_postgres *postgres);
void servers_postgres_stop(struct test_postgres *postgres); /* removes its data */

#endif
