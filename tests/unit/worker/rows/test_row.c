#include "worker/rows/row.h"

#include <stdio.h>

#include "base/rng.h"
#include "tests/support/lines.h"
#include "tests/support/row_text.h"
#include "tests/support/suite.h"

#define TABLE "tests/tables/rows.txt"

static struct err err = ERR_INIT;
static const char *reason;

/* One page's writer into a new batch, with a map of inferred columns: `name type, name
 * type`. */
struct page {
    struct arena *arena;
    struct column items[8];
    struct columns columns;
    struct table table;
    struct row_writer writer;
};

static void map_columns(struct page *page, const char *spec)
{
    struct str rest = str_from(spec);
    while (rest.len) {
        struct str one, name;
        rest = str_split(rest, ',', &one);
        struct str type = str_split(str_trim(one), ' ', &name);
        page->items[page->columns.count++] = (struct column){
            .field = name, .name = name, .type = column_type_from_sql(type), .sql_type = type};
    }
    page->columns.items = page->items;
    page->columns.has_table = true;
    columns_index(&page->columns, page->arena);
}

static void page_open(struct page *page, const char *spec)
{
    *page = (struct page){.arena = arena_new(), .table = {.max_columns = 500}};
    map_columns(page, spec);
    page->writer = (struct row_writer){
        .batch = batch_new(MIB(16)),
        .binder = {.columns = &page->columns, .table = &page->table, .arena = page->arena}};
    row_start(&page->writer);
    batch_page_begin(page->writer.batch);
}

static enum row_result put_text(struct page *page, struct str json, size_t position)
{
    struct path path = {0};
    struct record record;
    struct records *records = records_start(page->arena, json, &path);
    ck_assert_int_eq(records_next(records, &record, &err), RECORDS_ONE);
    record.position = position;
    return row_put(&page->writer, &record, &reason);
}

static enum row_result put(struct page *page, const char *json)
{
    return put_text(page, str_from(json), 0);
}

static struct str load(struct page *page)
{
    batch_close(page->writer.batch);
    return row_text_load(page->arena, page->writer.batch, &page->columns);
}

static void page_close(struct page *page)
{
    batch_free(page->writer.batch);
    arena_free(page->arena);
}

/* `type | json => text | aside`. */
struct row_case {
    int line;
    struct str type, json, text, aside;
};

static struct row_case *read_cases(struct arena *arena, size_t *ret_count)
{
    struct line_cases lines = lines_read(arena, TABLE);
    struct row_case *cases = ARENA_ARRAY(arena, struct row_case, lines.count);
    for (size_t i = 0; i < lines.count; i++) {
        struct row_case *one = &cases[i];
        one->line = lines.items[i].number;
        one->json = lines.items[i].input;
        one->type = lines_take_cell(&one->json);
        one->aside = lines.items[i].expected;
        one->text = lines_take_cell(&one->aside);
    }
    *ret_count = lines.count;
    return cases;
}

/* What row_text_load gives for the case, but for the position at its end. */
static struct str expected_row(struct arena *arena, const struct row_case *one, size_t at)
{
    AUTO_BUF(aside, MIB(1));
    if (one->aside.len) {
        buf_puts(&aside, "{\"v\": ");
        json_out_quote(&aside, one->aside);
        buf_puts(&aside, "}");
    } else {
        buf_puts(&aside, "NULL");
    }
    return arena_printf(arena, "%.*s|%.*s|0|%zu", STR_ARG(one->text), STR_ARG(buf_str(&aside)),
                        at);
}

static void check_type(struct arena *arena, const struct row_case *cases, size_t count)
{
    struct page page;
    page_open(&page, arena_printf(arena, "v %.*s", STR_ARG(cases->type)).ptr);
    for (size_t i = 0; i < count; i++) {
        struct str json = arena_printf(page.arena, "{\"v\":%.*s}", STR_ARG(cases[i].json));
        enum row_result expected = cases[i].aside.len ? ROW_ASIDE : ROW_PUT;
        ck_assert_msg(put_text(&page, json, i) == expected, TABLE ":%d", cases[i].line);
    }
    struct str rest = load(&page);
    for (size_t i = 0; i < count; i++) {
        struct str row, expected = expected_row(page.arena, &cases[i], i);
        rest = str_split(rest, '\n', &row);
        ck_assert_msg(str_eq(row, expected), TABLE ":%d: %.*s is not %.*s", cases[i].line,
                      STR_ARG(row), STR_ARG(expected));
    }
    page_close(&page);
}

