#include "cli/sync_streams.h"

#include "tests/support/command.h"
#include "tests/support/suite.h"

static const char shop[] = "source: shop\nbase_url: http://127.0.0.1/\nstreams:\n"
                           "  orders: {path: /orders, key: id, write: upsert, "
                           "params: {since: '{{ window.start }}'}}\n"
                           "  clicks: {path: /clicks, write: append}\n";
static const char bank[] = "source: bank\nbase_url: http://127.0.0.1/\nstreams:\n  rates: "
                           "{path: /rates, key: id, write: upsert}\n";

/* Chosen from two sources: their names, or what is wrong. */
static void expect(struct options options, int count, char **operands, const char *chosen)
{
    struct cli cli;
    struct stream **streams;
    bool is_whole;
    size_t stream_count;
    char names[256] = "";
    command_open_alone(&cli);
    command_source(&cli, "shop", shop);
    command_source(&cli, "bank", bank);
    cli.options = options;
    cli.operands = operands;
    cli.operand_count = count;
    command_capture();
    bool is_chosen = sync_streams_choose(&cli, &streams, &stream_count, &is_whole);
    struct captured captured = command_captured();
    if (!is_chosen) {
        const char *dir = strstr(captured.err, "/tmp/");
        snprintf(names, sizeof names, "%.*s", dir ? (int)(dir - captured.err) : 256,
                 captured.err);
    }
    for (size_t i = 0; is_chosen && i < stream_count; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%.*s", i ? " " : "",
                 STR_ARG(streams[i]->name));
    ck_assert_str_eq(names, chosen);
    command_close(&cli);
}

#define OPTIONS(...)                                                                           \
    (struct options)                                                                           \
    {                                                                                          \
        __VA_ARGS__                                                                            \
    }
#define EXPECT(options, chosen, ...)                                                           \
    do {                                                                                       \
        char *operands_[] = {__VA_ARGS__ __VA_OPT__(, ) NULL};                                 \
        expect((options), (int)COUNT_OF(operands_) - 1, operands_, (chosen));                  \
    } while (0)

static char orders[] = "shop.orders", rates[] = "bank.rates", unknown[] = "shop.nothing",
            source[] = "shop", pattern[] = "*.orders", file[] = "sources/bank.yaml";

START_TEST(streams_come_as_they_are_named)
{
    EXPECT(OPTIONS(0), "shop.orders bank.rates", orders, rates);
}
END_TEST

START_TEST(a_stream_that_is_named_twice_is_one)
{
    EXPECT(OPTIONS(0), "shop.orders bank.rates", orders, rates, orders);
}
END_TEST

START_TEST(all_are_those_of_the_folder_by_file)
{
    EXPECT(OPTIONS(.all = true), "bank.rates shop.orders shop.clicks");
}
END_TEST

START_TEST(names_and_all_exclude_each_other)
{
    const char *text = "pagetide: sync: name streams (source.stream, or a source), or --all\n";
    EXPECT(OPTIONS(0), text);
    EXPECT(OPTIONS(.all = true), text, orders);
}
END_TEST

START_TEST(an_unknown_stream_is_a_mistake)
{
    EXPECT(OPTIONS(0), "pagetide: sync: there is no stream \"shop.nothing\" in ", unknown);
}
END_TEST

START_TEST(a_word_may_mean_several_streams)
{
    EXPECT(OPTIONS(0), "shop.orders shop.clicks", source);
    EXPECT(OPTIONS(0), "shop.orders shop.clicks", orders, source);
    EXPECT(OPTIONS(0), "shop.orders", pattern);
    EXPECT(OPTIONS(0), "bank.rates", file);
}
END_TEST

START_TEST(a_window_is_whole_and_goes_forward)
{
    EXPECT(OPTIONS(.from = "2024-01-01", .to = "2024-02-01"), "shop.orders", orders);
    EXPECT(
        OPTIONS(.from = "2024-01-01", .to = "2024-02-01"),
        "pagetide: sync --from --to: bank.rates would fetch everything: its definition names "
        "neither window.start nor window.end, as in params: {since: \"{{ window.start }}\"}\n",
        orders, rates);
    EXPECT(OPTIONS(.from = "2024-01-01"), "pagetide: sync: a window needs --from and --to\n",
           orders);
    EXPECT(OPTIONS(.to = "2024-01-01"), "pagetide: sync: a window needs --from and --to\n",
           orders);
    EXPECT(OPTIONS(.from = "2024-01-01", .to = "2024-01-01"),
           "pagetide: sync: --from must lie before --to\n", orders);
    EXPECT(OPTIONS(.from = "2024-01-01", .to = "2024-02-01", .full = true),
           "pagetide: sync: --full and a window exclude each other\n", orders);
    EXPECT(OPTIONS(.from = "soon", .to = "2024-02-01"),
           "pagetide: sync --from: \"soon\" is neither RFC 3339 nor a date\n", orders);
    EXPECT(OPTIONS(.from = "2024-01-01", .to = "later"),
           "pagetide: sync --to: \"later\" is neither RFC 3339 nor a date\n", orders);
}
END_TEST

SUITE("cli/sync_streams", streams_come_as_they_are_named, a_stream_that_is_named_twice_is_one,
      a_word_may_mean_several_streams, all_are_those_of_the_folder_by_file,
      names_and_all_exclude_each_other, an_unknown_stream_is_a_mistake,
      a_window_is_whole_and_goes_forward)
