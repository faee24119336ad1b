#include "port/pg_pooler.h"

#include "base/mem.h"
#include "base/rng.h"

/*
 * A server says its process id at login, and a pooler a number of its own: where that is not
 * pg_backend_pid(), something is between. Whether it keeps sessions together is then tried
 * with a mark, a setting of a random value that `pg` leaves in whatever session it has:
 *
 *     pg      mark            read       .         read          not its own mark: pooled
 *     other        .       .       begin, read  .        commit  pg's mark: pooled
 *
 * PgBouncer gives the session that was free last: `other` then gets the one with the mark. With
 * server_round_robin it is the one that was free longest: `pg` itself gets another one. Other
 * clients may come in between, so it is tried some times.
 *
 * Where `other` is up and cannot begin, it is statement pooling.
 *
 * What was set in sessions that are not ours is reset before the refusal.
 */
enum { TRIES = 3, TIMEOUT_MS = 3000 };

struct probe {
    struct pg *pg, *other;
    char mark[RNG_TOKEN_BYTES];
};

static const char read_sql[] = "select pg_catalog.current_setting('pagetide.mark', true)";

static bool run(struct pg *pg, const char *sql)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct err ignored = ERR_INIT;
    return pg_await(pg, sql, NULL, 0, TIMEOUT_MS, &result, &ignored);
}

/* False also where there is no answer. */
static bool has_mark(const struct probe *probe, struct pg *pg, bool *ret_has)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct err ignored = ERR_INIT;
    if (!pg_await(pg, read_sql, NULL, 0, TIMEOUT_MS, &result, &ignored))
        return false;
    *ret_has = str_is(pg_get_str(result, 0, 0), probe->mark);
    return true;
}

static bool is_behind_pooler(struct pg *pg)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct err ignored = ERR_INIT;
    return pg_await(pg, "select pg_catalog.pg_backend_pid()", NULL, 0, TIMEOUT_MS, &result,
                    &ignored) &&
           pg_get_int(result, 0, 0) != pg_login_pid(pg);
}

/* *ret_is_shared: the sessions are not the clients' own. False: cannot be told. */
static bool try_once(const struct probe *probe, bool *ret_is_shared)
{
    bool is_ours = true, is_theirs = false, is_ours_still = true;
    AUTO_FREE char *mark_sql = mem_printf("set pagetide.mark = '%s'", probe->mark);
    bool is_told = run(probe->pg, mark_sql) && has_mark(probe, probe->pg, &is_ours) &&
                   run(probe->other, "select 1");
    *ret_is_shared = is_told && !run(probe->other, "begin");
    if (*ret_is_shared)
        return true; /* statement pooling knows no transactions */
    is_told = is_told && has_mark(probe, probe->other, &is_theirs);
    /* A pool of one session has none left for `pg` now. */
    if (is_told && is_ours && !is_theirs)
        is_told = has_mark(probe, probe->pg, &is_ours_still);
    *ret_is_shared = !is_ours || is_theirs || !is_ours_still;
    if (*ret_is_shared)
        (void)run(probe->other, "reset all");
    (void)run(probe->other, "commit");
    return is_told;
}

static bool is_shared(struct probe *probe)
{
    bool shared = false;
    rng_token(probe->mark);
    for (int i = 0; i < TRIES && !shared && try_once(probe, &shared); i++)
        ;
    if (shared)
        (void)run(probe->pg, "reset all");
    return shared;
}

bool pg_pooler_check(struct loop *loop, struct pg *pg, const char *url, struct err *err)
{
    struct pg_options options = {.url = url, .name = "pagetide"};
    struct probe probe = {.pg = pg};
    if (!is_behind_pooler(pg))
        return true;
    if (!pg_open(loop, &options, NULL, NULL, &probe.other, err))
        return false;
    bool shared = is_shared(&probe);
    pg_close(probe.other);
    return !shared ||
           err_set(err, ERR_CONFIG, "pg", 0,
                   "the pooler before PostgreSQL gives each transaction another session "
                   "(transaction pooling, or statement pooling); pagetide needs sessions of "
                   "its own: connect to "
                   "PostgreSQL itself, or set pool_mode = session for this database");
}
