#ifndef PORT_HTTP_H
#define PORT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "port/http_answer.h"
#include "port/http_error.h"
#include "port/loop.h"

/*
 * HTTP requests by libcurl's multi interface, driven by the loop. No redirects, cookies
 * or netrc, and no proxies from the environment unless asked for: the caller sees every answer
 * as it came. Connections are
 * reused. Name resolution runs on libcurl's own thread.
 *
 *     http_new → http_send … → http_done_fn (exactly once, unless http_cancel) → http_free
 *
 * http_send never calls back before it returns. A callback may send and cancel, but not free.
 */
struct http;
struct http_call;

enum { HTTP_HEADERS_BYTES = 256 << 10 }; /* ceiling */

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
    bool allow_http;  /* plain http to hosts other than loopback */
    struct str proxy; /* empty: none; "env": that of the environment (http_proxy.h) */
    struct str ca_file, cert_file, key_file; /* empty: the system's / none */
    /* Digest access authentication (RFC 7616), by libcurl: the request goes out without a body
     * first, and is sent again as the 401 says. Empty: none. */
    struct str digest_user, digest_password;
};

/*
 * Either `answer` (any status) or `err` is set, the other NULL. Errors: ERR_AGAIN for
 * timeouts, DNS, refused, reset, cut bodies, broken codings, HTTP/2 stream errors; ERR_CONFIG
 * for bad URLs, refused addresses and certificates; ERR_INPUT for an answer over a ceiling
 * (headers 256 KiB, body max_body_bytes). The error's code is libcurl's; or it is a lack
 * (base/lack.h): then no connection was made and nothing was sent, and any request may be sent
 * again.
 */
typedef void (*http_done_fn)(void *ctx, const struct http_answer *answer,
                             const struct err *err);

bool http_new(struct loop *loop, struct http **ret_http, struct err *err) MUST_CHECK;

/*
 * One that has no network: what each call brings is `fn`'s word, asked for inside http_send,
 * and comes from the loop, took_ms later. No socket is made and no name looked up; a request
 * that could not be sent fails as it would. `*ret_answer` is zeroed: of it status, headers
 * (names in lower case), body, is_end_told and took_ms are read, and copied. False: the call
 * fails with *err, took_ms later too.
 */
typedef bool (*http_stand_in_fn)(void *ctx, const struct http_request *request,
                                 struct http_answer *ret_answer, struct err *err);
struct http *http_new_stand_in(struct loop *loop, http_stand_in_fn fn, void *ctx) MUST_CHECK;

void http_free(struct http *http); /* cancels what is under way */

struct http_call *http_send(struct http *http, const struct http_request *request,
                            http_done_fn fn, void *ctx) MUST_CHECK;
void http_cancel(struct http_call *call); /* its callback will not come */

/*
 * A bound on the bodies of all calls together, and on whatever else the owner counts, asked for
 * while they are read: may there be so many bytes more? Where not, the body that came last
 * gives way: its call fails with ERR_AGAIN and the code HTTP_CROWDED_OUT. The first one goes
 * on, up to its own max_body_bytes, where all but itself (fewer bytes: a negative number) is
 * within the bound; and so does a call that may not be repeated.
 */
typedef bool (*http_room_fn)(void *ctx, ptrdiff_t bytes);
void http_bound(struct http *http, http_room_fn has_room, void *ctx);

size_t http_in_flight(const struct http *http); /* calls whose callback has not come */

/* Bytes of bodies now held by unfinished calls: for the process's memory bound. */
size_t http_bytes(const struct http *http);

#endif
