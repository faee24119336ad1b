#ifndef WORKER_WATCH_H
#define WORKER_WATCH_H

#include "port/http.h"
#include "worker/exchange/request.h"
#include "worker/paging/pager.h"
#include "worker/rows/row.h"

/*
 * What a preview is told of a run while it goes. Everything is borrowed for the call. A page
 * that brings new fields is cut twice: its records come again, from position 0.
 */
struct run_turn { /* a page that counts, and what follows it */
    const struct pager *next;
    const struct pager_decision *decision;
    const struct request *request; /* of the next page; NULL: none follows */
    int status, attempts;
    int64_t records, seen, rejects, asides, bytes;
};

struct run_watch {
    void (*asked)(void *ctx, const struct request *request);
    void (*answered)(void *ctx, const struct http_answer *answer, const struct err *failed);
    void (*record)(void *ctx, const struct row_writer *writer, const struct record *record,
                   enum row_result result, const char *reason);
    void (*turned)(void *ctx, const struct run_turn *turn);
    void *ctx;
};

#endif
