#ifndef WORKER_HELD_H
#define WORKER_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "core/ownership.h"
#include "core/queue.h"
#include "worker/crawl/crawl.h"

/*
 * The jobs that a process holds, each from the moment its lease came until its crawl is over
 * and no callback of the queue is under way any more.
 *
 *     held_new → [held_begin] → held_end → (the last held_release) → freed
 *
 * A callback that gets a held job counts: held->calls goes up when the call is made, and
 * held_release brings it down when the answer is there. So does a word for the queue, from
 * held_say until it was heard.
 */
struct worker;

struct held_list {
    struct held *first;
    size_t count;                /* those whose end has not come */
    void (*on_empty)(void *ctx); /* the last of them has ended */
    void *ctx;
};

struct held {
    struct held *next, **link; /* in the list */
    struct held_list *list;
    struct worker *worker;
    int64_t job;
    char token[RNG_TOKEN_BYTES]; /* of the lease; "" in `sync` */
    int64_t leased_mono_ms;
    struct arena *arena;
    struct ownership_activation activation; /* in the arena; valid once it was taken */
    struct crawl *crawl;                    /* NULL while the job is being activated */
    bool was_lost; /* by another worker, at the page where it began here */
    bool has_page; /* of a job that has lost a worker: PostgreSQL knows that it is at hand */
    bool is_over;
    int calls; /* callbacks under way */
    /* What is to be said to the queue of the lease, and what was said and not answered yet. */
    enum queue_word say, said;
    int64_t delay_ms; /* with QUEUE_BACK */
};

/* `worker` is only kept, for the callbacks that get the held job. */
struct held *held_new(struct held_list *list, struct worker *worker, int64_t job) MUST_CHECK;

/* The activation was taken: the work begins. `env` must outlive the job. */
void held_begin(struct held *held, const struct crawl_env *env);

/* Nothing more is done for the job here. It stays in memory while calls are under way. */
void held_end(struct held *held);

/* To be said to the queue with the next turn (turn.c), in place of what waited to be said. */
void held_say(struct held *held, enum queue_word word, int64_t delay_ms);

/* A call that was counted has been answered. The job may be gone after this. */
void held_release(struct held *held);

/* Frees all, whatever is under way: the connections must be closed before. */
void held_free_all(struct held_list *list);

/* The one whose end has not come; NULL if there is none. */
struct held *held_find(const struct held_list *list, int64_t job);
struct held *held_find_crawl(const struct held_list *list, const struct crawl *crawl);

/* Does it crawl: taken, and not at its end? */
bool held_is_crawling(const struct held *held);

#endif
