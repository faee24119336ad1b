#include <signal.h>

#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

START_TEST(a_sync_fills_the_table)
{
    struct mock mock;
    struct pagetide pagetide;
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    pagetide_source(&pagetide, "shop",
                    "source: shop\n"
                    "base_url: %s\n"
                    "streams:\n"
                    "  orders:\n"
                    "    path: /gen/page\n"
                    "    params: {total: 35}\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n",
                    mock.url);
    struct pagetide_result got = pagetide_run(&pagetide, "sync shop.orders --json");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    const char *line = pagetide_last_line(got.out);
    ck_assert_str_eq(pagetide_json(line, "state"), "succeeded");
    ck_assert_str_eq(pagetide_json(line, "pages"), "4");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from shop.orders"), "35");
    ck_assert_int_eq(mock_count(&mock, "/gen/page"), 4);
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

SUITE("flow/commands", a_sync_fills_the_table)
