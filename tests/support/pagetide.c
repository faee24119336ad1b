#include "tests/support/pagetide.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/child.h"
#include "tests/support/schema.h"
#include "tests/support/servers.h"

/* Limits are those of a machine that has nothing else to do; one that has is given so many
 * times as long, and a suite's own (CK_TIMEOUT_MULTIPLIER in tools/run-tests.sh) too. Under
 * valgrind a program is slower than any busy machine. */
enum { PATIENCE = 3, PATIENCE_UNDER = 10 };

enum { RUN_LIMIT_MS = 60000, WORDS_MAX = 64, POLL_US = 20000, FILE_MAX_BYTES = 64 << 20 };

/* Holds all texts; never freed. */
static struct arena *kept(void)
{
    static struct arena *arena;
    if (!arena)
        arena = arena_new();
    return arena;
}

static const char *keep_formatted(const char *fmt, va_list args)
{
    char *text = NULL;
    ck_assert_int_ge(vasprintf(&text, fmt, args), 0);
    const char *copy = arena_cstr(kept(), str_from(text));
    free(text);
    return copy;
}

uint64_t pagetide_seed(struct rng *rng)
{
    const char *given = getenv("PAGETIDE_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)clock_wall_ms();
    printf("seed %llu (PAGETIDE_TEST_SEED)\n", (unsigned long long)seed);
    rng_seed(rng, seed);
    return seed;
}

const char *pagetide_text(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *text = keep_formatted(fmt, args);
    va_end(args);
    return text;
}

const char *pagetide_build(void)
{
    const char *build = getenv("PAGETIDE_BUILD");
    return build ? build : "build/release";
}

bool pagetide_is_slow(void)
{
    return getenv("PAGETIDE_TEST_UNDER") != NULL;
}

bool pagetide_is_sanitized(void)
{
    return strstr(pagetide_build(), "asan") || strstr(pagetide_build(), "tsan") ||
           pagetide_is_slow();
}

/* --- the installation --- */

static void make_dir(const char *path)
{
    ck_assert_msg(mkdir(path, 0755) == 0 || errno == EEXIST, "%s: %m", path);
}

static void open_with(struct pagetide *ret_pagetide, const char *database_url)
{
    char token[RNG_TOKEN_BYTES];
    rng_token(token);
    *ret_pagetide = (struct pagetide){0};
    make_dir(pagetide_text("%s/test-work", pagetide_build()));
    snprintf(ret_pagetide->dir, sizeof ret_pagetide->dir, "%s/test-work/%.12s",
             pagetide_build(), token);
    make_dir(ret_pagetide->dir);
    make_dir(pagetide_text("%s/sources", ret_pagetide->dir));
    ret_pagetide->database_url = database_url;
    ret_pagetide->redis_url = servers_redis_url();
    setenv("PAGETIDE_CONFIG", ret_pagetide->dir, 1);
    setenv("PAGETIDE_DATABASE_URL", ret_pagetide->database_url, 1);
    setenv("PAGETIDE_REDIS_URL", ret_pagetide->redis_url, 1);
    setenv("PAGETIDE_HTTP", "off", 1);
}

void pagetide_open(struct pagetide *ret_pagetide)
{
    open_with(ret_pagetide, schema_bare_database());
}

void pagetide_open_empty(struct pagetide *ret_pagetide)
{
    open_with(ret_pagetide, servers_database_url());
}

void pagetide_close(struct pagetide *pagetide)
{
    const char *command = pagetide_text("rm -rf '%s'", pagetide->dir);
    ck_assert_int_eq(system(command), 0);
}

void pagetide_file(struct pagetide *pagetide, const char *path, const char *text)
{
    const char *full = pagetide_text("%s/%s", pagetide->dir, path);
    const char *temporary = pagetide_text("%s.new", full);
    FILE *file = fopen(temporary, "we");
    ck_assert_msg(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s: %m", full);
    ck_assert_int_eq(rename(temporary, full), 0);
}

void pagetide_source(struct pagetide *pagetide, const char *name, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *text = keep_formatted(fmt, args);
    va_end(args);
    pagetide_file(pagetide, pagetide_text("sources/%s.yaml", name), text);
}

/* --- programs --- */

/* Cuts in place at blanks outside of '…', behind the `count` words that are there. */
static size_t split_words(char *line, const char *words[WORDS_MAX], size_t count)
{
    while (*line) {
        bool is_quoted = *line == '\'';
        line += is_quoted;
        char *end = line + strcspn(line, is_quoted ? "'" : " ");
        ck_assert_uint_lt(count, WORDS_MAX - 1);
        words[count++] = line;
        line = end;
        if (*line)
            *line++ = '\0';
        line += strspn(line, " ");
    }
    words[count] = NULL;
    return count;
}

static char *copy_of(const char *text)
{
    return arena_cstr(kept(), str_from(text));
}

/* PAGETIDE_TEST_UNDER: words of a program that becomes the one it is given, valgrind say. */
static void make_words(const char *program, const char *line, const char *words[WORDS_MAX])
{
    const char *under = getenv("PAGETIDE_TEST_UNDER");
    size_t count = under ? split_words(copy_of(under), words, 0) : 0;
    words[count++] = pagetide_text("%s/%s", pagetide_build(), program);
    split_words(copy_of(line), words, count);
}

NORETURN static void become(const char *const words[], const char *out, const char *err)
{
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644), STDOUT_FILENO);
    dup2(open(err, O_WRONLY | O_CREAT | O_TRUNC, 0644), STDERR_FILENO);
    /* exec(3) wants its words writable and leaves them alone. */
    execvp(words[0], (char *const *)(uintptr_t)words);
    _exit(127);
}

