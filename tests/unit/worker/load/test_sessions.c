#include "worker/load/sessions.h"

#include "tests/support/servers.h"
#include "tests/support/suite.h"

static struct loop *loop;
static struct sessions *sessions;
static struct err err = ERR_INIT;

struct work {
    struct sessions_waiter waiter;
    struct session *session;
    bool is_begun;
    int begun_as; /* 1: before all others */
};

static int begun_count;

static void on_session(void *ctx, struct session *session)
{
    struct work *work = ctx;
    work->session = session;
    work->is_begun = true;
    work->begun_as = ++begun_count;
}

static void set_up(size_t count)
{
    begun_count = 0;
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(sessions_new(loop,
                              &(struct pg_options){.url = servers_database_url(),
                                                   .name = "pagetide test"},
                              count, &sessions, &err),
                 err);
}

static void tear_down(void)
{
    sessions_close(sessions);
    sessions_free(sessions);
    loop_free(loop);
}

static void ask(struct work *work)
{
    *work = (struct work){.waiter = {.on_session = on_session, .ctx = work}};
    sessions_wait(sessions, &work->waiter);
}

static bool await(struct work *work, int64_t ms)
{
    return loop_run_until(loop, &work->is_begun, ms);
}

START_TEST(a_session_is_lent_to_one_at_a_time)
{
    struct work first, second, third;
    set_up(1);
    ask(&first);
    ask(&second);
    ask(&third);
    ck_assert(!first.is_begun); /* never from inside the call */
    ck_assert(await(&first, 10000));
    ck_assert(!await(&second, 50));
    sessions_return(first.session, false);
    ck_assert(!second.is_begun);
    ck_assert(await(&second, 10000));
    ck_assert_ptr_eq(second.session, first.session);
    ck_assert_int_eq(second.begun_as, 2);
    sessions_return(second.session, false);
    ck_assert(await(&third, 10000));
    sessions_return(third.session, false);
    tear_down();
}
END_TEST

START_TEST(who_left_the_queue_gets_none)
{
    struct work first, second, third;
    set_up(1);
    ask(&first);
    ask(&second);
    ask(&third);
    sessions_unwait(sessions, &third.waiter);
    sessions_unwait(sessions, &first.waiter);
    ck_assert(await(&second, 10000));
    sessions_return(second.session, false);
    ck_assert(!await(&first, 50));
    ck_assert(!third.is_begun);
    ask(&third);
    ck_assert(await(&third, 10000));
    sessions_return(third.session, false);
    tear_down();
}
END_TEST

START_TEST(staging_tables_go_with_the_connection)
{
    struct work first, second;
    set_up(1);
    ask(&first);
    ck_assert(await(&first, 10000));
    sessions_note_stage(first.session, 7, 1);
    sessions_note_stage(first.session, 8, 2);
    sessions_note_stage(first.session, 7, 3);
    ck_assert_uint_eq(sessions_find_stage(first.session, 7), 3);
    ck_assert_uint_eq(sessions_find_stage(first.session, 8), 2);
    ck_assert_uint_eq(sessions_find_stage(first.session, 9), 0);
    sessions_return(first.session, false);
    ask(&second);
    ck_assert(await(&second, 10000));
    ck_assert_uint_eq(sessions_find_stage(second.session, 7), 3);
    sessions_return(second.session, true);
    ask(&first);
    ck_assert(await(&first, 10000));
    ck_assert_uint_eq(sessions_find_stage(first.session, 7), 0);
    sessions_return(first.session, false);
    tear_down();
}
END_TEST

SUITE("worker/sessions", a_session_is_lent_to_one_at_a_time, who_left_the_queue_gets_none,
      staging_tables_go_with_the_connection)
