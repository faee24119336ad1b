#include "port/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/hex.h"
#include "base/mem.h"

/* OpenSSL fails here only where memory ran out or its own algorithm is missing. */
static void must(bool done)
{
    if (!done)
        abort();
}

void digest_sha256(struct str bytes, unsigned char ret[DIGEST_SHA256_BYTES])
{
    must(EVP_Digest(bytes.ptr, bytes.len, ret, NULL, EVP_sha256(), NULL) == 1);
}

size_t digest_hmac(enum digest_alg alg, struct str key, struct str bytes,
                   unsigned char ret[DIGEST_BYTES_MAX])
{
    static const EVP_MD *(*const algs[])(void) = {[DIGEST_SHA256] = EVP_sha256,
                                                  [DIGEST_SHA1] = EVP_sha1,
                                                  [DIGEST_SHA384] = EVP_sha384,
                                                  [DIGEST_SHA512] = EVP_sha512};
    const char *secret = key.len ? key.ptr : "";
    unsigned len = 0;
    must(HMAC(algs[alg](), secret, (int)key.len, (const unsigned char *)bytes.ptr, bytes.len,
              ret, &len) != NULL);
    return len;
}

void digest_hmac_sha256(struct str key, struct str bytes,
                        unsigned char ret[DIGEST_SHA256_BYTES])
{
    unsigned char digest[DIGEST_BYTES_MAX];
    memcpy(ret, digest, digest_hmac(DIGEST_SHA256, key, bytes, digest));
}

void digest_stretch(struct str secret, struct str salt, int rounds,
                    unsigned char ret[DIGEST_SHA256_BYTES])
{
    must(PKCS5_PBKDF2_HMAC(secret.ptr, (int)secret.len, (const unsigned char *)salt.ptr,
                           (int)salt.len, rounds, EVP_sha256(), DIGEST_SHA256_BYTES, ret) == 1);
}

struct str digest_hex(struct arena *arena, struct str bytes)
{
    char *out = arena_alloc(arena, bytes.len * 2 + 1);
    hex_write(bytes, out);
    return (struct str){out, bytes.len * 2};
}

bool digest_unhex(struct arena *arena, struct str text, struct str *ret)
{
    char *out = arena_alloc(arena, text.len / 2 + 1);
    for (size_t i = 0; i + 1 < text.len; i += 2) {
        int byte = hex_byte(text.ptr + i);
        if (byte < 0)
            return false;
        out[i / 2] = (char)byte;
    }
    *ret = (struct str){out, text.len / 2};
    return text.len % 2 == 0;
}

struct str digest_base64(struct arena *arena, struct str bytes)
{
    size_t size = (bytes.len + 2) / 3 * 4;
    char *out = arena_alloc(arena, size + 1);
    int len =
        EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)bytes.ptr, (int)bytes.len);
    return (struct str){out, (size_t)len};
}

struct str digest_base64url(struct arena *arena, struct str bytes)
{
    struct str coded = digest_base64(arena, bytes);
    char *out = arena_cstr(arena, coded);
    for (char *c = out; *c; c++)
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
    while (coded.len && out[coded.len - 1] == '=')
        coded.len--;
    return (struct str){out, coded.len};
}

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* The digits without padding; false where the padding is more or less than what is missing. */
static bool cut_padding(struct str text, struct str *ret_digits)
{
    size_t len = text.len;
    while (len > 0 && text.ptr[len - 1] == '=')
        len--;
    size_t padding = text.len - len;
    if (padding && (padding > 2 || text.len % 4 != 0))
        return false;
    *ret_digits = str_slice(text, 0, len);
    return len % 4 != 1;
}

bool digest_base64_decode(struct arena *arena, struct str text, struct str *ret)
{
    struct str digits;
    if (!cut_padding(text, &digits))
        return false;
    char *out = arena_alloc(arena, digits.len / 4 * 3 + 4);
    size_t len = 0;
    uint32_t bits = 0;
    int held = 0;
    for (size_t i = 0; i < digits.len; i++) {
        int value = sextet(digits.ptr[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        out[len++] = (char)(bits >> held);
        bits &= (1u << held) - 1;
    }
    *ret = (struct str){out, len};
    return true;
}
