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

/* One that an older version stored. */
START_TEST(a_stored_text_that_is_more_than_a_type_is_refused)
{
    schema_database();
    EXPECT("1", DEFINE("shop.orders"));
    ASK("insert into pagetide.field (stream, field, column_name, type, declared) "
        "values ('shop.orders', 'c', 'c', 'text unique', true)");
    EXPECT("PT022", "do $$ begin perform pagetide.extend_table('{\"stream\": \"shop.orders\", "
                    "\"run\": 1, \"schema\": \"shop\", \"table\": \"orders\", \"key\": [], "
                    "\"declared\": [], \"fields\": []}'); "
                    "exception when others then perform set_config('t.got', sqlstate, false); "
                    "end $$; select current_setting('t.got')");
}
END_TEST

SUITE("schema/columns", first_tables_of_a_schema_may_be_made_at_once,
      another_key_takes_the_place_of_the_old_one, another_index_of_the_same_name_stays,
      a_deferrable_key_is_refused, functions_in_public_are_not_called,
      a_stored_text_that_is_more_than_a_type_is_refused)
