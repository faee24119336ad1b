#ifndef CORE_EXPR_FORMAT_H
#define CORE_EXPR_FORMAT_H

#include "core/expr/eval.h"

/*
 * The % operator of a string: Python's printf-style conversions of one value, of the members
 * of an object by %(name)s, or, where `is_tuple`, of the elements of a list.
 */
bool format_percent(struct eval *ev, struct str format, struct value args, bool is_tuple,
                    struct value *ret) MUST_CHECK;

#endif
