#include "worker/worker_internal.h"

#include <assert.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/trace.h"
#include "worker/report.h"
#include "worker/spans.h"

enum { DRAIN_MS = 10000, REGISTER_AGAIN_MS = 2000 };

/* --- the end of draining --- */

static void tell_drained(struct worker *worker)
{
    loop_defer(worker->loop, TAKE(worker->drained), worker->drained_ctx);
}

static void on_stopped(void *ctx, const struct err *err)
{
    (void)err; /* unanswered, its silence will tell */
    tell_drained(ctx);
}

static void on_last_round(void *ctx, const int64_t *lost, size_t lost_count,
                          const struct err *err)
{
    (void)lost, (void)lost_count, (void)err;
    tell_drained(ctx);
}

/*
 * What PostgreSQL still says is ours goes back uncounted. A `sync` stays known there, so that
 * its jobs wait for the next one for a while.
 */
static void sign_off(struct worker *worker)
{
    worker->has_signed_off = true;
    loop_timer_clear(worker->drain_timer);
    if (worker->beat_timer)
        loop_timer_clear(worker->beat_timer);
    if (!worker->is_registered || !pg_is_up(worker->pg))
        tell_drained(worker);
    else if (worker->queue)
        ownership_unregister(worker->pg, worker->self.id, on_stopped, worker);
    else
        ownership_beat(worker->pg, &worker->self, NULL, 0, on_last_round, worker);
}

/* What was given back is said first: else it would wait for the end of its lease. */
static void sign_off_when_idle(struct worker *worker)
{
    bool is_idle = worker->held.count == 0 && turn_is_silent(worker);
    if (worker->is_draining && !worker->has_signed_off && is_idle)
        sign_off(worker);
}

static void on_nothing_held(void *ctx)
{
    sign_off_when_idle(ctx);
}

/* --- memory --- */

static size_t bytes_held(const struct worker *worker)
{
    size_t bytes = http_bytes(worker->http) + loaders_bytes(worker->loaders);
    for (const struct held *held = worker->held.first; held; held = held->next)
        if (held->crawl)
            bytes += crawl_stats(held->crawl).bytes;
    return bytes;
}

static bool is_fetching(const struct worker *worker)
{
    for (const struct held *held = worker->held.first; held; held = held->next)
        if (held->crawl && !crawl_is_idle(held->crawl))
            return true;
    return false;
}

/* A crawl that memory had no room for waits to be the only one. */
static bool is_someone_crowded_out(const struct worker *worker)
{
    for (const struct held *held = worker->held.first; held; held = held->next)
        if (held->crawl && crawl_is_crowded_out(held->crawl))
            return true;
    return false;
}

/* One page may exceed the bound alone: else a page larger than it would stop everything. */
static bool may_send(void *ctx, const struct crawl *crawl)
{
    struct worker *worker = ctx;
    size_t bytes = bytes_held(worker), bound = (size_t)worker->settings->memory_bytes;
    bool wants_alone = crawl_is_crowded_out(crawl);
    if (bytes >= bound / 4 * 3 || wants_alone)
        loaders_flush_oldest(worker->loaders);
    if (!is_fetching(worker) && loaders_is_idle(worker->loaders))
        return true;
    return bytes < bound && !wants_alone && !is_someone_crowded_out(worker);
}

/* Where memory is full one page goes on: the first of those held that is half cut. */
static bool may_cut(void *ctx, const struct crawl *crawl)
{
    struct worker *worker = ctx;
    if (bytes_held(worker) < (size_t)worker->settings->memory_bytes)
        return true;
    for (const struct held *held = worker->held.first; held; held = held->next)
        if (held->crawl && crawl_is_cutting(held->crawl))
            return held->crawl == crawl;
    return true;
}

static bool has_room(void *ctx, ptrdiff_t bytes)
{
    const struct worker *worker = ctx;
    return (int64_t)bytes_held(worker) + bytes <= worker->settings->memory_bytes;
}

static void on_starved_timer(void *ctx)
{
    struct worker *worker = ctx;
    worker->wake_is_due = false;
    for (struct held *held = worker->held.first; held; held = held->next)
        if (held_is_crawling(held))
            crawl_wake(held->crawl);
}

static void memory_may_be_free(struct worker *worker)
{
    if (worker->wake_is_due)
        return;
    worker->wake_is_due = true;
    loop_timer_set(worker->starved_timer, 0);
}

/* --- what crawls report --- */

