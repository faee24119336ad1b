#define SUITE_TIMEOUT 120
#include <signal.h>

#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* When runs start, and of what time they ask for records (docs/time.md). */
enum { LIMIT_MS = 30000 };

#define AWAIT(expected, ...) pagetide_await(&pagetide, (expected), LIMIT_MS, __VA_ARGS__)

/* From now on PostgreSQL's clock says this instant. */
static void set_clock(const char *instant)
{
    SQL("insert into pagetide.meta values ('clock_offset', ('%s'::timestamptz - "
        "clock_timestamp())::text) on conflict (key) do update set value = excluded.value",
        instant);
}

static struct pagetide_process start_up_at(const char *instant)
{
    expect_run(0, "migrate");
    set_clock(instant);
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    AWAIT("1", "select count(*) from pagetide.stream where name = 'people.all'");
    return up;
}

static void expect_stop(struct pagetide_process *process)
{
    pagetide_signal(process, SIGTERM);
    int code = pagetide_wait(process, 25000);
    ck_assert_msg(code == 0, "exit %d\n%s", code, pagetide_err(process));
}

#define NEXT_DUE                                                                               \
    "select to_char(next_due at time zone 'UTC', 'YYYY-MM-DD HH24:MI') from pagetide.stream "  \
    "where name = 'people.all'"

START_TEST(a_schedule_goes_by_the_clock_of_its_zone)
{
    set_up();
    answer("[{\"id\": 1}]");
    people("    schedule: 30 2 * * *\n    timezone: Europe/Berlin\n" UPSERT);
    struct pagetide_process up = start_up_at("2024-03-30T20:00:00Z");
    AWAIT("2024-03-31 01:00", NEXT_DUE);
    set_clock("2024-03-31T01:00:01Z");
    AWAIT("schedule 2024-03-31 03:00:00 succeeded",
          "select concat_ws(' ', trigger, scheduled_for at time zone 'Europe/Berlin', state) "
          "from "
          "pagetide.run");
    AWAIT("2024-04-01 00:30", NEXT_DUE);
    expect_stop(&up);
    tear_down();
}
END_TEST

START_TEST(a_zone_that_is_none_keeps_the_last_good_version)
{
    set_up();
    people("    schedule: 30 2 * * *\n    timezone: Europe/Berlin\n" UPSERT);
    expect_run(0, "migrate");
    expect_run(0, "apply");
    people("    schedule: 30 2 * * *\n    timezone: Europe/Berln\n" UPSERT);
    expect_holds(expect_run(2, "apply").err,
                 "people.all: timezone: PostgreSQL knows no time zone \"Europe/Berln\"");
    EXPECT_SQL("Europe/Berlin", "select timezone from pagetide.stream");
    expect_holds(expect_run(2, "check").err,
                 "people.yaml:8:15: timezone: there is no time zone \"Europe/Berln\"");
    tear_down();
}
END_TEST

START_TEST(check_shows_the_next_runs)
{
    set_up();
    people("    schedule: 30 2 1 7 *\n    timezone: Europe/Berlin\n" UPSERT);
    expect_run(0, "migrate");
    struct pagetide_result got = expect_run(0, "check");
    expect_holds(got.out, "  next runs: 20");
    expect_holds(got.out, "-07-01 02:30 +0200, 20");
    expect_holds(expect_run(0, "check --json").out, "-07-01T00:30:00Z\"]}");
    setenv("PAGETIDE_DATABASE_URL", "postgresql://127.0.0.1:1/none", 1);
    expect_holds(expect_run(0, "check").out, "next runs: not known without PostgreSQL");
    people("    schedule: 30 2 1 7 *\n" UPSERT);
    expect_holds(expect_run(0, "check").out, "-07-01 02:30 +0000, 20");
    people("    every: 15m\n" UPSERT);
    expect_holds(expect_run(0, "check").out,
                 "\n  next runs: every 15m, by `pagetide up` or `pagetide scheduler`\n");
    tear_down();
}
END_TEST

/* --- after, spread --- */

static void chain(const char *first_after)
{
    pagetide_source(&pagetide, "people",
                    "source: people\nbase_url: %s\n"
                    "defaults: {pagination: {type: none}, write: upsert, key: id}\n"
                    "streams:\n  all: {path: /people%s}\n  cities: {path: /people}\n"
                    "  streets: {path: /people, after: [people.all, people.cities]}\n",
                    mock.url, first_after);
}

