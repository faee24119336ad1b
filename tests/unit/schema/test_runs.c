#include "tests/support/schema.h"
#include "tests/support/suite.h"

/* A stream with no run; `append`, so that full needs `again`. */
static void set_up(void)
{
    schema_set_up_stream("{\"write\": \"append\"}");
}

static void finish(const char *run, const char *state)
{
    ASK("select t_take(id) from pagetide.job where run = %s", run);
    ASK("select t_commit(t_mark(id, page + 1, t_end('%s'))) from pagetide.job where run = %s",
        state, run);
}

/* --- definitions and runs --- */

#define DEFINE(spec, schedule, move)                                                           \
    "select pagetide.define('shop.items', '" spec "', '" schedule "', 'UTC', null, " move ")"

START_TEST(a_definition_gets_a_version_when_it_is_new)
{
    set_up();
    EXPECT("1", DEFINE("{\"a\": 1}", "0 * * * *", "true"));
    EXPECT("1", DEFINE("{\"a\": 1}", "0 * * * *", "true"));
    ASK("select pagetide.set_next_due('shop.items', '2030-01-01')");
    EXPECT("2", DEFINE("{\"a\": 2}", "5 * * * *", "false"));
    EXPECT("1 0 * * * * t", "select concat_ws(' ', version, schedule, next_due is not null) "
                            "from pagetide.stream where name = 'shop.items'");
    EXPECT("2", DEFINE("{\"a\": 2}", "5 * * * *", "true"));
    EXPECT("2 5 * * * * f", "select concat_ws(' ', version, schedule, next_due is not null) "
                            "from pagetide.stream where name = 'shop.items'");
}
END_TEST

START_TEST(each_partition_is_a_job)
{
    schema_database();
    EXPECT("1", "select t_run(3)");
    EXPECT("1 {\"partition\": {\"p\": 1}}, 2 {\"partition\": {\"p\": 2}}, "
           "3 {\"partition\": {\"p\": 3}}",
           "select string_agg(n || ' ' || part, ', ' order by n) from pagetide.job");
}
END_TEST

START_TEST(a_stream_has_one_active_run)
{
    schema_database();
    EXPECT("1", "select t_run()");
    EXPECT("", "select t_run()");
    EXPECT("1 {}", "select string_agg(n || ' ' || part, ', ') from pagetide.job");
    finish("1", "succeeded");
    EXPECT("succeeded", "select state from pagetide.run");
    EXPECT("t", "select t_run() is not null");
}
END_TEST

START_TEST(each_state_of_a_run_is_told)
{
    schema_database();
    struct schema_session *session = schema_session_open(schema_url);
    schema_session_sql(session, "listen pagetide");
    schema_session_sql(session, "select t_run()");
    ck_assert_str_eq(schema_session_note(session),
                     "{\"run\" : 1, \"stream\" : \"shop.orders\", \"state\" : \"queued\"}");
    schema_session_sql(session, "select t_take(1)");
    ck_assert_str_eq(schema_session_note(session),
                     "{\"run\" : 1, \"stream\" : \"shop.orders\", \"state\" : \"running\"}");
    schema_session_sql(session, "select pagetide.cancel(1)");
    ck_assert_str_eq(schema_session_note(session),
                     "{\"run\" : 1, \"stream\" : \"shop.orders\", \"state\" : \"cancelled\"}");
}
END_TEST

START_TEST(the_worst_job_is_the_state_of_the_run)
{
    schema_database();
    static const char *const jobs[] = {"succeeded", "truncated", "cancelled", "failed"};
    EXPECT("1", "select t_run(5)");
    for (int i = 0; i < 4; i++) {
        ASK("select t_take(%d)", i + 1);
        ASK("select t_commit(t_mark(%d, 1, t_end('%s', '{\"error\": \"e%d\"}')))", i + 1,
            jobs[i], i);
    }
    EXPECT("running", "select state from pagetide.run");
    ASK("select t_take(5)");
    ASK("select t_commit(t_mark(5, 1, t_end('succeeded')))");
    EXPECT("failed e3 5", "select concat_ws(' ', state, error, pages) from "
                          "pagetide.run_summary(1)");
}
END_TEST

