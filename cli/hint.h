#ifndef CLI_HINT_H
#define CLI_HINT_H

#include "base/buf.h"
#include "base/str.h"

/*
 * What a person can try, by the cause: the reason that a run ended with (core/job.h) and what
 * its error says, in our own words or a library's. tests/tables/hints.txt has an error for
 * each. An error of an unknown cause has the hint of its reason; no reason has none, and
 * nothing is put. Nothing of the error itself is put.
 */
struct hint_of {
    struct str reason, error;
};

/* A part of a line. */
void hint_put_for_preview(struct buf *line, const struct hint_of *of);
/* The same; `run` is the run's number. */
void hint_put_for_run(struct buf *line, const struct hint_of *of, struct str stream,
                      int64_t run);

/* By the error of a session with PostgreSQL, or "Redis at …"; nothing where its cause is
 * unknown. */
void hint_put_for_server(struct buf *line, struct str error);

#endif
