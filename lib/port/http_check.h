#ifndef PORT_HTTP_CHECK_H
#define PORT_HTTP_CHECK_H

#include "port/http.h"

/*
 * What must hold before a request leaves: method and header names are tokens, values hold no
 * CR, LF or NUL, the URL is one, plain http and literal addresses are allowed. ERR_CONFIG.
 * The addresses of a name are checked when they are known, at connect.
 */
bool http_check(const struct http_request *request, struct err *err) MUST_CHECK;

#endif
