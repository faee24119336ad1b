#include <unistd.h>

#include "base/arena.h"
#include "tests/support/schema.h"
#include "tests/support/suite.h"

/* Every test: a run with jobs 1 and 2 unless it says otherwise, job 1 taken by w1. */

static const char state_1[] = "select concat_ws(' ', state, page, records, checkpoint -> 'at', "
                              "coalesce(owner, '-')) from pagetide.job where id = 1";

START_TEST(pages_and_checkpoint_are_written_together)
{
    schema_set_up_run();
    EXPECT("0 applied; 1 applied", "select t_commit(t_mark(1, 1), t_mark(1, 2))");
    EXPECT("running 2 20 2 w1-token", "%s", state_1);
    EXPECT("1:-1:7 2:-1:7", "select string_agg(number || ':' || request_hash || ':' || "
                            "records_hash, ' ' order by number) from pagetide.page");
    EXPECT("{\"at\": 2, \"cursor\": null}", "select checkpoint from pagetide.job where id = 1");
}
END_TEST

/* As text, signed or not. */
START_TEST(a_hash_keeps_its_bits)
{
    schema_set_up_run();
    EXPECT("0 1 999999999999999999 9223372036854775807 -9223372036854775808 -1 -1 "
           "-9223372036854775808 -8446744073709551616",
           "select string_agg(pagetide.hash_bits(h)::text, ' ' order by n) from unnest(array["
           "null, '1', '999999999999999999', '9223372036854775807', '9223372036854775808', "
           "'18446744073709551615', '-1', '-9223372036854775808', '10000000000000000000']) "
           "with ordinality as v (h, n)");
}
END_TEST

/* A process of a version before says neither `n` nor the page of an end that has none. */
START_TEST(marks_without_their_number_are_numbered)
{
    schema_set_up_run();
    EXPECT("0 applied; 1 applied", "select t_commit(t_mark(1, 1) - 'n', t_mark(1, 2) - 'n')");
    EXPECT("0 applied; 1 applied ended succeeded",
           "select t_commit(t_mark(1, 3), t_mark(1, 0, t_end('succeeded')) - 'page')");
    ASK("select t_take(2)");
    EXPECT("0 applied; 1 applied",
           "select t_commit(t_mark(2, 1, '{\"n\": 0}'), t_mark(2, 2, '{\"n\": 1}'))");
}
END_TEST

START_TEST(the_same_batch_again_is_skipped)
{
    schema_set_up_run();
    const char *batch =
        "select t_commit(t_mark(1, 1, '{\"epoch\": 1, \"owner\": \"w1-token\"}'),"
        "t_mark(1, 2, t_end('succeeded') || "
        "'{\"epoch\": 1, \"owner\": \"w1-token\"}'))";
    EXPECT("0 applied; 1 applied ended succeeded", "%s", batch);
    EXPECT("0 skipped; 1 skipped ended succeeded", "%s", batch);
    EXPECT("succeeded 2 20 2 -", "%s", state_1);
}
END_TEST

START_TEST(an_end_alone_is_recognised_again)
{
    schema_set_up_run();
    const char *batch = "select t_commit(t_mark(1, 0, t_end('waiting', '{\"wait_ms\": 60000, "
                        "\"waiting_for\": \"rate limit\", \"attempt\": 2, \"told_waits\": 3}') "
                        "|| '{\"epoch\": 1, \"owner\": \"w1-token\"}'))";
    EXPECT("0 applied ended waiting", "%s", batch);
    EXPECT("0 skipped ended waiting", "%s", batch);
    EXPECT("rate limit 2 3 t t", "select concat_ws(' ', waiting_for, attempt, told_waits, "
                                 "wait_until > pagetide.clock() + interval '50 s', "
                                 "worker is null) from pagetide.job where id = 1");
}
END_TEST

START_TEST(a_zombie_is_refused)
{
    schema_set_up_run();
    const char *old = ASK("select t_mark(1, 1)");
    ASK("select t_age('w1', '1 min')");
    EXPECT("taken", "select t_take(1, 'w2')");
    EXPECT("0 refused", "select t_commit('%s')", old);
    EXPECT("0 applied", "select t_commit(t_mark(1, 1))");
    EXPECT("0 refused", "select t_commit('%s')", old);
}
END_TEST

/* A failover to a standby that had not seen the activation may issue an epoch twice. */
START_TEST(an_epoch_issued_twice_does_not_open_the_fence)
{
    schema_set_up_run();
    EXPECT("0 refused", "select t_commit(t_mark(1, 1, '{\"owner\": \"another\"}'))");
    EXPECT("running 0 0 w1-token", "%s", state_1);
}
END_TEST