START_TEST(a_cancelled_run_refuses_its_workers)
{
    schema_database();
    EXPECT("1", "select t_run(2)");
    EXPECT("taken", "select t_take(1)");
    const char *mark = ASK("select t_mark(1, 1)");
    EXPECT("2", "select count(*) from pagetide.cancel_run(1)");
    EXPECT("0 refused", "select t_commit('%s')", mark);
    EXPECT("gone", "select t_take(2)");
    EXPECT("cancelled", "select state from pagetide.run");
}
END_TEST

/* --- ticks --- */

#define TICK(hour)                                                                             \
    "select concat_ws(' ', verdict, run) from pagetide.tick('shop.orders', '2030-01-01 " hour  \
    ":00Z', '2030-01-01 " hour ":30Z')"

START_TEST(a_tick_is_one_run_for_all_schedulers)
{
    set_up();
    EXPECT("run 1", TICK("01"));
    EXPECT("none", TICK("01"));
    finish("1", "succeeded");
    EXPECT("none", TICK("01"));
    EXPECT("1", "select count(*) from pagetide.run");
    EXPECT("t", "select next_due = '2030-01-01 01:30Z' from pagetide.stream");
}
END_TEST

START_TEST(ticks_during_a_run_are_one_pending_request)
{
    set_up();
    EXPECT("run 1", TICK("01"));
    EXPECT("pending", TICK("02"));
    EXPECT("none", TICK("02"));
    EXPECT("pending", TICK("03"));
    EXPECT("tick:shop.orders:2030-01-01T02:00:00Z",
           "select string_agg(id, ' ') from pagetide.request");
    finish("1", "failed");
    EXPECT("2 schedule queued t",
           "select concat_ws(' ', id, trigger, state, scheduled_for = '2030-01-01 02:00Z') "
           "from pagetide.run where id > 1");
    EXPECT("started 2", "select state || ' ' || run from pagetide.request");
    finish("2", "succeeded");
    EXPECT("succeeded", "select state from pagetide.request");
    EXPECT("2", "select count(*) from pagetide.run");
}
END_TEST

START_TEST(a_tick_waits_for_nobody)
{
    set_up();
    EXPECT("run 1", TICK("01"));
    struct schema_session *other = schema_session_open(schema_url);
    schema_session_sql(other, "begin; select 1 from pagetide.run for update");
    EXPECT("locked", TICK("02"));
    schema_session_sql(other, "rollback; begin; select 1 from pagetide.stream for update");
    EXPECT("locked", TICK("02"));
    schema_session_sql(other, "rollback");
    EXPECT("pending", TICK("02"));
}
END_TEST

START_TEST(what_is_due)
{
    set_up();
    EXPECT("shop.orders latest", "select stream || ' ' || catch_up from pagetide.due(9)");
    ASK("select pagetide.set_next_due('shop.orders', pagetide.clock() + interval '1 h')");
    EXPECT("", "select stream from pagetide.due(9)");
    ASK("insert into pagetide.meta values ('clock_offset', '61 min')");
    EXPECT("shop.orders", "select stream from pagetide.due(9)");
    ASK("update pagetide.stream set paused = true");
    EXPECT("", "select stream from pagetide.due(9)");
}
END_TEST

/* --- reload --- */

START_TEST(the_same_id_is_one_run)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("started 1", RELOAD("a", "{\"mode\": \"full\"}"));
    EXPECT("5 reload a",
           "select concat_ws(' ', priority, trigger, request_id) from pagetide.run");
    finish("1", "truncated");
    EXPECT("truncated 1", RELOAD("a", "{}"));
    EXPECT("1", "select count(*) from pagetide.run");
}
END_TEST