static struct pagetide_process spawn_line(struct pagetide *pagetide, const char *program,
                                          const char *line)
{
    const char *words[WORDS_MAX];
    make_words(program, line, words);
    int n = pagetide->count++;
    struct pagetide_process process = {
        .out_path = pagetide_text("%s/out.%d", pagetide->dir, n),
        .err_path = pagetide_text("%s/err.%d", pagetide->dir, n),
    };
    process.pid = child_fork();
    if (process.pid == 0)
        become(words, process.out_path, process.err_path);
    ck_assert_int_ge(process.pid, 0);
    return process;
}

struct pagetide_process pagetide_spawn(struct pagetide *pagetide, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *line = keep_formatted(fmt, args);
    va_end(args);
    return spawn_line(pagetide, "pagetide", line);
}

struct pagetide_process pagetide_spawn_crashing(struct pagetide *pagetide, const char *point,
                                                const char *line)
{
    setenv("PAGETIDE_CRASH_AT", point, 1);
    struct pagetide_process process = spawn_line(pagetide, "pagetide-faults", line);
    unsetenv("PAGETIDE_CRASH_AT");
    return process;
}

struct pagetide_result pagetide_run(struct pagetide *pagetide, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *line = keep_formatted(fmt, args);
    va_end(args);
    int64_t began = clock_mono_ms();
    struct pagetide_process process = spawn_line(pagetide, "pagetide", line);
    struct pagetide_result result = {.code = pagetide_wait(&process, RUN_LIMIT_MS)};
    result.ms = clock_mono_ms() - began;
    result.out = pagetide_out(&process);
    result.err = pagetide_err(&process);
    return result;
}

struct pagetide_result pagetide_expect(struct pagetide *pagetide, int code, const char *command)
{
    struct pagetide_result got = pagetide_run(pagetide, "%s", command);
    ck_assert_msg(got.code == code, "pagetide %s: exit %d, not %d\n%s\n%s", command, got.code,
                  code, got.out, got.err);
    return got;
}

void expect_holds(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text);
}

void expect_lacks(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) == NULL, "\"%s\" in:\n%s", part, text);
}

void pagetide_signal(struct pagetide_process *process, int signal)
{
    ck_assert_int_gt(process->pid, 0);
    ck_assert_int_eq(kill(process->pid, signal), 0);
}

