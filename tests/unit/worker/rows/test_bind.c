#include "worker/rows/bind.h"

#include "tests/support/suite.h"

static struct arena *arena;
static struct err err = ERR_INIT;
static struct column items[4];
static struct columns columns;
static struct table table;
static struct binder binder;
static struct bound bound;

/* A map with the columns `id` and `name` of a table that is there. */
static void set_up(void)
{
    arena = arena_new();
    items[0] = (struct column){.field = STR("id"), .name = STR("id")};
    items[1] = (struct column){.field = STR("Name"), .name = STR("name")};
    columns = (struct columns){.items = items, .count = 2, .has_table = true};
    table = (struct table){.max_columns = 500};
    binder = (struct binder){.columns = &columns, .table = &table, .arena = arena};
    bound = (struct bound){0};
    columns_index(&columns, arena);
    bind_start(&binder);
}

static enum bind_result bind_text(const char *json)
{
    const struct path whole = {0};
    struct record record;
    struct records *records = records_start(arena, str_from(json), &whole);
    ck_assert_int_eq(records_next(records, &record, &err), RECORDS_ONE);
    return bind_record(&binder, &record, &bound);
}

/* "values; fields that want a column; asides", or why not. */
static struct str show(const char *json)
{
    AUTO_BUF(all, KIB(64));
    if (bind_text(json) != BIND_DONE)
        return str_from(bound.reason);
    for (size_t i = 0; i < columns.count; i++)
        buf_printf(&all, "%s%.*s", i ? " " : "",
                   STR_ARG(bound.values[i] ? bound.values[i]->raw : STR("-")));
    buf_puts(&all, ";");
    for (size_t i = 0; i < bound.unknown_count; i++)
        buf_printf(&all, " %.*s", STR_ARG(bound.unknown[i]->name));
    buf_puts(&all, ";");
    for (size_t i = 0; i < bound.aside_count; i++)
        buf_printf(&all, " %.*s=%.*s%s", STR_ARG(bound.asides[i].name),
                   STR_ARG(bound.asides[i].field->raw), bound.asides[i].is_misfit ? "!" : "");
    return arena_str(arena, buf_str(&all));
}

START_TEST(each_record_begins_anew)
{
    set_up();
    ck_assert_str_is(show("{\"id\":1,\"Name\":\"a\"}"), "1 \"a\";;");
    ck_assert_str_is(show("{\"Name\":\"b\",\"new\":[1],\"id\":2}"), "2 \"b\"; new;");
    ck_assert_str_is(show("{\"id\":null}"), "null -;;");
    ck_assert_str_is(show("{\"new\":null}"), "- -;;");
    arena_free(arena);
}
END_TEST

START_TEST(new_fields_go_where_the_table_says)
{
    set_up();
    table.on_new_field = NEW_FIELD_ASIDE;
    ck_assert_str_is(show("{\"id\":1,\"x\":2}"), "1 -;; x=2");
    table.on_new_field = NEW_FIELD_IGNORE;
    ck_assert_str_is(show("{\"id\":1,\"x\":2}"), "1 -;;");
    ck_assert_str_is(show("{\"id\":1,\"x\":3}"), "1 -;;"); /* remembered by its place */
    ck_assert_str_is(show("{\"id\":1,\"id\":2}"), "2 -;;");
    ck_assert_str_is(show("{\"x\":1,\"Name\":2}"), "- 2;;");
    ck_assert_int_eq(bind_text("{\"id\":1,\"x\":\"\xFF\"}"), BIND_REJECTED);
    table.on_new_field = NEW_FIELD_FAIL;
    bind_start(&binder);
    ck_assert_int_eq(bind_text("{\"x\":2}"), BIND_FAILED);
    ck_assert_str_eq(bound.reason, "new field \"x\" (on_new_field: fail)");
    table.on_new_field = NEW_FIELD_ADD;
    table.max_columns = 2;
    ck_assert_str_is(show("{\"id\":1,\"x\":2}"), "1 -;; x=2!");
    table.max_columns = 500;
    binder.is_extended = true;
    ck_assert_str_is(show("{\"id\":1,\"x\":2}"), "1 -;; x=2!");
    table.others = OTHERS_ASIDE;
    ck_assert_str_is(show("{\"id\":1,\"x\":2}"), "1 -;; x=2");
    arena_free(arena);
}
END_TEST

/* PostgreSQL could not index it. */
START_TEST(a_very_long_name_gets_no_column)
{
    set_up();
    for (int length = 1000; length <= 1001; length++) {
        const char *record = arena_printf(arena, "{\"%0*d\":2}", length, 7).ptr;
        ck_assert_int_eq(bind_text(record), BIND_DONE);
        ck_assert_uint_eq(bound.unknown_count, length == 1000);
        ck_assert_uint_eq(bound.aside_count, length > 1000);
    }
    arena_free(arena);
}
END_TEST

START_TEST(what_with_adds_wins)
{
    set_up();
    struct record_field extra = record_field_of(arena, STR("\"e\""));
    extra.name = STR("Name");
    binder.extras = &extra;
    binder.extra_count = 1;
    bind_start(&binder);
    ck_assert_str_is(show("{\"id\":1,\"Name\":\"own\"}"), "1 \"e\";;");
    ck_assert_str_is(show("{\"id\":2}"), "2 \"e\";;");
    arena_free(arena);
}
END_TEST

START_TEST(a_key_must_be_there)
{
    struct str key = STR("id");
    set_up();
    items[0].is_key = true;
    table.key = &key;
    table.key_count = 1;
    ck_assert_str_is(show("{\"Name\":\"a\"}"), "key \"id\" is null or absent");
    ck_assert_str_is(show("{\"id\":null}"), "key \"id\" is null or absent");
    ck_assert_int_eq(bind_text("{\"id\":1}"), BIND_DONE);
    columns.count = 0; /* before there is a table */
    columns.has_table = false;
    columns_index(&columns, arena);
    bound = (struct bound){0};
    bind_start(&binder);
    ck_assert_str_is(show("{\"Name\":\"a\"}"), "key \"id\" is null or absent");
    ck_assert_str_is(show("{\"id\":1}"), "; id;");
    arena_free(arena);
}
END_TEST

START_TEST(a_field_that_nothing_can_keep_rejects_the_record)
{
    set_up();
    ck_assert_str_is(show("{\"id\":1,\"x\":\"\xFF\"}"),
                     "field \"x\": bytes that are not UTF-8");
    arena_free(arena);
}
END_TEST

SUITE("worker/bind", each_record_begins_anew, new_fields_go_where_the_table_says,
      a_very_long_name_gets_no_column, what_with_adds_wins, a_key_must_be_there,
      a_field_that_nothing_can_keep_rejects_the_record)