START_TEST(equal_pending_requests_share_a_run)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("pending", RELOAD("b", "{\"priority\": \"3\"}"));
    EXPECT("pending",
           RELOAD("c", "{\"mode\": \"full\", \"again\": \"yes\", \"priority\": \"9\"}"));
    EXPECT("pending", RELOAD("d", "{}"));
    EXPECT("skipped 1 a run is active", RELOAD("e", "{\"if_running\": \"skip\"}"));
    finish("1", "failed");
    EXPECT("a:failed:1 b:pending c:started:2 d:pending e:skipped:1",
           "select string_agg(concat_ws(':', id, state, run), ' ' order by id) "
           "from pagetide.request");
    finish("2", "succeeded");
    EXPECT("b:started:3 d:started:3",
           "select string_agg(concat_ws(':', id, state, run), ' ' "
           "order by id) from pagetide.request where id in ('b', 'd')");
    finish("3", "succeeded");
    EXPECT("3", "select count(*) from pagetide.run");
}
END_TEST

START_TEST(bad_messages_are_refused_with_a_reason)
{
    static const char *const table[][2] = {
        {"{\"colour\": \"red\"}", "unknown field \"colour\""},
        {"{\"mode\": \"window\"}", "mode window needs from and to"},
        {"{\"mode\": \"window\", \"from\": \"2024-02-30\", \"to\": \"2024-03-01\"}",
         "from: \"2024-02-30\" is neither RFC 3339 nor a date"},
        {"{\"mode\": \"window\", \"from\": \"2024-02-01\", \"to\": \"tomorrow\"}",
         "to: \"tomorrow\" is neither RFC 3339 nor a date"},
        {"{\"mode\": \"window\", \"from\": \"2024-02-01T01:00:00+01:00\", "
         "\"to\": \"2024-02-01\"}",
         "from must lie before to"},
        {"{\"mode\": \"ful\"}", "unknown mode \"ful\""},
        {"{\"from\": \"2024-01-01\"}", "from and to need mode window"},
        {"{\"if_running\": \"kill\"}", "unknown if_running \"kill\""},
        {"{\"priority\": \"10\"}", "priority is a digit from 0 to 9"},
        {"{\"again\": \"maybe\"}", "again is yes or no"},
        {"{\"mode\": \"full\"}",
         "shop.orders appends, so the records of a full run would be there twice; say again "
         "(--again; again yes in a message) if that is meant"},
    };
    set_up();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        EXPECT(table[i][1],
               "select reason from pagetide.reload('r%zu', 'shop.orders', '%s') "
               "where state = 'refused'",
               i, table[i][0]);
    EXPECT("unknown stream \"x.y\"", "select reason from pagetide.reload('s', 'x.y', '{}')");
    EXPECT("12", "select count(*) from pagetide.request where state = 'refused'");
    EXPECT("refused",
           "select state from pagetide.reload(repeat('x', 256), 'shop.orders', '{}')");
    EXPECT("0", "select count(*) from pagetide.run");
}
END_TEST

/* The run that is ending sees a request that came before its lock, and starts it. */
START_TEST(a_request_cannot_come_too_late)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("taken", "select t_take(1)");
    struct schema_session *ending = schema_session_open(schema_url);
    struct schema_session *asking = schema_session_open(schema_url);
    schema_session_sql(ending, "begin");
    schema_session_sql(ending, "select t_commit(t_mark(1, 1, t_end('succeeded')))");
    ck_assert(schema_session_send(asking, RELOAD("b", "{}")));
    schema_session_sql(ending, "commit");
    ck_assert_str_eq(schema_session_answer(asking), "started 2");
    schema_session_sql(asking, "begin");
    EXPECT("taken", "select t_take(2)");
    schema_session_sql(asking, RELOAD("c", "{}"));
    ck_assert(schema_session_send(ending, "select t_commit(t_mark(2, 1, t_end('succeeded')))"));
    schema_session_sql(asking, "commit");
    ck_assert_str_eq(schema_session_answer(ending), "0 applied ended succeeded run succeeded");
    EXPECT("started 3", RELOAD("c", "{}"));
}
END_TEST

