#ifndef CORE_EXPR_LIMITS_H
#define CORE_EXPR_LIMITS_H

/*
 * Ceilings of the expression language: the depth of recursion is that of the expression, and
 * the size of data is chosen by the API that sent it.
 */
enum {
    EXPR_SOURCE_MAX = 64 * 1024,         /* bytes of one expression */
    EXPR_NESTING_MAX = 200,              /* brackets, unary operators, `else` branches */
    EXPR_DEPTH_MAX = 1000,               /* levels of the tree: long chains count too */
    EXPR_TEXT_MAX = 10 * 1024 * 1024,    /* bytes of a string made by an expression */
    EXPR_LIST_MAX = 1000 * 1000,         /* elements of a list made by an expression */
    EXPR_MEMORY_MAX = 256 * 1024 * 1024, /* bytes one evaluation may take from its arena */
    EXPR_STEPS_MAX = 10 * 1000 * 1000,   /* work of one evaluation: eval_spend */
    EXPR_RESULT_MAX = 256 * 1024 * 1024, /* bytes of a result, shared parts as often as met */
    EXPR_SLOTS_MAX = 6,                  /* arguments of a filter or test */
};

#endif