/* A request that was in the way of another is over. */
static void on_throttle_free(void *ctx)
{
    memory_may_be_free(ctx);
}

static void on_retry(void *ctx, const struct crawl *crawl, const struct err *err,
                     int64_t delay_ms)
{
    struct worker *worker = ctx;
    if (err->is_lack) {
        report_lack(worker, crawl, err);
    } else {
        worker->retries++;
        report_retry(crawl, err, delay_ms);
    }
    memory_may_be_free(worker);
}

static void on_page(void *ctx, const struct crawl *crawl, int64_t records, int64_t bytes)
{
    struct worker *worker = ctx;
    worker->pages++;
    worker->records += records;
    worker->bytes += bytes;
    report_no_lack(worker);
    report_page(crawl, records, bytes);
    spans_page(crawl, records, bytes);
    memory_may_be_free(worker);
}

static void on_recognised(void *ctx, const struct crawl *crawl, struct str what)
{
    (void)ctx;
    report_recognised(crawl, what);
}

static struct refused_end *find_refused_end(struct worker *worker, int64_t job)
{
    for (size_t i = 0; i < REFUSED_ENDS_MAX; i++)
        if (worker->refused_ends[i].job == job)
            return &worker->refused_ends[i];
    struct refused_end *oldest =
        &worker->refused_ends[worker->refused_end_count++ % REFUSED_ENDS_MAX];
    *oldest = (struct refused_end){job, 0};
    return oldest;
}

/* Nothing else can become of a job whose end is refused: a person has to look, and until then
 * it is tried less and less often, once a minute at last. */
static int64_t lost_pause_ms(struct worker *worker, int64_t job, const struct crawl_end *end)
{
    enum { LOST_MS = 500, REFUSED_MS = 60000 };
    if (!end->is_refused)
        return LOST_MS;
    return backoff_ms(LOST_MS, REFUSED_MS, find_refused_end(worker, job)->times++);
}

/* The lease's end. In `sync` a job that is not parked is simply gone. One that this turn lost
 * may have been cancelled and taken up again, and its lease still be this process's. */
static void end_lease(struct held *held, const struct crawl_end *end)
{
    struct worker *worker = held->worker;
    bool has_queue = worker->queue;
    if (end->how == CRAWL_PARKED)
        claim_put_back(held, end->wait_ms);
    else if (end->how == CRAWL_SET_BACK)
        claim_put_back(held, 0);
    else if (end->how == CRAWL_RETURNED && has_queue)
        claim_put_back(held, 0);
    else if (end->how == CRAWL_LOST && has_queue)
        claim_put_back(held, lost_pause_ms(worker, held->job, end));
    else if (end->how == CRAWL_FINISHED)
        claim_done(held);
}

/* All jobs whose ends were in the run's last commit know that it is over. */
static bool is_first_to_tell(struct worker *worker, int64_t run)
{
    bool is_first = worker->ended_run != run;
    worker->ended_run = run;
    return is_first;
}

static void on_ended(void *ctx, struct crawl *crawl, const struct crawl_end *end)
{
    struct worker *worker = ctx;
    struct held *held = held_find_crawl(&worker->held, crawl);
    assert(held);
    struct crawl_end told = *end;
    told.has_run_ended = end->has_run_ended && is_first_to_tell(worker, crawl_job(crawl)->run);
    report_end(worker, crawl, &told);
    spans_end(crawl, &told);
    end_lease(held, end);
    if (worker->options.on_ended)
        worker->options.on_ended(worker->options.ctx, crawl_job(crawl), end);
    held_end(held);
    memory_may_be_free(worker);
    claim_more(worker);
}

static void on_outcome(void *crawl, const struct mark_outcome *outcome)
{
    crawl_outcome(crawl, outcome);
}

static void on_committed(void *ctx)
{
    memory_may_be_free(ctx);
}

/* --- connections --- */

static void on_registered(void *ctx, const struct err *err);

static void on_claim_timer(void *ctx)
{
    struct worker *worker = ctx;
    if (!worker->is_registered && !worker->has_signed_off && pg_is_up(worker->pg))
        ownership_register(worker->pg, &worker->self, on_registered, worker);
    claim_more(worker);
    turn_wait_wake(worker);
}

static void on_registered(void *ctx, const struct err *err)
{
    struct worker *worker = ctx;
    if (err) {
        log_write(LOG_WARN, LOG_PG_DOWN, LOG_NOWHERE, "worker not registered: %s", err->text);
        loop_timer_set(worker->claim_timer, REGISTER_AGAIN_MS);
        return;
    }
    worker->is_registered = true;
    beat_start(worker);
    lookout_definitions(worker);
    lookout_crowds(worker);
    claim_more(worker);
}