/* What a run has stored while the request waited for its end is not stored again. */
START_TEST(a_request_is_judged_by_what_is_stored_when_it_begins)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("taken", "select t_take(1)");
    ASK("create table public.orders as select 1::bigint as _pt_run");
    ASK("insert into pagetide.target (stream, schema_name, table_name) "
        "values ('shop.orders', 'public', 'orders')");
    struct schema_session *ending = schema_session_open(schema_url);
    struct schema_session *asking = schema_session_open(schema_url);
    schema_session_sql(ending, "begin");
    schema_session_sql(ending, "update pagetide.job set records = 1");
    schema_session_sql(ending, "select t_commit(t_mark(1, 1, t_end('succeeded')))");
    ck_assert(schema_session_send(asking, RELOAD("b", "{}")));
    schema_session_sql(ending, "commit");
    ck_assert_ptr_nonnull(strstr(schema_session_answer(asking),
                                 "refused shop.orders appends, and each run asks for all"));
    EXPECT("started 2", RELOAD("c", "{\"again\": \"yes\"}"));
}
END_TEST

START_TEST(the_same_id_at_once_is_one_run)
{
    set_up();
    struct schema_session *first = schema_session_open(schema_url);
    struct schema_session *second = schema_session_open(schema_url);
    schema_session_sql(first, "begin");
    ck_assert_str_eq(schema_session_sql(first, RELOAD("a", "{}")), "started 1");
    ck_assert(schema_session_send(second, RELOAD("a", "{}")));
    schema_session_sql(first, "commit");
    ck_assert_str_eq(schema_session_answer(second), "started 1");
    EXPECT("1", "select count(*) from pagetide.run");
}
END_TEST

/* `said`: [[id, fields]…], a message each. */
static const char *reload_all(const char *said)
{
    return ASK("select string_agg(concat_ws(':', t.said -> r.n ->> 'id', r.state, r.run), ' ' "
               "order by r.n) from (select jsonb_agg(jsonb_build_object('id', m ->> 0, "
               "'stream', 'shop.orders', 'fields', m -> 1)) as said "
               "from jsonb_array_elements('%s') m) t, lateral pagetide.reload_all(t.said) r",
               said);
}

START_TEST(many_messages_are_each_answered_in_their_order)
{
    set_up();
    ck_assert_str_eq(
        reload_all("[[\"a\", {\"id\": \"a\"}], [\"b\", {}], [\"c\", {\"mode\": \"ful\"}],"
                   "[\"a\", {}], [\"d\", {\"if_running\": \"skip\"}], [\"b\", {}], [\"e\", {}],"
                   "[\"f\", {\"if_running\": \"replace\"}], [\"g\", {}]]"),
        "a:started:1 b:pending c:refused a:started:1 d:skipped:1 b:pending e:pending "
        "f:started:2 g:pending");
    EXPECT("a:cancelled:1 b:started:2 c:refused d:skipped:1 e:started:2 f:started:2 g:pending",
           "select string_agg(concat_ws(':', id, state, run), ' ' order by id) from "
           "pagetide.request");
    EXPECT("{\"id\": \"a\"} {\"if_running\": \"skip\"}",
           "select string_agg(fields::text, ' ' order by id) from pagetide.request where id in "
           "('a', 'd')");
    ck_assert_str_eq(reload_all("[[\"a\", {}], [\"\", {}], [\"g\", {}]]"),
                     "a:cancelled:1 :refused g:pending");
    EXPECT("7", "select count(*) from pagetide.request");
}
END_TEST

START_TEST(of_many_pending_requests_the_queue_is_full_at_a_hundred)
{
    schema_set_up_stream("{\"path\": \"/{{ window.start }}\"}");
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("100 pending 50 refused",
           "select string_agg(c || ' ' || state, ' ' order by state) from (select count(*) c, "
           "r.state from pagetide.reload_all((select jsonb_agg(jsonb_build_object('id', 'm' || "
           "i, 'stream', 'shop.orders', 'fields', jsonb_build_object('again', 'yes', 'mode', "
           "'window', 'from', date '2020-01-01' + i, 'to', date '2024-01-01')) order by i) "
           "from generate_series(1, 150) i)) r group by 2) t");
    EXPECT("pending", RELOAD("z", "{\"again\": \"yes\", \"mode\": \"window\", \"from\": "
                                  "\"2020-01-02\", \"to\": \"2024-01-01\"}"));
}
END_TEST

