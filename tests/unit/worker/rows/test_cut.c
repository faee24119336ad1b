#include "worker/rows/cut.h"

#include "tests/support/cpu.h"
#include "tests/support/cut_fixture.h"
#include "tests/support/suite.h"

static struct err err;

/* A stream whose table is there, with the one column `id bigint`. */
static void open_fixture(struct cut_fixture *fixture, const char *merge_path)
{
    cut_fixture_open(fixture);
    err = (struct err)ERR_INIT;
    struct merge *merge = &fixture->stream.merge;
    ck_assert_ok(path_compile(fixture->arena, str_from(merge_path), &merge->path, &err), err);
    fixture->stream.table.max_columns = 500;
    cut_fixture_add_column(fixture, STR("id"), COLUMN_BIGINT);
}

static enum cut_result cut_text(struct cut_fixture *fixture, const char *body)
{
    fixture->cut.body = str_from(body);
    return cut_page(&fixture->cut, fixture->batch, &err);
}

START_TEST(cuts_and_counts)
{
    struct cut_fixture fixture;
    open_fixture(&fixture, "data");
    const char *body = "{\"n\":1,\"data\":[{\"id\":1},{\"id\":\"x\"},7,{\"id\":2}]}";
    struct str key = STR("id");
    fixture.items[0].is_key = true;
    fixture.stream.table.key = &key;
    fixture.stream.table.key_count = 1;
    ck_assert_int_eq(cut_text(&fixture, body), CUT_BAD);
    ck_assert(fixture.cut.is_refused);
    fixture.stream.table.on_mismatch = MISMATCH_REJECT;
    ck_assert_int_eq(cut_text(&fixture, body), CUT_DONE);
    ck_assert(!fixture.cut.is_refused);
    ck_assert_int_eq(fixture.cut.seen, 4);
    ck_assert_int_eq(fixture.cut.records, 4);
    ck_assert_int_eq(fixture.cut.rejects, 2);
    ck_assert_str_is(fixture.cut.last, "{\"id\":2}");
    ck_assert_uint_eq(fixture.batch->row_count, 2);
    ck_assert_uint_eq(fixture.batch->row_positions[1], 3);
    ck_assert_uint_eq(fixture.batch->rejects[0].position, 1);
    ck_assert_str_is(fixture.batch->rejects[0].record, "{\"id\":\"x\"}");
    struct value response;
    ck_assert_ok(
        value_parse(fixture.arena, str_from(body), fixture.cut.skipped, &response, &err), err);
    ck_assert_int_eq(value_get(response, STR("data")).kind, VALUE_UNDEFINED);
    ck_assert_int_eq(value_get(response, STR("n")).kind, VALUE_NUMBER);
    cut_fixture_close(&fixture);
}
END_TEST

START_TEST(limit_cuts_the_page_exactly)
{
    struct cut_fixture fixture;
    open_fixture(&fixture, "");
    fixture.cut.max_records = 2;
    ck_assert_int_eq(cut_text(&fixture, "[{\"id\":1},{\"id\":2},{\"id\":3,\"new\":1}]"),
                     CUT_DONE);
    ck_assert_int_eq(fixture.cut.records, 2);
    ck_assert_int_eq(fixture.cut.seen, 3);
    ck_assert_uint_eq(fixture.batch->row_count, 2);
    ck_assert_str_is(fixture.cut.last, "{\"id\":2}");
    cut_fixture_close(&fixture);
}
END_TEST

START_TEST(hash_tells_order_and_records_apart)
{
    struct cut_fixture fixture;
    open_fixture(&fixture, "d");
    ck_assert_int_eq(cut_text(&fixture, "{\"d\":[{\"id\":1},{\"id\":2}]}"), CUT_DONE);
    uint64_t hash = fixture.cut.records_hash;
    ck_assert_int_eq(cut_text(&fixture, "{\"d\":[{\"id\":1}, {\"id\":2}],\"page\":2}"),
                     CUT_DONE);
    ck_assert_uint_eq(fixture.cut.records_hash, hash);
    ck_assert_int_eq(cut_text(&fixture, "{\"d\":[{\"id\":2},{\"id\":1}]}"), CUT_DONE);
    ck_assert_uint_ne(fixture.cut.records_hash, hash);
    cut_fixture_close(&fixture);
}
END_TEST

static uint64_t hash_of(struct cut_fixture *fixture, const char *body)
{
    fixture->cut.is_extended = true;
    ck_assert_int_eq(cut_text(fixture, body), CUT_DONE);
    return fixture->cut.records_hash;
}