START_TEST(a_gap_refuses_the_rest_of_its_job_alone)
{
    schema_set_up_run();
    EXPECT("taken", "select t_take(2)");
    EXPECT("0 applied; 1 behind; 2 applied; 3 refused; 4 refused",
           "select t_commit(t_mark(1, 1), t_mark(1, 3), t_mark(2, 1), t_mark(1, 2), "
           "t_mark(1, 0, t_end('succeeded')))");
    EXPECT("running 1 10 1 w1-token", "%s", state_1);
    EXPECT("1", "select page from pagetide.job where id = 2");
}
END_TEST

START_TEST(nothing_is_written_behind_an_end)
{
    schema_set_up_run();
    EXPECT("0 applied ended queued; 1 refused",
           "select t_commit(t_mark(1, 1, t_end('queued')), t_mark(1, 2))");
    EXPECT("queued 1 10 1 -", "%s", state_1);
}
END_TEST

START_TEST(an_old_turn_does_not_spoil_the_new_one)
{
    schema_set_up_run();
    const char *old = ASK("select t_mark(1, 1)");
    EXPECT("0 applied ended queued", "select t_commit(t_mark(1, 0, t_end('queued')))");
    EXPECT("taken", "select pagetide.worker_seen('w1', 'h', 1, 'v'); "
                    "select (pagetide.activate(1, 'w1', 'h', 'fresh', 10000, true)).verdict");
    EXPECT("0 refused; 1 applied", "select t_commit('%s', t_mark(1, 1))", old);
}
END_TEST

START_TEST(a_page_heals_crashes_and_attempts)
{
    schema_set_up_run();
    ASK("update pagetide.job set losses = 3, crashes = 2, at_page = true, attempt = 3, "
        "told_waits = 4 where id = 1");
    EXPECT("0 applied ended waiting", "select t_commit(t_mark(1, 0, t_end('waiting')))");
    EXPECT("3 2 t 3 4", "select concat_ws(' ', losses, crashes, at_page, attempt, told_waits) "
                        "from pagetide.job "
                        "where id = 1");
    EXPECT("taken", "select t_take(1)");
    EXPECT("0 applied", "select t_commit(t_mark(1, 1))");
    EXPECT("0 0 f 0 0", "select concat_ws(' ', losses, crashes, at_page, attempt, told_waits) "
                        "from pagetide.job "
                        "where id = 1");
}
END_TEST

/* --- rows --- */

static void make_table(void)
{
    ASK("create schema shop; create table shop.orders (id bigint primary key, name varchar(4), "
        "_pt_run bigint, _pt_at timestamptz, _pt_hash bigint, _pt_aside jsonb)");
}

/* Rows are (id, name, hash, aside, mark, ord); staged as text where the merge has to cast. */
#define MERGE(write, rows, marks)                                                              \
    ASK("create temp table stage (id bigint, name text, _pt_hash bigint, _pt_aside text, "     \
        "_pt_mark int, _pt_ord bigint); insert into stage values " rows "; "                   \
        "select t_told(jsonb_build_object('table', '{\"schema\": \"shop\", "                   \
        "\"name\": \"orders\", \"stage\": \"stage\", \"columns\": [\"id\", \"name\"], "        \
        "\"key\": [\"id\"], \"write\": \"" write "\"}'::jsonb, 'max_rejects', 10, "            \
        "'marks', jsonb_build_array(" marks ")))")

static const char table_rows[] =
    "select string_agg(concat_ws(':', id, name, _pt_run, _pt_hash, "
    "_pt_aside), ' ' order by id) from shop.orders";

START_TEST(rows_of_applied_marks_alone_are_merged)
{
    schema_set_up_run();
    make_table();
    ck_assert_str_eq(MERGE("append",
                           "(1, 'a', 11, '', 0, 1), (2, 'b', 12, '{\"x\": \"1e400\"}', 0, 2), "
                           "(3, 'c', 13, null, 1, 3)",
                           "t_mark(1, 1), t_mark(1, 3)"),
                     "0 applied; 1 behind");
    EXPECT("1:a:1:11 2:b:1:12:{\"x\": \"1e400\"}", "%s", table_rows);
    EXPECT("t", "select bool_and(_pt_at > now() - interval '1 min') from shop.orders");
}
END_TEST