START_TEST(outcomes_are_told_until_they_are_told)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("a started 1",
           "select concat_ws(' ', id, state, run) from pagetide.reload_outcomes()");
    ASK("select pagetide.reload_told('a', 'started')");
    EXPECT("0", "select count(*) from pagetide.reload_outcomes()");
    finish("1", "succeeded");
    EXPECT("a succeeded 1",
           "select concat_ws(' ', id, state, run) from pagetide.reload_outcomes()");
}
END_TEST

#define TOLD                                                                                   \
    "select pagetide.reload_all_told(jsonb_agg(jsonb_build_object('id', id, 'state', state, "  \
    "'changed_us', changed_us))) from "

/* Nobody who notes outcomes waits for who changes them, with rows locked of his own. */
START_TEST(many_outcomes_are_noted_but_for_what_others_have_locked)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("pending", RELOAD("b", "{}"));
    EXPECT("pending", RELOAD("c", "{}"));
    struct schema_session *other = schema_session_open(schema_url);
    schema_session_sql(other, "begin");
    schema_session_sql(other, "select from pagetide.request where id = 'b' for update");
    EXPECT("2", TOLD "pagetide.reload_outcomes()");
    EXPECT("b", "select string_agg(id, ' ') from pagetide.reload_outcomes()");
    schema_session_sql(other, "rollback");
    EXPECT("0",
           TOLD "(select id, state, changed_us - 1 as changed_us from pagetide.request) r");
    EXPECT("1", TOLD "pagetide.reload_outcomes()");
    EXPECT("0", "select count(*) from pagetide.reload_outcomes()");
}
END_TEST

/* Who wrote what is old by now must not say that the sender knows the newest. */
START_TEST(an_outcome_that_has_changed_is_not_told)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    const char *then = ASK("select changed_us from pagetide.reload_outcomes()");
    finish("1", "succeeded");
    EXPECT("t", "select changed_us > %s from pagetide.reload_outcomes()", then);
    ASK("select pagetide.reload_told('a', 'succeeded', %s)", then);
    EXPECT("1", "select count(*) from pagetide.reload_outcomes()");
    ASK("select pagetide.reload_told('a', 'succeeded', changed_us) from pagetide.request");
    EXPECT("0", "select count(*) from pagetide.reload_outcomes()");
    ASK("insert into pagetide.meta values ('clock_offset', '-1 day')");
    const char *last = ASK("select changed_us from pagetide.request");
    ASK("update pagetide.request set state = 'started'");
    EXPECT("1", "select changed_us - %s from pagetide.request", last);
}
END_TEST

/* --- sync --- */

#define SYNC(version, who, more)                                                               \
    "select concat_ws(' ', verdict, run, other_worker, cancelled_run) from "                   \
    "pagetide.sync_take('shop.orders', " version ", 'incremental', null, null, '" who          \
    "', 10000" more ")"

START_TEST(sync_reserves_a_run_of_its_own)
{
    set_up();
    EXPECT("new 1", SYNC("1", "s1", ""));
    ASK("select pagetide.worker_seen('s1', 'h', 1, 'v')");
    EXPECT("0", "select count(*) from pagetide.publishable(30000, 10)");
    EXPECT("gone", "select t_take(1, 'w2')");
    EXPECT("taken", "select t_take(1, 's1')");
    EXPECT("0 applied ended waiting", "select t_commit(t_mark(1, 1, t_end('waiting')))");
    EXPECT("gone", "select t_take(1, 'w2')");
    ASK("select t_age('s1', '1 h')");
    EXPECT("1", "select count(*) from pagetide.publishable(30000, 10)");
    EXPECT("taken", "select t_take(1, 'w2')");
}
END_TEST

START_TEST(sync_takes_over_what_nobody_works_on)
{
    set_up();
    EXPECT("run 1", TICK("01"));
    EXPECT("resumed 1", SYNC("1", "s1", ""));
    EXPECT("taken", "select t_take(1, 's1')");
    ASK("select t_commit(t_mark(1, 1), t_mark(1, 2))");
    const char *late = ASK("select t_mark(1, 3)");
    EXPECT("wait 1 s1", SYNC("1", "s2", ""));
    EXPECT("resumed 1", SYNC("1", "s2", ", 's1'"));
    EXPECT("0 refused", "select t_commit('%s')", late);
    EXPECT("taken", "select t_take(1, 's2')");
    EXPECT("2 0", "select concat_ws(' ', page, losses) from pagetide.job");
}
END_TEST

