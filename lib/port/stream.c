#include "port/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"
#include "port/loop.h"

struct stream {
    int fd;
    SSL *ssl;            /* NULL: none */
    bool waits_to_read;  /* a write goes on when something was read */
    bool waits_to_write; /* a read goes on when something was written */
};

static bool fail(struct err *err, enum err_kind kind, int code, const char *why)
{
    return err_set(err, kind, "stream", code, "%s", why);
}

/* --- opening --- */

/* A key with a password would be asked for on the terminal. */
static int no_password(char *bytes, int size, int is_new, void *ctx)
{
    (void)bytes, (void)size, (void)is_new, (void)ctx;
    return 0;
}

static bool refuse_file(struct err *err, const char *what, const char *path)
{
    const char *why = ERR_reason_error_string(ERR_peek_error());
    return err_set(err, ERR_CONFIG, "stream", 0, "TLS: the %s %s cannot be used: %s", what,
                   path, why ? why : "it is not there, or is no PEM");
}

static bool load_files(SSL_CTX *ctx, const struct stream_tls *tls, struct err *err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *ca = arena_cstr(arena, file_at_home(arena, tls->ca_file)),
               *cert = arena_cstr(arena, file_at_home(arena, tls->cert_file)),
               *key = arena_cstr(arena, file_at_home(arena, tls->key_file));
    if (!tls->ca_file.len)
        SSL_CTX_set_default_verify_paths(ctx);
    else if (SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1)
        return refuse_file(err, "CA", ca);
    if (!tls->cert_file.len)
        return true;
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        return refuse_file(err, "certificate", cert);
    if (SSL_CTX_use_PrivateKey_file(ctx, tls->key_file.len ? key : cert, SSL_FILETYPE_PEM) != 1)
        return refuse_file(err, "key", tls->key_file.len ? key : cert);
    return true;
}

static bool name_host(SSL *ssl, const char *host, enum stream_verify verify)
{
    unsigned char address[sizeof(struct in6_addr)];
    bool is_address =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    if (!is_address && SSL_set_tlsext_host_name(ssl, host) != 1)
        return false;
    if (verify != STREAM_VERIFY_FULL)
        return true;
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    return is_address ? X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1
                      : SSL_set1_host(ssl, host) == 1;
}

