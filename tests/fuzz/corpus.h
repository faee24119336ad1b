#ifndef TESTS_FUZZ_CORPUS_H
#define TESTS_FUZZ_CORPUS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/*
 * The kept inputs of a fuzz target, tests/fuzz/corpus/TARGET.txt: a table of blocks
 * (tests/support/blocks.h), one an input. The title is its name, and of a finding (found-*)
 * what was wrong: `found-x: why`. The head is its bytes: printable ASCII as it is, a line feed
 * as \n, a backslash as \\, any other byte as \xHH. Line breaks are there for the reader and
 * are not part of the input.
 */
struct corpus_input {
    struct str name, why; /* `why` is empty where it is no finding */
    struct str bytes;
};

struct corpus {
    struct corpus_input *items;
    size_t count;
};

/* Ends the program, with a message, where the file is not in this notation. */
struct corpus corpus_read(struct arena *arena, const char *path);
/* The same of a text that is there. */
struct corpus corpus_parse(struct arena *arena, const char *path, struct str text);

/* Appends one block. */
void corpus_put(struct buf *out, const struct corpus_input *input);

#endif
