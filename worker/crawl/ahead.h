#ifndef WORKER_CRAWL_AHEAD_H
#define WORKER_CRAWL_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "port/http.h"
#include "worker/pace/throttle.h"

/*
 * `parallel`: requests for the pages behind the one that is being read.
 *
 * Where paging is by number, the requests of the next pages are known before an answer is
 * there. They are sent ahead, and their answers wait in a window. A crawl goes on page by page
 * all the same: it builds the request of a page when the page before it was decided on, and
 * takes the answer out of the window where that very request was sent. So records, end, state
 * and reason are those of one request at a time, and only the waiting is shared. A page that
 * failed is judged in its turn and sent again alone. What lies behind the end is dropped
 * unread.
 *
 *     ahead_init → [ahead_ask → … ahead_release, ahead_fill]… → ahead_drop → ahead_done
 */
struct crawl;
struct ahead_slot;

struct ahead {
    void (*resume)(struct crawl *crawl);
    struct ahead_slot *first;   /* in the order of their numbers */
    struct ahead_slot *taken;   /* its answer is being judged */
    struct ahead_slot *awaited; /* the crawl waits for its answer */
    size_t count;
    int64_t in_flight; /* of them */
    int64_t stride;    /* what the number grows by from page to page; 0: not known yet */
    int64_t page_records;
    int misses;                /* windows that were asked for in vain */
    bool has_failed;           /* an answer in the window is no page: nothing more is sent */
    struct throttle_pass pass; /* of the next one, while the rate limit holds it back */
    struct loop_timer *timer;  /* … until then */
};

/* `resume` is called when the answer that the crawl waits for is there, and taken. */
void ahead_init(struct crawl *crawl, void (*resume)(struct crawl *crawl));
void ahead_done(struct crawl *crawl);

/* The page that was just decided on: pages are so far apart, and hold so many records. */
void ahead_note(struct ahead *ahead, int64_t stride, int64_t records);

enum ahead_answer {
    AHEAD_NONE,  /* nothing of it here: send it */
    AHEAD_ASKED, /* it was sent: the crawl is resumed when the answer is there */
    AHEAD_HERE,  /* crawl->answer or crawl->failed is set, until ahead_release */
};
enum ahead_answer ahead_ask(struct crawl *crawl);

/* The answer that was taken has been judged. */
void ahead_release(struct crawl *crawl);

/* Sends as many requests as `parallel`, memory and rate limits allow; true: it has sent one,
 * which leaves when the loop has its turn. */
bool ahead_fill(struct crawl *crawl);

void ahead_drop(struct crawl *crawl); /* the window is empty, and nothing comes back */

void ahead_forget(
    struct crawl *crawl); /* the same; another paging begins, of which nothing is known */

bool ahead_is_asking(const struct ahead *ahead); /* a request is in flight */
size_t ahead_bytes(const struct ahead *ahead);   /* of the answers that wait */

#endif