START_TEST(values_arrive_as_sent)
{
    struct arena *arena = arena_new();
    size_t count, from = 0;
    struct row_case *cases = read_cases(arena, &count);
    for (size_t i = 1; i <= count; i++) {
        if (i < count && str_eq(cases[i].type, cases[from].type))
            continue;
        check_type(arena, cases + from, i - from);
        from = i;
    }
    ck_assert_uint_gt(count, 90);
    arena_free(arena);
}
END_TEST

START_TEST(numbers_at_the_limits_arrive)
{
    struct page page;
    char digits[1001];
    page_open(&page, "v numeric");
    memset(digits, '9', 1000);
    digits[1000] = '\0';
    struct str whole = arena_printf(page.arena, "{\"v\":%s}", digits);
    struct str small = arena_printf(page.arena, "{\"v\":0.%.999se-400}", digits);
    struct str longer = arena_printf(page.arena, "{\"v\":1%s}", digits);
    ck_assert_int_eq(put_text(&page, whole, 0), ROW_PUT);
    ck_assert_int_eq(put_text(&page, small, 1), ROW_PUT);
    ck_assert_int_eq(put(&page, "{\"v\":1e400}"), ROW_PUT);
    ck_assert_int_eq(put_text(&page, longer, 3), ROW_ASIDE);
    ck_assert_int_eq(put(&page, "{\"v\":1e401}"), ROW_ASIDE);
    struct str rest = load(&page), row;

    rest = str_split(rest, '\n', &row);
    ck_assert(str_starts(row, str_from(digits)));
    rest = str_split(rest, '\n', &row);
    ck_assert_uint_eq(row.len, strlen("0.|NULL|0|1") + 400 + 999);
    ck_assert(str_starts(str_slice(row, 402, row.len), str_from(digits + 1)));
    rest = str_split(rest, '\n', &row);
    ck_assert_uint_eq(row.len, strlen("1|NULL|0|2") + 400);
    rest = str_split(rest, '\n', &row);
    ck_assert(str_starts(row, STR("NULL|{\"v\": \"1999")));
    ck_assert_str_is(rest, "NULL|{\"v\": \"1e401\"}|0|4");
    page_close(&page);
}
END_TEST

/* Puts {"v": json, "t": the same text as a string}. */
static void put_twice(struct page *page, struct str json)
{
    AUTO_BUF(record, MIB(1));
    buf_puts(&record, "{\"v\":");
    buf_put(&record, json);
    buf_puts(&record, ",\"t\":");
    json_out_quote(&record, json);
    buf_puts(&record, "}");
    struct str copy = arena_str(page->arena, buf_str(&record));
    ck_assert_msg(put_text(page, copy, 0) == ROW_PUT, "%.*s", STR_ARG(copy));
}

static void put_digits(struct rng *rng, struct buf *buf, uint64_t most)
{
    static const char digits[] = "0000999901234567899";
    for (uint64_t left = 1 + rng_below(rng, most); left; left--)
        buf_put_byte(buf, digits[rng_below(rng, sizeof digits - 1)]);
}

static struct str random_number(struct rng *rng, struct arena *arena)
{
    AUTO_BUF(buf, KIB(1));
    if (rng_below(rng, 2))
        buf_puts(&buf, "-");
    if (rng_below(rng, 3))
        buf_printf(&buf, "%d", (int)(1 + rng_below(rng, 9)));
    else
        buf_puts(&buf, "0");
    if (buf.ptr[buf.len - 1] != '0' && rng_below(rng, 2))
        put_digits(rng, &buf, 12);
    if (rng_below(rng, 2)) {
        buf_puts(&buf, ".");
        put_digits(rng, &buf, 12);
    }
    if (rng_below(rng, 2))
        buf_printf(&buf, "e%d", (int)rng_below(rng, 60) - 30);
    return arena_str(arena, buf_str(&buf));
}

