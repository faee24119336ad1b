#ifndef WORKER_REHEARSAL_REHEARSAL_H
#define WORKER_REHEARSAL_REHEARSAL_H

#include "config/stream.h"
#include "worker/rehearsal/recording.h"

/*
 * Lets a definition run on what was recorded: by the step machine of a worker, without a
 * network, a database or a secret, and without waiting. No token is fetched and nothing is
 * signed, credentials are placeholders, and `now` is the time of the recording. Each exchange
 * answers one request, in the order of the file where several are the same.
 */
struct rehearsal_missing { /* a request to which nothing is recorded */
    struct str method, url;
    const struct exchange *nearest; /* NULL: nothing is */
    struct str why;                 /* how it differs from that */
};

struct rehearsal {
    struct value outcome; /* outcome.h */
    struct str error;     /* why it did not succeed; empty: it did */
    int64_t records;
    struct rehearsal_missing *missing;
    size_t missing_count, missing_capacity;
    bool *is_asked; /* one for each exchange */
};

/*
 * Everything is in `arena`. Errors: the definition does not hold without its `auth`, what comes
 * out is too large, or there is no event loop.
 */
bool rehearsal_run(const struct recording *recording, const struct stream *stream,
                   struct arena *arena, struct rehearsal *ret_rehearsal,
                   struct err *err) MUST_CHECK;

#endif