static bool start_tls(struct stream *stream, SSL_CTX *ctx, const struct stream_tls *tls,
                      struct str host, struct err *err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(
        ctx, tls->verify == STREAM_VERIFY_NONE ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if (!load_files(ctx, tls, err))
        return false;
    stream->ssl = mem_checked(SSL_new(ctx));
    if (SSL_set_fd(stream->ssl, stream->fd) != 1 ||
        !name_host(stream->ssl, arena_cstr(arena, host), tls->verify))
        return fail(err, ERR_CONFIG, 0, "TLS: the host cannot be named");
    SSL_set_connect_state(stream->ssl);
    return true;
}

bool stream_open(int fd, const struct stream_tls *tls, struct str host,
                 struct stream **ret_stream, struct err *err)
{
    struct stream *stream = mem_alloc(sizeof *stream);
    *stream = (struct stream){.fd = fd};
    if (tls) {
        /* OpenSSL writes with write(2): a peer that is gone must not end the process. */
        signal(SIGPIPE, SIG_IGN);
        ERR_clear_error();
        SSL_CTX *ctx = mem_checked(SSL_CTX_new(TLS_client_method()));
        bool is_ready = start_tls(stream, ctx, tls, host, err);
        SSL_CTX_free(ctx);
        if (!is_ready) {
            stream_close(stream);
            return false;
        }
    }
    *ret_stream = stream;
    return true;
}

void stream_close(struct stream *stream)
{
    if (!stream)
        return;
    SSL_free(stream->ssl);
    close(stream->fd);
    mem_free(stream);
}

int stream_fd(const struct stream *stream)
{
    return stream->fd;
}

/* --- TLS --- */

static bool refuse_certificate(long verdict, struct err *err)
{
    return err_set(err, ERR_CONFIG, "stream", 0, "TLS: the server's certificate: %s",
                   X509_verify_cert_error_string(verdict));
}

/* What the far side refuses of ours, and one that speaks no TLS, stay so. */
static bool explain_tls(const struct stream *stream, struct err *err)
{
    long verdict = SSL_get_verify_result(stream->ssl);
    unsigned long code = ERR_peek_error();
    const char *why = ERR_reason_error_string(code);
    int reason = ERR_GET_REASON(code);
    if (SSL_get_verify_mode(stream->ssl) != SSL_VERIFY_NONE && verdict != X509_V_OK)
        return refuse_certificate(verdict, err);
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return fail(err, ERR_AGAIN, 0, "the server closed the connection");
    if (reason == SSL_R_WRONG_VERSION_NUMBER)
        return fail(err, ERR_CONFIG, 0, "TLS: the server does not speak it at this port");
    enum err_kind kind = why && strstr(why, "alert") ? ERR_CONFIG : ERR_AGAIN;
    return err_set(err, kind, "stream", 0, "TLS: %s", why ? why : "it failed");
}

static ptrdiff_t note_tls(struct stream *stream, int result, bool is_write, struct err *err)
{
    int code = errno;
    switch (SSL_get_error(stream->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        stream->waits_to_read = is_write;
        return 0;
    case SSL_ERROR_WANT_WRITE:
        stream->waits_to_write = !is_write;
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        (void)!fail(err, ERR_AGAIN, 0, "the server closed the connection");
        return -1;
    case SSL_ERROR_SYSCALL:
        (void)!fail(err, ERR_AGAIN, code, code ? strerror(code) : "the connection was cut");
        return -1;
    default:
        (void)!explain_tls(stream, err);
        return -1;
    }
}

static ptrdiff_t tls_read(struct stream *stream, char *bytes, size_t size, struct err *err)
{
    ERR_clear_error();
    errno = 0;
    int got = SSL_read(stream->ssl, bytes, (int)MIN(size, (size_t)INT32_MAX));
    stream->waits_to_read = stream->waits_to_write = false;
    return got > 0 ? got : note_tls(stream, got, false, err);
}

static ptrdiff_t tls_write(struct stream *stream, const char *bytes, size_t len,
                           struct err *err)
{
    ERR_clear_error();
    errno = 0;
    int sent = SSL_write(stream->ssl, bytes, (int)MIN(len, (size_t)INT32_MAX));
    stream->waits_to_read = false;
    return sent > 0 ? sent : note_tls(stream, sent, true, err);
}

/* --- bytes --- */

static ptrdiff_t note_errno(struct err *err)
{
    if (errno == EAGAIN || errno == EINTR)
        return 0;
    (void)!fail(err, ERR_AGAIN, errno, strerror(errno));
    return -1;
}

ptrdiff_t stream_read(struct stream *stream, char *bytes, size_t size, struct err *err)
{
    if (stream->ssl)
        return tls_read(stream, bytes, size, err);
    ssize_t got = recv(stream->fd, bytes, size, 0);
    if (got < 0)
        return note_errno(err);
    if (got > 0)
        return got;
    (void)!fail(err, ERR_AGAIN, 0, "the server closed the connection");
    return -1;
}

ptrdiff_t stream_write(struct stream *stream, const char *bytes, size_t len, struct err *err)
{
    if (stream->ssl)
        return len ? tls_write(stream, bytes, len, err) : 0;
    ssize_t sent = send(stream->fd, bytes, len, MSG_NOSIGNAL);
    return sent < 0 ? note_errno(err) : sent;
}

bool stream_has_more(const struct stream *stream)
{
    return stream->ssl && SSL_pending(stream->ssl) > 0;
}

int stream_events(const struct stream *stream, bool has_output)
{
    bool writes = stream->waits_to_write || (has_output && !stream->waits_to_read);
    return writes ? LOOP_READ | LOOP_WRITE : LOOP_READ;
}