START_TEST(random_numbers_are_what_the_server_reads)
{
    struct page page;
    struct rng rng;
    rng_seed(&rng, 20240102);
    page_open(&page, "v numeric, t text");
    for (int i = 0; i < 5000; i++)
        put_twice(&page, random_number(&rng, page.arena));
    batch_close(page.writer.batch);
    struct str wrong = row_text_ask(page.arena, page.writer.batch, &page.columns,
                                    "select coalesce(min(t), '') || '/' || count(*) from stage"
                                    " where v::text is distinct from t::numeric::text");
    ck_assert_str_is(wrong, "/0");
    page_close(&page);
}
END_TEST

static void put_random_json(struct rng *rng, struct buf *buf, int depth)
{
    static const char *const keys[] = {"a",   "b", "aa",       "ab", "\\u0061",
                                       "\\n", "",  "\xC3\xA4", "zz9"};
    static const char *const scalars[] = {"1",     "\"}{\\\"\"", "null",
                                          "-0.50", " true ",     "\"\\\\\""};
    uint64_t kind = depth > 4 ? 0 : rng_below(rng, 3);
    if (kind == 0) {
        buf_put(buf, str_from(scalars[rng_below(rng, COUNT_OF(scalars))]));
        return;
    }
    buf_put(buf, str_from(kind == 1 ? "{ " : "[ "));
    for (uint64_t i = 0, count = rng_below(rng, 6); i < count; i++) {
        if (i)
            buf_puts(buf, " ,\n");
        if (kind == 1)
            buf_printf(buf, "\"%s\" : ", keys[rng_below(rng, COUNT_OF(keys))]);
        put_random_json(rng, buf, depth + 1);
    }
    buf_put(buf, str_from(kind == 1 ? "\t}" : " ]"));
}

START_TEST(random_json_is_what_the_server_reads)
{
    struct page page;
    struct rng rng;
    rng_seed(&rng, 7);
    page_open(&page, "v jsonb, t text");
    for (int i = 0; i < 3000; i++) {
        AUTO_BUF(json, MIB(1));
        buf_puts(&json, "[");
        put_random_json(&rng, &json, 0);
        buf_puts(&json, "]");
        put_twice(&page, buf_str(&json));
    }
    batch_close(page.writer.batch);
    struct str wrong = row_text_ask(page.arena, page.writer.batch, &page.columns,
                                    "select coalesce(min(t), '') || '/' || count(*) from stage"
                                    " where v::text is distinct from t::jsonb::text");
    ck_assert_str_is(wrong, "/0");
    page_close(&page);
}
END_TEST

START_TEST(fields_find_their_columns_in_any_order)
{
    struct page page;
    page_open(&page, "a bigint, b text, c bigint");
    ck_assert_int_eq(put(&page, "{\"a\":1,\"b\":\"x\",\"c\":3}"), ROW_PUT);
    ck_assert_int_eq(put(&page, "{\"c\":6,\"a\":4}"), ROW_PUT);
    ck_assert_int_eq(put(&page, "{\"a\":7,\"a\":8}"), ROW_PUT);
    ck_assert_int_eq(put(&page, "{}"), ROW_PUT);
    ck_assert_str_is(load(&page), "1|x|3|NULL|0|0\n"
                                  "4|NULL|6|NULL|0|1\n"
                                  "8|NULL|NULL|NULL|0|2\n"
                                  "NULL|NULL|NULL|NULL|0|3");
    page_close(&page);
}
END_TEST

START_TEST(scalars_fill_value)
{
    struct page page;
    page_open(&page, "value text");
    ck_assert_int_eq(put(&page, "\"a\\tb\""), ROW_PUT);
    ck_assert_int_eq(put(&page, "1.50"), ROW_PUT);
    ck_assert_int_eq(put(&page, "\"\\u0000\""), ROW_ASIDE);
    ck_assert_str_is(load(&page), "a\tb|NULL|0|0\n"
                                  "1.50|NULL|0|1\n"
                                  "NULL|{\"value\": \"\\\"\\\\u0000\\\"\"}|0|2");
    page_close(&page);
}
END_TEST

