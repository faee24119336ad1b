#ifndef PORT_SIGNATURE_H
#define PORT_SIGNATURE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Signatures by a private key, as JWS wants them (RFC 7518, sections 3.3 and 3.4). */
enum signature_alg {
    SIGNATURE_RS256, /* RSASSA-PKCS1-v1_5 with SHA-256 */
    SIGNATURE_ES256, /* ECDSA on P-256 with SHA-256: R and S, 32 bytes each */
};

/*
 * `pem` is the key; line breaks may be written as \n in it, as environments have them.
 * ERR_CONFIG: it is no private key without a passphrase, or not of that kind. About a
 * millisecond.
 */
bool signature_make(enum signature_alg alg, struct str pem, struct str bytes,
                    struct arena *arena, struct str *ret, struct err *err) MUST_CHECK;

#endif