START_TEST(a_stream_starts_after_others)
{
    set_up();
    answer("[{\"id\": 1}]");
    chain("");
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    AWAIT("3", "select count(*) from pagetide.stream");
    expect_run(0, "reload people.all --wait");
    expect_run(0, "reload people.all --wait");
    EXPECT_SQL("0", "select count(*) from pagetide.run where stream = 'people.streets'");
    expect_run(0, "reload people.cities --wait");
    AWAIT("after succeeded",
          "select string_agg(trigger || ' ' || state, ', ') from pagetide.run "
          "where stream = 'people.streets'");
    expect_run(0, "reload people.cities --wait");
    expect_run(0, "reload people.all --wait");
    AWAIT("2", "select count(*) from pagetide.run where stream = 'people.streets' and state = "
               "'succeeded'");
    EXPECT_SQL("f", "select pagetide.is_after_due('people.streets', '{\"after\": "
                    "[\"people.all\", \"people.cities\"]}')");
    expect_stop(&up);
    expect_run(0, "sync people.all people.cities");
    SQL("select pagetide.start_run('people.streets', 'reload', 'window', '2024-01-01', "
        "'2024-01-02', null, null, 5)");
    EXPECT_SQL("t", "select pagetide.is_after_due('people.streets', '{\"after\": "
                    "[\"people.all\", \"people.cities\"]}')");
    tear_down();
}
END_TEST

START_TEST(a_circle_is_refused)
{
    set_up();
    expect_run(0, "migrate");
    chain(", after: people.streets");
    expect_holds(expect_run(2, "check").err,
                 "after: a circle, in which nothing would ever start");
    chain("");
    expect_run(0, "apply");
    EXPECT_SQL("after: a circle, in which nothing would ever start: people.all after "
               "people.streets after people.all",
               "select pagetide.define_refusal('people.all', '{\"after\": "
               "\"people.streets\"}', 'UTC')");
    tear_down();
}
END_TEST

/* --- partitions by SQL --- */

#define LISTED(sql)                                                                            \
    "    partitions: {sql: \"" sql "\", max: 50}\n"                                            \
    "    params: {c: \"{{ partition.customer_id }}\"}\n" UPSERT

static void expect_listing(int code, const char *sql, const char *state, const char *words)
{
    people(pagetide_text(LISTED("%s"), sql));
    struct pagetide_result got = expect_run(code, "sync people.all");
    EXPECT_SQL(state, "select concat_ws(' ', state, reason) from pagetide.run order by id desc "
                      "limit 1");
    const char *said =
        SQL("select concat_ws(' ', error, complete_why, array_to_string(warnings, "
            "' ')) from pagetide.run order by id desc limit 1");
    ck_assert_msg(strstr(said, words) != NULL, "%s: %s%s", said, got.out, got.err);
}

START_TEST(partitions_come_from_sql)
{
    set_up();
    answer("[{\"id\": 1}]");
    SQL("create schema shop; create table shop.customers (id bigint, name text); insert into "
        "shop.customers select g, 'c' || g from generate_series(1, 20) g");
    people(LISTED(
        "select id as customer_id, name from shop.customers order by id desc;") "    bookmark: "
                                                                                "{path: id}\n");
    expect_run(0, "sync people.all");
    EXPECT_SQL("20", "select count(*) from pagetide.job where run = 1");
    EXPECT_SQL("{\"partition\": {\"name\": \"c20\", \"customer_id\": 20}}",
               "select part from pagetide.job where n = 1");
    ck_assert_int_eq(mock_count(&mock, "/people?c=7"), 1);
    EXPECT_SQL("20", "select count(*) from pagetide.bookmark where value = '1'");
    SQL("insert into shop.customers values (21, 'c21')");
    expect_run(0, "sync people.all");
    EXPECT_SQL("21", "select count(*) from pagetide.job where run = 2");
    tear_down();
}
END_TEST

