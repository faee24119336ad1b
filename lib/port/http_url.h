#ifndef PORT_HTTP_URL_H
#define PORT_HTTP_URL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* URLs (RFC 3986), by libcurl's parser, which also sends them. Results are kept in the
 * arena. */
struct http_url {
    struct str scheme, host; /* lower case; host without brackets */
    int port;                /* the scheme's own if the URL has none */
    struct str path, query;
};

enum { HTTP_URL_BYTES = 64 << 10 }; /* ceiling */

/*
 * ERR_CONFIG for a text that is not an http or https URL, holds credentials (it is then not
 * shown in the error), or is longer than HTTP_URL_BYTES.
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

/* Scheme, host and port are equal. */
bool http_url_same_origin(const struct http_url *a, const struct http_url *b);

/* Percent-encodes all but RFC 3986's unreserved characters (section 2.3). */
struct str http_url_encode(struct arena *arena, struct str text);

#endif
