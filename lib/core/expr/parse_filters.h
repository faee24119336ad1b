#ifndef CORE_EXPR_PARSE_FILTERS_H
#define CORE_EXPR_PARSE_FILTERS_H

#include "core/expr/parser.h"

/* Filters, tests and calls that follow *node, which becomes what they make of it. */
bool parse_filters(struct parser *p, struct node **node) MUST_CHECK;

#endif
