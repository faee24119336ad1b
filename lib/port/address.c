#include "port/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

struct range4 {
    uint32_t network;
    int bits;
};

static const struct range4 special4[] = {
    {0x00000000, 8},  /* 0.0.0.0: this network */
    {0x0a000000, 8},  /* 10.0.0.0 */
    {0x64400000, 10}, /* 100.64.0.0: CGNAT */
    {0x7f000000, 8},  /* 127.0.0.0 */
    {0xa9fe0000, 16}, /* 169.254.0.0: link-local */
    {0xac100000, 12}, /* 172.16.0.0 */
    {0xc0000000, 24}, /* 192.0.0.0: protocol assignments */
    {0xc0000200, 24}, /* 192.0.2.0: documentation */
    {0xc0586300, 24}, /* 192.88.99.0: 6to4 relays */
    {0xc0a80000, 16}, /* 192.168.0.0 */
    {0xc6120000, 15}, /* 198.18.0.0: benchmarks */
    {0xc6336400, 24}, /* 198.51.100.0: documentation */
    {0xcb007100, 24}, /* 203.0.113.0: documentation */
    {0xe0000000, 4},  /* 224.0.0.0: multicast */
    {0xf0000000, 4},  /* 240.0.0.0: reserved, broadcast */
};

struct range6 {
    unsigned char network[16];
    int bits;
    int embeds_at;      /* byte of the IPv4 address that decides; 0: refused as a whole */
    unsigned char mask; /* Teredo stores the address inverted */
};

static const struct range6 special6[] = {
    {{[10] = 0xff, 0xff}, 96, 12, 0},        /* ::ffff:0:0: mapped */
    {{0, 0x64, 0xff, 0x9b}, 96, 12, 0},      /* 64:ff9b::: NAT64 */
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, 0, 0}, /* 64:ff9b:1::: local NAT64 */
    {{0}, 96, 0, 0},                         /* ::, ::1, compatible */
    {{[8] = 0xff, 0xff}, 96, 0, 0},          /* ::ffff:0:0:0: translated */
    {{1}, 64, 0, 0},                         /* 100::: discard */
    {{0x20, 0x01, 0, 0}, 32, 12, 0xff},      /* 2001::: Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, 0, 0},    /* documentation */
    {{0x20, 0x02}, 16, 2, 0},                /* 2002::: 6to4 */
    {{0xfc}, 7, 0, 0},                       /* unique local */
    {{0xfe, 0x80}, 9, 0, 0},                 /* link-local, site-local */
    {{0xff}, 8, 0, 0},                       /* multicast */
};

static bool is_public4(uint32_t address)
{
    for (size_t i = 0; i < COUNT_OF(special4); i++)
        if ((address ^ special4[i].network) >> (32 - special4[i].bits) == 0)
            return false;
    return true;
}

static bool has_prefix(const unsigned char *address, const struct range6 *range)
{
    int whole = range->bits / 8, rest = range->bits % 8;
    if (memcmp(address, range->network, (size_t)whole) != 0)
        return false;
    return rest == 0 || (address[whole] ^ range->network[whole]) >> (8 - rest) == 0;
}

static bool is_public6(const unsigned char *address)
{
    for (size_t i = 0; i < COUNT_OF(special6); i++) {
        const struct range6 *range = &special6[i];
        if (!has_prefix(address, range))
            continue;
        if (!range->embeds_at)
            return false;
        uint32_t embedded = 0;
        for (int k = 0; k < 4; k++)
            embedded = embedded << 8 | (address[range->embeds_at + k] ^ range->mask);
        return is_public4(embedded);
    }
    return true;
}

bool address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return is_public4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family != AF_INET6)
        return false;
    struct sockaddr_in6 in6;
    memcpy(&in6, address, sizeof in6);
    return is_public6(in6.sin6_addr.s6_addr);
}

/* Family of the literal, 0 if it is none; its zone is left out. */
static int literal_parse(struct str host, unsigned char ret[16])
{
    char text[INET6_ADDRSTRLEN];
    struct str bare;
    str_split(host, '%', &bare);
    if (bare.len >= sizeof text)
        return 0;
    snprintf(text, sizeof text, "%.*s", STR_ARG(bare));
    if (inet_pton(AF_INET6, text, ret) == 1)
        return AF_INET6;
    /* inet_aton takes 0x7f.1 and 2130706433 as well: what getaddrinfo would. */
    struct in_addr in;
    if (text[0] < '0' || text[0] > '9' || !inet_aton(text, &in))
        return 0;
    memcpy(ret, &in, sizeof in);
    return AF_INET;
}

static uint32_t load4(const unsigned char bytes[4])
{
    uint32_t address;
    memcpy(&address, bytes, sizeof address);
    return ntohl(address);
}

bool address_text_is_public(struct str host, bool *ret_literal)
{
    unsigned char bytes[16];
    int family = literal_parse(host, bytes);
    *ret_literal = family != 0;
    if (family == AF_INET)
        return is_public4(load4(bytes));
    return family == AF_INET6 && is_public6(bytes);
}

bool address_text_is_loopback(struct str host)
{
    unsigned char bytes[16];
    static const unsigned char one[16] = {[15] = 1};
    int family = literal_parse(host, bytes);
    if (family == AF_INET)
        return load4(bytes) >> 24 == 127;
    if (family == AF_INET6)
        return memcmp(bytes, one, sizeof one) == 0;
    struct str last = STR("localhost");
    if (host.len < last.len)
        return false;
    size_t before = host.len - last.len;
    return str_eq_nocase(str_slice(host, before, host.len), last) &&
           (before == 0 || host.ptr[before - 1] == '.');
}
