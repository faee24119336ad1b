#ifndef SCHEDULER_SCHEDULER_INTERNAL_H
#define SCHEDULER_SCHEDULER_INTERNAL_H

#include "base/process.h"
#include "base/rng.h"
#include "core/queue.h"
#include "core/refusals.h"
#include "core/script.h"
#include "core/zone.h"
#include "port/pg.h"
#include "port/redis.h"
#include "scheduler/apply.h"
#include "scheduler/partitions.h"
#include "scheduler/scheduler.h"

/*
 * The inside of a scheduler, shared by:
 *
 *     scheduler.c   its life and its rhythm
 *     tick.c        due streams
 *     publish.c     jobs onto the queue, and the rebuild
 *     withdraw.c    cancelled jobs off it
 *     intake.c      reload messages
 *     settle.c      their ends, said to Redis
 *     outcome.c     what became of requests, told to their senders
 *     refused.c     what Redis and PostgreSQL refuse
 *     presence.c    that it lives; streams of other folders
 *
 * A pass asks PostgreSQL, acts, and ends. Each `…_start` begins one, or does nothing where the
 * one before has not ended or a server it needs is down: the next second will call it again.
 */
enum { PUBLISH_JOBS_MAX = QUEUE_PUSH_MAX, WITHDRAW_JOBS_MAX = 1000, NAMES_BYTES_MAX = MIB(4) };

/* What PostgreSQL wants on the queue → pushed where Redis lacks it → noted. */
struct publish_pass {
    struct scheduler *scheduler;
    bool is_rebuild;
    bool is_busy;
    bool is_wanted_again; /* something came up while it was busy */
    size_t count, pushed; /* of the jobs; of those that were not on the queue */
    int64_t jobs[PUBLISH_JOBS_MAX];
};

struct withdraw_entry {
    struct withdraw_pass *pass;
    int64_t job;
    bool is_out; /* Redis has answered */
};

/* What PostgreSQL has cancelled → taken off the queue → noted. */
struct withdraw_pass {
    struct scheduler *scheduler;
    bool is_busy;
    size_t count, waiting;
    struct withdraw_entry entries[WITHDRAW_JOBS_MAX];
};

struct scheduler {
    const struct settings *settings;
    struct loop *loop;
    struct rng rng;
    char id[PROCESS_ID_BYTES + 16], application_name[PROCESS_ID_BYTES + 32];
    struct pg *pg;
    struct redis *redis, *intake; /* commands; XREADGROUP, which waits */
    struct queue *queue;
    struct scripts outcomes; /* to Redis */
    struct script outcome_script;
    struct refusals refusals;
    struct str installation;
    bool is_ours; /* the keys in Redis; nothing is read from there before that is known */
    struct apply *apply;
    struct publish_pass publish, rebuild;
    struct withdraw_pass withdraw;
    uint64_t folder_stamp; /* of the definitions applied last */
    int64_t pg_up_mono_ms; /* since when the session is up */
    struct zone_entry *zones;
    struct partitions *partitions;
    struct buf names;         /* of the folder's streams, one a line */
    bool knows_names;         /* all of them: no file is broken */
    uint64_t strangers_stamp; /* of those that were said last */

    struct loop_timer *tick_timer, *rebuild_timer, *folder_timer, *housekeep_timer,
        *intake_timer, *beat_timer;
    bool is_started, is_ticking, is_reporting, is_reading;
    bool reads_on;     /* when all messages are answered that were read */
    size_t unanswered; /* messages that PostgreSQL has not answered yet */
    bool has_group;    /* the consumer group of the reload stream exists */
};

/* How Redis took a command, or PostgreSQL a statement: what is refused is logged, and kept for
 * `status`. */
void scheduler_on_answer(void *ctx, const char *what, const struct err *err);
void scheduler_on_pg_answer(void *ctx, const struct err *err);

/* Says to PostgreSQL that the scheduler lives. */
void presence_beat(struct scheduler *scheduler);
/* Streams that the folder does not have are logged, now and whenever they change. */
void presence_note_names(struct scheduler *scheduler, const struct apply_result *result);
void presence_find_strangers(struct scheduler *scheduler);

void tick_start(struct scheduler *scheduler);

/* The zone of that name; NULL: PostgreSQL is asked, and a later pass finds it. */
const struct zone *zones_find(struct scheduler *scheduler, struct str name, int64_t now_us);
void zones_free(struct zone_entry *entry); /* and those behind it */

void publish_start(struct scheduler *scheduler);
void publish_rebuild(struct scheduler *scheduler);
void publish_shares(struct scheduler *scheduler); /* weights and limits of the sources */
void rerun_start(struct scheduler *scheduler);
void after_start(struct scheduler *scheduler);
void withdraw_start(struct scheduler *scheduler);

/* Reads reload messages until the scheduler is freed; where it stopped, from there. */
void intake_start(struct scheduler *scheduler);

/* What became of a request. */
struct outcome {
    struct str id, state, reason;
    int64_t run;        /* 0: none */
    int64_t changed_us; /* when PostgreSQL changed its state; 0: it has no such request */
};

enum { OUTCOMES_MAX = 100 };
void outcome_open(struct scheduler *scheduler);
/* Each for the sender of its request, unless a newer one is there. 1 to OUTCOMES_MAX. */
void outcome_write(struct scheduler *scheduler, const struct outcome *outcomes, size_t count);
/* Writes all that have changed. */
void outcome_report(struct scheduler *scheduler);

/*
 * Ends of messages that were read together, at most OUTCOMES_MAX, for one word to Redis.
 *
 *     settle_new → [settle_taken | settle_refused]… → settle_send, which frees it
 *
 * What is said of a message is copied. `entry`: its own id in the stream.
 */
struct settle;
struct settle *settle_new(struct scheduler *scheduler);
void settle_taken(struct settle *settle, struct str entry, const struct outcome *outcome);
/* Also among the bad messages, where `id` may be anything. `changed_us` as in an outcome. */
void settle_refused(struct settle *settle, struct str entry, struct str id, struct str reason,
                    int64_t changed_us);
void settle_send(struct settle *settle);

#endif