START_TEST(a_list_of_partitions_has_a_clear_end)
{
    set_up();
    answer("[{\"id\": 1}]");
    SQL("create table public.numbers (id bigint); insert into public.numbers select "
        "generate_series(1, 60)");
    expect_listing(0, "select 1 as customer_id where false", "succeeded",
                   "partitions.sql gave no rows");
    expect_listing(1, "select id % 3 as customer_id from public.numbers", "failed definition",
                   "more than 50 rows");
    expect_listing(0, "select id % 3 as customer_id from public.numbers where id <= 30",
                   "succeeded", "27 rows came twice");
    EXPECT_SQL("3", "select count(*) from pagetide.job where run = 3");
    expect_listing(1, "select nullif(id, 2) as customer_id from public.numbers where id < 4",
                   "failed definition", "row 2 has no customer_id");
    expect_listing(1, "select id from public.nowhere", "failed definition", "nowhere");
    expect_listing(1, "select 1) p; drop table public.numbers; select (1", "failed definition",
                   "partitions.sql: ");
    expect_listing(1, "select nextval('pagetide.run_id_seq') as customer_id",
                   "failed definition", "read-only");
    EXPECT_SQL("60", "select count(*) from public.numbers");
    tear_down();
}
END_TEST

START_TEST(a_scheduler_asks_for_partitions)
{
    set_up();
    answer("[{\"id\": 1}]");
    people(LISTED("select g as customer_id from generate_series(1, 30) g"));
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    AWAIT("1", "select count(*) from pagetide.stream");
    expect_run(0, "reload people.all --wait");
    EXPECT_SQL("30", "select count(*) from pagetide.job where state = 'succeeded'");
    people(LISTED("select nothing from public.nowhere"));
    AWAIT("2", "select version from pagetide.stream");
    expect_run(1, "reload people.all --wait");
    EXPECT_SQL("failed", "select state from pagetide.job where run = 2");
    SQL("create table public.nowhere as select 5 as nothing");
    EXPECT_SQL("1", "select (pagetide.retry(2)).jobs");
    AWAIT("failed eval",
          "select concat_ws(' ', state, reason) from pagetide.run where id = 2 and "
          "reason = 'eval'");
    expect_stop(&up);
    tear_down();
}
END_TEST

/* --- windows --- */

#define WINDOWED "    params: {f: \"{{ window.start }}\", t: \"{{ window.end }}\"}\n"
#define SLICES                                                                                 \
    "select string_agg((j.part -> 'window' ->> 'from') || ' ' || (j.part -> 'window' ->> "     \
    "'to'), ', ' order by n) from pagetide.job j where run = (select max(id) from "            \
    "pagetide.run)"
#define BOOKMARK "select string_agg(value, ' ' order by partition) from pagetide.bookmark"

static void fail_once(const char *query)
{
    mock_post(&mock, "/_mock/fault",
              pagetide_text("{\"path\": \"/people\", \"query\": \"%s\", \"kind\": \"status\", "
                            "\"status\": 400}",
                            query));
}

START_TEST(a_range_is_cut_into_calendar_months)
{
    set_up();
    answer("[{\"id\": 1}]");
    people("    window: {size: 1 month, from: 2024-01-31, to: 2024-05-01}\n" WINDOWED UPSERT);
    expect_run(0, "sync people.all");
    EXPECT_SQL("2024-01-31T00:00:00Z 2024-02-29T00:00:00Z, 2024-02-29T00:00:00Z "
               "2024-03-31T00:00:00Z, 2024-03-31T00:00:00Z 2024-04-30T00:00:00Z, "
               "2024-04-30T00:00:00Z 2024-05-01T00:00:00Z",
               SLICES);
    ck_assert_int_eq(
        mock_count(&mock, "/people?f=2024-02-29T00%3A00%3A00Z&t=2024-03-31T00%3A00%3A00Z"), 1);
    EXPECT_SQL("2024-05-01T00:00:00Z", BOOKMARK);
    expect_run(0, "sync people.all");
    ck_assert_int_eq(mock_count(&mock, "/people"), 4);
    EXPECT_SQL("2 succeeded proved", "select concat_ws(' ', id, state, complete) from "
                                     "pagetide.run order by id desc limit 1");
    tear_down();
}
END_TEST

