#ifndef WORKER_REPLAY_REREAD_H
#define WORKER_REPLAY_REREAD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/stream.h"

/*
 * A reject as a page of its own: a body that holds the record, and beside it what `with` added
 * to it when it was rejected; and a definition that reads both there.
 *
 *     {"w": {"order_id": 7}, "r": [{"sku": "a", "n": "x"}]}      merge_path r[*]
 *
 * A field of `with` that was kept with the reject has that value. One that is read in the
 * record itself is read there. An expression that does not look at the page is evaluated again.
 * Any other value is gone with the page.
 */
struct reread {
    struct buf body;
    struct stream
        stream; /* a copy of the definition, its members shared, with another `merge` */
};

/*
 * `record` is written as the stream's answers are; in the body it is JSON. `added` is JSON, or
 * empty. ERR_INPUT: `with`, `where` or the names of the fields need the page that is gone, or
 * the record is none.
 */
bool reread_make(struct arena *arena, const struct stream *stream, struct str record,
                 struct str added, struct reread *ret_reread, struct err *err) MUST_CHECK;

#endif
