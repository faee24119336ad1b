#ifndef PORT_HTTPD_REQUEST_H
#define PORT_HTTPD_REQUEST_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * A request as a caller of the listener (port/httpd.h) sent it (RFC 9112), and what a browser
 * says with it of the page that it comes from. Pure: all slices are of the bytes that came.
 */
struct httpd_request {
    struct str method, path; /* the path as sent, without the query */
    struct str query;        /* behind the question mark */
    struct str headers, body;
};

/* The head without its empty line; false where it is no HTTP/1. The body is left empty. */
bool httpd_request_parse(struct str head, struct httpd_request *ret_request) MUST_CHECK;

/* The first header of that name; empty: it has none. */
struct str httpd_request_header(const struct httpd_request *request, struct str name);

/*
 * Bytes of body that follow the head; -1: a length that is no number, or none beside a body
 * that is sent in pieces, which is not read here.
 */
int64_t httpd_request_body_bytes(const struct httpd_request *request);

/* A parameter of the query, decoded (`+` and %20 are blanks); empty: it has none. */
struct str httpd_request_param(struct arena *arena, const struct httpd_request *request,
                               struct str name);

/*
 * Whether it was meant for this machine: its Host is a loopback address or a name under
 * `localhost`, with any port, or it has none, which no browser does. A page of somebody else
 * whose name was made to lead here (DNS rebinding) has its own name there.
 */
bool httpd_request_is_local(const struct httpd_request *request);

/*
 * False where a browser says that a page of another origin asks: Sec-Fetch-Site (Fetch
 * Metadata) is neither `same-origin` nor, for an address that somebody typed, `none`; or there
 * is an Origin (RFC 6454) whose host and port are not those of Host.
 */
bool httpd_request_is_same_origin(const struct httpd_request *request);

#endif
