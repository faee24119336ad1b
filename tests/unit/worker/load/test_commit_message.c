#include "worker/load/commit_message.h"

#include "tests/support/suite.h"

static struct stream stream = {
    .table = {.schema = STR_INIT("shop"), .name = STR_INIT("orders"), .max_rejects = 9}};

static struct str message(struct arena *arena, const struct batch *batch,
                          const struct stream *of, const struct column_map *map)
{
    AUTO_BUF(buf, KIB(64));
    const struct commit_message what = {
        .worker = "w1", .batch = batch, .stream = of, .map = map, .loader = 3};
    commit_message_put(&buf, &what);
    ck_assert(!buf.has_overflowed);
    return arena_str(arena, buf_str(&buf));
}

START_TEST(marks_say_what_they_know)
{
    struct arena *arena = arena_new();
    struct batch *batch = batch_new(MIB(1));
    batch_mark(batch, &(struct mark){.job = 5,
                                     .epoch = 2,
                                     .owner = "me",
                                     .page = 4,
                                     .checkpoint = STR("{\"v\":1}"),
                                     .request_hash = UINT64_MAX,
                                     .records_hash = 1,
                                     .status = 200,
                                     .attempts = 1,
                                     .records = 10,
                                     .bytes = 100,
                                     .rejects = 1,
                                     .asides = 2,
                                     .retries = 3,
                                     .waited_ms = 40,
                                     .fetched_at_ms = 50,
                                     .pages_total = 7,
                                     .misfits = STR("{\"n\":2}"),
                                     .bookmark_high = STR("b"),
                                     .warning = STR("w"),
                                     .paging = STR("p")});
    ck_assert_str_is(
        message(arena, batch, &stream, NULL),
        "{\"worker\":\"w1\",\"max_rejects\":9,\"table\":null,\"marks\":[{\"n\":0,\"job\":5,"
        "\"epoch\":2,\"owner\":\"me\",\"page\":4,\"request_hash\":\"-1\","
        "\"records_hash\":\"1\",\"status\":200,\"attempts\":1,\"records\":10,\"bytes\":100,"
        "\"rejects\":1,\"asides\":2,\"fetched_at_ms\":50,\"checkpoint\":{\"v\":1},"
        "\"retries\":3,\"waited_ms\":40,\"pages_total\":7,\"aside_columns\":{\"n\":2},"
        "\"bookmark_high\":\"b\",\"warning\":\"w\",\"paging\":\"p\"}],\"rejects\":[]}");
    batch_free(batch);
    arena_free(arena);
}
END_TEST

START_TEST(an_end_needs_no_page_and_no_definition)
{
    struct arena *arena = arena_new();
    struct batch *batch = batch_new(MIB(1));
    batch_mark(batch, &(struct mark){.job = 1,
                                     .has_end = true,
                                     .end = JOB_FAILED,
                                     .reason = REASON_DEFINITION,
                                     .error = STR("e"),
                                     .total = 9,
                                     .reached = 8});
    batch_mark(batch, &(struct mark){.job = 2,
                                     .has_end = true,
                                     .end = JOB_WAITING,
                                     .wait_ms = 500,
                                     .waiting_for = STR("x"),
                                     .attempt = 1});
    struct str text = message(arena, batch, NULL, NULL);
    ck_assert_int_ge(
        str_find(text,
                 STR("{\"n\":1,\"job\":2,\"epoch\":0,\"owner\":\"\",\"page\":0,\"end\":")),
        0);
    ck_assert_int_ge(str_find(text, STR("\"total\":9,\"reached\":8,\"end\":")), 0);
    ck_assert_int_ge(
        str_find(text, STR("\"end\":{\"state\":\"failed\",\"reason\":\"definition\","
                           "\"error\":\"e\"}")),
        0);
    ck_assert_int_ge(str_find(text, STR("\"end\":{\"state\":\"waiting\",\"wait_ms\":500,"
                                        "\"waiting_for\":\"x\",\"attempt\":1,")),
                     0);
    batch_free(batch);
    arena_free(arena);
}
END_TEST

