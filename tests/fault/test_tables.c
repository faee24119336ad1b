#include <signal.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#define SUITE_TIMEOUT 120
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/*
 * Two workers load the same tables while each page brings fields that the table does not have
 * yet: three partitions of an append and of an upsert stream. Field `f7` of record 31 of
 * partition b holds "b-31-7", so that a value in a wrong column is seen.
 */
enum { PARTS = 3, PART_PAGES = 24, PAGE_RECORDS = 5, FIELDS = 40 };

static const char definition[] =
    "source: api\nbase_url: %s\n"
    "defaults:\n"
    "  pagination: {type: page, has_more_path: more}\n"
    "  merge_path: data\n"
    "  partitions: [{name: a}, {name: b}, {name: c}]\n"
    "streams:\n"
    "  appended: {path: \"/part/{{ partition.name }}\"}\n"
    "  upserted: {path: \"/part/{{ partition.name }}\", write: upsert, key: [part, id]}\n";

static void put_record(struct buf *body, char part, int id, int page)
{
    buf_printf(body, "{\"part\": \"%c\", \"id\": %d", part, id);
    /* The parts come to the same fields in different orders. */
    for (int i = 0; i < 4; i++) {
        int field = part == 'b' ? FIELDS - 1 - page - i : (page * (part - 'a' + 1) + i);
        field = (field + FIELDS) % FIELDS;
        buf_printf(body, ", \"f%d\": \"%c-%d-%d\"", field, part, id, field);
        buf_printf(body, ", \"n%d\": %d", field, id * 1000 + field);
    }
    buf_puts(body, "}");
}

static void put_page(struct buf *body, char part, int page)
{
    buf_printf(body,
               "{\"path\": \"/part/%c\", \"query\": \"page=%d\", \"body\": {\"more\": %s, "
               "\"data\": [",
               part, page + 1, page + 1 < PART_PAGES ? "true" : "false");
    for (int i = 0; i < PAGE_RECORDS; i++) {
        if (i)
            buf_puts(body, ", ");
        put_record(body, part, page * PAGE_RECORDS + i, page);
    }
    buf_puts(body, "]}}");
}

/* The newest route wins, and `page=1` is a part of `page=10`: so the high ones come last. */
static void make_routes(const struct mock *mock)
{
    for (int i = 0; i < PARTS; i++)
        for (int page = 0; page < PART_PAGES; page++) {
            AUTO_BUF(body, MIB(1));
            put_page(&body, (char)('a' + i), page);
            mock_post(mock, "/_mock/route", body.ptr);
        }
}

/* Names in which a value is not that of its row and column, or is missing. */
static const char *mixed_up(struct pagetide *pagetide, const char *table)
{
    return pagetide_sql(
        pagetide,
        "select count(*) filter (where e.key ~ '^f' and e.value <> t.part || '-' || t.id || "
        "'-' "
        "|| substr(e.key, 2)) + count(*) filter (where e.key ~ '^n' and e.value::bigint <> "
        "t.id * 1000 + substr(e.key, 2)::bigint) || ' of ' || count(*) from %s t, "
        "jsonb_each_text(to_jsonb(t)) e where e.key ~ '^[fn][0-9]+$' and e.value is not null",
        table);
}

static void check_table(struct pagetide *pagetide, const char *table)
{
    int rows = PARTS * PART_PAGES * PAGE_RECORDS;
    truth_check_ledger(pagetide, table, rows);
    ck_assert_str_eq(pagetide_sql(pagetide, "select count(distinct (part, id)) from %s", table),
                     pagetide_text("%d", rows));
    ck_assert_str_eq(mixed_up(pagetide, table), pagetide_text("0 of %d", 8 * rows));
    ck_assert_str_eq(
        pagetide_sql(pagetide, "select count(*) from %s where _pt_aside is not null", table),
        "0");
}

START_TEST(test_two_workers_and_new_fields_in_one_table)
{
    struct pagetide pagetide;
    struct mock mock;
    struct pagetide_process processes[3];
    mock_start(NULL, &mock);
    make_routes(&mock);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/part/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 5}");
    pagetide_open(&pagetide);
    setenv("PAGETIDE_BATCH_RECORDS", "7", 1);
    setenv("PAGETIDE_BATCH_AGE", "20ms", 1);
    pagetide_source(&pagetide, "api", definition, mock.url);
    ck_assert_int_eq(pagetide_run(&pagetide, "migrate").code, 0);
    ck_assert_int_eq(pagetide_run(&pagetide, "apply %s", pagetide.dir).code, 0);
    const char *deadlocks = "select deadlocks from pg_stat_database where datname = "
                            "current_database()";
    processes[0] = pagetide_spawn(&pagetide, "scheduler");
    processes[1] = pagetide_spawn(&pagetide, "worker --jobs 3");
    processes[2] = pagetide_spawn(&pagetide, "worker --jobs 3");
    ck_assert_int_eq(pagetide_run(&pagetide, "reload api.appended").code, 0);
    ck_assert_int_eq(pagetide_run(&pagetide, "reload api.upserted").code, 0);
    pagetide_await(
        &pagetide, "succeeded 2", 60000,
        "select string_agg(distinct state, ' ') || ' ' || count(*) from pagetide.run");
    for (size_t i = 0; i < COUNT_OF(processes); i++) {
        pagetide_signal(&processes[i], SIGTERM);
        ck_assert_int_eq(pagetide_wait(&processes[i], 25000), 0);
    }
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(distinct worker) from pagetide.job"),
                     "2");
    ck_assert_str_eq(pagetide_sql(&pagetide, "%s", deadlocks), "0");
    printf("%s columns came while two workers loaded\n",
           pagetide_sql(&pagetide, "select count(*) from pagetide.field where stream = "
                                   "'api.appended'"));
    check_table(&pagetide, "api.appended");
    check_table(&pagetide, "api.upserted");
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

enum { SIBLINGS = 12 };

/* Twelve streams whose first pages make the schema and their tables at the same moment. */
START_TEST(test_many_first_tables_at_once)
{
    struct pagetide pagetide;
    struct mock mock;
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    setenv("PAGETIDE_CONNECTIONS", "12", 1);
    const char *text = pagetide_text("source: api\nbase_url: %s\nstreams:\n", mock.url);
    for (int i = 1; i <= SIBLINGS; i++)
        text =
            pagetide_text("%s  s%d:\n    path: /gen/page\n    params: {total: 20, seed: %d}\n"
                          "    pagination: {type: page, total_pages_path: pages}\n"
                          "    merge_path: data\n",
                          text, i, i);
    pagetide_source(&pagetide, "api", "%s", text);
    struct pagetide_result result = pagetide_run(&pagetide, "sync --all");
    ck_assert_msg(result.code == 0, "%s", result.err);
    for (int i = 1; i <= SIBLINGS; i++)
        truth_check_rows(&pagetide, &mock, pagetide_text("api.s%d", i),
                         pagetide_text("total=20&seed=%d", i));
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

SUITE("fault/tables", test_two_workers_and_new_fields_in_one_table,
      test_many_first_tables_at_once)
