#ifndef CLI_CHECK_LIVE_H
#define CLI_CHECK_LIVE_H

#include "cli/definition_place.h"

/*
 * `check --live`: tries PostgreSQL, Redis and the first page of each stream, and writes nothing
 * there. Reports each on stdout, with a warning for what a page has nothing at although its
 * definition names it. Everything is tried, whatever failed before; gives the worst exit code:
 * EXIT_UNREACHABLE also for an API that gives no answer, EXIT_RUN_FAILED where a run would
 * fail.
 */
int check_live(struct definition_places *where, struct stream *const *streams, size_t count);

#endif
