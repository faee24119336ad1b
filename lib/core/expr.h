#ifndef CORE_EXPR_H
#define CORE_EXPR_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "core/value.h"

/*
 * Jinja expressions: the text between {{ and }}. Compiled once, evaluated often. The module
 * knows nothing of pages: names come from a scope. Language and semantics: docs/expressions.md;
 * Jinja2 is the oracle, except that an undefined value `is none` and that integers beyond 64
 * bits are an error.
 */
struct expr;

/*
 * Where names get their values. `find` returns false for an unknown name (undefined). `ctx`
 * is the caller's. `now_us` is what now() gives; the run's frozen time. With `is_strict` a
 * comparison or `not` of an undefined value fails, as under Jinja2's StrictUndefined; tests,
 * filters, and, or and if still take it.
 *
 * What a filter or a slice makes of a name that `is_secret` says so, at any depth, is given to
 * `on_derived`: each text in it. Both may be NULL.
 */
struct expr_scope {
    bool (*find)(void *ctx, struct str name, struct arena *arena, struct value *ret);
    void *ctx;
    int64_t now_us;
    bool is_strict;
    bool (*is_secret)(struct str name);
    void (*on_derived)(struct str text);
};

/*
 * `source` without braces; it is copied. ERR_CONFIG: what is wrong, with the expression and a
 * caret under the place, on lines of their own.
 */
bool expr_compile(struct arena *arena, struct str source, struct expr **ret_expr,
                  struct err *err) MUST_CHECK;

/* ERR_INPUT: what is wrong, the expression, a caret, and the value that was met (cut at 200
 * bytes). */
bool expr_eval(const struct expr *expr, const struct expr_scope *scope, struct arena *arena,
               struct value *ret, struct err *err) MUST_CHECK;

/* As it was compiled; lives as long as the expression. */
struct str expr_source(const struct expr *expr);

/*
 * Every use of a name in an expression: the root name and the constant keys and indexes that
 * follow it; `is_rest_known` is false where a computed key, a slice or a filter on the root
 * itself takes over. E.g. `response.data[-1].id` → root "response", steps data, -1, id.
 */
struct expr_use {
    struct str root;
    const struct value *steps; /* strings and numbers */
    size_t step_count;
    bool is_rest_known;
    struct str filter; /* the filter or test applied to it at once, or empty */
};

typedef void (*expr_use_fn)(void *ctx, const struct expr_use *use);
void expr_uses(const struct expr *expr, expr_use_fn fn, void *ctx);

/*
 * The filters and tests, for the reference. `call` has the names of the arguments, optional
 * ones in brackets; `aliases` are other names for it, with blanks between; `example` is an
 * expression.
 */
struct expr_word {
    struct str call, aliases;
    const char *help, *example;
};

/* The word at `index`, or one without a call behind the last. Its texts are in `arena`. */
struct expr_word expr_filter_word(size_t index, struct arena *arena);
struct expr_word expr_test_word(size_t index, struct arena *arena);

#endif