/* Without PostgreSQL, which has the zones, the calendar is that of UTC. */
START_TEST(preview_and_recordings_have_the_first_slice)
{
    set_up();
    answer("[{\"id\": 1}]");
    people("    window: {size: 1 month, from: 2024-01-31}\n" WINDOWED UPSERT);
    expect_holds(expect_run(0, "preview people.all").out,
                 "/people?f=2024-01-31T00%3A00%3A00Z&t=2024-02-29T00%3A00%3A00Z");
    expect_run(0, "check --live people.all");
    const char *file = pagetide_text("%s/recorded.yaml", pagetide.dir);
    expect_run(0, pagetide_text("record people.all -o %s", file));
    ck_assert_int_eq(
        mock_count(&mock, "/people?f=2024-01-31T00%3A00%3A00Z&t=2024-02-29T00%3A00%3A00Z"), 3);
    expect_run(0, pagetide_text("test %s", file));
    people("    window: {size: 1 year, from: 2023-12-01, to: 2024-02-01}\n"
           "    params: {t: \"{{ window.start[:10] }} {{ window.end[:10] }}\"}\n" UPSERT);
    expect_holds(expect_run(0, "preview people.all").out, "t=2023-12-01%202024-02-01");
    tear_down();
}
END_TEST

START_TEST(days_are_those_of_the_zone)
{
    set_up();
    answer("[]");
    people("    window: {size: 1d, from: 2024-03-30, to: \"2024-04-01T12:00:00Z\"}\n"
           "    timezone: Europe/Berlin\n" WINDOWED UPSERT);
    expect_run(0, "sync people.all");
    EXPECT_SQL("2024-03-30T00:00:00+01:00 2024-03-31T00:00:00+01:00, "
               "2024-03-31T00:00:00+01:00 2024-04-01T00:00:00+02:00, "
               "2024-04-01T00:00:00+02:00 2024-04-01T14:00:00+02:00",
               SLICES);
    people("    window: {size: 6h, from: 2024-03-31, to: 2024-04-01}\n"
           "    timezone: Europe/Berlin\n" WINDOWED UPSERT);
    expect_run(0, "sync people.all --full");
    EXPECT_SQL("4", "select count(*) from pagetide.job where run = 2");
    EXPECT_SQL("2024-03-31T19:00:00+02:00 2024-04-01T00:00:00+02:00",
               "select concat_ws(' ', part -> 'window' ->> 'from', part -> 'window' ->> 'to') "
               "from pagetide.job where run = 2 and n = 4");
    tear_down();
}
END_TEST

START_TEST(the_bookmark_passes_only_an_unbroken_row)
{
    set_up();
    answer("[{\"id\": 1}]");
    people("    window: {size: 1d, from: 2024-01-01, to: 2024-01-05}\n" WINDOWED UPSERT);
    fail_once("f=2024-01-03T00%3A00%3A00Z");
    expect_run(1, "sync people.all");
    EXPECT_SQL("succeeded succeeded failed succeeded",
               "select string_agg(state, ' ' order by n) from pagetide.job");
    EXPECT_SQL("2024-01-03T00:00:00Z", BOOKMARK);
    expect_run(0, "sync people.all");
    EXPECT_SQL("2024-01-03T00:00:00Z 2024-01-04T00:00:00Z, 2024-01-04T00:00:00Z "
               "2024-01-05T00:00:00Z",
               SLICES);
    EXPECT_SQL("2024-01-05T00:00:00Z", BOOKMARK);
    tear_down();
}
END_TEST

START_TEST(what_is_appended_waits_for_the_whole_run)
{
    set_up();
    answer("[{\"id\": 1}]");
    people("    window: {size: 1d, from: 2024-01-01, to: 2024-01-04}\n" WINDOWED);
    fail_once("f=2024-01-03T00%3A00%3A00Z");
    expect_run(1, "sync people.all");
    EXPECT_SQL("", BOOKMARK);
    expect_run(0, "sync people.all");
    EXPECT_SQL("2024-01-04T00:00:00Z", BOOKMARK);
    EXPECT_SQL("3 2", "select count(*) || ' ' || max(_pt_run) from people.all");
    tear_down();
}
END_TEST

