#include "base/log.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/redact.h"
#include "tests/support/suite.h"

/* 2026-01-02T03:04:05.678Z */
static int64_t fixed_us(void)
{
    return INT64_C(1767323045678) * 1000;
}

static const struct log_where JOB = {
    .stream = STR_INIT("shop.orders"), .run = 7, .job_n = 3, .page = 4};

static FILE *file;

/* Standard error goes to a file from here on; each test is a process of its own. */
static void begin(void)
{
    clock_replace(NULL, fixed_us);
    file = tmpfile();
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
}

/* What was written since the last call. */
static struct str written(void)
{
    static char text[32768];
    static long done;
    fseek(file, done, SEEK_SET);
    size_t len = fread(text, 1, sizeof text, file);
    done += (long)len;
    return (struct str){text, len};
}

START_TEST(writes_text)
{
    begin();
    log_write(LOG_INFO, LOG_JOB_START, &JOB, "from page %d", 4);
    ck_assert_str_is(written(),
                     "2026-01-02T03:04:05.678Z info  job.start  shop.orders 7/3 page 4"
                     "  from page 4\n");
    log_write(LOG_ERROR, LOG_PG_DOWN, LOG_NOWHERE, "a\nb\x1B[2J\xFF\"");
    ck_assert_str_is(written(), "2026-01-02T03:04:05.678Z error postgres.down  "
                                "a\\nb\\u001b[2J\\xff\"\n");
    log_write(LOG_WARN, LOG_RUN_DONE, &(struct log_where){.run = 12}, "x");
    ck_assert_str_is(written(), "2026-01-02T03:04:05.678Z warn  run.done  12  x\n");
}
END_TEST

START_TEST(writes_json)
{
    begin();
    log_set_json(true);
    log_write(LOG_INFO, LOG_JOB_START, &JOB, "say \"hi\"\\\n\t\xFF");
    ck_assert_str_is(written(), "{\"at\":\"2026-01-02T03:04:05.678Z\",\"level\":\"info\","
                                "\"event\":\"job.start\",\"stream\":\"shop.orders\",\"run\":7,"
                                "\"job\":\"7/3\",\"page\":4,"
                                "\"message\":\"say \\\"hi\\\"\\\\\\n\\u0009\xEF\xBF\xBD\"}\n");
    log_write(LOG_INFO, LOG_NOTE, LOG_NOWHERE, "x");
    ck_assert_str_is(written(), "{\"at\":\"2026-01-02T03:04:05.678Z\",\"level\":\"info\","
                                "\"event\":\"note\",\"message\":\"x\"}\n");
}
END_TEST

START_TEST(keeps_to_the_level)
{
    begin();
    enum log_level level = LOG_INFO;
    log_write(LOG_DEBUG, LOG_PAGE_DONE, &JOB, "no");
    ck_assert_uint_eq(written().len, 0);
    ck_assert(log_level_parse(STR("debug"), &level));
    log_set_level(level);
    ck_assert(log_is_on(LOG_DEBUG));
    log_write(LOG_DEBUG, LOG_PAGE_DONE, &JOB, "yes");
    ck_assert_uint_gt(written().len, 0);
    ck_assert(!log_level_parse(STR("loud"), &level));
    ck_assert_int_eq(level, LOG_DEBUG);
}
END_TEST

START_TEST(shows_no_secret)
{
    begin();
    redact_add(STR("env.T"), STR("hush\"hush"));
    for (int json = 0; json <= 1; json++) {
        log_set_json(json);
        log_write(LOG_INFO, LOG_NOTE, LOG_NOWHERE, "token hush\"hush %08000d hush\"hush", 0);
        struct str line = written();
        ck_assert_int_gt(str_find(line, STR("token <env.T> 000")), 0);
        ck_assert_int_lt(str_find(line, STR("hush")), 0);
    }
}
END_TEST

START_TEST(cuts_long_lines)
{
    begin();
    for (int json = 0; json <= 1; json++) {
        log_set_json(json);
        log_write(LOG_INFO, LOG_NOTE, &JOB, "%09000d\xC3\xA4", 0);
        struct str line = written();
        ck_assert_uint_eq(line.len, 8192);
        ck_assert(str_ends(line, json ? STR("0\"}\n") : STR("0\n")));
    }
}
END_TEST

static void on_line(void *ctx)
{
    ++*(int *)ctx;
}

START_TEST(says_before_each_line_that_one_comes)
{
    int count = 0;
    begin();
    log_set_on_line(on_line, &count);
    log_write(LOG_INFO, LOG_NOTE, &JOB, "one");
    log_write(LOG_DEBUG, LOG_NOTE, &JOB, "below the level");
    ck_assert_int_eq(count, 1);
    log_set_on_line(NULL, NULL);
    log_write(LOG_INFO, LOG_NOTE, &JOB, "two");
    ck_assert_int_eq(count, 1);
}
END_TEST

SUITE("base/log", writes_text, writes_json, keeps_to_the_level, shows_no_secret,
      cuts_long_lines, says_before_each_line_that_one_comes)
