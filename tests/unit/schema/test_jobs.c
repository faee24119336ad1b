#include "tests/support/schema.h"
#include "tests/support/suite.h"

/* Every test: a run with jobs 1 and 2, job 1 taken by w1. */

static const char job_1[] =
    "select concat_ws(' ', state, epoch, coalesce(owner, '-'), "
    "coalesce(worker, '-'), losses, crashes) from pagetide.job where id = "
    "1";

START_TEST(an_owner_that_lives_keeps_its_job)
{
    schema_set_up_run();
    EXPECT("busy 1000 w1 h 1",
           "select concat_ws(' ', verdict, wait_ms, other_worker, other_host, other_pid) "
           "from pagetide.activate(1, 'w2', 'h', 'x', 10000, true)");
    ASK("select t_age('w1', '19 s')");
    EXPECT("busy", "select t_take(1, 'w2')");
    EXPECT("running 1 w1-token w1 0 0", "%s", job_1);
}
END_TEST

START_TEST(a_lost_owner_is_counted)
{
    schema_set_up_run();
    ASK("select t_age('w1', '21 s')");
    EXPECT("crashed", "select t_take(1, 'w2', false)");
    EXPECT("taken", "select t_take(1, 'w2')");
    EXPECT("running 2 w2-token w2 1 0", "%s", job_1);
    EXPECT("0 applied ended queued", "select t_commit(t_mark(1, 0, t_end('queued')))");
    EXPECT("crashed", "select t_take(1, 'w3', false)");
    EXPECT("taken", "select t_take(1, 'w3')");
    EXPECT("running 3 w3-token w3 1 0", "%s", job_1);
}
END_TEST

START_TEST(a_process_of_this_host_can_be_known_to_be_gone)
{
    schema_set_up_run();
    EXPECT("busy", "select verdict from pagetide.activate(1, 'w2', 'elsewhere', 'x', 10000, "
                   "true, 'w1')");
    EXPECT("taken",
           "select verdict from pagetide.activate(1, 'w2', 'h', 'x', 10000, true, 'w1')");
    EXPECT("running 2 x w2 1 0", "%s", job_1);
}
END_TEST

/* The worker of job 1 is lost, and `to` takes the job. */
static const char *pass_on(int from, int to)
{
    ASK("select t_age('w%d', '1 min')", from);
    return ASK("select t_take(1, 'w%d')", to);
}

/* Worker `who` writes down that it holds the next page of job 1. */
static const char *enter_page(int who)
{
    return ASK("select pagetide.enter_page(1, (select epoch from pagetide.job where id = 1), "
               "'w%d-token')",
               who);
}

START_TEST(a_page_that_kills_workers_is_dead_with_the_third)
{
    schema_set_up_run();
    EXPECT("taken", "select t_take(2)");
    EXPECT("0 applied ended succeeded", "select t_commit(t_mark(2, 1, t_end('succeeded')))");
    ASK("select t_commit(t_mark(1, 1))");
    ck_assert_str_eq(pass_on(1, 2), "taken");
    ck_assert_str_eq(enter_page(2), "t");
    ck_assert_str_eq(pass_on(2, 3), "taken");
    EXPECT("running 3 w3-token w3 2 1", "%s", job_1);
    ck_assert_str_eq(enter_page(3), "t");
    ck_assert_str_eq(pass_on(3, 4), "gone");
    EXPECT("dead 3 - w3 3 2", "%s", job_1);
    EXPECT("dead crash the worker was lost 3 times at page 2, 2 times while it held that page",
           "select concat_ws(' ', state, reason, error) from pagetide.run");
}
END_TEST

START_TEST(a_worker_lost_without_the_page_says_nothing_of_it)
{
    schema_set_up_run();
    for (int i = 1; i < 25; i++)
        ck_assert_str_eq(pass_on(i, i + 1), "taken");
    EXPECT("running 25 w25-token w25 24 0", "%s", job_1);
    ck_assert_str_eq(enter_page(25), "t");
    EXPECT("0 applied", "select t_commit(t_mark(1, 1))");
    ck_assert_str_eq(pass_on(25, 26), "taken");
    EXPECT("running 26 w26-token w26 1 0", "%s", job_1);
}
END_TEST