START_TEST(sync_knows_a_worker_that_beats)
{
    set_up();
    EXPECT("run 1", TICK("01"));
    EXPECT("taken", "select t_take(1, 'w1')");
    EXPECT("wait 1 w1", SYNC("1", "s1", ""));
    const char *seen = ASK("select seen_at from pagetide.worker where id = 'w1'");
    ASK("select pagetide.worker_seen('w1', 'h', 1, 'v')");
    EXPECT("busy",
           "select verdict from pagetide.sync_take('shop.orders', 1, 'incremental', "
           "null, null, 's1', 10000, null, '%s')",
           seen);
    ASK("select t_age('w1', '21 s')");
    EXPECT("resumed 1", SYNC("1", "s1", ""));
}
END_TEST

START_TEST(sync_with_another_definition_begins_anew)
{
    set_up();
    EXPECT("started 1", RELOAD("a", "{}"));
    EXPECT("pending", RELOAD("b", "{}"));
    EXPECT("2", "select pagetide.define('shop.orders', '{\"write\": \"upsert\"}', null, 'UTC', "
                "null, false)");
    EXPECT("new 2 1", SYNC("2", "s1", ""));
    EXPECT("1:1:cancelled 2:2:queued",
           "select string_agg(concat_ws(':', id, version, state), ' ' order by id) "
           "from pagetide.run");
    EXPECT("cancelled pending",
           "select string_agg(state, ' ' order by id) from pagetide.request");
    finish("2", "succeeded");
    EXPECT("started", "select state from pagetide.request where id = 'b'");
}
END_TEST

START_TEST(housekeeping_keeps_the_newest_run)
{
    set_up();
    for (int i = 0; i < 2; i++) {
        ASK(RELOAD("%d", "{}"), i);
        finish(i ? "2" : "1", "succeeded");
    }
    ASK("insert into pagetide.meta values ('clock_offset', '40 days')");
    ASK("select pagetide.housekeep('50 days')");
    EXPECT("2 2 2", "select concat_ws(' ', (select count(*) from pagetide.run), "
                    "(select count(*) from pagetide.page), (select count(*) from "
                    "pagetide.request))");
    ASK("select pagetide.housekeep('30 days')");
    EXPECT("2 1 0 0", "select concat_ws(' ', (select max(id) from pagetide.run), "
                      "(select count(*) from pagetide.job), (select count(*) from "
                      "pagetide.page), (select count(*) from pagetide.request))");
}
END_TEST

/* So much at a time, in the order that leaves nothing without what it belongs to. */
START_TEST(housekeeping_goes_in_small_steps)
{
    set_up();
    for (int i = 0; i < 3; i++) {
        ASK(RELOAD("%d", "{}"), i);
        finish(i == 0 ? "1" : i == 1 ? "2" : "3", "succeeded");
    }
    ASK("insert into pagetide.meta values ('clock_offset', '40 days')");
    static const char *const left[] = {"2 3 3 3", "1 3 3 3", "0 3 3 3", "0 2 3 3", "0 1 3 3",
                                       "0 1 2 3", "0 1 1 3", "0 1 1 2", "0 1 1 1", "0 1 1 0"};
    for (size_t i = 0; i < COUNT_OF(left); i++) {
        EXPECT("1", "select pagetide.housekeep_step('30 days', 1)");
        EXPECT(left[i], "select concat_ws(' ', (select count(*) from pagetide.page), "
                        "(select count(*) from pagetide.job), (select count(*) from "
                        "pagetide.run), (select count(*) from pagetide.request))");
    }
    EXPECT("0", "select pagetide.housekeep_step('30 days', 1)");
}
END_TEST

