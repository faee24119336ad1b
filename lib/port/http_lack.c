#include "port/http_lack.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/lack.h"

static socklen_t len_of(int family)
{
    return family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

void http_lack_note(struct http_lack *lack, const struct sockaddr *address, int code)
{
    bool is_ip = address->sa_family == AF_INET || address->sa_family == AF_INET6;
    if (lack_of(code))
        lack->code = code;
    if (is_ip && lack->count < HTTP_LACK_ADDRESSES)
        memcpy(&lack->tried[lack->count++], address, len_of(address->sa_family));
}

/* Has this machine an address of its own to reach it from? Nothing is sent. */
static bool has_own_address(const struct sockaddr_in6 *address)
{
    int family = address->sin6_family;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && connect(fd, (const struct sockaddr *)address, len_of(family)) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

/* EADDRNOTAVAIL is no lack where it is said of ::1 on a machine without IPv6: that lasts. */
static bool is_for_want_of_a_port(const struct http_lack *lack)
{
    for (size_t i = 0; i < lack->count; i++)
        if (!has_own_address(&lack->tried[i]))
            return false;
    return lack->count > 0;
}

int http_lack_find(const struct http_lack *lack, int connect_code, bool is_connecting)
{
    if (lack->code)
        return lack->code;
    if (!is_connecting)
        return 0;
    if (!connect_code)
        return lack_of_descriptors();
    if (connect_code == EADDRNOTAVAIL && !is_for_want_of_a_port(lack))
        return 0;
    return lack_of(connect_code) ? connect_code : 0;
}