static void on_pg(void *ctx, bool up, const struct err *err)
{
    struct worker *worker = ctx;
    if (!up) {
        log_write(LOG_WARN, LOG_PG_DOWN, LOG_NOWHERE, "%s", err ? err->text : "closed");
        worker->knows_fences = false;
        /* A commit may take hours, a beat may not: who waits for one would never know. */
        if (err && err->code == PG_SILENT)
            loaders_doubt(worker->loaders);
        return;
    }
    log_write(LOG_DEBUG, LOG_PG_UP, LOG_NOWHERE, "connected");
    if (worker->has_signed_off)
        return;
    ownership_register(worker->pg, &worker->self, on_registered, worker);
}

/* Each try that fails drops its session. */
static void on_no_session(void *ctx, const struct err *err)
{
    struct worker *worker = ctx;
    int64_t now_ms = clock_mono_ms();
    if (worker->away_said_mono_ms && now_ms - worker->away_said_mono_ms < REFUSALS_AGAIN_MS)
        return;
    worker->away_said_mono_ms = now_ms;
    log_write(LOG_WARN, LOG_PG_DOWN, LOG_NOWHERE,
              "no session to load with: %s; jobs wait for one (a worker needs 2 sessions at "
              "least, one more for each of `connections`)",
              err->text);
}

static void on_redis(void *ctx, bool up, const struct err *err)
{
    struct worker *worker = ctx;
    if (up) {
        log_write(LOG_INFO, LOG_REDIS_UP, LOG_NOWHERE, "connected");
        claim_more(worker);
        return;
    }
    log_write(LOG_WARN, LOG_REDIS_DOWN, LOG_NOWHERE, "%s", err ? err->text : "closed");
}

/* What a server refuses is seen nowhere else, the jobs only wait. */
static void on_queue_answer(void *ctx, const char *what, const struct err *err)
{
    struct worker *worker = ctx;
    AUTO_BUF(line, KIB(1));
    enum log_event up = what ? LOG_REDIS_UP : LOG_PG_UP;
    enum log_event down = what ? LOG_REDIS_DOWN : LOG_PG_DOWN;
    enum refusal_news news =
        refusals_hear(&worker->refusals, what, err, worker->pg, worker->self.id, &line);
    bool is_over = news == REFUSAL_OVER;
    if (news != REFUSAL_NO_NEWS)
        log_write(is_over ? LOG_INFO : LOG_WARN, is_over ? up : down, LOG_NOWHERE, "%.*s",
                  STR_ARG(buf_str(&line)));
}

static void on_pg_answer(void *ctx, const struct err *err)
{
    on_queue_answer(ctx, NULL, err);
}

/* A right that a table lacks is refused to its job, which fails and says so. */
static void on_load_answer(void *ctx, const struct err *err)
{
    if (!err || err->kind == ERR_AGAIN)
        on_pg_answer(ctx, err);
}

static void on_told_redis(void *ctx, bool up, const struct err *err)
{
    struct worker *worker = ctx;
    (void)err;
    if (up)
        limits_listen(worker->limits);
}

static void on_news(void *ctx, const struct limits_news *news)
{
    struct worker *worker = ctx;
    throttle_hear(worker->throttle, news, clock_mono_ms());
}

static void on_wake_redis(void *ctx, bool up, const struct err *err)
{
    (void)err; /* the command connection tells */
    if (up)
        turn_wait_wake(ctx);
}

/* --- life --- */

void worker_session_name(const char *id, char ret_name[WORKER_SESSION_NAME_BYTES])
{
    snprintf(ret_name, WORKER_SESSION_NAME_BYTES, "pagetide %s", id);
}

static void name_self(struct worker *worker)
{
    process_host(worker->host);
    if (worker->options.id)
        snprintf(worker->id, sizeof worker->id, "%s", worker->options.id);
    else
        process_new_id(worker->id);
    worker_session_name(worker->id, worker->application_name);
    worker->self = (struct ownership_worker){
        .id = str_from(worker->id),
        .host = str_from(worker->host),
        .pid = (int)getpid(),
        .version = STR(PAGETIDE_VERSION),
    };
}

