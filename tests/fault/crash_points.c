#include "base/crash.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * PAGETIDE_CRASH_AT="NAME [STREAM [PAGE]]": at this point the process dies, every time that it
 * comes there. Without a stream, or a page, it is any.
 */
void crash_point(const char *name, struct str stream, int page)
{
    const char *at = getenv("PAGETIDE_CRASH_AT");
    char wanted[32] = "", of[128] = "";
    int number = 0;
    if (!at || sscanf(at, "%31s %127s %d", wanted, of, &number) < 1)
        return;
    if (str_eq(str_from(wanted), str_from(name)) && (!*of || str_eq(str_from(of), stream)) &&
        (!number || number == page))
        kill(getpid(), SIGKILL);
}
