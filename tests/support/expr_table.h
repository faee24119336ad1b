#ifndef TESTS_SUPPORT_EXPR_TABLE_H
#define TESTS_SUPPORT_EXPR_TABLE_H

#include "core/expr.h"
#include "tests/support/lines.h"

/* What the tables of expressions, paths and templates share: the names, and the right side. */

/* A scope over the members of an object; now() is 2026-01-02T03:04:05Z. `context` must last. */
struct expr_scope expr_table_scope(struct value *context);

/* The value of a JSON text; fails the running test where it is none. */
struct value expr_table_json(struct arena *arena, struct str text);

/* What came out of a case. */
enum expr_outcome { OUTCOME_VALUE, OUTCOME_REFUSED, OUTCOME_FAILED };

/* Is that what the line expects (tests/tables/expr.txt)? Says on stderr where it is not. */
bool expr_table_agrees(const struct line_case *one, enum expr_outcome outcome,
                       struct value value, const struct err *err);

#endif