START_TEST(unknown_fields_are_collected)
{
    struct page page;
    page_open(&page, "id bigint");
    page.items[0].may_widen = true;
    ck_assert_int_eq(put(&page, "{\"id\":1,\"n\":null}"), ROW_PUT);
    ck_assert_int_eq(put(&page, "{\"id\":2,\"n\":1}"), ROW_UNKNOWN);
    ck_assert_int_eq(put(&page, "{\"id\":3,\"n\":\"x\",\"m\":{}}"), ROW_UNKNOWN);
    ck_assert_int_eq(put(&page, "{\"id\":4.5}"), ROW_UNKNOWN);
    const struct new_fields *fields = &page.writer.new_fields;
    enum column_type type;
    ck_assert_uint_eq(fields->count, 3);
    ck_assert_str_is(fields->items[0].field, "n");
    ck_assert(new_fields_type(&fields->items[0], &type));
    ck_assert_int_eq(type, COLUMN_TEXT);
    ck_assert_str_is(fields->items[1].field, "m");
    ck_assert_str_is(fields->items[2].field, "id");
    ck_assert(fields->items[2].is_wider);
    ck_assert_uint_eq(page.writer.batch->row_count, 1);
    page_close(&page);
}
END_TEST

START_TEST(newcomers_go_where_the_table_says)
{
    struct page page;
    page_open(&page, "id bigint");
    page.table.on_new_field = NEW_FIELD_IGNORE;
    ck_assert_int_eq(put(&page, "{\"id\":1,\"n\":1}"), ROW_PUT);
    page.table.on_new_field = NEW_FIELD_ASIDE;
    bind_start(&page.writer.binder);
    ck_assert_int_eq(put(&page, "{\"id\":2,\"n\":[1, 2]}"), ROW_ASIDE);
    ck_assert_int_eq(page.writer.misfits.total, 0);
    page.table.on_new_field = NEW_FIELD_FAIL;
    ck_assert_int_eq(put(&page, "{\"id\":3,\"n\":1}"), ROW_FAILED);
    ck_assert_ptr_nonnull(strstr(reason, "\"n\""));
    page.table.on_new_field = NEW_FIELD_ADD;
    page.table.max_columns = 1;
    ck_assert_int_eq(put(&page, "{\"id\":4,\"n\":1}"), ROW_ASIDE);
    ck_assert_int_eq(page.writer.misfits.total, 1);
    page.table.max_columns = 500;
    page.writer.binder.is_extended = true;
    ck_assert_int_eq(put(&page, "{\"id\":5,\"n\":1}"), ROW_ASIDE);
    page.table.others = OTHERS_IGNORE;
    ck_assert_int_eq(put(&page, "{\"id\":6,\"n\":1}"), ROW_PUT);
    ck_assert_str_is(load(&page), "1|NULL|0|0\n"
                                  "2|{\"n\": \"[1, 2]\"}|0|1\n"
                                  "4|{\"n\": \"1\"}|0|2\n"
                                  "5|{\"n\": \"1\"}|0|3\n"
                                  "6|NULL|0|4");
    page_close(&page);
}
END_TEST

