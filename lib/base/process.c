#include "base/process.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/str.h"

void process_host(char ret_host[PROCESS_HOST_BYTES])
{
    ret_host[PROCESS_HOST_BYTES - 1] = '\0'; /* gethostname may leave a cut name without it */
    if (gethostname(ret_host, PROCESS_HOST_BYTES - 1))
        snprintf(ret_host, PROCESS_HOST_BYTES, "unknown");
}

void process_new_id(char ret_id[PROCESS_ID_BYTES])
{
    char host[PROCESS_HOST_BYTES], token[RNG_TOKEN_BYTES];
    process_host(host);
    rng_token(token);
    snprintf(ret_id, PROCESS_ID_BYTES, "%s-%d-%.8s", host, (int)getpid(), token);
}

void process_raise_fds(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); /* where it is refused, what there is has to do */
}

bool process_is_gone(int64_t pid)
{
    return pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

/* --- usage: proc(5) --- */

/* The first bytes of a file of /proc/self. */
static struct str read_proc(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(text, 1, size, file) : 0;
    if (file)
        fclose(file);
    return (struct str){text, len};
}

/* The n-th number behind spaces, from 0. */
static int64_t number_at(struct str text, int n)
{
    struct str word = STR_NONE;
    int64_t number = 0;
    for (int i = 0; i <= n; i++)
        text = str_split(text, ' ', &word);
    return str_to_int64(word, &number) ? number : 0;
}

static int64_t ms_of(clockid_t clock)
{
    struct timespec now;
    return clock_gettime(clock, &now) ? 0 : now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Field 22 of `stat`, in ticks since the boot; the name in field 2 may hold anything but ends
 * with the last parenthesis. */
static int64_t read_start(void)
{
    enum { BEHIND_NAME = 22 - 3 };
    char text[1024];
    struct str stat = read_proc("/proc/self/stat", text, sizeof text);
    size_t name_end = stat.len;
    while (name_end && stat.ptr[name_end - 1] != ')')
        name_end--;
    struct str behind = str_slice(stat, name_end + 1, stat.len);
    int64_t ticks = number_at(behind, BEHIND_NAME), hz = sysconf(_SC_CLK_TCK);
    int64_t boot_ms = ms_of(CLOCK_REALTIME) - ms_of(CLOCK_BOOTTIME);
    return ticks && hz > 0 ? boot_ms + ticks * 1000 / hz : 0;
}

static int64_t count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int64_t count = 0;
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count > 3 ? count - 3 : 0; /* ".", ".." and the folder's own */
}

struct process_usage process_usage(void)
{
    static int64_t started_at_ms;
    char text[256];
    struct rlimit limit = {0};
    struct str statm = read_proc("/proc/self/statm", text, sizeof text);
    if (!started_at_ms)
        started_at_ms = read_start();
    getrlimit(RLIMIT_NOFILE, &limit);
    return (struct process_usage){
        .started_at_ms = started_at_ms,
        .cpu_ms = ms_of(CLOCK_PROCESS_CPUTIME_ID),
        .resident_bytes = number_at(statm, 1) * sysconf(_SC_PAGESIZE),
        .fds = count_fds(),
        .fds_max = (int64_t)limit.rlim_cur,
    };
}
