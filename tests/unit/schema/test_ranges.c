#include "tests/support/schema.h"
#include "tests/support/suite.h"

/*
 * Jobs that share the pages of one. Every test: job 1 has read page 1 of 10, jobs 2 and 3 have
 * pages 2 to 5 and 6 to 9, of 10 records each.
 */
static const char set_up_sql[] =
    /* the mark of page 1 */
    "create function t_split() returns jsonb language sql as $$\n"
    "  select t_mark(1, 1, t_end('waiting', '{\"wait_ms\": 0, \"waiting_for\": \"others\"}')\n"
    "    || '{\"records_hash\": \"1\", \"checkpoint\": {\"page\": \"1\", \"records\": \"10\",\n"
    "        \"number\": \"2\", \"split\": true}, \"ranges\": [\n"
    "        {\"from\": \"2\", \"to\": \"6\", \"by\": \"page\", \"page\": 1, \"pages\": 4,\n"
    "         \"records\": \"10\", \"checkpoint\": {\"page\": \"1\", \"records\": \"10\",\n"
    "         \"number\": \"2\", \"until\": \"6\"}},\n"
    "        {\"from\": \"6\", \"to\": \"10\", \"by\": \"page\", \"page\": 5, \"pages\": 4,\n"
    "         \"records\": \"50\", \"checkpoint\": {\"page\": \"5\", \"records\": \"50\",\n"
    "         \"number\": \"6\", \"until\": \"10\"}}]}') $$;\n"
    /* the range reads its next page, and ends behind it, where an end is given */
    "create function t_read(which int, ending jsonb default '{}', extra jsonb default '{}')\n"
    "returns text language sql as $$\n"
    "  select t_commit(t_mark(which, j.page + 1, ending || jsonb_build_object('records_hash',\n"
    "      (which * 100 + j.page)::text, 'checkpoint', j.checkpoint || jsonb_build_object(\n"
    "        'page', ((j.checkpoint ->> 'page')::int + 1)::text,\n"
    "        'records', ((j.checkpoint ->> 'records')::int + 10)::text,\n"
    "        'number', ((j.checkpoint ->> 'number')::int + 1)::text) || extra)))\n"
    "  from pagetide.job j where j.id = which $$;\n"
    "create function t_leave(which int, why text default 'the page is empty') returns text\n"
    "language sql as $$ select t_commit(t_mark(which, 0, t_end('succeeded')\n"
    "  || jsonb_build_object('complete_why', why))) $$";

static const char job_1[] =
    "select concat_ws(' ', verdict, checkpoint ->> 'page', checkpoint ->> 'records', "
    "checkpoint "
    "->> 'number', checkpoint ->> 'overlaps', part -> 'end' ->> 'state', part -> 'end' ->> "
    "'error') from pagetide.activate(1, 'w1', 'h', 'w1-token', 10000, true)";

static const char published[] = "select string_agg(job::text, ' ' order by job) from "
                                "pagetide.publishable(30000, 10)";
static const char waiting[] = "select state || ' ' || (enqueued_at is null) from pagetide.job "
                              "where n = 1";

static void set_up(void)
{
    schema_database();
    EXPECT("1", "select t_run(0)");
    EXPECT("taken", "select t_take(1)");
    ASK("%s", set_up_sql);
    EXPECT("0 applied ended waiting", "select t_commit(t_split())");
}

/* The range reads so many pages; with the fourth it comes to its border. */
static void read_pages(int n, int pages)
{
    EXPECT("taken", "select t_take(%d)", n);
    for (int i = 1; i <= pages; i++)
        ASK("select t_read(%d%s)", n, i == 4 ? ", t_end('succeeded')" : "");
}

START_TEST(the_jobs_are_made_once)
{
    set_up();
    EXPECT("0 skipped ended waiting",
           "select t_commit(t_split() || '{\"epoch\": 1, \"owner\": \"w1-token\"}')");
    EXPECT(
        "1 waiting 1, 2 queued 0 4, 3 queued 0 4",
        "select string_agg(concat_ws(' ', n, state, page, pages_total), ', ' order by n) from "
        "pagetide.job");
    EXPECT("the first page, and from page 10 on|pages 2 to 5|pages 6 to 9",
           "select string_agg(pagetide.job_words(j), '|' order by n) from pagetide.job j");
}
END_TEST

