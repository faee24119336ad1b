#include "tests/support/schema.h"

#include <check.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "port/digest.h"
#include "port/pg.h"
#include "schema/migrate.h"
#include "tests/support/servers.h"

/* Holds answers and sessions; never freed. */
static struct arena *kept(void)
{
    static struct arena *arena;
    if (!arena)
        arena = arena_new();
    return arena;
}

/* Described in schema.h. */
static const char helpers[] =
    "create function t_run(parts int default 0, write text default 'append') returns bigint\n"
    "language sql as $$\n"
    "  select pagetide.define('shop.orders', jsonb_build_object('write', write, 'partitions',\n"
    "    (select jsonb_agg(jsonb_build_object('p', i)) from generate_series(1, parts) i)),\n"
    "    null, 'UTC', null, true);\n"
    "  select pagetide.start_run('shop.orders', 'manual', 'incremental', null, null, null,\n"
    "    null, 5) $$;\n"
    "create function t_take(job bigint, who text default 'w1', crashed_too bool default true)\n"
    "returns text language sql as $$\n"
    "  select pagetide.worker_seen(who, 'h', 1, 'v');\n"
    "  select (pagetide.activate(job, who, 'h', who || '-token', 10000, crashed_too)).verdict\n"
    "$$;\n"
    "create function t_mark(of_job bigint, number int, extra jsonb default '{}') returns "
    "jsonb\n"
    "language sql as $$\n"
    "  select jsonb_build_object('job', j.id, 'epoch', j.epoch, 'owner', j.owner,\n"
    "    'page', number, 'checkpoint', case when number > 0\n"
    "        then jsonb_build_object('at', number, 'cursor', null) end,\n"
    "    'request_hash', '18446744073709551615', 'records_hash', '7', 'status', 200,\n"
    "    'attempts', 1, 'records', 10, 'bytes', 100, 'rejects', 0, 'asides', 0,\n"
    "    'retries', 1, 'waited_ms', 5, 'fetched_at_ms', 1700000000000, 'pages_total', 0,\n"
    "    'bookmark_high', '', 'warning', '', 'paging', '', 'end', null) || extra\n"
    "  from pagetide.job j where j.id = of_job $$;\n"
    "create function t_end(state text, extra jsonb default '{}') returns jsonb\n"
    "language sql as $$ select jsonb_build_object('end',\n"
    "  jsonb_build_object('state', state, 'reason', '', 'error', '') || extra) $$;\n"
    "create function t_told(batch jsonb) returns text language sql as $$\n"
    "  select string_agg(concat_ws(' ', n, verdict, case when ended then 'ended ' || state "
    "end,\n"
    "    case when run_ended then 'run ' || run_state end), '; ' order by n)\n"
    "  from pagetide.commit_batch(batch) $$;\n"
    "create function t_commit(variadic marks jsonb[]) returns text language sql as $$\n"
    "  select t_told(jsonb_build_object('worker', 'w1', 'table', null,\n"
    "    'marks', to_jsonb(marks), 'rejects', '[]'::jsonb, 'max_rejects', 1000)) $$;\n"
    "create function t_age(who text, age interval) returns void language sql as $$\n"
    "  update pagetide.worker set seen_at = pagetide.clock() - age where id = who $$;\n";

const char *schema_url;

void schema_put_helpers(const char *url)
{
    servers_sql(url, helpers);
}

static void fill_bare(const char *url)
{
    struct loop *loop;
    struct pg *pg;
    struct err err = ERR_INIT;
    int applied;
    ck_assert_msg(loop_new(&loop, &err), "%s", err.text);
    ck_assert_msg(pg_open(loop, &(struct pg_options){.url = url}, NULL, NULL, &pg, &err), "%s",
                  err.text);
    ck_assert_msg(schema_migrate(pg, &applied, &err), "%s", err.text);
    pg_close(pg);
    loop_free(loop);
}

static void fill_template(const char *url)
{
    fill_bare(url);
    schema_put_helpers(url);
}

