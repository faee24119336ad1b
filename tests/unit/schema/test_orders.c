#include <stdio.h>

#include "tests/support/schema.h"
#include "tests/support/suite.h"

#define ORDER(call) "select concat_ws(' ', state, jobs, refusal) from pagetide." call
#define RUNS                                                                                   \
    "select string_agg(concat_ws(':', id, mode, state), ' ' order by id) from pagetide.run"

/* A stream of two partitions that upserts, without a run. */
static void set_up(void)
{
    schema_set_up_stream("{\"write\": \"upsert\", "
                         "\"bookmark\": {\"path\": \"at\", \"type\": \"guess\"}, "
                         "\"params\": [[\"from\", \"{{ window.start }}\"]], "
                         "\"partitions\": [{\"p\": 1}, {\"p\": 2}]}");
}

static void finish(int job, const char *state, const char *bookmark)
{
    ASK("select t_take(%d)", job);
    ASK("select t_commit(t_mark(%d, 1, '{\"bookmark_high\": \"%s\"}' || t_end('%s')))", job,
        bookmark, state);
}

/* --- modes --- */

START_TEST(a_window_is_half_open_and_moves_no_bookmark)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{\"mode\": \"window\", \"from\": \"2024-01-01\", "
                                    "\"to\": \"2024-02-01T02:00:00+02:00\"}"));
    EXPECT("2024-01-01T00:00:00Z 2024-02-01T00:00:00Z window",
           "select concat_ws(' ', window_from, window_to, mode) from "
           "pagetide.activate(1, 'w1', 'h', 't', 10000, true)");
    EXPECT("{}", "select warnings from pagetide.run");
    finish(1, "succeeded", "5");
    finish(2, "succeeded", "6");
    EXPECT("1:window:succeeded", RUNS);
    EXPECT("0", "select count(*) from pagetide.bookmark");
}
END_TEST

/* The bookmark stands at the end of all windows: the run is over before its request has it. */
START_TEST(a_request_whose_run_has_nothing_to_ask_for_ends)
{
    schema_set_up_stream("{\"write\": \"upsert\", \"window\": {\"size\": \"1d\", "
                         "\"from\": \"2024-01-01\", \"to\": \"2024-01-02\"}, "
                         "\"params\": [[\"from\", \"{{ window.start }}\"]]}");
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("pending", RELOAD("b", "{}"));
    EXPECT("pending", RELOAD("c", "{}"));
    EXPECT("pending", RELOAD("d", "{\"mode\": \"full\"}"));
    finish(1, "succeeded", "5");
    EXPECT("b 2 succeeded, c 3 succeeded, d 4 started",
           "select string_agg(concat_ws(' ', id, run, state), ', ' order by id) from "
           "pagetide.request where id <> 'a'");
    finish(4, "succeeded", "5");
    EXPECT("succeeded 5", RELOAD("e", "{}"));
    EXPECT("1:incremental:succeeded 2:incremental:succeeded "
           "3:incremental:succeeded 4:full:succeeded 5:incremental:succeeded",
           RUNS);
    EXPECT("0", "select count(*) from pagetide.request where state <> 'succeeded'");
}
END_TEST

START_TEST(a_window_that_nothing_asks_for_is_refused_or_said)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("pending", RELOAD("b", "{\"mode\": \"window\", \"from\": \"2024-01-01\", "
                                  "\"to\": \"2024-01-02\"}"));
    ASK("select pagetide.define('shop.orders', '{\"params\": [[\"window\", \"1\"]]}', null, "
        "'UTC', null, true)");
    ASK("select pagetide.cancel(1)");
    EXPECT("t", "select warnings[1] like 'no expression uses window%%' from pagetide.run "
                "where id = 2");
    EXPECT(
        "refused a window of shop.orders would fetch everything: its definition names neither "
        "window.start nor window.end",
        RELOAD("c", "{\"mode\": \"window\", \"from\": \"2024-01-01\", "
                    "\"to\": \"2024-01-02\"}"));
}
END_TEST