START_TEST(a_batch_sent_again_doubles_no_row)
{
    schema_set_up_run();
    make_table();
    ASK("alter table shop.orders drop constraint orders_pkey");
    for (int i = 0; i < 2; i++)
        ck_assert_str_eq(MERGE("append", "(1, 'a', 11, '', 0, 1)", "t_mark(1, 1)"),
                         i ? "0 skipped" : "0 applied");
    EXPECT("1:a:1:11", "%s", table_rows);
}
END_TEST

START_TEST(the_last_of_equal_keys_wins)
{
    schema_set_up_run();
    make_table();
    MERGE("upsert", "(2, 'old', 1, '', 0, 1), (1, 'a', 2, '', 0, 2), (2, 'new', 3, '', 1, 3)",
          "t_mark(1, 1), t_mark(1, 2)");
    EXPECT("1:a:1:2 2:new:1:3", "%s", table_rows);
    MERGE("upsert", "(1, 'z', 4, '', 0, 1)", "t_mark(1, 3)");
    EXPECT("1:z:1:4 2:new:1:3", "%s", table_rows);
}
END_TEST

START_TEST(an_unchanged_row_is_not_rewritten)
{
    schema_set_up_run();
    make_table();
    MERGE("upsert", "(1, 'a', 11, '', 0, 1), (2, 'b', 12, '', 0, 2)", "t_mark(1, 1)");
    const char *before = ASK("select ctid || ' ' || xmin from shop.orders where id = 1");
    MERGE("upsert", "(1, 'a', 11, '', 0, 1), (2, 'c', 13, '', 0, 2)", "t_mark(1, 2)");
    EXPECT(before, "select ctid || ' ' || xmin from shop.orders where id = 1");
    EXPECT("1:a:1:11 2:c:1:13", "%s", table_rows);
}
END_TEST

/* Nothing of the batch may stay: the loader finds the record and sends the rest again. */
START_TEST(a_value_that_does_not_fit_is_an_error)
{
    schema_set_up_run();
    make_table();
    EXPECT(
        "22001",
        "create function t_try() returns text language plpgsql as $$ begin "
        "create temp table stage (id bigint, name text, _pt_hash bigint, _pt_aside text, "
        "_pt_mark int, _pt_ord bigint); insert into stage values (1, 'too long', 1, '', 0, 1);"
        "perform t_told(jsonb_build_object('table', '{\"schema\": \"shop\", \"name\": "
        "\"orders\", \"stage\": \"stage\", \"columns\": [\"id\", \"name\"], \"key\": [], "
        "\"write\": \"append\"}'::jsonb, 'marks', jsonb_build_array(t_mark(1, 1)))); "
        "return 'merged'; exception when others then return sqlstate; end $$; "
        "select t_try()");
    EXPECT("running 0 0 w1-token", "%s", state_1);
}
END_TEST

START_TEST(rejects_are_kept_and_too_many_fail_the_job)
{
    schema_set_up_run();
    EXPECT("0 applied; 1 applied ended failed; 2 refused",
           "select t_told(jsonb_build_object('max_rejects', 2, 'marks', jsonb_build_array("
           "t_mark(1, 1, '{\"rejects\": 2}'), t_mark(1, 2, '{\"rejects\": 1}'), t_mark(1, 3)), "
           "'rejects', '[{\"mark\": 0, \"position\": 4, \"reason\": \"no key\", "
           "\"record\": \"e30=\"}, {\"mark\": 2, \"position\": 1, \"reason\": \"x\", "
           "\"record\": null}]'::jsonb))");
    EXPECT("1/1/1/4 no key {}", "select run || '/' || job || '/' || page || '/' || position || "
                                "' ' || reason || ' ' || convert_from(record, 'UTF8') "
                                "from pagetide.reject");
    EXPECT("failed 2 rejects 3", "select concat_ws(' ', state, page, reason, rejects) "
                                 "from pagetide.job where id = 1");
    EXPECT("taken", "select t_take(2)");
    EXPECT("0 applied; 1 applied ended failed run failed",
           "select t_told(jsonb_build_object('max_rejects', 2, 'marks', jsonb_build_array("
           "t_mark(2, 1), t_mark(2, 2, '{\"rejects\": 1}'))))");
}
END_TEST

START_TEST(notes_stand_with_the_job)
{
    schema_set_up_run();
    const char *notes = "{\"warning\": \"total changed\", \"paging\": \"link\", "
                        "\"aside_columns\": {\"a\": 2, \"b\": 1}}";
    ASK("select t_commit(t_mark(1, 1, '%s'), t_mark(1, 2, '%s'))", notes, notes);
    ASK("select t_commit(t_mark(1, 3, '{\"aside_columns\": {\"a\": 1}}'))");
    EXPECT("{\"total changed\"} link {\"a\": 5, \"b\": 2}",
           "select concat_ws(' ', warnings, paging, aside_columns) from pagetide.job "
           "where id = 1");
}
END_TEST

