#include "scheduler/scheduler.h"

#include <assert.h>
#include <dirent.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "port/hash.h"
#include "scheduler/scheduler_internal.h"

/*
 * Three connections (PostgreSQL; Redis for commands; Redis for the read that waits) and six
 * timers:
 *
 *     1 s         tick → after → partitions → publish → withdraw → report
 *     2 s         has the folder of definitions changed? → apply → tick
 *     15 s        rebuild: what should be on the queue and is not; rerun: failed runs that go
 *                 on by themselves; streams of other folders are said
 *     `beat`      PostgreSQL is told that this scheduler lives
 *     1 h         housekeep: history older than `retention` is cleared away, in steps of two
 *                 thousand rows with half a second between them; what a crash left pending is
 *                 started
 *     for ever    intake: read reload messages, pause 1 s where something is down
 *
 * Within a second: ticks come first because they make the runs whose jobs are to be published;
 * a tick's answer arrives after the list of the publishable was asked for, so tick.c publishes
 * once more. Cancelled jobs are withdrawn after that, or they would be pushed again; outcomes
 * are reported last, so that they say what this second has done. PostgreSQL notifies (LISTEN
 * pagetide) of every change of a run's state, which starts the same passes at once; a second is
 * only how long a lost notification costs.
 *
 * Nothing here is state that matters: runs, jobs, requests and the time of the next tick are
 * in PostgreSQL, and every pass can be repeated or done by two schedulers at once.
 *
 *     lost              leads to
 *     PostgreSQL        every pass under way ends with an error; nothing is ticked, read or
 *                       pushed until the session is back. Then definitions are compared anew;
 *                       missed ticks are made up for as catch_up says
 *     Redis             runs are still made, their jobs wait in PostgreSQL; the rebuild pushes
 *                       all when it is back, empty or not
 *     a notification    one second
 *     this process      another one does the same within a second; messages that were read and
 *                       not acknowledged are taken over after 30 s (intake.c)
 *     a definition      its last good version stays in force, the error is logged
 */
enum {
    TICK_MS = 1000,
    REBUILD_MS = 15000,
    FOLDER_MS = 2000,
    HOUSEKEEP_MS = 3600000,
    HOUSEKEEP_STEP_MS = 500,
    HOUSEKEEP_STEP_ROWS = 2000,
    TIMEOUT_MS = 60000,
};

/* --- definitions --- */

static void log_errors(const struct buf *errors)
{
    struct str rest = buf_str(errors);
    while (rest.len) {
        struct str line;
        rest = str_split(rest, '\n', &line);
        if (line.len)
            log_write(LOG_ERROR, LOG_CONFIG_BROKEN, LOG_NOWHERE,
                      "%.*s; the last good version stays in force", STR_ARG(line));
    }
}

static void on_applied(void *ctx, const struct apply_result *result)
{
    struct scheduler *scheduler = ctx;
    log_errors(result->errors);
    if (result->err) {
        log_write(LOG_WARN, LOG_CONFIG_BROKEN, LOG_NOWHERE, "definitions not stored: %s",
                  result->err->text);
        scheduler->folder_stamp = 0;
    } else if (result->changed) {
        log_write(LOG_INFO, LOG_CONFIG_APPLIED, LOG_NOWHERE, "%zu stream%s, %zu new or changed",
                  result->streams, result->streams == 1 ? "" : "s", result->changed);
    }
    presence_note_names(scheduler, result);
    publish_shares(scheduler);
    tick_start(scheduler);
}

/* Changes when a file of the folder is added, removed or written, or is a link and leads to
 * another file: a ConfigMap of Kubernetes changes so. */
static uint64_t folder_stamp(const char *dir)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str path = arena_printf(arena, "%s/sources", dir);
    DIR *folder = opendir(path.ptr);
    uint64_t stamp = 1;
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        struct stat info;
        struct str file = arena_printf(arena, "%s/%s", path.ptr, entry->d_name);
        if (entry->d_name[0] == '.' || stat(file.ptr, &info))
            continue;
        uint64_t parts[] = {hash_bytes(file, 0), (uint64_t)info.st_size, info.st_ino,
                            (uint64_t)info.st_mtim.tv_sec, (uint64_t)info.st_mtim.tv_nsec};
        stamp += hash_bytes((struct str){(const char *)parts, sizeof parts}, 0);
    }
    if (folder)
        closedir(folder);
    return stamp;
}

static void apply_if_changed(struct scheduler *scheduler)
{
    uint64_t stamp = folder_stamp(scheduler->settings->config_dir);
    if (stamp == scheduler->folder_stamp || apply_is_busy(scheduler->apply) ||
        !pg_is_up(scheduler->pg))
        return;
    scheduler->folder_stamp = stamp;
    apply_dir(scheduler->apply, scheduler->settings->config_dir, on_applied, scheduler);
}

