#include "cli/supervise.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/notify.h"

enum {
    FIRST_PAUSE_MS = 1000,
    PAUSE_MAX_MS = 60000,
    HEALTHY_MS = 60000, /* who lasted so long is begun again as if it had never failed */
    END_LIMIT_MS = 25000,
};

struct child {
    pid_t pid; /* 0: it does not run */
    int64_t began_mono_ms, due_mono_ms;
    int failures; /* in a row */
};

struct supervisor {
    struct cli *cli;
    supervise_fn run;
    struct child *children;
    int count;
    bool is_ending;
    int64_t end_mono_ms; /* ending: who still lives then is killed */
    int code;
};

/* Those that it waits for; in the children they do what they always do. */
static sigset_t awaited_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

/*
 * In a process group of its own, a key of the terminal reaches it once, through the supervisor:
 * a second signal would end it at once.
 */
static void become_child(const struct supervisor *supervisor, int number, pid_t parent)
{
    sigset_t set = awaited_signals();
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    unsetenv("NOTIFY_SOCKET");
    if (getppid() != parent)
        _exit(EXIT_UNREACHABLE);
    exit(supervisor->run(supervisor->cli, number));
}

static void begin(struct supervisor *supervisor, int number)
{
    struct child *child = &supervisor->children[number];
    pid_t parent = getpid();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become_child(supervisor, number, parent);
    child->began_mono_ms = clock_mono_ms();
    child->pid = MAX(pid, 0);
    if (pid > 0)
        return;
    child->due_mono_ms = child->began_mono_ms + PAUSE_MAX_MS;
    log_write(LOG_ERROR, LOG_PROCESS_STOP, LOG_NOWHERE, "process %d cannot be begun: %s",
              number + 1, strerror(errno));
}

static void signal_all(const struct supervisor *supervisor, int number)
{
    for (int i = 0; i < supervisor->count; i++)
        if (supervisor->children[i].pid)
            kill(supervisor->children[i].pid, number);
}

static void end_all(struct supervisor *supervisor)
{
    if (!supervisor->is_ending)
        supervisor->end_mono_ms = clock_mono_ms() + END_LIMIT_MS;
    supervisor->is_ending = true;
    notify_send("STOPPING=1");
    signal_all(supervisor, SIGTERM);
}

/* --- one has ended --- */

static void tell_end(const struct child *child, int number, int status, int64_t pause_ms)
{
    bool is_killed = WIFSIGNALED(status);
    log_write(LOG_ERROR, LOG_PROCESS_STOP, LOG_NOWHERE,
              "process %d, pid %d, ended by %s %d; another one begins in %lld s", number + 1,
              (int)child->pid, is_killed ? "signal" : "exit",
              is_killed ? WTERMSIG(status) : WEXITSTATUS(status), (long long)pause_ms / 1000);
}

static void on_end(struct supervisor *supervisor, int number, int status)
{
    struct child *child = &supervisor->children[number];
    int64_t now = clock_mono_ms();
    if (now - child->began_mono_ms >= HEALTHY_MS)
        child->failures = 0;
    int64_t pause_ms = backoff_ms(FIRST_PAUSE_MS, PAUSE_MAX_MS, child->failures++);
    child->due_mono_ms = now + pause_ms;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE && !supervisor->is_ending) {
        supervisor->code = EXIT_USAGE;
        end_all(supervisor);
    }
    if (!supervisor->is_ending)
        tell_end(child, number, status, pause_ms);
    child->pid = 0;
}

static void reap(struct supervisor *supervisor)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < supervisor->count; i++)
            if (supervisor->children[i].pid == pid)
                on_end(supervisor, i, status);
}

/* --- the watch --- */

/* Begins those that are due; how long until the next one is, or until the limit of the end. */
static int64_t look_after(struct supervisor *supervisor, bool *ret_are_gone)
{
    int64_t now = clock_mono_ms(), next = now + PAUSE_MAX_MS;
    *ret_are_gone = supervisor->is_ending;
    for (int i = 0; i < supervisor->count; i++) {
        struct child *child = &supervisor->children[i];
        if (!child->pid && !supervisor->is_ending && child->due_mono_ms <= now)
            begin(supervisor, i);
        if (!child->pid && !supervisor->is_ending)
            next = MIN(next, child->due_mono_ms);
        *ret_are_gone &= !child->pid;
    }
    if (!supervisor->is_ending)
        return next - now;
    if (now >= supervisor->end_mono_ms)
        signal_all(supervisor, SIGKILL);
    return MAX(supervisor->end_mono_ms - now, 100);
}

static void watch(struct supervisor *supervisor)
{
    sigset_t set = awaited_signals();
    for (;;) {
        bool are_gone;
        int64_t wait_ms = look_after(supervisor, &are_gone);
        if (are_gone)
            return;
        const struct timespec limit = {wait_ms / 1000, wait_ms % 1000 * 1000000};
        int got = sigtimedwait(&set, NULL, &limit);
        if (got == SIGTERM || got == SIGINT)
            end_all(supervisor);
        else if (got == SIGHUP)
            signal_all(supervisor, SIGHUP);
        reap(supervisor);
    }
}

int supervise(struct cli *cli, int count, supervise_fn run)
{
    struct supervisor supervisor = {.cli = cli,
                                    .run = run,
                                    .children = ARENA_ARRAY(cli->arena, struct child, count),
                                    .count = count,
                                    .code = EXIT_DONE};
    if (count == 1)
        return run(cli, 0);
    sigset_t set = awaited_signals();
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < count; i++)
        begin(&supervisor, i);
    notify_send("READY=1");
    watch(&supervisor);
    return supervisor.code;
}