/* --- keys that came twice --- */

/* Rows of `id hash mark`, one batch of the marks; the job's evidence afterwards. */
#define FOLDED(rows, marks)                                                                    \
    ASK("create temp table stage (id bigint, _pt_hash bigint, _pt_aside text, _pt_mark int, "  \
        "_pt_ord bigint); insert into stage select id, hash, '', mark, row_number() over () "  \
        "from (values " rows ") v (id, hash, mark); "                                          \
        "select t_told(jsonb_build_object('table', '{\"schema\": \"shop\", "                   \
        "\"name\": \"orders\", \"stage\": \"stage\", \"columns\": [\"id\"], "                  \
        "\"key\": [\"id\"], \"write\": \"upsert\"}'::jsonb, 'marks', jsonb_build_array(" marks \
        "))); select concat_ws(' ', state, folded, complete) from pagetide.job where id = 1")

#define PROVED(total, reached)                                                                 \
    "t_end('succeeded') || '{\"complete\": \"proved\", \"complete_why\": \"all\", "            \
    "\"total\": " #total ", \"reached\": " #reached                                            \
    ", \"epoch\": 1, \"owner\": \"w1-token\"}'"

START_TEST(keys_that_come_twice_are_counted_at_the_end)
{
    schema_set_up_run();
    make_table();
    ck_assert_str_eq(FOLDED("(1, 1, 0), (2, 2, 0), (1, 9, 1)", "t_mark(1, 1), t_mark(1, 2)"),
                     "running 0");
    for (int i = 0; i < 2; i++) /* the second time the answer was lost */
        ck_assert_str_eq(FOLDED("(2, 9, 0), (3, 3, 0)", "t_mark(1, 3, " PROVED(5, 5) ")"),
                         "truncated 2 contradicted");
    EXPECT(
        "inconsistent_end page 3: all, 2 of them with a key that came before: 3 are different",
        "select reason || ' ' || error from pagetide.job where id = 1");
    EXPECT("0", "select count(*) from pagetide.job_keys");
}
END_TEST

START_TEST(rows_of_an_earlier_run_or_job_do_not_count)
{
    schema_set_up_run();
    make_table();
    ASK("insert into shop.orders (id, _pt_run, _pt_hash) values (1, 1, 1), (2, 0, 2)");
    ck_assert_str_eq(FOLDED("(1, 1, 0), (2, 2, 0)", "t_mark(1, 1, " PROVED(2, 2) ")"),
                     "succeeded 0 proved");
}
END_TEST

/* An unchanged row keeps the run that wrote it, so the table does not know that it was met. */
START_TEST(unchanged_rows_that_come_twice_count)
{
    schema_set_up_run();
    make_table();
    ASK("insert into shop.orders (id, _pt_run, _pt_hash) values (1, 0, 1), (2, 0, 2)");
    ck_assert_str_eq(FOLDED("(1, 1, 0), (2, 2, 0)", "t_mark(1, 1)"), "running 0");
    ck_assert_str_eq(FOLDED("(1, 1, 0)", "t_mark(1, 2, " PROVED(3, 3) ")"),
                     "truncated 1 contradicted");
    EXPECT("1:0:1 2:0:2",
           "select string_agg(concat_ws(':', id, _pt_run, _pt_hash), ' ' order by "
           "id) from shop.orders");
}
END_TEST

START_TEST(a_job_that_may_go_on_keeps_its_keys)
{
    schema_set_up_run();
    make_table();
    FOLDED("(1, 1, 0)", "t_mark(1, 1)");
    ck_assert_str_eq(FOLDED("(2, 2, 0)", "t_mark(1, 2, t_end('failed'))"), "failed 0");
    EXPECT("2", "select count(*) from pagetide.job_keys");
    ASK("select t_take(2); select t_commit(t_mark(2, 1, t_end('succeeded')))");
    ASK("select pagetide.retry(1); select t_take(1)");
    ck_assert_str_eq(FOLDED("(1, 1, 0)", "t_mark(1, 3, " PROVED(3, 3) " || '{\"epoch\": 2}')"),
                     "truncated 1 contradicted");
    EXPECT("0", "select count(*) from pagetide.job_keys");
}
END_TEST