START_TEST(only_equal_windows_share_a_run)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("pending", RELOAD("b", "{\"mode\": \"window\", \"from\": \"2024-01-01\", "
                                  "\"to\": \"2024-01-02\"}"));
    EXPECT("pending", RELOAD("c", "{\"mode\": \"window\", \"from\": \"2024-01-01\", "
                                  "\"to\": \"2024-01-03\"}"));
    EXPECT("pending", RELOAD("d", "{\"mode\": \"window\", \"from\": \"2024-01-01T00:00:00Z\", "
                                  "\"to\": \"2024-01-02\"}"));
    ASK("select pagetide.cancel(1)");
    EXPECT("a:cancelled:1 b:started:2 c:pending d:started:2",
           "select string_agg(concat_ws(':', id, state, run), ' ' order by id) "
           "from pagetide.request");
}
END_TEST

START_TEST(bookmarks_move_per_partition_when_all_succeeded)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    finish(1, "succeeded", "5");
    finish(2, "truncated", "9");
    EXPECT("0", "select count(*) from pagetide.bookmark");
    EXPECT("started 2", RELOAD("b", "{}"));
    finish(3, "succeeded", "10");
    finish(4, "succeeded", "9");
    EXPECT("started 3", RELOAD("c", "{}"));
    EXPECT("10 9", "select string_agg(bookmark, ' ' order by n) from pagetide.job "
                   "where run = 3");
    finish(5, "succeeded", "8");
    finish(6, "succeeded", "11");
    EXPECT("10 11", "select string_agg(value, ' ' order by partition) from pagetide.bookmark");
    EXPECT("started 4", RELOAD("d", "{\"mode\": \"full\"}"));
    EXPECT("", "select bookmark from pagetide.job where run = 4 limit 1");
    finish(7, "succeeded", "3");
    finish(8, "succeeded", "4");
    EXPECT("3 4", "select string_agg(value, ' ' order by partition) from pagetide.bookmark");
}
END_TEST

START_TEST(bookmarks_are_compared_as_the_definition_says)
{
    static const char *const table[][4] = {
        {"9", "10", "guess", "10"},
        {"9", "10", "text", "9"},
        {"1e3", "999.5", "number", "1e3"},
        {"2024-01-01T02:00:00+02:00", "2024-01-01T01:00:00Z", "guess", "2024-01-01T01:00:00Z"},
        {"2024-01-01T02:00:00+02:00", "2024-01-01T01:00:00Z", "text",
         "2024-01-01T02:00:00+02:00"},
        {"2024-01-02", "2024-01-01T23:00:00Z", "time", "2024-01-02"},
        {"b", "10", "guess", "10"},
        {"2024-02-30T00:00:00Z", "2024-01-31T00:00:00Z", "time", "2024-01-31T00:00:00Z"},
    };
    schema_database();
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        EXPECT(table[i][3], "select pagetide.later('%s', '%s', '%s')", table[i][0], table[i][1],
               table[i][2]);
        EXPECT(table[i][3], "select pagetide.later('%s', '%s', '%s')", table[i][1], table[i][0],
               table[i][2]);
    }
}
END_TEST

/* --- replace --- */

START_TEST(fault_41_a_replaced_run_ends_and_its_workers_are_refused)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("pending", RELOAD("b", "{\"mode\": \"full\"}"));
    EXPECT("pending", RELOAD("c", "{}"));
    EXPECT("taken", "select t_take(1)");
    const char *late = ASK("select t_mark(1, 1)");
    const char *end = ASK("select t_mark(1, 0, t_end('succeeded'))");
    EXPECT("started 2", RELOAD("d", "{\"mode\": \"full\", \"if_running\": \"replace\"}"));
    EXPECT("0 refused", "select t_commit('%s')", late);
    EXPECT("0 refused", "select t_commit('%s')", end);
    EXPECT("1:incremental:cancelled 2:full:queued", RUNS);
    EXPECT("a:cancelled:1 b:started:2 c:pending d:started:2",
           "select string_agg(concat_ws(':', id, state, run), ' ' order by id) "
           "from pagetide.request");
    EXPECT("started 2", RELOAD("d", "{\"mode\": \"full\", \"if_running\": \"replace\"}"));
    EXPECT("2", "select count(*) from pagetide.run");
}
END_TEST

