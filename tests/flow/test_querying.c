#include <string.h>
#include <unistd.h>

#include "tests/support/docs.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/* What an analyst reads, with the rights of an analyst: docs/querying.md. */

static struct mock mock;
static struct pagetide pagetide;

static const char shop[] =
    "source: shop\nbase_url: %s\nstreams:\n"
    "  orders:\n    path: /orders\n    pagination: {type: none}\n    write: upsert\n    key: "
    "id\n"
    "    columns: {total: {path: sum.net, type: numeric}}\n"
    "    tables: {lines: {merge_path: \"[*].lines\", on_missing: empty, again: true, columns: "
    "{qty: {type: "
    "bigint}}}}\n"
    "  other: {path: /orders, pagination: {type: none}, write: upsert, key: id}\n";

static void serve(const char *orders)
{
    mock_post(&mock, "/_mock/route",
              pagetide_text("{\"path\": \"/orders\", \"body\": %s}", orders));
}

static void start(void)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    pagetide_source(&pagetide, "shop", shop, mock.url);
    serve("[{\"id\": 1, \"sum\": {\"net\": 12.5}, \"created_at\": \"2024-03-30T23:30:00Z\", "
          "\"lines\": [{\"qty\": 1}, {\"qty\": \"two\", \"t\": 3, \"e\": 4}]}]");
    pagetide_expect(&pagetide, 0, "sync shop.orders");
    serve("[{\"id\": 2, \"sum\": {\"net\": \"cheap\"}, \"created_at\": "
          "\"2024-03-31T01:30:00+02:00\", \"note\": \"new\"}, {\"name\": \"no id\"}]");
    pagetide_expect(&pagetide, 0, "sync shop.orders");
    pagetide_expect(&pagetide, 0, "sync shop.other");
}

/* Roles are the server's, which other suites use: each test has its own. */
static const char *analyst(void)
{
    return pagetide_text("analyst_%d", (int)getpid());
}

static const char *with_analyst(const char *text)
{
    const char *at = strstr(text, " analyst");
    if (!at)
        return text;
    at++;
    return pagetide_text("%.*s%s%s", (int)(at - text), text, analyst(),
                         with_analyst(at + strlen("analyst")));
}

static const char *order(const char *sql)
{
    return pagetide_sql(&pagetide, "%s; select 1", with_analyst(sql));
}

