#include "worker/load/loader.h"

#include "base/clock.h"
#include "base/mem.h"
#include "config/source.h"
#include "tests/support/schema.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"
#include "worker/rows/cut.h"

static struct loop *loop;
static struct loaders *loaders;
static struct loader *loader;
static struct arena *arena;
static struct err err = ERR_INIT;

/* What came back, as "1 applied; 2 applied ended succeeded …". */
static struct buf outcomes;
static size_t outcome_count, mark_count;
static bool all_outcomes;
static int commits_told;

static void on_committed(void *ctx)
{
    (void)ctx;
    commits_told++;
}

static void on_outcome(void *mark_ctx, const struct mark_outcome *outcome)
{
    static const char *const names[] = {"applied", "skipped", "refused", "behind", "failed"};
    ck_assert_str_eq(mark_ctx, "run");
    buf_printf(&outcomes, "%s%d %s", outcomes.len ? "; " : "", outcome->page,
               names[outcome->verdict]);
    if (outcome->verdict == MARK_FAILED)
        buf_printf(&outcomes, " %s: %s", job_reason_name(outcome->reason), outcome->err->text);
    if (outcome->has_ended)
        buf_printf(&outcomes, " ended %s", job_state_name(outcome->state));
    if (outcome->has_run_ended)
        buf_printf(&outcomes, " run %s", job_state_name(outcome->run_state));
    all_outcomes = ++outcome_count == mark_count;
}

static struct str spec_of(const char *table_keys)
{
    AUTO_FREE char *text = mem_printf("source: shop\n"
                                      "base_url: https://api.shop.example\n"
                                      "streams:\n"
                                      "  orders:\n"
                                      "    path: /orders\n"
                                      "    pagination: {type: none}\n"
                                      "    merge_path: '.'\n"
                                      "%s",
                                      table_keys);
    struct source *source;
    struct buf errors;
    buf_init(&errors, KIB(64));
    struct str copy = arena_str(arena, str_from(text));
    bool parsed = source_parse(arena, STR("shop.yaml"), copy, &source, &errors, &err);
    ck_assert_msg(parsed, "%s", errors.ptr);
    buf_done(&errors);
    return source->streams[0]->spec;
}

static bool is_ready;
static struct err ready_err;

static void ready(void *ctx, const struct err *why)
{
    (void)ctx;
    is_ready = true;
    ready_err = why ? *why : (struct err)ERR_INIT;
}

static void await_ready(void)
{
    ck_assert(loop_run_until(loop, &is_ready, 20000));
    is_ready = false;
}

static void prepare(void)
{
    loader_prepare(loader, 1, ready, NULL);
    await_ready();
    ck_assert_msg(!ready_err.kind, "%s", ready_err.text);
}

static void open_loader(const char *database, const char *table_keys, int64_t give_up_ms)
{
    struct loaders_options options = {
        .database_url = database,
        .name = "pagetide w1",
        .connections = 2,
        .batch_records = 1000,
        .batch_bytes = 1 << 20,
        .batch_age_ms = 20,
        .give_up_ms = give_up_ms,
        .on_committed = on_committed,
    };
    arena = arena_new();
    buf_init(&outcomes, MIB(1));
    ck_assert_ok(loop_new(&loop, &err), err);
    options.loop = loop;
    ck_assert_ok(loaders_new(&options, on_outcome, &loaders, &err), err);
    ck_assert_ok(loaders_get(loaders, spec_of(table_keys), &loader, &err), err);
}

static void set_up(const char *table_keys)
{
    schema_database();
    EXPECT("1", "select t_run(2)");
    EXPECT("taken", "select t_take(1)");
    EXPECT("taken", "select t_take(2)");
    open_loader(schema_url, table_keys, -1);
    prepare();
}

static void tear_down(void)
{
    loader_put(loader);
    loaders_free(loaders);
    loop_free(loop);
    arena_free(arena);
    buf_done(&outcomes);
}

