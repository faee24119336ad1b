#include "port/http_error.h"

#include "tests/support/suite.h"

START_TEST(sorts_failures_of_libcurl)
{
    static const struct {
        const char *name;
        int code;
        const char *text;
        enum err_kind kind;
    } rows[] = {
        {"timeout", 28, "", ERR_AGAIN},
        {"host", 6, "", ERR_AGAIN},
        {"proxy", 5, "", ERR_AGAIN},
        {"refused", 7, "", ERR_AGAIN},
        {"empty reply", 52, "", ERR_AGAIN},
        {"send", 55, "", ERR_AGAIN},
        {"receive", 56, "", ERR_AGAIN},
        {"partial", 18, "", ERR_AGAIN},
        {"HTTP/2 framing", 16, "", ERR_AGAIN},
        {"HTTP/2 stream", 92, "", ERR_AGAIN},
        {"weird reply", 8, "", ERR_AGAIN},
        {"handshake cut", 35, "OpenSSL SSL_connect: SSL_ERROR_SYSCALL", ERR_AGAIN},
        {"certificate", 60, "", ERR_CONFIG},
        {"own certificate", 58, "", ERR_CONFIG},
        {"CA file", 77, "", ERR_CONFIG},
        {"cipher", 59, "", ERR_CONFIG},
        {"issuer", 83, "", ERR_CONFIG},
        {"status", 91, "", ERR_CONFIG},
        {"handshake", 35, "error:0A000086: certificate verify failed", ERR_CONFIG},
        {"no TLS", 35, "error:0A00010B:SSL routines::wrong version number", ERR_CONFIG},
        {"URL", 3, "", ERR_CONFIG},
        {"protocol", 1, "", ERR_CONFIG},
        {"write", 23, "", ERR_INPUT},
        {"abort", 42, "", ERR_CONFIG},
        {"too large", 63, "", ERR_INPUT},
        {"memory", 27, "", ERR_INPUT},
        {"encoding", 61, "", ERR_INPUT},
        {"redirects", 47, "", ERR_INPUT},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum err_kind kind = http_error_kind(rows[i].code, rows[i].text);
        ck_assert_msg(kind == rows[i].kind, "%s: kind %d", rows[i].name, kind);
    }
}
END_TEST

SUITE("port/http_error", sorts_failures_of_libcurl)
