#include "base/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/rng.h"

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

bool process_is_gone(int64_t pid)
{
    return pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}
