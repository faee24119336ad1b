#include "worker/access/tokens.h"

#include <sys/resource.h>

#include "base/clock.h"
#include "base/redact.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

static struct mock mock;
static struct loop *loop;
static struct http *http;
static struct tokens *tokens;
static struct rng rng;
static struct token_want want;
static const struct http_header headers[] = {
    {STR_INIT("Content-Type"), STR_INIT("application/x-www-form-urlencoded")}};
static struct err err;
static int news;
static bool has_news;

static void begin(void)
{
    mock_start(NULL, &mock);
    rng_seed(&rng, 4711);
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(http_new(loop, &http, &err), err);
    tokens = tokens_new(loop, http, &rng);
    want = (struct token_want){
        .id = 1,
        .source = STR("shop"),
        .http = {.method = STR("POST"),
                 .url = str_from(pagetide_text("%s/oauth/token", mock.url)),
                 .headers = headers,
                 .header_count = 1,
                 .has_body = true,
                 .body = STR("grant_type=client_credentials&client_id=shop&"
                             "client_secret=s3cr3t-planted"),
                 .max_body_bytes = 1024,
                 .allow_private = true},
        .token_path = STR("access_token"),
        .expires_path = STR("expires_in"),
        .retry = {.max_attempts = 2,
                  .initial_delay_ms = 20,
                  .max_delay_ms = 20,
                  .jitter = RETRY_JITTER_NONE},
        .max_wait_ms = 60000,
    };
}

static void end(void)
{
    tokens_free(tokens);
    http_free(http);
    loop_free(loop);
    mock_stop(&mock);
    redact_clear();
}

static void on_news(void *ctx)
{
    (void)ctx;
    news++;
    has_news = true;
}

static struct tokens_reply ask(void)
{
    return tokens_ask(tokens, &want, on_news, &want, &err);
}

/* Asks until it is neither asked for nor to be waited for. */
static struct tokens_reply settle(void)
{
    struct tokens_reply reply = ask();
    bool never = false;
    while (reply.state == TOKENS_ASKED || reply.state == TOKENS_LATER) {
        if (reply.state == TOKENS_LATER)
            loop_run_until(loop, &never, reply.wait_ms);
        else
            ck_assert(loop_run_until(loop, &has_news, 20000));
        has_news = false;
        reply = ask();
    }
    return reply;
}

START_TEST(one_request_for_all_who_ask)
{
    begin();
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(ask().state, TOKENS_ASKED);
    struct tokens_reply reply = settle();
    ck_assert_str_is(reply.token, "at-1-planted");
    ck_assert_int_eq(news, 101);
    ck_assert_int_eq(mock_count(&mock, "/oauth/token"), 1);
    ck_assert(redact_has(STR("it is at-1-planted.")));
    struct token_want other = want;
    other.id = 2;
    ck_assert_int_eq(tokens_ask(tokens, &other, on_news, &other, &err).state, TOKENS_ASKED);
    tokens_forget(tokens, &other);
    end();
}
END_TEST

START_TEST(it_is_renewed_when_most_of_its_life_is_over)
{
    bool never = false;
    begin();
    mock_post(&mock, "/_mock/token", "{\"expires_in\": 2}");
    ck_assert_str_is(settle().token, "at-1-planted");
    int64_t got_mono_ms = clock_mono_ms();
    while (str_is(settle().token, "at-1-planted"))
        loop_run_until(loop, &never, 10);
    int64_t lived_ms = clock_mono_ms() - got_mono_ms;
    ck_assert_msg(lived_ms >= 1590 && lived_ms < 2000 + 3000, "%lld", (long long)lived_ms);
    ck_assert_int_eq(mock_count(&mock, "/oauth/token"), 2);
    end();
}
END_TEST

/* A server that is away for a while takes no token that is good. */
START_TEST(the_old_one_is_used_while_there_is_no_new_one)
{
    bool never = false;
    begin();
    mock_post(&mock, "/_mock/token", "{\"expires_in\": 3}");
    ck_assert_str_is(settle().token, "at-1-planted");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/oauth/token\", \"kind\": \"status\", \"status\": 400, \"times\": "
              "-1}");
    loop_run_until(loop, &never, 2450);
    ck_assert_str_is(settle().token, "at-1-planted");
    ck_assert_int_eq(mock_count(&mock, "/oauth/token"), 2);
    loop_run_until(loop, &never, 700);
    ck_assert_int_eq(settle().state, TOKENS_FAILED);
    ck_assert_int_eq(mock_count(&mock, "/oauth/token"), 2);
    end();
}
END_TEST

