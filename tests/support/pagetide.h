#ifndef TESTS_SUPPORT_PAGETIDE_H
#define TESTS_SUPPORT_PAGETIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/rng.h"

/*
 * The program under test, as a user has it: a configuration folder, a fresh database (with the
 * control schema already, which saves a second), a Redis.
 *
 *     struct pagetide pagetide;
 *     pagetide_open(&pagetide);
 *     pagetide_source(&pagetide, "shop", "source: shop\nbase_url: %s\n…", mock.url);
 *     struct pagetide_result got = pagetide_run(&pagetide, "sync shop.orders --json");
 *     ck_assert_int_eq(got.code, 0);
 *     struct pagetide_process up = pagetide_spawn(&pagetide, "up");
 *     pagetide_await(&pagetide, "t", 20000, "select count(*) = 1 from shop.orders");
 *     pagetide_signal(&up, SIGTERM);
 *     ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
 *     pagetide_close(&pagetide);
 *
 * Settings reach the program through this process' environment: setenv("PAGETIDE_LEASE", "3s",
 * 1). pagetide_open sets PAGETIDE_CONFIG, _DATABASE_URL, _REDIS_URL and _HTTP (off). All calls
 * block, and end the test with a message where something goes wrong. Texts are not freed: a
 * test's process is short. Programs die with the test, whatever becomes of it.
 */
struct pagetide {
    char dir[160]; /* the configuration folder; a failed test leaves it */
    const char *database_url, *redis_url;
    int count; /* of programs started; names their output files */
};

void pagetide_open(struct pagetide *ret_pagetide);
void pagetide_open_empty(struct pagetide *ret_pagetide); /* an empty database */
void pagetide_close(struct pagetide *pagetide);

/* Writes sources/NAME.yaml, or any other file of the folder. */
void pagetide_source(struct pagetide *pagetide, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void pagetide_file(struct pagetide *pagetide, const char *path, const char *text);

struct pagetide_process {
    pid_t pid; /* 0 once it has ended */
    const char *out_path, *err_path;
    long peak_kib; /* the most memory that it had, once it was waited for */
};

struct pagetide_result {
    int code; /* the exit code, or minus the signal that ended it */
    int64_t ms;
    const char *out, *err;
};

/* `fmt` becomes words at blanks; '…' keeps blanks together. */
struct pagetide_process pagetide_spawn(struct pagetide *pagetide, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The program with crash points: it dies at `point` ("NAME [STREAM [PAGE]]", base/crash.h). */
struct pagetide_process pagetide_spawn_crashing(struct pagetide *pagetide, const char *point,
                                                const char *line);
/* To its end, within 60 s. */
struct pagetide_result pagetide_run(struct pagetide *pagetide, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, and it must end with that code. */
struct pagetide_result pagetide_expect(struct pagetide *pagetide, int code,
                                       const char *command);

/* Of what was printed: the part is in it, or is not. */
void expect_holds(const char *text, const char *part);
void expect_lacks(const char *text, const char *part);

void pagetide_signal(struct pagetide_process *process, int signal);
/* Until when a test waits for what should come within `limit_ms`, by clock_mono_ms: a machine
 * that is busy is given more. All limits here are such. */
int64_t pagetide_deadline(int64_t limit_ms);

/* The exit code, or minus the signal; the test fails after `limit_ms`. */
int pagetide_wait(struct pagetide_process *process, int64_t limit_ms);
/* SIGTERM once it has started; it must end with 0. */
void pagetide_stop(struct pagetide_process *process);
/* SIGKILL, and waits for the end. */
void pagetide_kill(struct pagetide_process *process);
bool pagetide_is_running(struct pagetide_process *process);
/* KiB of a field of /proc/PID/status, such as "VmHWM"; 0 for a process that has ended. */
long pagetide_status_kib(const struct pagetide_process *process, const char *field);

/* What it has printed so far; the log is on stderr. */
const char *pagetide_out(const struct pagetide_process *process);
const char *pagetide_err(const struct pagetide_process *process);
/* Waits until its stderr holds the text. */
void pagetide_await_err(struct pagetide_process *process, const char *text, int64_t limit_ms);

/* Waits until SIGSTOP, or a crash point with PAGETIDE_CRASH_BY=STOP, has stopped it. */
void pagetide_await_stopped(const struct pagetide_process *process);

/* The first field of the first row; "" for NULL or no row. */
const char *pagetide_sql(struct pagetide *pagetide, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, but the error's text where the question fails. */
const char *pagetide_try_sql(struct pagetide *pagetide, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Asks until the answer is `expected`; a question that fails (no such table) is asked again. */
void pagetide_await(struct pagetide *pagetide, const char *expected, int64_t limit_ms,
                    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Waits until no other session is in the database: PostgreSQL ends what it began, statistics
 * for one, also for a client that is gone. */
void pagetide_await_alone(struct pagetide *pagetide);

/* The member of a JSON object as text (numbers as written); "" for null or none. */
const char *pagetide_json(const char *json, const char *key);
/* The last line of an output. */
const char *pagetide_last_line(const char *text);
/* Seeds with PAGETIDE_TEST_SEED, or with the time; says which on stdout, so that a failure can
 * be run again. Gives the seed. */
uint64_t pagetide_seed(struct rng *rng);

/* A text that stays until the process ends. */
const char *pagetide_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A file's content, "" if there is none. */
const char *pagetide_read(const char *path);
/* build/release, or where else this program was built. */
const char *pagetide_build(void);
/* Whether that is a build with a sanitizer, or runs under valgrind: it takes more memory, and a
 * limit ends it. */
bool pagetide_is_sanitized(void);
/* Whether it runs under valgrind: work takes some twenty times as long. */
bool pagetide_is_slow(void);

/* The port that a program with PAGETIDE_HTTP=127.0.0.1:0 tells in its log. */
int pagetide_http_port(struct pagetide_process *process, int64_t limit_ms);
/* Status and body of a GET; "503 …". "" while nothing listens. */
const char *pagetide_http_get(int port, const char *path);
/* The whole answer to a whole request, as it comes over the wire. */
const char *pagetide_http_talk(int port, const char *request);

#endif