/* Its transaction's own setting, where the role's is `set`. */
#define WAITS(set, ...)                                                                        \
    "select set_config('synchronous_commit', '" set "', true); "                               \
    "select t_commit(" __VA_ARGS__ "); "                                                       \
    "select current_setting('synchronous_commit')"

/* A crash may take pages away together with their rows, never an end that was told. */
START_TEST(the_disk_is_waited_for_at_an_end)
{
    schema_set_up_run();
    EXPECT("off", WAITS("on", "t_mark(1, 1)"));
    EXPECT("off", WAITS("local", "t_mark(1, 2)"));
    EXPECT("remote_apply", WAITS("remote_apply", "t_mark(1, 3)"));
    EXPECT("on", WAITS("on", "t_mark(1, 0, '{\"checkpoint\": {\"at\": 3}}')"));
    EXPECT("on", WAITS("on", "t_mark(1, 4, t_end('waiting'))"));
    ASK("select t_take(2)");
    EXPECT("on", WAITS("off", "t_mark(2, 1, t_end('succeeded'))"));
    EXPECT("on", "select set_config('synchronous_commit', 'off', true); select t_take(1); "
                 "select current_setting('synchronous_commit')");
}
END_TEST

/* After a crash, or on a replica that lacks the last commits. */
START_TEST(a_mark_finds_that_pages_were_lost)
{
    schema_set_up_run();
    ASK("select t_commit(t_mark(1, 1)); create table lost as select t_mark(1, 0, '{\"after\": "
        "2}'"
        " || t_end('succeeded')) as m");
    EXPECT("0 behind; 1 refused", "select t_commit(t_mark(1, 3), t_mark(1, 4))");
    EXPECT("0 behind", "select t_commit(m) from lost");
    EXPECT("0 behind",
           "select t_commit(t_mark(1, 0, '{\"after\": 2, \"checkpoint\": {\"at\": 9}}'))");
    EXPECT("running 1 {\"at\": 1, \"cursor\": null}",
           "select concat_ws(' ', state, page, checkpoint) from pagetide.job where id = 1");
    ASK("select t_commit(t_mark(1, 2))");
    EXPECT("0 applied ended succeeded", "select t_commit(m) from lost");
    EXPECT("0 skipped ended succeeded", "select t_commit(m) from lost");
    ASK("select t_take(2); create table older as select t_mark(2, 1, '{\"epoch\": 2}') as m");
    EXPECT("0 behind", "select t_commit(m) from older");
}
END_TEST

START_TEST(keys_of_runs_before_the_newest_are_forgotten)
{
    schema_set_up_run();
    make_table();
    FOLDED("(1, 1, 0)", "t_mark(1, 1, t_end('failed'))");
    ASK("select t_take(2); select t_commit(t_mark(2, 1, t_end('succeeded')))");
    EXPECT("1", "select count(*) from pagetide.job_keys");
    ASK("select pagetide.start_run('shop.orders', 'manual', 'incremental', null, null, null, "
        "null, "
        "5)");
    ASK("select t_take(3), t_take(4); select t_commit(t_mark(3, 1, t_end('succeeded')), "
        "t_mark(4, 1, t_end('succeeded')))");
    EXPECT("0", "select count(*) from pagetide.job_keys");
}
END_TEST

/* A batch whose keys the worker hashed, in the table already or `where` it says: how many each
 * mark has, and all hashes. */
#define HASHED(where, counts, hashes, marks)                                                   \
    ASK("select * from pagetide.commit_batch(jsonb_build_object('table', '" where "'::jsonb, " \
        "'keys', '" counts "'::jsonb, 'marks', jsonb_build_array(" marks ")), '" hashes "'); " \
        "select concat_ws(' ', state, folded, complete, keyed) from pagetide.job where id = "  \
        "1")
#define DIRECT "{\"schema\": \"shop\", \"name\": \"orders\", \"direct\": true}"
#define STORED                                                                                 \
    "select string_agg(concat_ws(' ', job, page, keys, by_worker), '; ' order by job, page) "  \
    "from pagetide.job_keys"

START_TEST(hashes_of_the_worker_are_counted_as_they_are)
{
    schema_set_up_run();
    make_table();
    ck_assert_str_eq(
        HASHED(DIRECT, "[2, 0, 2]", "{7,-8,9,7}", "t_mark(1, 1), t_mark(1, 2), t_mark(1, 3)"),
        "running 0 4");
    EXPECT("1 3 {7,-8,9,7} t", STORED);
    ck_assert_str_eq(HASHED("null", "[0]", "{}", "t_mark(1, 4)"), "running 0 4");
    ck_assert_str_eq(HASHED("null", "[1]", "{-8}", "t_mark(1, 5, " PROVED(5, 5) ")"),
                     "truncated 2 contradicted 5");
}
END_TEST