/* A commit holds the job and goes on to the run; who replaces it must come the same way. */
START_TEST(fault_41_replacing_waits_for_a_commit)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("taken", "select t_take(1)");
    EXPECT("taken", "select t_take(2)");
    struct schema_session *committing = schema_session_open(schema_url);
    struct schema_session *asking = schema_session_open(schema_url);
    schema_session_sql(committing, "begin");
    schema_session_sql(committing, "select t_commit(t_mark(2, 1))");
    ck_assert(schema_session_send(asking, RELOAD("b", "{\"if_running\": \"replace\"}")));
    schema_session_sql(committing, "select t_commit(t_mark(2, 2, t_end('succeeded')))");
    schema_session_sql(committing, "commit");
    ck_assert_str_eq(schema_session_answer(asking), "started 2");
    EXPECT("cancelled succeeded",
           "select string_agg(state, ' ' order by n) from pagetide.job where run = 1");
}
END_TEST

START_TEST(fault_41_replacing_what_is_just_ending_starts_one_run)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    finish(1, "succeeded", "1");
    EXPECT("taken", "select t_take(2)");
    struct schema_session *ending = schema_session_open(schema_url);
    struct schema_session *asking = schema_session_open(schema_url);
    schema_session_sql(ending, "begin");
    schema_session_sql(ending, "select t_commit(t_mark(2, 1, t_end('succeeded')))");
    ck_assert(schema_session_send(asking, RELOAD("b", "{\"if_running\": \"replace\"}")));
    schema_session_sql(ending, "commit");
    ck_assert_str_eq(schema_session_answer(asking), "started 2");
    EXPECT("1:incremental:succeeded 2:incremental:queued", RUNS);
}
END_TEST

/* --- cancel, retry --- */

START_TEST(fault_67_cancel_in_each_state)
{
    set_up();
    EXPECT("there is no run 1 0",
           "select concat_ws(' ', refusal, jobs) from pagetide.cancel(1)");
    EXPECT("started 1", RELOAD("a", "{}"));
    ASK("select pagetide.published('{1,2}')");
    EXPECT("cancelled 2", ORDER("cancel(1)"));
    EXPECT("1 2", "select string_agg(job::text, ' ') from pagetide.withdrawable(10)");
    ASK("select pagetide.withdrawn('{1,2}')");
    EXPECT("0", "select count(*) from pagetide.withdrawable(10)");
    EXPECT("cancelled 0", ORDER("cancel(1)"));
    EXPECT("started 2", RELOAD("b", "{}"));
    finish(3, "succeeded", "1");
    ASK("select t_take(4)");
    ASK("select t_commit(t_mark(4, 1, t_end('waiting')))");
    EXPECT("cancelled 1", ORDER("cancel(2)"));
    EXPECT("started 3", RELOAD("c", "{}"));
    finish(5, "succeeded", "1");
    finish(6, "succeeded", "1");
    EXPECT("succeeded 0 run 3 has ended already: succeeded", ORDER("cancel(3)"));
    EXPECT("0", "select count(*) from pagetide.job where not pagetide.is_end(state) "
                "or owner is not null");
}
END_TEST

START_TEST(retry_goes_on_at_the_checkpoint_and_in_the_run_s_time)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    finish(1, "succeeded", "7");
    ASK("select t_take(2)");
    ASK("select t_commit(t_mark(2, 1), t_mark(2, 0, t_end('failed', '{\"error\": \"e\"}')))");
    EXPECT("failed", "select state from pagetide.request");
    const char *began = ASK("select started_at from pagetide.run");
    EXPECT("queued 1", ORDER("retry(1)"));
    EXPECT("started", "select state from pagetide.request");
    EXPECT("queued 1 ", "select concat_ws(' ', state, page, error) || ' ' from pagetide.job "
                        "where id = 2");
    EXPECT("2", "select job from pagetide.publishable(30000, 10)");
    EXPECT("2", "select (checkpoint ->> 'at')::int + 1 from "
                "pagetide.activate(2, 'w1', 'h', 'w1-token', 10000, true)");
    EXPECT(began, "select started_at from pagetide.run");
    ASK("select t_commit(t_mark(2, 2, '{\"bookmark_high\": \"9\"}' || t_end('succeeded')))");
    EXPECT("succeeded 3", "select concat_ws(' ', state, pages, error) from pagetide.run");
    EXPECT("succeeded", "select state from pagetide.request");
    EXPECT("7 9", "select string_agg(value, ' ' order by partition) from pagetide.bookmark");
}
END_TEST