/* Cuts the body into the open batch, and extends the map as often as it takes. */
static struct cut cut_body(const char *body)
{
    struct cut cut;
    for (bool extended = false;; extended = true) {
        struct batch *batch;
        while (!(batch = loader_batch(loader, ready, NULL)))
            await_ready();
        cut = (struct cut){.body = str_from(body),
                           .stream = loader_stream(loader),
                           .columns = loader_columns(loader),
                           .max_records = -1,
                           .is_extended = extended,
                           .arena = arena};
        enum cut_result result = cut_page(&cut, batch, &err);
        ck_assert_msg(result != CUT_BAD, "%s", err.text);
        if (result == CUT_DONE)
            return cut;
        ck_assert(!extended);
        const struct new_fields *fields = &cut.new_fields;
        loader_extend(loader, 1, &fields, ready, NULL);
        await_ready();
        ck_assert_msg(!ready_err.kind, "%s", ready_err.text);
    }
}

static struct mark mark_of(int64_t job, int page)
{
    struct mark mark = {
        .ctx = (void *)(uintptr_t) "run",
        .job = job,
        .run = 1,
        .epoch = 1,
        .owner = "w1-token",
        .page = page,
        .checkpoint = STR("{\"v\":1}"),
        .request_hash = UINT64_MAX,
        .status = 200,
        .attempts = 1,
    };
    mark_count++;
    return mark;
}

static void put_page(int64_t job, int page, const char *body)
{
    struct cut cut = cut_body(body);
    struct mark mark = mark_of(job, page);
    mark.records = cut.records;
    mark.rejects = cut.rejects;
    mark.asides = cut.asides;
    loader_mark(loader, &mark, false);
}

static void put_end(int64_t job, enum job_state state)
{
    struct mark mark = mark_of(job, 0);
    mark.has_end = true;
    mark.end = state;
    loader_mark(loader, &mark, true);
}

static void expect_outcomes(const char *text)
{
    all_outcomes = outcome_count == mark_count;
    ck_assert(loop_run_until(loop, &all_outcomes, 30000));
    ck_assert_str_is(buf_str(&outcomes), text);
    buf_reset(&outcomes);
}

START_TEST(rows_and_marks_arrive_together)
{
    set_up("");
    put_page(1, 1, "[{\"id\": 1, \"name\": \"a\"}, {\"id\": 2, \"name\": \"b\", \"x\": 0.5}]");
    put_page(2, 1, "[{\"id\": 3}]");
    put_end(2, JOB_SUCCEEDED);
    expect_outcomes("1 applied; 1 applied; 0 applied ended succeeded");
    put_page(1, 2, "[]");
    put_end(1, JOB_SUCCEEDED);
    expect_outcomes("2 applied; 0 applied ended succeeded run succeeded");
    EXPECT("1 a -;2 b 0.5;3 - -",
           "select string_agg(concat_ws(' ', id, coalesce(name, '-'), coalesce(x::text, '-')), "
           "';' order by id) from shop.orders where _pt_run = 1 and _pt_at is not null");
    EXPECT("bigint text numeric", "select string_agg(type, ' ' order by position) "
                                  "from pagetide.field where stream = 'shop.orders'");
    EXPECT("2 2", "select page || ' ' || records from pagetide.job where id = 1");
    ck_assert(loaders_is_idle(loaders));
    ck_assert_int_eq(commits_told, 2); /* who waits for memory hears of it */
    tear_down();
}
END_TEST

START_TEST(a_new_field_does_not_mix_columns)
{
    set_up("");
    put_page(1, 1, "[{\"id\": 1, \"b\": \"one\"}]");
    put_page(1, 2, "[{\"a\": \"two\", \"id\": 2}]");
    put_page(1, 3, "[{\"id\": 3, \"c\": true, \"b\": \"three\"}]");
    put_end(1, JOB_SUCCEEDED);
    expect_outcomes("1 applied; 2 applied; 3 applied; 0 applied ended succeeded");
    EXPECT("1 one - -;2 - two -;3 three - t",
           "select string_agg(concat_ws(' ', id, coalesce(b, '-'), coalesce(a, '-'), "
           "coalesce(c::text, '-')), ';' order by id) from (select id, b, a, "
           "case when c then 't' end as c from shop.orders) t");
    tear_down();
}
END_TEST

START_TEST(a_bigint_widens_while_its_run_is_on)
{
    set_up("");
    put_page(1, 1, "[{\"n\": 1}]");
    put_page(1, 2, "[{\"n\": 12345678901234567890}]");
    put_end(1, JOB_SUCCEEDED);
    expect_outcomes("1 applied; 2 applied; 0 applied ended succeeded");
    EXPECT("1 12345678901234567890", "select string_agg(n::text, ' ' order by n) "
                                     "from shop.orders");
    tear_down();
}
END_TEST

