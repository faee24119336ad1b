#include "tests/support/truth.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/servers.h"

int64_t truth_checks, truth_lost, truth_doubled;

#define FIELDS "id, name, score, created_at, active"

void truth_check_rows(struct pagetide *pagetide, const struct mock *mock, const char *table,
                      const char *query)
{
    mock_post(mock, "/_mock/reset", "{}");
    const char *body =
        mock_get(mock, pagetide_text("/gen/offset?offset=0&limit=1000000&%s", query));
    pagetide_sql(pagetide,
                 "set client_min_messages = warning; drop table if exists public.truth; create "
                 "table public.truth as select t.* "
                 "from jsonb_to_recordset(('%s'::jsonb) -> 'data') as t (id bigint, name text, "
                 "score numeric, created_at timestamptz, active boolean)",
                 body);
    const char *wrong =
        pagetide_sql(pagetide,
                     "select 'lost ' || (select count(*) from (select " FIELDS
                     " from public.truth except all "
                     "select " FIELDS
                     " from %s) l) || ', too many ' || (select count(*) from (select " FIELDS
                     " from %s except all select " FIELDS " from public.truth) m)",
                     table, table);
    long lost = -1, doubled = -1;
    ck_assert_int_eq(sscanf(wrong, "lost %ld, too many %ld", &lost, &doubled), 2);
    truth_checks++;
    truth_lost += lost;
    truth_doubled += doubled;
    ck_assert_msg(lost == 0 && doubled == 0, "%s: %s", table, wrong);
}

void truth_check_ledger(struct pagetide *pagetide, const char *table, int64_t rows)
{
    const char *wrong = pagetide_sql(
        pagetide,
        "select coalesce(string_agg(format('job %%s: %%s pages, %%s records, %%s bytes; ledger "
        "%%s pages up to %%s, %%s records, %%s bytes', j.id, j.page, j.records, j.bytes, "
        "l.pages, "
        "l.last, l.records, l.bytes), '; '), '') from pagetide.job j left join lateral (select "
        "count(*) as pages, coalesce(max(number), 0) as last, coalesce(sum(records), 0) as "
        "records, coalesce(sum(bytes), 0) as bytes from pagetide.page p where p.job = j.id) l "
        "on "
        "true where (j.page, j.page, j.records, j.bytes) is distinct from (l.pages, l.last, "
        "l.records, l.bytes)");
    ck_assert_msg(*wrong == '\0', "%s", wrong);
    ck_assert_str_eq(pagetide_sql(pagetide, "select count(*) from %s", table),
                     pagetide_text("%lld", (long long)rows));
}

void truth_check_idle(struct pagetide *pagetide)
{
    pagetide_await(pagetide, "0", 20000,
                   "select count(*) from pagetide.job where owner is not null");
    int64_t deadline = clock_mono_ms() + 60000;
    const char *keys = NULL;
    do {
        keys = servers_redis(pagetide->redis_url, "KEYS pagetide:job:*");
        if (!*keys)
            return;
        usleep(20000);
    } while (clock_mono_ms() < deadline);
    ck_abort_msg("left in Redis: %s", keys);
}
