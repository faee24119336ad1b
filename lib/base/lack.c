#include "base/lack.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { HANDFUL = 8 };

const char *lack_of(int code)
{
    switch (code) {
    case EMFILE:
        return "this process has no file descriptors left (ulimit -n)";
    case ENFILE:
        return "this machine has no file descriptors left (fs.file-max)";
    case ENOBUFS:
    case ENOMEM:
        return "this machine's kernel has no memory left";
    case EADDRNOTAVAIL:
        return "this machine has no local port left (net.ipv4.ip_local_port_range)";
    default:
        return NULL;
    }
}

bool lack_explain(struct err *err, const char *origin, int code, const char *noun)
{
    const char *what = lack_of(code);
    if (!what)
        return false;
    err_set(err, ERR_AGAIN, origin, code, "%s%s%s", noun, *noun ? ": " : "", what);
    err->is_lack = true;
    return true;
}

int lack_of_descriptors(void)
{
    int fds[HANDFUL], count = 0, code = 0;
    while (count < HANDFUL && !code) {
        int fd = open("/", O_PATH | O_CLOEXEC);
        if (fd >= 0)
            fds[count++] = fd;
        else
            code = errno;
    }
    while (count)
        close(fds[--count]);
    return lack_of(code) ? code : 0;
}
