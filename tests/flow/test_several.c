#define SUITE_TIMEOUT 120

#include <unistd.h>

#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* `tables`: what a second run, and a person, do to several tables of one stream. */
#define ITEMS                                                                                  \
    "    tables:\n"                                                                            \
    "      items:\n"                                                                           \
    "        merge_path: \"[*].items[*]\"\n"                                                   \
    "        with: {person: \"[*].id\"}\n"

#define CHILDREN                                                                               \
    UPSERT "    exclude: [items]\n" ITEMS "        parent_key: person\n"                       \
           "        write: upsert\n        key: [person, sku]\n"

static const char items_sql[] =
    "select coalesce(string_agg(concat(person, sku, n), ' ' order by person, sku), '-') "
    "from people.items";

START_TEST(children_of_a_parent_are_those_it_was_sent_with)
{
    set_up();
    people(CHILDREN);
    answer("[{\"id\": 1, \"items\": [{\"sku\": \"a\", \"n\": 1}, {\"sku\": \"b\", \"n\": 1}]},"
           " {\"id\": 2, \"items\": [{\"sku\": \"a\", \"n\": 2}]},"
           " {\"id\": 3, \"items\": [{\"sku\": \"a\", \"n\": 3}]}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("1a1 1b1 2a2 3a3", "%s", items_sql);
    answer("[{\"id\": 1, \"items\": [{\"sku\": \"b\", \"n\": 1}, {\"sku\": \"c\", \"n\": 9}]},"
           " {\"id\": 2, \"items\": []}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("1b1 1c9 3a3", "%s", items_sql);
    EXPECT_SQL("1", "select _pt_run from people.items where sku = 'b'");
    answer("[{\"id\": 1, \"items\": []}, {\"id\": 3, \"items\": []}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("-", "%s", items_sql);
    tear_down();
}
END_TEST

/* With a part of what names a parent, rows of others would go. */
START_TEST(parents_whose_column_is_gone_are_an_error)
{
    set_up();
    people(UPSERT "    exclude: [items]\n" ITEMS "        parent_key: person\n");
    answer("[{\"id\": 1, \"items\": [{\"sku\": \"a\"}]}, {\"id\": 2, \"items\": [{\"sku\": "
           "\"b\"}]}]");
    expect_run(0, "sync people.all");
    SQL("alter table people.items drop person");
    expect_holds(expect_run(1, "sync people.all").out,
                 "column person of people.items is gone, which the key needs");
    EXPECT_SQL("a b", "select string_agg(sku, ' ' order by sku) from people.items");
    tear_down();
}
END_TEST

/* A type that PostgreSQL alone reads: nothing of a parent is known by its bytes. */
START_TEST(parents_are_known_by_keys_of_any_type)
{
    set_up();
    people(CHILDREN "        columns: {person: \"numeric(6,2)\", n: integer}\n");
    answer("[{\"id\": \"1.50\", \"items\": [{\"sku\": \"a\", \"n\": 1}]}]");
    expect_run(0, "sync people.all");
    answer("[{\"id\": \"1.5\", \"items\": [{\"sku\": \"b\", \"n\": \"2\"}]}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("1.50b2", "%s", items_sql);
    tear_down();
}
END_TEST

START_TEST(rows_of_a_run_that_failed_go_first_in_all_tables)
{
    static const char page[] =
        "{\"path\": \"/people\", \"query\": \"page=%d\", \"answers\": [{\"status\": %d, "
        "\"body\": {\"pages\": 2, \"data\": [{\"id\": %d, \"items\": [{\"sku\": \"a\"}]}]}}]}";
    static const char keys[] =
        "    pagination: {type: page, total_pages_path: pages}\n    merge_path: data\n"
        "    where: \"{{ id > 1 }}\"\n    exclude: [items]\n    tables:\n"
        "      items: {merge_path: \"data[*].items[*]\", with: {person: \"data[*].id\"}}\n"
        "      also: {merge_path: data, exclude: [items]}\n";
    set_up();
    pagetide_source(&pagetide, "people",
                    "source: people\nbase_url: %s\nretry: {max_attempts: 1}\nstreams:\n"
                    "  all:\n    path: /people\n%s",
                    mock.url, keys);
    mock_post(&mock, "/_mock/route", pagetide_text(page, 1, 200, 1));
    mock_post(&mock, "/_mock/route", pagetide_text(page, 2, 404, 2));
    expect_run(1, "sync people.all");
    EXPECT_SQL("1 1", "select (select count(*) from people.items) || ' ' || "
                      "(select count(*) from people.also)");
    mock_post(&mock, "/_mock/route", pagetide_text(page, 2, 200, 2));
    expect_holds(expect_run(0, "sync people.all").err,
                 "items: 1 rows of unfinished runs (1) were taken out");
    EXPECT_SQL("2 2 1", "select (select count(*) from people.items) || ' ' || "
                        "(select count(*) from people.also) || ' ' || (select count(*) from "
                        "people.\"all\")");
    expect_holds(expect_run(2, "sync people.all").err, "people.all appends");
    tear_down();
}
END_TEST

/* The stream's own table cannot have anything twice, but one of the others can. */
START_TEST(a_table_that_appends_refuses_a_run_that_reads_all_again)
{
    set_up();
    people(UPSERT "    exclude: [items]\n" ITEMS);
    answer("[{\"id\": 1, \"items\": [{\"sku\": \"a\"}]}]");
    expect_run(0, "sync people.all");
    expect_holds(expect_run(2, "sync people.all").err,
                 "people.all/items appends, and each run asks for all records again");
    people(UPSERT "    exclude: [items]\n" ITEMS "        again: true\n");
    expect_run(0, "sync people.all");
    EXPECT_SQL("2", "select count(*) from people.items");
    people(UPSERT "    exclude: [items]\n    every: 1h\n" ITEMS);
    expect_holds(expect_run(0, "check people").err, "append");
    tear_down();
}
END_TEST

/* Also where the stream's own table takes none of the records. */
START_TEST(a_table_that_appends_is_filled_once_beside_an_empty_one)
{
    set_up();
    people(UPSERT "    exclude: [items]\n    where: \"{{ false }}\"\n" ITEMS);
    answer("[{\"id\": 1, \"items\": [{\"sku\": \"a\"}]}]");
    expect_run(0, "sync people.all");
    expect_holds(expect_run(2, "sync people.all").err,
                 "people.all/items appends, and each run asks for all records again");
    EXPECT_SQL("1", "select count(*) from people.items");
    tear_down();
}
END_TEST

START_TEST(a_table_that_is_added_or_lost_is_read_from_the_beginning)
{
    static const char keys[] =
        UPSERT "    bookmark: {path: at}\n    params: {since: \"{{ bookmark | "
               "default(omit, true) }}\"}\n    exclude: [items]\n";
    set_up();
    people(keys);
    answer("[{\"id\": 1, \"at\": \"2024-01-05\", \"items\": [{\"sku\": \"a\"}]}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("1", "select count(*) from pagetide.bookmark");
    people(
        pagetide_text("%s%s        write: upsert\n        key: [person, sku]\n", keys, ITEMS));
    expect_holds(expect_run(0, "sync people.all").err,
                 "table people.items is not there: it is made anew; the bookmark is forgotten");
    EXPECT_SQL("1a", "%s", "select string_agg(concat(person, sku), ' ') from people.items");
    SQL("drop table people.items");
    expect_holds(expect_run(0, "sync people.all").err,
                 "table people.items is not there: it is made anew, with columns decided anew; "
                 "the bookmark is forgotten");
    EXPECT_SQL("1a", "%s", "select string_agg(concat(person, sku), ' ') from people.items");
    expect_lacks(expect_run(0, "sync people.all").err, "warning");
    tear_down();
}
END_TEST

START_TEST(a_table_has_one_owner)
{
    set_up();
    people(CHILDREN);
    answer("[{\"id\": 1, \"items\": [{\"sku\": \"a\"}]}]");
    expect_holds(expect_run(0, "check people").out, "people.all → people.all, people.items");
    expect_holds(expect_run(0, "check people --json").out,
                 "\"table\":\"people.all\",\"tables\":[\"people.items\"]");
    expect_holds(expect_run(0, "preview people.all").out, "for other tables (items 1)");
    expect_holds(expect_run(0, "preview people.all").out,
                 "create table \"people\".\"items\" (");
    pagetide_source(&pagetide, "other",
                    "source: other\nbase_url: %s\nschema: people\nstreams:\n  items: {path: "
                    "/people}\n",
                    mock.url);
    expect_holds(expect_run(2, "check").err, "fills the table people.items, which belongs to");
    unlink(pagetide_text("%s/sources/other.yaml", pagetide.dir));
    expect_run(0, "sync people.all");
    people("    again: true\n    table: people\n    tables: {all: {merge_path: \".\"}}\n");
    expect_holds(expect_run(1, "sync people.all").out, "belongs to stream people.all (PT021)");
    people(CHILDREN);
    SQL("drop table people.items; create table people.items (id int)");
    SQL("delete from pagetide.target where stream = 'people.all/items'");
    SQL("delete from pagetide.field where stream = 'people.all/items'");
    expect_holds(expect_run(1, "sync people.all").out, "`adopt: true` uses it");
    people(CHILDREN "        adopt: true\n");
    expect_run(0, "sync people.all");
    tear_down();
}
END_TEST

START_TEST(columns_and_reset_know_all_tables)
{
    set_up();
    people(CHILDREN "        comment: what a person has\n        indexes: {columns: n}\n");
    answer("[{\"id\": 1, \"items\": [{\"sku\": \"a\", \"n\": 1}]}]");
    expect_run(0, "sync people.all");
    expect_holds(expect_run(0, "columns people.all/items").out, "person");
    expect_lacks(expect_run(0, "columns people.all").out, "sku");
    expect_run(2, "columns people.all/none");
    expect_run(0, "columns people.all/items --type n=text");
    EXPECT_SQL("text", "select type from pagetide.field where stream = 'people.all/items' and "
                       "field = 'n'");
    EXPECT_SQL("what a person has", "select obj_description('people.items'::regclass)");
    EXPECT_SQL("1", "select count(*) from pg_indexes where indexdef like '%%items%%(n)'");
    expect_run(0, "reset people.all --drop-table --yes");
    EXPECT_SQL("0 0 true",
               "select (select count(*) from pagetide.field) || ' ' || (select count(*) "
               "from pagetide.target) || ' ' || (to_regclass('people.items') is null)");
    tear_down();
}
END_TEST

START_TEST(rejects_of_all_tables_are_loaded_again)
{
    set_up();
    people(CHILDREN "        columns: {n: smallint}\n        on_mismatch: reject\n");
    answer("[{\"id\": 1, \"items\": [{\"sku\": \"a\", \"n\": 1}, {\"sku\": \"b\", \"n\": "
           "99999}]}, {\"no\": 1, \"items\": []}]");
    expect_holds(expect_run(0, "sync people.all").out, "for other tables (items 2)");
    expect_holds(expect_run(0, "rejects 1").out, "items: column \"n\"");
    people(CHILDREN "        columns: {n: smallint}\n");
    expect_holds(expect_run(1, "rejects 1 --replay").out, "1 records stored, 1 still rejected");
    EXPECT_SQL("1a1 1b", "%s", items_sql);
    EXPECT_SQL("0", "select sum(rejects) from pagetide.run_tables(1)");
    people(CHILDREN "        columns: {n: smallint}\n        on_mismatch: reject\n");
    answer("[{\"id\": 2, \"items\": [{\"sku\": \"z\", \"n\": 99999}]}]");
    expect_run(0, "sync people.all");
    answer("[{\"id\": 2, \"items\": []}]");
    expect_run(0, "sync people.all");
    people(CHILDREN "        columns: {n: smallint}\n");
    expect_holds(expect_run(1, "rejects 2 --replay").out, "1 still rejected");
    expect_holds(expect_run(0, "rejects 2").out, "run 3 is newer: its parent may have");
    tear_down();
}
END_TEST

SUITE("flow/several", rejects_of_all_tables_are_loaded_again,
      children_of_a_parent_are_those_it_was_sent_with,
      parents_whose_column_is_gone_are_an_error, parents_are_known_by_keys_of_any_type,
      rows_of_a_run_that_failed_go_first_in_all_tables,
      a_table_that_appends_refuses_a_run_that_reads_all_again,
      a_table_that_appends_is_filled_once_beside_an_empty_one,
      a_table_that_is_added_or_lost_is_read_from_the_beginning, a_table_has_one_owner,
      columns_and_reset_know_all_tables)
