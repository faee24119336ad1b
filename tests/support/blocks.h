#ifndef TESTS_SUPPORT_BLOCKS_H
#define TESTS_SUPPORT_BLOCKS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * Reads tables of blocks (notation: tests/tables/README):
 *
 *     the preface: comments, or what the suite says of it
 *     === title
 *     the head
 *     --- part
 *     the part's lines
 *
 * Needs no Check, so that fuzzers read the same tables. A table that cannot be read, that has
 * no blocks, or where a title or a block's part comes twice, ends the program with a message.
 */
struct block_part {
    struct str name, text;
};

struct block {
    int line; /* of its title, from 1 */
    struct str title, head;
    struct block_part *parts;
    size_t part_count;
};

struct blocks {
    const char *path;
    struct str preface;
    struct block *items;
    size_t count;
};

/* All of it lives as long as the arena. Programs run at the project's root. */
struct blocks blocks_read(struct arena *arena, const char *path);

/* The same of a text that is there; it borrows the text, and messages name the path. */
struct blocks blocks_parse(struct arena *arena, const char *path, struct str text);

/* The lines of a part, each with its line feed; STR_NONE where the block has no such part. */
struct str block_part(const struct block *block, const char *name);

#endif