START_TEST(retry_of_one_job_leaves_the_others)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    finish(1, "failed", "1");
    EXPECT("running 1", ORDER("retry(1, 1)"));
    ASK("select t_take(1)");
    ASK("select t_commit(t_mark(1, 2, t_end('failed')))");
    finish(2, "failed", "1");
    EXPECT("failed 0 run 1 has no job 3", ORDER("retry(1, 3)"));
    EXPECT("queued 1", ORDER("retry(1, 2)"));
    ASK("select t_take(2)");
    ASK("select t_commit(t_mark(2, 2, t_end('succeeded')))");
    EXPECT("failed failed succeeded",
           "select r.state || ' ' || string_agg(j.state, ' ' order by n) from pagetide.run r "
           "join pagetide.job j on j.run = r.id group by r.id");
    EXPECT("failed 0 job 1/2 is succeeded: nothing of it has failed", ORDER("retry(1, 2)"));
}
END_TEST

START_TEST(retry_refuses_what_it_must_not_do)
{
    set_up();
    EXPECT("0 there is no run 1", ORDER("retry(1)"));
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("queued 0 run 1 is queued: nothing of it has failed", ORDER("retry(1)"));
    ASK("select pagetide.cancel(1)");
    EXPECT("started 2", RELOAD("b", "{}"));
    EXPECT("cancelled 0 run 2 is newer: only the newest run of a stream can go on",
           ORDER("retry(1)"));
    ASK("select pagetide.cancel(2)");
    ASK("select pagetide.remove_stream('shop.orders')");
    EXPECT("cancelled 0 stream shop.orders has been dropped", ORDER("retry(2)"));
}
END_TEST

/* Run 1 of a schedule, of one job, which has failed for that reason. */
static void set_up_failed(const char *trigger, const char *reason, const char *keys)
{
    char spec[256];
    snprintf(spec, sizeof spec, "{\"write\": \"upsert\", \"partitions\": [{\"p\": 1}]%s}",
             keys);
    schema_set_up_stream(spec);
    ASK("select pagetide.start_run('shop.orders', '%s', 'incremental', null, null, null, null, "
        "4)",
        trigger);
    ASK("select t_take(1)");
    ASK("select t_commit(t_mark(1, 1), t_mark(1, 0, t_end('failed', '{\"reason\": \"%s\"}')))",
        reason);
}

static void let_pass(const char *interval)
{
    ASK("insert into pagetide.meta values ('clock_offset', '%s') on conflict (key) do update "
        "set value = excluded.value",
        interval);
}

#define RERUN "select string_agg(run || ' ' || stream, ',') from pagetide.rerun_due(10)"

START_TEST(a_scheduled_run_goes_on_three_times)
{
    char offset[32];
    set_up_failed("schedule", "http", "");
    EXPECT("failed http", "select state || ' ' || reason from pagetide.run");
    EXPECT("", RERUN);
    for (int i = 1; i <= 3; i++) {
        snprintf(offset, sizeof offset, "%d min", 6 * i);
        let_pass(offset);
        EXPECT("1 shop.orders", RERUN);
        EXPECT("queued 1", "select j.state || ' ' || j.page from pagetide.job j");
        EXPECT("", RERUN);
        ASK("select t_take(1)");
        ASK("select t_commit(t_mark(1, 0, t_end('failed', '{\"reason\": \"http\"}')))");
    }
    let_pass("1 day");
    EXPECT("", RERUN);
    EXPECT("failed 3", "select state || ' ' || reruns from pagetide.run");
}
END_TEST

