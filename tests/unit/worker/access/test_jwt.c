#include "worker/access/jwt.h"

#include <openssl/ecdsa.h>
#include <openssl/pem.h>

#include "port/digest.h"
#include "tests/support/suite.h"

/* The examples of RFC 7515, appendices A.1 to A.3: their keys, in PEM. */
static const char rsa_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCh+BYK4uPJtGXO\n"
    "jS1lYmM2K5J9vinh8CR3/BYlzJChNuOL2TSXxbbqY913EeZ8dCn5VrD7io8ImtxL\n"
    "aYk8wTM/U+3QGbh3hCUv7JFP5IV3aVlL6kKA0ywPVb9ilE8TA5a8bpvfbr3SvaNn\n"
    "juygxmj3AbONv/s4yDQs4v5tJ/reSlpIdJed1LnPmt7Ex1sFhSwsD174pcF1A5L5\n"
    "ROjtZMEQxrZHYJqkeDrrnGya11UxMFBji4NmXG9veoKjlnAqH2QbgtPr8jkiGUkf\n"
    "toaHLFcW9Qr4NY2ai50Xw0Byj3+H2JoY2PyrZ62EWQwuz3WTOTY8BwNNb2BvniHg\n"
    "VFbK5emhAgMBAAECggEAEq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyW\n"
    "PEAeP88vLNO97IjlA7/GQ5sLKMgvfTeXZx9SE+7YwVol2NXOoAJe46sui395IW/G\n"
    "O+pWJ1O0BkTGoVEn2bKVRUCgu+GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzj\n"
    "kn439X0M/V51gfpRLI9JYanrC4D4qAdGcopV/0ZHHzQlBjudU2QvXt4ehNYTCBr6\n"
    "XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl/x/jTj3ccPDVZFD9pIuhLhBOneufuBiB\n"
    "4cS98l2SR/RQyGWSeWjnczT0QU91p1DhOVRuOopznQKBgQDgHMQQ60imZV1URk0K\n"
    "pLttoLhyt3SmqdEf/kgHePDdtzEafpAu+cS191R2JiuoF2yzWXnwFDcqGigp5BNr\n"
    "0AHQfD8/Lk8l1Mk09jxxCfui5nYooNyac8YFjm3vItzVCVDnEd3BbVWG8qf6deqE\n"
    "lMGAg+C2V0L4oNXnP7LZcPAZRwKBgQC5A8R+CZW2MvRTLLHzwZkUXV866cff7tx6\n"
    "kqa0finGG0KgeqlaZPxgCZnFp7AeAcCMtiynVlJ7vMVgePsLq6XtON4tB5kP9jAP\n"
    "rq3rbAOal78eUH5OcED6eNuCV8ixEu1eWcPNCS/l1OW1EnXUEoEHKl54Xrrz2uNw\n"
    "kgMTP1FZ1wKBgAcCn1dwJKufzBWQxWQp1vsM5fggqPN1qGb5y0MAk3g7/Ls5bkUp\n"
    "5u9SN0Ai3Ya6hNnvWJMb7sXQX6U/zyO2M/hTip7tUeh7CXgwo59dkpN75gJLVds2\n"
    "9+DAncu3KXU4f2Fa+7bLNrur53k8KwPOq2bbuTG69QtV7Jr5MR0AHWKNAoGBAIf/\n"
    "evpitUf+4JYbLpvNXWcY052Mpz22aR84mY3nh3F2LF2mjMJDpTg7FmuyPcVw6EcG\n"
    "yoAe9fa65iNqCq+jdw6PVNGo2hxfjSiZ8IIzHdsPXI89//pMjZcQK9r+CCoRjaZj\n"
    "OYiIDktVWZzmevJuv6WywUqd57LE3Zar3dLSIkx1AoGAIYd7DHOhrWvxkwPQsRM2\n"
    "tOgrjbcrfvtQJipd+DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd/QJQ3\n"
    "ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp/gh6A56\n"
    "03k2+ZQwVK0JKSHuLFkuQ3U=\n"
    "-----END PRIVATE KEY-----\n";
static const char ec_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n"
    "H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n"
    "7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n"
    "-----END PRIVATE KEY-----\n";
static const char ec_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
    "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
    "-----END PUBLIC KEY-----\n";

static const char claims[] =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

static struct arena *arena;
static struct err err;

static struct jwt_want want_of(enum jwt_alg alg, struct str key)
{
    return (struct jwt_want){
        .alg = alg, .key = key, .claims = NULL_VALUE, .header = NULL_VALUE, .ttl_ms = 300000};
}

static struct str sign(enum jwt_alg alg, struct str key, const char *header)
{
    struct str token;
    const struct jwt_want want = want_of(alg, key);
    err = (struct err)ERR_INIT;
    ck_assert_ok(jwt_sign(&want, str_from(header), str_from(claims), arena, &token, &err), err);
    return token;
}

