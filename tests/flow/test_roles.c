#define SUITE_TIMEOUT 120
#include <unistd.h>

#include "tests/support/docs.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/* docs/postgres.md: the roles that it makes have the rights that are needed, and no others. */
static const char manual[] = "docs/postgres.md";
static struct pagetide pagetide;
static struct mock mock;

static const char *role(void)
{
    return pagetide_text("pagetide_%d", (int)getpid());
}

static const char *reader(void)
{
    return pagetide_text("reader_%d", (int)getpid());
}

/* The statements of the manual, for roles and a database of this test. */
static void run_statements(const char *marker)
{
    const char *text = docs_replaced(docs_block_after(manual, marker), "DATABASE",
                                     pagetide_sql(&pagetide, "select current_database()"));
    text = docs_replaced(str_from(text), "role pagetide", pagetide_text("role %s", role()));
    text = docs_replaced(str_from(text), "to pagetide;", pagetide_text("to %s;", role()));
    text = docs_replaced(str_from(text), "from pagetide;", pagetide_text("from %s;", role()));
    text = docs_replaced(str_from(text), "authorization pagetide",
                         pagetide_text("authorization %s", role()));
    text = docs_replaced(str_from(text), "reader", reader());
    struct str rest = str_from(text), line;
    while (rest.len) {
        rest = str_split(rest, '\n', &line);
        if (line.len)
            pagetide_sql(&pagetide, "do $do$ begin %.*s end $do$", STR_ARG(line));
    }
}

static const char *url_of(const char *name)
{
    return pagetide_text("postgresql://%s@127.0.0.1:%s/%s", name,
                         pagetide_sql(&pagetide, "select inet_server_port()"),
                         pagetide_sql(&pagetide, "select current_database()"));
}

static void come_as(const char *name)
{
    setenv("PAGETIDE_DATABASE_URL", url_of(name), 1);
}

static void set_up(void)
{
    mock_start(NULL, &mock);
    pagetide_open_empty(&pagetide);
    pagetide_sql(&pagetide, "do $$ begin execute format('revoke all on database %%I from "
                            "public', current_database()); end $$");
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\nstreams:\n  orders: {path: /gen/page, "
                    "merge_path: data, key: id, write: upsert}\n",
                    mock.url);
}

static void tear_down(void)
{
    setenv("PAGETIDE_DATABASE_URL", pagetide.database_url, 1);
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

static void forget(const char *name)
{
    pagetide_await_alone(&pagetide);
    pagetide_sql(&pagetide, "drop owned by %s cascade", name);
    pagetide_sql(&pagetide, "drop role %s", name);
}

START_TEST(the_role_can_do_its_work)
{
    set_up();
    run_statements("<!-- role -->");
    come_as(role());
    struct pagetide_result got = pagetide_run(&pagetide, "sync shop.orders");
    ck_assert_msg(got.code == 0, "%s", got.err);
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from shop.orders"), "100");
    forget(role());
    tear_down();
}
END_TEST

START_TEST(the_role_without_create_can_do_its_work)
{
    set_up();
    run_statements("<!-- role -->");
    come_as(role());
    pagetide_expect(&pagetide, 0, "migrate");
    run_statements("<!-- without create -->");
    pagetide_expect(&pagetide, 0, "migrate");
    struct pagetide_result got = pagetide_run(&pagetide, "sync shop.orders");
    ck_assert_msg(got.code == 0, "%s", got.err);
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from shop.orders"), "100");
    pagetide_source(&pagetide, "other",
                    "source: other\nbase_url: %s\nstreams: {a: {path: "
                    "/gen/page, merge_path: data}}\n",
                    mock.url);
    got = pagetide_run(&pagetide, "sync other.a --json");
    ck_assert_int_eq(got.code, 1);
    expect_holds(pagetide_json(pagetide_last_line(got.out), "error"), "permission denied");
    ck_assert_str_eq(pagetide_json(pagetide_last_line(got.out), "reason"), "definition");
    forget(role());
    tear_down();
}
END_TEST

/* Partitions are made by the owner of the table alone: rows of others go to the default one. */
START_TEST(the_role_that_owns_no_table_makes_no_partitions)
{
    set_up();
    run_statements("<!-- role -->");
    come_as(role());
    pagetide_expect(&pagetide, 0, "migrate");
    pagetide_sql(&pagetide,
                 "create schema shop; create table shop.orders (id bigint, created_at "
                 "timestamptz, _pt_run bigint, _pt_at timestamptz, _pt_hash bigint, _pt_aside "
                 "jsonb) partition by range (created_at); "
                 "create table shop.rest partition of shop.orders default; "
                 "grant usage on schema shop to %1$s; "
                 "grant select, insert, update, delete on shop.orders to %1$s",
                 role());
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\nstreams:\n  orders: {path: /gen/page, "
                    "merge_path: data, adopt: true, columns: {created_at: timestamptz, id: "
                    "bigint}, others: ignore, partition_by: created_at}\n",
                    mock.url);
    struct pagetide_result got = pagetide_run(&pagetide, "sync shop.orders");
    ck_assert_msg(got.code == 0, "%s", got.err);
    expect_holds(got.err,
                 "partition_by: rows of 1 period of shop.orders (2024-01-01 00:00) are "
                 "in its default partition: permission denied for table rest");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from shop.rest"), "100");
    forget(role());
    tear_down();
}
END_TEST

/* Two pages, of which the second fails once; the table is another's, and ours may do what
 * `rights` say. What the run says that comes then. */
static struct pagetide_result run_after_a_failed_one(const char *rights)
{
    pagetide_sql(&pagetide,
                 "drop schema if exists shop cascade; create schema shop; create table "
                 "shop.orders (id bigint, _pt_run bigint, _pt_at timestamptz, _pt_hash bigint, "
                 "_pt_aside jsonb); grant usage on schema shop to %1$s; "
                 "delete from pagetide.target; delete from pagetide.field; %2$s",
                 role(), docs_replaced(str_from(rights), "ROLE", role()));
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\nretry: {max_attempts: 1}\nstreams:\n"
                    "  orders: {path: /gen/page, merge_path: data, adopt: true, columns: {id: "
                    "bigint}, others: ignore, bookmark: {path: id}, params: {since: \"{{ "
                    "bookmark }}\", total: 20, per_page: 10}, pagination: {type: page, "
                    "total_pages_path: pages}}\n",
                    mock.url);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen\", \"query\": \"page=2\", \"kind\": \"status\", "
              "\"status\": 500, \"times\": 1}");
    setenv("PAGETIDE_BATCH_RECORDS", "10", 1);
    pagetide_expect(&pagetide, 1, "sync shop.orders");
    return pagetide_run(&pagetide, "sync shop.orders");
}