START_TEST(records_without_a_key_are_rejected)
{
    struct page page;
    struct str key = STR("id");
    page_open(&page, "id bigint, n bigint");
    page.table.key = &key;
    page.table.key_count = 1;
    page.items[0].is_key = true;
    ck_assert_int_eq(put(&page, "{\"n\":1}"), ROW_REJECTED);
    ck_assert_str_eq(reason, "key \"id\" is null or absent");
    ck_assert_int_eq(put(&page, "{\"id\":null}"), ROW_REJECTED);
    ck_assert_int_eq(put(&page, "{\"id\":\"x\",\"n\":\"y\"}"), ROW_FAILED);
    ck_assert_ptr_nonnull(strstr(reason, "key \"id\": the value is no bigint: its type has "));
    ck_assert_int_eq(put(&page, "{\"id\":\"\"}"), ROW_REJECTED);
    ck_assert_int_eq(put(&page, "{\"id\":\"\\u0000\"}"), ROW_REJECTED);
    ck_assert_int_eq(put(&page, "7"), ROW_REJECTED);
    ck_assert_int_eq(put(&page, "{\"id\":1,\"n\":\"y\"}"), ROW_ASIDE);
    page.items[0].may_widen = page.items[1].may_widen = true;
    ck_assert_int_eq(put(&page, "{\"id\":\"x\",\"n\":\"y\"}"), ROW_UNKNOWN);
    ck_assert_uint_eq(page.writer.new_fields.count, 2);
    ck_assert_int_eq(put(&page, "{\"id\":2,\"n\":\"\"}"), ROW_ASIDE);
    page.items[0].may_widen = page.items[1].may_widen = false;
    page.table.on_mismatch = MISMATCH_REJECT;
    ck_assert_int_eq(put(&page, "{\"id\":\"x\"}"), ROW_REJECTED);
    ck_assert_int_eq(put(&page, "{\"id\":2,\"n\":\"y\"}"), ROW_REJECTED);
    ck_assert_str_eq(reason, "column \"n\": the value is no bigint");
    page.table.on_mismatch = MISMATCH_FAIL;
    ck_assert_int_eq(put(&page, "{\"id\":3,\"n\":\"y\"}"), ROW_FAILED);
    ck_assert_int_eq(put(&page, "{\"id\":4,\"n\":\"\xFF\"}"), ROW_REJECTED);
    ck_assert_str_is(load(&page), "1|NULL|{\"n\": \"\\\"y\\\"\"}|0|0\n"
                                  "2|NULL|{\"n\": \"\\\"\\\"\"}|0|1");
    ck_assert_int_eq(page.writer.misfits.total, 2);
    page_close(&page);
}
END_TEST

START_TEST(rejected_records_add_no_columns)
{
    struct page page;
    struct str key = STR("id");
    page_open(&page, "");
    page.columns.has_table = false;
    page.table.key = &key;
    page.table.key_count = 1;
    row_start(&page.writer);
    ck_assert_int_eq(put(&page, "{\"error\":\"x\"}"), ROW_REJECTED);
    ck_assert_int_eq(put(&page, "{\"id\":1}"), ROW_UNKNOWN);
    ck_assert_uint_eq(page.writer.new_fields.count, 1);
    page_close(&page);
}
END_TEST

START_TEST(declared_columns_read_paths_and_strings)
{
    struct page page;
    page_open(&page, "total numeric, n bigint, day date, price other");
    struct path path = {0}, list_path = {0};
    ck_assert_ok(path_compile(page.arena, STR("amounts.total"), &path, &err), err);
    ck_assert_ok(path_compile(page.arena, STR("amounts.days[-1].on"), &list_path, &err), err);
    struct declared_column declared[] = {{.name = STR("total"), .path = path},
                                         {.name = STR("n")},
                                         {.name = STR("day"), .path = list_path},
                                         {.name = STR("price")}};
    for (size_t i = 0; i < COUNT_OF(declared); i++)
        page.items[i].declared = &declared[i];
    page.table.others = OTHERS_IGNORE;
    columns_index(&page.columns, page.arena);
    row_start(&page.writer);
    ck_assert_int_eq(put(&page,
                         "{\"amounts\":{\"to\\u0074al\":\"19.90\", \"days\":[{\"on\":1},"
                         "{\"on\":\"2024-01-02\"}]},\"n\":\"7\",\"total\":5,\"price\":1.5}"),
                     ROW_PUT);
    ck_assert_int_eq(put(&page, "{\"amounts\":{\"total\":{}},\"n\":7.5}"), ROW_ASIDE);
    ck_assert_int_eq(put(&page, "{\"amounts\":7}"), ROW_PUT);
    ck_assert_str_is(load(&page),
                     "19.90|7|2024-01-02|1.5|NULL|0|0\n"
                     "NULL|NULL|NULL|NULL|{\"n\": \"7.5\", \"total\": \"{}\"}|0|1\n"
                     "NULL|NULL|NULL|NULL|NULL|0|2");
    page_close(&page);
}
END_TEST

