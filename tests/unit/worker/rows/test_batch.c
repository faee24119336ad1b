#include "worker/rows/batch.h"

#include "base/clock.h"
#include "tests/support/suite.h"

static int64_t now_us;

static int64_t fake_mono_us(void)
{
    return now_us;
}

static void put_row(struct batch *batch, size_t position, const char *bytes)
{
    batch_row_begin(batch, position, STR("{}"));
    buf_put(&batch->rows, str_from(bytes));
}

START_TEST(dropped_page_leaves_no_trace)
{
    now_us = 5000000;
    clock_replace(fake_mono_us, NULL);
    struct batch *batch = batch_new(MIB(1));
    batch_page_begin(batch);
    put_row(batch, 0, "lost");
    batch_reject(batch, 1, STR("why"), STR("{}"));
    batch_page_drop(batch);
    ck_assert_uint_eq(batch->row_count, 0);
    ck_assert_uint_eq(batch->reject_count, 0);
    ck_assert_int_eq(batch->opened_mono_ms, 0);

    batch_page_begin(batch);
    put_row(batch, 0, "one");
    put_row(batch, 3, "three");
    batch_mark(batch, &(struct mark){.page = 1});
    batch_page_begin(batch);
    put_row(batch, 0, "lost too");
    batch_page_drop(batch);
    put_row(batch, 7, "seven");
    batch_mark(batch, &(struct mark){.page = 2});
    batch_close(batch);

    ck_assert_int_eq(batch->opened_mono_ms, 5000);
    ck_assert_uint_eq(batch->row_count, 3);
    ck_assert_str_is(batch_row(batch, 0), "one");
    ck_assert_str_is(batch_row(batch, 1), "three");
    ck_assert_str_is(batch_row(batch, 2), "seven");
    ck_assert_uint_eq(batch->row_positions[1], 3);
    ck_assert_uint_eq(batch->row_marks[1], 0);
    ck_assert_uint_eq(batch->row_marks[2], 1);
    ck_assert_uint_eq(batch->rows.len, 19 + 3 + 5 + 5 + 2);
    batch_free(batch);
}
END_TEST

START_TEST(tables_of_a_page_come_and_go_together)
{
    static const struct mark_part brought[] = {{3, 1}, {0, 0}};
    struct batch *batch = batch_new_whole(MIB(1), 2);
    struct buf body;
    buf_init(&body, KIB(1));
    buf_puts(&body, "{\"a\":1}");
    batch_page_begin(batch);
    put_row(batch->parts[0], 0, "lost");
    batch_reject(batch->parts[1], 1, STR("why"), STR("{}"));
    batch_page_drop(batch);
    ck_assert(!batch_has_rows(batch));
    ck_assert_uint_eq(batch->parts[1]->reject_count, 0);

    batch_page_begin(batch);
    batch_row_begin(batch->parts[0], 0, str_slice(buf_str(&body), 5, 6));
    buf_puts(&batch->parts[0]->rows, "row");
    ck_assert_uint_eq(batch_settled_rows(batch), 0);
    batch_keep_body(batch, &body);
    ck_assert_ptr_null(body.ptr);
    batch_mark(batch, &(struct mark){.run = 7, .page = 1, .parts = brought});
    ck_assert(batch_has_rows(batch));
    ck_assert_uint_eq(batch_settled_rows(batch), 1);
    ck_assert_uint_eq(batch->row_count, 0);
    ck_assert_str_is(batch->parts[0]->row_raws[0], "1");
    ck_assert_uint_eq(batch->parts[0]->row_marks[0], 0);
    ck_assert_int_eq(batch->parts[0]->marks[0].run, 7);
    ck_assert_int_eq(batch->parts[0]->marks[0].records, 3);
    batch_reject_row(batch->parts[0], 0, STR("refused"));
    ck_assert_int_eq(batch->parts[0]->marks[0].rejects, 2);
    ck_assert_int_eq(batch->marks[0].rejects, 0);
    batch_reset(batch);
    ck_assert(!batch_has_rows(batch) && batch_is_empty(batch->parts[0]));
    buf_done(&body);
    batch_free(batch);
}
END_TEST

START_TEST(a_part_has_its_own_header_and_trailer)
{
    AUTO_BUF(part, KIB(1));
    struct batch *batch = batch_new(MIB(1));
    batch_page_begin(batch);
    put_row(batch, 0, "one");
    put_row(batch, 1, "two");
    put_row(batch, 2, "three");
    batch_put_part(batch, (const size_t[]){0, 2}, 2, NULL, &part);
    ck_assert_uint_eq(part.len, 19 + 3 + 5 + 2);
    ck_assert(str_starts(buf_str(&part), str_slice(buf_str(&batch->rows), 0, 19 + 3)));
    ck_assert(str_ends(buf_str(&part), STR("three\377\377")));
    batch_free(batch);
}
END_TEST

