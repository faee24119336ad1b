#include "cli/arguments.h"

#include "tests/support/suite.h"

enum { WORDS_MAX = 16 };

static const struct opt common[] = {
    {"config", 'c', OPT_TEXT, 0, "DIR", ""}, {"json", 0, OPT_FLAG, 0, NULL, ""}, OPT_END};
static const struct opt settings[] = {{"jobs", 0, OPT_TEXT, 0, "N", ""}, OPT_END};
static const struct opt all[] = {{"header", 'H', OPT_LIST, 0, "", ""},
                                 {"auth", 0, OPT_TEXT, 0, "", ""},
                                 {"token", 0, OPT_TEXT, 0, "", ""},
                                 {"database-url", 0, OPT_TEXT, 0, "", ""},
                                 {"redis-url", 0, OPT_TEXT, 0, "", ""},
                                 {"redis-prefix", 0, OPT_TEXT, 0, "", ""},
                                 {"save", 0, OPT_TEXT, 0, "", ""},
                                 {"quiet", 'q', OPT_FLAG, 0, NULL, ""},
                                 OPT_END};

/* "a b c" as argv, and what became of it. */
static int split(char *text, char **argv)
{
    int argc = 0;
    char *rest;
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    return argc;
}

static const char *join(int argc, char **argv)
{
    static char text[512];
    *text = '\0';
    for (int i = 0; i < argc; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "",
                 argv[i]);
    return text;
}

static void expect_order(const char *words, const char *ordered)
{
    char text[256], *argv[WORDS_MAX];
    const struct opt *const tables[] = {common, settings};
    snprintf(text, sizeof text, "%s", words);
    int argc = split(text, argv);
    arguments_put_command_first(tables, 2, argc, argv);
    ck_assert_str_eq(join(argc, argv), ordered);
}

static void expect_hidden(const char *words, const char *shown)
{
    char text[256], *argv[WORDS_MAX];
    snprintf(text, sizeof text, "%s", words);
    int argc = split(text, argv);
    arguments_hide(all, argc, argv);
    ck_assert_str_eq(join(argc, argv), shown);
}

START_TEST(options_may_come_before_the_command)
{
    expect_order("pagetide -c dir sync s.t", "pagetide sync -c dir s.t");
    expect_order("pagetide --json --config dir sync s.t",
                 "pagetide sync --json --config dir s.t");
    expect_order("pagetide --config=dir sync s.t", "pagetide sync --config=dir s.t");
    expect_order("pagetide --jobs 8 worker", "pagetide worker --jobs 8");
}
END_TEST

START_TEST(a_command_in_its_place_stays)
{
    expect_order("pagetide sync -c dir s.t", "pagetide sync -c dir s.t");
    expect_order("pagetide", "pagetide");
}
END_TEST

START_TEST(without_a_command_nothing_moves)
{
    expect_order("pagetide --version", "pagetide --version");
    expect_order("pagetide -c dir", "pagetide -c dir");
    expect_order("pagetide -c", "pagetide -c");
}
END_TEST

START_TEST(values_with_passwords_are_hidden)
{
    expect_hidden("sync --database-url postgresql://u:p@h/d s.t",
                  "sync --database-url ******************** s.t");
    expect_hidden("up --redis-url=redis://:p@h --token secret --jobs 8",
                  "up --redis-url=************ --token ****** --jobs 8");
}
END_TEST

START_TEST(other_values_and_an_option_without_a_value_stay)
{
    expect_hidden("sync u --header secret -H another --auth=bearer:x",
                  "sync u --header ****** -H ******* --auth=********");
    expect_hidden("up --redis-prefix mine --token", "up --redis-prefix mine --token");
    expect_hidden("up --tokens 1 --database-urls=x", "up --tokens 1 --database-urls=x");
}
END_TEST

START_TEST(a_value_that_is_attached_to_its_letter_is_hidden)
{
    expect_hidden("discover -HX-Key:secret u", "discover -H************ u");
    expect_hidden("discover -qHX-Key:secret u", "discover -qH************ u");
    expect_hidden("discover -qH X-Key:secret u", "discover -qH ************ u");
}
END_TEST

START_TEST(a_value_is_no_option)
{
    expect_hidden("sync --save --token secret", "sync --save --token secret");
    expect_hidden("sync --token --auth secret", "sync --token ****** secret");
}
END_TEST

START_TEST(a_url_keeps_its_host_and_path)
{
    expect_hidden("discover https://h.example/v1/a@b?api_key=T&x=1#f",
                  "discover https://h.example/v1/a@b?***************");
    expect_hidden("sync https://user:p@ss@h.example/a", "sync https://*********@h.example/a");
    expect_hidden("sync -- https://h.example?sig=1 --token x",
                  "sync -- https://h.example?***** --token x");
    expect_hidden("sync https://h.example/a#token=x", "sync https://h.example/a#*******");
    expect_hidden("sync --quiet https://h.example/a", "sync --quiet https://h.example/a");
}
END_TEST

SUITE("cli/arguments", options_may_come_before_the_command, a_command_in_its_place_stays,
      without_a_command_nothing_moves, values_with_passwords_are_hidden,
      other_values_and_an_option_without_a_value_stay,
      a_value_that_is_attached_to_its_letter_is_hidden, a_value_is_no_option,
      a_url_keeps_its_host_and_path)
