#include "cli/daemon.h"

#include <assert.h>
#include <signal.h>
#include <unistd.h>

#include "base/json_out.h"
#include "base/log.h"
#include "base/notify.h"
#include "cli/scrape.h"
#include "core/refusals.h"
#include "port/httpd.h"
#include "scheduler/scheduler.h"
#include "schema/migrate.h"
#include "web/web.h"
#include "worker/after/chores.h"
#include "worker/worker.h"

/*
 * The life of a process that stays:
 *
 *     open     PostgreSQL (up to 10 s; its schema must be right), scheduler, worker, listener
 *     serve    the loop runs; servers that go away and come back are the parts' own affair
 *     drain    after SIGTERM or SIGINT: no new job, pages in flight are finished, everything
 *              read is committed, jobs are given back; at most 25 s
 *     close    what is still held is left: its leases run out, and the fence refuses whatever
 *              of this process might still be under way
 *
 * A second signal, and the first where there is no worker, skips to the end: a scheduler holds
 * nothing. SIGHUP reads the definitions again. /healthz answers as long as the loop turns;
 * /readyz says 503 while a server is away, while Redis refuses a command, and from the drain
 * on.
 */
enum { DRAIN_LIMIT_MS = 22000 }; /* with what follows it, less than 25 s */

struct daemon {
    struct cli *cli;
    struct worker *worker;       /* NULL in `scheduler` */
    struct scheduler *scheduler; /* NULL in `worker` */
    struct chores *chores;       /* as the scheduler */
    struct httpd *httpd;
    struct scrape *scrape;
    struct web *web; /* as the scheduler */
    struct loop_timer *limit;
    struct loop_signal *signals[3];
    struct str installation, secret; /* in the command's arena */
    bool is_stopping;
};

/* Its name alone: the answer is given without a token. */
static const struct refusal *find_refusal(const struct daemon *daemon)
{
    const struct refusal *refusal =
        daemon->scheduler ? scheduler_refusal(daemon->scheduler) : NULL;
    return refusal || !daemon->worker ? refusal : worker_stats(daemon->worker).refusal;
}

static bool is_ready(const struct daemon *daemon)
{
    if (find_refusal(daemon) || (daemon->scheduler && !scheduler_is_ready(daemon->scheduler)))
        return false;
    if (!daemon->worker)
        return true;
    struct worker_stats stats = worker_stats(daemon->worker);
    return stats.pg_up && stats.redis_up;
}

static void put_readiness(const struct daemon *daemon, bool is_ready_now, struct buf *body)
{
    const struct refusal *refusal = find_refusal(daemon);
    struct json_out out = {.buf = body};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "status", is_ready_now ? STR("ready") : STR("not ready"));
    if (refusal)
        json_out_str(&out, refusals_key(refusal), str_from(refusal->what));
    if (daemon->worker && !daemon->scheduler && worker_stats(daemon->worker).misses_scheduler)
        json_out_str(&out, "scheduler", STR("none seen"));
    json_out_close(&out, '}');
    buf_puts(body, "\n");
}

static int on_request(void *ctx, struct str path, struct buf *body, const char **ret_type)
{
    struct daemon *daemon = ctx;
    *ret_type = "application/json";
    if (str_is(path, "/healthz")) {
        buf_puts(body, "{\"status\":\"ok\"}\n");
        return 200;
    }
    if (!str_is(path, "/readyz"))
        return 404;
    bool is_ready_now = !daemon->is_stopping && is_ready(daemon);
    put_readiness(daemon, is_ready_now, body);
    return is_ready_now ? 200 : 503;
}

/* What asks whether a process lives has no token; the answers hold no more than that. Nor has
 * a browser, before its page has asked for it. */
static const char *const open_paths[] = {"/healthz", "/readyz", WEB_PAGE_PATHS, NULL};

static bool listen_http(struct daemon *daemon, const char *fallback, struct err *err)
{
    const struct settings *settings = &daemon->cli->settings;
    const char *address = settings->http ? settings->http : fallback;
    if (str_is(str_from(address), "off"))
        return true;
    if (!httpd_open(cli_loop(daemon->cli), address, settings->token, true, on_request, daemon,
                    &daemon->httpd, err))
        return err_wrap(err, "--http %s", address);
    httpd_let_in(daemon->httpd, open_paths);
    daemon->scrape = scrape_new(&(struct scrape_options){
        cli_loop(daemon->cli), settings, daemon->httpd, daemon->worker, daemon->scheduler});
    if (daemon->scheduler)
        daemon->web = web_new(cli_loop(daemon->cli), settings, daemon->httpd);
    log_write(LOG_INFO, LOG_HTTP_LISTEN, LOG_NOWHERE, "status on port %d",
              httpd_port(daemon->httpd));
    return true;
}

static void on_drained(void *ctx)
{
    struct daemon *daemon = ctx;
    loop_stop(cli_loop(daemon->cli));
}

static void on_drain_limit(void *ctx)
{
    log_write(LOG_WARN, LOG_PROCESS_STOP, LOG_NOWHERE,
              "not drained in time; leases will run out");
    on_drained(ctx);
}

