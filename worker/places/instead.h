#ifndef WORKER_PLACES_INSTEAD_H
#define WORKER_PLACES_INSTEAD_H

#include "core/path.h"

/*
 * What stands where a path leads to nothing: "meta.total is there" of the nearest name beside
 * it, or of the same one further down; else the names that there are. Wildcards are followed to
 * the first element. In the arena.
 */
struct str instead_find(struct arena *arena, const struct path *path, struct value root);

/* Is it the name, but for a slip of the pen or the way it is spelled? */
bool instead_is_near(struct str other, struct str name);

#endif
