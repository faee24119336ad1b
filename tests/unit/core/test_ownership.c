#include "core/ownership.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "tests/support/schema.h"
#include "tests/support/suite.h"

/* Every test: a run with jobs 1 and 2, nothing taken, and a session of the worker "me". */
static struct loop *loop;
static struct pg *pg;
static struct ownership_worker me = {
    .id = STR_INIT("me"), .host = STR_INIT("here"), .version = STR_INIT("1")};

static struct {
    bool done;
    struct ownership_activation activation;
    int64_t lost[8];
    size_t lost_count;
} got;

static void wait_for_answer(void)
{
    ck_assert_msg(loop_run_until(loop, &got.done, 20000), "no answer");
    got.done = false;
}

static void on_done(void *ctx, const struct err *err)
{
    (void)ctx;
    ck_assert_msg(!err, "%s", err->text);
    got.done = true;
}

static void on_activate(void *ctx, const struct ownership_activation *activation,
                        const struct err *err)
{
    ck_assert_ptr_eq(ctx, &got);
    ck_assert_msg(!err, "%s", err->text);
    got.activation = *activation;
    got.done = true;
}

static void on_beat(void *ctx, const int64_t *lost, size_t lost_count, const struct err *err)
{
    (void)ctx;
    ck_assert_msg(!err, "%s", err->text);
    ck_assert_uint_le(lost_count, 8);
    memcpy(got.lost, lost, lost_count * sizeof *lost);
    got.lost_count = lost_count;
    got.done = true;
}

static void set_up(void)
{
    schema_database();
    EXPECT("1", "select t_run(2)");
    struct err err = ERR_INIT;
    ck_assert_ok(loop_new(&loop, &err), err);
    const struct pg_options options = {.url = schema_url, .name = "pagetide me"};
    ck_assert_ok(pg_open(loop, &options, NULL, NULL, &pg, &err), err);
    struct pg_result *result;
    ck_assert_ok(pg_await(pg, "select 1", NULL, 0, 20000, &result, &err), err);
    pg_result_free(result);
    me.pid = getpid();
    ownership_register(pg, &me, on_done, NULL);
    wait_for_answer();
}

static void tear_down(void)
{
    pg_close(pg);
    loop_free(loop);
}

static const struct ownership_activation *activate(struct arena *arena, int64_t job)
{
    ownership_take(pg, job, &me, 10000, true, arena, on_activate, &got);
    wait_for_answer();
    return &got.activation;
}

START_TEST(a_job_comes_whole)
{
    set_up();
    AUTO_ARENA struct arena *arena = arena_new();
    const struct ownership_activation *activation = activate(arena, 2);
    ck_assert_int_eq(activation->verdict, OWNERSHIP_TAKEN);
    const struct job *job = activation->job;
    ck_assert_int_eq(job->id, 2);
    ck_assert_int_eq(job->run, 1);
    ck_assert_int_eq(job->n, 2);
    ck_assert_int_eq(job->epoch, 1);
    ck_assert_int_gt(job->started_us, INT64_C(1700000000000000));
    ck_assert_str_is(job->stream, "shop.orders");
    ck_assert_str_is(job->part, "{\"partition\": {\"p\": 2}}");
    ck_assert_str_is(job->mode, "incremental");
    ck_assert_uint_eq(job->checkpoint.len, 0);
    ck_assert_uint_eq(job->owner.len, RNG_TOKEN_BYTES - 1);
    ck_assert_uint_eq(activation->page_count, 0);
    EXPECT("me", "select worker from pagetide.job where id = 2 and owner = '%.*s'",
           STR_ARG(job->owner));
    tear_down();
}
END_TEST

START_TEST(the_loop_guards_memory_comes_along)
{
    set_up();
    AUTO_ARENA struct arena *arena = arena_new();
    activate(arena, 1);
    ASK("select t_commit(t_mark(1, 1), t_mark(1, 2, '{\"request_hash\": \"5\"}'), "
        "t_mark(1, 3, t_end('queued')))");
    const struct ownership_activation *activation = activate(arena, 1);
    ck_assert_uint_eq(activation->page_count, 3);
    ck_assert_int_eq(activation->request_hashes[0], -1);
    ck_assert_int_eq(activation->request_hashes[1], 5);
    ck_assert_int_eq(activation->records_hashes[2], 7);
    ck_assert_int_eq(activation->job->page, 3);
    ck_assert_int_eq(activation->job->epoch, 2);
    ck_assert_str_is(activation->job->checkpoint, "{\"at\": 3, \"cursor\": null}");
    tear_down();
}
END_TEST

