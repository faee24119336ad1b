#ifndef WORKER_REHEARSAL_RECORDING_TEXT_H
#define WORKER_REHEARSAL_RECORDING_TEXT_H

#include "base/buf.h"
#include "worker/rehearsal/recording.h"

/*
 * A recording as text, for people: bodies that are text stay as they are, in blocks; others are
 * base64. recording_parse reads the very same back. `expect` is left out.
 */
void recording_put(struct buf *text, const struct recording *recording);

/* The part behind it: what is expected, a line for each row. `outcome` is as outcome.h says. */
void recording_put_expect(struct buf *text, struct value outcome);

#endif