/* A page that kills is at hand each time; a machine takes workers at any moment. */
START_TEST(a_worker_lost_without_the_page_clears_it_of_the_one_before)
{
    schema_set_up_run();
    ck_assert_str_eq(pass_on(1, 2), "taken");
    ck_assert_str_eq(enter_page(2), "t");
    ck_assert_str_eq(pass_on(2, 3), "taken");
    EXPECT("running 3 w3-token w3 2 1", "%s", job_1);
    ck_assert_str_eq(pass_on(3, 4), "taken");
    EXPECT("running 4 w4-token w4 3 0", "%s", job_1);
    ck_assert_str_eq(enter_page(4), "t");
    ck_assert_str_eq(pass_on(4, 5), "taken");
    EXPECT("running 5 w5-token w5 4 1", "%s", job_1);
}
END_TEST

START_TEST(a_page_that_postgresql_has_is_not_at_hand)
{
    schema_set_up_run();
    ck_assert_str_eq(pass_on(1, 2), "taken");
    ck_assert_str_eq(enter_page(2), "t");
    ASK("select pagetide.leave_page(1, 2, 'w1-token')");
    EXPECT("t", "select at_page from pagetide.job where id = 1");
    ASK("select pagetide.leave_page(1, 2, 'w2-token')");
    EXPECT("f", "select at_page from pagetide.job where id = 1");
    ck_assert_str_eq(pass_on(2, 3), "taken");
    EXPECT("running 3 w3-token w3 2 0", "%s", job_1);
}
END_TEST

START_TEST(no_number_of_losses_is_without_end)
{
    schema_set_up_run();
    ASK("update pagetide.job set losses = 99 where id = 1");
    ck_assert_str_eq(pass_on(1, 2), "gone");
    EXPECT("dead 1 - w1 100 0", "%s", job_1);
    EXPECT("the worker was lost 100 times at page 1, 0 times while it held that page",
           "select error from pagetide.job where id = 1");
}
END_TEST

START_TEST(a_page_is_entered_by_its_owner_alone)
{
    schema_set_up_run();
    ck_assert_str_eq(enter_page(2), "f");
    ck_assert_str_eq(pass_on(1, 2), "taken");
    EXPECT("f", "select pagetide.enter_page(1, 1, 'w2-token')");
    ck_assert_str_eq(enter_page(2), "t");
    EXPECT("0 applied ended queued", "select t_commit(t_mark(1, 0, t_end('queued')))");
    ck_assert_str_eq(enter_page(2), "f");
    EXPECT("taken", "select t_take(1, 'w3')");
    EXPECT("f", "select at_page from pagetide.job where id = 1");
}
END_TEST

START_TEST(a_process_holds_one_job_that_lost_a_worker)
{
    schema_set_up_run();
    EXPECT("taken", "select t_take(2)");
    ASK("select t_age('w1', '1 min')");
    EXPECT("taken", "select t_take(1, 'w2')");
    EXPECT("crashed", "select t_take(2, 'w2')");
    EXPECT("0 applied", "select t_commit(t_mark(1, 1))");
    EXPECT("taken", "select t_take(2, 'w2')");
}
END_TEST

START_TEST(a_committed_page_between_losses_saves_the_job)
{
    schema_set_up_run();
    for (int i = 1; i <= 5; i++) {
        ASK("select t_age('w%d', '1 min')", i);
        EXPECT("taken", "select t_take(1, 'w%d')", i + 1);
        EXPECT("0 applied", "select t_commit(t_mark(1, %d))", i);
    }
    EXPECT("running 6 w6-token w6 0 0", "%s", job_1);
}
END_TEST

START_TEST(the_own_process_may_take_its_job_again)
{
    schema_set_up_run();
    const char *old = ASK("select t_mark(1, 1)");
    EXPECT("taken", "select t_take(1)");
    EXPECT("running 2 w1-token w1 0 0", "%s", job_1);
    EXPECT("0 refused", "select t_commit('%s')", old);
}
END_TEST

START_TEST(a_wait_is_waited_for)
{
    schema_set_up_run();
    ASK("select t_commit(t_mark(1, 0, t_end('waiting', '{\"wait_ms\": 60000}')))");
    EXPECT("waiting t", "select verdict || ' ' || (wait_ms between 50000 and 60000)::char "
                        "from pagetide.activate(1, 'w2', 'h', 'x', 10000, true)");
    ASK("insert into pagetide.meta values ('clock_offset', '61 s')");
    EXPECT("taken", "select t_take(1, 'w2')");
    EXPECT("running 2 w2-token w2 0 0", "%s", job_1);
}
END_TEST