static int code_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int64_t pagetide_deadline(int64_t limit_ms)
{
    return clock_mono_ms() + (pagetide_is_slow() ? PATIENCE_UNDER : PATIENCE) * limit_ms;
}

int pagetide_wait(struct pagetide_process *process, int64_t limit_ms)
{
    int status = 0;
    struct rusage used;
    int64_t deadline = pagetide_deadline(limit_ms);
    ck_assert_int_gt(process->pid, 0);
    while (wait4(process->pid, &status, WNOHANG, &used) != process->pid) {
        if (clock_mono_ms() > deadline) {
            pagetide_kill(process);
            ck_abort_msg("not over after %lld ms:\n%s", (long long)limit_ms,
                         pagetide_err(process));
        }
        usleep(POLL_US / 4);
    }
    process->pid = 0;
    process->peak_kib = used.ru_maxrss;
    return code_of(status);
}

long pagetide_status_kib(const struct pagetide_process *process, const char *field)
{
    long kib = 0;
    const char *status = pagetide_read(pagetide_text("/proc/%d/status", (int)process->pid));
    const char *at = strstr(status, pagetide_text("\n%s:", field));
    if (at)
        ck_assert_int_eq(sscanf(strchr(at, ':'), ": %ld", &kib), 1);
    return kib;
}

void pagetide_stop(struct pagetide_process *process)
{
    pagetide_await_err(process, "process.start", 60000);
    pagetide_signal(process, SIGTERM);
    int code = pagetide_wait(process, 30000);
    ck_assert_msg(code == 0, "exit %d\n%s", code, pagetide_err(process));
}

void pagetide_kill(struct pagetide_process *process)
{
    if (process->pid <= 0)
        return;
    kill(process->pid, SIGKILL);
    waitpid(process->pid, NULL, 0);
    process->pid = 0;
}