static void stop(void)
{
    order("drop owned by analyst; drop role analyst");
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

/* The next block of SQL; the first has the grants. NULL behind the last. */
static const char *next_sql(size_t *at)
{
    struct str doc = str_from(pagetide_read("docs/querying.md"));
    struct str block = docs_next_block(doc, "sql", at);
    return block.ptr ? pagetide_text("%.*s", STR_ARG(block)) : NULL;
}

static void grant(void)
{
    size_t at = 0;
    order(next_sql(&at));
}

static const char *ask(const char *sql)
{
    return pagetide_sql(&pagetide, "set role %s; %s", analyst(), sql);
}

static const char *refused(const char *sql)
{
    return pagetide_try_sql(&pagetide, "set role %s; %s", analyst(), sql);
}

START_TEST(columns_say_where_they_come_from)
{
    start();
    grant();
    ck_assert_str_eq(ask("select string_agg(concat_ws(' ', column_name, field, type, origin, "
                         "first_run, misfits, last_misfit_run), ', ' order by first_run, "
                         "column_name) from pagetide.columns where stream = 'shop.orders' and "
                         "table_name = 'orders'"),
                     "created_at created_at timestamp with time zone inferred 1 0, "
                     "id id bigint inferred 1 0, lines lines jsonb inferred 1 0, "
                     "sum sum jsonb inferred 1 0, total sum.net numeric declared 1 1 2, note "
                     "note text inferred 2 0");
    ck_assert_str_eq(
        ask("select concat_ws(' ', column_name, misfits, last_misfit_run, "
            "last_misfit is not null, first_seen < now()) from pagetide.columns where "
            "table_name = 'lines' and column_name = 'qty'"),
        "qty 1 1 t t");
    stop();
}
END_TEST

START_TEST(what_was_rejected_and_put_aside_is_found)
{
    start();
    grant();
    ck_assert_str_eq(ask("select concat_ws(' ', run, table_schema, table_name, page, position, "
                         "record_json ->> 'name') from pagetide.rejected where stream = "
                         "'shop.orders'"),
                     "2 shop orders 1 1 no id");
    ck_assert_str_eq(
        ask("select string_agg(concat_ws(' ', table_name, column_name, value, run, "
            "record ->> 'id', record ->> 't'), ', ' order by table_name) from "
            "pagetide.aside('shop.orders')"),
        "lines qty two 1 3, orders total cheap 2 2");
    expect_holds(refused("select * from pagetide.aside('shop.none')"), "has no stream");
    stop();
}
END_TEST

/* Each sees what the rights on the tables say. */
START_TEST(an_analyst_sees_no_more_than_the_tables)
{
    start();
    grant();
    order("revoke select on shop.orders from analyst");
    ck_assert_str_eq(ask("select string_agg(stream, ' ') from pagetide.rejected"),
                     "shop.other");
    expect_holds(refused("select * from pagetide.aside('shop.orders')"), "permission denied");
    expect_holds(refused("select * from pagetide.reject"), "permission denied");
    expect_holds(refused("select * from pagetide.definition"), "permission denied");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from pagetide.rejected"), "2");
    stop();
}
END_TEST

/* Of a table that is not there nobody can say who may read it. */
START_TEST(rejects_without_a_table_are_no_error)
{
    start();
    grant();
    order("drop table shop.other; delete from pagetide.target where stream = 'shop.other'");
    ck_assert_str_eq(ask("select string_agg(stream, ' ') from pagetide.rejected"),
                     "shop.orders");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from pagetide.rejected"), "2");
    stop();
}
END_TEST

/* The record as it was sent holds more than the table. */
START_TEST(what_is_kept_out_of_a_table_is_kept_out_of_its_rejects)
{
    start();
    grant();
    order("update pagetide.definition set spec = spec || '{\"exclude\": [\"ssn\"]}' "
          "where stream = 'shop.orders'");
    ck_assert_str_eq(ask("select count(*) || ' ' || count(record) || ' ' || count(record_json) "
                         "from pagetide.rejected where stream = 'shop.orders'"),
                     "1 0 0");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(record) from pagetide.rejected"),
                     "2");
    order("update pagetide.definition set spec = spec - 'exclude'; "
          "revoke select on shop.lines from analyst");
    ck_assert_str_eq(ask("select count(*) || ' ' || count(record) from pagetide.rejected "
                         "where stream = 'shop.orders'"),
                     "1 0");
    stop();
}
END_TEST

START_TEST(row_security_holds_for_what_is_no_row)
{
    start();
    grant();
    order("alter table shop.orders enable row level security; "
          "create policy few on shop.orders for select to analyst using (id > 2)");
    ck_assert_str_eq(ask("select string_agg(stream, ' ') from pagetide.rejected"),
                     "shop.other");
    ck_assert_str_eq(ask("select string_agg(table_name, ' ') from "
                         "pagetide.aside('shop.orders')"),
                     "lines");
    stop();
}
END_TEST

/* Nothing of ours hangs on a table: a column may get another type, a table may go. */
START_TEST(no_view_stands_in_the_way)
{
    start();
    grant();
    pagetide_expect(&pagetide, 0, "columns shop.orders --type total=text");
    ck_assert_str_eq(
        ask("select string_agg(column_name, ' ') from pagetide.aside('shop.orders')"), "qty");
    pagetide_expect(&pagetide, 0, "reset shop.orders --drop-table --yes");
    ck_assert_str_eq(ask("select count(*) from pagetide.columns where stream = 'shop.orders'"),
                     "0");
    stop();
}
END_TEST

START_TEST(the_queries_of_the_manual_answer)
{
    const char *block;
    size_t at = 0;
    int count = 0;
    start();
    order(next_sql(&at));
    order("grant select on all tables in schema pagetide to analyst");
    while ((block = next_sql(&at))) {
        ask(block);
        count++;
    }
    ck_assert_int_ge(count, 4);
    stop();
}
END_TEST

SUITE("flow/querying", columns_say_where_they_come_from,
      what_was_rejected_and_put_aside_is_found, rejects_without_a_table_are_no_error,
      what_is_kept_out_of_a_table_is_kept_out_of_its_rejects,
      an_analyst_sees_no_more_than_the_tables, row_security_holds_for_what_is_no_row,
      no_view_stands_in_the_way, the_queries_of_the_manual_answer)
