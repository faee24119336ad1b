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
    tear_down();
}
END_TEST

SUITE("flow/time", a_schedule_goes_by_the_clock_of_its_zone,
      a_zone_that_is_none_keeps_the_last_good_version, check_shows_the_next_runs)
