#define SUITE_TIMEOUT 400

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/rng.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/*
 * Pages that are so large that they do not lie in the memory of the process (base/spill.h):
 * what is stored is what is stored of small ones, exactly once, and the memory is bounded.
 */
enum {
    PAGE_RECORDS = 100000, /* of 1,000 bytes and more */
    SOME_RECORDS = 66000,  /* more than the memory too */
    LESS_RECORDS = 16000,
    PEAK_KIB_MAX = 64 << 10,
    KILLS = 6,
};

#ifdef __SANITIZE_ADDRESS__
static const bool is_memory_told = false; /* it keeps what is freed */
#else
static const bool is_memory_told = true;
#endif

static void shop(int records, const char *keys)
{
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\nretry: {initial_delay: 10ms}\nstreams:\n"
                    "  items:\n    path: /gen/page\n    pagination: {type: page, "
                    "total_pages_path: pages}\n    merge_path: data\n"
                    "    params: {total: %d, per_page: %d, record_bytes: 1000}\n%s",
                    mock.url, records, records, keys);
}

static void expect_small_run(const char *command)
{
    struct pagetide_process process = pagetide_spawn(&pagetide, "%s", command);
    ck_assert_msg(pagetide_wait(&process, 120000) == 0, "%s: %s", command,
                  pagetide_err(&process));
    ck_assert_int_gt(process.peak_kib, 0);
    if (is_memory_told)
        ck_assert_int_lt(process.peak_kib, PEAK_KIB_MAX);
}

#define EXPECT_ITEMS(n)                                                                        \
    EXPECT_SQL(pagetide_text("%d %d", (n), (n)),                                               \
               "select count(*) || ' ' || count(distinct id) from shop.items")

static const char hashes_sql[] = "select sum(_pt_hash::numeric) from shop.items";

START_TEST(memory_does_not_grow_with_a_page)
{
    set_up();
    shop(PAGE_RECORDS, "");
    expect_small_run("sync shop.items");
    EXPECT_ITEMS(PAGE_RECORDS);
    EXPECT_SQL("bigint text", "select string_agg(data_type, ' ' order by column_name) from "
                              "information_schema.columns where table_schema = 'shop' and "
                              "column_name in ('id', 'note')");
    tear_down();
}
END_TEST

START_TEST(nor_where_records_are_known_again)
{
    set_up();
    shop(SOME_RECORDS, UPSERT);
    expect_small_run("sync shop.items");
    EXPECT_ITEMS(SOME_RECORDS);
    const char *hashes = pagetide_sql(&pagetide, "%s", hashes_sql);
    expect_small_run("sync shop.items");
    EXPECT_ITEMS(SOME_RECORDS);
    EXPECT_SQL(hashes, "%s", hashes_sql);
    tear_down();
}
END_TEST

START_TEST(nor_with_rows_for_a_staging_table_or_gzip)
{
    set_up();
    shop(SOME_RECORDS, "    write: replace\n    key: id\n    columns: none\n");
    mock_post(&mock, "/_mock/fault", "{\"path\": \"/gen\", \"times\": -1, \"kind\": \"gzip\"}");
    expect_small_run("sync shop.items");
    EXPECT_ITEMS(SOME_RECORDS);
    tear_down();
}
END_TEST

/* Nothing of a page that is cut is stored; sent again it is stored once. */
START_TEST(a_large_page_that_is_cut_is_no_page)
{
    set_up();
    shop(LESS_RECORDS, "");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen\", \"times\": 2, \"kind\": \"cut_chunk\", "
              "\"bytes\": 15000000}");
    expect_run(0, "sync shop.items");
    EXPECT_ITEMS(LESS_RECORDS);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen\", \"times\": -1, \"kind\": \"cut_chunk\", "
              "\"bytes\": 15000000}");
    expect_run(1, "sync shop.items --again --full");
    EXPECT_ITEMS(LESS_RECORDS);
    tear_down();
}
END_TEST

static bool is_empty_folder(const char *path)
{
    int entries = 0;
    DIR *dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        entries++;
    closedir(dir);
    return entries == 2;
}

/* On a quick machine the page is stored before the last kill; the next run says so, by 2. */
START_TEST(kills_in_a_large_page_leave_nothing)
{
    struct rng rng;
    int kills = 0, code = 1;
    set_up();
    pagetide_seed(&rng);
    const char *folder = pagetide_text("%s/tmp", pagetide.dir);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    setenv("TMPDIR", folder, 1);
    shop(LESS_RECORDS, "");
    while (code != 0 && code != 2) {
        struct pagetide_process process = pagetide_spawn(&pagetide, "sync shop.items");
        if (kills++ < KILLS) {
            usleep((useconds_t)(50 + rng_below(&rng, 600)) * 1000);
            pagetide_kill(&process);
            ck_assert(is_empty_folder(folder));
            continue;
        }
        code = pagetide_wait(&process, 60000);
        ck_assert_int_lt(kills, 2 * KILLS);
    }
    EXPECT_ITEMS(LESS_RECORDS);
    ck_assert(is_empty_folder(folder));
    tear_down();
}
END_TEST

