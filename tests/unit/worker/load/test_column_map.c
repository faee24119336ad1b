#include "worker/load/column_map.h"

#include "tests/support/servers.h"
#include "tests/support/suite.h"
#include "worker/records/jsontext.h"

static struct loop *loop;
static struct pg *pg;
static struct err err = ERR_INIT;

static void set_up(void)
{
    struct pg_options options = {.url = servers_database_url(), .name = "pagetide test"};
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(pg_open(loop, &options, NULL, NULL, &pg, &err), err);
}

static void tear_down(void)
{
    pg_close(pg);
    loop_free(loop);
}

/* The map that such rows of pagetide.columns() give: "(field, name, type, table, widen), …". */
static struct column_map *map_of(const char *rows, const struct stream *stream)
{
    AUTO_BUF(sql, KIB(4));
    AUTO_PG_RESULT struct pg_result *result = NULL;
    buf_printf(&sql, "select *, false, true from (values %s) as t", rows);
    ck_assert_ok(pg_await(pg, sql.ptr, NULL, 0, 10000, &result, &err), err);
    return column_map_new(result, stream);
}

START_TEST(reads_what_postgres_says)
{
    struct str key = STR("id");
    struct declared_column declared = {.name = STR("total"), .type = STR("numeric(6,2)")};
    struct stream stream = {.table = {.key = &key, .key_count = 1}};
    stream.table.declared = &declared;
    stream.table.declared_count = 1;
    set_up();
    struct column_map *map = map_of("('id', 'id', 'bigint', true, true), "
                                    "('total', 'total', 'numeric(6,2)', true, true), "
                                    "('Name', 'name', 'text', true, true)",
                                    &stream);
    const struct columns *columns = &map->columns;
    ck_assert_uint_eq(columns->count, 3);
    ck_assert(columns->has_table);
    ck_assert(columns->items[0].may_widen);
    ck_assert(columns->items[0].is_key);
    ck_assert_int_eq(columns->items[0].type, COLUMN_BIGINT);
    ck_assert_ptr_eq(columns->items[1].declared, &declared);
    ck_assert_int_eq(columns->items[1].type, COLUMN_OTHER);
    ck_assert(!columns->items[2].is_key);
    ck_assert_uint_eq(columns_find(columns, STR("Name")), 2);
    ck_assert(column_map_has_declared(map, &stream.table));
    column_map_unref(map);
    map = map_of("(null::text, null::text, null::text, false, false)", &stream);
    ck_assert_uint_eq(map->columns.count, 0);
    ck_assert(!map->columns.has_table);
    ck_assert(!column_map_has_declared(map, &stream.table));
    column_map_unref(map);
    tear_down();
}
END_TEST

START_TEST(compares_maps)
{
    const struct stream stream = {0};
    set_up();
    struct column_map *map = map_of("('a', 'a', 'bigint', true, true)", &stream);
    struct column_map *same = map_of("('a', 'a', 'bigint', true, false)", &stream);
    struct column_map *wider = map_of("('a', 'a', 'numeric', true, true)", &stream);
    struct column_map *more =
        map_of("('a', 'a', 'bigint', true, true), ('b', 'b', 'text', true, true)", &stream);
    struct column_map *gone = map_of("('a', 'a', 'bigint', false, true)", &stream);
    struct column_map *blank = map_of("('a', 'a', 'bigint', false, true)", &stream);
    blank->columns.is_blank = true;
    ck_assert(column_map_is_same(map, same));
    ck_assert(!column_map_is_same(map, wider));
    ck_assert(!column_map_is_same(map, more));
    ck_assert(!column_map_is_same(map, gone));
    ck_assert(!column_map_is_same(gone, blank));
    ck_assert(column_map_covers(more, map));
    ck_assert(column_map_covers(wider, map));
    ck_assert(!column_map_covers(map, more));
    ck_assert(!column_map_covers(gone, map));
    ck_assert_uint_ne(map->number, same->number);
    ck_assert_ptr_eq(column_map_ref(map), map);
    column_map_unref(map);
    ck_assert_uint_eq(map->columns.count, 1); /* one reference is left */
    struct column_map *all[] = {map, same, wider, more, gone, blank, NULL};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        column_map_unref(all[i]);
    tear_down();
}
END_TEST

START_TEST(the_plan_lists_key_declared_and_new_fields)
{
    struct arena *arena = arena_new();
    struct str key = STR("id");
    struct declared_column declared = {.name = STR("total"), .type = STR("numeric(6,2)")};
    struct stream stream = {
        .name = STR("shop.orders"),
        .table = {.schema = STR("shop"), .name = STR("orders"), .max_columns = 50}};
    stream.table.write = WRITE_UPSERT;
    stream.table.key = &key;
    stream.table.key_count = 1;
    stream.table.declared = &declared;
    stream.table.declared_count = 1;
    struct new_fields fields = {.arena = arena};
    struct record_field id = jsontext_field(STR("userID"), STR("1"));
    struct record_field none = jsontext_field(STR("none"), STR("null"));
    struct record_field half = jsontext_field(STR("n"), STR("0.5"));
    new_fields_add(&fields, &id);
    new_fields_add(&fields, &none);
    new_fields_add_wider(&fields, &half, COLUMN_BIGINT);
    AUTO_BUF(plan, KIB(4));
    column_map_put_plan(&plan, &stream, 7, &fields);
    ck_assert_str_is(
        buf_str(&plan),
        "{\"stream\":\"shop.orders\",\"schema\":\"shop\",\"table\":\"orders\",\"run\":7,"
        "\"adopt\":false,\"upsert\":true,\"max_columns\":50,\"key\":[\"id\"],"
        "\"declared\":[{\"name\":\"total\",\"type\":\"numeric(6,2)\"}],"
        "\"fields\":[{\"field\":\"userID\",\"column\":\"user_id\",\"type\":\"bigint\","
        "\"widen\":false},{\"field\":\"n\",\"column\":\"n\",\"type\":\"numeric\","
        "\"widen\":true}]}");
    buf_reset(&plan);
    stream.table.mode = COLUMNS_NONE;
    stream.table.declared_count = 0;
    column_map_put_plan(&plan, &stream, 7, NULL);
    ck_assert_int_ge(str_find(buf_str(&plan), STR("\"blank\":true")), 0);
    ck_assert(
        str_ends(buf_str(&plan), STR("\"declared\":[{\"name\":\"record\",\"type\":\"jsonb\"}],"
                                     "\"fields\":[]}")));
    arena_free(arena);
}
END_TEST

START_TEST(the_staging_table_has_our_types)
{
    const struct stream stream = {0};
    set_up();
    struct column_map *map = map_of(
        "('a', 'a \"b\"', 'bigint', true, true), ('c', 'c', 'money', true, true)", &stream);
    AUTO_BUF(sql, KIB(4));
    column_map_put_stage_sql(&sql, map, 3, false);
    ck_assert_str_is(buf_str(&sql),
                     "drop table if exists pg_temp._pt_stage_3;create temp table _pt_stage_3 "
                     "(\"a \"\"b\"\"\" bigint,\"c\" text,_pt_hash int8,_pt_aside jsonb,"
                     "_pt_mark int8,_pt_ord int8)");
    buf_reset(&sql);
    column_map_put_stage_sql(&sql, map, 3, true);
    ck_assert_str_is(buf_str(&sql), "truncate pg_temp._pt_stage_3");
    column_map_unref(map);
    tear_down();
}
END_TEST

SUITE("worker/column_map", reads_what_postgres_says, compares_maps,
      the_plan_lists_key_declared_and_new_fields, the_staging_table_has_our_types)