START_TEST(the_table_has_its_columns_and_key)
{
    struct arena *arena = arena_new();
    struct batch *batch = batch_new(MIB(1));
    struct column items[] = {{.name = STR("id"), .is_key = true}, {.name = STR("n\"1\"")}};
    struct column_map map = {.columns = {.items = items, .count = 2}};
    struct str key[] = {STR("id"), STR("gone")};
    stream.table.write = WRITE_UPSERT;
    stream.table.key = key;
    stream.table.key_count = 1;
    ck_assert_int_ge(
        str_find(message(arena, batch, &stream, &map),
                 STR("\"table\":{\"schema\":\"shop\",\"name\":\"orders\","
                     "\"stage\":\"_pt_stage_3\",\"columns\":[\"id\",\"n\\\"1\\\"\"],"
                     "\"key\":[\"id\"],\"write\":\"upsert\",\"direct\":false,\"part\":false,"
                     "\"fills\":false}")),
        0);
    stream.table.key_count = 2;
    ck_assert_int_ge(str_find(message(arena, batch, &stream, &map), STR("\"key\":[],")), 0);
    stream.table.key_count = 0;
    batch_free(batch);
    arena_free(arena);
}
END_TEST

START_TEST(each_mark_has_the_hashes_of_its_rows)
{
    AUTO_BUF(buf, KIB(64));
    AUTO_BUF(array, KIB(1));
    struct batch *batch = batch_new(MIB(1));
    uint64_t hashes[] = {1, UINT64_MAX, 3};
    const struct row_keys keys = {.hashes = hashes, .count = COUNT_OF(hashes)};
    const struct commit_message what = {
        .worker = "w1", .batch = batch, .stream = &stream, .rows = ROWS_THERE, .keys = &keys};
    batch_row_begin(batch, 0, STR("{}"));
    batch_row_begin(batch, 1, STR("{}"));
    batch_mark(batch, &(struct mark){.page = 1});
    batch_mark(batch, &(struct mark){.page = 2});
    batch_row_begin(batch, 0, STR("{}"));
    batch_mark(batch, &(struct mark){.page = 3});
    commit_message_put(&buf, &what);
    ck_assert_int_ge(str_find(buf_str(&buf), STR("\"table\":null,\"keys\":[2,0,1],\"marks\":")),
                     0);
    commit_message_put_hashes(&array, &what);
    ck_assert(str_eq(buf_str(&array), STR("\0\0\0\1\0\0\0\0\0\0\0\x14\0\0\0\3\0\0\0\1"
                                          "\0\0\0\x8\0\0\0\0\0\0\0\1"
                                          "\0\0\0\x8\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
                                          "\0\0\0\x8\0\0\0\0\0\0\0\3")));
    batch_free(batch);
}
END_TEST

START_TEST(words_that_jsonb_refuses_are_escaped)
{
    struct arena *arena = arena_new();
    struct batch *batch = batch_new(MIB(1));
    batch_page_begin(batch);
    batch_reject(batch, 2, STR("bad \xFF\xC3\xA4\0!"), STR("\xFF\x00"));
    batch_mark(batch, &(struct mark){.page = 1, .warning = STR("\xED\xA0\x80")});
    struct str text = message(arena, batch, &stream, NULL);
    ck_assert(str_is_utf8(text));
    ck_assert_int_ge(
        str_find(text,
                 STR("{\"mark\":0,\"position\":2,"
                     "\"reason\":\"bad \\\\xff\xC3\xA4\\\\u0000!\",\"record\":\"/wA=\"}")),
        0);
    ck_assert_int_ge(str_find(text, STR("\"warning\":\"\\\\xed\\\\xa0\\\\x80\"")), 0);
    batch_free(batch);
    arena_free(arena);
}
END_TEST

SUITE("worker/commit_message", marks_say_what_they_know, an_end_needs_no_page_and_no_definition,
      the_table_has_its_columns_and_key, each_mark_has_the_hashes_of_its_rows,
      words_that_jsonb_refuses_are_escaped)
