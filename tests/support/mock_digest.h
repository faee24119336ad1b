#ifndef TESTS_SUPPORT_MOCK_DIGEST_H
#define TESTS_SUPPORT_MOCK_DIGEST_H

#include "base/arena.h"
#include "base/str.h"

/* What a client computes (RFC 7616, section 3.4.1), with qop=auth. */
struct mock_digest {
    bool is_sha256; /* else MD5 */
    struct str user, realm, password, method, uri, nonce, nc, cnonce;
};

struct str mock_digest_response(const struct mock_digest *digest, struct arena *arena);

#endif