START_TEST(a_key_alone_tells_records_apart)
{
    struct cut_fixture fixture;
    struct str keys[] = {STR("id"), STR("kind")};
    open_fixture(&fixture, "");
    fixture.stream.table.key = keys;
    fixture.stream.table.key_count = 2;
    uint64_t hash = hash_of(&fixture, "[{\"id\":1,\"kind\":\"a\",\"ago\":\"1 s\"},{\"id\":2,"
                                      "\"kind\":\"a\"}]");
    ck_assert_uint_eq(hash, hash_of(&fixture, "[{\"ago\":\"9 s\",\"kind\":\"a\",\"id\":1},"
                                              "{\"kind\":\"a\",\"new\":1,\"id\":2}]"));
    ck_assert_uint_ne(hash, hash_of(&fixture, "[{\"id\":2,\"kind\":\"a\"},{\"id\":1,"
                                              "\"kind\":\"a\"}]"));
    ck_assert_uint_ne(hash, hash_of(&fixture, "[{\"id\":1,\"kind\":\"a\"},{\"id\":2,"
                                              "\"kind\":\"b\"}]"));
    /* Records without a whole key are told apart by what they hold. */
    ck_assert_uint_ne(hash_of(&fixture, "[{\"id\":1,\"n\":1},{\"id\":1,\"n\":2}]"),
                      hash_of(&fixture, "[{\"id\":1,\"n\":3},{\"id\":1,\"n\":4}]"));
    ck_assert_uint_eq(fixture.cut.id_count, 2);
    cut_fixture_close(&fixture);
}
END_TEST

START_TEST(asks_for_columns_with_the_whole_page)
{
    struct cut_fixture fixture;
    open_fixture(&fixture, "");
    const char *body =
        "[{\"id\":1},{\"id\":2,\"a\":1},{\"id\":3,\"b\":true,\"a\":1.5},{\"id\":4}]";
    ck_assert_int_eq(cut_text(&fixture, body), CUT_NEW_FIELDS);
    ck_assert_uint_eq(fixture.batch->row_count, 0);
    ck_assert_uint_eq(fixture.batch->rows.len, 19);
    ck_assert_uint_eq(fixture.cut.new_fields.count, 2);
    enum column_type type;
    ck_assert(new_fields_type(&fixture.cut.new_fields.items[0], &type));
    ck_assert_int_eq(type, COLUMN_NUMERIC);

    cut_fixture_add_column(&fixture, STR("a"), COLUMN_NUMERIC);
    cut_fixture_add_column(&fixture, STR("b"), COLUMN_BOOLEAN);
    ck_assert_int_eq(cut_text(&fixture, body), CUT_DONE);
    ck_assert_uint_eq(fixture.batch->row_count, 4);
    ck_assert_int_eq(fixture.cut.asides, 0);
    cut_fixture_close(&fixture);
}
END_TEST

START_TEST(an_extended_map_is_final)
{
    struct cut_fixture fixture;
    open_fixture(&fixture, "");
    fixture.cut.is_extended = true;
    ck_assert_int_eq(cut_text(&fixture, "[{\"id\":1,\"a\":1}]"), CUT_DONE);
    ck_assert_int_eq(fixture.cut.asides, 1);
    cut_fixture_close(&fixture);
}
END_TEST

START_TEST(first_record_makes_the_table)
{
    struct cut_fixture fixture;
    open_fixture(&fixture, "");
    fixture.columns.has_table = false;
    ck_assert_int_eq(cut_text(&fixture, "[]"), CUT_DONE);
    ck_assert_int_eq(cut_text(&fixture, "[{}]"), CUT_NEW_FIELDS);
    ck_assert_uint_eq(fixture.cut.new_fields.count, 0);
    fixture.cut.is_extended = true;
    ck_assert_int_eq(cut_text(&fixture, "[{}]"), CUT_DONE);
    cut_fixture_close(&fixture);
}
END_TEST

START_TEST(bad_bodies_leave_the_batch_alone)
{
    struct cut_fixture fixture;
    open_fixture(&fixture, "a.data");
    ck_assert_int_eq(cut_text(&fixture, "{\"a\":{\"data\":[{\"id\":1},{\"id\""), CUT_BAD);
    ck_assert(fixture.cut.is_truncated);
    ck_assert(!fixture.cut.is_merge_error);
    ck_assert_int_eq(cut_text(&fixture, "{\"a\":{\"data\":[{\"id\":1}]}}x"), CUT_BAD);
    ck_assert(!fixture.cut.is_truncated);
    ck_assert_int_eq(cut_text(&fixture, "{\"error\":\"down\"}"), CUT_BAD);
    ck_assert(fixture.cut.is_merge_error);
    ck_assert_int_eq(err.kind, ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "a.data"));
    ck_assert_uint_eq(fixture.batch->row_count, 0);
    ck_assert_uint_eq(fixture.batch->rows.len, 19);
    cut_fixture_close(&fixture);
}
END_TEST

