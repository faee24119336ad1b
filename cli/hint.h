#ifndef CLI_HINT_H
#define CLI_HINT_H

#include "base/buf.h"
#include "base/str.h"

/*
 * What a person can try, by the reason a run ended with (core/job.h): puts part of a line, or
 * nothing where there is no reason. `run` is the run's number.
 */
void hint_put_for_preview(struct buf *line, struct str reason);
void hint_put_for_run(struct buf *line, struct str reason, struct str stream, int64_t run);

#endif