START_TEST(other_types_are_looked_at_before_the_server_does)
{
    struct page page;
    page_open(&page, "i integer, s smallint, d double precision, n numeric(4), c varchar(3)");
    struct declared_column declared[COUNT_OF(page.items)] = {0};
    for (size_t i = 0; i < page.columns.count; i++) {
        declared[i].name = page.items[i].name;
        page.items[i].declared = &declared[i];
    }
    ck_assert_int_eq(
        put(&page, "{\"i\":2147483647,\"s\":\"-32768\",\"d\":1e3,\"n\":1.5,\"c\":7}"), ROW_PUT);
    ck_assert_int_eq(put(&page, "{\"i\":2147483648,\"s\":32768,\"d\":\"x\",\"n\":{}}"),
                     ROW_ASIDE);
    ck_assert_str_is(load(&page), "2147483647|-32768|1000|2|7|NULL|0|0\n"
                                  "NULL|NULL|NULL|NULL|NULL|{\"d\": \"\\\"x\\\"\", \"i\": "
                                  "\"2147483648\", \"n\": \"{}\", \"s\": \"32768\"}|0|1");
    page_close(&page);
}
END_TEST

START_TEST(whole_records_go_to_one_column)
{
    struct page page;
    struct str key = STR("id");
    struct record_field extra = jsontext_field(STR("repo"), STR("\"r\""));
    page_open(&page, "id bigint, record jsonb");
    page.items[0].is_key = true;
    page.table.mode = COLUMNS_NONE;
    page.table.key = &key;
    page.table.key_count = 1;
    page.writer.binder.extras = &extra;
    page.writer.binder.extra_count = 1;
    row_start(&page.writer);
    ck_assert_int_eq(put(&page, "{\"id\":1, \"new\":[2]}"), ROW_PUT);
    ck_assert_str_is(load(&page), "1|{\"id\": 1, \"new\": [2], \"repo\": \"r\"}|NULL|0|0");
    page_close(&page);
}
END_TEST

/* The first of a row's own columns begins after the fields; with none, after the count. */
static uint64_t row_hash(struct page *page, size_t row)
{
    struct str bytes = batch_row(page->writer.batch, row);
    uint64_t hash;
    memcpy(&hash, bytes.ptr + 2 + 4, sizeof hash);
    return hash;
}

START_TEST(hash_tells_records_extras_and_maps_apart)
{
    struct page page;
    struct record_field extra = jsontext_field(STR("repo"), STR("\"r\""));
    page_open(&page, "");
    page.table.others = OTHERS_IGNORE;
    ck_assert_int_eq(put(&page, "{\"a\":1}"), ROW_PUT);
    ck_assert_int_eq(put(&page, "{\"a\":1}"), ROW_PUT);
    ck_assert_int_eq(put(&page, "{\"a\":2}"), ROW_PUT);
    page.columns.seed++;
    ck_assert_int_eq(put(&page, "{\"a\":1}"), ROW_PUT);
    page.columns.seed--;
    page.writer.binder.extras = &extra;
    page.writer.binder.extra_count = 1;
    row_start(&page.writer);
    ck_assert_int_eq(put(&page, "{\"a\":1}"), ROW_PUT);
    uint64_t hash = row_hash(&page, 0);
    ck_assert_uint_eq(row_hash(&page, 1), hash);
    for (size_t row = 2; row < 5; row++)
        ck_assert_uint_ne(row_hash(&page, row), hash);
    page_close(&page);
}
END_TEST

/* --- values that wait until their row is sent --- */

#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"

