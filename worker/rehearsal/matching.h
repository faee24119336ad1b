#ifndef WORKER_REHEARSAL_MATCHING_H
#define WORKER_REHEARSAL_MATCHING_H

#include "worker/rehearsal/recording.h"

/*
 * Is what a definition asks for what was asked for then? Of both only the request is read.
 * Method and URL must be the same, parameters in whatever order and however they are encoded;
 * so must the body be: JSON by its values, else byte by byte; and each header that the recorded
 * request has.
 */
bool matching_is_same(const struct exchange *recorded, const struct exchange *asked) MUST_CHECK;

/* How near they are: for the nearest of several, greater is nearer. */
int matching_nearness(const struct exchange *recorded, const struct exchange *asked);

/* In words, what differs first: "page is 3, recorded is 2". In `arena`. */
struct str matching_difference(const struct exchange *recorded, const struct exchange *asked,
                               struct arena *arena);

#endif
