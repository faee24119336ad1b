#include "base/redact.h"

#include "base/buf.h"
#include "tests/support/suite.h"

static struct arena *arena;

static void begin(void)
{
    arena = arena_new();
    redact_add(STR("env.TOKEN"), STR("s3cr+t/ {x}"));
}

static void end(void)
{
    redact_clear();
    arena_free(arena);
}

static struct str shown(const char *text)
{
    return redact_str(arena, str_from(text));
}

START_TEST(hides_raw_and_percent_encoded)
{
    begin();
    ck_assert_str_is(shown("GET /?k=s3cr+t/ {x}&k=s3cr+t/ {x}!"),
                     "GET /?k=<env.TOKEN>&k=<env.TOKEN>!");
    ck_assert_str_is(shown("k=s3cr%2Bt%2F%20%7Bx%7D"), "k=<env.TOKEN>");
    ck_assert_str_is(shown("k=s3cr%2bt/+%7bx}&"), "k=<env.TOKEN>&");
    ck_assert_str_is(shown("%73%33%63%72%2b%74%2f%20%7b%78%7d"), "<env.TOKEN>");
    const char *harmless = "s3cr+t/ {x is not all of it %";
    ck_assert_ptr_eq(shown(harmless).ptr, harmless);
    end();
}
END_TEST

/* The base64 of "s3cr+t/ {x}" after 0, 1, 2 and 3 bytes. */
START_TEST(hides_base64_at_every_alignment)
{
    begin();
    ck_assert_str_is(shown("Basic czNjcit0LyB7eH0="), "Basic <env.TOKEN>0=");
    ck_assert_str_is(shown("dTpzM2NyK3QvIHt4fQ=="), "dTp<env.TOKEN>Q==");
    ck_assert_str_is(shown("YXpzM2NyK3QvIHt4fQ"), "YXp<env.TOKEN>Q");
    ck_assert_str_is(shown("OnMzY3IrdC8ge3h9"), "On<env.TOKEN>");
    ck_assert_str_is(shown("YWJjczNjcit0LyB7eH0="), "YWJj<env.TOKEN>0=");
    redact_add(STR("b"), STR("\xFB\xEF\xBE\xFF\xFF\xFF"));
    ck_assert_str_is(shown("++++////"), "<b>");
    ck_assert_str_is(shown("----____"), "<b>");
    ck_assert_str_is(shown("%2B%2B%2B%2B%2F%2F%2F%2F"), "<b>");
    end();
}
END_TEST

START_TEST(the_longest_secret_wins)
{
    begin();
    redact_add(STR("short"), STR("abcd"));
    redact_add(STR("long"), STR("abcdefgh"));
    redact_add(STR("tiny"), STR("xyz"));
    redact_add(STR("long"), STR("abcdefgh"));
    ck_assert_str_is(shown("abcdefghabcdxyz"), "<long><short>xyz");
    end();
}
END_TEST

START_TEST(works_in_place)
{
    begin();
    char text[64] = "a s3cr+t/ {x} b";
    redact_cstr(text, sizeof text);
    ck_assert_str_eq(text, "a <env.TOKEN> b");
    char full[16] = "token s3cr+t/ {";
    redact_cstr(full, sizeof full);
    ck_assert_str_eq(full, "token <env.TOKE");
    char grown[15] = "as3cr+t/ {x}b";
    redact_cstr(grown, sizeof grown);
    ck_assert_str_eq(grown, "a<env.TOKEN>b");
    end();
}
END_TEST

SUITE("base/redact", hides_raw_and_percent_encoded, hides_base64_at_every_alignment,
      the_longest_secret_wins, works_in_place)
