#include "schema/migrate.h"

#include <string.h>

#include "base/buf.h"
#include "base/embedded.h"
#include "port/digest.h"
#include "port/unpack.h"

enum { TIMEOUT_MS = 60000, FILES_BYTES_MAX = 4 * 1024 * 1024 };

/* The lock's key is arbitrary ("pagetide" in ASCII) but must never change. */
static const char begin_sql[] =
    "begin; select pg_catalog.pg_advisory_xact_lock(8098983203421578341)";

/* The entry that every version adds; 0001_tables.sql makes the rest. `if not exists` would ask
 * for the right to make a schema also where it is there. */
static const char bootstrap_sql[] =
    "do $$ begin if pg_catalog.to_regnamespace('pagetide') is null then"
    " create schema pagetide; end if; end $$;"
    "create table if not exists pagetide.migration ("
    "    version int primary key, name text not null,"
    "    at timestamptz not null default pg_catalog.clock_timestamp())";

/* What is there. */
struct found {
    int64_t version; /* 0: nothing */
    int64_t serves;  /* 0: no version but its own */
    bool has_our_functions;
};

static bool run(struct pg *pg, const char *sql, struct err *err)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    return pg_await(pg, sql, NULL, 0, TIMEOUT_MS, &result, err);
}

/* "0010_types.sql" → 10 */
static int64_t file_version(const struct packed *file)
{
    struct str digits = str_slice(str_from(file->name), 0, strspn(file->name, "0123456789"));
    int64_t version = 0;
    return str_to_int64(digits, &version) ? version : 0;
}

/* --- what is there --- */

static void put_files(struct buf *buf, const struct packed *files)
{
    for (const struct packed *file = files; file->name; file++)
        unpack(file, buf);
}

static struct str digest_of(const struct buf *text, struct arena *arena)
{
    unsigned char digest[DIGEST_SHA256_BYTES];
    digest_sha256(buf_str(text), digest);
    return digest_hex(arena, (struct str){(const char *)digest, sizeof digest});
}

struct str schema_digest(struct arena *arena)
{
    AUTO_BUF(text, FILES_BYTES_MAX);
    put_files(&text, packed_tables);
    put_files(&text, packed_functions);
    put_files(&text, packed_comments);
    return digest_of(&text, arena);
}

/*
 * The owner of the schema can change every function that we call, and so act with our rights. A
 * superuser can do that anyway. One who is a superuser here is a member of every role, so that
 * says nothing.
 */
static bool check_owner(struct pg *pg, struct err *err)
{
    static const char foreign_sql[] =
        "select o.rolname, u.rolname from pg_catalog.pg_namespace n "
        "join pg_catalog.pg_roles o on o.oid = n.nspowner "
        "join pg_catalog.pg_roles u on u.rolname = current_user "
        "where n.nspname = 'pagetide' and o.oid <> u.oid and not o.rolsuper "
        "and (u.rolsuper or not pg_catalog.pg_has_role(u.oid, o.oid, 'member'))";
    enum { OWNER, USER };
    AUTO_PG_RESULT struct pg_result *foreign = NULL;
    if (!pg_await(pg, foreign_sql, NULL, 0, TIMEOUT_MS, &foreign, err))
        return false;
    if (pg_rows(foreign) == 0)
        return true;
    struct str owner = pg_get_str(foreign, 0, OWNER), user = pg_get_str(foreign, 0, USER);
    return err_set(err, ERR_CONFIG, "schema", 0,
                   "the schema pagetide in PostgreSQL belongs to the role %.*s, which could "
                   "act with the rights of %.*s there; connect as %.*s, or give it away: "
                   "alter schema pagetide owner to %.*s",
                   STR_ARG(owner), STR_ARG(user), STR_ARG(owner), STR_ARG(user));
}

/*
 * pagetide.meta and its keys are younger than some schemas; to_jsonb reads a column that may be
 * missing. Whether the tables are there is asked of the catalogue by a query: to_regclass would
 * answer from the session's cache, which does not know yet what another process committed while
 * we waited for the lock.
 */
