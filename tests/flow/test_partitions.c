#define SUITE_TIMEOUT 120
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* Partitions that share a job: what `retry` and the commands make of them. What one run does is
 * in tests/tables/flows/partitions.txt. */

#define SHARED_WITH(list, more)                                                                \
    "    path: \"/part/{{ partition.p }}\"\n"                                                  \
    "    partitions: {list: " list ", per_job: 10}\n"                                          \
    "    pagination: {type: page, total_pages_path: pages}\n    merge_path: data\n"            \
    "    with: {p: \"{{ partition.p }}\"" more "}\n"
#define SHARED(list) SHARED_WITH(list, "")

static void parts(const char *keys)
{
    pagetide_source(&pagetide, "people", "source: people\nbase_url: %s\nstreams:\n  all:\n%s",
                    mock.url, keys);
}

static void page(const char *p, int number, int pages, const char *data)
{
    mock_post(&mock, "/_mock/route",
              pagetide_text("{\"path\": \"/part/%s\", \"query\": \"page=%d\", \"body\": "
                            "{\"pages\": %d, \"data\": %s}}",
                            p, number, pages, data));
}

#define ROWS "select string_agg(id || p, ' ' order by id) from people.all"

/* The second page of b fails. Nothing of the others is asked for again, nor b's first page. */
START_TEST(retry_goes_on_where_a_partition_failed)
{
    set_up();
    parts(SHARED("[{p: a}, {p: b}, {p: c}]"));
    page("a", 1, 1, "[{\"id\": 1}]");
    page("b", 1, 2, "[{\"id\": 2}]");
    page("c", 1, 1, "[{\"id\": 4}]");
    struct pagetide_result got = expect_run(1, "sync people.all");
    expect_holds(got.err, "partition {\"p\": \"b\"}: page 2: GET");
    EXPECT_SQL("1a 2b 4c", ROWS);
    EXPECT_SQL("1:failed", "select string_agg(n || ':' || state, ' ') from pagetide.job");

    got = expect_run(0, "jobs people.all");
    expect_holds(got.out, "3 of 3");
    got = expect_run(0, "explain 1/1");
    expect_holds(got.out, "page 2: status 200");
    expect_holds(got.out, ", partition {\"p\": \"b\"}");
    got = expect_run(0, "explain 1/1 --json");
    expect_holds(got.out, "\"partition\": {\"p\": \"c\"}");

    page("b", 2, 2, "[{\"id\": 3}]");
    EXPECT_SQL("1", "select (pagetide.retry(1)).jobs");
    expect_run(0, "sync people.all");
    EXPECT_SQL("1a 2b 3b 4c", ROWS);
    ck_assert_int_eq(mock_count(&mock, "/part/a?page=1"), 1);
    ck_assert_int_eq(mock_count(&mock, "/part/b?page=1"), 1);
    ck_assert_int_eq(mock_count(&mock, "/part/c?page=1"), 1);
    EXPECT_SQL("succeeded 4 4 told",
               "select concat_ws(' ', state, pages, records, complete) from pagetide.run");
    EXPECT_SQL("1:1 2:2 3:3 4:2",
               "select string_agg(number || ':' || leg, ' ' order by number) "
               "from pagetide.page");
    tear_down();
}
END_TEST

/* Where the partition before ended is not where one goes on that could not begin. */
START_TEST(a_partition_that_could_not_begin_stands_nowhere)
{
    set_up();
    parts("    vars: {from: \"{{ partition.from }}\"}\n"
          "    params: {from: \"{{ vars.from }}\"}\n" SHARED("[{p: a, from: 1}, {p: b}]"));
    page("a", 1, 1, "[{\"id\": 1}]");
    struct pagetide_result got = expect_run(1, "sync people.all");
    expect_holds(got.err, "vars.from: this is undefined");
    EXPECT_SQL("succeeded failed",
               "select string_agg(state, ' ' order by n) from pagetide.job_leg");
    EXPECT_SQL("0", "select count(checkpoint) from pagetide.job_leg where n = 2");
    tear_down();
}
END_TEST

#define APPENDED                                                                               \
    SHARED("[{p: a}, {p: b}]")                                                                 \
    "    bookmark: {path: id}\n    params: {after: \"{{ bookmark }}\"}\n"