START_TEST(a_run_goes_as_far_as_cap_and_begins_before_its_bookmark)
{
    set_up();
    answer("[]");
    people("    window: {size: 7d, from: 2024-01-01, to: 2024-02-01, cap: 10d}\n"
           "    bookmark: {path: at, lookback: 1h}\n" WINDOWED UPSERT);
    expect_run(0, "sync people.all");
    EXPECT_SQL("2024-01-01T00:00:00Z 2024-01-08T00:00:00Z, 2024-01-08T00:00:00Z "
               "2024-01-11T00:00:00Z",
               SLICES);
    expect_run(0, "sync people.all");
    EXPECT_SQL("2024-01-10T23:00:00Z 2024-01-17T23:00:00Z, 2024-01-17T23:00:00Z "
               "2024-01-21T00:00:00Z",
               SLICES);
    expect_run(0, "sync people.all --from 2023-01-01 --to 2023-01-09");
    EXPECT_SQL("2023-01-01T00:00:00Z 2023-01-08T00:00:00Z, 2023-01-08T00:00:00Z "
               "2023-01-09T00:00:00Z",
               SLICES);
    EXPECT_SQL("2024-01-21T00:00:00Z", BOOKMARK);
    people("    window: {size: 7d, from: 2024-01-01, to: 2024-02-01, cap: 1d}\n"
           "    bookmark: {path: at, lookback: 2d}\n" WINDOWED UPSERT);
    expect_run(0, "sync people.all");
    EXPECT_SQL("2024-01-22T00:00:00Z", BOOKMARK); /* by the cap, however far back it looks */
    people("    window: {size: 7d, from: 2024-01-01, to: 2024-02-01, cap: 10d}\n"
           "    bookmark: {path: at, lookback: 1h}\n" WINDOWED UPSERT);
    expect_run(1, "bookmark people.all --set 17");
    expect_run(0, "bookmark people.all --set 2024-01-31");
    expect_run(0, "sync people.all");
    EXPECT_SQL("2024-01-30T23:00:00Z 2024-02-01T00:00:00Z", SLICES);
    tear_down();
}
END_TEST

START_TEST(each_partition_has_its_own_row_of_windows)
{
    set_up();
    answer("[]");
    people("    partitions: [{p: 1}, {p: 2}]\n"
           "    window: {size: 1d, from: 2024-01-01, to: 2024-01-04}\n"
           "    params: {p: \"{{ partition.p }}\", f: \"{{ window.start }}\"}\n" UPSERT);
    fail_once("p=2&f=2024-01-02T00%3A00%3A00Z");
    expect_run(1, "sync people.all");
    EXPECT_SQL("2024-01-04T00:00:00Z 2024-01-02T00:00:00Z", BOOKMARK);
    expect_run(0, "sync people.all");
    EXPECT_SQL("2", "select count(*) from pagetide.job where run = 2");
    EXPECT_SQL("2024-01-04T00:00:00Z 2024-01-04T00:00:00Z", BOOKMARK);
    tear_down();
}
END_TEST

START_TEST(a_backfill_goes_on_where_it_stopped)
{
    set_up();
    answer("[{\"id\": 1}]");
    people("    window: {size: 1d, from: 2024-06-01}\n" WINDOWED UPSERT);
    fail_once("f=2024-01-04T00%3A00%3A00Z&t=2024-01-05T00%3A00%3A00Z");
    expect_run(1, "backfill people.all --from 2024-01-01 --to 2024-01-06 --window 2d --jobs 2");
    EXPECT_SQL(
        "succeeded failed succeeded",
        "select string_agg(state, ' ' order by id) from pagetide.run where mode = 'window'");
    EXPECT_SQL("5", "select count(*) from pagetide.job");
    struct pagetide_result got =
        expect_run(0, "backfill people.all --from 2024-01-01 --to 2024-01-06 --window 2d");
    expect_holds(got.err, "2 of 3 windows had succeeded before");
    EXPECT_SQL("2024-01-03 00:00:00 succeeded", "select (window_from at time zone 'UTC') || ' "
                                                "' || state from pagetide.run where id = 4");
    EXPECT_SQL("", BOOKMARK);
    expect_run(2, "backfill people.all --from 2024-01-01");
    expect_run(2, "backfill people.all --from 2024-01-01 --to 2024-01-06 --window soon");
    tear_down();
}
END_TEST

SUITE("flow/time", a_schedule_goes_by_the_clock_of_its_zone,
      a_zone_that_is_none_keeps_the_last_good_version, check_shows_the_next_runs,
      a_stream_starts_after_others, a_circle_is_refused, a_range_is_cut_into_calendar_months,
      preview_and_recordings_have_the_first_slice, days_are_those_of_the_zone,
      the_bookmark_passes_only_an_unbroken_row, what_is_appended_waits_for_the_whole_run,
      a_run_goes_as_far_as_cap_and_begins_before_its_bookmark,
      each_partition_has_its_own_row_of_windows, partitions_come_from_sql,
      a_list_of_partitions_has_a_clear_end, a_scheduler_asks_for_partitions,
      a_backfill_goes_on_where_it_stopped)
