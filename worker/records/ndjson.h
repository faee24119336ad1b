#ifndef WORKER_RECORDS_NDJSON_H
#define WORKER_RECORDS_NDJSON_H

#include "worker/records/records.h"

/*
 * A JSON text on each line, which ends with "\n" or "\r\n", the last one also with the body.
 * Empty lines are skipped, as is a byte order mark. A line that is no JSON text is given with
 * its `problem`. Lives in the arena; borrows `body`.
 */
struct record_source *ndjson_open(struct arena *arena, struct str body) MUST_CHECK;

/* What a line holds: without white space around it, and without what begins a record of a
 * JSON text sequence (RFC 7464). */
struct str ndjson_text(struct str line);

#endif
