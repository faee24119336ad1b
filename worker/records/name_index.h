#ifndef WORKER_RECORDS_NAME_INDEX_H
#define WORKER_RECORDS_NAME_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * Finds an element of an array by its name: open addressing over `items`, whose elements are
 * `stride` bytes long and begin with a `struct str`. A slot holds a position + 1, or 0 where it
 * is free. Zeroed memory is an index that was not built yet (slot_count 0).
 */
struct name_index {
    uint32_t *slots;
    size_t slot_count; /* a power of two, at most half full */
};

/* Indexes the first `count` items, with space for `room` of them; of equal names the first. */
void name_index_build(struct name_index *index, struct arena *arena, const void *items,
                      size_t stride, size_t count, size_t room);

/* The slot that holds the name, or the free one where it belongs. The index must be built. */
uint32_t *name_index_slot(const struct name_index *index, const void *items, size_t stride,
                          struct str name);

#endif