START_TEST(fields_are_taken_one_after_another)
{
    struct batch *batch = batch_new(MIB(1));
    batch_page_begin(batch);
    batch_row_begin(batch, 0, STR("{}"));
    buf_put(&batch->rows, STR("\0\2\0\0\0\1x\377\377\377\377"));
    struct str rest = batch_row_fields(batch, 0), bytes;
    ck_assert_uint_eq(batch_take_field(&rest, &bytes).len, 5);
    ck_assert_str_is(bytes, "x");
    ck_assert_uint_eq(batch_take_field(&rest, &bytes).len, 4);
    ck_assert_ptr_null(bytes.ptr);
    ck_assert_uint_eq(rest.len, 0);
    batch_free(batch);
}
END_TEST

START_TEST(copies_marks_and_rejects)
{
    struct batch *batch = batch_new(MIB(1));
    char checkpoint[] = "{\"v\":1}", reason[] = "no key";
    static char record[100000];
    memset(record, 'x', sizeof record);
    batch_page_begin(batch);
    batch_reject(batch, 4, str_from(reason), (struct str){record, sizeof record});
    batch_mark(batch, &(struct mark){.job = 7, .page = 1, .checkpoint = str_from(checkpoint)});
    memset(checkpoint, '?', sizeof checkpoint);
    memset(reason, '?', sizeof reason);
    ck_assert_str_is(batch->marks[0].checkpoint, "{\"v\":1}");
    ck_assert_int_eq(batch->marks[0].job, 7);
    ck_assert_str_is(batch->rejects[0].reason, "no key");
    ck_assert_uint_eq(batch->rejects[0].record.len, 65536);
    ck_assert_uint_eq(batch->rejects[0].mark, 0);
    ck_assert(!batch_is_empty(batch));

    batch_reset(batch);
    ck_assert(batch_is_empty(batch));
    ck_assert_uint_eq(batch->reject_count, 0);
    ck_assert_uint_eq(batch->rows.len, 19);
    batch_free(batch);
}
END_TEST

static void fill(struct batch *batch, size_t size)
{
    batch_page_begin(batch);
    batch_row_begin(batch, 0, STR("{}"));
    ck_assert_ptr_nonnull(buf_room(&batch->rows, size));
    batch->rows.len += size;
    ck_assert_uint_gt(batch_bytes(batch), size);
}

START_TEST(keeps_what_it_uses_again)
{
    struct batch *batch = batch_new(MIB(64));
    fill(batch, MIB(40));
    batch_reset(batch);
    ck_assert_uint_lt(batch_bytes(batch), KIB(64));
    fill(batch, MIB(2));
    batch_reset(batch);
    ck_assert_uint_gt(batch_bytes(batch), MIB(2));
    ck_assert_uint_eq(batch->row_count, 0);
    batch_give_back(batch);
    ck_assert_uint_lt(batch_bytes(batch), KIB(64));
    batch_free(batch);
}
END_TEST

START_TEST(overflow_ends_with_its_page)
{
    struct batch *batch = batch_new(100);
    char big[200] = {0};
    batch_page_begin(batch);
    batch_row_begin(batch, 0, STR("{}"));
    buf_put(&batch->rows, (struct str){big, sizeof big});
    ck_assert(batch->rows.has_overflowed);
    batch_page_drop(batch);
    ck_assert(!batch->rows.has_overflowed);
    batch_free(batch);
}
END_TEST

static struct buf body_of(const char *text)
{
    struct buf body;
    buf_init(&body, MIB(1));
    buf_put(&body, str_from(text));
    return body;
}

START_TEST(a_refused_row_is_kept_as_it_was_sent)
{
    struct batch *batch = batch_new(MIB(1));
    struct buf body = body_of("[{ \"a\":1 }]");
    const char *sent = body.ptr + 1;
    batch_page_begin(batch);
    batch_row_begin(batch, 0, (struct str){sent, 9});
    batch_row_begin(batch, 1, STR("made elsewhere"));
    batch_keep_body(batch, &body);
    ck_assert_ptr_null(body.ptr);
    ck_assert_ptr_eq(batch->row_raws[0].ptr, sent);
    ck_assert_uint_ge(batch_bytes(batch), 11);
    batch_mark(batch, &(struct mark){.page = 1});
    batch_reject_row(batch, 0, STR("why"));
    batch_reject_row(batch, 1, STR("why"));
    ck_assert_str_is(batch->rejects[0].record, "{ \"a\":1 }");
    ck_assert_str_is(batch->rejects[1].record, "made elsewhere");
    ck_assert_int_eq(batch->marks[0].rejects, 2);

    /* A page without rows keeps nothing. */
    body = body_of("[]");
    batch_page_begin(batch);
    batch_keep_body(batch, &body);
    ck_assert_ptr_nonnull(body.ptr);
    ck_assert_uint_eq(batch->body_count, 1);
    buf_done(&body);
    batch_reset(batch);
    ck_assert_uint_eq(batch->body_bytes, 0);
    batch_free(batch);
}
END_TEST

SUITE("worker/batch", tables_of_a_page_come_and_go_together,
      a_refused_row_is_kept_as_it_was_sent, a_part_has_its_own_header_and_trailer,
      fields_are_taken_one_after_another, dropped_page_leaves_no_trace,
      copies_marks_and_rejects, keeps_what_it_uses_again, overflow_ends_with_its_page)
