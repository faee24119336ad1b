#ifndef CORE_EXPR_PARSE_POSTFIX_H
#define CORE_EXPR_PARSE_POSTFIX_H

#include "core/expr/limits.h"
#include "core/expr/parser.h"

/* Keys, indexes, slices and calls that follow *node, which becomes what they make of it. */
bool parse_postfix(struct parser *p, struct node **node) MUST_CHECK;

/* The one call at the token looked at: `(` follows *node. */
bool parse_postfix_call(struct parser *p, struct node **node) MUST_CHECK;

/* Arguments as written, by place first, then by name. */
struct parse_args {
    struct node_row values;
    struct {
        struct str name; /* empty for an argument by place */
        size_t at;
    } names[EXPR_SLOTS_MAX];
};

/* Those up to the closing parenthesis; the opening one is taken already. */
bool parse_postfix_args(struct parser *p, struct parse_args *args) MUST_CHECK;

#endif
