#ifndef PORT_HTTP_ERROR_H
#define PORT_HTTP_ERROR_H

#include <stdbool.h>

#include "base/err.h"

/*
 * What a failure of libcurl's means for the caller: ERR_AGAIN where another try may end
 * otherwise, ERR_CONFIG where a person must change something, ERR_INPUT where the answer cannot
 * be used.
 *
 *   code   a CURLcode
 *   text   libcurl's or OpenSSL's words, which tell the failures of a TLS handshake apart
 */
enum err_kind http_error_kind(int code, const char *text);

/*
 * Whether the code says that something was longer than libcurl takes: a header line over
 * 100 KB, or over 16 KB those of a proxy. Before 8.6 libcurl says it as if it had no memory.
 */
bool http_error_is_ceiling(int code);

/*
 * Asked before a failure is held against anybody: ends the process where it is its own, that is
 * no memory, or no thread to look up a name. Another worker then takes its jobs.
 *
 *   text   libcurl's words
 */
void http_error_check_own(const char *text);

/*
 * The codes of errors that say: the answer did not come in time, though the connection was
 * open; the body is over max_body. Both are because of the page's size, perhaps.
 */
enum { HTTP_TOO_SLOW = -101, HTTP_TOO_LARGE = -102 };
bool http_is_too_much(const struct err *err); /* false for NULL */

/* The code of an error that says: this body gave way to others (http_bound). */
enum { HTTP_CROWDED_OUT = -100 };
bool http_is_crowded_out(const struct err *err); /* false for NULL */

/* That, or a lack (base/lack.h): it says nothing of the server. */
bool http_is_our_own(const struct err *err); /* false for NULL */

#endif
