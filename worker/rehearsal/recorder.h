#ifndef WORKER_REHEARSAL_RECORDER_H
#define WORKER_REHEARSAL_RECORDER_H

#include "worker/crawl/watch.h"
#include "worker/rehearsal/recording.h"

/*
 * Keeps what a preview asks and what it is answered:
 *
 *     recorder_open → recorder_watch is the preview's → recorder_end
 *
 * Requests for tokens are not kept, nor are those that a token was refused for and that were
 * made again with the next.
 */
struct recorder {
    struct arena *arena;
    const struct stream *stream;
    struct exchange *exchanges;
    size_t count, capacity;
    size_t bytes;
    int64_t began_at_ms; /* wall clock */
    bool is_too_large;   /* over RECORDER_BYTES_MAX */
};

enum { RECORDER_BYTES_MAX = 4 << 20 };

void recorder_open(struct recorder *recorder, struct arena *arena, const struct stream *stream,
                   int64_t began_at_ms);
struct crawl_watch recorder_watch(struct recorder *recorder);

/*
 * The exchanges without secrets: credentials of the definition stand there as
 * `<env.SHOP_TOKEN>`, those that answers brought as `<hidden-1>`, *ret_hidden of them. Headers
 * of answers that say nothing of the data are left out. ERR_INPUT: too large.
 */
bool recorder_end(struct recorder *recorder, struct recording *recording, int *ret_hidden,
                  struct err *err) MUST_CHECK;

#endif
