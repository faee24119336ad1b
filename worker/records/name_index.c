#include "worker/records/name_index.h"

#include "port/hash.h"

static const struct str *name_at(const void *items, size_t stride, size_t at)
{
    return (const struct str *)(const void *)((const char *)items + at * stride);
}

uint32_t *name_index_slot(const struct name_index *index, const void *items, size_t stride,
                          struct str name)
{
    size_t mask = index->slot_count - 1;
    for (size_t i = hash_for_table(name) & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &index->slots[i];
        if (!*slot || str_eq(*name_at(items, stride, *slot - 1), name))
            return slot;
    }
}

void name_index_build(struct name_index *index, struct arena *arena, const void *items,
                      size_t stride, size_t count, size_t room)
{
    index->slot_count = 16;
    while (index->slot_count < room * 2)
        index->slot_count *= 2;
    index->slots = ARENA_ARRAY(arena, uint32_t, index->slot_count);
    for (size_t i = 0; i < count; i++) {
        uint32_t *slot = name_index_slot(index, items, stride, *name_at(items, stride, i));
        if (!*slot)
            *slot = (uint32_t)i + 1;
    }
}
