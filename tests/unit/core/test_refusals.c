#include "core/refusals.h"

#include "port/redis.h"
#include "tests/support/suite.h"

static struct refusals refusals;
static const struct refusal *news;

static struct err error_of(enum err_kind kind, int code, const char *text)
{
    struct err err = ERR_INIT;
    ck_assert(!err_set(&err, kind, "redis", code, "%s", text));
    return err;
}

static const char *line_of(enum refusal_news what)
{
    static char text[1024];
    AUTO_BUF(line, KIB(1));
    if (what == REFUSAL_NO_NEWS)
        return "";
    refusals_put_news(&line, what, news);
    snprintf(text, sizeof text, "%.*s", STR_ARG(buf_str(&line)));
    return text;
}

static const char *note(const char *what, const struct err *err, int64_t now_ms)
{
    return line_of(refusals_note(&refusals, what, err, now_ms, &news));
}

START_TEST(says_it_once_then_counts)
{
    struct err oom = error_of(ERR_AGAIN, REDIS_REFUSED, "OOM command not allowed");
    ck_assert_str_eq(note("enqueue", NULL, 0), "");
    ck_assert_str_eq(
        note("enqueue", &oom, 1000),
        "Redis refuses enqueue: OOM command not allowed; tried again, and jobs wait");
    ck_assert_str_eq(note("enqueue", &oom, 2000), "");
    ck_assert_str_eq(note("lease", NULL, 2500), "");
    ck_assert_str_eq(refusals_find(&refusals)->what, "enqueue");
    ck_assert_str_eq(note("enqueue", &oom, 61000),
                     "Redis refuses enqueue, 3 times so far: OOM command not allowed");
    ck_assert_str_eq(note("enqueue", NULL, 62000),
                     "Redis refuses enqueue no more, after 3 refusals");
    ck_assert_ptr_null(refusals_find(&refusals));
}
END_TEST

START_TEST(a_lost_connection_is_no_refusal)
{
    struct err gone = error_of(ERR_AGAIN, 0, "not connected");
    ck_assert_str_eq(note("lease", &gone, 0), "");
    ck_assert_ptr_null(refusals_find(&refusals));
}
END_TEST

/* Nobody asks for it any more: nothing would say that it is taken again. */
START_TEST(what_is_quiet_is_over)
{
    struct err noperm = error_of(ERR_CONFIG, REDIS_REFUSED, "NOPERM no");
    ck_assert_str_ne(note("known", &noperm, 0), "");
    ck_assert_str_eq(note("lease", NULL, REFUSALS_QUIET_MS), "");
    ck_assert_str_eq(note("lease", NULL, REFUSALS_QUIET_MS + 1),
                     "Redis refuses known no more, after 1 refusals");
    ck_assert_ptr_null(refusals_find(&refusals));
}
END_TEST

/* By its SQLSTATE, whatever the statement was. */
START_TEST(postgresql_refuses_too)
{
    struct err full = error_of(ERR_AGAIN, 0, "could not extend file");
    struct err value = error_of(ERR_INPUT, 0, "out of range");
    memcpy(full.sqlstate, "53100", 6);
    memcpy(value.sqlstate, "22003", 6);
    ck_assert_str_eq(note(NULL, &value, 0), "");
    ck_assert_str_eq(note(NULL, &full, 0), "PostgreSQL refuses more disk space: could not "
                                           "extend file; tried again, and jobs wait");
    ck_assert_str_eq(refusals_key(refusals_find(&refusals)), "refused_by_postgres");
    ck_assert_str_eq(note(NULL, NULL, 1000), "");
    ck_assert_str_eq(note(NULL, NULL, REFUSALS_QUIET_MS + 1),
                     "PostgreSQL refuses more disk space no more, after 1 refusals");
    ck_assert_ptr_null(refusals_find(&refusals));
}
END_TEST

SUITE("core/refusals", says_it_once_then_counts, a_lost_connection_is_no_refusal,
      what_is_quiet_is_over, postgresql_refuses_too)
