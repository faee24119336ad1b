#ifndef CORE_EXPR_TREE_H
#define CORE_EXPR_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/expr/ops.h"
#include "core/value.h"

/*
 * A parsed expression. The tree is built once, in the caller's arena, and never changed: any
 * number of evaluations may follow.
 */
enum node_kind {
    NODE_CONST, /* value */
    NODE_NAME,  /* value.text is the name */
    NODE_LIST,  /* kids */
    NODE_MAP,   /* kids: key, value, key, value … */
    NODE_ITEM,  /* kids: container, key */
    NODE_SLICE, /* kids: sequence, from, to, step; NULL where not written */
    NODE_NEG,   /* kids: operand; the same for POS and NOT */
    NODE_POS,
    NODE_NOT,
    NODE_AND, /* kids: left, right; the same for OR */
    NODE_OR,
    NODE_IF,      /* kids: condition, then, else or NULL */
    NODE_COMPARE, /* kids: operands; ops: one less */
    NODE_BINARY,  /* kids: left, right; ops: one */
    NODE_CONCAT,  /* kids: operands of ~ */
    NODE_FILTER,  /* kids: subject, then one for each slot of `call`, NULL where not given */
    NODE_TEST,    /* the same */
    NODE_GET,     /* .get(key, default): container, key, default or NULL */
    NODE_NOW,
};

struct callable;

struct node {
    enum node_kind kind;
    int depth; /* levels of the tree from here down, this one counted: 1 for a leaf */
    size_t at; /* the byte of the source under which a message puts its caret */
    struct value value;
    struct node **kids;
    size_t count;
    enum op *ops;
    const struct callable *call; /* FILTER, TEST */
    bool is_tuple;               /* LIST: in parentheses; only `%` of a string asks */
};

#endif
