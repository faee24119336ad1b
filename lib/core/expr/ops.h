#ifndef CORE_EXPR_OPS_H
#define CORE_EXPR_OPS_H

#include <stdbool.h>

#include "base/macros.h"
#include "core/value.h"

/* clang-format off */
#define OPS(X)                                                                                 \
    X(OP_ADD, "+") X(OP_SUB, "-") X(OP_MUL, "*") X(OP_DIV, "/") X(OP_FLOORDIV, "//")           \
    X(OP_MOD, "%") X(OP_POW, "**") X(OP_EQ, "==") X(OP_NE, "!=") X(OP_LT, "<")                 \
    X(OP_LE, "<=") X(OP_GT, ">") X(OP_GE, ">=") X(OP_IN, "in") X(OP_NOT_IN, "not in")
/* clang-format on */

enum op {
#define X(name, text) name,
    OPS(X)
#undef X
};

struct eval;

const char *ops_text(enum op op);

/* OP_ADD to OP_POW. Fails where the operands are of the wrong kinds. */
bool ops_binary(struct eval *ev, enum op op, struct value a, struct value b,
                struct value *ret) MUST_CHECK;
/* OP_EQ to OP_NOT_IN. */
bool ops_compare(struct eval *ev, enum op op, struct value a, struct value b,
                 bool *ret) MUST_CHECK;
/* False, too, where the work is spent (eval_spend). */
bool ops_equal(struct eval *ev, struct value a, struct value b);
bool ops_less(struct eval *ev, struct value a, struct value b, bool *ret) MUST_CHECK;

#endif