START_TEST(hashes_of_a_refused_mark_do_not_count)
{
    schema_set_up_run();
    ck_assert_str_eq(HASHED("null", "[1, 2]", "{7,7,8}", "t_mark(1, 1), t_mark(1, 3)"),
                     "running 0 1");
    EXPECT("1 1 {7} t", STORED);
}
END_TEST

START_TEST(hashes_are_kept_by_job)
{
    schema_set_up_run();
    ASK("select t_take(2)");
    HASHED("null", "[1, 0, 2, 1]", "{1,2,3,4}",
           "t_mark(2, 1), t_mark(1, 1), t_mark(1, 2), t_mark(2, 2)");
    EXPECT("1 2 {2,3} t; 2 2 {1,4} t", STORED);
}
END_TEST

/* A batch that is sent again is skipped, and its hashes with it. */
START_TEST(hashes_of_a_skipped_mark_do_not_count)
{
    schema_set_up_run();
    for (int i = 0; i < 2; i++)
        ck_assert_str_eq(HASHED("null", "[2]", "{7,8}", "t_mark(1, 1)"), "running 0 2");
    EXPECT("1 1 {7,8} t", STORED);
}
END_TEST

/* As a worker of the version before sends them. */
START_TEST(hashes_as_text_are_taken)
{
    schema_set_up_run();
    ASK("select t_told(jsonb_build_object('table', null, 'keys', '[\"{7,-8}\", "
        "\"{}\"]'::jsonb, "
        "'marks', jsonb_build_array(t_mark(1, 1), t_mark(1, 2))))");
    EXPECT("1 1 {7,-8} t", STORED);
}
END_TEST

/* What a crash of PostgreSQL does to an unlogged table. */
START_TEST(without_the_hashes_nothing_is_proved)
{
    schema_set_up_run();
    EXPECT("u",
           "select relpersistence from pg_class where oid = 'pagetide.job_keys'::regclass");
    HASHED("null", "[2]", "{7,8}", "t_mark(1, 1)");
    ASK("truncate pagetide.job_keys");
    ck_assert_str_eq(HASHED("null", "[1]", "{9}", "t_mark(1, 2, " PROVED(3, 3) ")"),
                     "succeeded 0 told 3");
    EXPECT(
        "all, but a crash of PostgreSQL took the hashes of 2 keys: whether some of them came "
        "twice is not known",
        "select complete_why from pagetide.job where id = 1");
}
END_TEST

/* As a process of the version before leaves it. */
START_TEST(a_job_that_the_server_hashed_is_hashed_by_the_server)
{
    schema_set_up_run();
    make_table();
    ck_assert_str_eq(FOLDED("(1, 1, 0), (2, 2, 0)", "t_mark(1, 1)"), "running 0");
    ASK("do $$ begin perform t_told(jsonb_build_object('table', null, 'keys', "
        "'[\"{7}\"]'::jsonb, "
        "'marks', jsonb_build_array(t_mark(1, 2)))); raise 'taken'; "
        "exception when sqlstate 'PT010' then null; end $$");
    ck_assert_str_eq(
        ASK("create temp table stage (id bigint, _pt_hash bigint, _pt_aside text, _pt_mark "
            "int, "
            "_pt_ord bigint); insert into stage values (2, 2, '', 0, 0); "
            "select t_told(jsonb_build_object('table', '{\"schema\": \"shop\", "
            "\"name\": \"orders\", \"stage\": \"stage\", \"columns\": [\"id\"], "
            "\"key\": [\"id\"], \"write\": \"upsert\"}'::jsonb, 'keys', '[\"{7}\"]'::jsonb, "
            "'marks', jsonb_build_array(t_mark(1, 2, " PROVED(
                3, 3) ")))); "
                      "select concat_ws(' ', state, folded, complete) from pagetide.job where "
                      "id = 1"),
        "truncated 1 contradicted");
}
END_TEST

/* --- writers that were stopped --- */

static void write_and_sleep(const char *name, const char *table)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct schema_session *session = schema_session_open(schema_url);
    const char *sql = arena_printf(arena,
                                   "set application_name = '%s'; begin; "
                                   "insert into shop.%s default values",
                                   name, table)
                          .ptr;
    schema_session_sql(session, sql);
}

