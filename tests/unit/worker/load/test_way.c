#include "worker/load/way.h"

#include "tests/support/suite.h"

static struct column items[2];
static struct column_map map = {.columns = {.items = items, .count = 2}};
static struct stream stream;
static uint64_t hashes[2];
static const struct row_keys keys = {.hashes = hashes, .count = 2};
static struct way_memory memory;
static struct batch batch;

static void set_up(enum write_mode write)
{
    memory = (struct way_memory){0};
    batch = (struct batch){0};
    stream.table = (struct table){.write = write, .key_count = 1};
    items[0] = (struct column){.type = COLUMN_BIGINT, .is_key = true};
    items[1] = (struct column){.type = COLUMN_JSONB};
    hashes[0] = 1;
    hashes[1] = 2;
}

static enum way choose(void)
{
    bool has_hashes = way_hashes_keys(&stream, &map);
    return way_choose(&memory, &stream, &map, &batch, has_hashes ? &keys : NULL);
}

static void expect_ways(enum way way, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ck_assert_str_eq(way_name(choose()), way_name(way));
}

START_TEST(what_is_appended_meets_no_other_row)
{
    set_up(WRITE_APPEND);
    hashes[1] = hashes[0];
    expect_ways(WAY_DIRECT, 2);
    items[1].type = COLUMN_OTHER;
    expect_ways(WAY_STAGED, 1);
    items[1].type = COLUMN_TEXT;
    items[0].type = COLUMN_JSONB; /* a key that the server hashes */
    expect_ways(WAY_STAGED, 1);
    stream.table.key_count = 0;
    items[0].is_key = false;
    expect_ways(WAY_DIRECT, 1);
    items[1] = (struct column){.type = COLUMN_OTHER, .form = FORM_DAY};
    expect_ways(WAY_DIRECT, 1);
    batch.has_odd = true;
    expect_ways(WAY_STAGED, 1);
    batch = (struct batch){.is_spelled = true};
    expect_ways(WAY_STAGED, 1);
}
END_TEST

START_TEST(some_upserts_are_always_staged)
{
    set_up(WRITE_UPSERT);
    expect_ways(WAY_PROBE, 2);
    hashes[1] = hashes[0];
    expect_ways(WAY_STAGED, 1);
    hashes[1] = 2;
    items[0].type = COLUMN_OTHER;
    expect_ways(WAY_STAGED, 1);
    items[0].form = FORM_INTEGER;
    expect_ways(WAY_PROBE, 1);
    batch.is_spelled = true; /* it was staged, and the session was lost */
    expect_ways(WAY_STAGED, 1);
    batch.is_spelled = false;
    items[0].type = COLUMN_UUID;
    stream.table.fills = true;
    expect_ways(WAY_STAGED, 1);
    stream.table.fills = false;
    items[1].type = COLUMN_OTHER; /* what is new will be staged, but not what is there */
    expect_ways(WAY_PROBE, 1);
}
END_TEST

START_TEST(a_first_load_is_probed_ever_more_seldom)
{
    set_up(WRITE_UPSERT);
    for (unsigned unasked = 1; unasked < 4 * WAY_PATIENCE_MAX; unasked *= 2) {
        expect_ways(WAY_PROBE, 1);
        way_note_probe(&memory, 2, 2, 0, true);
        expect_ways(WAY_DIRECT, MIN(unasked, (unsigned)WAY_PATIENCE_MAX));
    }
    expect_ways(WAY_PROBE, 1);
    way_note_probe(&memory, 2, 2, 0, true);
    batch.has_odd = true; /* it cannot be copied, but asking may spare it */
    expect_ways(WAY_PROBE, 1);
    batch.has_odd = false;
    expect_ways(WAY_DIRECT, 1);
    memory.left = 0;
    expect_ways(WAY_PROBE, 1);
    way_note_probe(&memory, 2, 1, 0, true);
    expect_ways(WAY_PROBE, 1);
}
END_TEST

START_TEST(rows_that_have_mostly_changed_are_staged_for_a_while)
{
    set_up(WRITE_UPSERT);
    expect_ways(WAY_PROBE, 1);
    way_note_probe(&memory, 4, 0, 3, true);
    expect_ways(WAY_STAGED, 1);
    expect_ways(WAY_PROBE, 1);
    way_note_probe(&memory, 4, 4, 0, false); /* new, but not to be copied */
    expect_ways(WAY_STAGED, 2);
    expect_ways(WAY_PROBE, 1);
    way_note_probe(&memory, 4, 1, 1, true);
    expect_ways(WAY_PROBE, 1);
    way_note_probe(&memory, 4, 2, 1, true);
    expect_ways(WAY_STAGED, 1);
    expect_ways(WAY_PROBE, 1);
}
END_TEST

START_TEST(a_conflict_makes_cautious)
{
    set_up(WRITE_UPSERT);
    expect_ways(WAY_PROBE, 1);
    way_note_probe(&memory, 2, 2, 0, true);
    expect_ways(WAY_DIRECT, 1);
    way_note_conflict(&memory);
    for (int i = 0; i < WAY_CAUTION; i++) {
        expect_ways(WAY_PROBE, 1);
        way_note_probe(&memory, 2, 2, 0, true);
    }
    expect_ways(WAY_PROBE, 1);
    way_note_probe(&memory, 2, 2, 0, true);
    expect_ways(WAY_DIRECT, 1);
}
END_TEST

START_TEST(a_table_that_is_replaced_is_asked_and_never_copied_into)
{
    set_up(WRITE_REPLACE);
    map.columns.has_table = true;
    way_begin(&memory, &stream, &map);
    ck_assert(memory.is_same);
    expect_ways(WAY_PROBE, 1);
    way_note_probe(&memory, 2, 0, 0, way_may_copy(&stream, &map, &batch));
    expect_ways(WAY_PROBE, 1);
    way_note_probe(&memory, 2, 2, 0, way_may_copy(&stream, &map, &batch));
    expect_ways(WAY_STAGED, 1);
    expect_ways(WAY_PROBE, 1);
    stream.merge.exclude_count = 1; /* records of two keys may have one hash */
    expect_ways(WAY_STAGED, 1);
    stream.merge.exclude_count = 0;
    stream.table.key_count = 0;
    items[0].is_key = false;
    expect_ways(WAY_STAGED, 1);
    map.columns.has_table = false;
}
END_TEST

START_TEST(rows_of_a_table_that_was_there_are_expected_in_it)
{
    set_up(WRITE_UPSERT);
    way_begin(&memory, &stream, &map);
    ck_assert(!memory.is_same);
    map.columns.has_table = true;
    way_begin(&memory, &stream, &map);
    ck_assert(memory.is_same);
    expect_ways(WAY_PROBE, 1);
    way_note_probe(&memory, 2, 0, 2, true);
    ck_assert(!memory.is_same);
    stream.bookmark.is_set = true;
    way_begin(&memory, &stream, &map);
    ck_assert(!memory.is_same);
    stream.bookmark.is_set = false;
    stream.table.write = WRITE_APPEND;
    way_begin(&memory, &stream, &map);
    ck_assert(!memory.is_same);
    map.columns.has_table = false;
}
END_TEST

SUITE("worker/way", what_is_appended_meets_no_other_row, some_upserts_are_always_staged,
      a_table_that_is_replaced_is_asked_and_never_copied_into,
      a_first_load_is_probed_ever_more_seldom,
      rows_that_have_mostly_changed_are_staged_for_a_while, a_conflict_makes_cautious,
      rows_of_a_table_that_was_there_are_expected_in_it)
