#ifndef PORT_HTTP_HEADERS_H
#define PORT_HTTP_HEADERS_H

#include "port/http.h"

/* The header fields of an answer, collected line by line; zeroed but for the arena to begin. */
struct http_headers {
    struct arena *arena;
    struct http_header *list; /* names in lower case */
    size_t count, capacity;
    size_t bytes; /* of all lines, interim answers and trailers included */
    int folded;
    bool has_ended;
};

/* Each folded line copies the value before it: more than these are an attack. */
enum { HTTP_FOLDED_MAX = 100 };

/*
 * Takes one line as it came: a status line begins the list anew (after 1xx), an empty one ends
 * it, what follows are trailers and is left out, as is a line without ':'; a folded line
 * (RFC 9112, section 5.2) goes on with the value before. False past either ceiling.
 */
bool http_headers_take(struct http_headers *headers, struct str line) MUST_CHECK;

#endif