/* First: give the jobs back. Second: now; the fence makes that safe. */
static void on_stop(void *ctx)
{
    struct daemon *daemon = ctx;
    if (daemon->is_stopping || !daemon->worker) {
        on_drained(daemon);
        return;
    }
    daemon->is_stopping = true;
    log_write(LOG_INFO, LOG_PROCESS_STOP, LOG_NOWHERE, "giving the jobs back");
    loop_timer_set(daemon->limit, DRAIN_LIMIT_MS);
    worker_drain(daemon->worker, on_drained, daemon);
}

static void on_hangup(void *ctx)
{
    struct daemon *daemon = ctx;
    if (daemon->scheduler)
        scheduler_reapply(daemon->scheduler);
}

static bool open_chores(struct daemon *daemon, struct err *err)
{
    const struct chores_options options = {.loop = cli_loop(daemon->cli),
                                           .settings = &daemon->cli->settings,
                                           .pg = scheduler_session(daemon->scheduler)};
    return chores_new(&options, &daemon->chores, err);
}

static bool open_all(struct daemon *daemon, bool schedules, bool works, struct err *err)
{
    struct cli *cli = daemon->cli;
    struct worker_options options = {.loop = cli_loop(cli),
                                     .settings = &cli->settings,
                                     .has_queue = true,
                                     .installation = daemon->installation,
                                     .secret = daemon->secret,
                                     .give_up_ms = -1};
    if (works && !worker_new(&options, &daemon->worker, err))
        return false;
    if (schedules && !scheduler_new(cli_loop(cli), &cli->settings, daemon->installation,
                                    &daemon->scheduler, err))
        return false;
    if (schedules && !open_chores(daemon, err))
        return false;
    return listen_http(daemon, schedules ? DAEMON_SCHEDULER_ADDRESS : DAEMON_WORKER_ADDRESS,
                       err);
}

static void run(struct daemon *daemon, const char *name)
{
    struct loop *loop = cli_loop(daemon->cli);
    daemon->limit = loop_timer_new(loop, on_drain_limit, daemon);
    daemon->signals[0] = loop_signal_new(loop, SIGTERM, on_stop, daemon);
    daemon->signals[1] = loop_signal_new(loop, SIGINT, on_stop, daemon);
    daemon->signals[2] = loop_signal_new(loop, SIGHUP, on_hangup, daemon);
    log_write(LOG_INFO, LOG_PROCESS_START, LOG_NOWHERE, "pagetide %s %s, pid %d",
              PAGETIDE_VERSION, name, (int)getpid());
    if (daemon->scheduler)
        scheduler_start(daemon->scheduler);
    if (daemon->chores)
        chores_start(daemon->chores);
    if (daemon->worker)
        worker_start(daemon->worker);
    notify_send("READY=1");
    loop_run(loop);
    notify_send("STOPPING=1");
    log_write(LOG_INFO, LOG_PROCESS_STOP, LOG_NOWHERE, "stopped");
}

static void close_all(struct daemon *daemon)
{
    for (size_t i = 0; i < COUNT_OF(daemon->signals); i++)
        loop_signal_free(daemon->signals[i]);
    loop_timer_free(daemon->limit);
    httpd_close(daemon->httpd);
    scrape_free(daemon->scrape);
    web_free(daemon->web);
    worker_free(daemon->worker);
    scheduler_free(daemon->scheduler);
    chores_free(daemon->chores); /* after the session that it asks by */
}

/* Which installation PostgreSQL holds: its jobs may not meet those of another one in Redis. And
 * its secret, which Redis must not know. */
static bool read_installation(struct daemon *daemon, struct pg *pg, struct err *err)
{
    enum { TIMEOUT_MS = 10000 };
    AUTO_PG_RESULT struct pg_result *result = NULL;
    static const char sql[] = "select max(value) filter (where key = 'installation'), "
                              "max(value) filter (where key = 'secret') from pagetide.meta";
    if (!pg_await(pg, sql, NULL, 0, TIMEOUT_MS, &result, err))
        return false;
    daemon->installation = arena_str(daemon->cli->arena, pg_get_str(result, 0, 0));
    daemon->secret = arena_str(daemon->cli->arena, pg_get_str(result, 0, 1));
    return true;
}

int daemon_serve(struct cli *cli, const char *name, bool schedules, bool works)
{
    struct daemon daemon = {.cli = cli};
    struct err err = ERR_INIT;
    struct pg *pg;
    int code = EXIT_DONE;
    assert(schedules || works);
    if (cli->operand_count)
        return cli_usage("%s takes no operands", name);
    /* The schema is looked at once, in a session of its own. */
    if (!cli_database(cli, schedules && works, &pg, &code))
        return code;
    bool is_known = read_installation(&daemon, pg, &err);
    pg_close(pg);
    if (is_known && open_all(&daemon, schedules, works, &err))
        run(&daemon, name);
    else
        code = cli_fail(&err);
    close_all(&daemon);
    return code;
}