START_TEST(upsert_keeps_the_newest_of_a_key)
{
    set_up("    key: [id]\n    write: upsert\n");
    put_page(1, 1, "[{\"id\": 1, \"v\": \"a\"}, {\"id\": 1, \"v\": \"b\"}, {\"v\": \"c\"}]");
    put_page(1, 2, "[{\"id\": 2, \"v\": \"d\"}, {\"id\": 1, \"v\": \"e\"}]");
    put_end(1, JOB_SUCCEEDED);
    expect_outcomes("1 applied; 2 applied; 0 applied ended succeeded");
    EXPECT("1 e;2 d", "select string_agg(id || ' ' || v, ';' order by id) from shop.orders");
    EXPECT("1 2 {\"v\": \"c\"}", "select concat_ws(' ', page, position, "
                                 "convert_from(record, 'UTF8')) from pagetide.reject");
    tear_down();
}
END_TEST

#define STAGES "select count(*) from pg_class where starts_with(relname, '_pt_stage')"

START_TEST(rows_that_meet_no_other_go_straight_into_the_table)
{
    set_up("    columns: {b: bigint}\n");
    put_page(1, 1,
             "[{\"id\": 1, \"t\": \"2024-01-05T10:00:00Z\", \"j\": {\"b\": 1, \"a\": [0]}}]");
    put_page(2, 1, "[{\"id\": 2, \"b\": \"later\", \"n\": 0.5}]");
    expect_outcomes("1 applied; 1 applied");
    EXPECT("1 {\"a\": [0], \"b\": 1};2 {\"b\": \"\\\"later\\\"\"} 0.5",
           "select string_agg(concat_ws(' ', id, j, _pt_aside, n), ';' order by id) from "
           "shop.orders "
           "where _pt_run = 1 and _pt_hash is not null and _pt_at between now() - interval '1 "
           "min' "
           "and pagetide.clock()");
    EXPECT("0", STAGES);
    tear_down();
}
END_TEST

/* The worker hashes a key of these types itself; the server hashes all others. */
START_TEST(rows_that_are_appended_need_no_staging_table_for_their_key)
{
    set_up("    key: [id]\n");
    put_page(1, 1, "[{\"id\": 1}, {\"id\": 2}, {\"id\": 1}]");
    expect_outcomes("1 applied");
    put_page(1, 2, "[{\"id\": 2.0}, {\"id\": 2.5}]"); /* the column becomes numeric */
    put_end(1, JOB_SUCCEEDED);
    expect_outcomes("2 applied; 0 applied ended succeeded");
    EXPECT("0", STAGES);
    EXPECT("2 1,1,2,2.0,2.5",
           "select folded || ' ' || (select string_agg(id::text, ',' order by "
           "id, id::text) from shop.orders) from pagetide.job where id = 1");
    tear_down();
}
END_TEST

START_TEST(a_key_that_the_server_hashes_goes_by_a_staging_table)
{
    set_up("    key: [id]\n    columns: {id: \"numeric(9,0)\"}\n");
    put_page(1, 1, "[{\"id\": 1}, {\"id\": 1}]");
    put_end(1, JOB_SUCCEEDED);
    expect_outcomes("1 applied; 0 applied ended succeeded");
    EXPECT("1", STAGES);
    EXPECT("1", "select folded from pagetide.job where id = 1");
    tear_down();
}
END_TEST

/* The version of each row, by key. */
static const char row_versions[] =
    "select string_agg(id || ':' || xmin::text, ' ' order by id) from shop.orders";