START_TEST(missing_is_forgiven_at_every_segment)
{
    struct cut_fixture fixture;
    open_fixture(&fixture, "a.data");
    fixture.stream.merge.may_be_missing = true;
    ck_assert_int_eq(cut_text(&fixture, "{\"a\":{}}"), CUT_DONE);
    ck_assert_int_eq(fixture.cut.seen, 0);
    ck_assert_int_eq(cut_text(&fixture, "{\"b\":{}}"), CUT_DONE);
    ck_assert_int_eq(cut_text(&fixture, "{\"a\":7}"), CUT_BAD);
    ck_assert(fixture.cut.is_merge_error);
    ck_assert_int_eq(cut_text(&fixture, "{\"a\":{\"data\":null}}"), CUT_DONE);
    cut_fixture_close(&fixture);
}
END_TEST

START_TEST(with_adds_its_fields)
{
    struct cut_fixture fixture;
    open_fixture(&fixture, "");
    cut_fixture_add_column(&fixture, STR("repo"), COLUMN_TEXT);
    struct with_field with = {.name = STR("repo")};
    fixture.stream.merge.with = &with;
    fixture.stream.merge.with_count = 1;
    ck_assert_ok(template_compile(fixture.arena, STR("a{{ 1 + 1 }}"), &with.template, &err),
                 err);
    ck_assert_int_eq(cut_text(&fixture, "[{\"id\":1,\"repo\":\"own\"}]"), CUT_DONE);
    struct str row = batch_row(fixture.batch, 0);
    ck_assert_int_ge(str_find(row, STR("\0\0\0\2a2")), 0);

    ck_assert_ok(template_compile(fixture.arena, STR("{{ nothing }}"), &with.template, &err),
                 err);
    ck_assert_int_eq(cut_text(&fixture, "[{\"id\":1}]"), CUT_BAD);
    ck_assert(str_starts(str_from(err.text), STR("with.repo: ")));
    cut_fixture_close(&fixture);
}
END_TEST

START_TEST(forbidden_fields_fail_the_page)
{
    struct cut_fixture fixture;
    open_fixture(&fixture, "");
    fixture.stream.table.on_new_field = NEW_FIELD_FAIL;
    ck_assert_int_eq(cut_text(&fixture, "[{\"id\":1},{\"x\":1}]"), CUT_BAD);
    ck_assert_str_eq(err.text, "record 1: new field \"x\" (on_new_field: fail)");
    ck_assert_uint_eq(fixture.batch->row_count, 0);
    cut_fixture_close(&fixture);
}
END_TEST

START_TEST(rows_past_the_ceiling_fail_the_page)
{
    struct cut_fixture fixture;
    open_fixture(&fixture, "");
    batch_free(fixture.batch);
    fixture.batch = batch_new(100);
    ck_assert_int_eq(cut_text(&fixture, "[{\"id\":1}]"), CUT_DONE);
    ck_assert_int_eq(cut_text(&fixture, "[{\"id\":1},{\"id\":2},{\"id\":3}]"), CUT_BAD);
    ck_assert(!fixture.batch->rows.has_overflowed);
    cut_fixture_close(&fixture);
}
END_TEST

/* The tuple up to `_pt_hash`: a count, then twice a length and eight bytes. */
static struct str id_and_hash(struct cut_fixture *fixture, size_t row)
{
    return str_slice(batch_row(fixture->batch, row), 0, 26);
}

START_TEST(hash_is_of_what_is_left)
{
    struct cut_fixture fixture;
    struct str name = STR("seen_at");
    open_fixture(&fixture, "");
    fixture.stream.merge.exclude = &name;
    fixture.stream.merge.exclude_count = 1;
    ck_assert_int_eq(cut_text(&fixture, "[{\"id\":1,\"seen_at\":1},{\"id\":1,\"seen_at\":2},"
                                        "{\"seen_at\":2,\"id\":1,\"seen_at\":3}]"),
                     CUT_DONE);
    struct str first = id_and_hash(&fixture, 0);
    ck_assert(str_eq(first, id_and_hash(&fixture, 1)));
    ck_assert(str_eq(first, id_and_hash(&fixture, 2)));
    fixture.stream.merge.exclude_count = 0;
    cut_fixture_close(&fixture);
}
END_TEST

