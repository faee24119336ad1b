#include "tests/support/mock_digest.h"

#include "tests/support/suite.h"

/* RFC 7616, section 3.9.1. */
START_TEST(the_examples_of_rfc_7616)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct mock_digest digest = {
        .user = STR("Mufasa"),
        .realm = STR("http-auth@example.org"),
        .password = STR("Circle of Life"),
        .method = STR("GET"),
        .uri = STR("/dir/index.html"),
        .nonce = STR("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
        .nc = STR("00000001"),
        .cnonce = STR("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
    };
    ck_assert_str_is(mock_digest_response(&digest, arena), "8ca523f5e9506fed4657c9700eebdbec");
    digest.is_sha256 = true;
    ck_assert_str_is(mock_digest_response(&digest, arena),
                     "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
}
END_TEST

SUITE("support/mock_digest", the_examples_of_rfc_7616)