/* Another one for each schema and each set of helpers: the server may be older than both. */
static const char *template_name(const char *functions)
{
    unsigned char digest[DIGEST_SHA256_BYTES];
    struct str both = arena_printf(kept(), "%.*s%s", STR_ARG(schema_digest(kept())), functions);
    digest_sha256(both, digest);
    struct str hex = digest_hex(kept(), (struct str){(const char *)digest, sizeof digest});
    return arena_printf(kept(), "pagetide_%d_%.16s", SCHEMA_VERSION, hex.ptr).ptr;
}

const char *schema_database(void)
{
    schema_url = servers_database_copy(template_name(helpers), fill_template);
    return schema_url;
}

/* What makes an installation another one is its own. */
const char *schema_bare_database(void)
{
    const char *url = servers_database_copy(template_name(""), fill_bare);
    servers_sql(url, "update pagetide.meta set value = pg_catalog.gen_random_uuid()::text || "
                     "case key when 'secret' then pg_catalog.gen_random_uuid()::text else '' "
                     "end where key in ('installation', 'secret')");
    return url;
}

void schema_set_up_run(void)
{
    schema_database();
    EXPECT("1", "select t_run(2)");
    EXPECT("taken", "select t_take(1)");
}

void schema_set_up_stream(const char *spec)
{
    schema_database();
    EXPECT("1", "select pagetide.define('shop.orders', '%s', '0 * * * *', 'UTC', null, true)",
           spec);
}

const char *schema_sql(const char *url, const char *fmt, ...)
{
    va_list args;
    char *sql;
    va_start(args, fmt);
    ck_assert_int_ge(vasprintf(&sql, fmt, args), 0);
    va_end(args);
    const char *text = servers_sql(url, sql);
    free(sql);
    return text;
}

struct schema_session {
    PGconn *conn, *watcher;
};

struct schema_session *schema_session_open(const char *url)
{
    struct schema_session *session = ARENA_NEW(kept(), struct schema_session);
    session->conn = PQconnectdb(url);
    session->watcher = PQconnectdb(url);
    ck_assert_msg(PQstatus(session->conn) == CONNECTION_OK &&
                      PQstatus(session->watcher) == CONNECTION_OK,
                  "%s", PQerrorMessage(session->conn));
    return session;
}

const char *schema_session_answer(struct schema_session *session)
{
    const char *text = "";
    PGresult *result;
    while ((result = PQgetResult(session->conn)) != NULL) {
        ExecStatusType status = PQresultStatus(result);
        ck_assert_msg(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK, "%s",
                      PQresultErrorMessage(result));
        if (PQntuples(result) > 0)
            text = arena_cstr(kept(), str_from(PQgetvalue(result, 0, 0)));
        PQclear(result);
    }
    return text;
}

const char *schema_session_sql(struct schema_session *session, const char *sql)
{
    ck_assert_msg(PQsendQuery(session->conn, sql), "%s", PQerrorMessage(session->conn));
    return schema_session_answer(session);
}

const char *schema_session_note(struct schema_session *session)
{
    PGnotify *note = PQnotifies(session->conn);
    const char *text = note ? arena_cstr(kept(), str_from(note->extra)) : "";
    PQfreemem(note);
    return text;
}

static bool waits_for_lock(struct schema_session *session)
{
    char sql[128];
    snprintf(sql, sizeof sql,
             "select coalesce(wait_event_type = 'Lock', false) "
             "from pg_stat_activity where pid = %d",
             PQbackendPID(session->conn));
    PGresult *result = PQexec(session->watcher, sql);
    bool waits = PQntuples(result) > 0 && PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return waits;
}

bool schema_session_send(struct schema_session *session, const char *sql)
{
    ck_assert_msg(PQsendQuery(session->conn, sql), "%s", PQerrorMessage(session->conn));
    for (;;) {
        ck_assert(PQconsumeInput(session->conn));
        if (!PQisBusy(session->conn))
            return false;
        if (waits_for_lock(session))
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}
