#include <glob.h>

#include "base/file.h"
#include "schema/migrate.h"
#include "tests/support/schema.h"
#include "tests/support/suite.h"

/*
 * What schema/README.md promises of every function. EXPECT("", …): the answer names those that
 * break the promise.
 */

/* A process leaves newer functions alone by their version: it must rise with each change. */
START_TEST(the_version_rises_with_each_change)
{
    static const struct {
        int version;
        const char *digest;
    } known = {105, "d5c3a24ed0a92a01f33e1a6003c44ff65d96b87cbfac215ab6241fb989804cdc"};
    struct arena *arena = arena_new();
    struct str digest = schema_digest(arena);
    ck_assert_msg(known.version == SCHEMA_VERSION && str_is(digest, known.digest),
                  "schema/ has changed: raise SCHEMA_VERSION in "
                  "schema/migrate.h, and write that version here with the digest %.*s",
                  STR_ARG(digest));
    arena_free(arena);
}
END_TEST

#define FUNCTIONS                                                                              \
    "from pg_proc p join pg_language l on l.oid = p.prolang "                                  \
    "where p.pronamespace = 'pagetide'::regnamespace and p.prokind = 'f' "

START_TEST(no_name_has_two_functions)
{
    schema_database();
    EXPECT("", "select p.proname " FUNCTIONS "group by 1 having count(*) > 1");
}
END_TEST

START_TEST(the_search_path_is_pinned_or_not_needed)
{
    schema_database();
    EXPECT("run_ddl type_oid",
           "select string_agg(p.proname, ' ' order by p.proname) " FUNCTIONS
           "and p.proconfig is not null and not p.proconfig && array["
           "'search_path=pagetide, pg_temp', 'search_path=pg_catalog, pg_temp']");
    EXPECT("", "select string_agg(p.proname, ' ') " FUNCTIONS "and p.proconfig is null "
               "and (l.lanname <> 'sql' or p.provolatile = 'v')");
}
END_TEST

/* In SQL the column wins, also one that comes years later, and nothing says so. */
START_TEST(no_parameter_can_be_taken_for_a_column)
{
    schema_database();
    EXPECT("", "select distinct p.proname || '.' || a.name from (select p.* " FUNCTIONS
               "and l.lanname = 'sql') p "
               "cross join lateral unnest(p.proargnames[1:p.pronargs]) a (name) "
               "join pg_attribute t on t.attname = a.name and t.attnum > 0 "
               "join pg_class c on c.oid = t.attrelid and c.relkind in ('r', 'v') "
               "and c.relnamespace = 'pagetide'::regnamespace where p.prosrc ~ "
               "('(from|join|update|into|using) +(pagetide\\.)?' || c.relname "
               "|| '\\M') and p.prosrc !~ (p.proname || '\\.' || a.name)");
}
END_TEST

START_TEST(every_table_and_column_has_a_comment)
{
    schema_database();
    EXPECT("", "select string_agg(c.relname || coalesce('.' || a.attname, ''), ' ') "
               "from pg_class c left join pg_attribute a on a.attrelid = c.oid "
               "and a.attnum > 0 and not a.attisdropped "
               "where c.relnamespace = 'pagetide'::regnamespace and c.relkind in ('r', 'v') "
               "and (col_description(c.oid, a.attnum) is null "
               "or obj_description(c.oid, 'pg_class') is null)");
}
END_TEST

/* Migrating does not look into the bodies, because they may name what a later file makes. Nor
 * may an unpinned one need a path. */
START_TEST(every_body_compiles_under_its_own_path)
{
    schema_database();
    ASK("do $$ declare f text; begin "
        "perform set_config('search_path', '', true); "
        "for f in select pg_get_functiondef(p.oid) " FUNCTIONS "loop execute f; end loop; "
        "end $$");
}
END_TEST

/* The place of `text` at the beginning of a line, or NULL. */
static const char *find_line(const char *from, const char *text)
{
    for (const char *at = from; (at = strstr(at, text)) != NULL; at++)
        if (at == from || at[-1] == '\n')
            return at;
    return NULL;
}

static int count_definitions(const char *path)
{
    int count = 0;
    AUTO_BUF(buf, MIB(1));
    struct err err = ERR_INIT;
    ck_assert_ok(file_read(path, &buf, &err), err);
    const char *text = buf.ptr;
    ck_assert_msg(strncmp(text, "-- ", 3) == 0, "%s does not say what it is about", path);
    ck_assert_msg(!find_line(text, "create function") && !find_line(text, "create view") &&
                      !find_line(text, "drop "),
                  "%s: functions and views are `create or replace`", path);
    for (const char *at = text; (at = find_line(at, "create or replace ")) != NULL; at++) {
        const char *above = at - 1;
        while (above > text && above[-1] != '\n')
            above--;
        ck_assert_msg(strncmp(above, "-- ", 3) == 0, "%s: no comment above %.60s", path, at);
        count++;
    }
    return count;
}

START_TEST(every_definition_is_said_to_be_for_something)
{
    int count = 0;
    glob_t files;
    ck_assert_int_eq(glob("schema/functions/*.sql", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        count += count_definitions(files.gl_pathv[i]);
    globfree(&files);
    schema_database();
    char text[16];
    snprintf(text, sizeof text, "%d", count);
    EXPECT(text, "select (select count(*) from pg_proc "
                 "where pronamespace = 'pagetide'::regnamespace) + "
                 "(select count(*) from pg_views where schemaname = 'pagetide')");
}
END_TEST

SUITE("schema/functions", the_version_rises_with_each_change, no_name_has_two_functions,
      the_search_path_is_pinned_or_not_needed, no_parameter_can_be_taken_for_a_column,
      every_table_and_column_has_a_comment, every_body_compiles_under_its_own_path,
      every_definition_is_said_to_be_for_something)
