#include "tests/support/schema.h"
#include "tests/support/suite.h"

#define DEFINE(stream) "select pagetide.define('" stream "', '{}', null, 'UTC', null, true)"
#define EXTEND(table)                                                                          \
    "select count(*) from pagetide.extend_table('{\"stream\": \"shop." table "\", "            \
    "\"run\": 1, \"schema\": \"shop\", \"table\": \"" table "\", \"max_columns\": 500, "       \
    "\"key\": [], \"declared\": [], \"fields\": [{\"field\": \"id\", \"column\": \"id\", "     \
    "\"type\": \"bigint\"}]}')"

START_TEST(first_tables_of_a_schema_may_be_made_at_once)
{
    schema_database();
    EXPECT("1", DEFINE("shop.orders"));
    EXPECT("1", DEFINE("shop.items"));
    struct schema_session *one = schema_session_open(schema_url),
                          *two = schema_session_open(schema_url);
    schema_session_sql(one, "begin");
    ck_assert_str_eq(schema_session_sql(one, EXTEND("orders")), "1");
    ck_assert(schema_session_send(two, EXTEND("items")));
    schema_session_sql(one, "commit");
    ck_assert_str_eq(schema_session_answer(two), "1");
    EXPECT("2", "select count(*) from pg_tables where schemaname = 'shop'");
}
END_TEST

#define UPSERT(key)                                                                            \
    "select count(*) from pagetide.extend_table('{\"stream\": \"shop.orders\", \"run\": 1, "   \
    "\"schema\": \"shop\", \"table\": \"orders\", \"max_columns\": 500, \"upsert\": true, "    \
    "\"key\": [\"" key "\"], \"declared\": [], \"fields\": ["                                  \
    "{\"field\": \"id\", \"column\": \"id\", \"type\": \"bigint\"}, "                          \
    "{\"field\": \"no\", \"column\": \"no\", \"type\": \"bigint\"}]}')"

START_TEST(another_key_takes_the_place_of_the_old_one)
{
    schema_database();
    EXPECT("1", DEFINE("shop.orders"));
    EXPECT("2", UPSERT("id"));
    EXPECT("2", UPSERT("no"));
    EXPECT("CREATE UNIQUE INDEX orders_pt_key ON shop.orders USING btree (no)",
           "select string_agg(indexdef, '; ') from pg_indexes where schemaname = 'shop'");
}
END_TEST

START_TEST(another_index_of_the_same_name_stays)
{
    schema_database();
    EXPECT("1", DEFINE("shop.orders"));
    ASK("create schema shop; create table shop.other (n int); "
        "create unique index orders_pt_key on shop.other (n)");
    EXPECT("2", UPSERT("id"));
    ASK("create unique index mine on shop.orders (id, no)");
    EXPECT("2", UPSERT("no"));
    EXPECT("mine (id, no) orders_pt_key (n) orders_pt_key2 (no)",
           "select string_agg(indexname || substring(indexdef from ' \\(.*'), ' ' order by "
           "indexname) from pg_indexes where schemaname = 'shop'");
}
END_TEST

START_TEST(a_deferrable_key_is_refused)
{
    schema_database();
    EXPECT("1", DEFINE("shop.orders"));
    EXPECT("2", UPSERT("id"));
    ASK("drop index shop.orders_pt_key; "
        "alter table shop.orders add constraint later unique (id) deferrable");
    ASK("do $$ begin perform pagetide.extend_table('{\"stream\": \"shop.orders\", "
        "\"run\": 1, \"schema\": \"shop\", \"table\": \"orders\", \"upsert\": true, "
        "\"key\": [\"id\"], \"declared\": [], \"fields\": []}'); "
        "exception when sqlstate 'PT022' then create table public.refused (); end $$");
    EXPECT("t", "select to_regclass('public.refused') is not null");
}
END_TEST

#define DECLARED(type)                                                                         \
    "select count(*) from pagetide.extend_table('{\"stream\": \"shop.orders\", \"run\": 1, "   \
    "\"schema\": \"shop\", \"table\": \"orders\", \"max_columns\": 500, \"key\": [], "         \
    "\"declared\": [{\"name\": \"c\", \"type\": \"" type "\"}], \"fields\": ["                 \
    "{\"field\": \"id\", \"column\": \"id\", \"type\": \"bigint\"}]}')"

