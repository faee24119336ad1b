#ifndef PORT_HASH_INDEX_H
#define PORT_HASH_INDEX_H

#include <stddef.h>

#include "base/str.h"

/*
 * What stands under a name, among many names. Names and values are borrowed: they live as long
 * as the index. Zeroed, it is empty.
 *
 *     struct hash_index streams = {0};
 *     [hash_index_put]… → hash_index_find → hash_index_done
 */
struct hash_index {
    struct hash_index_entry {
        struct str name;
        void *value; /* NULL: the place is free */
    } * entries;
    size_t count, capacity; /* a power of two, or 0 */
};

void hash_index_done(struct hash_index *index);
#define AUTO_HASH_INDEX CLEANUP(hash_index_done)
void *hash_index_find(const struct hash_index *index, struct str name); /* NULL: nothing */
/* A name that is there keeps its place, and gets this value, which is not NULL. */
void hash_index_put(struct hash_index *index, struct str name, void *value);

#endif