static const char *high_of(struct cut_fixture *fixture, const char *values)
{
    struct bookmark *bookmark = &fixture->stream.bookmark;
    bookmark->is_set = true;
    ck_assert_ok(path_compile(fixture->arena, STR("at.v"), &bookmark->path, &err), err);
    AUTO_BUF(body, KIB(4));
    struct str rest = str_from(values);
    while (rest.len) {
        struct str value;
        rest = str_split(rest, ' ', &value);
        buf_printf(&body, "%s{\"at\":{\"v\":%.*s},\"id\":1}", body.len ? "," : "[",
                   STR_ARG(value));
    }
    buf_puts(&body, "]");
    fixture->cut.is_extended = true;
    ck_assert_int_eq(cut_text(fixture, arena_str(fixture->arena, buf_str(&body)).ptr),
                     CUT_DONE);
    return fixture->cut.bookmark_high.len
               ? arena_str(fixture->arena, fixture->cut.bookmark_high).ptr
               : "none";
}

START_TEST(finds_the_highest_bookmark)
{
    struct cut_fixture fixture;
    open_fixture(&fixture, "");
    struct bookmark *bookmark = &fixture.stream.bookmark;
    fixture.scope.now_us = INT64_C(1704164645000000); /* 2024-01-02T03:04:05Z */
    ck_assert_str_eq(high_of(&fixture, "9 10 2.5e0 -11"), "10");
    ck_assert_str_eq(high_of(&fixture, "12345678901234567890 12345678901234567891"),
                     "12345678901234567891");
    ck_assert_str_eq(high_of(&fixture, "\"9\" \"10\""), "10");
    ck_assert_str_eq(high_of(&fixture, "\"a9\" \"a10\" null {} true"), "none");
    ck_assert_int_eq(fixture.cut.bookmark.met, 5);
    ck_assert_int_eq(fixture.cut.bookmark.absent, 1);
    ck_assert_int_eq(fixture.cut.bookmark.unread, 4);
    bookmark->type = BOOKMARK_TEXT;
    ck_assert_str_eq(high_of(&fixture, "\"a9\" \"a10\" null {} true"), "a9");
    bookmark->type = BOOKMARK_GUESS;
    ck_assert_str_eq(high_of(&fixture, "null []"), "none");
    ck_assert_str_eq(high_of(&fixture, "\"2024-01-01T10:00:00+02:00\" "
                                       "\"2024-01-01T09:00:00Z\""),
                     "2024-01-01T09:00:00Z");
    ck_assert_uint_eq(fixture.cut.warning.len, 0);
    ck_assert_str_eq(high_of(&fixture, "\"2024-01-01T00:00:00Z\" \"2024-01-02T03:04:06Z\""),
                     "2024-01-01T00:00:00Z");
    ck_assert_int_ge(str_find(fixture.cut.warning, STR("later than the run's start")), 0);
    bookmark->type = BOOKMARK_TEXT;
    ck_assert_str_eq(high_of(&fixture, "\"9\" \"10\" \"2999-01-01T00:00:00Z\""), "9");
    bookmark->type = BOOKMARK_NUMBER;
    ck_assert_str_eq(high_of(&fixture, "7 \"x\" \"2024-01-01T00:00:00Z\""), "7");
    bookmark->type = BOOKMARK_TIME;
    ck_assert_str_eq(high_of(&fixture, "7 \"x\" \"2024-01-01T00:00:00Z\""),
                     "2024-01-01T00:00:00Z");
    cut_fixture_close(&fixture);
}
END_TEST

/* Each value of 60,000 fields without a column goes aside; 1,000 names are kept. */
START_TEST(counts_misfits_of_very_many_names)
{
    enum { RECORDS = 600, FIELDS = 100 };
    struct cut_fixture fixture;
    open_fixture(&fixture, "");
    fixture.cut.is_extended = true;
    AUTO_BUF(body, MIB(2));
    for (int i = 0; i < RECORDS; i++) {
        buf_printf(&body, "%s{\"id\":%d", i ? "," : "[", i);
        for (int j = 0; j < FIELDS; j++)
            buf_printf(&body, ",\"f%d_%d\":1", i, j);
        buf_puts(&body, "}");
    }
    buf_puts(&body, "]");
    int64_t before = cpu_ms();
    ck_assert_int_eq(cut_text(&fixture, body.ptr), CUT_DONE);
    ck_assert_int_lt(cpu_ms() - before, 1000);
    ck_assert_int_eq(fixture.cut.asides, RECORDS * FIELDS);
    ck_assert(str_starts(fixture.cut.misfits, STR("{\"f0_0\":1,\"f0_1\":1,")));
    ck_assert(str_ends(fixture.cut.misfits, STR("\"f9_99\":1,\"(others)\":59000}")));
    cut_fixture_close(&fixture);
}
END_TEST

