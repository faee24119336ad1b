#include "worker/load/batch_pair.h"

#include "tests/support/suite.h"

/* Without a database: a commit lasts until the loop comes round, and all is applied. */
static struct loop *loop;
static struct batch_pair *pair;
static struct err err = ERR_INIT;
static int outcomes, commits, readies;
static bool is_told;

static void on_outcome(void *mark_ctx, const struct mark_outcome *outcome)
{
    ck_assert_str_eq(mark_ctx, "mark");
    ck_assert_int_eq(outcome->verdict, MARK_APPLIED);
    ck_assert(batch_pair_is_telling(pair));
    outcomes++;
}

static void on_committed(void *ctx)
{
    (void)ctx;
    ck_assert(!batch_pair_is_telling(pair));
    commits++;
    is_told = true;
}

static void on_ready(void *ctx, const struct err *why)
{
    ck_assert_ptr_null(why);
    readies++;
    if (ctx)
        ck_assert_ptr_nonnull(batch_pair_take(pair, on_ready, NULL));
}

static void set_up(int64_t batch_records, int64_t age_ms)
{
    outcomes = commits = readies = 0;
    ck_assert_ok(loop_new(&loop, &err), err);
    const struct batch_pair_options options = {
        .loop = loop,
        .batch_records = batch_records,
        .batch_bytes = MIB(1),
        .batch_age_ms = age_ms,
        .on_outcome = on_outcome,
        .on_committed = on_committed,
    };
    pair = batch_pair_new(&options);
    batch_pair_set_map(pair, column_map_blank());
}

static void tear_down(void)
{
    batch_pair_free(pair);
    loop_free(loop);
}

static void await_commit(void)
{
    is_told = false;
    ck_assert(loop_run_until(loop, &is_told, 10000));
}

static void put_page(size_t rows)
{
    struct batch *batch = batch_pair_take(pair, on_ready, NULL);
    ck_assert_ptr_nonnull(batch);
    ck_assert_ptr_eq(batch, batch_pair_open(pair));
    batch_page_begin(batch);
    for (size_t i = 0; i < rows; i++)
        batch_row_begin(batch, i, STR("{}"));
    batch_pair_mark(pair, &(struct mark){.ctx = (void *)(uintptr_t) "mark", .page = 1}, false);
}

START_TEST(a_full_batch_leaves_and_the_other_fills)
{
    set_up(2, 60000);
    ck_assert(batch_pair_is_idle(pair));
    put_page(1);
    ck_assert(!batch_pair_is_idle(pair));
    ck_assert(!batch_pair_is_loading(pair));
    put_page(1);
    ck_assert(batch_pair_is_loading(pair));
    ck_assert(batch_is_empty(batch_pair_open(pair)));
    put_page(1);
    ck_assert_int_eq(outcomes, 0); /* never from inside a call */
    await_commit();
    ck_assert_int_eq(outcomes, 2);
    ck_assert(!batch_pair_is_loading(pair));
    ck_assert(!batch_pair_is_idle(pair)); /* the third page */
    tear_down();
}
END_TEST

/* However few bytes there are to share. */
START_TEST(an_empty_batch_takes_a_page)
{
    set_up(2, 60000);
    batch_pair_limit(pair, 0);
    put_page(1);
    ck_assert(batch_pair_is_loading(pair));
    await_commit();
    put_page(1);
    tear_down();
}
END_TEST

START_TEST(who_finds_no_room_is_called_when_there_is)
{
    set_up(1, 60000);
    put_page(1);
    put_page(1);
    ck_assert_ptr_null(batch_pair_take(pair, on_ready, NULL));
    ck_assert_ptr_null(batch_pair_take(pair, on_ready, &readies)); /* cuts in its callback */
    ck_assert_ptr_null(batch_pair_take(pair, on_ready, &outcomes));
    batch_pair_forget(pair, &outcomes);
    ck_assert_ptr_nonnull(
        batch_pair_open(pair)); /* of the page being cut, whether full or not */
    await_commit();
    ck_assert_int_eq(readies, 2);
    ck_assert(batch_pair_is_loading(pair)); /* the second page left at once */
    tear_down();
}
END_TEST

START_TEST(age_flush_and_an_end_send_what_is_there)
{
    set_up(100, 20);
    put_page(1);
    await_commit(); /* by its age */
    ck_assert_int_eq(outcomes, 1);
    tear_down();
    set_up(100, 60000);
    put_page(1);
    batch_pair_flush(pair);
    ck_assert(batch_pair_is_loading(pair));
    await_commit();
    put_page(0);
    batch_pair_mark(pair, &(struct mark){.ctx = (void *)(uintptr_t) "mark", .has_end = true},
                    true);
    await_commit();
    ck_assert_int_eq(outcomes, 3);
    ck_assert_int_eq(commits, 2);
    ck_assert(batch_pair_is_idle(pair));
    tear_down();
}
END_TEST