START_TEST(an_upsert_sends_what_is_new_or_changed)
{
    set_up("    key: [id]\n    write: upsert\n");
    put_page(1, 1, "[{\"id\": 1, \"v\": \"a\"}, {\"id\": 2, \"v\": \"b\"}]");
    expect_outcomes("1 applied");
    put_page(1, 2, "[{\"id\": 3, \"v\": \"c\"}, {\"id\": 4, \"v\": \"d\"}]");
    expect_outcomes("2 applied");
    const char *versions = ASK(row_versions);
    put_page(1, 3, "[{\"id\": 1, \"v\": \"a\"}, {\"id\": 4, \"v\": \"d\"}]");
    expect_outcomes("3 applied");
    ck_assert_str_eq(ASK(row_versions), versions);
    put_page(1, 4, "[{\"id\": 2, \"v\": \"b\"}, {\"id\": 5, \"v\": \"e\"}]");
    expect_outcomes("4 applied");
    EXPECT("0", STAGES); /* so far nothing had to be merged */
    put_page(1, 5, "[{\"id\": 2, \"v\": \"b\"}, {\"id\": 3, \"v\": \"C\"}]");
    put_end(1, JOB_SUCCEEDED);
    expect_outcomes("5 applied; 0 applied ended succeeded");
    EXPECT("1", STAGES);
    EXPECT("1 a;2 b;3 C;4 d;5 e",
           "select string_agg(id || ' ' || v, ';' order by id) from shop.orders");
    EXPECT("5 10", "select folded || ' ' || records from pagetide.job where id = 1");
    tear_down();
}
END_TEST

START_TEST(equal_keys_of_one_batch_are_merged)
{
    set_up("    key: [id]\n    write: upsert\n");
    put_page(1, 1, "[{\"id\": 1, \"v\": \"a\"}]");
    put_page(2, 1, "[{\"id\": 1, \"v\": \"b\"}]");
    expect_outcomes("1 applied; 1 applied");
    EXPECT("1", STAGES);
    EXPECT("1 b", "select string_agg(id || ' ' || v, ';' order by id) from shop.orders");
    tear_down();
}
END_TEST

/* The first batch was all new, so the second one is not probed. */
START_TEST(a_conflict_is_rolled_back_and_merged)
{
    set_up("    key: [id]\n    write: upsert\n");
    put_page(1, 1, "[{\"id\": 1, \"v\": \"a\"}, {\"id\": 2, \"v\": \"b\"}]");
    expect_outcomes("1 applied");
    put_page(1, 2, "[{\"id\": 3, \"v\": \"c\"}, {\"id\": 2, \"v\": \"B\"}]");
    expect_outcomes("2 applied");
    EXPECT("1", STAGES);
    EXPECT("1 a;2 B;3 c",
           "select string_agg(id || ' ' || v, ';' order by id) from shop.orders");
    tear_down();
}
END_TEST

/* It holds the key that it has written, and would for as long as it sleeps. Lasts 10 s: a
 * lock_timeout. */
START_TEST(a_worker_that_is_stopped_before_its_commit_is_ended)
{
    set_up("    key: [id]\n    write: upsert\n");
    put_page(1, 1, "[{\"id\": 1, \"v\": \"a\"}]");
    expect_outcomes("1 applied");
    struct schema_session *other = schema_session_open(schema_url);
    schema_session_sql(other, "set application_name = 'pagetide w0'; begin; "
                              "insert into shop.orders (id, v) values (2, 'lost')");
    put_page(1, 2, "[{\"id\": 2, \"v\": \"b\"}]");
    expect_outcomes("2 applied");
    EXPECT("1 a;2 b", "select string_agg(id || ' ' || v, ';' order by id) from shop.orders");
    tear_down();
}
END_TEST

/* Every type that a key may have, as it comes back from the table's index. */
START_TEST(keys_of_every_type_are_found_again)
{
    static const char page[] =
        "[{\"b\": true, \"i\": -7, \"n\": 1.50, \"t\": \"2024-01-05T10:00:00Z\", "
        "\"d\": \"2024-01-05\", \"u\": \"11111111-2222-3333-4444-555555555555\", "
        "\"x\": \"\\u00e4,\\\"{}\"}]";
    set_up("    key: [b, i, n, t, d, u, x]\n    write: upsert\n");
    put_page(1, 1, page);
    expect_outcomes("1 applied");
    put_page(1, 2, "[]");
    expect_outcomes("2 applied");
    EXPECT(
        "boolean bigint numeric timestamptz date uuid text",
        "select string_agg(case type when 'timestamp with time zone' then 'timestamptz' else "
        "type end, ' ' order by position) from pagetide.field");
    for (int i = 3; i < 6; i++) {
        const char *before = ASK("select string_agg(xmin::text, ' ') from shop.orders");
        put_page(1, i, page);
        expect_outcomes(i == 3 ? "3 applied" : i == 4 ? "4 applied" : "5 applied");
        ck_assert_str_eq(ASK("select string_agg(xmin::text, ' ') from shop.orders"), before);
    }
    tear_down();
}
END_TEST

