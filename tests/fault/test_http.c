#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/rng.h"
#include "tests/support/fault.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#define SUITE_TIMEOUT 120
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/* APIs that fail, lie about lengths, drip and explode. */

static void open_both(struct pagetide *pagetide, struct mock *mock)
{
    mock_start(NULL, mock);
    pagetide_open(pagetide);
}

static void close_both(struct pagetide *pagetide, struct mock *mock)
{
    pagetide_close(pagetide);
    mock_stop(mock);
}

/* The peak of all programs that this test has run, in KiB. */
static long peak_kib(void)
{
    struct rusage usage;
    ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &usage), 0);
    return usage.ru_maxrss;
}

/* --- faults at random --- */

enum { PAGES = 300, FAULTS = 60, BURSTS = 3 };

/* Each hits one request in five, or as a burst three in a row: the fifth failure in a row would
 * pause the host. */
static int add_faults(struct rng *rng, const struct mock *mock)
{
    static const char *const kinds[] = {
        "\"status\"",
        "\"status\", \"status\": 503",
        "\"status\", \"status\": 502",
        "\"truncate\"",
        "\"cut_chunk\"",
        "\"close_delimited\"",
        "\"cut_gzip\"",
        "\"reset\"",
        "\"reset\", \"bytes\": 300",
    };
    int hits = 0;
    for (int i = 0; i < FAULTS; i++) {
        int times = i < BURSTS ? 3 : 1;
        mock_post(mock, "/_mock/fault",
                  pagetide_text("{\"path\": \"/gen/cursor\", \"nth\": %d, \"times\": %d, "
                                "\"kind\": %s}",
                                5 * i + 1 + (int)rng_below(rng, 3), times,
                                kinds[rng_below(rng, COUNT_OF(kinds))]));
        hits += times;
    }
    return hits;
}

START_TEST(test_random_faults_cost_no_row)
{
    struct pagetide pagetide;
    struct mock mock;
    struct rng rng;
    pagetide_seed(&rng);
    open_both(&pagetide, &mock);
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\nstreams:\n"
                    "  s:\n    path: /gen/cursor\n"
                    "    params: {limit: 10, total: 3000, seed: 9}\n"
                    "    pagination: {type: cursor, cursor_path: next_cursor, param: cursor}\n"
                    "    merge_path: data\n"
                    "    retry: {max_attempts: 40, initial_delay: 5ms, max_delay: 20ms}\n",
                    mock.url);
    int hits = add_faults(&rng, &mock);
    struct pagetide_result result = pagetide_run(&pagetide, "sync api.s --json");
    ck_assert_msg(result.code == 0, "%s", result.err);
    int64_t requests = mock_count(&mock, "/gen/cursor");
    const char *retries = pagetide_json(pagetide_last_line(result.out), "retries");
    printf("%d faults waiting, %lld requests for %d pages, %s retries, %.1f s\n", hits,
           (long long)requests, PAGES, retries, (double)result.ms / 1000);
    ck_assert_int_eq(requests, PAGES + hits);
    /* libcurl itself repeats what a kept connection lost before the first byte. */
    ck_assert_int_le(strtol(retries, NULL, 10), hits);
    ck_assert_int_ge(strtol(retries, NULL, 10), hits / 2);
    truth_check_ledger(&pagetide, "api.s", 3000);
    truth_check_rows(&pagetide, &mock, "api.s", "total=3000&seed=9");
    fault_note("45 49", "answers cut in all ways, resets, 5xx, at random", requests - PAGES,
               "%d bad answers", hits);
    close_both(&pagetide, &mock);
}
END_TEST

/* --- slow and huge --- */

static const char guarded[] =
    "source: api\nbase_url: %s\nmax_body: 4MiB\n"
    "timeouts: %s\n"
    "retry: {max_attempts: 2, initial_delay: 10ms, max_delay: 20ms}\n"
    "streams:\n"
    "  s:\n    path: /gen/page\n    params: {per_page: 10, total: 30, seed: 1}\n"
    "    pagination: {type: page, total_pages_path: pages}\n    merge_path: data\n";