START_TEST(what_a_worker_is_told)
{
    schema_set_up_run();
    ASK("select t_commit(t_mark(1, 1, '{\"rejects\": 3}'))");
    ASK("update pagetide.job set started_at = clock_timestamp() - interval '1 hour' where id = "
        "2");
    EXPECT("2 1 2 shop.orders 1 {\"partition\": {\"p\": 2}} incremental 0 0 3 t t",
           "select concat_ws(' ', id, run, n, stream, version, part, mode, page, records, "
           "rejects, elapsed_ms between 3600000 and 3660000, started_us = (select "
           "(extract(epoch from started_at) * "
           "1000000)::bigint from pagetide.run)) "
           "from pagetide.activate(2, 'w1', 'h', 'x', 10000, true)");
    EXPECT("2024-01-01T00:00:00Z 2024-01-01T10:00:00.500000Z",
           "select pagetide.rfc3339('2024-01-01 02:00+02') || ' ' || "
           "pagetide.rfc3339('2024-01-01 10:00:00.5Z')");
}
END_TEST

/* --- beats --- */

#define BEAT(held)                                                                             \
    "select string_agg(job::text, ' ') from pagetide.beat('w1', 'h', 1, 'v', '" held "')"

START_TEST(a_beat_gives_back_what_is_not_held)
{
    schema_set_up_run();
    EXPECT("taken", "select t_take(2)");
    EXPECT("", BEAT("{1,2}"));
    EXPECT("", BEAT("{2}"));
    EXPECT("queued 1 - - 0 0", "%s", job_1);
    EXPECT("taken", "select t_take(1, 'w2')");
    EXPECT("1 7", BEAT("{1,2,7}"));
    EXPECT("running 2 w2-token w2 0 0", "%s", job_1);
}
END_TEST

/* Its owner will hear of the end by the answer to the commit. */
START_TEST(a_job_that_has_ended_is_not_lost)
{
    schema_set_up_run();
    ASK("select t_commit(t_mark(1, 1, t_end('succeeded')))");
    EXPECT("", BEAT("{1}"));
    EXPECT("taken", "select t_take(2)");
    ASK("select pagetide.cancel_run(1)");
    EXPECT("2", BEAT("{1,2}"));
}
END_TEST

/* A sync's own job: the answer that it waits is on its way too. */
START_TEST(a_reserved_job_that_waits_is_not_lost)
{
    schema_set_up_run();
    ASK("update pagetide.job set reserved = true where id = 1");
    ASK("select t_commit(t_mark(1, 1, t_end('waiting')))");
    EXPECT("waiting", "select state from pagetide.job where id = 1");
    EXPECT("", BEAT("{1}"));
    EXPECT("1", "select string_agg(job::text, ' ') from pagetide.beat('w2', 'h', 1, 'v', "
                "'{1}')");
}
END_TEST

START_TEST(a_beat_keeps_the_worker_alive)
{
    schema_set_up_run();
    ASK("select t_age('w1', '1 min')");
    EXPECT("", BEAT("{1}"));
    EXPECT("busy", "select t_take(1, 'w2')");
}
END_TEST

START_TEST(a_beat_does_not_wait_for_a_commit)
{
    schema_set_up_run();
    struct schema_session *commit = schema_session_open(schema_url);
    struct schema_session *beat = schema_session_open(schema_url);
    schema_session_sql(commit, "begin");
    schema_session_sql(commit, "select t_commit(t_mark(1, 1))");
    ck_assert(!schema_session_send(beat, BEAT("{}")));
    schema_session_answer(beat);
    schema_session_sql(commit, "commit");
    EXPECT("running 1 w1-token w1 0 0", "%s", job_1);
}
END_TEST

START_TEST(a_worker_that_stops_leaves_nothing_behind)
{
    schema_set_up_run();
    ASK("select pagetide.worker_stop('w1')");
    EXPECT("queued 1 - - 0 0", "%s", job_1);
    EXPECT("0", "select count(*) from pagetide.worker");
}
END_TEST

/* --- what goes to the queue --- */

