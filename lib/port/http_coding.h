#ifndef PORT_HTTP_CODING_H
#define PORT_HTTP_CODING_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "port/http.h"

/*
 * The content codings of one body (RFC 9110, section 8.4), undone while it arrives, by zlib:
 *
 *     http_coding_open → http_coding_put … → http_coding_is_whole → http_coding_done
 *
 * gzip (RFC 1952) has one member or more; zero bytes behind the last one are padding. deflate
 * is in zlib's form (RFC 1950) or without it (RFC 1951). A body that does not begin as its
 * coding does is taken as it is, as is one of a coding that is not known: servers name
 * character sets there. Such names, and such bodies, are in `note`. What is left and begins as
 * gzip does is a file of that form (application/gzip), and undone too: no text begins so.
 */
enum { HTTP_CODINGS_MAX = 5 };

struct http_inflater; /* of one coding */

struct http_coding {
    struct http_inflater *inflaters[HTTP_CODINGS_MAX]; /* in the order of undoing */
    size_t count;
    bool has_begun;      /* a byte of the body is out */
    struct str note;     /* for people; empty: none. In the arena of the headers */
    const char *problem; /* static text: why a put failed; NULL: the output is full */
    /* Asked before so many decoded bytes are put; false: the put fails. NULL: nobody is. */
    bool (*may_put)(void *ctx, size_t bytes);
    void *ctx;
};

/* Does libcurl have to undo them: is there a coding (br, zstd) that only it may know? */
bool http_coding_is_libcurls(const struct http_header *headers, size_t count);

/* False with `problem`: more codings than HTTP_CODINGS_MAX. */
bool http_coding_open(struct http_coding *coding, struct arena *arena,
                      const struct http_header *headers, size_t count) MUST_CHECK;

/* Puts what the next bytes of the body hold into `out`. False where they are broken. */
bool http_coding_put(struct http_coding *coding, struct str bytes, struct buf *out) MUST_CHECK;

/* Did every coding come to its end? Without a byte there was none to end. */
bool http_coding_is_whole(const struct http_coding *coding);

/* Was there a coding that came to its end? */
bool http_coding_has_ended(const struct http_coding *coding);

void http_coding_done(struct http_coding *coding);

#endif