/* What a run that failed has stored must be seen and taken out, or the records would be there
 * twice. */
START_TEST(a_role_that_may_not_take_rows_out_says_so)
{
    static const char *const rights[][2] = {
        {"grant select, insert on shop.orders to ROLE", "`grant delete on shop.orders to "},
        {"grant all on shop.orders to ROLE; alter table shop.orders enable row level security; "
         "create policy p on shop.orders for insert with check (true)",
         "row level security of shop.orders hides rows from role "},
        {"grant all on shop.orders to ROLE; alter table shop.orders enable row level security; "
         "create policy p on shop.orders using (id < 5) with check (true)",
         "row level security of shop.orders hides rows from role "},
        {"grant all on shop.orders to ROLE; alter table shop.orders enable row level security; "
         "create policy p on shop.orders using (true); create policy q on shop.orders as "
         "restrictive using (id < 5) with check (true)",
         "row level security of shop.orders hides rows from role "},
        {"grant all on shop.orders to ROLE; alter table shop.orders enable row level security; "
         "create policy p on shop.orders to ROLE using (true)",
         NULL},
    };
    set_up();
    run_statements("<!-- role -->");
    come_as(role());
    pagetide_expect(&pagetide, 0, "migrate");
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++) {
        struct pagetide_result got = run_after_a_failed_one(rights[i][0]);
        ck_assert_msg(got.code == (rights[i][1] ? 1 : 0), "%zu: %s", i, got.err);
        if (rights[i][1])
            expect_holds(got.err, rights[i][1]);
        ck_assert_str_eq("t", pagetide_sql(&pagetide, "select count(*) = count(distinct id) "
                                                      "from shop.orders"));
    }
    forget(role());
    tear_down();
}
END_TEST

/* Asked as the reader: the answer, or the error's text. */
static const char *asked(const char *question)
{
    return docs_output_of(
        pagetide_text("psql -XAtq '%s' -c \"%s\" 2>&1 || true", url_of(reader()), question));
}

START_TEST(the_reader_reads_and_no_more)
{
    set_up();
    run_statements("<!-- role -->");
    come_as(role());
    pagetide_expect(&pagetide, 0, "sync shop.orders");
    run_statements("<!-- reader -->");
    pagetide_sql(&pagetide,
                 "do $$ begin execute format('grant connect on database %%I to %s', "
                 "current_database()); end $$",
                 reader());
    expect_holds(asked("select count(*) from shop.orders"), "100");
    expect_holds(asked("select state from pagetide.history"), "succeeded");
    expect_holds(asked("select count(*) from pagetide.reject"), "permission denied");
    expect_holds(asked("delete from shop.orders"), "permission denied");
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\nstreams:\n  later: {path: /gen/page, "
                    "merge_path: data, key: id, write: upsert}\n",
                    mock.url);
    pagetide_expect(&pagetide, 0, "sync shop.later");
    expect_holds(asked("select count(*) from shop.later"), "100");
    forget(reader());
    forget(role());
    tear_down();
}
END_TEST

SUITE("flow/roles", the_role_can_do_its_work, the_role_without_create_can_do_its_work,
      the_role_that_owns_no_table_makes_no_partitions,
      a_role_that_may_not_take_rows_out_says_so, the_reader_reads_and_no_more)
