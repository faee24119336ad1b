#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* Tables that others have made: triggers, rules, identities, deferred constraints. */

#define OWN                                                                                    \
    "_pt_run bigint, _pt_at timestamptz, _pt_hash bigint, _pt_aside jsonb, _pt_from "          \
    "timestamptz, _pt_to timestamptz, _pt_current boolean"

static const char *const writes[] = {"append\n    again: true", "upsert\n    key: id",
                                     "replace\n    key: id", "replace", "history\n    key: id"};

/* people.all of id and n; `key`: its column id has one. */
static void table(const char *id, bool key)
{
    SQL("set client_min_messages = warning; drop schema if exists people cascade; delete from "
        "pagetide.target; delete from "
        "pagetide.field; create schema people; create table people.all (id bigint %s, n text, "
        "%s)%s",
        id, OWN, key ? "; create unique index on people.all (id)" : "");
}

static void stream(const char *write)
{
    people(pagetide_text("    adopt: true\n    write: %s\n", write));
}

static bool is_keyed(const char *write)
{
    return strstr(write, "key") && !strstr(write, "history");
}

static const char *summary(void)
{
    return expect_run(0, "sync people.all").err;
}

/* Each row that is kept out in silence is told, whichever way it took. */
START_TEST(rows_that_a_table_drops_are_told)
{
    static const char *const droppers[] = {
        "create function people.f() returns trigger language plpgsql as $$ begin if new.id = 2 "
        "then return null; end if; return new; end $$; create trigger t before insert or "
        "update on people.all for each row execute function people.f()",
        "create rule r as on insert to people.all where new.id = 2 do instead nothing",
    };
    set_up();
    for (size_t i = 0; i < 2 * sizeof writes / sizeof *writes; i++) {
        const char *write = writes[i / 2];
        bool is_rule = i % 2;
        if (is_rule && strncmp(write, "upsert", 6) == 0)
            continue; /* PostgreSQL takes no ON CONFLICT there */
        table("", is_keyed(write));
        SQL("%s", droppers[i % 2]);
        stream(write);
        answer("[{\"id\": 1, \"n\": \"a\"}, {\"id\": 2, \"n\": \"b\"}, {\"id\": 3}]");
        expect_holds(summary(), "dropped: 1 rows of people.\"all\" are not as the run");
        EXPECT_SQL("1 3", "select string_agg(id::text, ' ' order by id) from people.all");
        answer("[{\"id\": 1, \"n\": \"a\"}]");
        expect_lacks(summary(), "dropped");
    }
    tear_down();
}
END_TEST

START_TEST(a_change_that_a_table_drops_is_told)
{
    set_up();
    for (size_t i = 1; i < sizeof writes / sizeof *writes; i++) {
        if (strcmp(writes[i], "replace") == 0)
            continue;
        table("", is_keyed(writes[i]));
        stream(writes[i]);
        answer("[{\"id\": 1, \"n\": \"a\"}, {\"id\": 2, \"n\": \"b\"}]");
        summary();
        SQL("create function people.f() returns trigger language plpgsql as $$ begin if new.id "
            "= 2 then return null; end if; return new; end $$; create trigger t before update "
            "on people.all for each row execute function people.f()");
        answer("[{\"id\": 1, \"n\": \"x\"}, {\"id\": 2, \"n\": \"y\"}]");
        expect_holds(summary(), "dropped: 1 rows of people.\"all\"");
    }
    tear_down();
}
END_TEST

/* COPY takes the value of an identity that is always generated, and so do the other ways. */
START_TEST(an_identity_takes_the_records_values)
{
    set_up();
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        table("generated always as identity", is_keyed(writes[i]));
        stream(writes[i]);
        for (int run = 1; run <= 2; run++) {
            answer(pagetide_text("[{\"id\": 7, \"n\": \"%d\"}, {\"id\": 8, \"n\": 5}]", run));
            summary();
        }
        EXPECT_SQL("7 8", "select string_agg(distinct id::text, ' ' order by id::text) from "
                          "people.all where n in ('2', '5')");
    }
    tear_down();
}
END_TEST

/* What is checked at the COMMIT only is checked where the row can still be found. */
START_TEST(a_deferred_constraint_rejects_its_row_alone)
{
    set_up();
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        if (strncmp(writes[i], "replace", 7) == 0)
            continue; /* rows are compared with the table's at the end: the run fails */
        table("", is_keyed(writes[i]));
        SQL("create table people.known (id bigint primary key); insert into people.known "
            "values (1), (3); alter table people.all add foreign key (id) references "
            "people.known deferrable initially deferred");
        stream(writes[i]);
        answer("[{\"id\": 1, \"n\": \"a\"}, {\"id\": 2, \"n\": \"b\"}, {\"id\": 3}]");
        expect_holds(summary(), "rejects: 1 of 3 records are not in the table");
        EXPECT_SQL("1 3", "select string_agg(id::text, ' ' order by id) from people.all");
    }
    tear_down();
}
END_TEST

/* Rows that refer to those of the stream's own table are not to blame for another one. */
START_TEST(a_bad_row_among_children_is_rejected_alone)
{
    static const char *const deferred[] = {"", "deferrable initially deferred"};
    set_up();
    for (int i = 0; i < 2; i++) {
        table("primary key", false);
        SQL("create table people.lines (id bigint references people.all %s, sku text, check "
            "(sku <> 'bad'), %s)",
            deferred[i], OWN);
        people(
            "    adopt: true\n    write: upsert\n    key: id\n    exclude: lines\n"
            "    tables:\n      lines: {merge_path: \"[*].lines[*]\", with: {id: \"[*].id\"}, "
            "adopt: true, again: true}\n");
        answer("[{\"id\": 1, \"lines\": [{\"sku\": \"a\"}, {\"sku\": \"bad\"}]}, "
               "{\"id\": 2, \"lines\": [{\"sku\": \"b\"}]}]");
        summary();
        EXPECT_SQL("1a 2b", "select string_agg(id || sku, ' ' order by id) from people.lines");
    }
    tear_down();
}
END_TEST

SUITE("flow/adopted", rows_that_a_table_drops_are_told, a_change_that_a_table_drops_is_told,
      an_identity_takes_the_records_values, a_deferred_constraint_rejects_its_row_alone,
      a_bad_row_among_children_is_rejected_alone)
