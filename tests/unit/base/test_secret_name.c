#include "base/secret_name.h"

#include "tests/support/suite.h"

START_TEST(names_of_credentials)
{
    static const char *const credentials[] = {
        "Authorization",
        "Proxy-Authorization",
        "COOKIE",
        "X-Api-Key",
        "api_key",
        "x-auth-token",
        "access_token",
        "clientSecret",
        "X-Secret",
        "db.password",
        "X-Auth-Key",
        "X-Amz-Security-Token",
        "PRIVATE-TOKEN",
        "sig",
        "key",
        "Ocp-Apim-Subscription-Key",
        "X-Session-Id",
        "DD-APPLICATION-KEY",
        "user_key",
        "x-functions-key",
        "aeg-sas-key",
        "consumerKey",
        "client_key",
        "X-Admin-Key",
        "access_code",
        "bearer",
        "pw",
        "X-Sentry-Auth",
    };
    static const char *const others[] = {
        "Accept",        "Content-Type",    "X-Author",
        "page_token",    "nextPageToken",   "X-Plain",
        "syncToken",     "keyword",         "X-Tenant",
        "User-Agent",    "sort_key",        "",
        "startkey",      "Idempotency-Key", "user_keyword",
        "partition_key", "authority",       "code",
        "pwn",           "country_code",    "monkey",
    };
    for (size_t i = 0; i < COUNT_OF(credentials); i++)
        ck_assert_msg(secret_name_is(str_from(credentials[i])), "%s", credentials[i]);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        ck_assert_msg(!secret_name_is(str_from(others[i])), "%s", others[i]);
}
END_TEST

START_TEST(values_that_begin_with_a_scheme)
{
    ck_assert(secret_name_is_scheme(STR("Bearer x")));
    ck_assert(secret_name_is_scheme(STR("basic eA==")));
    ck_assert(secret_name_is_scheme(STR("AWS4-HMAC-SHA256 Credential=a")));
    ck_assert(secret_name_is_scheme(STR("Bearer\tx")));
    ck_assert(secret_name_is_scheme(STR(" bearer  x")));
    ck_assert(!secret_name_is_scheme(STR("Bearer")));
    ck_assert(!secret_name_is_scheme(STR("Bearer ")));
    ck_assert(!secret_name_is_scheme(STR("basically x")));
    ck_assert(!secret_name_is_scheme(STR("")));
}
END_TEST

START_TEST(a_value_is_a_scheme_and_a_credential)
{
    static const char *const table[][3] = {
        {"Bearer x", "Bearer", "x"},
        {" Bearer \t x y ", "Bearer", "x y"},
        {"AWS4-HMAC-SHA256 Credential=a, Signature=b", "AWS4-HMAC-SHA256",
         "Credential=a, Signature=b"},
        {"x", "", "x"},
        {"Bearer ", "", "Bearer"},
        {"", "", ""},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct str scheme, rest = secret_name_split(str_from(table[i][0]), &scheme);
        ck_assert_str_is(scheme, table[i][1]);
        ck_assert_str_is(rest, table[i][2]);
    }
}
END_TEST

SUITE("base/secret_name", names_of_credentials, values_that_begin_with_a_scheme,
      a_value_is_a_scheme_and_a_credential)