/* A function that fits the arguments better than PostgreSQL's own, in a schema that is searched
 * for types. */
START_TEST(functions_in_public_are_not_called)
{
    schema_database();
    EXPECT("1", DEFINE("shop.orders"));
    ASK("create domain public.shade as text; create table public.seen (what text); "
        "create function public.format(text, text, text) returns text language sql as "
        "$$ insert into public.seen values ($1); select pg_catalog.format($1, $2, $3) $$; "
        "create function public.format(text, name, text) returns text language sql as "
        "$$ insert into public.seen values ($1); select pg_catalog.format($1, $2, $3) $$");
    EXPECT("2", DECLARED("shade"));
    EXPECT("2", DECLARED("shade"));
    EXPECT("", "select string_agg(what, '; ') from public.seen");
    EXPECT("shade", "select format_type(atttypid, atttypmod) from pg_attribute "
                    "where attrelid = 'shop.orders'::regclass and attname = 'c'");
}
END_TEST

#define WRITTEN_BY(run)                                                                        \
    "select pagetide.merge_rows('{\"schema\": \"shop\", \"name\": \"orders\", \"write\": "     \
    "\"append\", "                                                                             \
    "\"direct\": true}', array[jsonb_populate_record(null::pagetide.mark, '{\"n\": 0, "        \
    "\"run\": " run ", \"job\": 1, \"page\": 1, \"verdict\": \"applied\"}')])"

/* The statement fails as it does for a table that is not there. */
#define EXPECT_ANOTHER(statement)                                                              \
    EXPECT("no", "create or replace function public.tried() returns text language plpgsql as " \
                 "$f$ begin execute $x$" statement "$x$; return 'yes'; exception when "        \
                 "undefined_table then return 'no'; end $f$; select public.tried()")

START_TEST(a_run_writes_one_table)
{
    schema_database();
    EXPECT("1", DEFINE("shop.orders"));
    EXPECT("1", EXTEND("orders"));
    ASK(WRITTEN_BY("1"));
    ASK("alter table shop.orders rename to orders_old; "
        "create table shop.orders (like shop.orders_old including all)");
    EXPECT_ANOTHER(WRITTEN_BY("1"));
    EXPECT_ANOTHER(EXTEND("orders"));
    ASK(WRITTEN_BY("2"));
    /* Its own name again. */
    ASK("alter table shop.orders rename to orders_new; "
        "alter table shop.orders_old rename to orders");
    EXPECT_ANOTHER(WRITTEN_BY("2"));
    EXPECT("1", EXTEND("orders"));
}
END_TEST

/* What was decided for a table that is gone. */
START_TEST(a_mapping_does_not_outlive_its_table)
{
    schema_database();
    EXPECT("1", DEFINE("shop.orders"));
    EXPECT("2", UPSERT("id"));
    ASK("update pagetide.field set type = 'text unique' where field = 'no'; "
        "drop table shop.orders");
    EXPECT("2", UPSERT("id"));
    EXPECT("id bigint, no bigint",
           "select string_agg(field || ' ' || type, ', ' order by field) "
           "from pagetide.field");
}
END_TEST

START_TEST(a_declared_type_is_compared_however_it_is_written)
{
    static const struct {
        const char *has, *written;
        bool is_same;
    } cases[] = {
        {"bigint", "int8", true},
        {"bigint", "BIGINT", true},
        {"bigint", "integer", false},
        {"timestamptz", "timestamp with time zone", true},
        {"timestamptz(3)", "timestamp(3) with time zone", true},
        {"timestamptz", "timestamptz(3)", false},
        {"numeric(12,2)", "decimal(12, 2)", true},
        {"numeric(12,2)", "numeric", false},
        {"numeric(12)", "numeric(12,0)", true},
        {"varchar(20)", "character varying(20)", true},
        {"varchar", "varchar(20)", false},
        {"char", "char(1)", true},
        {"real", "float(24)", true},
        {"text[]", "text[]", true},
        {"text[]", "text", false},
        {"numeric(6,2)[]", "numeric(6,2)[]", true},
        {"text", "nothing_like_it", false},
    };
    schema_database();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        ASK("drop table if exists public.t; create table public.t (c %s)", cases[i].has);
        EXPECT(cases[i].is_same ? "t" : "f",
               "select pagetide.is_same_type(atttypid, atttypmod, '%s') from pg_attribute "
               "where attrelid = 'public.t'::regclass and attname = 'c'",
               cases[i].written);
    }
}
END_TEST

