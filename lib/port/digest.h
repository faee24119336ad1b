#ifndef PORT_DIGEST_H
#define PORT_DIGEST_H

#include "base/arena.h"
#include "base/str.h"

/* Digests and base64 (OpenSSL). */
enum { DIGEST_SHA256_BYTES = 32, DIGEST_BYTES_MAX = 64 };
enum digest_alg { DIGEST_SHA256, DIGEST_SHA1, DIGEST_SHA384, DIGEST_SHA512 };

void digest_sha256(struct str bytes, unsigned char ret[DIGEST_SHA256_BYTES]);
void digest_hmac_sha256(struct str key, struct str bytes,
                        unsigned char ret[DIGEST_SHA256_BYTES]);
/* The length of what it writes. */
size_t digest_hmac(enum digest_alg alg, struct str key, struct str bytes,
                   unsigned char ret[DIGEST_BYTES_MAX]);
/* PBKDF2 (RFC 8018) with HMAC-SHA-256: slow on purpose, some 30 ms for 100,000 rounds. */
void digest_stretch(struct str secret, struct str salt, int rounds,
                    unsigned char ret[DIGEST_SHA256_BYTES]);
struct str digest_hex(struct arena *arena, struct str bytes);
bool digest_unhex(struct arena *arena, struct str text, struct str *ret) MUST_CHECK;

/* RFC 4648, section 4, padded. */
struct str digest_base64(struct arena *arena, struct str bytes);
/* Section 5, without padding. */
struct str digest_base64url(struct arena *arena, struct str bytes);
/* Takes the standard and the URL alphabet, padding optional; false on anything else. */
bool digest_base64_decode(struct arena *arena, struct str text, struct str *ret) MUST_CHECK;

#endif