static bool read_found(struct pg *pg, struct found *ret_found, struct err *err)
{
    static const char has_sql[] =
        "select pg_catalog.count(*) = 2 from pg_catalog.pg_class c join "
        "pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = 'pagetide' "
        "and c.relname in ('migration', 'meta')";
    enum { HAS_BOTH };
    static const char found_sql[] =
        "select m.version, (pg_catalog.to_jsonb(m) ->> 'serves')::int, (select k.value from "
        "pagetide.meta k where k.key = 'functions_digest') "
        "from pagetide.migration m order by m.version desc limit 1";
    enum { VERSION, SERVES, DIGEST };
    AUTO_PG_RESULT struct pg_result *has = NULL, *result = NULL;
    struct found found = {0};
    if (!check_owner(pg, err) || !pg_await(pg, has_sql, NULL, 0, TIMEOUT_MS, &has, err))
        return false;
    if (pg_get_bool(has, 0, HAS_BOTH) &&
        !pg_await(pg, found_sql, NULL, 0, TIMEOUT_MS, &result, err))
        return false;
    if (result && pg_rows(result) > 0) {
        found.version = pg_get_int(result, 0, VERSION);
        found.serves = pg_get_int(result, 0, SERVES);
        found.has_our_functions = str_is(pg_get_str(result, 0, DIGEST), functions_digest);
    }
    *ret_found = found;
    return true;
}

static enum schema_state state_of(const struct found *found)
{
    if (found->version == 0)
        return SCHEMA_MISSING;
    if (found->version > SCHEMA_VERSION)
        return found->serves && found->serves <= SCHEMA_VERSION ? SCHEMA_SERVING : SCHEMA_NEWER;
    return found->version == SCHEMA_VERSION && found->has_our_functions ? SCHEMA_CURRENT
                                                                        : SCHEMA_OLDER;
}

bool schema_read_state(struct pg *pg, enum schema_state *ret_state, struct err *err)
{
    struct found found;
    if (!read_found(pg, &found, err))
        return false;
    *ret_state = state_of(&found);
    return true;
}

/* --- refusals --- */

static bool refuse_newer(const struct found *found, struct err *err)
{
    return err_set(err, ERR_CONFIG, "schema", 0,
                   "the control schema in PostgreSQL has version %lld, this pagetide knows %d; "
                   "use a newer pagetide",
                   (long long)found->version, SCHEMA_VERSION);
}

static bool refuse_older(const struct found *found, struct err *err)
{
    if (found->version == SCHEMA_VERSION)
        return err_set(
            err, ERR_CONFIG, "schema", 0,
            "the functions of the control schema in PostgreSQL are not those of this "
            "pagetide; run pagetide migrate");
    return err_set(err, ERR_CONFIG, "schema", 0,
                   "the control schema in PostgreSQL has version %lld, this pagetide needs %d; "
                   "run pagetide migrate",
                   (long long)found->version, SCHEMA_VERSION);
}

static bool check_found(const struct found *found, struct err *err)
{
    switch (state_of(found)) {
    case SCHEMA_CURRENT:
    case SCHEMA_SERVING:
        return true;
    case SCHEMA_NEWER:
        return refuse_newer(found, err);
    case SCHEMA_OLDER:
        return refuse_older(found, err);
    case SCHEMA_MISSING:
        break;
    }
    return err_set(err, ERR_CONFIG, "schema", 0,
                   "PostgreSQL has no control schema yet; run pagetide migrate");
}

bool schema_check(struct pg *pg, struct err *err)
{
    struct found found;
    return read_found(pg, &found, err) && check_found(&found, err);
}

/* --- migrating --- */

/* Numbers rise, and none is above the version that is said to have brought it. */
static bool check_numbers(struct err *err)
{
    int64_t last = 0;
    for (const struct packed *file = packed_tables; file->name; file++) {
        int64_t version = file_version(file);
        if (version <= last || version > SCHEMA_VERSION)
            return err_set(err, ERR_BUG, "schema", 0,
                           "%s: the number must be above %lld and "
                           "not above SCHEMA_VERSION, %d",
                           file->name, (long long)last, SCHEMA_VERSION);
        last = version;
    }
    return true;
}

static bool apply_table_file(struct pg *pg, const struct packed *file, struct err *err)
{
    AUTO_BUF(sql, FILES_BYTES_MAX);
    unpack(file, &sql);
    buf_printf(&sql,
               "; insert into pagetide.migration (version, name) values (%lld, '%s') "
               "on conflict (version) do update set name = excluded.name",
               (long long)file_version(file), file->name);
    return run(pg, sql.ptr, err) || err_wrap(err, "%s", file->name);
}