/* The rows of a run that failed come again with the next one, from the same bookmarks. */
START_TEST(what_appends_is_there_once_after_a_run_that_failed)
{
    set_up();
    parts(APPENDED);
    page("a", 1, 1, "[{\"id\": 1}]");
    expect_run(1, "sync people.all");
    EXPECT_SQL("1a", ROWS);
    page("b", 1, 1, "[{\"id\": 2}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("1a 2b", ROWS);
    EXPECT_SQL("1 2",
               "select string_agg(value, ' ' order by partition) from pagetide.bookmark");
    tear_down();
}
END_TEST

/* Another bookmark of one partition: the rows of the run before do not come again. */
START_TEST(rows_stay_where_a_partition_begins_elsewhere)
{
    set_up();
    parts(APPENDED);
    page("a", 1, 1, "[{\"id\": 1}]");
    expect_run(1, "sync people.all");
    expect_run(0, "bookmark people.all --partition '{\"p\": \"a\"}' --set 1");
    page("a", 1, 1, "[{\"id\": 3}]");
    page("b", 1, 1, "[{\"id\": 2}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("1a 2b 3a", ROWS);
    tear_down();
}
END_TEST

/* Up to 256 partitions have a job each; of more, several share one. */
START_TEST(many_partitions_share_jobs_unasked)
{
    set_up();
    answer("[{\"id\": 1}]");
    people("    partitions: {sql: \"select g as c from generate_series(1, 256) g\"}\n"
           "    params: {c: \"{{ partition.c }}\"}\n" UPSERT);
    expect_run(0, "sync people.all");
    EXPECT_SQL("256 0", "select count(*) || ' ' || (select count(*) from pagetide.job_leg) "
                        "from pagetide.job");
    people("    partitions: {sql: \"select g as c from generate_series(1, 600) g\"}\n"
           "    params: {c: \"{{ partition.c }}\"}\n" UPSERT);
    expect_run(0, "sync people.all");
    EXPECT_SQL("200 600", "select count(*) || ' ' || (select count(*) from pagetide.job_leg "
                          "where state = 'succeeded') from pagetide.job where run = 2");
    people(
        "    partitions: {sql: \"select g as c from generate_series(1, 300) g\", per_job: 1}\n"
        "    params: {c: \"{{ partition.c }}\"}\n" UPSERT);
    expect_run(0, "sync people.all");
    EXPECT_SQL("300", "select count(*) from pagetide.job where run = 3");
    tear_down();
}
END_TEST

/* Jobs that end in one commit all know that the run is over. */
START_TEST(the_end_of_a_run_is_logged_once)
{
    set_up();
    answer("[{\"id\": 1}]");
    people("    partitions: {sql: \"select g as c from generate_series(1, 40) g\"}\n"
           "    params: {c: \"{{ partition.c }}\"}\n" UPSERT);
    for (int64_t run = 1; run <= 2; run++) {
        struct pagetide_result got = expect_run(0, "--log-level info sync people.all");
        const char *first = strstr(got.err, "run.done");
        ck_assert_ptr_nonnull(first);
        ck_assert_ptr_null(strstr(first + 1, "run.done"));
    }
    tear_down();
}
END_TEST

/* What expressions know of a reject is of its partition. */
START_TEST(rejects_are_replayed_with_their_partition)
{
    set_up();
    parts(SHARED("[{p: a}, {p: b}]") "    key: [id]\n    write: upsert\n");
    page("a", 1, 1, "[{\"id\": 1}, {\"no\": 7}]");
    page("b", 1, 1, "[{\"id\": 2}, {\"no\": 8}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("2", "select count(*) from pagetide.reject");
    /* The ledger is cleared sooner. */
    EXPECT_SQL("2", "with gone as (delete from pagetide.page returning 1) "
                    "select count(*) from gone");
    parts(SHARED_WITH(
        "[{p: a}, {p: b}]",
        ", q: \"{{ partition.p }}\"") "    key: [id]\n    write: upsert\n"
                                      "    columns: {id: {type: bigint, path: \"no\"}}\n");
    expect_run(0, "rejects 1 --replay");
    EXPECT_SQL("1a 2b 7a 8b", ROWS);
    EXPECT_SQL("7a 8b", "select string_agg(id || q, ' ' order by id) from people.all");
    tear_down();
}
END_TEST

/* A process of the version before knows nothing of legs: it leaves the job alone. */
START_TEST(an_older_process_takes_no_job_of_several_partitions)
{
    set_up();
    parts(SHARED("[{p: a}, {p: b}]"));
    expect_run(0, "migrate");
    expect_run(0, "apply");
    SQL("select pagetide.start_run('people.all', 'manual', 'incremental', null, null, null, "
        "null, 5)");
    EXPECT_SQL("busy", "select (pagetide.activate(1, 'w', 'h', 't', 10000, true)).verdict");
    EXPECT_SQL("taken", "select (pagetide.activate(1, 'w', 'h', 't', 10000, true, null, true))"
                        ".verdict");
    tear_down();
}
END_TEST

/* `preview` asks for them where a database is at hand, and says so where none is. */
START_TEST(preview_asks_for_partitions)
{
    mock_start(NULL, &mock);
    pagetide_open_empty(&pagetide);
    page("7", 1, 1, "[{\"id\": 1}]");
    parts("    path: \"/part/{{ partition.p }}\"\n"
          "    partitions: {sql: \"select g as p from generate_series(7, 9) g\"}\n"
          "    pagination: {type: page, total_pages_path: pages}\n    merge_path: data\n");
    struct pagetide_result got = expect_run(1, "preview people.all");
    expect_holds(got.err, "no database is at hand to ask");
    expect_run(0, "migrate");
    got = expect_run(0, "preview people.all");
    expect_holds(got.out, "partition 1 of 3: {\"p\":7}");
    expect_holds(got.out, "/part/7?page=1");
    parts("    path: \"/part/{{ partition.p }}\"\n"
          "    partitions: {sql: \"select p from public.nowhere\"}\n");
    got = expect_run(1, "preview people.all");
    expect_holds(got.err, "public.nowhere");
    tear_down();
}
END_TEST

START_TEST(check_warns_of_streams_that_are_not_there)
{
    set_up();
    parts("    path: /x\n    after: [people.all2, people.other]\n  other: {path: /y}\n");
    struct pagetide_result got = expect_run(0, "check");
    expect_holds(got.err, "people.all: after: there is no stream people.all2 in this folder");
    ck_assert_ptr_null(strstr(got.err, "people.other in"));
    tear_down();
}
END_TEST

SUITE("flow/partitions", retry_goes_on_where_a_partition_failed,
      a_partition_that_could_not_begin_stands_nowhere,
      what_appends_is_there_once_after_a_run_that_failed,
      rows_stay_where_a_partition_begins_elsewhere, many_partitions_share_jobs_unasked,
      the_end_of_a_run_is_logged_once, rejects_are_replayed_with_their_partition,
      an_older_process_takes_no_job_of_several_partitions, preview_asks_for_partitions,
      check_warns_of_streams_that_are_not_there)
