#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#define SUITE_TIMEOUT 300
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/*
 * Random pages with keys that come again and again, committed in batches of random size by a
 * process that is killed at random moments: whichever way its rows take (worker/load/way.h), a
 * table has what the pages say. Three rounds: a first load, the same pages again, and with some
 * of their records changed. The tables that are replaced have a fourth, of other records:
 * whoever reads them meanwhile sees what they had, or what they are to have.
 */
enum {
    PAGES = 30,
    RECORDS_MIN = 3,
    RECORDS_MAX = 12,
    KEYS = 220,
    KILLS = 8, /* a round */
    ROUNDS = 3,
};

/* `small` is a declared type, written in its own binary form (worker/values/form.h); the key of
 * `staged` is one that only the server hashes. */
static const char definition[] =
    "source: api\n"
    "base_url: %s\n"
    "defaults:\n"
    "  path: /p\n"
    "  pagination: {type: page, total_pages_path: pages}\n"
    "  merge_path: data\n"
    "streams:\n"
    "  plain: {params: {s: plain}}\n"
    "  counted: {params: {s: counted}, key: [id]}\n"
    "  upserted: {params: {s: upserted}, write: upsert, key: [id]}\n"
    "  twofold: {params: {s: twofold}, write: upsert, key: [k, n]}\n"
    "  staged: {params: {s: staged}, write: upsert, key: [id], "
    "columns: {id: \"numeric(9,0)\"}}\n"
    "  small: {params: {s: small}, write: upsert, key: [id], columns: {id: integer}}\n"
    "  mixed: {params: {s: mixed}, write: upsert, key: [id], columns: {small: smallint}}\n"
    "  replaced: {params: {s: replaced}, write: replace, key: [id], shrink_guard: 0%%}\n"
    "  renewed: {params: {s: renewed}, write: replace, shrink_guard: 0%%}\n"
    "  thinned: {params: {s: thinned}, write: replace, key: [id], shrink_guard: 0%%, "
    "deleted: \"{{ gone }}\"}\n"
    "  deleted: {params: {s: deleted}, write: upsert, key: [id], deleted: \"{{ gone }}\"}\n"
    "  marked: {params: {s: marked}, write: upsert, key: [k, n], deleted: \"{{ gone }}\", "
    "deletes: soft}\n"
    "  past: {params: {s: past}, write: history, key: [id], shrink_guard: 0%%, "
    "deleted: \"{{ gone }}\"}\n";

static const char *const upserts[] = {"upserted", "twofold", "staged", "small", "mixed"};
static const char *const appends[] = {"plain", "counted"};
#define KEYED_STREAMS                                                                          \
    "api.upserted api.twofold api.staged api.small api.mixed api.deleted api.marked"
#define REPLACED "api.replaced api.renewed api.thinned api.past"

struct siege {
    struct pagetide pagetide;
    struct mock mock;
    struct rng rng;
    uint64_t seed;
    int counts[PAGES], ids[PAGES][RECORDS_MAX], versions[PAGES][RECORDS_MAX];
};

static int below(struct siege *siege, int limit)
{
    return (int)rng_below(&siege->rng, (uint64_t)limit);
}

/* --- the pages --- */

static void make_records(struct siege *siege)
{
    for (int page = 0; page < PAGES; page++) {
        siege->counts[page] = RECORDS_MIN + below(siege, RECORDS_MAX - RECORDS_MIN + 1);
        /* An early page has new keys as a rule, so that some batches are all new. */
        int first = page < PAGES / 2 ? page * (KEYS / PAGES) : 0;
        int width = page < PAGES / 2 ? 2 * RECORDS_MAX : KEYS;
        for (int i = 0; i < siege->counts[page]; i++) {
            siege->ids[page][i] = first + below(siege, width);
            siege->versions[page][i] = below(siege, 3);
        }
    }
}

static void change_some(struct siege *siege)
{
    for (int page = 0; page < PAGES; page++)
        for (int i = 0; i < siege->counts[page]; i++)
            if (below(siege, 20) == 0)
                siege->versions[page][i] += 10;
}

static void put_record(struct siege *siege, struct buf *buf, struct buf *truth, int page, int i)
{
    int id = siege->ids[page][i], version = siege->versions[page][i];
    buf_printf(buf,
               "%s{\"id\":%d,\"k\":\"k,\\\"%d\",\"n\":%d.5%s,\"small\":\"%d\",\"v\":\"v%d\","
               "\"gone\":%s}",
               i ? "," : "", id, id % 7, id, version % 2 ? "0" : "", version, version,
               version % 3 == 2 ? "true" : "false");
    buf_printf(truth, "%s(%d,%d,%d,%d)", page || i ? "," : "", page, i, id, version);
}

