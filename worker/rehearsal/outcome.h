#ifndef WORKER_REHEARSAL_OUTCOME_H
#define WORKER_REHEARSAL_OUTCOME_H

#include "base/buf.h"
#include "config/stream.h"
#include "worker/crawl/watch.h"
#include "worker/discover/preview.h"

/*
 * What a definition made of the answers:
 *
 *     {state, reason, complete, requests, pages,
 *      tables: {"shop.orders": {columns: {id: bigint, …}, rows: [{id: 1, …}, …],
 *                               rejected: [{reason, record}, …]}}}
 *
 * `state` is that of the run: succeeded, failed, truncated; stopped where more pages follow;
 * waiting where a run would try again later. `reason` and `complete` (what proves the end) are
 * there where they have something to say. Rows stand in the order of the pages; those of a page
 * that does not count are left out. Secrets and placeholders are `<env.SHOP_TOKEN>`.
 */
enum { OUTCOME_BYTES_MAX = 64 << 20 };

struct outcome {
    struct arena *arena;
    const struct stream *stream;
    struct outcome_table {
        struct buf rows, rejects;           /* JSON, joined by commas */
        struct buf page_rows, page_rejects; /* of the page that is being read */
        size_t last_position;
        bool has_position;
    } * tables;           /* the stream's own, and its parts' */
    const char *complete; /* NULL: not known */
    bool has_overflowed;
};

void outcome_init(struct outcome *outcome, struct arena *arena, const struct stream *stream);
void outcome_done(struct outcome *outcome);

/* To be called as the watch of a crawl is. */
void outcome_request(struct outcome *outcome);
void outcome_record(struct outcome *outcome, const struct row_writer *writer,
                    const struct record *record, enum row_result result, const char *reason);
void outcome_page_end(struct outcome *outcome, const struct crawl_page *page);

/* When it is over. ERR_INPUT: it is more than OUTCOME_BYTES_MAX. In the arena. */
bool outcome_read(const struct outcome *outcome, const struct preview *preview,
                  int64_t requests, struct value *ret_value, struct err *err) MUST_CHECK;

#endif
