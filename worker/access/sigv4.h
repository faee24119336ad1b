#ifndef WORKER_ACCESS_SIGV4_H
#define WORKER_ACCESS_SIGV4_H

#include "base/arena.h"
#include "base/err.h"
#include "port/http.h"

/*
 * AWS Signature Version 4 ("Create a signed AWS API request", IAM User Guide). By ourselves:
 * libcurl 7.88 signs the query in the order in which it is written, and AWS sorts it.
 */
struct sigv4 {
    struct str service, region, access_key, secret_key,
        session_token; /* the last may be empty */
};

enum { SIGV4_HEADERS = 4 };

/*
 * The headers that the request gets besides its own: X-Amz-Date, X-Amz-Security-Token,
 * X-Amz-Content-Sha256 (S3) and Authorization, at most SIGV4_HEADERS, in `arena`. Host,
 * Content-Type and every X-Amz-* of the request are signed. ERR_CONFIG: its URL is none.
 */
bool sigv4_sign(const struct sigv4 *sigv4, const struct http_request *http, int64_t now_us,
                struct arena *arena, struct http_header *ret_headers, size_t *ret_count,
                struct err *err) MUST_CHECK;

#endif
