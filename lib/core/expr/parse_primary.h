#ifndef CORE_EXPR_PARSE_PRIMARY_H
#define CORE_EXPR_PARSE_PRIMARY_H

#include "core/expr/parser.h"

/* A literal, a name, or something in brackets. */
bool parse_primary(struct parser *p, struct node **ret) MUST_CHECK;

#endif
