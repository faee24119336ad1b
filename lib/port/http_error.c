#include "port/http_error.h"

#include <curl/curl.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"

enum { TOO_LARGE = 100 }; /* CURLE_TOO_LARGE, since libcurl 8.6 */

/*
 * A handshake fails with one code for a cut connection, which may be better next time, and for
 * a peer that speaks no TLS or refuses ours, which will not; OpenSSL's words tell them apart.
 */
static enum err_kind handshake_kind(const char *text)
{
    static const char *const lasting[] = {"certificate", "alert",        "wrong version",
                                          "unsupported", "no protocols", "packet length"};
    for (size_t i = 0; i < COUNT_OF(lasting); i++)
        if (strstr(text, lasting[i]))
            return ERR_CONFIG;
    return ERR_AGAIN;
}

enum err_kind http_error_kind(int code, const char *text)
{
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_LOGIN_DENIED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_ABORTED_BY_CALLBACK:
        return ERR_CONFIG;
    case CURLE_SSL_CONNECT_ERROR:
        return handshake_kind(text);
    case CURLE_WRITE_ERROR:
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_OUT_OF_MEMORY: /* http_error_is_ceiling */
    case TOO_LARGE:
        return ERR_INPUT;
    default:
        return ERR_AGAIN;
    }
}

bool http_error_is_ceiling(int code)
{
    return code == CURLE_OUT_OF_MEMORY || code == TOO_LARGE;
}

/* libcurl's allocations have ended the process before (http_multi.c); what is left are those
 * of getaddrinfo and of the libraries below libcurl. */
void http_error_check_own(const char *text)
{
    mem_check_room();
    if (strstr(text, "thread failed to start"))
        mem_exhausted();
}

bool http_is_too_much(const struct err *err)
{
    return err && (err->code == HTTP_TOO_SLOW || err->code == HTTP_TOO_LARGE);
}

bool http_is_crowded_out(const struct err *err)
{
    return err && err->code == HTTP_CROWDED_OUT;
}

bool http_is_our_own(const struct err *err)
{
    return http_is_crowded_out(err) || (err && err->is_lack);
}