/* --- other formats --- */

/* A body of 12 MB: what comes before, `record` with its number in the place of %d, and what
 * comes behind. Quotes and line ends are written as in JSON. */
static void answer_large(const char *type, const char *head, const char *record,
                         const char *tail)
{
    static char note[1001];
    AUTO_BUF(route, MIB(32));
    memset(note, 'n', sizeof note - 1);
    buf_printf(&route,
               "{\"path\": \"/people\", \"answers\": [{\"headers\": {\"Content-Type\": \"%s\"},"
               " \"body\": \"%s",
               type, head);
    const char *number = strstr(record, "%d");
    for (int i = 0; i < LESS_RECORDS; i++) {
        buf_put(&route, (struct str){record, (size_t)(number - record)});
        buf_printf(&route, "%d", i);
        const char *place = strstr(number, "%s");
        buf_put(&route, (struct str){number + 2, (size_t)(place - number - 2)});
        buf_printf(&route, "%s%s", note, place + 2);
    }
    buf_printf(&route, "%s\"}]}", tail);
    mock_post(&mock, "/_mock/route", route.ptr);
}

#define EXPECT_PEOPLE                                                                          \
    EXPECT_SQL(pagetide_text("%d 16000000", LESS_RECORDS),                                     \
               "select count(distinct id::text) || ' ' || sum(length(note)) from people.all")

START_TEST(a_large_page_of_any_format_is_read)
{
    set_up();
    people("    format: ndjson\n");
    answer_large("application/x-ndjson", "", "{\\\"id\\\": %d, \\\"note\\\": \\\"%s\\\"}\\n",
                 "");
    expect_small_run("sync people.all");
    EXPECT_PEOPLE;
    people("    format: csv\n");
    answer_large("text/csv", "id,note\\n", "%d,%s\\n", "");
    expect_small_run("sync people.all --again --full");
    people("    format: xml\n    merge_path: all.one\n");
    answer_large("text/xml", "<all>", "<one><id>%d</id><note>%s</note></one>", "</all>");
    expect_small_run("sync people.all --again --full");
    EXPECT_SQL(pagetide_text("%d", 3 * LESS_RECORDS), "select count(*) from people.all");
    tear_down();
}
END_TEST

START_TEST(nothing_of_a_large_page_with_a_broken_end_is_stored)
{
    set_up();
    people("    merge_path: all\n    retry: {max_attempts: 1}\n");
    answer_large("application/json", "{\\\"all\\\": [",
                 "{\\\"id\\\": %d, \\\"note\\\": \\\"%s\\\"},", "{}], \\\"next\\\": nul}");
    expect_holds(expect_run(1, "sync people.all").err, "expected a value");
    EXPECT_SQL("0", "select count(*) from pg_class where relname = 'all'");
    answer_large("application/json", "{\\\"all\\\": [",
                 "{\\\"id\\\": %d, \\\"note\\\": \\\"%s\\\"},", "{\\\"id\\\": null}]}");
    expect_run(0, "sync people.all");
    EXPECT_PEOPLE;
    tear_down();
}
END_TEST

/* What a partition was told is not kept for the next one of its job. */
START_TEST(nor_with_the_partitions_of_a_job)
{
    enum { PARTITIONS = 48, TOLD_BYTES = 1 << 20 };
    AUTO_BUF(told, TOLD_BYTES + 64);
    set_up();
    buf_puts(&told, "{\"body\": {\"done\": true, \"id\": 7, \"log\": \"");
    while (told.len < TOLD_BYTES)
        buf_puts(&told, "0123456789abcdef");
    buf_puts(&told, "\"}}");
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\nstreams:\n  items:\n    path: /gen/page\n"
                    "    params: {report: \"{{ prepared.id }}\", total: 1}\n"
                    "    pagination: {type: none}\n    merge_path: data\n"
                    "    prepare: {request: {path: /start}, poll: {path: /state}, until: done, "
                    "every: 1ms}\n"
                    "    partitions: {sql: \"select g from generate_series(1, %d) g\", "
                    "per_job: %d}\n    with: {g: \"{{ partition.g }}\"}\n",
                    mock.url, PARTITIONS, PARTITIONS);
    mock_post(&mock, "/_mock/route",
              pagetide_text("[{\"path\": \"/start\", \"body\": {}}, "
                            "{\"path\": \"/state\", \"answers\": [%.*s]}]",
                            (int)told.len, told.ptr));
    expect_small_run("sync shop.items");
    EXPECT_SQL(pagetide_text("%d 1", PARTITIONS),
               "select count(distinct g) || ' ' || (select count(*) from pagetide.job) from "
               "shop.items");
    tear_down();
}
END_TEST

SUITE("flow/large", nor_with_the_partitions_of_a_job, memory_does_not_grow_with_a_page,
      nor_where_records_are_known_again, nor_with_rows_for_a_staging_table_or_gzip,
      a_large_page_that_is_cut_is_no_page, kills_in_a_large_page_leave_nothing,
      a_large_page_of_any_format_is_read, nothing_of_a_large_page_with_a_broken_end_is_stored)
