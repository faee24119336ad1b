#ifndef PORT_HTTP_URL_H
#define PORT_HTTP_URL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * URLs (RFC 3986), by libcurl's parser, which also sends them. Results are kept in the arena.
 *
 * `http+unix://%2Frun%2Fapi.sock/v1/x` is a Unix socket of this machine: its path stands where
 * a host would, percent-encoded. The server is sent `Host: localhost`, and so `host` is that
 * and `port` 80.
 */
struct http_url {
    struct str scheme, host; /* lower case; host without brackets */
    int port;                /* the scheme's own if the URL has none */
    struct str path, query;
    struct str socket; /* path of the Unix socket; empty: there is none */
};

enum { HTTP_URL_BYTES = 64 << 10 }; /* ceiling */

/*
 * ERR_CONFIG for a text that is not an http, https or http+unix URL, holds credentials (it is
 * then not shown in the error), or is longer than HTTP_URL_BYTES.
 */
bool http_url_parse(struct arena *arena, struct str url, struct http_url *ret_url,
                    struct err *err) MUST_CHECK;

/*
 * Takes a reference relative to `base` and keeps its bytes; only what cannot be sent (spaces,
 * control and non-ASCII bytes) is percent-encoded, and the fragment is dropped. ERR_CONFIG if
 * the result is one that http_url_parse refuses.
 */
bool http_url_resolve(struct arena *arena, struct str base, struct str reference,
                      struct str *ret_url, struct err *err) MUST_CHECK;

/* Scheme, host and port, or the socket, are equal. */
bool http_url_same_origin(const struct http_url *a, const struct http_url *b);

/* "https://h:8443", "http://[::1]:80", "http+unix://%2Frun%2Fapi.sock"; in the arena. */
struct str http_url_origin(struct arena *arena, const struct http_url *url);

/* What is asked of the server at the socket: the URL with "http://localhost" for its origin. */
struct str http_url_at_socket(struct arena *arena, struct str url);

/*
 * Undoes percent-encoding; a '%' without two digits stays. In a query '+' is a blank, too
 * (HTML, application/x-www-form-urlencoded).
 */
struct str http_url_decode(struct arena *arena, struct str text);
struct str http_url_decode_query(struct arena *arena, struct str text);

/*
 * Is `written`, a name as it stands in a query, the parameter `name`? Compared as
 * http_url_decode_query reads it: "api%5fkey" is api_key, and API_KEY is another. The one way
 * in which names of parameters are compared.
 */
bool http_url_is_param(struct str written, struct str name);

/* Percent-encodes all but RFC 3986's unreserved characters (section 2.3). */
struct str http_url_encode(struct arena *arena, struct str text);

#endif