#define SHORT   "{connect: 1s, first_byte: 1s, idle: 500ms, total: 2s}"
#define SLOW    "{connect: 5s, first_byte: 5s, idle: 1s, total: 10s}"
#define PATIENT "{connect: 20s, first_byte: 20s, idle: 20s, total: 60s}"

/* One slow answer, then a good one: the page is taken, within the timeout. */
START_TEST(test_slow_answers_are_given_up)
{
    static const struct {
        const char *fault;
        int64_t at_least_ms;
    } cases[] = {
        {"\"drip\", \"bytes\": 1, \"ms\": 200", 900},
        {"\"drip\", \"bytes\": 100, \"ms\": 1500", 450},
        {"\"hang\"", 900},
        {"\"slow_ms\", \"ms\": 50000", 900},
    };
    struct pagetide pagetide;
    struct mock mock;
    open_both(&pagetide, &mock);
    pagetide_source(&pagetide, "api", guarded, mock.url, pagetide_is_slow() ? SLOW : SHORT);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mock_post(&mock, "/_mock/reset", "{}");
        mock_post(&mock, "/_mock/fault",
                  pagetide_text("{\"path\": \"/gen/page\", \"page\": 2, \"kind\": %s}",
                                cases[i].fault));
        struct pagetide_result result =
            pagetide_run(&pagetide, "sync api.s --full --again --json");
        ck_assert_msg(result.code == 0, "%s: %s", cases[i].fault, result.err);
        ck_assert_str_eq(pagetide_json(pagetide_last_line(result.out), "retries"), "1");
        ck_assert_msg(result.ms >= cases[i].at_least_ms && result.ms <= 40000, "%s: %lld ms",
                      cases[i].fault, (long long)result.ms);
    }
    truth_check_ledger(&pagetide, "api.s", 30 * (int64_t)COUNT_OF(cases));
    fault_note("47", "drips, hangs, slow answers", -1, "%d ways", (int)COUNT_OF(cases));
    close_both(&pagetide, &mock);
}
END_TEST

/* 64 MiB out of 64 KiB, and headers without end: refused, in little memory. */
START_TEST(test_bombs_are_refused)
{
    static const struct {
        const char *fault, *says;
    } cases[] = {
        {"\"bomb\"", "4"},
        {"\"headers\", \"bytes\": 3000000", "header"},
    };
    struct pagetide pagetide;
    struct mock mock;
    open_both(&pagetide, &mock);
    pagetide_source(&pagetide, "api", guarded, mock.url, PATIENT);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mock_post(&mock, "/_mock/reset", "{}");
        mock_post(&mock, "/_mock/fault",
                  pagetide_text("{\"path\": \"/gen/page\", \"page\": 2, \"times\": -1, "
                                "\"kind\": %s}",
                                cases[i].fault));
        struct pagetide_result result =
            pagetide_run(&pagetide, "sync api.s --full --again --json");
        const char *line = pagetide_last_line(result.out);
        printf("%s: %s\n", cases[i].fault, pagetide_json(line, "error"));
        ck_assert_int_eq(result.code, 1);
        ck_assert_str_eq(pagetide_json(line, "state"), "failed");
        ck_assert_str_eq(pagetide_json(line, "pages"), "1");
        ck_assert_ptr_nonnull(strstr(pagetide_json(line, "error"), cases[i].says));
    }
    printf("peak memory %ld KiB\n", peak_kib());
    if (!pagetide_is_sanitized())
        ck_assert_int_lt(peak_kib(), 30 << 10);
    fault_note("53", "bombs of gzip and headers", -1, "%d; at most %ld KiB of memory",
               (int)COUNT_OF(cases), peak_kib());
    close_both(&pagetide, &mock);
}
END_TEST

/* --- memory --- */

