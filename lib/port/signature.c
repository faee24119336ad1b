#include "port/signature.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/macros.h"

enum { ES256_HALF_BYTES = 32 };

/* OpenSSL would ask on the terminal. */
static int no_passphrase(char *buf, int size, int is_writing, void *ctx)
{
    (void)buf, (void)size, (void)is_writing, (void)ctx;
    return -1;
}

static struct str with_line_breaks(struct arena *arena, struct str pem)
{
    char *out = arena_alloc(arena, pem.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < pem.len; i++) {
        bool is_escape = pem.ptr[i] == '\\' && i + 1 < pem.len && pem.ptr[i + 1] == 'n';
        out[len++] = is_escape ? '\n' : pem.ptr[i];
        i += is_escape;
    }
    return (struct str){out, len};
}

static EVP_PKEY *read_key(struct arena *arena, struct str pem)
{
    struct str text = with_line_breaks(arena, pem);
    BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    return key;
}

static bool is_of(EVP_PKEY *key, enum signature_alg alg)
{
    if (alg == SIGNATURE_RS256)
        return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_bits(key) == 256;
}

static bool sign(EVP_PKEY *key, struct str bytes, struct arena *arena, struct str *ret)
{
    size_t len = 0;
    const unsigned char *from = (const unsigned char *)bytes.ptr;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestSign(ctx, NULL, &len, from, bytes.len) == 1;
    unsigned char *to = (unsigned char *)arena_alloc(arena, len + 1);
    ok = ok && EVP_DigestSign(ctx, to, &len, from, bytes.len) == 1;
    EVP_MD_CTX_free(ctx);
    *ret = (struct str){(char *)to, len};
    return ok;
}

/* ASN.1 → both numbers, each of its full length. */
static bool take_apart(struct str der, struct arena *arena, struct str *ret)
{
    const unsigned char *from = (const unsigned char *)der.ptr;
    unsigned char *to = (unsigned char *)arena_alloc(arena, 2 * ES256_HALF_BYTES);
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &from, (long)der.len);
    bool ok = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), to, ES256_HALF_BYTES) > 0 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(pair), to + ES256_HALF_BYTES, ES256_HALF_BYTES) > 0;
    ECDSA_SIG_free(pair);
    *ret = (struct str){(char *)to, 2 * ES256_HALF_BYTES};
    return ok;
}

bool signature_make(enum signature_alg alg, struct str pem, struct str bytes,
                    struct arena *arena, struct str *ret, struct err *err)
{
    struct str made = STR_NONE;
    EVP_PKEY *key = read_key(arena, pem);
    bool is_key = key && is_of(key, alg);
    bool ok = is_key && sign(key, bytes, arena, &made) &&
              (alg == SIGNATURE_RS256 || take_apart(made, arena, &made));
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (!is_key)
        return err_set(err, ERR_CONFIG, "signature", 0,
                       "the key is no %s private key in PEM without a passphrase",
                       alg == SIGNATURE_RS256 ? "RSA" : "P-256");
    if (!ok)
        return err_set(err, ERR_CONFIG, "signature", 0, "nothing can be signed with the key");
    *ret = made;
    return true;
}