static const char *const waiting[] = {
    "{\"id\": 1, \"t\": \"" LONG "\", \"j\": {\"zz\": \"" LONG
    "\", \"a\": [1, {\"c\": 2, \"b\": 1}]}}",
    "{\"id\": 2, \"t\": \"short\", \"j\": {\"b\": 1, \"a\": 2}}",
    "{\"id\": 3, \"t\": \"\\u00e4\\n" LONG "\", \"j\": \"\\u00e4" LONG "\"}",
    "{\"id\": 4, \"t\": {\"" LONG "\": 1}, \"j\": null}",
};

#define WAITING_COLUMNS "id bigint, t text, j jsonb"

static void put_waiting(struct page *page, bool may_wait)
{
    page_open(page, WAITING_COLUMNS);
    page->writer.batch->may_wait = may_wait;
    for (size_t i = 0; i < COUNT_OF(waiting); i++)
        ck_assert_int_eq(put(page, waiting[i]), ROW_PUT);
}

START_TEST(a_value_that_waited_is_what_it_would_have_been)
{
    struct page now, later;
    AUTO_BUF(part_now, KIB(16));
    AUTO_BUF(part_later, KIB(16));
    const size_t rows[] = {0, 2};
    put_waiting(&now, false);
    put_waiting(&later, true);
    ck_assert_uint_eq(now.writer.batch->waiting_bytes, 0);
    ck_assert_uint_lt(later.writer.batch->rows.len, now.writer.batch->rows.len);
    batch_put_part(now.writer.batch, rows, COUNT_OF(rows), NULL, &part_now);
    batch_put_part(later.writer.batch, rows, COUNT_OF(rows), NULL, &part_later);
    ck_assert(str_eq(buf_str(&part_now), buf_str(&part_later)));
    batch_mark(later.writer.batch, &(struct mark){.page = 1});
    batch_aim_at_table(later.writer.batch, 0);
    batch_aim_at_stage(later.writer.batch);
    batch_close(now.writer.batch);
    batch_close(later.writer.batch);
    ck_assert(str_eq(buf_str(&now.writer.batch->rows), buf_str(&later.writer.batch->rows)));
    for (size_t i = 0; i < COUNT_OF(waiting); i++)
        ck_assert(str_eq(batch_row(now.writer.batch, i), batch_row(later.writer.batch, i)));
    page_close(&now);
    page_close(&later);
}
END_TEST

/* The body stays with the batch. What lies elsewhere, as the arena of the page, does not. */
START_TEST(a_value_waits_in_its_body_alone)
{
    for (int is_body = 0; is_body < 2; is_body++) {
        struct page page;
        struct buf body;
        buf_init(&body, KIB(1));
        buf_put(&body, str_from(waiting[0]));
        page_open(&page, WAITING_COLUMNS);
        struct batch *batch = page.writer.batch;
        batch->may_wait = true;
        char *copy = strdup(waiting[0]);
        struct str text = is_body ? buf_str(&body) : str_from(copy);
        ck_assert_int_eq(put_text(&page, text, 0), ROW_PUT);
        batch_keep_body(batch, &body);
        memset(copy, 'x', strlen(copy));
        free(copy);
        ck_assert_int_eq(batch->waiting_bytes > 0, is_body);
        batch_mark(batch, &(struct mark){.page = 1});
        batch_close(batch);
        ck_assert_int_ge(
            str_find(buf_str(&batch->rows), STR("{\"a\":[1,{\"b\":1,\"c\":2}],\"zz\":")), 0);
        buf_done(&body);
        page_close(&page);
    }
}
END_TEST

SUITE("worker/row", a_value_that_waited_is_what_it_would_have_been,
      a_value_waits_in_its_body_alone, values_arrive_as_sent, numbers_at_the_limits_arrive,
      random_numbers_are_what_the_server_reads, random_json_is_what_the_server_reads,
      fields_find_their_columns_in_any_order, scalars_fill_value, unknown_fields_are_collected,
      newcomers_go_where_the_table_says, records_without_a_key_are_rejected,
      rejected_records_add_no_columns, declared_columns_read_paths_and_strings,
      other_types_are_looked_at_before_the_server_does, whole_records_go_to_one_column,
      hash_tells_records_extras_and_maps_apart)