START_TEST(a_job_goes_on_behind_its_ranges)
{
    set_up();
    EXPECT("gone", "%s", job_1);
    read_pages(2, 4);
    EXPECT("gone", "%s", job_1);
    read_pages(3, 4);
    EXPECT("taken 9 90 10", "%s", job_1);
    EXPECT("9", "select count(*) from pagetide.page where job = any (pagetide.ledger_jobs(1))");
    EXPECT("5", "select count(*) from pagetide.page where job = any (pagetide.ledger_jobs(3))");
    EXPECT("0 applied ended succeeded run succeeded",
           "select t_commit(t_mark(1, 2, t_end('succeeded') || '{\"complete\": \"proved\"}'))");
    EXPECT("succeeded proved 10 100",
           "select concat_ws(' ', state, complete, pages, records) from pagetide.run");
}
END_TEST

/* Nobody asks whether the ranges are over: the last one says it. */
START_TEST(the_last_range_queues_the_job_that_waits)
{
    set_up();
    EXPECT("2 3", "%s", published);
    ASK("select pagetide.published(array[1, 2, 3])");
    ASK("update pagetide.job set wait_until = now() - interval '1 minute' where n = 1");
    read_pages(2, 4);
    EXPECT("3", "%s", published);
    read_pages(3, 3);
    EXPECT("waiting false", "%s", waiting);
    struct schema_session *listener = schema_session_open(schema_url);
    schema_session_sql(listener, "listen pagetide");
    ASK("select t_read(3, t_end('succeeded'))");
    EXPECT("queued true", "%s", waiting);
    EXPECT("1", "%s", published);
    schema_session_sql(listener, "select 1");
    ck_assert_str_ne(schema_session_note(listener), "");
}
END_TEST

/* Of two that end at once the second waits for the first, and sees its end. */
START_TEST(two_ranges_that_end_at_once_queue_it)
{
    set_up();
    read_pages(2, 3);
    read_pages(3, 3);
    struct schema_session *first = schema_session_open(schema_url),
                          *second = schema_session_open(schema_url);
    schema_session_sql(first, "begin");
    schema_session_sql(first, "select t_read(2, t_end('succeeded'))");
    ck_assert(schema_session_send(second, "select t_read(3, t_end('succeeded'))"));
    schema_session_sql(first, "commit");
    schema_session_answer(second);
    EXPECT("queued true", "%s", waiting);
}
END_TEST

START_TEST(a_range_that_dies_queues_it)
{
    set_up();
    read_pages(2, 4);
    EXPECT("taken", "select t_take(3)");
    ASK("select pagetide.bury_job(j) from pagetide.job j where n = 3");
    EXPECT("queued true", "%s", waiting);
}
END_TEST

/* In `sync` there is no queue: the job is kept, and asked about by its process alone. */
START_TEST(the_job_of_a_sync_waits_in_its_process)
{
    set_up();
    ASK("update pagetide.job set worker = 'w1', reserved = true");
    EXPECT("waiting", "%s", job_1);
    EXPECT("gone", "select verdict from pagetide.activate(1, 'w2', 'h', 'w2-token', 10000, "
                   "true)");
    EXPECT("", "select pagetide.beat('w1', 'h', 1, '1', '{1}') limit 1");
}
END_TEST

START_TEST(a_page_that_is_left_is_read_by_the_job_that_waits)
{
    set_up();
    read_pages(2, 2);
    EXPECT("0 applied ended succeeded", "select t_leave(2)");
    EXPECT("taken", "select t_take(3)");
    EXPECT("0 applied ended failed", "select t_commit(t_mark(3, 0, t_end('failed')))");
    EXPECT("taken 3 30 4", "%s", job_1); /* what is refused behind it is not judged */
    EXPECT("0 applied ended truncated run truncated",
           "select t_commit(t_mark(1, 2, t_end('truncated')))");
}
END_TEST