/* The mock has them as routes, the database as the table `truth`. */
static void publish(struct siege *siege)
{
    AUTO_BUF(truth, MIB(1));
    for (int page = 0; page < PAGES; page++) {
        AUTO_BUF(buf, MIB(1));
        buf_printf(&buf,
                   "{\"path\":\"/p\",\"query\":\"page=%d\",\"body\":{\"pages\":%d,\"data\":[",
                   page + 1, PAGES);
        for (int i = 0; i < siege->counts[page]; i++)
            put_record(siege, &buf, &truth, page, i);
        buf_puts(&buf, "]}}");
        mock_post(&siege->mock, "/_mock/route", buf.ptr);
    }
    pagetide_sql(&siege->pagetide,
                 "drop table truth; create table truth (page int, pos int, id int, "
                 "version int); insert into truth values %s",
                 truth.ptr);
}

/* The versions of each record: what the run before had, and what this one has in its place. */
static void publish_versions(struct siege *siege, int round)
{
    pagetide_sql(
        &siege->pagetide,
        "create table if not exists versions (id int, version int, opened int, "
        "closed int); create temp table newest as select * from (select distinct on "
        "(id) * from truth order by id, page desc, pos desc) r where version %% 3 <> 2; "
        "update versions v set closed = %d where closed is null and not exists (select "
        "from newest n where n.id = v.id and n.version = v.version); "
        "insert into versions select id, version, %d, null from newest n where not "
        "exists (select from versions v where v.id = n.id and closed is null)",
        round, round);
}

/* --- what must hold --- */

#define COLUMNS "t.id::int, t.k, t.n::numeric(9,1), t.small::text, t.v"
#define RECORD                                                                                 \
    "r.id, 'k,\"' || r.id %% 7, (r.id + 0.5)::numeric(9,1), r.version::text, 'v' || r.version"

static void check_same(struct siege *siege, const char *table, const char *truth)
{
    const char *differences = pagetide_sql(
        &siege->pagetide,
        "select count(*) from ((select " COLUMNS " from api.%s t except all %s) union all "
        "(%s except all select " COLUMNS " from api.%s t)) d",
        table, truth, truth, table);
    ck_assert_msg(strcmp(differences, "0") == 0, "api.%s: %s rows differ (seed %llu)", table,
                  differences, (unsigned long long)siege->seed);
}

static void check_folded(struct siege *siege, const char *stream)
{
    const char *folded = pagetide_sql(
        &siege->pagetide,
        "select (select count(*) - count(distinct id) from truth) - folded from pagetide.run "
        "where stream = 'api.%s' order by id desc limit 1",
        stream);
    ck_assert_msg(strcmp(folded, "0") == 0, "api.%s: folded is wrong by %s (seed %llu)", stream,
                  folded, (unsigned long long)siege->seed);
}

static const char *all_records(void)
{
    return pagetide_text("select " RECORD " from truth r");
}

static const char *newest_records(void)
{
    return pagetide_text("select " RECORD " from (select distinct on (id) * from truth "
                         "order by id, page desc, pos desc) r");
}

static const char *present_records(void)
{
    return pagetide_text("%s where version %% 3 <> 2", newest_records());
}

static void check_deleted(struct siege *siege)
{
    check_same(siege, "deleted", present_records());
    pagetide_sql(&siege->pagetide,
                 "drop view if exists api.unmarked; create view api.unmarked as "
                 "select * from api.marked where _pt_deleted_at is null");
    check_same(siege, "unmarked", present_records());
}

/* Runs of the stream are numbered as the rounds are. */
static void check_versions(struct siege *siege)
{
    const char *differences = pagetide_sql(
        &siege->pagetide,
        "with had as (select t.id::int, t.v, (select count(*) from pagetide.run r where "
        "r.stream = 'api.past' and r.started_at <= t._pt_from), (select nullif(count(*), 0) "
        "from pagetide.run r where r.stream = 'api.past' and r.started_at <= t._pt_to), "
        "t._pt_current from api.past t), should as (select id, 'v' || version, opened::bigint, "
        "closed::bigint, closed is null from versions) select count(*) from ((table had except "
        "all table should) union all (table should except all table had)) d");
    ck_assert_msg(strcmp(differences, "0") == 0, "api.past: %s rows differ (seed %llu)",
                  differences, (unsigned long long)siege->seed);
}

static void check_replaced(struct siege *siege)
{
    check_versions(siege);
    check_same(siege, "thinned", present_records());
    check_same(siege, "replaced", newest_records());
    check_folded(siege, "replaced");
    check_same(siege, "renewed", all_records());
    ck_assert_str_eq(pagetide_sql(&siege->pagetide,
                                  "select string_agg(relname, ' ') from pg_class where "
                                  "relnamespace = 'pagetide'::regnamespace and relname like "
                                  "'kept%%'"),
                     "");
}

/* What somebody sees who reads a table while it is replaced. */
static void check_whole(struct siege *siege, const char *table, const char *truth)
{
    const char *is_whole = pagetide_sql(
        &siege->pagetide,
        "with seen as (select " COLUMNS " from api.%s t), old as (select * from old_%s), "
        "new as (%s) select not exists ((select * from seen except all select * from old) "
        "union "
        "all (select * from old except all select * from seen)) or not exists ((select * from "
        "seen except all select * from new) union all (select * from new except all select * "
        "from seen))",
        table, table, truth);
    ck_assert_msg(strcmp(is_whole, "t") == 0, "api.%s is torn (seed %llu)", table,
                  (unsigned long long)siege->seed);
}

