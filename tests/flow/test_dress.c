#define SUITE_TIMEOUT 120

#include "tests/support/schema.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* `indexes` and `comment`. */
/* Names without what is ours in them, and the hash. */
static const char indexes_sql[] =
    "select string_agg(regexp_replace(indexdef, '^CREATE (.*)INDEX \\S+ ON (.*)$', '\\1\\2'), "
    "E'\\n' order by regexp_replace(indexdef, 'INDEX \\S+ ', '') collate \"C\") from "
    "pg_indexes "
    "where schemaname = 'people' and indexname not like '%%\\_pt\\_key'";

START_TEST(indexes_come_with_the_table_and_go_with_the_definition)
{
    set_up();
    people("    indexes:\n"
           "      - {columns: [createdAt, id]}\n"
           "      - {columns: tags, method: gin}\n"
           "      - {columns: id, unique: true, where: id > 5}\n"
           "      - {columns: [_pt_run], method: brin}\n"
           "      - {columns: later}\n");
    answer("[{\"id\": 1, \"createdAt\": \"2024-01-05\", \"tags\": [1]}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("people.\"all\" USING brin (_pt_run)\n"
               "people.\"all\" USING btree (created_at, id)\n"
               "people.\"all\" USING gin (tags)\n"
               "UNIQUE people.\"all\" USING btree (id) WHERE (id > 5)",
               "%s", indexes_sql);
    SQL("create index mine on people.all (id); create index all_pt_12345678 on people.all "
        "(tags)");
    people("    again: true\n    indexes: [{columns: later}, {columns: [id]}]\n");
    answer("[{\"id\": 2, \"later\": true}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("people.\"all\" USING btree (id)\npeople.\"all\" USING btree (later)\n"
               "people.\"all\" USING btree (tags)",
               "%s", indexes_sql);
    people("    again: true\n");
    expect_run(0, "sync people.all");
    EXPECT_SQL("people.\"all\" USING btree (id)\npeople.\"all\" USING btree (tags)", "%s",
               indexes_sql);
    tear_down();
}
END_TEST

/* A run without changes makes nothing anew. */
START_TEST(indexes_stay_as_they_are)
{
    static const char oids[] =
        "select string_agg(indexrelid::text, ' ' order by indexrelid) from "
        "pg_index where indrelid = 'people.all'::regclass";
    set_up();
    people("    again: true\n    indexes: {columns: id, where: id > 0}\n");
    answer("[{\"id\": 1}]");
    expect_run(0, "sync people.all");
    const char *before = SQL("%s", oids);
    expect_run(0, "sync people.all");
    EXPECT_SQL(before, "%s", oids);
    SQL("delete from people.all");
    people(UPSERT "    again: true\n    indexes: {columns: id, where: id > 0}\n");
    expect_run(0, "sync people.all");
    expect_run(0, "sync people.all");
    EXPECT_SQL("2", "select count(*) from pg_indexes where schemaname = 'people'");
    tear_down();
}
END_TEST

START_TEST(names_are_short_and_unique)
{
    set_up();
    const char *names[] = {"t23456789_123456789_123456789_123456789_123456789_123456789_aé",
                           "t23456789_123456789_123456789_123456789_123456789_123456789_bé"};
    for (int i = 0; i < 2; i++) {
        people(pagetide_text("    again: true\n    table: %s\n    indexes: {columns: id}\n",
                             names[i]));
        answer("[{\"id\": 1}]");
        expect_run(0, "sync people.all");
    }
    EXPECT_SQL("2 t",
               "select count(*) || ' ' || case when max(octet_length(indexname)) < 64 then 't' "
               "end from pg_indexes where schemaname = 'people'");
    tear_down();
}
END_TEST

START_TEST(a_large_table_keeps_its_writers)
{
    set_up();
    people("    again: true\n");
    answer("[{\"id\": 1}]");
    expect_run(0, "sync people.all");
    SQL("insert into pagetide.meta values ('widen_max_bytes', '8191')");
    people("    again: true\n    indexes: [{columns: id, where: id > 0}, {columns: id}]\n");
    const char *said = expect_run(0, "sync people.all").err;
    expect_holds(said, "indexes: people.\"all\" is large (");
    static const char *const made[] = {"create index concurrently all_pt_",
                                       "on people.\"all\" using btree (id)` makes it"};
    expect_holds(said, made[0]);
    expect_holds(said, made[1]);
    for (const char *at = said; (at = strstr(at, made[0])); at++)
        SQL("%.*s", (int)strcspn(at, "`"), at);
    const char *after = expect_run(0, "sync people.all").err;
    ck_assert_msg(!strstr(after, "indexes: "), "%s", after);
    EXPECT_SQL("2", "select count(*) from pg_indexes where schemaname = 'people'");
    people("    again: true\n");
    expect_run(0, "sync people.all");
    EXPECT_SQL("2", "select count(*) from pg_indexes where schemaname = 'people'");
    tear_down();
}
END_TEST

static void expect_failed(const char *keys, const char *error)
{
    people(keys);
    struct pagetide_result got = expect_run(1, "sync people.all --json");
    ck_assert_str_eq(pagetide_json(pagetide_last_line(got.out), "reason"), "definition");
    expect_holds(pagetide_json(pagetide_last_line(got.out), "error"), error);
}