START_TEST(rows_of_two_maps_share_no_batch)
{
    set_up(100, 60000);
    put_page(1);
    struct column items[2] = {{.name = STR("a")}, {.name = STR("a"), .may_widen = true}};
    struct column_map *other = column_map_blank();
    other->columns = (struct columns){.items = &items[0], .count = 1, .has_table = true};
    struct column_map *equal = column_map_blank();
    equal->columns = (struct columns){.items = &items[1], .count = 1, .has_table = true};
    batch_pair_set_map(pair, other);
    ck_assert(batch_pair_is_loading(pair)); /* sealed, so it left */
    put_page(1);
    batch_pair_set_map(pair, equal); /* dropped, but for may_widen */
    ck_assert_ptr_eq(batch_pair_map(pair), other);
    ck_assert(other->columns.items[0].may_widen);
    await_commit();
    ck_assert(!batch_pair_is_loading(pair));
    ck_assert(!batch_pair_is_idle(pair));
    tear_down();
}
END_TEST

START_TEST(a_held_batch_stays_with_its_page)
{
    set_up(100, 60000);
    put_page(1);
    struct batch *batch = batch_pair_take(pair, on_ready, NULL);
    batch_page_begin(batch);
    batch_row_begin(batch, 0, STR_NONE);
    batch_pair_hold(pair);
    ck_assert_ptr_null(batch_pair_take(pair, on_ready, NULL));
    batch_pair_mark(pair, &(struct mark){.ctx = (void *)(uintptr_t) "mark", .has_end = true},
                    true);
    batch_pair_flush(pair);
    ck_assert(!batch_pair_is_loading(pair));
    ck_assert_ptr_eq(batch_pair_open(pair), batch);
    ck_assert_uint_eq(batch->mark_count, 1);
    batch_row_begin(batch, 1, STR_NONE);
    batch_pair_release(pair);
    batch_pair_mark(pair, &(struct mark){.ctx = (void *)(uintptr_t) "mark", .page = 2}, false);
    ck_assert(batch_pair_is_loading(pair));
    ck_assert_uint_eq(batch->mark_count, 3);
    ck_assert_int_eq(batch->marks[1].page, 2); /* whose number its rows have */
    ck_assert(batch->marks[2].has_end);
    await_commit();
    ck_assert_int_eq(outcomes, 3);
    ck_assert_int_eq(readies, 1);
    tear_down();
}
END_TEST

START_TEST(a_held_page_may_be_dropped)
{
    set_up(100, 60000);
    struct batch *batch = batch_pair_take(pair, on_ready, NULL);
    batch_page_begin(batch);
    batch_row_begin(batch, 0, STR_NONE);
    batch_pair_hold(pair);
    ck_assert(!batch_pair_is_idle(pair));
    ck_assert_ptr_null(batch_pair_take(pair, on_ready, &readies)); /* cuts in its callback */
    batch_pair_mark(pair, &(struct mark){.ctx = (void *)(uintptr_t) "mark", .has_end = true},
                    true);
    batch_page_drop(batch);
    batch_pair_release(pair);
    await_commit();
    ck_assert_int_eq(outcomes, 1);
    ck_assert_int_eq(readies, 1);
    ck_assert_uint_eq(batch->row_count, 0);
    tear_down();
}
END_TEST

START_TEST(counts_its_memory)
{
    set_up(100, 60000);
    size_t before = batch_pair_bytes(pair);
    ck_assert_ptr_nonnull(buf_room(&batch_pair_open(pair)->rows, MIB(4)));
    ck_assert_uint_ge(batch_pair_bytes(pair), before + MIB(4) - KIB(1));
    put_page(1);
    batch_pair_flush(pair);
    await_commit();
    ck_assert(batch_pair_is_idle(pair)); /* nothing is to come soon: it is given back */
    ck_assert_uint_le(batch_pair_bytes(pair), before + KIB(64));
    tear_down();
}
END_TEST

SUITE("worker/batch_pair", a_full_batch_leaves_and_the_other_fills, an_empty_batch_takes_a_page,
      who_finds_no_room_is_called_when_there_is, age_flush_and_an_end_send_what_is_there,
      rows_of_two_maps_share_no_batch, a_held_batch_stays_with_its_page,
      a_held_page_may_be_dropped, counts_its_memory)