/* {"id":0}, {"id":1}, … */
static const char *numbered(struct arena *arena, int count)
{
    AUTO_BUF(body, MIB(4));
    for (int i = 0; i < count; i++)
        buf_printf(&body, "%s{\"id\":%d}", i ? "," : "[", i);
    buf_puts(&body, "]");
    return arena_str(arena, buf_str(&body)).ptr;
}

START_TEST(pauses_and_goes_on)
{
    enum { RECORDS = 200000 };
    struct cut_fixture fixture;
    open_fixture(&fixture, "");
    const char *body = numbered(fixture.arena, RECORDS);
    ck_assert_int_eq(cut_text(&fixture, body), CUT_DONE);
    uint64_t hash = fixture.cut.records_hash;
    struct str rows = arena_str(fixture.arena, buf_str(&fixture.batch->rows));
    batch_page_drop(fixture.batch);
    fixture.cut.slice_ms = 1;
    enum cut_result result;
    int pauses = 0;
    while ((result = cut_text(&fixture, body)) == CUT_MORE)
        pauses++;
    ck_assert_int_eq(result, CUT_DONE);
    ck_assert_int_gt(pauses, 3);
    ck_assert_int_eq(fixture.cut.taken, RECORDS);
    ck_assert_uint_eq(fixture.cut.records_hash, hash);
    ck_assert(str_eq(buf_str(&fixture.batch->rows), rows));
    cut_fixture_close(&fixture);
}
END_TEST

START_TEST(a_dropped_cut_leaves_nothing)
{
    struct cut_fixture fixture;
    open_fixture(&fixture, "");
    struct template where;
    ck_assert_ok(template_compile(fixture.arena, STR("{{ id >= 0 }}"), &where, &err), err);
    fixture.stream.merge.where = &where;
    const char *body = numbered(fixture.arena, 200000);
    size_t before = fixture.batch->rows.len;
    cut_drop(&fixture.cut);
    fixture.cut.slice_ms = 1;
    ck_assert_int_eq(cut_text(&fixture, body), CUT_MORE);
    ck_assert_uint_gt(fixture.batch->row_count, 0);
    cut_drop(&fixture.cut);
    ck_assert_uint_eq(fixture.batch->row_count, 0);
    ck_assert_uint_eq(fixture.batch->rows.len, before);
    cut_fixture_close(&fixture);
}
END_TEST

START_TEST(a_page_becomes_no_more_than_it_may)
{
    struct cut_fixture fixture;
    open_fixture(&fixture, "data");
    struct with_field field = {.name = STR("v"), .is_path = true, .anchor = WITH_BODY};
    ck_assert_ok(path_compile(fixture.arena, STR("v"), &field.path, &err), err);
    fixture.stream.merge.with = &field;
    fixture.stream.merge.with_count = 1;
    cut_fixture_add_column(&fixture, STR("v"), COLUMN_TEXT);
    fixture.cut.max_bytes = KIB(64);
    AUTO_BUF(body, KIB(64));
    buf_puts(&body, "{\"v\":\"");
    memset(buf_room(&body, 5000), 'x', 5000);
    body.len += 5000;
    buf_puts(&body, "\",\"data\":[{},{},{},{}]}");
    ck_assert_int_eq(cut_text(&fixture, body.ptr), CUT_DONE);
    buf_truncate(&body, body.len - 2);
    for (int i = 0; i < 20; i++)
        buf_puts(&body, ",{}");
    buf_puts(&body, "]}");
    ck_assert_int_eq(cut_text(&fixture, body.ptr), CUT_BAD);
    ck_assert_int_eq(err.kind, ERR_INPUT);
    ck_assert_msg(strstr(err.text, "`memory`"), "%s", err.text);
    ck_assert(!fixture.cut.is_truncated);
    cut_fixture_close(&fixture);
}
END_TEST

SUITE("worker/cut", hash_is_of_what_is_left, finds_the_highest_bookmark, cuts_and_counts,
      limit_cuts_the_page_exactly, a_key_alone_tells_records_apart,
      hash_tells_order_and_records_apart, asks_for_columns_with_the_whole_page,
      an_extended_map_is_final, first_record_makes_the_table, bad_bodies_leave_the_batch_alone,
      missing_is_forgiven_at_every_segment, with_adds_its_fields,
      forbidden_fields_fail_the_page, rows_past_the_ceiling_fail_the_page,
      counts_misfits_of_very_many_names, pauses_and_goes_on, a_dropped_cut_leaves_nothing,
      a_page_becomes_no_more_than_it_may)
