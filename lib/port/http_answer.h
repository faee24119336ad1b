#ifndef PORT_HTTP_ANSWER_H
#define PORT_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

struct http_header {
    struct str name, value; /* in an answer the names are in lower case */
};

/* What a server said; lives until the callback it came to returns. */
struct http_answer {
    int status;
    const struct http_header *headers; /* in order, repeated ones apart */
    size_t header_count;
    struct str body;
    int64_t wire_bytes; /* body as transferred, before decompression */
    int64_t took_ms;
    /*
     * The transfer told where the body ends: by Content-Length, chunks, HTTP/2's end of a
     * stream, or the trailer of gzip. Else the connection was closed, as it is too where a
     * body is cut.
     */
    bool is_end_told;
    struct str coding_note; /* why the body is not decoded as its headers say; empty: it is */
    struct buf *storage;    /* of `body`; for http_take_body */
};

/* First header of that name (lower case), or NULL. */
const struct http_header *http_header_find(const struct http_answer *answer, struct str name);

/* A copy of the answer's headers, answer->header_count of them, in `arena`. */
struct http_header *http_copy_headers(const struct http_answer *answer, struct arena *arena);

/* Moves the answer's body out, instead of a copy; for inside the callback, once. */
void http_take_body(const struct http_answer *answer, struct buf *ret_body);

#endif
