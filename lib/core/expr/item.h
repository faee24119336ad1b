#ifndef CORE_EXPR_ITEM_H
#define CORE_EXPR_ITEM_H

#include "core/expr/eval.h"

/*
 * container[key] as Jinja has it: a member, an element, a character. What is not there is
 * undefined; only an undefined container fails.
 */
bool item_get(struct eval *ev, struct value container, struct value key,
              struct value *ret) MUST_CHECK;

/* The elements that a slice takes: `count` of them, `step` apart, the first at `from`. */
struct item_range {
    int64_t from, step;
    size_t count;
};

/*
 * The range of [from:to:step] over `length` elements; step is not 0. Bounds that are not
 * written are INT64_MIN and INT64_MAX, whichever end the step makes them. Python's
 * slice.indices: CPython, Objects/sliceobject.c, PySlice_AdjustIndices.
 */
struct item_range item_range(size_t length, int64_t from, int64_t to, int64_t step);

/* Of a list or a string; the range is within it. */
bool item_slice(struct eval *ev, struct value sequence, struct item_range range,
                struct value *ret) MUST_CHECK;

#endif