#define WIDEN(field, type)                                                                     \
    "select string_agg(column_name || ' ' || type || case when may_widen then '' else '!' "    \
    "end, ', ' order by column_name) from pagetide.extend_table('{\"stream\": "                \
    "\"shop.orders\", \"run\": 1, \"schema\": \"shop\", \"table\": \"orders\", "               \
    "\"max_columns\": 500, \"key\": [\"id\"], \"declared\": [], \"fields\": [{\"field\": "     \
    "\"" field "\", \"column\": \"" field "\", \"type\": \"" type "\", \"widen\": true}]}')"

START_TEST(a_column_widens_and_is_filled_in)
{
    schema_database();
    EXPECT("1", DEFINE("shop.orders"));
    EXPECT("2", UPSERT("id"));
    ASK("insert into shop.orders (id, no, _pt_aside) values (1, 7, null), "
        "(2, null, '{\"no\": \"1.5\", \"x\": \"1\"}'), (3, null, '{\"no\": \"\\\"a\\\"\"}'), "
        "(4, null, '{\"no\": \"\\\"NaN\\\"\"}')");
    EXPECT("id bigint, no numeric", WIDEN("no", "numeric"));
    EXPECT("7 1.5 - - {\"x\": \"1\"}",
           "select string_agg(coalesce(no::text, '-'), ' ' order by id) || ' ' || "
           "max(_pt_aside::text) filter (where id = 2) from shop.orders");
    EXPECT("id bigint, no text!", WIDEN("no", "text"));
    EXPECT("7 1.5 a NaN", "select string_agg(no, ' ' order by id) from shop.orders");
    EXPECT("t", "select bool_and(_pt_aside is null) from shop.orders where id <> 2");
    /* Another process had numbers in mind. */
    EXPECT("id bigint, no text!", WIDEN("no", "numeric"));
    EXPECT("id jsonb!, no text!", WIDEN("id", "jsonb"));
    EXPECT("1", "select count(*) from pg_indexes where indexname = 'orders_pt_key'");
    EXPECT("key of pagetide",
           "select obj_description('shop.orders_pt_key'::regclass, 'pg_class')");
}
END_TEST

START_TEST(what_others_rely_on_keeps_its_type)
{
    static const struct {
        const char *make, *drop, *refusal;
    } cases[] = {
        {"create view shop.v as select no from shop.orders", "drop view shop.v",
         "view shop.v depends on it"},
        {"create index i on shop.orders (no)", "drop index shop.i",
         "index shop.i depends on it"},
        {"create index i on shop.orders ((no + 1))", "drop index shop.i",
         "index shop.i depends on it"},
        {"alter table shop.orders alter no set default 1",
         "alter table shop.orders alter no drop default",
         "default value for column no of table shop.orders depends on it"},
        {"alter table shop.orders add constraint c check (no > 0)",
         "alter table shop.orders drop constraint c",
         "constraint c on table shop.orders depends on it"},
        {"create table shop.child () inherits (shop.orders)", "drop table shop.child",
         "the table has parents or children"},
        {"insert into pagetide.meta values ('widen_max_bytes', '0')",
         "delete from pagetide.meta where key = 'widen_max_bytes'",
         "the table has 16 kB, over 0 bytes"},
        {"update pagetide.field set declared = true where field = 'no'",
         "update pagetide.field set declared = false where field = 'no'",
         "its type is declared"},
        {"alter table shop.orders alter no type smallint",
         "alter table shop.orders alter no type bigint", "its type was not inferred"},
        {"update pagetide.target set created_run = null",
         "update pagetide.target set created_run = 1", "the table was adopted"},
    };
    schema_database();
    EXPECT("1", DEFINE("shop.orders"));
    EXPECT("2", UPSERT("id"));
    ASK("insert into shop.orders (id, no) values (1, 7)");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        ASK("%s", cases[i].make);
        EXPECT(cases[i].refusal,
               "select pagetide.widen_refusal('shop.orders', 'shop.orders', 'no')");
        ASK(WIDEN("no", "text"));
        EXPECT("7", "select sum(no) from shop.orders");
        ASK("%s", cases[i].drop);
    }
    EXPECT("id bigint, no text!", WIDEN("no", "text"));
}
END_TEST