void scheduler_reapply(struct scheduler *scheduler)
{
    scheduler->folder_stamp = 0;
    apply_if_changed(scheduler);
}

/* --- rhythm --- */

static void on_listed(void *ctx, size_t listed, const struct err *err)
{
    if (err)
        log_write(LOG_WARN, LOG_NOTE, LOG_NOWHERE, "partitions: %s", err->text);
    if (listed)
        publish_start(ctx);
}

static void list_partitions(struct scheduler *scheduler)
{
    if (pg_is_up(scheduler->pg))
        partitions_list(scheduler->partitions, 0, on_listed, scheduler);
}

static void on_tick(void *ctx)
{
    struct scheduler *scheduler = ctx;
    loop_timer_set(scheduler->tick_timer, TICK_MS);
    tick_start(scheduler);
    after_start(scheduler);
    list_partitions(scheduler);
    publish_start(scheduler);
    withdraw_start(scheduler);
    outcome_report(scheduler);
}

/* Apart by a random part, so that several schedulers do not all come at once. */
static void on_rebuild(void *ctx)
{
    struct scheduler *scheduler = ctx;
    int64_t jitter = (int64_t)rng_below(&scheduler->rng, REBUILD_MS / 10);
    loop_timer_set(scheduler->rebuild_timer, REBUILD_MS - jitter);
    if (!scheduler->is_ours && redis_is_up(scheduler->redis))
        queue_check(scheduler->queue, NULL, NULL);
    publish_shares(scheduler);
    publish_rebuild(scheduler);
    rerun_start(scheduler);
    presence_find_strangers(scheduler);
}

static void on_folder(void *ctx)
{
    struct scheduler *scheduler = ctx;
    loop_timer_set(scheduler->folder_timer, FOLDER_MS);
    apply_if_changed(scheduler);
}

/* A step that found as much as it may clear away is not the last one. */
static void on_housekept(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (!err && pg_get_int(result, 0, 0) >= HOUSEKEEP_STEP_ROWS)
        loop_timer_set(scheduler->housekeep_timer, HOUSEKEEP_STEP_MS);
}

static void on_housekeep(void *ctx)
{
    struct scheduler *scheduler = ctx;
    const struct pg_value params[] = {pg_int(scheduler->settings->retention_ms),
                                      pg_int(HOUSEKEEP_STEP_ROWS)};
    loop_timer_set(scheduler->housekeep_timer, HOUSEKEEP_MS);
    if (pg_is_up(scheduler->pg))
        pg_query(scheduler->pg,
                 "select pagetide.housekeep_step($1::bigint * interval '1 millisecond', $2)",
                 params, COUNT_OF(params), TIMEOUT_MS, on_housekept, scheduler);
}

static void on_beat(void *ctx)
{
    struct scheduler *scheduler = ctx;
    loop_timer_set(scheduler->beat_timer, scheduler->settings->beat_ms);
    presence_beat(scheduler);
}

static void on_intake(void *ctx)
{
    intake_start(ctx);
}

/* A run's state changed somewhere: there may be jobs to publish and outcomes to report. */
static void on_notify(void *ctx, struct str channel, struct str payload)
{
    (void)channel, (void)payload;
    publish_start(ctx);
    withdraw_start(ctx);
    outcome_report(ctx);
}

/* --- connections --- */

static void on_pg(void *ctx, bool up, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (!up) {
        log_write(LOG_WARN, LOG_PG_DOWN, LOG_NOWHERE, "%s", err ? err->text : "closed");
        scheduler->is_ticking = scheduler->is_reporting = false;
        return;
    }
    scheduler->pg_up_mono_ms = clock_mono_ms();
    log_write(LOG_DEBUG, LOG_PG_UP, LOG_NOWHERE, "connected");
    if (!scheduler->is_started)
        return;
    presence_beat(scheduler);
    apply_if_changed(scheduler);
    publish_start(scheduler);
}

static void on_redis(void *ctx, bool up, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (!up) {
        log_write(LOG_WARN, LOG_REDIS_DOWN, LOG_NOWHERE, "%s", err ? err->text : "closed");
        return;
    }
    log_write(LOG_INFO, LOG_REDIS_UP, LOG_NOWHERE, "connected");
    scheduler->is_ours = false;
    queue_check(scheduler->queue, NULL, NULL);
    if (!scheduler->is_started)
        return;
    publish_shares(scheduler);
    publish_rebuild(scheduler);
}

static void on_intake_redis(void *ctx, bool up, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    (void)err; /* the connection for commands logs the same */
    scheduler->has_group = false;
    if (up && scheduler->is_started)
        intake_start(scheduler);
}

/* --- life --- */

