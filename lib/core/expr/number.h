#ifndef CORE_EXPR_NUMBER_H
#define CORE_EXPR_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/expr/eval.h"
#include "core/expr/ops.h"
#include "core/value.h"

/* A number that arithmetic can use: an integer of 64 bits or a finite double. */
struct number {
    bool is_real;
    int64_t integer;
    double real; /* set for integers too */
};

bool number_is_numeric(struct value value); /* number or boolean */
bool number_is_integer(struct str text);    /* no point and no exponent in a number's text */

enum { NUMBER_DIGITS_MAX = 400 }; /* of an integer that a real is cut to */

/* A number or boolean; fails on any other kind, and beyond the range of arithmetic. */
bool number_read(struct eval *ev, struct value value, struct number *ret) MUST_CHECK;

/* As Python's repr: shortest digits that read back the same, `2.0`, `1e+16`. */
struct str number_format_real(struct arena *arena, double real);
bool number_from_real(struct eval *ev, double real, struct value *ret) MUST_CHECK;

/* Exact, by the decimal digits, whatever their length. Booleans count as 0 and 1. */
int number_compare(struct value a, struct value b);
uint64_t number_hash(struct value value); /* equal numbers have equal hashes */

/* + - * / // % ** of two numeric values. */
bool number_binary(struct eval *ev, enum op op, struct value a, struct value b,
                   struct value *ret) MUST_CHECK;
bool number_negate(struct eval *ev, struct value value, struct value *ret) MUST_CHECK;

#endif
