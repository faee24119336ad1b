#ifndef PORT_DIGEST_H
#define PORT_DIGEST_H

#include "base/arena.h"
#include "base/str.h"

/* Digests and base64 (OpenSSL). */
enum { DIGEST_SHA256_BYTES = 32 };

void digest_sha256(struct str bytes, unsigned char ret[DIGEST_SHA256_BYTES]);
void digest_hmac_sha256(struct str key, struct str bytes,
                        unsigned char ret[DIGEST_SHA256_BYTES]);
/* PBKDF2 (RFC 8018) with HMAC-SHA-256: slow on purpose, some 30 ms for 100,000 rounds. */
void digest_stretch(struct str secret, struct str salt, int rounds,
                    unsigned char ret[DIGEST_SHA256_BYTES]);
struct str digest_hex(struct arena *arena, struct str bytes);

/* RFC 4648, section 4, padded. */
struct str digest_base64(struct arena *arena, struct str bytes);
/* Takes the standard and the URL alphabet, padding optional; false on anything else. */
bool digest_base64_decode(struct arena *arena, struct str text, struct str *ret) MUST_CHECK;

#endif