static bool open_all(struct scheduler *scheduler, struct err *err)
{
    const struct settings *settings = scheduler->settings;
    struct pg_options pg = {.url = settings->database_url,
                            .name = scheduler->application_name,
                            .setup_sql = "listen pagetide",
                            .on_answer = scheduler_on_pg_answer,
                            .answer_ctx = scheduler};
    if (!pg_open(scheduler->loop, &pg, on_pg, scheduler, &scheduler->pg, err) ||
        !redis_open(scheduler->loop, settings->redis_url, scheduler->id, on_redis, scheduler,
                    &scheduler->redis, err) ||
        !redis_open(scheduler->loop, settings->redis_url, scheduler->id, on_intake_redis,
                    scheduler, &scheduler->intake, err))
        return false;
    pg_on_notify(scheduler->pg, on_notify, scheduler);
    scheduler->queue = queue_new(&(struct queue_options){
        .redis = scheduler->redis,
        .prefix = str_from(settings->redis_prefix),
        .lease_ms = settings->lease_ms,
        .installation = scheduler->installation,
        .on_answer = scheduler_on_answer,
        .ctx = scheduler,
    });
    outcome_open(scheduler);
    scheduler->apply = apply_new(scheduler->pg);
    scheduler->partitions =
        partitions_new(&(struct partitions_options){.loop = scheduler->loop,
                                                    .pg = scheduler->pg,
                                                    .database_url = settings->database_url,
                                                    .name = scheduler->application_name});
    return true;
}

static void name_self(struct scheduler *scheduler)
{
    char id[PROCESS_ID_BYTES];
    process_new_id(id);
    snprintf(scheduler->id, sizeof scheduler->id, "scheduler-%s", id);
    snprintf(scheduler->application_name, sizeof scheduler->application_name, "pagetide %s",
             scheduler->id);
}

bool scheduler_new(struct loop *loop, const struct settings *settings, struct str installation,
                   struct scheduler **ret_scheduler, struct err *err)
{
    struct scheduler *scheduler = mem_alloc(sizeof *scheduler);
    scheduler->settings = settings;
    scheduler->installation = installation;
    scheduler->loop = loop;
    rng_seed_random(&scheduler->rng);
    name_self(scheduler);
    scheduler->publish.scheduler = scheduler->rebuild.scheduler = scheduler;
    scheduler->rebuild.is_rebuild = true;
    scheduler->withdraw.scheduler = scheduler;
    scheduler->tick_timer = loop_timer_new(loop, on_tick, scheduler);
    scheduler->rebuild_timer = loop_timer_new(loop, on_rebuild, scheduler);
    scheduler->folder_timer = loop_timer_new(loop, on_folder, scheduler);
    scheduler->housekeep_timer = loop_timer_new(loop, on_housekeep, scheduler);
    scheduler->intake_timer = loop_timer_new(loop, on_intake, scheduler);
    scheduler->beat_timer = loop_timer_new(loop, on_beat, scheduler);
    buf_init(&scheduler->names, NAMES_BYTES_MAX);
    if (!open_all(scheduler, err)) {
        scheduler_free(scheduler);
        return false;
    }
    *ret_scheduler = scheduler;
    return true;
}

void scheduler_start(struct scheduler *scheduler)
{
    assert(!scheduler->is_started);
    scheduler->is_started = true;
    loop_timer_set(scheduler->tick_timer, 0);
    loop_timer_set(scheduler->rebuild_timer, 0);
    loop_timer_set(scheduler->folder_timer, 0);
    loop_timer_set(scheduler->housekeep_timer, TICK_MS);
    loop_timer_set(scheduler->intake_timer, 0);
    loop_timer_set(scheduler->beat_timer, 0);
}

struct pg *scheduler_session(const struct scheduler *scheduler)
{
    return scheduler->pg;
}

void scheduler_free(struct scheduler *scheduler)
{
    if (!scheduler)
        return;
    queue_free(scheduler->queue);
    scripts_done(&scheduler->outcomes);
    redis_close(scheduler->redis);
    redis_close(scheduler->intake);
    pg_close(scheduler->pg);
    apply_free(scheduler->apply);
    zones_free(scheduler->zones);
    partitions_free(scheduler->partitions);
    buf_done(&scheduler->names);
    struct loop_timer *const timers[] = {scheduler->tick_timer,   scheduler->rebuild_timer,
                                         scheduler->folder_timer, scheduler->housekeep_timer,
                                         scheduler->intake_timer, scheduler->beat_timer};
    for (size_t i = 0; i < COUNT_OF(timers); i++)
        loop_timer_free(timers[i]);
    mem_free(scheduler);
}

struct scheduler_stats scheduler_stats(const struct scheduler *scheduler)
{
    return (struct scheduler_stats){pg_is_up(scheduler->pg), redis_is_up(scheduler->redis),
                                    &scheduler->refusals};
}

bool scheduler_is_ready(const struct scheduler *scheduler)
{
    struct scheduler_stats stats = scheduler_stats(scheduler);
    return stats.pg_up && stats.redis_up;
}
