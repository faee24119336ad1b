#include "tests/support/servers.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/child.h"

enum { OUTPUT_MAX_BYTES = 1 << 20, LOWEST_PORT = 20000, PORT_COUNT = 12700, ARGS_MAX = 64 };

/* Holds all results; never freed. */
static struct arena *kept(void)
{
    static struct arena *arena;
    if (!arena)
        arena = arena_new();
    return arena;
}

static const char *keep(const char *text)
{
    return arena_cstr(kept(), str_from(text));
}

#define KEEP_PRINTF(...) (arena_printf(kept(), __VA_ARGS__).ptr)

/* --- Programs --- */

/* exec(3) wants its words writable and leaves them alone. */
NORETURN static void become(const char *const argv[])
{
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static pid_t spawn(const char *const argv[], int out)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    dup2(out, STDOUT_FILENO);
    become(argv);
}

/* The program's standard output without its last line's end; it must succeed. */
static const char *capture(const char *const argv[])
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = spawn(argv, ends[1]);
    close(ends[1]);

    AUTO_BUF(out, OUTPUT_MAX_BYTES);
    buf_puts(&out, "");
    char piece[4096];
    for (ssize_t got; (got = read(ends[0], piece, sizeof piece)) > 0;)
        buf_put(&out, (struct str){piece, (size_t)got});
    close(ends[0]);

    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s %s failed: status %d",
                  argv[0], argv[1], status);
    if (out.len && out.ptr[out.len - 1] == '\n')
        buf_truncate(&out, out.len - 1);
    return keep(out.len ? out.ptr : "");
}

static const char *shell(const char *script, const char *dir, const char *name)
{
    const char *const argv[] = {"sh", "-c", script, "sh", dir, name, NULL};
    return capture(argv);
}

static const char *shared_url(const char *name)
{
    const char *url = getenv(name);
    if (url)
        return url;
    return shell("tools/servers.sh start \"$1\" && . \"$1/env\" && eval echo \"\\$$2\"",
                 "build/test-servers", name);
}

int servers_port_of(const char *url)
{
    return (int)strtol(strrchr(url, ':') + 1, NULL, 10);
}

/* --- PostgreSQL --- */

