#include "base/crash.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * PAGETIDE_CRASH_AT="NAME [STREAM [PAGE]]": at this point the process dies, every time that it
 * comes there. Without a stream, or a page, it is any. With PAGETIDE_CRASH_BY=STOP it is
 * stopped instead, once, and goes on when it is told to.
 */
void crash_point(const char *name, struct str stream, int page)
{
    static bool was_stopped;
    const char *at = was_stopped ? NULL : getenv("PAGETIDE_CRASH_AT");
    char wanted[32] = "", of[128] = "";
    int number = 0;
    if (!at || sscanf(at, "%31s %127s %d", wanted, of, &number) < 1)
        return;
    if (!str_eq(str_from(wanted), str_from(name)) || (*of && !str_eq(str_from(of), stream)) ||
        (number && number != page))
        return;
    was_stopped = getenv("PAGETIDE_CRASH_BY") != NULL;
    kill(getpid(), was_stopped ? SIGSTOP : SIGKILL);
}
