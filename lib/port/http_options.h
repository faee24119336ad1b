#ifndef PORT_HTTP_OPTIONS_H
#define PORT_HTTP_OPTIONS_H

#include "port/http.h"

struct curl_slist;

/*
 * Sets what a request is on a new handle of libcurl's: URL, method, headers, body, TLS, proxy;
 * and what libcurl must not do by itself (follow redirects, read the environment, wait
 * without end). The strings that libcurl borrows are kept in the arena; the list of headers too
 * is borrowed by the handle and freed by the caller after it.
 *
 *   easy    a CURL *
 *   proxy   that was chosen for the request (http_proxy.h), not request->proxy; empty: none
 */
struct curl_slist *http_options_set(void *easy, struct arena *arena,
                                    const struct http_request *request,
                                    struct str proxy) MUST_CHECK;

#endif
