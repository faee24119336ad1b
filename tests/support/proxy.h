#ifndef TESTS_SUPPORT_PROXY_H
#define TESTS_SUPPORT_PROXY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A network that fails, before any TCP server on 127.0.0.1: Redis, PostgreSQL, an API. It is a
 * child process that dies with the test.
 *
 *     struct proxy proxy;
 *     proxy_start(port_of_the_server, &proxy);
 *     … let the program under test talk to 127.0.0.1:proxy.port …
 *     proxy_set(&proxy, proxy_black_hole);
 *     … await what has to come of it …
 *     proxy_set(&proxy, proxy_open_road);              // it heals
 *     proxy_stop(&proxy);
 *
 * All rules hold for connections old and new, from the call on. A client that gives up a
 * connection while `drops_up` is set closes its own end alone: the server hears nothing of it,
 * and keeps what the session holds (its locks, too) until the proxy is stopped.
 *
 * It cannot lose packets: the kernels on both sides see theirs taken. So only a deadline of the
 * program's own can find out that nobody answers.
 */
struct proxy_rules {
    int latency_ms;      /* of each piece, in both directions */
    int bytes_per_s;     /* in each direction of each connection; 0: no limit */
    int slice_bytes;     /* the largest piece; 0: 16 KiB */
    int stall_percent;   /* so many pieces of a hundred come late, as after a loss, … */
    int stall_ms;        /* … by that much */
    int64_t limit_bytes; /* to the client: then the connection ends; 0: no limit */
    bool drops_up;       /* what goes to the server is swallowed */
    bool drops_down;     /* and what goes to the client */
    bool is_refused;     /* new connections end at once */
    bool ends_by_reset;  /* ends are RST, not FIN */
    char cut_at[64];     /* the connection ends where these bytes pass; "": nowhere. The server
                               still gets them, a client does not */
    int cut_times;       /* so many connections; 0: all */
};

struct proxy_shared; /* with the child */

struct proxy {
    pid_t pid;
    int port;
    struct proxy_shared *shared;
};

void proxy_start(int server_port, struct proxy *ret_proxy);
void proxy_stop(struct proxy *proxy);

void proxy_set(struct proxy *proxy, struct proxy_rules rules);

/* Nothing comes through any more, and nobody says so; all comes through. */
extern const struct proxy_rules proxy_black_hole, proxy_open_road;

/* All connections there are end now, by RST where `by_reset`; new ones are served. */
void proxy_cut(struct proxy *proxy, bool by_reset);

/* Connections there are become half-open: nothing comes through any more, and they never end.
 * New ones are served. */
void proxy_forget(struct proxy *proxy);

/* Since the start: connections, bytes in both directions, and ends by rule or by proxy_cut. */
int64_t proxy_connections(const struct proxy *proxy);
int64_t proxy_bytes(const struct proxy *proxy);
int64_t proxy_cuts(const struct proxy *proxy);

#endif
