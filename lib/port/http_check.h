#ifndef PORT_HTTP_CHECK_H
#define PORT_HTTP_CHECK_H

#include "port/http.h"

/*
 * What must hold before a request leaves: method and header names are tokens, values hold no
 * CR, LF or NUL, the URL is one, plain http and literal addresses are allowed. ERR_CONFIG.
 * Addresses behind names are checked when they are known, at connect.
 */
bool http_check(const struct http_request *request, struct err *err) MUST_CHECK;

/*
 * What a failure of libcurl's (a CURLcode, and its or OpenSSL's words) means for the caller:
 * ERR_AGAIN where another try may end otherwise, ERR_CONFIG, ERR_INPUT. It stands in http.c.
 */
enum err_kind http_classify(int code, const char *text);

#endif