START_TEST(without_its_index_an_upsert_is_an_error_and_no_second_row)
{
    set_up("    key: [id]\n    write: upsert\n");
    put_page(1, 1, "[{\"id\": 1, \"v\": \"a\"}]");
    expect_outcomes("1 applied");
    ASK("drop index shop.orders_pt_key");
    put_page(1, 2, "[{\"id\": 1, \"v\": \"b\"}]");
    all_outcomes = outcome_count == mark_count;
    ck_assert(loop_run_until(loop, &all_outcomes, 30000));
    ck_assert_int_ge(str_find(buf_str(&outcomes), STR("2 failed")), 0);
    EXPECT("1 a", "select string_agg(id || ' ' || v, ';' order by id) from shop.orders");
    tear_down();
}
END_TEST

/* Rows of a child are not in the index: no answer about them would be right. */
START_TEST(a_table_with_children_is_merged)
{
    set_up("    key: [id]\n    write: upsert\n");
    put_page(1, 1, "[{\"id\": 1, \"v\": \"a\"}]");
    expect_outcomes("1 applied");
    ASK("create table shop.child () inherits (shop.orders)");
    put_page(1, 2, "[{\"id\": 2, \"v\": \"b\"}]");
    expect_outcomes("2 applied");
    EXPECT("1", STAGES);
    tear_down();
}
END_TEST

/* COPY BINARY would read the bytes of a bigint as text without a word. */
START_TEST(a_table_that_was_altered_gets_no_bytes_of_another_type)
{
    set_up("");
    put_page(1, 1, "[{\"id\": 3472328296227680304}]");
    expect_outcomes("1 applied");
    ASK("alter table shop.orders alter id type text");
    put_page(1, 2, "[{\"id\": 3472328296227680305}]");
    expect_outcomes("2 applied");
    EXPECT("3472328296227680304 3472328296227680305",
           "select string_agg(id, ' ' order by id) from shop.orders");
    EXPECT("1", STAGES);
    tear_down();
}
END_TEST

/* The answer to the commit is lost: the batch is sent again, and recognised. */
START_TEST(a_lost_session_doubles_nothing)
{
    set_up("");
    put_page(1, 1, "[{\"id\": 1}]");
    expect_outcomes("1 applied");
    ASK("create function slow() returns trigger language plpgsql as $$begin "
        "perform pg_terminate_backend(pg_backend_pid()) where not exists "
        "(select from public.told); return null; end$$; create table told (n int)");
    ASK("create trigger slow after insert on shop.orders for each statement "
        "execute function slow()");
    put_page(1, 2, "[{\"id\": 2}]");
    int64_t start = clock_mono_ms();
    while (clock_mono_ms() < start + 500)
        loop_run_until(loop, &all_outcomes, 50);
    ck_assert_uint_eq(outcome_count, 1);
    ASK("insert into told values (1)");
    expect_outcomes("2 applied");
    EXPECT("1 2", "select string_agg(id::text, ' ' order by id) from shop.orders");
    tear_down();
}
END_TEST

START_TEST(what_was_committed_unheard_is_skipped)
{
    set_up("");
    put_page(1, 1, "[{\"id\": 1}]");
    expect_outcomes("1 applied");
    put_page(1, 1, "[{\"id\": 1}]");
    put_page(1, 2, "[{\"id\": 2}]");
    expect_outcomes("1 skipped; 2 applied");
    EXPECT("1 2", "select string_agg(id::text, ' ' order by id) from shop.orders");
    tear_down();
}
END_TEST

START_TEST(a_refused_job_takes_no_other_with_it)
{
    set_up("");
    put_page(1, 1, "[{\"id\": 1}]");
    expect_outcomes("1 applied");
    ASK("update pagetide.job set owner = 'another', epoch = 2 where id = 1");
    put_page(1, 2, "[{\"id\": 2}]");
    put_page(2, 1, "[{\"id\": 3}]");
    expect_outcomes("2 refused; 1 applied");
    EXPECT("1 3", "select string_agg(id::text, ' ' order by id) from shop.orders");
    tear_down();
}
END_TEST