START_TEST(a_writer_that_is_stuck_is_ended_and_no_other)
{
    static const char sleepers[] =
        "select string_agg(application_name, ' ' order by application_name) from "
        "pg_stat_activity where state = 'idle in transaction' and datname = current_database()";
    schema_set_up_run();
    ASK("create schema shop; create table shop.orders (n int default 1); "
        "create table shop.other (n int default 1)");
    write_and_sleep("pagetide w1", "orders");
    write_and_sleep("pagetide w2", "other");
    write_and_sleep("psql", "orders");
    ASK("select pagetide.end_stuck_writers('shop', 'orders', 3600)");
    EXPECT("pagetide w1 pagetide w2 psql", sleepers);
    ASK("select pagetide.end_stuck_writers('shop', 'orders', 0)");
    while (
        *ASK("select 'it ends' from pg_stat_activity where application_name = 'pagetide w1'"))
        usleep(1000);
    EXPECT("pagetide w2 psql", sleepers);
}
END_TEST

/* --- ends --- */

START_TEST(the_last_job_ends_the_run)
{
    schema_set_up_run();
    EXPECT("0 applied ended truncated",
           "select t_commit(t_mark(1, 1, t_end('truncated', '{\"reason\": \"limit\"}')))");
    EXPECT("running", "select state from pagetide.run");
    EXPECT("taken", "select t_take(2)");
    EXPECT("0 applied ended succeeded run truncated",
           "select t_commit(t_mark(2, 1, t_end('succeeded')))");
    EXPECT("truncated limit 2 20 200 2",
           "select concat_ws(' ', state, reason, pages, records, bytes, retries) "
           "from pagetide.run");
    EXPECT("0 skipped ended succeeded run truncated",
           "select t_commit(t_mark(2, 1, t_end('succeeded')))");
}
END_TEST

/* Each must not miss the other's end: the second waits for the run and then looks anew. */
START_TEST(of_two_jobs_that_end_at_once_one_ends_the_run)
{
    schema_set_up_run();
    EXPECT("taken", "select t_take(2, 'w2')");
    struct schema_session *first = schema_session_open(schema_url);
    struct schema_session *second = schema_session_open(schema_url);
    schema_session_sql(first, "begin");
    ck_assert_str_eq(
        schema_session_sql(first, "select t_commit(t_mark(1, 1, t_end('succeeded')))"),
        "0 applied ended succeeded");
    ck_assert(schema_session_send(second, "select t_commit(t_mark(2, 1, t_end('failed')))"));
    schema_session_sql(first, "commit");
    ck_assert_str_eq(schema_session_answer(second), "0 applied ended failed run failed");
    EXPECT("failed", "select state from pagetide.run");
}
END_TEST

START_TEST(batches_with_the_same_jobs_wait_in_order)
{
    schema_set_up_run();
    EXPECT("taken", "select t_take(2)");
    EXPECT("taken", "select t_take(1)"); /* job 1 now comes after job 2 in the table */
    struct schema_session *first = schema_session_open(schema_url);
    struct schema_session *second = schema_session_open(schema_url);
    schema_session_sql(first, "begin; select 1 from pagetide.job where id = 1 for update");
    ck_assert(schema_session_send(second, "select t_commit(t_mark(2, 1), t_mark(1, 1))"));
    ck_assert_str_eq(schema_session_sql(first, "select t_commit(t_mark(1, 1), t_mark(2, 1))"),
                     "0 applied; 1 applied");
    schema_session_sql(first, "commit");
    ck_assert_str_eq(schema_session_answer(second), "0 skipped; 1 skipped");
}
END_TEST

/* Nothing may hold the run's row weakly before it is locked for good: that would deadlock. */
START_TEST(ends_that_are_under_way_hold_nothing_of_the_run)
{
    schema_set_up_run();
    struct schema_session *other = schema_session_open(schema_url);
    struct schema_session *ending = schema_session_open(schema_url);
    schema_session_sql(other, "begin; select 1 from pagetide.run where id = 1 for update");
    ck_assert(schema_session_send(ending, "select t_commit(t_mark(1, 1, "
                                          "'{\"warning\": \"w\"}' || t_end('succeeded')))"));
    EXPECT("AccessExclusiveLock",
           "select string_agg(mode, ' ') from pg_locks where locktype = 'tuple' and database = "
           "(select oid from pg_database where datname = current_database())");
    schema_session_sql(other, "commit");
    ck_assert_str_eq(schema_session_answer(ending), "0 applied ended succeeded");
}
END_TEST