START_TEST(test_thousand_pages_stay_under_40_mb)
{
    struct pagetide pagetide;
    struct mock mock;
    open_both(&pagetide, &mock);
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\nstreams:\n"
                    "  s:\n    path: /gen/page\n"
                    "    params: {per_page: 100, total: 100000, seed: 1, record_bytes: 900}\n"
                    "    pagination: {type: page, total_pages_path: pages}\n"
                    "    merge_path: data\n",
                    mock.url);
    struct pagetide_result result = pagetide_run(&pagetide, "sync api.s --json");
    ck_assert_msg(result.code == 0, "%s", result.err);
    printf("1,000 pages, %s bytes, %.1f s, peak memory %ld KiB\n",
           pagetide_json(pagetide_last_line(result.out), "bytes"), (double)result.ms / 1000,
           peak_kib());
    if (!pagetide_is_sanitized())
        ck_assert_int_lt(peak_kib() * 1024, 40 * 1000 * 1000);
    truth_check_ledger(&pagetide, "api.s", 100000);
    close_both(&pagetide, &mock);
}
END_TEST

/* Side by side, each larger than what is left: they take turns, and none is lost. */
START_TEST(test_large_pages_side_by_side_keep_to_memory)
{
    enum { STREAMS = 10 };
    int records = pagetide_is_slow() ? 12000 : 24000;
    struct pagetide pagetide;
    struct mock mock;
    open_both(&pagetide, &mock);
    setenv("PAGETIDE_MEMORY", "16MiB", 1);
    const char *text = pagetide_text("source: api\nbase_url: %s\nstreams:\n", mock.url);
    for (int i = 1; i <= STREAMS; i++)
        text = pagetide_text("%s  s%d:\n    path: /gen/page\n"
                             "    params: {per_page: %d, total: %d, seed: %d, record_bytes: "
                             "900}\n    pagination: {type: page, total_pages_path: pages}\n"
                             "    merge_path: data\n",
                             text, i, records, records, i);
    pagetide_source(&pagetide, "api", "%s", text);
    struct pagetide_result result = pagetide_run(&pagetide, "sync --all --json");
    ck_assert_msg(result.code == 0, "%s", result.err);
    printf("10 pages of %d MB in 16 MiB: %.1f s, peak memory %ld KiB\n", records / 1000,
           (double)result.ms / 1000, peak_kib());
    for (int i = 1; i <= STREAMS; i++)
        truth_check_rows(&pagetide, &mock, pagetide_text("api.s%d", i),
                         pagetide_text("total=%d&seed=%d&record_bytes=900", records, i));
    ck_assert_str_eq(pagetide_sql(&pagetide, "select max(attempts) from pagetide.page"), "1");
    /* Two pages at most, each its body and its rows: one is cut, one is being committed. */
    if (!pagetide_is_sanitized())
        ck_assert_int_lt(peak_kib(), 140 << 10);
    close_both(&pagetide, &mock);
}
END_TEST

