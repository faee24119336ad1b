#ifndef CORE_EXPR_PARSE_H
#define CORE_EXPR_PARSE_H

#include "core/expr/lex.h"
#include "core/expr/tree.h"

/* The tree of a whole expression, in `arena`. ERR_CONFIG with a caret. */
bool parse_tokens(struct arena *arena, struct str source, const struct tokens *tokens,
                  struct node **ret, struct err *err) MUST_CHECK;

#endif
