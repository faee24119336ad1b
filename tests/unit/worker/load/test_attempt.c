#include "worker/load/attempt.h"

#include "base/clock.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

/* Nothing listens there. */
#define AWAY_URL "postgresql://nobody@127.0.0.1:1/none"

static struct loop *loop;
static struct sessions *sessions;
static struct err err = ERR_INIT;

/* Work that fails `failures` times with an error of this kind, and then is done. */
struct work {
    struct attempt attempt;
    enum err_kind kind;
    int failures, begun;
    bool is_over, is_given_up;
    struct err why;
};

static void on_begin(void *ctx, struct session *session)
{
    struct work *work = ctx;
    ck_assert_ptr_nonnull(session);
    if (++work->begun > work->failures) {
        attempt_done(&work->attempt);
        work->is_over = true;
        return;
    }
    struct err failed = ERR_INIT;
    err_set(&failed, work->kind, "test", 0, "failure %d", work->begun);
    attempt_retry(&work->attempt, &failed);
}

static void on_give_up(void *ctx, const struct err *why)
{
    struct work *work = ctx;
    work->is_over = work->is_given_up = true;
    work->why = *why;
    ck_assert_ptr_null(work->attempt.session);
}

static void set_up(const char *url)
{
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(sessions_new(loop, &(struct pg_options){.url = url, .name = "pagetide test"},
                              1, &sessions, &err),
                 err);
}

static void tear_down(void)
{
    sessions_close(sessions);
    sessions_free(sessions);
    loop_free(loop);
}

static void start(struct work *work, int64_t give_up_ms)
{
    work->attempt = (struct attempt){
        .give_up_ms = give_up_ms, .on_begin = on_begin, .on_give_up = on_give_up, .ctx = work};
    attempt_start(&work->attempt, sessions);
}

START_TEST(what_passes_is_tried_again)
{
    struct work work = {.kind = ERR_AGAIN, .failures = 2};
    set_up(servers_database_url());
    start(&work, -1);
    ck_assert(loop_run_until(loop, &work.is_over, 20000));
    ck_assert(!work.is_given_up);
    ck_assert_int_eq(work.begun, 3);
    tear_down();
}
END_TEST

START_TEST(a_bug_is_tried_five_times)
{
    struct work work = {.kind = ERR_BUG, .failures = 100};
    set_up(servers_database_url());
    start(&work, -1);
    ck_assert(loop_run_until(loop, &work.is_over, 20000));
    ck_assert(work.is_given_up);
    ck_assert_int_eq(work.begun, 5);
    ck_assert_str_eq(work.why.text, "giving up: failure 5");
    tear_down();
}
END_TEST

START_TEST(what_does_not_pass_in_time_is_given_up)
{
    struct work work = {.kind = ERR_AGAIN, .failures = 100};
    set_up(servers_database_url());
    start(&work, 1500);
    ck_assert(loop_run_until(loop, &work.is_over, 20000));
    ck_assert(work.is_given_up);
    ck_assert_int_ge(work.begun, 2);
    ck_assert_int_eq(work.why.kind, ERR_AGAIN);
    tear_down();
}
END_TEST

START_TEST(a_server_that_is_away_is_given_up)
{
    struct work work = {0};
    set_up(AWAY_URL);
    int64_t begin = clock_mono_ms();
    start(&work, 300);
    ck_assert(loop_run_until(loop, &work.is_over, 20000));
    ck_assert(work.is_given_up);
    ck_assert_int_eq(work.begun, 0);
    ck_assert_int_ge(clock_mono_ms() - begin, 250);
    ck_assert_int_eq(work.why.kind, ERR_AGAIN);
    ck_assert_ptr_nonnull(strstr(work.why.text, "giving up"));
    tear_down();
}
END_TEST

/* Its own work holds the session; the other one waits longer than give_up_ms and still gets
 * it. */
static void on_hold(void *ctx, struct session *session)
{
    struct work *work = ctx;
    (void)session;
    work->is_over = true;
}

START_TEST(a_busy_pool_is_not_a_server_that_is_away)
{
    struct work holder = {0}, other = {0};
    set_up(servers_database_url());
    holder.attempt = (struct attempt){
        .give_up_ms = -1, .on_begin = on_hold, .on_give_up = on_give_up, .ctx = &holder};
    attempt_start(&holder.attempt, sessions);
    ck_assert(loop_run_until(loop, &holder.is_over, 20000));
    start(&other, 50);
    ck_assert(!loop_run_until(loop, &other.is_over, 300));
    attempt_done(&holder.attempt);
    ck_assert(loop_run_until(loop, &other.is_over, 20000));
    ck_assert(!other.is_given_up);
    tear_down();
}
END_TEST

START_TEST(after_cancel_no_callback_comes)
{
    struct work work = {0};
    set_up(servers_database_url());
    start(&work, -1);
    attempt_cancel(&work.attempt);
    attempt_cancel(&work.attempt); /* of an attempt that is over: nothing */
    ck_assert(!loop_run_until(loop, &work.is_over, 200));
    ck_assert_int_eq(work.begun, 0);
    tear_down();
}
END_TEST

SUITE("worker/attempt", what_passes_is_tried_again, a_bug_is_tried_five_times,
      what_does_not_pass_in_time_is_given_up, a_server_that_is_away_is_given_up,
      a_busy_pool_is_not_a_server_that_is_away, after_cancel_no_callback_comes)
