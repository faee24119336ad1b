#ifndef WORKER_CRAWL_WATCH_H
#define WORKER_CRAWL_WATCH_H

#include "port/http.h"
#include "worker/exchange/request.h"
#include "worker/rows/mark.h"
#include "worker/rows/row.h"
#include "worker/signs/pager.h"

/*
 * What a preview sees of a crawl while it goes. Everything is borrowed for the call. A page
 * that brings new fields is cut twice: its records come again, from position 0.
 */
struct crawl_page { /* a page that counts, and what follows it */
    const struct pager *next;
    const struct pager_decision *decision;
    const struct request *request; /* of the next page; NULL: none follows */
    const char
        *prepare;  /* no page: "request" or "poll" of `prepare`; NULL: it is none of them */
    bool is_count; /* no page: the answer that counts all, before the first page or the last */
    int status, attempts;
    int64_t records, seen, rejects, asides, bytes;
    const struct mark_part *parts; /* what it has for the stream's parts; NULL: nothing */
};

struct crawl_watch {
    void (*on_request)(void *ctx, const struct request *request);
    void (*on_answer)(void *ctx, const struct http_answer *answer, const struct err *failed);
    row_seen_fn on_record;      /* of the stream's own table */
    row_seen_fn on_part_record; /* of those of its parts; may be NULL */
    void (*on_page_end)(void *ctx, const struct crawl_page *page);
    void *ctx;
};

#endif