static bool apply_functions(struct pg *pg, struct err *err)
{
    AUTO_BUF(sql, 2 * FILES_BYTES_MAX);
    buf_puts(&sql, "set local pagetide.definitions = $definitions$");
    put_files(&sql, packed_functions);
    buf_puts(&sql, "$definitions$;\n");
    put_files(&sql, packed_apply);
    buf_puts(&sql, ";\n");
    put_files(&sql, packed_comments);
    buf_printf(&sql,
               "\ninsert into pagetide.meta (key, value) "
               "values ('functions_digest', '%s') "
               "on conflict (key) do update set value = excluded.value; "
               "insert into pagetide.migration (version, name, serves) "
               "values (%d, 'functions', %d) "
               "on conflict (version) do update set serves = excluded.serves",
               functions_digest, SCHEMA_VERSION, SCHEMA_SERVES);
    return run(pg, sql.ptr, err) || err_wrap(err, "functions of the control schema");
}

/* SQL_ASCII takes all bytes as they are. Any other but UTF8 has few of the characters that APIs
 * send, and lacks some of this program's own. */
static bool check_encoding(struct pg *pg, struct err *err)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    if (!pg_await(pg, "show server_encoding", NULL, 0, TIMEOUT_MS, &result, err))
        return false;
    struct str encoding = pg_get_str(result, 0, 0);
    return str_is(encoding, "UTF8") || str_is(encoding, "SQL_ASCII") ||
           err_set(err, ERR_CONFIG, "schema", 0,
                   "the database has the encoding %.*s, which cannot hold all that APIs send; "
                   "make one that can: create database NAME encoding 'UTF8' template template0",
                   STR_ARG(encoding));
}

static bool has_name(const struct pg_result *names, const char *name)
{
    for (size_t i = 0; i < pg_rows(names); i++)
        if (str_is(pg_get_str(names, i, 0), name))
            return true;
    return false;
}

/*
 * Inside the transaction, which has the lock. Which files of tables there are is asked by name:
 * their numbers are an order, and a version that changed functions alone may have a higher one.
 */
static bool apply(struct pg *pg, const struct found *found, int *ret_applied, struct err *err)
{
    static const char names_sql[] = "select m.name from pagetide.migration m";
    AUTO_PG_RESULT struct pg_result *names = NULL;
    int count = 0;
    if (found->version == 0 && (!check_encoding(pg, err) || !run(pg, bootstrap_sql, err)))
        return err_wrap(err, "creating the control schema");
    if (!pg_await(pg, names_sql, NULL, 0, TIMEOUT_MS, &names, err))
        return false;
    for (const struct packed *file = packed_tables; file->name; file++) {
        if (has_name(names, file->name))
            continue;
        if (!apply_table_file(pg, file, err))
            return false;
        count++;
    }
    for (const struct packed *file = packed_functions; file->name; file++)
        count++;
    *ret_applied = count;
    return apply_functions(pg, err);
}

/* Looks again under the lock: another process may have come first. */
static bool apply_locked(struct pg *pg, struct found *ret_found, int *ret_applied,
                         struct err *err)
{
    if (!run(pg, begin_sql, err) || !read_found(pg, ret_found, err))
        return false;
    enum schema_state state = state_of(ret_found);
    if (state != SCHEMA_MISSING && state != SCHEMA_OLDER)
        return run(pg, "commit", err);
    int applied = 0;
    if (!apply(pg, ret_found, &applied, err) || !run(pg, "commit", err))
        return false;
    *ret_found = (struct found){SCHEMA_VERSION, SCHEMA_SERVES, true};
    *ret_applied = applied;
    return true;
}

/* Makes a missing or older schema current and leaves any other alone; *ret_found is what is
 * there then. */
static bool bring_up(struct pg *pg, struct found *ret_found, int *ret_applied, struct err *err)
{
    struct err ignored = ERR_INIT;
    if (!check_numbers(err) || !read_found(pg, ret_found, err))
        return false;
    enum schema_state state = state_of(ret_found);
    if (state != SCHEMA_MISSING && state != SCHEMA_OLDER)
        return true;
    if (apply_locked(pg, ret_found, ret_applied, err))
        return true;
    (void)run(pg, "rollback", &ignored);
    return false;
}

bool schema_migrate(struct pg *pg, int *ret_applied, struct err *err)
{
    struct found found;
    int applied = 0;
    if (!bring_up(pg, &found, &applied, err))
        return false;
    if (found.version > SCHEMA_VERSION)
        return refuse_newer(&found, err);
    *ret_applied = applied;
    return true;
}

bool schema_prepare(struct pg *pg, struct err *err)
{
    struct found found;
    int applied = 0;
    return bring_up(pg, &found, &applied, err) && check_found(&found, err);
}