static const char published[] =
    "select string_agg(concat_ws(':', job, source, priority, "
    "delay_ms), ' ' order by job) from pagetide.publishable(30000, 9)";

START_TEST(those_who_read_from_a_source_are_counted)
{
    schema_set_up_run();
    EXPECT("1", "select workers from pagetide.crowds('w1')");
    EXPECT("2", "select workers from pagetide.crowds('w2')");
    EXPECT("taken", "select t_take(2, 'w2')");
    EXPECT("2", "select workers from pagetide.crowds('w1')");
    EXPECT("3", "select workers from pagetide.crowds('w3')");
    EXPECT("1", "select count(*) from pagetide.crowds('w3') where position('.' in source) = 0");
}
END_TEST

START_TEST(what_is_published)
{
    schema_set_up_run();
    EXPECT("2:shop:5:0", "%s", published);
    ASK("select t_age('w1', '89 s')");
    EXPECT("2:shop:5:0", "%s", published);
    ASK("select t_age('w1', '91 s')");
    EXPECT("1:shop:5:0 2:shop:5:0", "%s", published);
    EXPECT("taken", "select t_take(1, 'w2')");
    ASK("select t_commit(t_mark(1, 0, t_end('waiting', '{\"wait_ms\": 60000}')))");
    EXPECT("2:shop:5:0", "%s", published);
    ASK("insert into pagetide.meta values ('clock_offset', '61 s')");
    EXPECT("1:shop:5:0 2:shop:5:0", "%s", published);
}
END_TEST

START_TEST(a_limit_starves_nobody)
{
    schema_set_up_run();
    ASK("select t_commit(t_mark(1, 0, t_end('queued')))");
    const char *first = ASK("select job from pagetide.publishable(30000, 1)");
    ASK("select pagetide.published(array[%s])", first);
    EXPECT(first[0] == '1' ? "2" : "1", "select job from pagetide.publishable(30000, 1)");
}
END_TEST

START_TEST(what_sources_share)
{
    schema_set_up_run();
    EXPECT("", "select pagetide.source_shares()");
    ASK("update pagetide.definition set spec = spec || '{\"weight\": 3}'");
    EXPECT("|shop 3 -|", "select translate(pagetide.source_shares(), E'\\n', '|')");
    ASK("update pagetide.definition set spec = spec - 'weight' || '{\"rate_limit\": "
        "[{\"requests\": 9, \"scope\": \"source\"}, "
        "{\"concurrency\": 4, \"scope\": \"source\"}]}'");
    EXPECT("|shop 1 8|", "select translate(pagetide.source_shares(), E'\\n', '|')");
    ASK("insert into pagetide.definition (stream, version, spec) select 'shop.own', 1, "
        "spec || '{\"rate_limit\": [{\"concurrency\": 1, \"scope\": \"stream\"}]}' "
        "from pagetide.definition limit 1");
    ASK("insert into pagetide.stream (name, version) values ('shop.own', 1)");
    EXPECT("|shop 1 10|", "select translate(pagetide.source_shares(), E'\\n', '|')");
    ASK("update pagetide.definition set spec = spec - 'rate_limit' where stream = 'shop.own'");
    EXPECT("", "select pagetide.source_shares()");
}
END_TEST

SUITE("schema/jobs", those_who_read_from_a_source_are_counted, what_sources_share,
      an_owner_that_lives_keeps_its_job, a_lost_owner_is_counted,
      a_process_of_this_host_can_be_known_to_be_gone,
      a_page_that_kills_workers_is_dead_with_the_third,
      a_worker_lost_without_the_page_says_nothing_of_it,
      a_worker_lost_without_the_page_clears_it_of_the_one_before,
      a_page_that_postgresql_has_is_not_at_hand, no_number_of_losses_is_without_end,
      a_page_is_entered_by_its_owner_alone, a_process_holds_one_job_that_lost_a_worker,
      a_committed_page_between_losses_saves_the_job, the_own_process_may_take_its_job_again,
      a_wait_is_waited_for, what_a_worker_is_told, a_beat_gives_back_what_is_not_held,
      a_job_that_has_ended_is_not_lost, a_reserved_job_that_waits_is_not_lost,
      a_beat_keeps_the_worker_alive, a_beat_does_not_wait_for_a_commit,
      a_worker_that_stops_leaves_nothing_behind, what_is_published, a_limit_starves_nobody,
      what_sources_share)