static const char declared[] =
    "    columns: {id: {type: bigint}, n: {type: \"numeric(6,2)\"}}\n"
    "    on_mismatch: reject\n"
    "    others: ignore\n";

START_TEST(rows_that_postgres_refuses_become_rejects)
{
    set_up(declared);
    AUTO_BUF(body, MIB(1));
    for (int i = 0; i < 100; i++)
        buf_printf(&body, "%s{\"id\": %d, \"n\": %s}", i ? "," : "[", i,
                   i == 17 || i == 71 ? "1234567.5" : "1.25");
    buf_puts(&body, "]");
    put_page(1, 1, body.ptr);
    put_page(2, 1, "[{\"id\": 1000, \"n\": 99999}, {\"id\": 1001, \"n\": 7}]");
    expect_outcomes("1 applied; 1 applied");
    EXPECT("99 0", "select count(*) || ' ' || count(*) filter (where id in (17, 71, 1000)) "
                   "from shop.orders");
    EXPECT("1 17 71;2 0", "select string_agg(job || ' ' || positions, ';' order by job) from ("
                          "select job, string_agg(position::text, ' ' order by position) as "
                          "positions from pagetide.reject where reason ~ 'overflow' group by "
                          "job) t");
    EXPECT("2 1", "select string_agg(rejects::text, ' ' order by id) from pagetide.job");
    tear_down();
}
END_TEST

/* Each page is a batch of its own here; in one batch: tests/tables/flows/records.txt. */
START_TEST(pieces_of_a_row_come_together)
{
    set_up("    write: upsert\n    merge: fill\n    key: id\n"
           "    columns: {id: bigint, n: bigint, p: point, j: json}\n");
    put_page(1, 1, "[{\"id\": 1, \"a\": \"x\", \"p\": \"(1,2)\", \"n\": \"no\"}]");
    expect_outcomes("1 applied");
    EXPECT("{\"n\": \"\\\"no\\\"\"}", "select _pt_aside from shop.orders");
    put_page(1, 2, "[{\"id\": 1, \"a\": null, \"n\": 7, \"j\": {\"k\": 1}}]");
    expect_outcomes("2 applied");
    EXPECT("1 x (1,2) 7 {\"k\": 1}",
           "select concat_ws(' ', id, a, p, n, j, _pt_aside) from shop.orders");
    /* What changes nothing is not written. */
    ASK("update shop.orders set _pt_at = '2001-01-01'");
    put_page(1, 3, "[{\"id\": 1, \"a\": \"x\"}]");
    expect_outcomes("3 applied");
    EXPECT("t", "select _pt_at = '2001-01-01' from shop.orders");
    tear_down();
}
END_TEST

/* The row that clashes with one before it is to blame, not both. */
START_TEST(a_clash_within_a_batch_costs_one_row)
{
    set_up("");
    put_page(1, 1, "[{\"id\": 1}]");
    expect_outcomes("1 applied");
    ASK("create unique index on shop.orders (id)");
    put_page(1, 2, "[{\"id\": 2}, {\"id\": 3}, {\"id\": 2}, {\"id\": 1}]");
    expect_outcomes("2 applied");
    EXPECT("1 2 3", "select string_agg(id::text, ' ' order by id) from shop.orders");
    EXPECT("2 3", "select string_agg(position::text, ' ' order by position) "
                  "from pagetide.reject where reason ~ 'duplicate key'");
    tear_down();
}
END_TEST

START_TEST(too_many_rejects_fail_the_job)
{
    set_up("    max_rejects: 1\n"
           "    on_mismatch: reject\n"
           "    columns: {id: {type: bigint}, n: {type: \"numeric(4,2)\"}}\n");
    put_page(1, 1, "[{\"id\": 1, \"n\": 1000}, {\"id\": 2, \"n\": 2000}, {\"id\": 3}]");
    expect_outcomes("1 applied ended failed");
    EXPECT("failed rejects 2", "select concat_ws(' ', state, reason, rejects) "
                               "from pagetide.job where id = 1");
    EXPECT("1", "select count(*) from shop.orders");
    tear_down();
}
END_TEST