START_TEST(a_refused_one_is_asked_for_anew_once)
{
    begin();
    struct tokens_reply first = settle();
    tokens_refuse(tokens, &want, first.number);
    tokens_refuse(tokens, &want, first.number);
    struct tokens_reply second = settle();
    ck_assert_str_is(second.token, "at-2-planted");
    tokens_refuse(tokens, &want, first.number); /* an answer to an older request */
    ck_assert_int_eq(ask().state, TOKENS_HERE);
    struct tokens_reply found;
    ck_assert(tokens_find(tokens, &want, &found));
    ck_assert_uint_eq(found.number, second.number);
    ck_assert_int_eq(mock_count(&mock, "/oauth/token"), 2);
    end();
}
END_TEST

START_TEST(what_will_not_pass_is_not_tried_again)
{
    begin();
    want.http.body = STR("grant_type=client_credentials&client_id=shop&client_secret=no");
    ck_assert_int_eq(settle().state, TOKENS_FAILED);
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(ask().state, TOKENS_FAILED);
    ck_assert_msg(strstr(err.text, "invalid_client"), "%s", err.text);
    ck_assert_int_eq(mock_count(&mock, "/oauth/token"), 1);
    end();
}
END_TEST

START_TEST(what_may_pass_is_tried_by_the_policy)
{
    begin();
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/oauth/token\", \"kind\": \"reset\", \"times\": 1}");
    ck_assert_str_is(settle().token, "at-2-planted"); /* the first was lost */
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/oauth/token\", \"kind\": \"status\", \"times\": -1}");
    want.id = 2;
    ck_assert_int_eq(settle().state, TOKENS_FAILED);
    ck_assert_msg(strstr(err.text, "given up after 2 attempts"), "%s", err.text);
    end();
}
END_TEST

/* This machine's own fault, however long it lasts. */
START_TEST(a_lack_is_no_attempt)
{
    struct rlimit usual, none;
    begin();
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = usual;
    none.rlim_cur = 3;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    for (int i = 0; i < 4; i++) {
        bool never = false;
        ck_assert_int_eq(ask().state, TOKENS_ASKED);
        ck_assert(loop_run_until(loop, &has_news, 20000));
        has_news = false;
        struct tokens_reply reply = ask();
        ck_assert_int_eq(reply.state, TOKENS_LATER);
        ck_assert(err.is_lack && !reply.is_told);
        loop_run_until(loop, &never, reply.wait_ms);
    }
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
    ck_assert_int_eq(settle().state, TOKENS_HERE);
    end();
}
END_TEST

/* The ceiling: those that were asked for the longest time ago go. */
START_TEST(they_are_bounded)
{
    begin();
    want.is_made = true;
    want.jwt = (struct jwt_want){.alg = JWT_HS256,
                                 .key = STR("k"),
                                 .claims = NULL_VALUE,
                                 .header = NULL_VALUE,
                                 .ttl_ms = 60000};
    uint64_t first = ask().number;
    for (uint64_t id = 2; id <= TOKENS_MAX + 1; id++) {
        want.id = id;
        ck_assert_int_eq(ask().state, TOKENS_HERE);
    }
    want.id = 3;
    uint64_t third = ask().number;
    want.id = 1;
    ck_assert_uint_ne(ask().number, first);
    want.id = 3;
    ck_assert_uint_eq(ask().number, third);
    end();
}
END_TEST

SUITE("worker/access/tokens", one_request_for_all_who_ask,
      it_is_renewed_when_most_of_its_life_is_over,
      the_old_one_is_used_while_there_is_no_new_one, a_refused_one_is_asked_for_anew_once,
      what_will_not_pass_is_not_tried_again, what_may_pass_is_tried_by_the_policy,
      a_lack_is_no_attempt, they_are_bounded)