static void keep_old(struct siege *siege, const char *table)
{
    pagetide_sql(&siege->pagetide, "create table old_%s as select " COLUMNS " from api.%s t",
                 table, table);
}

static void check_round(struct siege *siege, bool has_appended)
{
    check_replaced(siege);
    check_deleted(siege);
    for (size_t i = 0; i < COUNT_OF(upserts); i++) {
        check_same(siege, upserts[i], newest_records());
        check_folded(siege, upserts[i]);
    }
    for (size_t i = 0; i < COUNT_OF(appends) && has_appended; i++)
        check_same(siege, appends[i], all_records());
    if (has_appended)
        check_folded(siege, "counted");
    ck_assert_str_eq(
        pagetide_sql(&siege->pagetide,
                     "select count(*) from pagetide.run where state <> 'succeeded'"),
        "0");
    ck_assert_str_eq(pagetide_sql(&siege->pagetide, "select count(*) from pagetide.job_keys"),
                     "0");
}

/* --- a round --- */

/* Some job would not survive another loss without a page between. */
static bool is_endangered(struct siege *siege)
{
    return *pagetide_sql(&siege->pagetide,
                         "select 'yes' from pagetide.job where crashes >= 2 and not "
                         "pagetide.is_end(state) limit 1") != '\0';
}

static void await_safety(struct siege *siege, struct pagetide_process *sync)
{
    int64_t deadline = pagetide_deadline(30000);
    while (is_endangered(siege) && pagetide_is_running(sync)) {
        ck_assert_msg(clock_mono_ms() < deadline, "no progress:\n%s", pagetide_err(sync));
        usleep(5000);
    }
}

/* The streams, and those that append until they are over: another run of them would store what
 * is there. */
static struct pagetide_process start(struct siege *siege, const char *streams)
{
    char text[24];
    const char *appending = pagetide_sql(
        &siege->pagetide,
        "select string_agg(s, ' ') from unnest('{api.plain,api.counted}'::text[]) s where not "
        "exists (select from pagetide.run r where r.stream = s and r.state = 'succeeded')");
    snprintf(text, sizeof text, "%d", 1 + below(siege, 60));
    setenv("PAGETIDE_BATCH_RECORDS", text, 1);
    return pagetide_spawn(&siege->pagetide, "sync %s %s --log-level debug", streams, appending);
}

static void run_round(struct siege *siege, const char *streams, bool is_watched)
{
    int kills = 0;
    struct pagetide_process sync = start(siege, streams);
    for (; kills < KILLS; kills++) {
        usleep((useconds_t)(1000 * below(siege, 250)));
        await_safety(siege, &sync);
        if (is_watched) {
            check_whole(siege, "replaced", newest_records());
            check_whole(siege, "renewed", all_records());
        }
        if (!pagetide_is_running(&sync))
            break;
        pagetide_kill(&sync);
        sync = start(siege, streams);
    }
    int code = pagetide_wait(&sync, 60000);
    const char *err = pagetide_err(&sync);
    size_t len = strlen(err);
    ck_assert_msg(code == 0, "%s",
                  err + (len > 2000 ? len - 2000 : 0)); /* Check's limit: 4 KB */
    printf("%d kills\n", kills);
}

START_TEST(a_table_has_what_the_pages_say)
{
    struct siege siege;
    siege.seed = pagetide_seed(&siege.rng);
    mock_start(NULL, &siege.mock);
    pagetide_open(&siege.pagetide);
    pagetide_source(&siege.pagetide, "api", definition, siege.mock.url);
    setenv("PAGETIDE_BATCH_AGE", "20ms", 1);
    ck_assert_int_eq(pagetide_run(&siege.pagetide, "migrate").code, 0);
    pagetide_sql(&siege.pagetide, "create table truth ()");
    make_records(&siege);
    for (int round = 0; round < ROUNDS; round++) {
        if (round == 2)
            change_some(&siege);
        publish(&siege);
        publish_versions(&siege, round + 1);
        mock_post(&siege.mock, "/_mock/fault",
                  "{\"path\": \"/p\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 8}");
        run_round(&siege, KEYED_STREAMS " " REPLACED, false);
        check_round(&siege, round == 0);
    }
    keep_old(&siege, "replaced");
    keep_old(&siege, "renewed");
    make_records(&siege);
    publish(&siege);
    publish_versions(&siege, ROUNDS + 1);
    run_round(&siege, REPLACED, true);
    check_replaced(&siege);
    pagetide_close(&siege.pagetide);
    mock_stop(&siege.mock);
}
END_TEST

SUITE("fault/load", a_table_has_what_the_pages_say)