START_TEST(what_is_no_fault_of_the_api_is_a_person_s)
{
    set_up_failed("schedule", "definition", "");
    let_pass("1 hour");
    EXPECT("", RERUN);
    set_up_failed("manual", "http", "");
    let_pass("1 hour");
    EXPECT("", RERUN);
    set_up_failed("schedule", "http", ", \"retry_run\": {\"times\": 0}");
    let_pass("1 hour");
    EXPECT("", RERUN);
    set_up_failed("schedule", "http", ", \"retry_run\": {\"after\": \"2h\"}");
    let_pass("119 min");
    EXPECT("", RERUN);
    let_pass("121 min");
    ASK("select pagetide.pause('shop.orders')");
    EXPECT("", RERUN);
    ASK("select pagetide.resume('shop.orders')");
    EXPECT("1 shop.orders", RERUN);
}
END_TEST

START_TEST(retry_and_a_new_run_at_once_are_one_active_run)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    ASK("select pagetide.cancel(1)");
    struct schema_session *starting = schema_session_open(schema_url);
    struct schema_session *asking = schema_session_open(schema_url);
    schema_session_sql(starting, "begin");
    ck_assert_str_eq(schema_session_sql(starting, RELOAD("b", "{}")), "started 2");
    ck_assert(schema_session_send(asking, ORDER("retry(1)")));
    schema_session_sql(starting, "commit");
    ck_assert_str_eq(schema_session_answer(asking),
                     "cancelled 0 another run of shop.orders has begun");
    EXPECT("1:incremental:cancelled 2:incremental:queued", RUNS);
    EXPECT("cancelled cancelled",
           "select string_agg(state, ' ') from pagetide.job where run = 1");
}
END_TEST

/* --- pause, drop --- */

#define TICK(hour)                                                                             \
    "select concat_ws(' ', verdict, run) from pagetide.tick('shop.orders', '2030-01-01 " hour  \
    ":00Z', '2030-01-01 " hour ":30Z')"

START_TEST(fault_67_a_paused_stream_is_not_started_by_its_schedule)
{
    set_up();
    EXPECT("run 1", TICK("01"));
    EXPECT("pending", TICK("02"));
    EXPECT("paused 0", ORDER("pause('shop.orders')"));
    EXPECT("none", TICK("03"));
    EXPECT("0", "select count(*) from pagetide.due(10)");
    ASK("select pagetide.cancel(1)");
    EXPECT("1:incremental:cancelled", RUNS);
    EXPECT("started 2", RELOAD("a", "{}"));
    ASK("select pagetide.cancel(2)");
    EXPECT("scheduled 0", ORDER("resume('shop.orders')"));
    EXPECT("run 3", TICK("04"));
    EXPECT("0 there is no stream x.y", ORDER("pause('x.y')"));
    EXPECT("0 there is no stream x.y", ORDER("resume('x.y')"));
}
END_TEST

START_TEST(fault_67_a_dropped_stream_ends_whatever_it_does)
{
    set_up();
    EXPECT("run 1", TICK("01"));
    EXPECT("pending", RELOAD("a", "{}"));
    EXPECT("taken", "select t_take(1)");
    EXPECT("removed 0", ORDER("remove_stream('shop.orders')"));
    EXPECT("removed 2", ORDER("end_removed('shop.orders')"));
    EXPECT("1:incremental:cancelled", RUNS);
    EXPECT("refused the stream has been removed",
           "select state || ' ' || reason from pagetide.request");
    EXPECT("none", TICK("02"));
    EXPECT("refused unknown stream \"shop.orders\"", RELOAD("b", "{}"));
    EXPECT("0 there is no stream shop.orders", ORDER("remove_stream('shop.orders')"));
}
END_TEST

/* Between the two halves of a removal nothing begins that the second would not see. */
START_TEST(fault_67_a_removal_waits_for_who_starts_a_run)
{
    set_up();
    struct schema_session *starting = schema_session_open(schema_url);
    struct schema_session *removing = schema_session_open(schema_url);
    schema_session_sql(starting, "begin");
    ck_assert_str_eq(schema_session_sql(starting, RELOAD("a", "{}")), "started 1");
    ck_assert(schema_session_send(removing, ORDER("remove_stream('shop.orders')")));
    schema_session_sql(starting, "commit");
    ck_assert_str_eq(schema_session_answer(removing), "removed 0");
    EXPECT("removed 2", ORDER("end_removed('shop.orders')"));
}
END_TEST