START_TEST(hs256_of_rfc_7515_a1)
{
    struct str key;
    arena = arena_new();
    ck_assert(digest_base64_decode(arena,
                                   STR("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75"
                                       "aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"),
                                   &key));
    ck_assert_str_is(
        sign(JWT_HS256, key, "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}"),
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS"
        "9pc19yb290Ijp0cnVlfQ."
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    arena_free(arena);
}
END_TEST

START_TEST(rs256_of_rfc_7515_a2)
{
    arena = arena_new();
    struct str token = sign(JWT_RS256, str_from(rsa_key), "{\"alg\":\"RS256\"}");
    ck_assert_str_is(
        token, "eyJhbGciOiJSUzI1NiJ9."
               "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS"
               "9pc19yb290Ijp0cnVlfQ."
               "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-"
               "0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrn"
               "byTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi1"
               "2jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs"
               "98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
    arena_free(arena);
}
END_TEST

/* An environment has no line breaks. */
START_TEST(line_breaks_may_be_escaped)
{
    arena = arena_new();
    AUTO_BUF(pem, KIB(4));
    for (const char *c = rsa_key; *c; c++)
        if (*c == '\n')
            buf_puts(&pem, "\\n");
        else
            buf_put_byte(&pem, *c);
    struct str token = sign(JWT_RS256, buf_str(&pem), "{\"alg\":\"RS256\"}");
    ck_assert(str_ends(token, STR("GlUPQGe77Rw")));
    arena_free(arena);
}
END_TEST

static bool is_valid(struct str input, struct str raw)
{
    BIO *bio = BIO_new_mem_buf(ec_public, -1);
    EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    ECDSA_SIG *pair = ECDSA_SIG_new();
    const unsigned char *bytes = (const unsigned char *)raw.ptr;
    unsigned char der[128], *at = der;
    ck_assert_uint_eq(raw.len, 64);
    ECDSA_SIG_set0(pair, BN_bin2bn(bytes, 32, NULL), BN_bin2bn(bytes + 32, 32, NULL));
    int len = i2d_ECDSA_SIG(pair, &at);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key);
    int found =
        EVP_DigestVerify(ctx, der, (size_t)len, (const unsigned char *)input.ptr, input.len);
    EVP_MD_CTX_free(ctx);
    ECDSA_SIG_free(pair);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return found == 1;
}

/* No two signatures are the same: each is verified, often enough that numbers are short. */
START_TEST(es256_of_rfc_7515_a3)
{
    arena = arena_new();
    for (int i = 0; i < 600; i++) {
        struct str token = sign(JWT_ES256, str_from(ec_key), "{\"alg\":\"ES256\"}"), raw;
        ptrdiff_t dot = (ptrdiff_t)token.len - 1;
        while (token.ptr[dot] != '.')
            dot--;
        ck_assert(
            digest_base64_decode(arena, str_slice(token, (size_t)dot + 1, token.len), &raw));
        ck_assert(is_valid(str_slice(token, 0, (size_t)dot), raw));
    }
    struct str theirs;
    ck_assert(digest_base64_decode(arena,
                                   STR("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5dj"
                                       "xLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"),
                                   &theirs));
    ck_assert(
        is_valid(STR("eyJhbGciOiJFUzI1NiJ9."
                     "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
                     "LmNvbS9pc19yb290Ijp0cnVlfQ"),
                 theirs));
    arena_free(arena);
}
END_TEST

static void expect_refused(enum jwt_alg alg, const char *key)
{
    struct str token;
    const struct jwt_want want = want_of(alg, str_from(key));
    err = (struct err)ERR_INIT;
    ck_assert(!jwt_make(&want, 0, arena, &token, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_msg(strstr(err.text, "private key in PEM") != NULL, "%s", err.text);
}

START_TEST(keys_of_another_kind_are_refused)
{
    arena = arena_new();
    expect_refused(JWT_RS256, ec_key);
    expect_refused(JWT_ES256, rsa_key);
    expect_refused(JWT_ES256, ec_public);
    expect_refused(JWT_RS256, "abc");
    expect_refused(JWT_RS256, "");
    /* openssl pkey -aes128: it must not be asked for on the terminal */
    expect_refused(JWT_ES256, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIHs\n"
                              "-----END ENCRYPTED PRIVATE KEY-----\n");
    arena_free(arena);
}
END_TEST

static struct value json(const char *text)
{
    struct value value;
    ck_assert_ok(value_parse(arena, str_from(text), VALUE_WHOLE, &value, &err), err);
    return value;
}

/* The part at the index, decoded. */
static struct str part(struct str token, int index)
{
    struct str piece = STR_NONE, text;
    for (int i = 0; i <= index; i++)
        token = str_split(token, '.', &piece);
    ck_assert(digest_base64_decode(arena, piece, &text));
    return text;
}

START_TEST(times_and_names_are_added_where_they_are_not_given)
{
    struct str token;
    arena = arena_new();
    struct jwt_want want = want_of(JWT_HS256, STR("k"));
    want.issuer = STR("me");
    want.audience = STR("https://id/t");
    want.header = json("{\"kid\": \"k1\"}");
    ck_assert_ok(jwt_make(&want, 1700000000999999, arena, &token, &err), err);
    ck_assert_str_is(part(token, 0), "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}");
    ck_assert_str_is(part(token, 1), "{\"iss\":\"me\",\"aud\":\"https://id/t\",\"iat\":"
                                     "1700000000,\"exp\":1700000300}");
    want.header = json("{\"typ\": \"at+jwt\"}");
    want.claims = json("{\"iss\": 1, \"aud\": [], \"exp\": 2, \"iat\": 3}");
    ck_assert_ok(jwt_make(&want, 1700000000999999, arena, &token, &err), err);
    ck_assert_str_is(part(token, 0), "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}");
    ck_assert_str_is(part(token, 1), "{\"iss\":1,\"aud\":[],\"exp\":2,\"iat\":3}");
    arena_free(arena);
}
END_TEST

SUITE("worker/access/jwt", hs256_of_rfc_7515_a1, rs256_of_rfc_7515_a2,
      line_breaks_may_be_escaped, es256_of_rfc_7515_a3, keys_of_another_kind_are_refused,
      times_and_names_are_added_where_they_are_not_given)
