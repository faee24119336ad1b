#ifndef PORT_STREAM_H
#define PORT_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/*
 * The bytes of a connected, non-blocking socket, with or without TLS (OpenSSL, 1.2 at least).
 * The handshake is made on the way, by the first reads and writes.
 *
 *     stream_open → (loop says the socket is ready → stream_write, stream_read …
 *     → stream_events says what to wait for)… → stream_close
 */
struct stream;

enum stream_verify {
    STREAM_VERIFY_FULL, /* who signed the certificate, and that it is for `host` */
    STREAM_VERIFY_CA,   /* who signed it */
    STREAM_VERIFY_NONE,
};

struct stream_tls { /* paths relative to the configuration folder; empty: the system's / none */
    struct str ca_file, cert_file, key_file;
    enum stream_verify verify;
};

/*
 * Takes the descriptor, also where it fails. `tls` NULL: bytes as they are. `host` is a name or
 * an address. ERR_CONFIG where a file cannot be read or a key is another's. What is borrowed is
 * not kept.
 */
bool stream_open(int fd, const struct stream_tls *tls, struct str host,
                 struct stream **ret_stream, struct err *err) MUST_CHECK;
void stream_close(struct stream *stream); /* and the descriptor; NULL is fine */

int stream_fd(const struct stream *stream);

/*
 * How many bytes: 0, none can go now; -1, it is over, and err says why: ERR_CONFIG where the
 * far side's certificate or ours is not taken, else ERR_AGAIN. What could not be written is
 * given again, in the same or another place; more may have come behind it.
 */
ptrdiff_t stream_read(struct stream *stream, char *bytes, size_t size,
                      struct err *err) MUST_CHECK;
ptrdiff_t stream_write(struct stream *stream, const char *bytes, size_t len,
                       struct err *err) MUST_CHECK;

/*
 * Bytes that came with those that were read, so that no event says that they are there. Read
 * on until there are none.
 */
bool stream_has_more(const struct stream *stream);

/* What to wait for, of LOOP_READ and LOOP_WRITE (loop.h); has_output: more is to be written. */
int stream_events(const struct stream *stream, bool has_output);

#endif