bool pagetide_is_running(struct pagetide_process *process)
{
    siginfo_t info = {0};
    return process->pid > 0 &&
           waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

const char *pagetide_read(const char *path)
{
    AUTO_BUF(text, FILE_MAX_BYTES);
    FILE *file = fopen(path, "re");
    if (!file)
        return "";
    char piece[65536];
    for (size_t len; (len = fread(piece, 1, sizeof piece, file));)
        buf_put(&text, (struct str){piece, len});
    fclose(file);
    return arena_cstr(kept(), buf_str(&text));
}

const char *pagetide_out(const struct pagetide_process *process)
{
    return pagetide_read(process->out_path);
}

const char *pagetide_err(const struct pagetide_process *process)
{
    return pagetide_read(process->err_path);
}

void pagetide_await_stopped(const struct pagetide_process *process)
{
    enum { LIMIT_MS = 20000 };
    int64_t deadline = pagetide_deadline(LIMIT_MS);
    for (;; usleep(POLL_US)) {
        const char *status = pagetide_read(pagetide_text("/proc/%d/status", (int)process->pid));
        if (strstr(status, "State:\tT"))
            return;
        ck_assert_msg(clock_mono_ms() < deadline, "not stopped:\n%s", pagetide_err(process));
    }
}

void pagetide_await_err(struct pagetide_process *process, const char *text, int64_t limit_ms)
{
    int64_t deadline = pagetide_deadline(limit_ms);
    while (!strstr(pagetide_err(process), text)) {
        ck_assert_msg(clock_mono_ms() < deadline, "no \"%s\" after %lld ms in:\n%s", text,
                      (long long)limit_ms, pagetide_err(process));
        usleep(POLL_US);
    }
}

/* --- questions --- */

const char *pagetide_sql(struct pagetide *pagetide, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *sql = keep_formatted(fmt, args);
    va_end(args);
    return servers_sql(pagetide->database_url, sql);
}

/* NULL where the question failed; *conn is opened again where it was lost. */
static const char *ask(PGconn **conn, const char *url, const char *sql)
{
    if (!*conn || PQstatus(*conn) != CONNECTION_OK) {
        PQfinish(*conn);
        *conn = PQconnectdb(url);
    }
    PGresult *result = PQexec(*conn, sql);
    const char *text = NULL;
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        text = PQntuples(result) ? arena_cstr(kept(), str_from(PQgetvalue(result, 0, 0))) : "";
    PQclear(result);
    return text;
}

const char *pagetide_try_sql(struct pagetide *pagetide, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *sql = keep_formatted(fmt, args);
    va_end(args);
    PGconn *conn = NULL;
    const char *text = ask(&conn, pagetide->database_url, sql);
    if (!text)
        text = pagetide_text("%s", PQerrorMessage(conn));
    PQfinish(conn);
    return text;
}

void pagetide_await(struct pagetide *pagetide, const char *expected, int64_t limit_ms,
                    const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *sql = keep_formatted(fmt, args);
    va_end(args);
    int64_t deadline = pagetide_deadline(limit_ms);
    PGconn *conn = NULL;
    for (;;) {
        const char *got = ask(&conn, pagetide->database_url, sql);
        if (got && !strcmp(got, expected))
            break;
        ck_assert_msg(clock_mono_ms() < deadline, "%s\nis still %s, not %s, after %lld ms (%s)",
                      sql, got ? got : "failing", expected, (long long)limit_ms,
                      PQerrorMessage(conn));
        usleep(POLL_US);
    }
    PQfinish(conn);
}

const char *pagetide_last_line(const char *text)
{
    size_t len = strlen(text);
    while (len && text[len - 1] == '\n')
        len--;
    size_t start = len;
    while (start && text[start - 1] != '\n')
        start--;
    return arena_cstr(kept(), (struct str){text + start, len - start});
}

void pagetide_await_alone(struct pagetide *pagetide)
{
    pagetide_await(
        pagetide, "0", 30000,
        "select count(*) from pg_stat_activity where backend_type = 'client backend' "
        "and datname = current_database() and pid <> pg_backend_pid()");
}

const char *pagetide_json(const char *json, const char *key)
{
    json_error_t error;
    json_t *object = json_loads(json, JSON_DECODE_ANY, &error);
    ck_assert_msg(object != NULL, "no JSON: %s\n%s", error.text, json);
    json_t *member = json_object_get(object, key);
    const char *text = "";
    if (json_is_string(member))
        text = arena_cstr(kept(), str_from(json_string_value(member)));
    else if (member && !json_is_null(member)) {
        char *dump = json_dumps(member, JSON_ENCODE_ANY | JSON_COMPACT);
        text = arena_cstr(kept(), str_from(dump));
        free(dump);
    }
    json_decref(object);
    return text;
}

/* --- the status server --- */

int pagetide_http_port(struct pagetide_process *process, int64_t limit_ms)
{
    static const char said[] = "status on port ";
    pagetide_await_err(process, said, limit_ms);
    return (int)strtol(strstr(pagetide_err(process), said) + strlen(said), NULL, 10);
}

const char *pagetide_http_talk(int port, const char *request)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    AUTO_BUF(answer, MIB(16));
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0) {
        dprintf(fd, "%s", request);
        char piece[4096];
        for (ssize_t got; (got = recv(fd, piece, sizeof piece, 0)) > 0;)
            buf_put(&answer, (struct str){piece, (size_t)got});
    }
    close(fd);
    return pagetide_text("%.*s", STR_ARG(buf_str(&answer)));
}

const char *pagetide_http_get(int port, const char *path)
{
    struct str text = str_from(pagetide_http_talk(
        port,
        pagetide_text("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n",
                      path, port)));
    ptrdiff_t end = str_find(text, STR("\r\n\r\n"));
    if (!str_starts(text, STR("HTTP/1.1 ")) || end < 0)
        return "";
    return pagetide_text("%.3s %.*s", text.ptr + 9,
                         STR_ARG(str_slice(text, (size_t)end + 4, text.len)));
}