START_TEST(jobs_that_cannot_be_taken)
{
    set_up();
    AUTO_ARENA struct arena *arena = arena_new();
    ck_assert_int_eq(activate(arena, 99)->verdict, OWNERSHIP_GONE);
    EXPECT("taken", "select t_take(1, 'w2')");
    ck_assert_int_eq(activate(arena, 1)->verdict, OWNERSHIP_BUSY);
    ck_assert_int_eq(got.activation.wait_ms, 1000);
    ASK("select t_commit(t_mark(1, 0, t_end('waiting', '{\"wait_ms\": 60000}')))");
    ck_assert_int_eq(activate(arena, 1)->verdict, OWNERSHIP_WAITING);
    ck_assert_int_gt(got.activation.wait_ms, 30000);
    tear_down();
}
END_TEST

static pid_t pid_of_the_dead(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    return pid;
}

START_TEST(a_dead_process_of_this_host_need_not_grow_stale)
{
    set_up();
    AUTO_ARENA struct arena *arena = arena_new();
    EXPECT("taken", "select t_take(1, 'w2')");
    ASK("update pagetide.worker set pid = %d where id = 'w2'", (int)pid_of_the_dead());
    ck_assert_int_eq(activate(arena, 1)->verdict, OWNERSHIP_BUSY);
    ASK("update pagetide.worker set host = 'here' where id = 'w2'");
    ck_assert_int_eq(activate(arena, 1)->verdict, OWNERSHIP_TAKEN);
    ck_assert_int_eq(got.activation.job->losses, 1);
    tear_down();
}
END_TEST

START_TEST(a_beat_tells_what_was_lost)
{
    set_up();
    AUTO_ARENA struct arena *arena = arena_new();
    activate(arena, 1);
    activate(arena, 2);
    const struct ownership_held held[] = {{1, "send"}, {2, "cut"}};
    ownership_beat(pg, &me, held, 2, on_beat, NULL);
    wait_for_answer();
    ck_assert_uint_eq(got.lost_count, 0);
    EXPECT("send cut", "select (steps ->> '1') || ' ' || (steps ->> '2') from pagetide.worker");

    ASK("select t_age('me', '1 min')");
    EXPECT("taken", "select t_take(2, 'w2')");
    ownership_beat(pg, &me, held, 2, on_beat, NULL);
    wait_for_answer();
    ck_assert_uint_eq(got.lost_count, 1);
    ck_assert_int_eq(got.lost[0], 2);

    ownership_beat(pg, &me, NULL, 0, on_beat, NULL);
    wait_for_answer();
    ck_assert_uint_eq(got.lost_count, 0);
    EXPECT("queued", "select state from pagetide.job where id = 1");
    tear_down();
}
END_TEST

START_TEST(a_stopped_worker_is_gone)
{
    set_up();
    ownership_unregister(pg, me.id, on_done, NULL);
    wait_for_answer();
    EXPECT("0", "select count(*) from pagetide.worker");
    tear_down();
}
END_TEST

static void on_failed(void *ctx, const struct ownership_activation *activation,
                      const struct err *err)
{
    (void)ctx;
    ck_assert_ptr_null(activation);
    ck_assert_int_eq(err->kind, ERR_STOPPED);
    got.done = true;
}

START_TEST(an_activation_under_way_fails_with_its_session)
{
    set_up();
    AUTO_ARENA struct arena *arena = arena_new();
    ownership_take(pg, 1, &me, 10000, true, arena, on_failed, NULL);
    tear_down();
    ck_assert(got.done);
}
END_TEST

START_TEST(names_of_states_and_reasons)
{
    enum job_state state;
    ck_assert(job_state_parse(STR("truncated"), &state));
    ck_assert_int_eq(state, JOB_TRUNCATED);
    ck_assert(!job_state_parse(STR("Truncated"), &state));
    ck_assert_int_eq(job_reason_parse(STR("inconsistent_end")), REASON_INCONSISTENT_END);
    ck_assert_int_eq(job_reason_parse(STR("Loop")), REASON_NONE);
    ck_assert_str_eq(job_state_name(JOB_DEAD), "dead");
    ck_assert_str_eq(job_reason_name(REASON_INCONSISTENT_END), "inconsistent_end");
}
END_TEST

SUITE("core/ownership", a_job_comes_whole, the_loop_guards_memory_comes_along,
      jobs_that_cannot_be_taken, a_dead_process_of_this_host_need_not_grow_stale,
      a_beat_tells_what_was_lost, a_stopped_worker_is_gone,
      an_activation_under_way_fails_with_its_session, names_of_states_and_reasons)
