#ifndef PORT_HTTP_H
#define PORT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "port/loop.h"

/*
 * HTTP requests by libcurl's multi interface, driven by the loop. No redirects, cookies, netrc
 * or proxies from the environment: the caller sees every answer as it came. Connections are
 * reused. Name resolution runs on libcurl's own thread.
 *
 *     http_new → http_send … → http_done_fn (exactly once, unless http_cancel) → http_free
 *
 * http_send never calls back before it returns. A callback may send and cancel, but not free.
 */
struct http;
struct http_call;

enum { HTTP_HEADERS_BYTES = 256 << 10 }; /* ceiling */

struct http_header {
    struct str name, value; /* in an answer the names are in lower case */
};

struct http_timeouts {     /* milliseconds, by our own timers, monotonic; 0: none */
    int64_t connect_ms;    /* until connected, TLS included */
    int64_t first_byte_ms; /* from being connected to the first line of the answer */
    int64_t idle_ms;       /* between two reads of the body */
    int64_t total_ms;
};

/* Everything is borrowed until http_send returns; the port copies what it keeps. */
struct http_request {
    struct str method;
    struct str url; /* absolute; sent byte for byte */
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    bool has_body;
    /*
     * Never sent twice: on a connection of its own, because libcurl repeats a request by itself
     * where a kept connection has died before the first byte of an answer.
     */
    bool is_once;
    struct http_timeouts timeouts;
    size_t max_body_bytes; /* of the answer, after decompression */
    /*
     * Addresses are checked on the resolved address, at connect: loopback, private, link-local,
     * CGNAT, multicast, unspecified and IPv6 that embeds any of them are refused (ERR_CONFIG)
     * unless this is set. Behind a proxy, which resolves names itself, only literal ones are.
     */
    bool allow_private;
    bool allow_http; /* plain http to hosts other than loopback */
    struct str proxy, ca_file, cert_file, key_file; /* empty: none / the system's */
};

/* Lives until the callback returns. */
struct http_answer {
    int status;
    const struct http_header *headers; /* in order, repeated ones apart */
    size_t header_count;
    struct str body;
    int64_t wire_bytes; /* body as transferred, before decompression */
    int64_t took_ms;
    struct str coding_note; /* why the body is not decoded as its headers say; empty: it is */
    struct buf *storage;    /* of `body`; for http_take_body */
};

/*
 * Either `answer` (any status) or `err` is set, the other NULL. Errors: ERR_AGAIN for
 * timeouts, DNS, refused, reset, cut bodies, broken codings, HTTP/2 stream errors; ERR_CONFIG
 * for bad URLs, refused addresses and certificates; ERR_INPUT for an answer over a ceiling
 * (headers 256 KiB, body max_body_bytes). The error's code is libcurl's.
 */
typedef void (*http_done_fn)(void *ctx, const struct http_answer *answer,
                             const struct err *err);

bool http_new(struct loop *loop, struct http **ret_http, struct err *err) MUST_CHECK;
void http_free(struct http *http); /* cancels what is under way */

struct http_call *http_send(struct http *http, const struct http_request *request,
                            http_done_fn fn, void *ctx) MUST_CHECK;
void http_cancel(struct http_call *call); /* its callback will not come */

/* A copy of the answer's headers, answer->header_count of them, in `arena`. */
struct http_header *http_copy_headers(const struct http_answer *answer, struct arena *arena);

/* Moves the answer's body out, instead of a copy; for inside the callback, once. */
void http_take_body(const struct http_answer *answer, struct buf *ret_body);

/*
 * A bound on the bodies of all calls together, asked for while they are read: may there be so
 * many bytes more? Where not, the body that came last gives way: its call fails with ERR_AGAIN
 * and the code HTTP_CROWDED_OUT. The first one goes on, up to its own max_body_bytes, and so
 * does a call that may not be repeated.
 */
enum { HTTP_CROWDED_OUT = -100 };
typedef bool (*http_room_fn)(void *ctx, size_t bytes);
void http_bound(struct http *http, http_room_fn has_room, void *ctx);
bool http_is_crowded_out(const struct err *err); /* false for NULL */

/* Bytes of bodies now held by unfinished calls: for the process's memory bound. */
size_t http_bytes(const struct http *http);

/* First header of that name (lower case), or NULL. */
const struct http_header *http_header_find(const struct http_answer *answer, struct str name);

#endif
