#ifndef TESTS_SUPPORT_EXPR_TABLE_H
#define TESTS_SUPPORT_EXPR_TABLE_H

#include "core/expr.h"

/*
 * Text tables of cases: `input -> expected` by the line. How the left side is read is the
 * suite's affair; the notation of the right side is told in tests/tables/expr.txt.
 */
struct expr_row {
    const char *file;
    int line;
    struct str input, expected;
};

/*
 * Calls `fn` for each line that is neither empty nor a comment; says how many it called. Fails
 * at the end where expr_row_check complained.
 */
typedef void (*expr_row_fn)(void *ctx, const struct expr_row *row);
int expr_table_each(const char *name, expr_row_fn fn, void *ctx);

/* A scope over the members of an object; now() is 2026-01-02T03:04:05Z. `context` must last. */
struct expr_scope expr_table_scope(struct value *context);

/* What came out of a case. */
enum expr_outcome { OUTCOME_VALUE, OUTCOME_REFUSED, OUTCOME_FAILED };

/* Complains where it is not what the row expects. */
void expr_row_check(const struct expr_row *row, enum expr_outcome outcome, struct value value,
                    const struct err *err);

#endif