START_TEST(an_index_that_cannot_be_made_fails_the_run)
{
    set_up();
    answer("[{\"id\": 1}, {\"id\": 1}]");
    expect_failed("    indexes: {columns: id, where: idd > 5}\n",
                  "indexes: using btree (id) where (idd > 5): column \"idd\" does not exist");
    expect_failed("    indexes: {columns: id, method: gin}\n",
                  "indexes: using gin (id): data type bigint has no default operator class");
    people("");
    expect_run(0, "sync people.all");
    expect_failed("    again: true\n    indexes: {columns: id, unique: true}\n",
                  "indexes: unique using btree (id): the table has rows that are not unique");
    tear_down();
}
END_TEST

/* A unique index besides the key's: what breaks it is a reject, not the end of the run. */
START_TEST(a_unique_index_rejects_what_comes_twice)
{
    set_up();
    people(UPSERT "    indexes: {columns: mail, unique: true}\n");
    answer("[{\"id\": 1, \"mail\": \"a\"}, {\"id\": 2, \"mail\": \"a\"}, {\"id\": 3, \"mail\": "
           "\"b\"}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("1 3", "select string_agg(id::text, ' ' order by id) from people.all");
    EXPECT_SQL("1", "select count(*) from pagetide.reject");
    tear_down();
}
END_TEST

START_TEST(an_index_follows_its_column_when_that_widens)
{
    set_up();
    people("    again: true\n    indexes: {columns: age}\n");
    answer("[{\"id\": 1, \"age\": 7}]");
    expect_run(0, "sync people.all");
    answer("[{\"id\": 2, \"age\": 7.5}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL("7 7.5", "select string_agg(age::text, ' ' order by id) from people.all");
    EXPECT_SQL("people.\"all\" USING btree (age)", "%s", indexes_sql);
    tear_down();
}
END_TEST

static const char comments_sql[] =
    "select obj_description('people.all'::regclass) || '|' || string_agg(a.attname || ': ' || "
    "coalesce(col_description(a.attrelid, a.attnum), '-'), '|' order by a.attnum) from "
    "pg_attribute a where a.attrelid = 'people.all'::regclass and a.attnum > 0 and a.attname "
    "not "
    "like '\\_pt%%'";

START_TEST(comments_say_where_it_comes_from)
{
    set_up();
    people(
        "    columns: {n: {type: bigint, path: a.n}, m: {type: text, comment: \"it's \\\"m\\\" "
        "%s\"}}\n");
    answer("[{\"id\": 1, \"a\": {\"n\": 7}, \"m\": \"x\", \"userName\": 2}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL(
        "from people.all /people|n: a.n of people.all|m: it's \"m\" %s|id: id of people.all|"
        "a: a of people.all|user_name: userName of people.all",
        "%s", comments_sql);
    tear_down();
}
END_TEST

START_TEST(a_users_comment_stays)
{
    set_up();
    people("");
    answer("[{\"id\": 1, \"a\": 1, \"b\": 1}]");
    expect_run(0, "sync people.all");
    SQL("comment on column people.all.a is 'mine'; comment on column people.all.b is null; "
        "comment "
        "on table people.all is 'ours'");
    people(
        "    again: true\n    comment: theirs\n    columns: {id: {type: bigint, comment: the "
        "key}, a: {type: bigint, comment: no}}\n");
    expect_run(0, "sync people.all");
    EXPECT_SQL("ours|id: the key|a: mine|b: -", "%s", comments_sql);
    people("    again: true\n    columns: {id: {type: bigint, comment: another}}\n");
    expect_run(0, "sync people.all");
    EXPECT_SQL("ours|id: another|a: mine|b: -", "%s", comments_sql);
    tear_down();
}
END_TEST

/* Of an adopted table only what the definition says. */
START_TEST(an_adopted_table_is_not_commented_unasked)
{
    set_up();
    SQL("create schema people; create table people.all (id bigint, a bigint)");
    people("    adopt: true\n    columns: {a: {type: bigint, comment: said}}\n");
    answer("[{\"id\": 1}]");
    expect_run(0, "sync people.all");
    EXPECT_SQL(
        "-|id: -|a: said",
        "select coalesce(obj_description('people.all'::regclass), '-') || '|' || "
        "string_agg(a.attname || ': ' || coalesce(col_description(a.attrelid, a.attnum), '-'), "
        "'|' order by a.attnum) from pg_attribute a where a.attrelid = 'people.all'::regclass "
        "and a.attnum > 0 and a.attname not like '\\_pt%%'");
    tear_down();
}
END_TEST

/* Somebody holds the table: comments wait for another time, the rows do not. */
START_TEST(comments_wait_for_nobody)
{
    set_up();
    people("    again: true\n");
    answer("[{\"id\": 1}]");
    expect_run(0, "sync people.all");
    people("    again: true\n    comment: new\n");
    struct schema_session *lock = schema_session_open(pagetide.database_url);
    schema_session_sql(lock, "begin; lock table people.all in share update exclusive mode");
    expect_run(0, "sync people.all");
    schema_session_sql(lock, "commit");
    EXPECT_SQL("2", "select count(*) from people.all");
    EXPECT_SQL("from people.all /people", "select obj_description('people.all'::regclass)");
    expect_run(0, "sync people.all");
    EXPECT_SQL("new", "select obj_description('people.all'::regclass)");
    tear_down();
}
END_TEST

SUITE("flow/dress", indexes_come_with_the_table_and_go_with_the_definition,
      indexes_stay_as_they_are, names_are_short_and_unique, a_large_table_keeps_its_writers,
      an_index_that_cannot_be_made_fails_the_run, a_unique_index_rejects_what_comes_twice,
      an_index_follows_its_column_when_that_widens, comments_say_where_it_comes_from,
      a_users_comment_stays, an_adopted_table_is_not_commented_unasked,
      comments_wait_for_nobody)