START_TEST(a_page_commit_leaves_the_run_alone)
{
    schema_set_up_run();
    struct schema_session *other = schema_session_open(schema_url);
    struct schema_session *page = schema_session_open(schema_url);
    schema_session_sql(other, "begin; select 1 from pagetide.run where id = 1 for update");
    ck_assert(!schema_session_send(
        page, "select t_commit(t_mark(1, 1, '{\"rejects\": 1, \"warning\": \"w\"}'))"));
    ck_assert_str_eq(schema_session_answer(page), "0 applied");
}
END_TEST

/* The run is locked after its jobs, everywhere. */
START_TEST(rows_that_are_the_same_leave_the_run_alone)
{
    schema_set_up_run();
    struct schema_session *other = schema_session_open(schema_url);
    struct schema_session *batch = schema_session_open(schema_url);
    schema_session_sql(other, "begin; select 1 from pagetide.run where id = 1 for update");
    ck_assert(!schema_session_send(batch, "select pagetide.keep_same(1, '{5, 6}')::text"));
    ck_assert_str_eq(schema_session_answer(batch), "");
    EXPECT("1 {5,6}", "select run || ' ' || hashes::text from pagetide.same_rows");
}
END_TEST

START_TEST(bookmarks_move_with_a_complete_run)
{
    schema_set_up_run();
    ASK("update pagetide.definition set spec = spec || '{\"bookmark\": {\"path\": \"at\"}}'");
    ASK("insert into pagetide.bookmark values ('shop.orders', '{\"p\": 1}', '9', 0)");
    EXPECT("taken", "select t_take(2)");
    ASK("select t_commit(t_mark(1, 1, '{\"bookmark_high\": \"10\"}'), "
        "t_mark(1, 2, '{\"bookmark_high\": \"8\"}' || t_end('succeeded')), "
        "t_mark(2, 1, '{\"bookmark_high\": \"2024-01-01T00:00:00Z\"}'), "
        "t_mark(2, 2, '{\"bookmark_high\": \"2024-01-01T01:00:00+02:00\"}'))");
    EXPECT("9", "select value from pagetide.bookmark");
    ASK("select t_commit(t_mark(2, 3, t_end('succeeded')))");
    EXPECT("10 2024-01-01T00:00:00Z",
           "select string_agg(value, ' ' order by partition) from pagetide.bookmark");
    EXPECT("2", "select t_run(2)");
    EXPECT("10 2024-01-01T00:00:00Z",
           "select string_agg(bookmark, ' ' order by n) from pagetide.job where run = 2");
}
END_TEST

SUITE("schema/commit", pages_and_checkpoint_are_written_together, a_hash_keeps_its_bits,
      marks_without_their_number_are_numbered, the_same_batch_again_is_skipped,
      an_end_alone_is_recognised_again, a_zombie_is_refused,
      an_epoch_issued_twice_does_not_open_the_fence, a_gap_refuses_the_rest_of_its_job_alone,
      nothing_is_written_behind_an_end, an_old_turn_does_not_spoil_the_new_one,
      a_page_heals_crashes_and_attempts, rows_of_applied_marks_alone_are_merged,
      a_batch_sent_again_doubles_no_row, the_last_of_equal_keys_wins,
      an_unchanged_row_is_not_rewritten, a_value_that_does_not_fit_is_an_error,
      rejects_are_kept_and_too_many_fail_the_job, notes_stand_with_the_job,
      keys_that_come_twice_are_counted_at_the_end, rows_of_an_earlier_run_or_job_do_not_count,
      unchanged_rows_that_come_twice_count, a_job_that_may_go_on_keeps_its_keys,
      keys_of_runs_before_the_newest_are_forgotten, the_disk_is_waited_for_at_an_end,
      a_mark_finds_that_pages_were_lost, hashes_of_the_worker_are_counted_as_they_are,
      hashes_of_a_refused_mark_do_not_count, hashes_are_kept_by_job,
      hashes_of_a_skipped_mark_do_not_count, hashes_as_text_are_taken,
      without_the_hashes_nothing_is_proved,
      a_job_that_the_server_hashed_is_hashed_by_the_server,
      a_writer_that_is_stuck_is_ended_and_no_other, the_last_job_ends_the_run,
      of_two_jobs_that_end_at_once_one_ends_the_run, batches_with_the_same_jobs_wait_in_order,
      ends_that_are_under_way_hold_nothing_of_the_run, a_page_commit_leaves_the_run_alone,
      rows_that_are_the_same_leave_the_run_alone, bookmarks_move_with_a_complete_run)
