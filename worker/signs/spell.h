#ifndef WORKER_SIGNS_SPELL_H
#define WORKER_SIGNS_SPELL_H

#include "base/arena.h"
#include "core/value.h"

/*
 * One name in many spellings: `totalCount`, `total_count`, `TotalCount`, `total-count` and
 * `@totalCount` are the same. The case of ASCII letters does not count, nor do `_ - @ $`.
 */
bool spell_is_same(struct str key, struct str name);

/* Does the path end in the name, after a dot, a bracket or whole? Steps are compared so. */
bool spell_ends(struct str path, struct str name);

/* The member of a map whose key is such a spelling; NULL where it is no map, or has none. */
const struct value_member *spell_find(struct value map, struct str name);

/*
 * The value at a name that is a path ("links[rel=next].url"), each step in any spelling;
 * undefined where nothing is. *ret_path is how a definition writes it for this value, in the
 * arena; it holds no space and no quote but those around an odd key.
 */
struct value spell_read(struct arena *arena, struct value at, const char *name,
                        struct str *ret_path);

/* The key that a path begins with; empty where it begins with a bracket. */
struct str spell_first(const char *path);

/* A key as a path has it: `name`, or `['odd.name']`. path_compile reads any of them. */
struct str spell_step(struct arena *arena, struct str key);

/* "a.b" of "a" and "b", "a[*]" of "a" and "[*]"; either may be empty. */
struct str spell_join(struct arena *arena, struct str path, struct str steps);

/* False of a key that no words of a checkpoint can hold. */
bool spell_is_plain(struct str key);

#endif
