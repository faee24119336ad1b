#include "worker/load/probe.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/support/servers.h"
#define SUITE_TIMEOUT 60
#include "tests/support/suite.h"
#include "worker/values/encode.h"

/* A table and batches made by chance: what a probe names is what a look at each row would. */
enum { ROWS_MAX = 200, KEYS = 3 * ROWS_MAX, ROUNDS = 60 };

static struct loop *loop;
static struct pg *pg;
static struct err err = ERR_INIT;
static struct rng rng;
static struct column items[2];
static struct column_map map = {.columns = {.items = items, .count = 2}};
static struct stream stream;
static int64_t step; /* from one key to the next */

/* What the table has of a key. */
static struct known {
    bool is_there, has_hash, is_marked;
    int64_t hash;
} table[KEYS];

/* A batch, and which of its rows are to be named. */
static struct batch *batch;
static bool is_used[KEYS], is_wanted[ROWS_MAX];
static size_t wanted, fresh;
static bool has_marks;

static void set_up(void)
{
    const struct pg_options options = {.url = servers_database_url(), .name = "pagetide test"};
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(pg_open(loop, &options, NULL, NULL, &pg, &err), err);
    rng_seed(&rng, 7);
    stream = (struct stream){.table = {.schema = STR("pg_temp"),
                                       .name = STR("probed"),
                                       .write = WRITE_UPSERT,
                                       .key_count = 1}};
    items[0] = (struct column){.type = COLUMN_TEXT, .name = STR("note")};
    items[1] = (struct column){.type = COLUMN_BIGINT, .name = STR("id"), .is_key = true};
}

static void tear_down(void)
{
    pg_close(pg);
    loop_free(loop);
}

static void execute(const char *sql)
{
    struct pg_result *result;
    ck_assert_ok(pg_await(pg, sql, NULL, 0, 10000, &result, &err), err);
    pg_result_free(result);
}

static long long key_of(size_t at)
{
    return ((long long)at - KEYS / 2) * step;
}

static void make_table(void)
{
    AUTO_BUF(sql, MIB(1));
    buf_puts(&sql, "drop table if exists pg_temp.probed; create temp table probed (note text, "
                   "id bigint unique, _pt_hash bigint, _pt_deleted_at timestamptz)");
    for (size_t i = 0; i < KEYS; i++) {
        struct known *known = &table[i];
        *known = (struct known){.is_there = rng_below(&rng, 4) > 0,
                                .has_hash = rng_below(&rng, 20) > 0,
                                .is_marked = rng_below(&rng, 10) == 0,
                                .hash = (int64_t)rng_below(&rng, 3)};
        if (known->is_there)
            buf_printf(&sql, "; insert into probed values ('', %lld, nullif(%d, -1), %s)",
                       key_of(i), known->has_hash ? (int)known->hash : -1,
                       known->is_marked ? "now()" : "null");
    }
    execute(sql.ptr);
}

/* A record that is gone is the same as no row, and as one that is marked where `soft` holds. A
 * row without a hash is one of the hash 0 where records may say that they are gone. */
static bool is_same(const struct known *known, bool is_gone, int64_t hash)
{
    bool may_be_gone = stream.merge.deleted, is_soft = stream.table.deletes == DELETES_SOFT;
    bool is_marked = known->is_marked && has_marks;
    if (!known->is_there)
        return is_gone;
    if (is_marked && may_be_gone && !is_soft)
        return !is_gone && hash == 0;
    if (is_marked || (!known->has_hash && !may_be_gone))
        return is_gone;
    return !is_gone && (known->has_hash ? known->hash : 0) == hash;
}

static void put_row(size_t at)
{
    bool is_gone = stream.merge.deleted && rng_below(&rng, 5) == 0;
    int64_t hash = (int64_t)rng_below(&rng, 3);
    size_t row = batch->row_count;
    batch_row_begin(batch, row, STR("{}"));
    buf_put_be16(&batch->rows, 3);
    encode_text(&batch->rows, STR("note"));
    encode_int8(&batch->rows, key_of(at));
    if (is_gone)
        encode_null(&batch->rows);
    else
        encode_int8(&batch->rows, hash);
    is_used[at] = true;
    is_wanted[row] = !is_same(&table[at], is_gone, hash);
    wanted += is_wanted[row];
    fresh += is_wanted[row] && !table[at].is_there;
}

static void make_batch(void)
{
    size_t rows = 1 + rng_below(&rng, ROWS_MAX), from = rng_below(&rng, KEYS - rows);
    bool is_ordered = rng_below(&rng, 2);
    memset(is_used, false, sizeof is_used);
    wanted = fresh = 0;
    for (size_t i = 0; i < rows; i++) {
        size_t at = is_ordered ? from + i : rng_below(&rng, KEYS);
        if (!is_used[at])
            put_row(at);
    }
}

static void on_answer(void *ctx, const struct pg_result *result, const struct err *why)
{
    struct probe *probe = ctx;
    ck_assert_msg(!why, "%s", why ? why->text : "");
    probe_read(probe, result);
    pg_query(pg, "select 1", NULL, 0, 10000, NULL, NULL);
}

static void check_probe(struct probe *probe)
{
    const struct probe_question question = {
        .stream = &stream, .map = &map, .batch = batch, .has_marks = has_marks};
    probe_send(probe, pg, &question, on_answer, probe);
    execute("select 2"); /* statements are answered in their order */
    ck_assert_uint_eq(probe->count, wanted);
    ck_assert_uint_eq(probe->fresh, fresh);
    for (size_t i = 0; i < probe->count; i++) {
        ck_assert(is_wanted[probe->rows[i]]);
        ck_assert(i == 0 || probe->rows[i - 1] < probe->rows[i]);
    }
}

static void check_rounds(void)
{
    struct probe probe = {0};
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 10 == 0)
            make_table();
        batch = batch_new(MIB(1));
        batch_page_begin(batch);
        make_batch();
        check_probe(&probe);
        batch_free(batch);
    }
    probe_done(&probe);
}

START_TEST(rows_that_the_table_lacks_are_named)
{
    static struct template says_gone;
    set_up();
    for (step = 1; step <= 100; step *= 100) {
        for (int marks = 0; marks <= 1; marks++) {
            has_marks = marks;
            stream.merge.deleted = NULL;
            check_rounds();
            stream.merge.deleted = &says_gone;
            stream.table.deletes = DELETES_HARD;
            check_rounds();
        }
        stream.table.deletes = DELETES_SOFT;
        check_rounds();
    }
    tear_down();
}
END_TEST

SUITE("worker/probe", rows_that_the_table_lacks_are_named)
