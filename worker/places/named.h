#ifndef WORKER_PLACES_NAMED_H
#define WORKER_PLACES_NAMED_H

#include "worker/places/places.h"

/* Every place that the definition names: places_start. */
void named_find(struct places *places, struct arena *arena, const struct stream *stream);

#endif