static void open_limits(struct worker *worker)
{
    worker->limits = limits_new(&(struct limits_options){
        .loop = worker->loop,
        .redis = worker->redis,
        .told = worker->told,
        .prefix = str_from(worker->settings->redis_prefix),
        .worker = worker->self.id,
        .lease_ms = worker->settings->lease_ms,
        .on_news = on_news,
        .on_answer = on_queue_answer,
        .ctx = worker,
    });
    throttle_share(worker->throttle, worker->loop, worker->limits, worker->options.secret);
}

static bool open_queue(struct worker *worker, struct err *err)
{
    const struct settings *settings = worker->settings;
    if (!redis_open(worker->loop, settings->redis_url, worker->id, on_redis, worker,
                    &worker->redis, err) ||
        !redis_open(worker->loop, settings->redis_url, worker->id, on_wake_redis, worker,
                    &worker->wake, err) ||
        !redis_open(worker->loop, settings->redis_url, worker->id, on_told_redis, worker,
                    &worker->told, err))
        return false;
    open_limits(worker);
    worker->queue = queue_new(&(struct queue_options){
        .redis = worker->redis,
        .prefix = str_from(settings->redis_prefix),
        .lease_ms = settings->lease_ms,
        .installation = worker->options.installation,
        .on_answer = on_queue_answer,
        .ctx = worker,
    });
    return true;
}

static bool open_postgres(struct worker *worker, struct err *err)
{
    const struct settings *settings = worker->settings;
    const char *name = worker->application_name;
    struct pg_options pg = {.url = settings->database_url,
                            .name = name,
                            .on_answer = on_pg_answer,
                            .answer_ctx = worker};
    struct loaders_options loaders = {
        .loop = worker->loop,
        .database_url = settings->database_url,
        .name = name,
        .connections = settings->connections,
        .batch_records = settings->batch_records,
        .batch_bytes = settings->batch_bytes,
        .batch_age_ms = settings->batch_age_ms,
        .give_up_ms = worker->options.give_up_ms,
        .on_committed = on_committed,
        .on_away = on_no_session,
        .on_answer = on_load_answer,
        .ctx = worker,
    };
    if (worker->pg)
        pg_hand_over(worker->pg, on_pg, on_pg_answer, worker);
    else if (!pg_open(worker->loop, &pg, on_pg, worker, &worker->pg, err))
        return false;
    return loaders_new(&loaders, on_outcome, &worker->loaders, err);
}

static void on_trace(void *ctx, const struct err *err)
{
    (void)ctx;
    if (err)
        log_write(LOG_WARN, LOG_NOTE, LOG_NOWHERE, "traces are not taken: %s", err->text);
    else
        log_write(LOG_INFO, LOG_NOTE, LOG_NOWHERE, "traces are taken again");
}

/* Without them everything else goes on. */
static void open_trace(struct worker *worker)
{
    struct err err = ERR_INIT;
    const struct trace_options options = {.loop = worker->loop,
                                          .installation = worker->options.installation,
                                          .process = worker->self.id,
                                          .on_state = on_trace};
    if (!trace_open(&options, &err))
        log_write(LOG_WARN, LOG_NOTE, LOG_NOWHERE, "no traces: %s", err.text);
}

static void lend(struct worker *worker)
{
    worker->env = (struct crawl_env){
        .loop = worker->loop,
        .http = worker->http,
        .loaders = worker->loaders,
        .throttle = worker->throttle,
        .tokens = worker->tokens,
        .rng = &worker->rng,
        .secrets_dir = worker->settings->secrets_dir,
        .may_send = may_send,
        .may_cut = may_cut,
        .memory_bytes = (size_t)worker->settings->memory_bytes,
        .on_retry = on_retry,
        .on_page = on_page,
        .on_enter = suspect_enter,
        .on_recognised = on_recognised,
        .on_ended = on_ended,
        .ctx = worker,
    };
}

static void on_drain_timeout(void *ctx)
{
    struct worker *worker = ctx;
    for (struct held *held = worker->held.first; held; held = held->next)
        if (held_is_crawling(held))
            crawl_stop(held->crawl, CRAWL_STOP_NOW);
}

