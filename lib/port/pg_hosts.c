#include "port/pg_hosts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "port/resolve.h"

enum { HOSTS_MAX = 16, ADDRESSES_MAX = 16, DEFAULT_PORT = 5432 };

struct entry {
    char *host, *hostaddr, *port;
};

struct pg_hosts {
    struct loop *loop;
    struct entry entries[HOSTS_MAX];
    size_t count, at; /* `at`: the entry that comes next, or whose addresses are being given */
    struct resolve *resolve;
    char addresses[ADDRESSES_MAX][RESOLVE_TEXT_BYTES];
    size_t address_count, address_at;
    pg_hosts_fn fn;
    void *ctx;
};

/* The n-th element of a comma-separated list; NULL where it is missing or empty. */
static char *list_element(const char *list, size_t n)
{
    struct str rest = str_from(list), head = STR_NONE;
    for (size_t i = 0; i <= n; i++) {
        if (!rest.ptr)
            return NULL;
        rest = str_split(rest, ',', &head);
    }
    return head.len ? mem_printf("%.*s", STR_ARG(head)) : NULL;
}

static size_t list_count(const char *list)
{
    size_t count = list && *list ? 1 : 0;
    for (const char *at = list; at && (at = strchr(at, ',')); at++)
        count++;
    return count;
}

bool pg_hosts_new(struct loop *loop, const char *hosts, const char *hostaddrs,
                  const char *ports, struct pg_hosts **ret_hosts, struct err *err)
{
    size_t count = MAX(MAX(list_count(hosts), list_count(hostaddrs)), (size_t)1);
    if (count > HOSTS_MAX)
        return err_set(err, ERR_CONFIG, "pg", 0, "%zu hosts given, at most %d are tried", count,
                       HOSTS_MAX);
    if (list_count(ports) > 1 && list_count(ports) != count)
        return err_set(err, ERR_CONFIG, "pg", 0, "%zu ports given for %zu hosts",
                       list_count(ports), count);
    struct pg_hosts *self = mem_alloc(sizeof *self);
    *self = (struct pg_hosts){.loop = loop, .count = count};
    for (size_t i = 0; i < count; i++)
        self->entries[i] = (struct entry){
            .host = list_element(hosts, i),
            .hostaddr = list_element(hostaddrs, i),
            .port = list_element(ports, list_count(ports) == 1 ? 0 : i),
        };
    *ret_hosts = self;
    return true;
}

void pg_hosts_free(struct pg_hosts *hosts)
{
    if (!hosts)
        return;
    pg_hosts_cancel(hosts);
    for (size_t i = 0; i < hosts->count; i++) {
        mem_free(hosts->entries[i].host);
        mem_free(hosts->entries[i].hostaddr);
        mem_free(hosts->entries[i].port);
    }
    mem_free(hosts);
}

void pg_hosts_rewind(struct pg_hosts *hosts)
{
    pg_hosts_cancel(hosts);
    hosts->at = 0;
    hosts->address_count = hosts->address_at = 0;
}

void pg_hosts_cancel(struct pg_hosts *hosts)
{
    if (!hosts->resolve)
        return;
    resolve_cancel(TAKE(hosts->resolve));
    hosts->at++;
}

/* libpq's own rule: a folder or an abstract socket; no name at all means the default socket. */
static bool is_socket(const char *host)
{
    return !host || *host == '/' || *host == '@';
}

static void give_address(struct pg_hosts *hosts)
{
    const struct entry *entry = &hosts->entries[hosts->at];
    struct pg_host host = {
        .host = entry->host,
        .hostaddr = hosts->addresses[hosts->address_at++],
        .port = entry->port,
    };
    if (hosts->address_at == hosts->address_count) {
        hosts->at++;
        hosts->address_count = hosts->address_at = 0;
    }
    hosts->fn(hosts->ctx, &host, NULL);
}

static void on_resolved(void *ctx, const struct resolve_address *addresses, size_t count,
                        const struct err *err)
{
    struct pg_hosts *hosts = ctx;
    hosts->resolve = NULL;
    if (err) {
        hosts->at++;
        hosts->fn(hosts->ctx, NULL, err);
        return;
    }
    hosts->address_count = MIN(count, (size_t)ADDRESSES_MAX);
    hosts->address_at = 0;
    for (size_t i = 0; i < hosts->address_count; i++)
        resolve_format(&addresses[i], hosts->addresses[i]);
    give_address(hosts);
}

void pg_hosts_next(struct pg_hosts *hosts, pg_hosts_fn fn, void *ctx)
{
    hosts->fn = fn;
    hosts->ctx = ctx;
    if (hosts->address_at < hosts->address_count) {
        give_address(hosts);
        return;
    }
    if (hosts->at == hosts->count) {
        fn(ctx, NULL, NULL);
        return;
    }
    const struct entry *entry = &hosts->entries[hosts->at];
    if (entry->hostaddr || is_socket(entry->host)) {
        hosts->at++;
        fn(ctx, &(struct pg_host){entry->host, entry->hostaddr, entry->port}, NULL);
        return;
    }
    int64_t port = DEFAULT_PORT;
    if (entry->port && !str_to_int64(str_from(entry->port), &port))
        port = DEFAULT_PORT; /* libpq will say what is wrong with it */
    hosts->resolve =
        resolve_start(hosts->loop, str_from(entry->host), (int)port, on_resolved, hosts);
}