START_TEST(a_reader_does_not_hold_up_a_run)
{
    schema_database();
    EXPECT("1", DEFINE("shop.orders"));
    EXPECT("2", UPSERT("id"));
    struct schema_session *reader = schema_session_open(schema_url);
    schema_session_sql(reader, "begin");
    schema_session_sql(reader, "select count(*) from shop.orders");
    EXPECT("id bigint, no bigint", WIDEN("no", "text"));
    schema_session_sql(reader, "commit");
    EXPECT("id bigint, no text!", WIDEN("no", "text"));
}
END_TEST

START_TEST(a_batch_cut_before_the_column_became_wider_fits)
{
    schema_database();
    EXPECT("1", DEFINE("shop.orders"));
    EXPECT("2", UPSERT("id"));
    EXPECT("id bigint, no jsonb!", WIDEN("no", "jsonb"));
    ASK("create temp table stage (id bigint, no bigint, _pt_hash bigint, _pt_aside text, "
        "_pt_mark int, _pt_ord bigint); insert into stage values (1, 7, 1, null, 0, 0); "
        "do $$ begin execute pagetide.merge_sql('{\"schema\": \"shop\", \"name\": \"orders\", "
        "\"stage\": \"stage\", \"columns\": [\"id\", \"no\"], \"key\": [\"id\"], \"write\": "
        "\"upsert\"}') using array[0], array[1::bigint], now(); end $$");
    EXPECT("1 7", "select concat_ws(' ', id, no) from shop.orders");
}
END_TEST

#define EMPTY(more)                                                                            \
    "select string_agg(distinct concat_ws(' ', has_table, is_blank), ', ') from "              \
    "pagetide.extend_table('{\"stream\": \"shop.orders\", \"run\": 1, \"schema\": \"shop\", "  \
    "\"table\": \"orders\", \"max_columns\": 500, \"key\": [], \"declared\": [{\"name\": "     \
    "\"id\", \"type\": \"int8\"}], \"fields\": []" more "}')"

START_TEST(a_table_is_blank_until_a_record_comes)
{
    static const char map[] =
        "select string_agg(concat_ws(' ', field, has_table, is_blank), ', ') "
        "from pagetide.columns('shop.orders', 'shop', 'orders', 1)";
    schema_database();
    EXPECT("1", DEFINE("shop.orders"));
    EXPECT("f f", map);
    EXPECT("f t", EMPTY(", \"blank\": true"));
    EXPECT("id f t", map);
    EXPECT("f t", EMPTY(", \"blank\": true"));
    EXPECT("t f", EMPTY(""));
    EXPECT("t f", EMPTY(", \"blank\": true"));
    EXPECT("id t f", map);
}
END_TEST

SUITE("schema/columns", a_run_writes_one_table, first_tables_of_a_schema_may_be_made_at_once,
      another_key_takes_the_place_of_the_old_one, another_index_of_the_same_name_stays,
      a_deferrable_key_is_refused, functions_in_public_are_not_called,
      a_mapping_does_not_outlive_its_table, a_declared_type_is_compared_however_it_is_written,
      a_column_widens_and_is_filled_in, what_others_rely_on_keeps_its_type,
      a_reader_does_not_hold_up_a_run, a_batch_cut_before_the_column_became_wider_fits,
      a_table_is_blank_until_a_record_comes)
