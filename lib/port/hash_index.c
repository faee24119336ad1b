#include "port/hash_index.h"

#include <assert.h>

#include "base/mem.h"
#include "port/hash.h"

enum { CAPACITY_MIN = 16 };

void hash_index_done(struct hash_index *index)
{
    mem_free(index->entries);
    *index = (struct hash_index){0};
}

/* The name's place, or the free one where it would be. */
static struct hash_index_entry *place_of(const struct hash_index *index, struct str name)
{
    size_t mask = index->capacity - 1;
    size_t at = hash_for_table(name) & mask;
    while (index->entries[at].value && !str_eq(index->entries[at].name, name))
        at = (at + 1) & mask;
    return &index->entries[at];
}

void *hash_index_find(const struct hash_index *index, struct str name)
{
    return index->count ? place_of(index, name)->value : NULL;
}

/* Half of the places stay free. */
static void make_room(struct hash_index *index)
{
    if (2 * index->count < index->capacity)
        return;
    struct hash_index larger = {.capacity = MAX(2 * index->capacity, CAPACITY_MIN),
                                .count = index->count};
    larger.entries = mem_alloc(larger.capacity * sizeof *larger.entries);
    for (size_t i = 0; i < index->capacity; i++)
        if (index->entries[i].value)
            *place_of(&larger, index->entries[i].name) = index->entries[i];
    mem_free(index->entries);
    *index = larger;
}

void hash_index_put(struct hash_index *index, struct str name, void *value)
{
    assert(value);
    make_room(index);
    struct hash_index_entry *place = place_of(index, name);
    index->count += !place->value;
    *place = (struct hash_index_entry){name, value};
}
