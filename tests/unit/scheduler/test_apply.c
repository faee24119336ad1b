#include "scheduler/apply.h"

#include "tests/support/command.h"
#include "tests/support/schema.h"
#include "tests/support/suite.h"

static const char shop[] = "source: shop\nbase_url: http://127.0.0.1/\nstreams:\n"
                           "  orders: {path: /orders}\n"
                           "  clicks: {path: /clicks, every: 1h}\n";
static const char bank[] =
    "source: bank\nbase_url: http://127.0.0.1/\nstreams:\n  rates: {path: /rates}\n";

/* Every test: a migrated database, a folder, and what the last apply_dir said. */
static struct cli cli;
static struct pg *pg;
static struct apply *apply;
static struct {
    bool is_done, is_failed;
    size_t streams, changed;
    const char *errors;
} got;

static void set_up(void)
{
    int code;
    command_open(&cli);
    ck_assert(cli_database(&cli, false, &pg, &code));
    apply = apply_new(pg);
}

static void tear_down(void)
{
    apply_free(apply);
    pg_close(pg);
    command_close(&cli);
}

static void on_applied(void *ctx, const struct apply_result *result)
{
    ck_assert_ptr_eq(ctx, &got);
    got.is_done = true;
    got.is_failed = result->err != NULL;
    got.streams = result->streams;
    got.changed = result->changed;
    got.errors = arena_cstr(cli.arena, buf_str(result->errors));
}

static void apply_folder(void)
{
    got.is_done = false;
    apply_dir(apply, cli.settings.config_dir, on_applied, &got);
    ck_assert(loop_run_until(cli_loop(&cli), &got.is_done, 20000));
    ck_assert(!apply_is_busy(apply));
}

START_TEST(every_stream_of_a_folder_is_stored)
{
    set_up();
    command_source(&cli, "shop", shop);
    command_source(&cli, "bank", bank);
    apply_folder();
    ck_assert(!got.is_failed);
    ck_assert_uint_eq(got.streams, 3);
    ck_assert_uint_eq(got.changed, 3);
    ck_assert_str_eq(got.errors, "");
    EXPECT("bank.rates shop.clicks shop.orders",
           "select string_agg(name, ' ' order by name) from pagetide.stream");
    EXPECT("3600000", "select every_ms from pagetide.stream where name = 'shop.clicks'");
    tear_down();
}
END_TEST

START_TEST(what_did_not_change_is_not_stored_again)
{
    set_up();
    command_source(&cli, "shop", shop);
    apply_folder();
    apply_folder();
    ck_assert_uint_eq(got.streams, 2);
    ck_assert_uint_eq(got.changed, 0);
    command_source(&cli, "bank", bank);
    apply_folder();
    ck_assert_uint_eq(got.streams, 3);
    ck_assert_uint_eq(got.changed, 1);
    tear_down();
}
END_TEST

START_TEST(another_schedule_is_a_change)
{
    set_up();
    command_source(&cli, "bank", bank);
    apply_folder();
    command_source(&cli, "bank",
                   "source: bank\nbase_url: http://127.0.0.1/\nstreams:\n"
                   "  rates: {path: /rates, schedule: '0 * * * *'}\n");
    apply_folder();
    ck_assert_uint_eq(got.changed, 1);
    EXPECT("0 * * * *", "select schedule from pagetide.stream");
    tear_down();
}
END_TEST

START_TEST(a_broken_file_keeps_its_last_good_version)
{
    set_up();
    command_source(&cli, "shop", shop);
    command_source(&cli, "bank", bank);
    apply_folder();
    command_source(&cli, "shop", "source: shop\n");
    apply_folder();
    ck_assert(!got.is_failed);
    ck_assert_uint_eq(got.streams, 1);
    ck_assert_ptr_nonnull(strstr(got.errors, "/sources/shop.yaml:"));
    EXPECT("2", "select count(*) from pagetide.stream where name like 'shop.%%' and "
                "removed_at is null");
    tear_down();
}
END_TEST

START_TEST(a_database_that_fails_is_reported_and_asked_again)
{
    set_up();
    command_source(&cli, "bank", bank);
    ASK("alter schema pagetide rename to away");
    apply_folder();
    ck_assert(got.is_failed);
    ASK("alter schema away rename to pagetide");
    apply_folder();
    ck_assert(!got.is_failed);
    ck_assert_uint_eq(got.changed, 1);
    tear_down();
}
END_TEST

SUITE("scheduler/apply", every_stream_of_a_folder_is_stored,
      what_did_not_change_is_not_stored_again, another_schedule_is_a_change,
      a_broken_file_keeps_its_last_good_version,
      a_database_that_fails_is_reported_and_asked_again)