START_TEST(bookmarks_can_be_set_and_forgotten)
{
    set_up();
#define SET(partition, value)                                                                  \
    "select coalesce(refusal, 'set') from pagetide.set_bookmark('shop.orders', " partition     \
    ", " value ")"
    EXPECT("shop.orders has partitions: name one, such as {\"p\": 1}", SET("null", "'5'"));
    EXPECT("shop.orders has no partition {\"p\": 3}", SET("'{\"p\": 3}'", "'5'"));
    EXPECT("set", SET("'{\"p\":1}'", "'5'"));
    EXPECT("set", SET("'{\"p\":1}'", "'4'"));
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("4 ", "select string_agg(coalesce(bookmark, ''), ' ' order by n) from pagetide.job");
    EXPECT("set", SET("'{\"p\":1}'", "null"));
    EXPECT("0", "select count(*) from pagetide.bookmark");
    EXPECT("there is no stream x.y",
           "select refusal from pagetide.set_bookmark('x.y', null, '1')");
    EXPECT("\"soon\" cannot be the bookmark of shop.orders: it is no number and no time (RFC "
           "3339, "
           "or a date)",
           SET("'{\"p\":1}'", "'soon'"));
    ASK("select pagetide.define('shop.orders', '{\"bookmark\": {\"type\": \"number\"}}', null, "
        "'UTC', null, true)");
    EXPECT("\"2024-01-01\" cannot be the bookmark of shop.orders: it is no number",
           SET("null", "'2024-01-01'"));
    ASK("select pagetide.define('shop.orders', '{}', null, 'UTC', null, true)");
    EXPECT("shop.orders has no bookmark in its definition", SET("null", "'5'"));
    EXPECT("set", SET("null", "null"));
}
END_TEST

/* Its worker has a list of the partitions that are to be read, and this one is not on it. */
START_TEST(retry_leaves_partitions_of_a_job_that_goes_on)
{
    schema_set_up_run();
    ASK("insert into pagetide.job_leg (job, n, part, state) select j.id, l.n, "
        "'{\"partition\": {}}', case l.n when 1 then 'failed' end from pagetide.job j, "
        "generate_series(1, 2) l (n)");
    ASK("select t_take(2)");
    ASK("select t_commit(t_mark(2, 0, t_end('failed', '{\"error\": \"e\"}')))");
    EXPECT("running failed", "select string_agg(state, ' ' order by id) from pagetide.job");
    EXPECT("running 1", ORDER("retry(1)"));
    EXPECT("1:failed 1: 2: 2:", "select string_agg(n || ':' || coalesce(state, ''), ' ' "
                                "order by n, state) from pagetide.job_leg");
}
END_TEST

SUITE("schema/orders", a_window_is_half_open_and_moves_no_bookmark,
      a_request_whose_run_has_nothing_to_ask_for_ends,
      a_window_that_nothing_asks_for_is_refused_or_said, only_equal_windows_share_a_run,
      bookmarks_move_per_partition_when_all_succeeded,
      bookmarks_are_compared_as_the_definition_says,
      fault_41_a_replaced_run_ends_and_its_workers_are_refused,
      fault_41_replacing_waits_for_a_commit,
      fault_41_replacing_what_is_just_ending_starts_one_run, fault_67_cancel_in_each_state,
      retry_goes_on_at_the_checkpoint_and_in_the_run_s_time, retry_of_one_job_leaves_the_others,
      retry_leaves_partitions_of_a_job_that_goes_on, a_scheduled_run_goes_on_three_times,
      what_is_no_fault_of_the_api_is_a_person_s, retry_refuses_what_it_must_not_do,
      retry_and_a_new_run_at_once_are_one_active_run,
      fault_67_a_paused_stream_is_not_started_by_its_schedule,
      fault_67_a_dropped_stream_ends_whatever_it_does,
      fault_67_a_removal_waits_for_who_starts_a_run, bookmarks_can_be_set_and_forgotten)