const char *servers_sql(const char *url, const char *sql)
{
    PGconn *conn = PQconnectdb(url);
    ck_assert_msg(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    ck_assert_msg(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK, "%s\n%s", sql,
                  PQerrorMessage(conn));
    bool has_field = PQntuples(result) > 0 && PQnfields(result) > 0;
    const char *text = keep(has_field ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(conn);
    return text;
}

static const char *database_url(const char *server, const char *name)
{
    const char *slash = strrchr(server, '/');
    ck_assert_ptr_nonnull(slash);
    return KEEP_PRINTF("%.*s/%s", (int)(slash - server), server, name);
}

static const char *create_database(const char *server, const char *more)
{
    char token[RNG_TOKEN_BYTES];
    rng_token(token);
    const char *name = KEEP_PRINTF("t_%.12s", token);
    servers_sql(server, KEEP_PRINTF("CREATE DATABASE %s %s", name, more));
    return name;
}

const char *servers_database_url(void)
{
    const char *server = shared_url("PAGETIDE_DATABASE_URL");
    return database_url(server, create_database(server, ""));
}

/* Filled under another name, so that a process that dies leaves no half of a template. */
static void make_template(const char *server, const char *name, void (*fill)(const char *url))
{
    const char *draft = create_database(server, "");
    fill(database_url(server, draft));
    servers_sql(server, KEEP_PRINTF("ALTER DATABASE %s ALLOW_CONNECTIONS false", draft));
    servers_sql(server, KEEP_PRINTF("ALTER DATABASE %s RENAME TO %s", draft, name));
}

static bool has_database(const char *server, const char *name)
{
    return *servers_sql(server,
                        KEEP_PRINTF("SELECT 1 FROM pg_database WHERE datname = '%s'", name));
}

const char *servers_database_copy(const char *name, void (*fill)(const char *url))
{
    const char *server = shared_url("PAGETIDE_DATABASE_URL");
    if (!has_database(server, name)) {
        PGconn *lock = PQconnectdb(server);
        PQclear(PQexec(lock, KEEP_PRINTF("SELECT pg_advisory_lock(hashtext('%s'))", name)));
        if (!has_database(server, name))
            make_template(server, name, fill);
        PQfinish(lock);
    }
    const char *from = KEEP_PRINTF("TEMPLATE %s", name);
    return database_url(server, create_database(server, from));
}

static void ask_postgres(struct test_postgres *postgres, const char *start)
{
    const char *script =
        KEEP_PRINTF("tools/servers.sh %s \"$1\" && . \"$1/env\" && eval echo \"\\$$2\"", start);
    const char *url = shell(script, postgres->dir, "PAGETIDE_DATABASE_URL");
    snprintf(postgres->url, sizeof postgres->url, "%s", url);
    int64_t pid = 0;
    const char *text = shell(". \"$1/env\" && eval echo \"\\$$2\"", postgres->dir, "PG_PID");
    ck_assert(str_to_int64(str_from(text), &pid));
    postgres->pid = (pid_t)pid;
}

static void begin_postgres(struct test_postgres *ret_postgres, const char *start)
{
    static int count;
    const char *build = getenv("PAGETIDE_BUILD");
    *ret_postgres = (struct test_postgres){0};
    snprintf(ret_postgres->dir, sizeof ret_postgres->dir, "%s/test-servers.%d.%d",
             build ? build : "build", (int)getpid(), count++);
    ask_postgres(ret_postgres, start);
}

void servers_postgres_start(struct test_postgres *ret_postgres)
{
    begin_postgres(ret_postgres, "start --pg-only");
}

void servers_postgres_replicate(int port, struct test_postgres *ret_postgres)
{
    begin_postgres(ret_postgres, KEEP_PRINTF("replicate %d", port));
}

void servers_postgres_replicate_anew(int port, struct test_postgres *postgres)
{
    ask_postgres(postgres, KEEP_PRINTF("replicate %d", port));
}

void servers_postgres_restart(struct test_postgres *postgres)
{
    ask_postgres(postgres, "start --pg-only");
}

/* The letter of its state (proc(5)), which stands behind the name in brackets. */
static bool is_running(pid_t pid)
{
    char text[512] = "";
    FILE *file = fopen(KEEP_PRINTF("/proc/%d/stat", (int)pid), "re");
    if (!file)
        return false;
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    const char *state = strrchr(text, ')');
    return state && !strchr("ZX", state[2]);
}

void servers_postgres_await_end(const struct test_postgres *postgres)
{
    for (int64_t until = clock_mono_ms() + 20000; is_running(postgres->pid); usleep(20000))
        ck_assert_msg(clock_mono_ms() < until, "PostgreSQL does not end");
}

void servers_postgres_stop(struct test_postgres *postgres)
{
    shell("tools/servers.sh clean \"$1\"", postgres->dir, "");
}

/* --- Redis --- */

const char *servers_redis(const char *url, const char *fmt, ...)
{
    char *line = NULL;
    va_list args;
    va_start(args, fmt);
    ck_assert_int_ge(vasprintf(&line, fmt, args), 0);
    va_end(args);

    char *rest = arena_cstr(kept(), str_from(line));
    free(line);

    const char *argv[ARGS_MAX] = {"redis-cli", "--raw", "-u", url};
    size_t count = 4;
    for (char *word; (word = strsep(&rest, " "));) {
        ck_assert_uint_lt(count, ARGS_MAX - 1);
        argv[count++] = word;
    }
    return capture(argv);
}

/* Emptied when its turn comes: whoever had it is done by then. As many: tools/servers.sh. */
const char *servers_redis_url(void)
{
    enum { DATABASES = 1000 };
    static char *server; /* the environment's becomes the test's own */
    int64_t turn;
    server = server ? server : strdup(shared_url("PAGETIDE_REDIS_URL"));
    ck_assert(str_to_int64(str_from(servers_redis(server, "INCR test:turn")), &turn));
    const char *url = KEEP_PRINTF("%s/%d", server, 1 + (int)(turn % (DATABASES - 1)));
    servers_redis(url, "FLUSHDB");
    return url;
}

static bool port_answers(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return answers;
}

int servers_free_port(void)
{
    struct rng rng;
    rng_seed_random(&rng);
    for (;;) {
        int port = LOWEST_PORT + (int)rng_below(&rng, PORT_COUNT);
        if (!port_answers(port))
            return port;
    }
}

static pid_t launch_redis(int port, const char *const *more)
{
    const char *number = KEEP_PRINTF("%d", port);
    const char *argv[ARGS_MAX] = {"redis-server",
                                  "--port",
                                  number,
                                  "--bind",
                                  "127.0.0.1",
                                  "--save",
                                  "",
                                  "--appendonly",
                                  "no",
                                  "--dir",
                                  "/tmp",
                                  "--loglevel",
                                  "warning",
                                  "--enable-debug-command",
                                  "local"};
    size_t count = 15;
    for (; more && *more; more++) {
        ck_assert_uint_lt(count, ARGS_MAX - 1);
        argv[count++] = strcmp(*more, "%P") ? *more : number;
    }
    pid_t pid = child_fork();
    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, STDIN_FILENO);
    dup2(nowhere, STDOUT_FILENO);
    become(argv);
}

/* Whether it serves; it ends at once where the port is taken. */
static bool await_redis(struct test_redis *redis)
{
    for (int i = 0; i < 200; i++) {
        if (waitpid(redis->pid, NULL, WNOHANG) == redis->pid) {
            redis->pid = 0;
            return false;
        }
        if (port_answers(redis->port))
            return true;
        usleep(20000);
    }
    servers_redis_stop(redis);
    return false;
}

void servers_redis_start(struct test_redis *ret_redis)
{
    servers_redis_start_with(ret_redis, NULL);
}

void servers_redis_start_with(struct test_redis *ret_redis, const char *const more[])
{
    for (int attempt = 0; attempt < 10; attempt++) {
        int port = servers_free_port();
        *ret_redis =
            (struct test_redis){.pid = launch_redis(port, more), .port = port, .more = more};
        snprintf(ret_redis->url, sizeof ret_redis->url, "redis://127.0.0.1:%d", port);
        if (await_redis(ret_redis))
            return;
    }
    ck_abort_msg("redis-server does not start");
}

void servers_redis_restart(struct test_redis *redis)
{
    servers_redis_stop(redis);
    redis->pid = launch_redis(redis->port, redis->more);
    ck_assert_msg(await_redis(redis), "redis-server does not start again");
}

void servers_redis_stop(struct test_redis *redis)
{
    if (redis->pid <= 0)
        return;
    kill(redis->pid, SIGKILL);
    waitpid(redis->pid, NULL, 0);
    redis->pid = 0;
}
