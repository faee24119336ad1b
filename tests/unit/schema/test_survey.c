#include "tests/support/schema.h"
#include "tests/support/suite.h"

/* What schedulers say in /metrics: pagetide.survey. */

#define SURVEY "pagetide.survey(10000, 4095)"
/* Numbers of a metric without its `pagetide_`, as "label second=number". */
#define OF(metric)                                                                             \
    "select string_agg(concat_ws(' ', nullif(label, ''), nullif(second_label, ''))"            \
    " || '=' || number, ', ' order by label, second_label) from " SURVEY                       \
    " where metric = 'pagetide_" metric "'"
/* The same, of those that are not 0. */
#define OF_SOME(metric) OF(metric) " and number <> 0"

static void set_up(void)
{
    schema_set_up_stream("{\"write\": \"append\"}");
    ASK("update pagetide.stream set next_due = pagetide.clock() + interval '1 hour'");
}

static const char *start(const char *scheduled_for)
{
    return ASK("insert into pagetide.run (stream, version, trigger, mode, scheduled_for) "
               "values ('shop.orders', 1, 'schedule', 'incremental', %s) returning id",
               scheduled_for);
}

static void finish(const char *run, const char *state, const char *reason)
{
    ASK("update pagetide.run set state = '%s', reason = %s, records = 9, rejects = 2, "
        "asides = 3, finished_at = pagetide.clock() where id = %s",
        state, reason, run);
}

START_TEST(a_stream_without_a_run)
{
    set_up();
    EXPECT("none=1", OF_SOME("streams"));
    EXPECT("shop shop.orders=0", OF("stream_last_success_timestamp_seconds"));
    EXPECT("shop shop.orders=0", OF("stream_late_seconds"));
    EXPECT("shop shop.orders=0", OF("stream_running"));
    EXPECT("shop shop.orders=0", OF("stream_failing"));
    EXPECT("shop shop.orders=0", OF("stream_records"));
    EXPECT("", OF("streams_failing"));
    EXPECT("dead=0, queued=0, running=0, waiting=0", OF("jobs"));
    EXPECT("=0", OF("schedulers"));
}
END_TEST

START_TEST(a_stream_that_runs_and_fails)
{
    set_up();
    finish(start("pagetide.clock() - interval '3 hours'"), "succeeded", "null");
    EXPECT("succeeded=1", OF_SOME("streams"));
    EXPECT("shop shop.orders=9", OF("stream_records"));
    EXPECT("shop shop.orders=2", OF("stream_rejects"));
    EXPECT("shop shop.orders=3", OF("stream_misfits"));
    EXPECT("t", "select number between extract(epoch from pagetide.clock()) * 1000 - 60000 and "
                "extract(epoch from pagetide.clock()) * 1000 from " SURVEY
                " where metric = 'pagetide_stream_last_success_timestamp_seconds'");
    finish(start("pagetide.clock() - interval '2 hours'"), "failed", "'http'");
    EXPECT("failed=1", OF_SOME("streams"));
    EXPECT("shop shop.orders=1", OF("stream_failing"));
    EXPECT("http=1", OF("streams_failing"));
    start("pagetide.clock() - interval '1 hour'");
    EXPECT("queued=1", OF_SOME("streams"));
    EXPECT("shop shop.orders=1", OF("stream_running"));
    EXPECT("shop shop.orders=1", OF("stream_failing"));
}
END_TEST

/* Since the first moment that no success came after, whatever happened since. */
START_TEST(a_stream_that_is_late)
{
#define LATE_MINUTES                                                                           \
    "select number / 60000 from " SURVEY " where metric = 'pagetide_stream_late_seconds'"
    set_up();
    finish(start("pagetide.clock() - interval '3 hours'"), "succeeded", "null");
    EXPECT("0", LATE_MINUTES);
    finish(start("pagetide.clock() - interval '2 hours'"), "failed", "'http'");
    EXPECT("120", LATE_MINUTES);
    const char *last = start("pagetide.clock() - interval '1 hour'");
    EXPECT("120", LATE_MINUTES);
    ASK("update pagetide.stream set paused = true");
    EXPECT("0", LATE_MINUTES);
    EXPECT("paused=1", OF_SOME("streams"));
    ASK("update pagetide.stream set paused = false");
    finish(last, "succeeded", "null");
    EXPECT("0", LATE_MINUTES);
    /* Nobody ticks. */
    ASK("update pagetide.stream set next_due = pagetide.clock() - interval '10 minutes'");
    EXPECT("10", LATE_MINUTES);
}
END_TEST

START_TEST(jobs_and_workers)
{
    schema_set_up_run();
    EXPECT("dead=0, queued=1, running=1, waiting=0", OF("jobs"));
    EXPECT("alive=1, gone=0", OF("workers"));
    ASK("update pagetide.run set created_at = pagetide.clock() - interval '5 minutes'");
    EXPECT("5", "select number / 60000 from " SURVEY
                " where metric = 'pagetide_job_oldest_queued_seconds'");
    ASK("update pagetide.job set state = 'waiting', wait_until = pagetide.clock() + "
        "interval '2 hours' where state = 'queued'");
    EXPECT("=0", OF("job_oldest_queued_seconds"));
    EXPECT("119", "select number / 60000 from " SURVEY
                  " where metric = 'pagetide_job_longest_wait_seconds'");
    ASK("select t_age('w1', '1 minute')");
    EXPECT("alive=0, gone=1", OF("workers"));
    ASK("update pagetide.job set reserved = true");
    EXPECT("alive=0, gone=0", OF("workers"));
}
END_TEST

START_TEST(dead_jobs_are_those_of_the_latest_run)
{
    schema_set_up_run();
    ASK("update pagetide.job set state = 'dead', owner = null where n = 1");
    ASK("update pagetide.run set state = 'dead', finished_at = pagetide.clock()");
    EXPECT("dead=1, queued=1, running=0, waiting=0", OF("jobs"));
    ASK("select t_run(1)");
    EXPECT("0",
           "select number from " SURVEY " where metric = 'pagetide_jobs' and label = 'dead'");
}
END_TEST

START_TEST(streams_beyond_the_ceiling_are_one)
{
    set_up();
    ASK("insert into pagetide.stream (name, version, paused) "
        "select 'shop.z' || n, 1, false from generate_series(1, 9) n");
    EXPECT("3", "select count(*) from pagetide.survey(10000, 2)"
                " where metric = 'pagetide_stream_running'");
    EXPECT("other other", "select label || ' ' || second_label from "
                          "pagetide.survey(10000, 2) where metric = 'pagetide_stream_records' "
                          "order by label limit 1");
}
END_TEST

SUITE("schema/survey", a_stream_without_a_run, a_stream_that_runs_and_fails,
      a_stream_that_is_late, jobs_and_workers, dead_jobs_are_those_of_the_latest_run,
      streams_beyond_the_ceiling_are_one)
