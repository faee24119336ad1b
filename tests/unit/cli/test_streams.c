#include "cli/streams.h"

#include "tests/support/command.h"
#include "tests/support/suite.h"

static const char shop[] = "source: shop\nbase_url: http://127.0.0.1/\nstreams:\n"
                           "  orders: {path: /orders}\n  clicks: {path: /clicks}\n";
static const char bank[] = "source: bank\nbase_url: http://127.0.0.1/\n"
                           "streams: {orders: {path: /orders}}\n";

/* The names of the streams that a word means; what is said where it means none. */
static const char *meant(const char *word)
{
    static char names[512];
    struct cli cli;
    struct source **sources;
    struct stream *streams[8];
    size_t source_count, count = 0;
    *names = '\0';
    command_open_alone(&cli);
    command_source(&cli, "shop", shop);
    command_source(&cli, "bank", bank);
    bool is_whole;
    ck_assert(cli_sources(&cli, &sources, &source_count, &is_whole) && is_whole);
    command_capture();
    bool is_found = streams_find(&cli, "sync", word, sources, source_count, streams, &count);
    struct captured captured = command_captured();
    for (size_t i = 0; i < count; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%.*s", i ? " " : "",
                 STR_ARG(streams[i]->name));
    if (!is_found)
        snprintf(names, sizeof names, "%s", captured.err);
    command_close(&cli);
    return names;
}

START_TEST(a_word_is_a_stream_a_source_a_pattern_or_a_file)
{
    ck_assert_str_eq(meant("shop.orders"), "shop.orders");
    ck_assert_str_eq(meant("shop"), "shop.orders shop.clicks");
    ck_assert_str_eq(meant("shop.*"), "shop.orders shop.clicks");
    ck_assert_str_eq(meant("*.orders"), "bank.orders shop.orders");
    ck_assert_str_eq(meant("sources/shop.yaml"), "shop.orders shop.clicks");
    ck_assert_str_eq(meant("./sources/bank.yaml"), "bank.orders");
    ck_assert_str_eq(meant("bank.yaml"), "bank.orders");
}
END_TEST

START_TEST(the_nearest_name_is_said)
{
    ck_assert_ptr_nonnull(strstr(meant("shop.order"), "there is no stream \"shop.order\" in"));
    ck_assert_ptr_nonnull(strstr(meant("shop.order"), "did you mean \"shop.orders\"?"));
    ck_assert_ptr_null(strstr(meant("elsewhere"), "did you mean"));
    ck_assert_ptr_nonnull(strstr(meant("clicks"), "did you mean \"shop.clicks\"?"));
    ck_assert_ptr_nonnull(strstr(meant("SHOP/Orders"), "did you mean \"shop.orders\"?"));
    ck_assert_ptr_nonnull(
        strstr(meant("orders"), "did you mean \"bank.orders\" or \"shop.orders\"?"));
    ck_assert_ptr_nonnull(strstr(meant("."), "it is a folder: -c DIR names the folder"));
    ck_assert_ptr_nonnull(strstr(meant("ank.yaml"), "there is no stream"));
    ck_assert_ptr_nonnull(strstr(meant(""), "there is no stream"));
}
END_TEST

START_TEST(a_pattern_for_sql_matches_the_same)
{
    static const struct {
        const char *word, *pattern;
    } cases[] = {
        {"shop", "shop.%"},         {"shop.orders", "shop.orders"},
        {"shop.*", "shop.%"},       {"*.orders", "%.orders"},
        {"a_b.c%d", "a\\_b.c\\%d"}, {"shop.order?", "shop.order_"},
    };
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_str_eq(arena_cstr(arena, streams_pattern(arena, cases[i].word)),
                         cases[i].pattern);
}
END_TEST

SUITE("cli/streams", a_word_is_a_stream_a_source_a_pattern_or_a_file, the_nearest_name_is_said,
      a_pattern_for_sql_matches_the_same)
