#define SUITE_TIMEOUT 120
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/child.h"
#include "tests/support/docs.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/*
 * What docker-compose.yml runs, run here: there may be no container engine. Its commands are
 * read out of it, so that a change there is a change here.
 */
static struct pagetide pagetide;

static int run(const char *command)
{
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The first list `key: [a, b]` of a service, as words, with any port instead of 9187. */
static const char *words_of(const char *service, const char *key)
{
    const char *text = pagetide_read("docker-compose.yml");
    const char *at = strstr(text, pagetide_text("\n  %s:", service));
    ck_assert_msg(at != NULL, "no service %s", service);
    at = strstr(at, pagetide_text(" %s: [", key));
    ck_assert_msg(at != NULL, "%s has no %s", service, key);
    at = strchr(at, '[') + 1;
    char words[256];
    size_t len = 0;
    for (; *at != ']' && len < sizeof words - 1; at++)
        if (*at != ',' && *at != '"')
            words[len++] = *at;
    words[len] = '\0';
    return docs_replaced((struct str){words, len}, "0.0.0.0:9187", "0.0.0.0:0");
}

static const char *write_secret(const char *name, const char *text)
{
    pagetide_file(&pagetide, name, pagetide_text("%s\n", text));
    return pagetide_text("%s/%s", pagetide.dir, name);
}

/* As the containers have them: the URLs in files, and not in the environment. */
static void use_secret_files(void)
{
    setenv("PAGETIDE_DATABASE_URL_FILE", write_secret("database_url", pagetide.database_url),
           1);
    setenv("PAGETIDE_REDIS_URL_FILE", write_secret("redis_url", pagetide.redis_url), 1);
    setenv("PAGETIDE_TOKEN_FILE", write_secret("token", "t0ken"), 1);
    unsetenv("PAGETIDE_DATABASE_URL");
    unsetenv("PAGETIDE_REDIS_URL");
    setenv("PAGETIDE_HTTP", "127.0.0.1:0", 1);
}

static struct pagetide_process start_service(const char *service)
{
    return pagetide_spawn(&pagetide, "%s", words_of(service, "command"));
}

/* By its own health check; of two addresses the last one holds. */
static void await_health(struct pagetide_process *process, const char *service)
{
    static const char head[] = "CMD pagetide ";
    const char *check = words_of(service, "test");
    int port = pagetide_http_port(process, 10000);
    struct pagetide_result got = {.code = -1};
    ck_assert_msg(strncmp(check, head, strlen(head)) == 0, "%s", check);
    for (int tries = 0; tries < 100 && got.code != 0; tries++, usleep(100000))
        got = pagetide_run(&pagetide, "%s --http 127.0.0.1:%d", check + strlen(head), port);
    ck_assert_msg(got.code == 0, "not healthy: %s%s", got.err, pagetide_err(process));
    ck_assert_str_eq(got.out, "{\"status\":\"ready\"}\n");
}

static pid_t start_mock(int *ret_port)
{
    const char *path = pagetide_text("%s/mock.port", pagetide.dir);
    pid_t pid = child_fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (!freopen(path, "w", stdout))
            _exit(1);
        execl(pagetide_text("%s/bench/mock", pagetide_build()), "mock", "--all", NULL);
        _exit(1);
    }
    for (*ret_port = 0; *ret_port == 0; usleep(10000)) {
        const char *line = pagetide_read(path);
        if (strncmp(line, "port ", 5) == 0)
            *ret_port = (int)strtol(line + 5, NULL, 10);
    }
    return pid;
}

/* The demo's definitions, with the container's name replaced. */
static void write_demo(int port)
{
    const char *text = pagetide_read("docker/demo/sources/world.yaml");
    const char *at = strstr(text, "http://mock:8080");
    ck_assert_ptr_nonnull(at);
    pagetide_source(&pagetide, "world", "%.*shttp://127.0.0.1:%d%s", (int)(at - text), text,
                    port, at + 16);
}

START_TEST(the_demo_runs_by_its_commands)
{
    int port;
    pagetide_open_empty(&pagetide);
    pid_t mock = start_mock(&port);
    use_secret_files();
    struct pagetide_result got = pagetide_run(&pagetide, "%s", words_of("migrate", "command"));
    ck_assert_msg(got.code == 0, "%s", got.err);
    struct pagetide_process scheduler = start_service("scheduler");
    struct pagetide_process worker = start_service("worker"), second = start_service("worker");
    await_health(&scheduler, "scheduler");
    await_health(&worker, "worker");
    await_health(&second, "worker");
    expect_holds(pagetide_http_get(pagetide_http_port(&scheduler, 0), "/api/v1/streams"),
                 "401");
    write_demo(port);
    ck_assert_str_eq(words_of("demo", "command"), "apply /etc/pagetide");
    got = pagetide_run(&pagetide, "apply %s", pagetide.dir);
    ck_assert_msg(got.code == 0, "%s", got.err);
    pagetide_await(&pagetide, "3", 30000,
                   "select count(*) from pagetide.health where last_state = 'succeeded'");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select name from world.countries "
                                             "where alpha_2 = 'IS'"),
                     "Iceland");
    pagetide_signal(&worker, SIGTERM);
    pagetide_signal(&second, SIGTERM);
    pagetide_signal(&scheduler, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&worker, 25000), 0);
    ck_assert_int_eq(pagetide_wait(&second, 25000), 0);
    ck_assert_int_eq(pagetide_wait(&scheduler, 25000), 0);
    kill(mock, SIGTERM);
    waitpid(mock, NULL, 0);
    pagetide_close(&pagetide);
}
END_TEST

START_TEST(secrets_are_made_once)
{
    pagetide_open_empty(&pagetide);
    const char *dir = pagetide_text("%s/secrets", pagetide.dir);
    ck_assert_int_eq(run(pagetide_text("docker/secrets.sh %s", dir)), 0);
    const char *password = pagetide_read(pagetide_text("%s/postgres_password", dir));
    ck_assert_uint_eq(strlen(password), 49);
    ck_assert_str_ne(pagetide_read(pagetide_text("%s/token", dir)), "");
    ck_assert_ptr_nonnull(strstr(pagetide_read(pagetide_text("%s/database_url", dir)),
                                 pagetide_text("pagetide:%.48s@postgres", password)));
    ck_assert_int_eq(run(pagetide_text("docker/secrets.sh %s", dir)), 0);
    ck_assert_str_eq(pagetide_read(pagetide_text("%s/postgres_password", dir)), password);
    pagetide_close(&pagetide);
}
END_TEST

START_TEST(compose_takes_the_file)
{
    const char *compose = run("docker compose version >/dev/null 2>&1") == 0 ? "docker compose"
                          : run("docker-compose version >/dev/null 2>&1") == 0
                              ? "docker-compose"
                              : NULL;
    if (!compose)
        fprintf(stderr, "passed over: no docker compose here\n");
    else
        ck_assert_int_eq(run(pagetide_text("%s --profile demo config -q", compose)), 0);
}
END_TEST

SUITE("flow/compose", the_demo_runs_by_its_commands, secrets_are_made_once,
      compose_takes_the_file)
