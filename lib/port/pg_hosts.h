#ifndef PORT_PG_HOSTS_H
#define PORT_PG_HOSTS_H

#include "base/err.h"
#include "port/loop.h"

/*
 * The addresses of a connection string, one after another: its hosts in order, each host's
 * addresses in the resolver's order. libpq would resolve names in its caller's thread; so it
 * is only ever given addresses (and the name beside them, for TLS and the password file).
 *
 *     pg_hosts_new → [pg_hosts_rewind → pg_hosts_next … until NULL]… → pg_hosts_free
 */
struct pg_hosts;

struct pg_host {
    const char *host;     /* name, or folder of the socket; NULL: libpq's default */
    const char *hostaddr; /* address; NULL for a socket */
    const char *port;     /* NULL: libpq's default */
};

/* `host` is borrowed until the next call; NULL with `err` where the last name had no address,
 * NULL without where all have been given. */
typedef void (*pg_hosts_fn)(void *ctx, const struct pg_host *host, const struct err *err);

/* The lists are comma-separated as in a connection string, each may be NULL. */
bool pg_hosts_new(struct loop *loop, const char *hosts, const char *hostaddrs,
                  const char *ports, struct pg_hosts **ret_hosts, struct err *err) MUST_CHECK;
void pg_hosts_free(struct pg_hosts *hosts); /* NULL is fine; no callback comes after it */

void pg_hosts_rewind(struct pg_hosts *hosts);

/* May call back before it returns. After an err the next call goes on with the next name. */
void pg_hosts_next(struct pg_hosts *hosts, pg_hosts_fn fn, void *ctx);
void pg_hosts_cancel(struct pg_hosts *hosts); /* gives up the name being resolved */

#endif