bool worker_new(const struct worker_options *options, struct worker **ret_worker,
                struct err *err)
{
    struct worker *worker = mem_alloc(sizeof *worker);
    worker->options = *options;
    worker->settings = options->settings;
    worker->loop = options->loop;
    worker->held.on_empty = on_nothing_held;
    worker->held.ctx = worker;
    worker->on_lease = claim_lease;
    worker->on_first_beat = claim_beaten;
    worker->on_heard = sign_off_when_idle;
    rng_seed_random(&worker->rng);
    name_self(worker);
    worker->pg = options->pg;
    worker->throttle = throttle_new(on_throttle_free, worker);
    worker->claim_timer = loop_timer_new(worker->loop, on_claim_timer, worker);
    worker->local_timer = loop_timer_new(worker->loop, on_claim_timer, worker);
    worker->starved_timer = loop_timer_new(worker->loop, on_starved_timer, worker);
    worker->drain_timer = loop_timer_new(worker->loop, on_drain_timeout, worker);
    worker->page_timer = loop_timer_new(worker->loop, suspect_look, worker);
    if (!http_new(worker->loop, &worker->http, err) || !open_postgres(worker, err) ||
        (options->has_queue && !open_queue(worker, err))) {
        worker_free(worker);
        return false;
    }
    http_bound(worker->http, has_room, worker);
    open_trace(worker);
    worker->tokens = tokens_new(worker->loop, worker->http, &worker->rng);
    lend(worker);
    *ret_worker = worker;
    return true;
}

void worker_start(struct worker *worker)
{
    worker->is_started = true;
    claim_more(worker);
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    queue_free(worker->queue);
    limits_free(worker->limits);
    redis_close(worker->redis);
    redis_close(worker->wake);
    redis_close(worker->told);
    held_free_all(&worker->held);
    if (worker->loaders)
        loaders_free(worker->loaders);
    tokens_free(worker->tokens);
    throttle_free(worker->throttle);
    pg_close(worker->pg);
    if (worker->http)
        http_free(worker->http);
    struct loop_timer *const timers[] = {worker->beat_timer,    worker->local_timer,
                                         worker->drain_timer,   worker->claim_timer,
                                         worker->starved_timer, worker->page_timer};
    for (size_t i = 0; i < COUNT_OF(timers); i++)
        loop_timer_free(timers[i]);
    mem_free(worker->local);
    mem_free(worker->reporters);
    mem_free(worker);
    trace_close();
}

struct pg *worker_session(const struct worker *worker)
{
    return worker->pg;
}

struct str worker_id(const struct worker *worker)
{
    return worker->self.id;
}

void worker_add(struct worker *worker, int64_t job)
{
    claim_put_local(worker, job, 0);
}

void worker_drain(struct worker *worker, loop_fn fn, void *ctx)
{
    worker->is_draining = true;
    worker->drained = fn;
    worker->drained_ctx = ctx;
    loop_timer_set(worker->drain_timer, DRAIN_MS);
    for (struct held *held = worker->held.first; held; held = held->next)
        if (held_is_crawling(held))
            crawl_stop(held->crawl, CRAWL_STOP_SOON);
    sign_off_when_idle(worker);
}

static int64_t count_redis(const struct worker *worker)
{
    struct redis *const all[] = {worker->redis, worker->wake, worker->told};
    int64_t count = 0;
    for (size_t i = 0; i < COUNT_OF(all); i++)
        count += all[i] && redis_is_up(all[i]);
    return count;
}

struct worker_stats worker_stats(const struct worker *worker)
{
    struct worker_stats stats = {
        .pg_up = pg_is_up(worker->pg) && worker->is_registered,
        .redis_up = worker->redis && redis_is_up(worker->redis),
        .held = worker->held.count,
        .waiting = worker->local_count,
        .pages = worker->pages,
        .records = worker->records,
        .bytes = worker->bytes,
        .retries = worker->retries,
        .in_flight = http_in_flight(worker->http),
        .memory_bytes = bytes_held(worker),
        .jobs_max = worker->settings->jobs,
        .memory_max_bytes = worker->settings->memory_bytes,
        .pg_connections =
            (int64_t)pg_is_up(worker->pg) + (int64_t)loaders_sessions(worker->loaders),
        .redis_connections = count_redis(worker),
        .refusals = &worker->refusals,
    };
    stats.misses_scheduler = worker->misses_scheduler;
    stats.refusal = refusals_find(&worker->refusals);
    bool all_know = true;
    for (const struct held *held = worker->held.first; held; held = held->next) {
        if (!held_is_crawling(held))
            continue;
        struct crawl_stats crawl = crawl_stats(held->crawl);
        all_know &= crawl.pages_total > 0;
        stats.pages_known += crawl.pages;
        stats.pages_total += crawl.pages_total;
    }
    if (!all_know)
        stats.pages_total = 0;
    return stats;
}