START_TEST(what_was_refused_behind_the_end_is_not_retried)
{
    set_up();
    read_pages(2, 2);
    EXPECT("0 applied ended succeeded", "select t_leave(2)");
    EXPECT("taken", "select t_take(3)");
    EXPECT("0 applied ended failed", "select t_commit(t_mark(3, 0, t_end('failed')))");
    EXPECT("taken 3 30 4", "%s", job_1);
    EXPECT("f", "select pagetide.may_go_on(j) from pagetide.job j where id = 3");
    EXPECT("0 applied ended succeeded run succeeded",
           "select t_commit(t_mark(1, 2, t_end('succeeded') || '{\"complete\": \"proved\"}'))");
    EXPECT("run 1 is succeeded: nothing of it has failed",
           "select pagetide.retry_refusal(r, null) from pagetide.run r");
}
END_TEST

START_TEST(records_behind_the_end_contradict_it)
{
    set_up();
    read_pages(2, 2);
    EXPECT("0 applied ended succeeded", "select t_leave(2)");
    read_pages(3, 1);
    EXPECT("0 applied ended succeeded", "select t_leave(3)");
    EXPECT(
        "taken 3 30 4 truncated the page is empty, but other jobs have read 10 records behind "
        "it, on pages that the first answer had counted",
        "%s", job_1);
}
END_TEST

START_TEST(a_range_that_failed_is_the_end_and_goes_on_by_retry)
{
    set_up();
    read_pages(3, 4);
    EXPECT("taken", "select t_take(2)");
    EXPECT("0 applied ended failed",
           "select t_commit(t_mark(2, 0, t_end('failed', '{\"reason\": \"http\", \"error\": "
           "\"page 2: status 404\"}')))");
    EXPECT("taken 1 10 2 failed page 2: status 404", "%s", job_1);
    EXPECT("0 applied ended failed run failed",
           "select t_commit(t_mark(1, 0, t_end('failed', '{\"reason\": \"http\"}')))");
    EXPECT("2", "select (pagetide.retry(1, 2)).jobs");
    EXPECT("gone", "%s", job_1);
    EXPECT("2", "%s", published);
    read_pages(2, 4);
    EXPECT("taken 9 90 10", "%s", job_1);
}
END_TEST

START_TEST(a_range_that_died_is_the_end_of_the_run)
{
    set_up();
    read_pages(2, 4);
    ASK("update pagetide.job set state = 'dead', reason = 'crash', error = 'lost' where id = "
        "3");
    EXPECT("taken 5 50 6 failed lost", "%s", job_1);
    EXPECT("0 applied ended failed run dead", "select t_commit(t_mark(1, 0, t_end('failed')))");
    EXPECT("dead crash", "select concat_ws(' ', state, reason) from pagetide.run");
}
END_TEST

START_TEST(what_two_ranges_have_both_is_counted)
{
    set_up();
    EXPECT("taken", "select t_take(2)");
    EXPECT("taken", "select t_take(3)");
    for (int i = 1; i <= 4; i++)
        ASK("select t_read(2, case when %d = 4 then t_end('succeeded') else '{}' end, "
            "'{\"tail\": \"00000000000000aa00000000000000bb\"}')",
            i);
    for (int i = 1; i <= 4; i++)
        ASK("select t_read(3, case when %d = 4 then t_end('succeeded') else '{}' end, "
            "'{\"head\": \"00000000000000bb00000000000000cc\", \"overlaps\": \"2\"}')",
            i);
    EXPECT("taken 9 90 10 3", "%s", job_1);
}
END_TEST

START_TEST(a_page_of_another_job_is_a_circle)
{
    set_up();
    read_pages(2, 4);
    read_pages(3, 4);
    ASK("update pagetide.page set records_hash = 201 where job = 3 and number = 2");
    EXPECT(
        "failed page 7",
        "select (part -> 'end' ->> 'state') || ' ' || left(part -> 'end' ->> 'error', 6) from "
        "pagetide.activate(1, 'w1', 'h', 'w1-token', 10000, true)");
}
END_TEST

SUITE("schema/ranges", the_jobs_are_made_once, a_job_goes_on_behind_its_ranges,
      a_page_that_is_left_is_read_by_the_job_that_waits,
      what_was_refused_behind_the_end_is_not_retried, records_behind_the_end_contradict_it,
      a_range_that_failed_is_the_end_and_goes_on_by_retry,
      a_range_that_died_is_the_end_of_the_run, what_two_ranges_have_both_is_counted,
      a_page_of_another_job_is_a_circle, the_last_range_queues_the_job_that_waits,
      two_ranges_that_end_at_once_queue_it, a_range_that_dies_queues_it,
      the_job_of_a_sync_waits_in_its_process)
