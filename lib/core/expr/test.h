#ifndef CORE_EXPR_TEST_H
#define CORE_EXPR_TEST_H

#include "core/expr/call.h"

/* The tests (`is …`), by name: NULL where there is none; the nearest name, or NULL. */
const struct callable *test_find(struct str name);
const char *test_nearest(struct str name);

extern const struct callable test_table[];

#endif
