#ifndef TESTS_FUZZ_SEEDS_H
#define TESTS_FUZZ_SEEDS_H

#include "tests/fuzz/corpus.h"

/*
 * The cases of tests/tables/ as inputs of a fuzz target, named table-1, table-2 and so on; none
 * for a target that no table fits. Ends the program where a table cannot be read.
 */
struct corpus seeds_read(struct arena *arena, const char *target);

#endif
