#include "worker/load/column_map_dry.h"

#include "tests/support/suite.h"
#include "worker/records/jsontext.h"

static struct arena *arena;
static struct new_fields fields;
static struct stream stream;

static void set_up(void)
{
    arena = arena_new();
    fields = (struct new_fields){.arena = arena};
    stream = (struct stream){
        .table = {.schema = STR("shop"), .name = STR("orders"), .max_columns = 50}};
}

static void add(const char *name, const char *json)
{
    struct record_field field = jsontext_field(str_from(name), str_from(json));
    new_fields_add(&fields, &field);
}

/* Extends the map, which is given back, and says its columns: "name type, …". */
static struct str extend(struct column_map **map)
{
    AUTO_BUF(all, KIB(4));
    struct column_map *next = column_map_dry_extend(*map, &stream, &fields);
    column_map_unref(*map);
    *map = next;
    for (size_t i = 0; i < next->columns.count; i++)
        buf_printf(&all, "%s%.*s %.*s", i ? ", " : "", STR_ARG(next->columns.items[i].name),
                   STR_ARG(next->columns.items[i].sql_type));
    fields = (struct new_fields){.arena = arena};
    return arena_str(arena, buf_str(&all));
}

START_TEST(declared_columns_come_first)
{
    struct declared_column declared = {.name = STR("total"), .type = STR("numeric(6,2)")};
    struct column_map *map = column_map_dry_new(NULL);
    set_up();
    stream.table.declared = &declared;
    stream.table.declared_count = 1;
    ck_assert(!map->columns.has_table);
    add("id", "1");
    add("none", "null");
    ck_assert_str_is(extend(&map), "total numeric(6,2), id bigint");
    ck_assert(map->columns.has_table);
    ck_assert_ptr_eq(map->columns.items[0].declared, &declared);
    add("at", "\"2024-01-02\"");
    ck_assert_str_is(extend(&map), "total numeric(6,2), id bigint, at date");
    column_map_unref(map);
    arena_free(arena);
}
END_TEST

START_TEST(a_bigint_widens)
{
    struct column_map *map = column_map_dry_new(NULL);
    struct record_field half = jsontext_field(STR("n"), STR("0.5"));
    set_up();
    add("n", "1");
    ck_assert_str_is(extend(&map), "n bigint");
    new_fields_add_wider(&fields, &half, COLUMN_BIGINT);
    ck_assert_str_is(extend(&map), "n numeric");
    column_map_unref(map);
    arena_free(arena);
}
END_TEST

START_TEST(a_full_table_takes_only_the_key)
{
    struct str key = STR("id");
    struct column_map *map = column_map_dry_new(NULL);
    set_up();
    stream.table.max_columns = 1;
    stream.table.key = &key;
    stream.table.key_count = 1;
    add("a", "1");
    add("b", "1");
    add("id", "1");
    ck_assert_str_is(extend(&map), "a bigint, id bigint");
    ck_assert(map->columns.items[1].is_key);
    column_map_unref(map);
    arena_free(arena);
}
END_TEST

/* As pagetide.free_name has it: the number replaces the end of a name of 63 bytes. */
START_TEST(a_taken_name_is_numbered)
{
    struct column_map *map = column_map_dry_new(NULL);
    struct str long_name, short_name;
    set_up();
    add("a b", "1");
    add("a_b", "1");
    add("a-b", "1");
    ck_assert_str_is(extend(&map), "a_b bigint, a_b_2 bigint, a_b_3 bigint");
    short_name = arena_printf(arena, "%060d", 0);
    long_name = arena_printf(arena, "x%.*s", STR_ARG(short_name));
    add(long_name.ptr, "1");
    add(arena_printf(arena, "%.*s-", STR_ARG(long_name)).ptr, "1");
    (void)extend(&map);
    ck_assert_str_is(map->columns.items[4].name,
                     arena_printf(arena, "%.*s_2", STR_ARG(long_name)).ptr);
    column_map_unref(map);
    arena_free(arena);
}
END_TEST

START_TEST(whole_records_have_one_column)
{
    struct column_map *map = column_map_dry_new(NULL);
    set_up();
    stream.table.mode = COLUMNS_NONE;
    ck_assert_str_is(extend(&map), "record jsonb");
    column_map_unref(map);
    arena_free(arena);
}
END_TEST

START_TEST(draws_the_table)
{
    struct str key[] = {STR("userID"), STR("absent")};
    struct column_map *map = column_map_dry_new(NULL);
    AUTO_BUF(ddl, KIB(4));
    set_up();
    stream.table.write = WRITE_UPSERT;
    stream.table.key = key;
    stream.table.key_count = 2;
    add("userID", "1");
    (void)extend(&map);
    column_map_dry_put_ddl(&ddl, &stream, &map->columns);
    ck_assert_str_is(buf_str(&ddl),
                     "create schema if not exists \"shop\";\n"
                     "create table \"shop\".\"orders\" (\n"
                     "    \"user_id\" bigint,\n"
                     "    _pt_run bigint,\n    _pt_at timestamptz,\n    _pt_hash bigint,\n"
                     "    _pt_aside jsonb\n);\n"
                     "create unique index on \"shop\".\"orders\" (\"user_id\", \"absent\");\n");
    column_map_unref(map);
    arena_free(arena);
}
END_TEST

SUITE("worker/column_map_dry", declared_columns_come_first, a_bigint_widens,
      a_full_table_takes_only_the_key, a_taken_name_is_numbered, whole_records_have_one_column,
      draws_the_table)