/* A small body that becomes hundreds of megabytes of rows. */
START_TEST(test_pages_that_become_too_much_are_refused)
{
    enum { EMPTY_RECORDS = 300000, COLUMNS = 500, COPIES = 500 };
    struct pagetide pagetide;
    struct mock mock;
    open_both(&pagetide, &mock);
    AUTO_BUF(route, MIB(4));
    buf_puts(&route, "{\"path\": \"/empty\", \"body\": \"[{}");
    for (int i = 1; i < EMPTY_RECORDS; i++)
        buf_puts(&route, ",{}");
    buf_puts(&route, "]\"}");
    mock_post(&mock, "/_mock/route", route.ptr);
    buf_reset(&route);
    buf_puts(&route, "{\"path\": \"/copies\", \"body\": {\"v\": \"");
    memset(buf_room(&route, MIB(1)), 'v', MIB(1));
    route.len += MIB(1);
    buf_puts(&route, "\", \"data\": [{}");
    for (int i = 1; i < COPIES; i++)
        buf_puts(&route, ",{}");
    buf_puts(&route, "]}}");
    mock_post(&mock, "/_mock/route", route.ptr);
    AUTO_BUF(columns, KIB(64));
    for (int i = 0; i < COLUMNS; i++)
        buf_printf(&columns, "%sc%d: {type: text}", i ? ", " : "", i);
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\nstreams:\n"
                    "  empty: {path: /empty, merge_path: ., pagination: {type: none}, columns: "
                    "{%s}}\n"
                    "  copies: {path: /copies, merge_path: data, pagination: {type: none}, "
                    "with: {v: v}}\n",
                    mock.url, columns.ptr);
    struct pagetide_result result = pagetide_run(&pagetide, "sync --all");
    ck_assert_int_eq(result.code, 1);
    ck_assert_msg(strcmp(pagetide_sql(&pagetide, "select string_agg(reason, ' ') from "
                                                 "pagetide.job where error like "
                                                 "'%%the setting `memory`%%'"),
                         "body body") == 0,
                  "%s", result.err);
    printf("refused in %.1f s, peak memory %ld KiB\n", (double)result.ms / 1000, peak_kib());
    if (!pagetide_is_sanitized())
        ck_assert_int_lt(peak_kib(), 250 << 10);
    close_both(&pagetide, &mock);
}
END_TEST

/* Seconds of work on one page: the other stream of the process goes on. */
START_TEST(test_a_page_that_takes_long_lets_others_go_on)
{
    int records = pagetide_is_slow() ? 100 : 2000;
    struct pagetide pagetide;
    struct mock mock;
    open_both(&pagetide, &mock);
    setenv("PAGETIDE_BATCH_AGE", "100ms", 1);
    mock_post(&mock, "/_mock/fault",
              "[{\"path\": \"/gen/page\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 30},"
              " {\"path\": \"/gen/offset\", \"kind\": \"slow_ms\", \"ms\": 1000}]");
    pagetide_source(&pagetide, "api",
                    "source: api\nbase_url: %s\nstreams:\n"
                    "  heavy: {path: /gen/offset, params: {limit: %d, total: %d}, "
                    "pagination: {type: none}, merge_path: data, where: "
                    "\"{{ ([id] * 20000) | sum < 0 }}\"}\n"
                    "  light: {path: /gen/page, params: {per_page: 1, total: 200}, "
                    "pagination: {type: page, total_pages_path: pages}, merge_path: data}\n",
                    mock.url, records, records);
    struct pagetide_result result = pagetide_run(&pagetide, "sync --all");
    ck_assert_msg(result.code == 0, "%s", result.err);
    const char *heavy =
        pagetide_sql(&pagetide, "select extract(epoch from p.committed_at - p.fetched_at) "
                                "from pagetide.page p join pagetide.job j on j.id = p.job "
                                "join pagetide.run r on r.id = j.run "
                                "where r.stream = 'api.heavy'");
    const char *pause =
        pagetide_sql(&pagetide, "select max(pause) from (select extract(epoch from "
                                "p.committed_at - lag(p.committed_at) over (order by "
                                "p.number)) as pause from pagetide.page p join "
                                "pagetide.job j on j.id = p.job join pagetide.run r on "
                                "r.id = j.run where r.stream = 'api.light') s");
    printf("a page of %s s of work, longest pause of the other %s s\n", heavy, pause);
    ck_assert(strtod(heavy, NULL) > 2);
    ck_assert(strtod(pause, NULL) < (pagetide_is_slow() ? strtod(heavy, NULL) : 1.5));
    close_both(&pagetide, &mock);
}
END_TEST

SUITE("fault/http", test_random_faults_cost_no_row, test_slow_answers_are_given_up,
      test_bombs_are_refused, test_thousand_pages_stay_under_40_mb,
      test_large_pages_side_by_side_keep_to_memory, test_pages_that_become_too_much_are_refused,
      test_a_page_that_takes_long_lets_others_go_on)