/* A run of that mode with that many rows, which succeeds; "state reason warnings". */
static const char *run_with(const char *mode, int rows)
{
    const char *run =
        ASK("select pagetide.start_run('shop.orders', 'manual', '%s', null, null, null, "
            "null, 5)",
            mode);
    /* t_mark adds 10. */
    ASK("update pagetide.job set records = %d where run = %s", rows - 10, run);
    finish(run, "succeeded");
    return ASK("select concat_ws(' ', state, reason, error, nullif(array_to_string(warnings, "
               "';'), '')) "
               "from pagetide.run where id = %s",
               run);
}

START_TEST(fewer_rows_than_expected_are_a_warning)
{
    schema_set_up_stream("{\"write\": \"upsert\", \"key\": [\"id\"], \"expect\": "
                         "{\"min_rows\": 10, \"not_below\": \"50%\"}}");
    ck_assert_str_eq(run_with("full", 9), "succeeded 9 rows, and expect.min_rows is 10");
    ck_assert_str_eq(run_with("full", 200), "succeeded");
    ck_assert_str_eq(run_with("incremental", 100), "succeeded");
    ck_assert_str_eq(
        run_with("incremental", 49),
        "succeeded 49 rows, less than 50 % of the 100 of run 3 (expect.not_below)");
    ck_assert_ptr_null(strstr(run_with("window", 1), "expect"));
    ck_assert_str_eq(run_with("full", 25), "succeeded");
}
END_TEST

START_TEST(fewer_rows_than_expected_may_fail)
{
    schema_set_up_stream("{\"write\": \"upsert\", \"key\": [\"id\"], \"expect\": "
                         "{\"not_below\": \"50%\", \"fail\": true}}");
    ck_assert_str_eq(run_with("full", 100), "succeeded");
    ck_assert_str_eq(run_with("full", 0),
                     "failed shrink 0 rows, less than 50 % of the 100 of run "
                     "1 (expect.not_below)");
    ck_assert_str_eq(run_with("full", 49),
                     "failed shrink 49 rows, less than 50 % of the 100 of "
                     "run 1 (expect.not_below)");
    ck_assert_str_eq(run_with("full", 50), "succeeded");
}
END_TEST

START_TEST(runs_from_a_bookmark_on_are_not_compared)
{
    schema_set_up_stream("{\"write\": \"upsert\", \"key\": [\"id\"], \"expect\": "
                         "{\"not_below\": \"50%\", \"fail\": true}, "
                         "\"bookmark\": {\"path\": \"at\"}}");
    ck_assert_str_eq(run_with("incremental", 100), "succeeded");
    ASK("insert into pagetide.bookmark (stream, partition, value) values ('shop.orders', '', "
        "'7') "
        "on conflict (stream, partition) do update set value = '7'");
    ck_assert_str_eq(run_with("incremental", 1), "succeeded");
    ck_assert_ptr_nonnull(strstr(run_with("full", 1), "failed shrink"));
}
END_TEST

SUITE("schema/runs", fewer_rows_than_expected_are_a_warning, fewer_rows_than_expected_may_fail,
      runs_from_a_bookmark_on_are_not_compared, a_definition_gets_a_version_when_it_is_new,
      each_partition_is_a_job, a_stream_has_one_active_run, each_state_of_a_run_is_told,
      the_worst_job_is_the_state_of_the_run, a_cancelled_run_refuses_its_workers,
      a_tick_is_one_run_for_all_schedulers, ticks_during_a_run_are_one_pending_request,
      a_tick_waits_for_nobody, what_is_due, the_same_id_is_one_run,
      equal_pending_requests_share_a_run, bad_messages_are_refused_with_a_reason,
      a_request_cannot_come_too_late, a_request_is_judged_by_what_is_stored_when_it_begins,
      the_same_id_at_once_is_one_run, many_messages_are_each_answered_in_their_order,
      of_many_pending_requests_the_queue_is_full_at_a_hundred,
      many_outcomes_are_noted_but_for_what_others_have_locked,
      outcomes_are_told_until_they_are_told, an_outcome_that_has_changed_is_not_told,
      sync_reserves_a_run_of_its_own, sync_takes_over_what_nobody_works_on,
      sync_knows_a_worker_that_beats, sync_with_another_definition_begins_anew,
      housekeeping_keeps_the_newest_run, housekeeping_goes_in_small_steps)
