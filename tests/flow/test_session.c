#include <unistd.h>

#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#define SUITE_TIMEOUT 120
#include "tests/support/suite.h"

/* Sessions with PostgreSQL that are not as a fresh installation gives them. */
static struct mock mock;
static struct pagetide pagetide;

#define SQL(...) pagetide_sql(&pagetide, __VA_ARGS__)

static void set_up(void)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "defaults:\n"
                    "  pagination: {type: page, total_pages_path: pages}\n"
                    "  merge_path: data\n"
                    "  params: {per_page: 10, total: 300}\n"
                    "  path: /gen/page\n"
                    "streams:\n"
                    "  a: {params: {seed: 1}}\n"
                    "  b: {params: {seed: 2}, write: upsert, key: [id]}\n"
                    "  c: {params: {seed: 3}}\n",
                    mock.url);
    setenv("PAGETIDE_BATCH_RECORDS", "20", 1);
}

static void tear_down(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

/* Says it of the database, whatever was said before. */
static void say_of_database(const char *setting)
{
    SQL("begin read write; do $$ begin execute format('alter database %%I set %s', "
        "current_database()); end $$; commit",
        setting);
}

static void expect_all_rows(void)
{
    struct pagetide_result got = pagetide_run(&pagetide, "sync --all");
    ck_assert_msg(got.code == 0, "exit %d\n%s%s", got.code, got.out, got.err);
    ck_assert_str_eq(SQL("select concat_ws(' ', (select count(distinct id) from shop.a), "
                         "(select count(distinct id) from shop.b), "
                         "(select count(distinct id) from shop.c), "
                         "(select count(*) from pagetide.run where state = 'succeeded'))"),
                     "300 300 300 3");
}

START_TEST(a_database_may_have_settings_of_its_own)
{
    set_up();
    say_of_database("default_transaction_isolation = ''serializable''");
    say_of_database("default_transaction_read_only = on");
    say_of_database("search_path = public");
    say_of_database("standard_conforming_strings = off");
    say_of_database("quote_all_identifiers = on");
    say_of_database("timezone = ''Asia/Kolkata''");
    say_of_database("datestyle = ''SQL, DMY''");
    say_of_database("lock_timeout = 1");
    expect_all_rows();
    tear_down();
}
END_TEST

SUITE("flow/session", a_database_may_have_settings_of_its_own)
