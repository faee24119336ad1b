#include "port/digest.h"

#include "tests/support/suite.h"

static struct arena *arena;

static struct str hex(const unsigned char *bytes)
{
    return digest_hex(arena, (struct str){(const char *)bytes, DIGEST_SHA256_BYTES});
}

/* FIPS 180-2, appendix B.1; RFC 4231, test case 2. */
START_TEST(matches_published_digests)
{
    arena = arena_new();
    unsigned char digest[DIGEST_SHA256_BYTES];
    digest_sha256(STR("abc"), digest);
    ck_assert_str_is(hex(digest),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_sha256(STR_NONE, digest);
    ck_assert_str_is(hex(digest),
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), digest);
    ck_assert_str_is(hex(digest),
                     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    digest_hmac_sha256(STR_NONE, STR_NONE, digest);
    ck_assert_str_is(hex(digest),
                     "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    arena_free(arena);
}
END_TEST

/* RFC 4648, section 10. */
START_TEST(base64_goes_both_ways)
{
    static const char *const pairs[][2] = {
        {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
        {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xfb\xff\xfe", "+//+"},
    };
    arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct str back = STR_NONE;
        ck_assert_str_is(digest_base64(arena, str_from(pairs[i][0])), pairs[i][1]);
        ck_assert(digest_base64_decode(arena, str_from(pairs[i][1]), &back));
        ck_assert_str_is(back, pairs[i][0]);
    }
    arena_free(arena);
}
END_TEST

START_TEST(base64_takes_the_url_alphabet_and_no_padding)
{
    arena = arena_new();
    struct str back = STR_NONE;
    ck_assert(digest_base64_decode(arena, STR("-__-"), &back));
    ck_assert_str_is(back, "\xfb\xff\xfe");
    ck_assert(digest_base64_decode(arena, STR("Zm8"), &back));
    ck_assert_str_is(back, "fo");
    arena_free(arena);
}
END_TEST

START_TEST(base64_refuses_all_else)
{
    static const char *const bad[] = {"Z",     "Zg=",   "Zg===",  "=",
                                      "Zm9v=", "Zm 9v", "Zm9v\n", "Zg==Zg"};
    arena = arena_new();
    struct str back = STR("kept");
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        ck_assert_msg(!digest_base64_decode(arena, str_from(bad[i]), &back), "%s", bad[i]);
    ck_assert_str_is(back, "kept");
    arena_free(arena);
}
END_TEST

SUITE("port/digest", matches_published_digests, base64_goes_both_ways,
      base64_takes_the_url_alphabet_and_no_padding, base64_refuses_all_else)