START_TEST(a_table_that_went_away_fails_its_jobs)
{
    set_up("");
    put_page(1, 1, "[{\"id\": 1}]");
    expect_outcomes("1 applied");
    ASK("drop table shop.orders");
    put_page(1, 2, "[{\"id\": 2}]");
    all_outcomes = false;
    ck_assert(loop_run_until(loop, &all_outcomes, 30000));
    ck_assert(str_starts(buf_str(&outcomes), STR("2 failed definition: ")));
    buf_reset(&outcomes);
    put_end(1, JOB_FAILED);
    expect_outcomes("0 applied ended failed");
    tear_down();
}
END_TEST

START_TEST(a_database_that_is_away_is_waited_for)
{
    struct test_postgres postgres;
    servers_postgres_start(&postgres);
    servers_postgres_stop(&postgres);
    open_loader(postgres.url, "", 700);
    int64_t start = clock_mono_ms();
    loader_prepare(loader, 1, ready, NULL);
    await_ready();
    ck_assert_int_eq(ready_err.kind, ERR_AGAIN);
    ck_assert_int_ge(clock_mono_ms() - start, 600);
    struct mark mark = mark_of(1, 1);
    loader_mark(loader, &mark, true);
    all_outcomes = false;
    ck_assert(loop_run_until(loop, &all_outcomes, 10000));
    ck_assert(str_starts(buf_str(&outcomes), STR("1 failed server: ")));
    tear_down();
}
END_TEST

START_TEST(anothers_table_is_left_alone)
{
    set_up("");
    ASK("create schema if not exists shop");
    ASK("create table shop.orders (id int)");
    const struct new_fields none = {.arena = arena}, *fields = &none;
    loader_extend(loader, 1, &fields, ready, NULL);
    await_ready();
    ck_assert_int_eq(ready_err.kind, ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(ready_err.text, "adopt: true"));
    tear_down();
}
END_TEST

START_TEST(an_adopted_table_keeps_its_columns)
{
    schema_database();
    EXPECT("1", "select t_run(2)");
    EXPECT("taken", "select t_take(1)");
    ASK("create schema shop");
    ASK("create table shop.orders (note text, id int)");
    open_loader(schema_url, "    adopt: true\n", -1);
    prepare();
    put_page(1, 1, "[{\"id\": 7, \"extra\": \"x\"}]");
    expect_outcomes("1 applied");
    EXPECT("7 x -", "select concat_ws(' ', id, extra, coalesce(note, '-')) from shop.orders");
    tear_down();
}
END_TEST

START_TEST(a_job_whose_spec_cannot_be_read_still_ends)
{
    set_up("");
    struct loader *good = loader;
    ck_assert(!loaders_get(loaders, STR("{"), &loader, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    put_end(1, JOB_FAILED);
    expect_outcomes("0 applied ended failed");
    EXPECT("failed", "select state from pagetide.job where id = 1");
    loader_put(loader);
    loader = good;
    tear_down();
}
END_TEST

SUITE("worker/loader", rows_and_marks_arrive_together, a_new_field_does_not_mix_columns,
      a_bigint_widens_while_its_run_is_on, upsert_keeps_the_newest_of_a_key,
      rows_that_meet_no_other_go_straight_into_the_table,
      rows_that_are_appended_need_no_staging_table_for_their_key,
      a_key_that_the_server_hashes_goes_by_a_staging_table,
      an_upsert_sends_what_is_new_or_changed, equal_keys_of_one_batch_are_merged,
      a_conflict_is_rolled_back_and_merged, a_worker_that_is_stopped_before_its_commit_is_ended,
      keys_of_every_type_are_found_again,
      without_its_index_an_upsert_is_an_error_and_no_second_row,
      a_table_with_children_is_merged, a_table_that_was_altered_gets_no_bytes_of_another_type,
      a_lost_session_doubles_nothing, what_was_committed_unheard_is_skipped,
      a_refused_job_takes_no_other_with_it, rows_that_postgres_refuses_become_rejects,
      pieces_of_a_row_come_together, a_clash_within_a_batch_costs_one_row,
      too_many_rejects_fail_the_job, a_table_that_went_away_fails_its_jobs,
      a_database_that_is_away_is_waited_for, anothers_table_is_left_alone,
      an_adopted_table_keeps_its_columns, a_job_whose_spec_cannot_be_read_still_ends)
