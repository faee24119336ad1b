#ifndef CORE_EXPR_EVAL_NODE_H
#define CORE_EXPR_EVAL_NODE_H

#include "core/expr/eval.h"
#include "core/expr/tree.h"

/* The value of a node and all below it. ERR_INPUT with a caret; *ret is then undefined. */
bool eval_node(struct eval *ev, const struct node *node, struct value *ret) MUST_CHECK;

#endif
