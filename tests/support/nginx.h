#ifndef TESTS_SUPPORT_NGINX_H
#define TESTS_SUPPORT_NGINX_H

#include <sys/types.h>

/*
 * An nginx of the test's own, which dies with the test:
 *
 *     struct nginx nginx;
 *     nginx_open(&nginx);                        // a folder, a free port
 *     certs_make(nginx.dir);
 *     nginx_start(&nginx, "server { listen 127.0.0.1:%P ssl http2; … }");
 *     … nginx_kill(&nginx); nginx_restart(&nginx); …
 *     nginx_close(&nginx);
 *
 * Calls block, and end the test with a message where something goes wrong.
 */
struct nginx {
    pid_t pid; /* 0: it does not run */
    int port;
    char dir[64]; /* removed by nginx_close; its sockets are called *.sock */
};

void nginx_open(struct nginx *ret_nginx);
/* `http`: what stands in the block of that name, %D for the folder, %P for the port. */
void nginx_start(struct nginx *nginx, const char *http);
void nginx_kill(struct nginx *nginx);    /* at once, in the middle of answers */
void nginx_restart(struct nginx *nginx); /* after a kill, on the same port */
void nginx_close(struct nginx *nginx);

/*
 * Its requests that are done, a line each, in the order of their ends: number of the
 * connection, protocol, status, coding of the body ("-": none), request URI.
 */
const char *nginx_log(const struct nginx *nginx);
int nginx_connections(const struct nginx *nginx); /* how many stand in the log */

#endif
