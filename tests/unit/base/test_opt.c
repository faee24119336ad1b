#include "base/opt.h"

#include <stddef.h>
#include <stdio.h>

#include "tests/support/suite.h"

struct settings {
    bool full, again;
    const char *config;
    int64_t jobs, wait_ms, memory_bytes;
    struct opt_list headers;
};

static const struct opt table[] = {
    {"config", 'c', OPT_TEXT, offsetof(struct settings, config), "DIR", "where the files are"},
    {"full", 'f', OPT_FLAG, offsetof(struct settings, full), NULL, "everything"},
    {"again", 'a', OPT_FLAG, offsetof(struct settings, again), NULL, "once more"},
    {"jobs", 0, OPT_COUNT, offsetof(struct settings, jobs), "N", "at once"},
    {"wait", 0, OPT_DURATION, offsetof(struct settings, wait_ms), "TIME", "how long"},
    {"memory", 0, OPT_SIZE, offsetof(struct settings, memory_bytes), "SIZE", "how much"},
    {"header", 'H', OPT_LIST, offsetof(struct settings, headers), "TEXT", "another one"},
    OPT_END,
};

static struct err err = ERR_INIT;
static struct settings settings;
static int operands;
static bool help;
static char *argv[16];

static bool parse(int argc, const char *const *args)
{
    settings = (struct settings){.jobs = 64};
    for (int i = 0; i < argc; i++)
        argv[i] = (char *)(uintptr_t)args[i];
    return opt_parse(table, &settings, argc, argv, &operands, &help, &err);
}

#define PARSE(...)                                                                             \
    parse(COUNT_OF(((const char *[]){__VA_ARGS__})), (const char *[]){__VA_ARGS__})

START_TEST(reads_every_form)
{
    ck_assert_ok(PARSE("a.b", "--config", "dir", "--jobs=3", "--full", "c.d", "--wait", "1.5",
                       "--memory=64KiB"),
                 err);
    ck_assert_str_eq(settings.config, "dir");
    ck_assert_int_eq(settings.jobs, 3);
    ck_assert(settings.full && !settings.again && !help);
    ck_assert_int_eq(settings.wait_ms, 1500);
    ck_assert_int_eq(settings.memory_bytes, 65536);
    ck_assert_int_eq(operands, 2);
    ck_assert_str_eq(argv[0], "a.b");
    ck_assert_str_eq(argv[1], "c.d");
    ck_assert_ok(PARSE("-fa", "-cx", "-c", "y", "-"), err);
    ck_assert(settings.full && settings.again);
    ck_assert_str_eq(settings.config, "y");
    ck_assert_int_eq(settings.jobs, 64);
    ck_assert_int_eq(operands, 1);
    ck_assert_ok(PARSE("--config=", "--", "--full", "-x"), err);
    ck_assert_str_eq(settings.config, "");
    ck_assert(!settings.full);
    ck_assert_int_eq(operands, 2);
}
END_TEST

static void assert_refused(const char *message, bool accepted)
{
    ck_assert(!accepted);
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_str_eq(err.text, message);
}

START_TEST(names_what_is_wrong)
{
    assert_refused("unknown option --jbos; did you mean --jobs?", PARSE("--jbos", "3"));
    assert_refused("unknown option --xyzzy", PARSE("--xyzzy=1"));
    assert_refused("unknown option -x", PARSE("-fx"));
    assert_refused("--jobs needs a value", PARSE("--jobs"));
    assert_refused("--jobs takes a whole number, not 'x'", PARSE("--jobs", "x"));
    assert_refused("--jobs takes a whole number, not '-1'", PARSE("--jobs=-1"));
    assert_refused("--full takes no value", PARSE("--full=yes"));
    assert_refused("--wait takes a duration such as 30, 500ms, 15m or 2h, not 'soon'",
                   PARSE("--wait", "soon"));
    assert_refused("--memory takes a size such as 4096, 64KiB or 8MiB, not '1XB'",
                   PARSE("--memory", "1XB"));
}
END_TEST

START_TEST(words_of_others_are_known)
{
    static const struct opt_word words[] = {{"x workers", "nothing-here", NULL},
                                            {"workers w x", "jobs", NULL},
                                            {"debug", NULL, "-v"},
                                            {NULL, NULL, NULL}};
    opt_set_words(words);
    assert_refused("unknown option --workers; here it is --jobs", PARSE("--workers=3"));
    assert_refused("unknown option -x; here it is --jobs", PARSE("-x", "3"));
    assert_refused("unknown option --debug; here it is -v", PARSE("--debug"));
    assert_refused("unknown option --jbos; did you mean --jobs?", PARSE("--jbos", "3"));
    opt_set_words(NULL);
}
END_TEST

START_TEST(a_list_takes_each)
{
    ck_assert(PARSE("--header", "a", "x", "-H", "b", "--header=c"));
    ck_assert_uint_eq(settings.headers.count, 3);
    ck_assert_str_eq(settings.headers.items[0], "a");
    ck_assert_str_eq(settings.headers.items[2], "c");
    ck_assert_int_eq(operands, 1);
    ck_assert(!PARSE("--header"));
}
END_TEST

START_TEST(help_stops_the_reading)
{
    ck_assert_ok(PARSE("x", "--help", "--nonsense"), err);
    ck_assert(help);
    ck_assert_ok(PARSE("-h"), err);
    ck_assert(help);
    ck_assert_ok(PARSE("--", "--help"), err);
    ck_assert(!help);
}
END_TEST

START_TEST(prints_the_table)
{
    char text[1024] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    opt_print(out, table);
    fclose(out);
    ck_assert_str_eq(text, "  -c, --config DIR   where the files are\n"
                           "  -f, --full         everything\n"
                           "  -a, --again        once more\n"
                           "      --jobs N       at once\n"
                           "      --wait TIME    how long\n"
                           "      --memory SIZE  how much\n"
                           "  -H, --header TEXT  another one\n"
                           "      --help         show this help\n");
}
END_TEST

SUITE("base/opt", reads_every_form, names_what_is_wrong, words_of_others_are_known,
      a_list_takes_each, help_stops_the_reading, prints_the_table)
