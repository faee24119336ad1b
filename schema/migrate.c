#include "schema/migrate.h"

#include <string.h>

#include "base/embedded.h"
#include "base/mem.h"

enum { TIMEOUT_MS = 60000 };

/* The lock's key is arbitrary ("pagetide" in ASCII) but must never change. */
#define LOCK_SQL "select pg_catalog.pg_advisory_xact_lock(8098983203421578341);"

/* A message of several statements is one transaction, so lock, file and entry live together. */
static const char bootstrap_sql[] =
    LOCK_SQL "create schema if not exists pagetide;"
             "create table if not exists pagetide.migration ("
             "    version int primary key, name text not null,"
             "    at timestamptz not null default pg_catalog.clock_timestamp())";

static bool run(struct pg *pg, const char *sql, struct err *err)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    return pg_await(pg, sql, NULL, 0, TIMEOUT_MS, &result, err);
}

static bool read_number(struct pg *pg, const char *sql, int64_t *ret_number, struct err *err)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    if (!pg_await(pg, sql, NULL, 0, TIMEOUT_MS, &result, err))
        return false;
    *ret_number = pg_get_int(result, 0, 0);
    return true;
}

/* "0003_commit.sql" → 3 */
static int64_t file_version(const struct embedded *file)
{
    struct str digits = str_slice(str_from(file->name), 0, strspn(file->name, "0123456789"));
    int64_t version = 0;
    return str_to_int64(digits, &version) ? version : 0;
}

static int64_t newest_version(void)
{
    int64_t newest = 0;
    for (const struct embedded *file = embedded_sql; file->name; file++)
        newest = MAX(newest, file_version(file));
    return newest;
}

/* 0: nothing applied yet. */
static bool read_version(struct pg *pg, int64_t *ret_version, struct err *err)
{
    int64_t exists = 0;
    if (!read_number(pg, "select (to_regclass('pagetide.migration') is not null)::int", &exists,
                     err))
        return false;
    if (exists)
        return read_number(pg, "select coalesce(max(version), 0) from pagetide.migration",
                           ret_version, err);
    *ret_version = 0;
    return true;
}

static enum schema_state state_of(int64_t version)
{
    if (version == 0)
        return SCHEMA_MISSING;
    if (version == newest_version())
        return SCHEMA_CURRENT;
    return version < newest_version() ? SCHEMA_OLDER : SCHEMA_NEWER;
}

static bool refuse_newer(int64_t version, struct err *err)
{
    return err_set(
        err, ERR_CONFIG, "schema", 0,
        "the control schema in PostgreSQL has version %lld, this pagetide knows %lld; "
        "use a newer pagetide",
        (long long)version, (long long)newest_version());
}

bool schema_read_state(struct pg *pg, enum schema_state *ret_state, struct err *err)
{
    int64_t version;
    if (!read_version(pg, &version, err))
        return false;
    *ret_state = state_of(version);
    return true;
}

bool schema_check(struct pg *pg, struct err *err)
{
    int64_t version;
    if (!read_version(pg, &version, err))
        return false;
    switch (state_of(version)) {
    case SCHEMA_CURRENT:
        return true;
    case SCHEMA_NEWER:
        return refuse_newer(version, err);
    case SCHEMA_OLDER:
        return err_set(err, ERR_CONFIG, "schema", 0,
                       "the control schema in PostgreSQL has version %lld, this pagetide needs "
                       "%lld; run pagetide migrate",
                       (long long)version, (long long)newest_version());
    case SCHEMA_MISSING:
        break;
    }
    return err_set(err, ERR_CONFIG, "schema", 0,
                   "PostgreSQL has no control schema yet; run pagetide migrate");
}

/* False in *ret_applied: another process came first. */
static bool apply_file(struct pg *pg, const struct embedded *file, bool *ret_applied,
                       struct err *err)
{
    AUTO_FREE char *sql = mem_printf(
        LOCK_SQL "insert into pagetide.migration (version, name) values (%lld, '%s');"
                 "%s",
        (long long)file_version(file), file->name, file->text);
    struct err why = ERR_INIT;
    bool applied = run(pg, sql, &why);
    if (!applied && strcmp(why.sqlstate, "23505") != 0) {
        *err = why;
        return err_wrap(err, "%s", file->name);
    }
    *ret_applied = applied;
    return true;
}

/* Two files of one number would look like one applied by another process. */
static bool check_numbers(struct err *err)
{
    int64_t last = 0;
    for (const struct embedded *file = embedded_sql; file->name; file++) {
        if (file_version(file) <= last)
            return err_set(err, ERR_BUG, "schema", 0, "%s: number %lld is taken", file->name,
                           (long long)file_version(file));
        last = file_version(file);
    }
    return true;
}

bool schema_migrate(struct pg *pg, int *ret_applied, struct err *err)
{
    if (!check_numbers(err))
        return false;
    int64_t version;
    if (!read_version(pg, &version, err))
        return false;
    if (state_of(version) == SCHEMA_NEWER)
        return refuse_newer(version, err);
    if (version == 0 && !run(pg, bootstrap_sql, err))
        return err_wrap(err, "creating the control schema");
    int count = 0;
    for (const struct embedded *file = embedded_sql; file->name; file++) {
        bool applied = false;
        if (file_version(file) > version && !apply_file(pg, file, &applied, err))
            return false;
        count += applied;
    }
    *ret_applied = count;
    return true;
}
