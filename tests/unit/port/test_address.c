#include "port/address.h"

#include "tests/support/suite.h"

START_TEST(public_addresses)
{
    static const char *const given[] = {
        "8.8.8.8",         "172.15.255.255", "172.32.0.0",       "100.63.255.255",
        "100.128.0.0",     "169.253.0.1",    "223.255.255.255",  "2606:4700::1111",
        "2001:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
    };
    for (size_t i = 0; i < COUNT_OF(given); i++) {
        bool literal = false;
        ck_assert_msg(address_text_is_public(str_from(given[i]), &literal), "%s", given[i]);
        ck_assert(literal);
    }
}
END_TEST

START_TEST(special_addresses)
{
    static const char *const given[] = {
        "127.0.0.1",
        "127.255.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.9.9",
        "169.254.169.254",
        "100.64.0.1",
        "100.127.255.255",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "0x7f.1",
        "2130706433",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:a9fe:a9fe",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:1::80ff:fffe",
    };
    for (size_t i = 0; i < COUNT_OF(given); i++) {
        bool literal = false;
        ck_assert_msg(!address_text_is_public(str_from(given[i]), &literal), "%s", given[i]);
        ck_assert_msg(literal, "%s", given[i]);
    }
}
END_TEST

START_TEST(names_are_no_literals)
{
    bool literal = true;
    ck_assert(!address_text_is_public(STR("api.example"), &literal));
    ck_assert(!literal);
    ck_assert(address_text_is_loopback(STR("localhost")));
    ck_assert(address_text_is_loopback(STR("a.LOCALHOST")));
    ck_assert(address_text_is_loopback(STR("127.9.9.9")));
    ck_assert(address_text_is_loopback(STR("::1")));
    ck_assert(!address_text_is_loopback(STR("notlocalhost")));
    ck_assert(!address_text_is_loopback(STR("localhost.example")));
    ck_assert(!address_text_is_loopback(STR("10.0.0.1")));
}
END_TEST

SUITE("port/address", public_addresses, special_addresses, names_are_no_literals)
