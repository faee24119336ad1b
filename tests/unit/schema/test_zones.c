#include "base/date.h"
#include "cli/next_runs.h"
#include "core/cron.h"
#include "tests/support/lines.h"
#include "tests/support/schema.h"
#include "tests/support/suite.h"

/* Time zones come from PostgreSQL; what schedules make of them: tests/tables/cron_zones.txt. */

static void on_pg(void *ctx, bool is_up, const struct err *err)
{
    (void)ctx, (void)is_up, (void)err;
}

static struct pg *open_session(void)
{
    struct pg *pg;
    struct loop *loop = NULL;
    struct err err = ERR_INIT;
    ck_assert_ok(loop_new(&loop, &err), err);
    const struct pg_options options = {.url = schema_database(), .name = "test"};
    ck_assert_ok(pg_open(loop, &options, on_pg, NULL, &pg, &err), err);
    return pg;
}

static struct zone zone_of(struct arena *arena, struct pg *pg, struct str name, int64_t now_us)
{
    struct zone zone;
    struct pg_result *result;
    struct err err = ERR_INIT;
    const struct pg_value params[] = {pg_text(name), pg_int(now_us)};
    ck_assert_ok(pg_await(pg, zone_sql, params, 2, 10000, &result, &err), err);
    zone_read(arena, result, &zone);
    pg_result_free(result);
    return zone;
}

static struct str next_runs(struct arena *arena, const struct cron *cron,
                            const struct zone *zone, int64_t after_us, int count)
{
    AUTO_BUF(buf, KIB(4));
    for (int i = 0; i < count; i++) {
        after_us = cron_next(cron, zone, after_us);
        buf_put(&buf, i ? STR(", ") : STR(""));
        next_runs_put(&buf, zone, after_us);
    }
    return arena_str(arena, buf_str(&buf));
}

static int count_of(struct str expected)
{
    int count = 1;
    for (size_t i = 0; i < expected.len; i++)
        count += expected.ptr[i] == ',';
    return count;
}

START_TEST(a_schedule_fires_by_the_clock_of_its_zone)
{
    struct arena *arena = arena_new();
    struct pg *pg = open_session();
    struct line_cases cases = lines_read(arena, "tests/tables/cron_zones.txt");
    for (size_t i = 0; i < cases.count; i++) {
        struct line_case *line = &cases.items[i];
        struct str zone_name = lines_take_cell(&line->input);
        struct str schedule = lines_take_cell(&line->input);
        struct cron cron;
        struct err err = ERR_INIT;
        int64_t after_us = 0;
        ck_assert_ok(cron_parse(schedule, &cron, &err), err);
        ck_assert(date_parse_rfc3339(line->input, &after_us));
        struct zone zone = zone_of(arena, pg, zone_name, after_us);
        struct str found = next_runs(arena, &cron, &zone, after_us, count_of(line->expected));
        ck_assert_msg(str_eq(found, line->expected), "%s:%d: %.*s", line->path, line->number,
                      STR_ARG(found));
    }
}
END_TEST

START_TEST(a_zone_has_a_name_of_the_database)
{
    schema_database();
    EXPECT("t",
           "select bool_and(pagetide.is_zone(z)) from unnest(array['UTC', 'Europe/Berlin', "
           "'America/Argentina/Buenos_Aires', 'Etc/GMT+8']) z");
    EXPECT("f", "select bool_or(pagetide.is_zone(z)) from unnest(array['Europe/Berln', 'CEST', "
                "'europe/berlin', 'FOO+3', '', '+02:00']) z");
    EXPECT("timezone: PostgreSQL knows no time zone \"Moon/Base\"; it has names such as "
           "Europe/Berlin",
           "select pagetide.define_refusal('shop.orders', '{}', 'Moon/Base')");
}
END_TEST

SUITE("schema/zones", a_schedule_fires_by_the_clock_of_its_zone,
      a_zone_has_a_name_of_the_database)
