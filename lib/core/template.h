#ifndef CORE_TEMPLATE_H
#define CORE_TEMPLATE_H

#include "core/expr.h"

/*
 * A configured value that may hold {{ expressions }}, at any depth. A string that is one
 * expression keeps its native type; a mixture is text (numbers as written, booleans as
 * true/false, lists and objects as JSON); a null or undefined value in a mixture is an error.
 */
enum template_kind {
    TEMPLATE_CONSTANT, /* `constant` */
    TEMPLATE_EXPR,     /* one expression */
    TEMPLATE_MIXED,    /* text and expressions */
    TEMPLATE_LIST,
    TEMPLATE_MAP,
};

struct template
{
    enum template_kind kind;
    struct value constant;
    const struct expr *expr;
    struct template_part *parts; /* MIXED */
    struct template *items;      /* LIST, MAP: `count` of them */
    struct str *keys;            /* MAP: one for each item */
    size_t count;
};

struct template_part {
    struct str text; /* literal text where expr is NULL */
    const struct expr *expr;
};

/* Compiles one string. ERR_CONFIG as expr_compile, also for a {{ without }}. */
bool template_compile(struct arena *arena, struct str text, struct template *ret,
                      struct err *err) MUST_CHECK;

/*
 * The value. Members and elements that evaluate to `omit` are dropped (with the key of the map
 * that holds them). An undefined result of a whole expression is ERR_INPUT when `need_defined`.
 */
bool template_fill(const struct template *template, const struct expr_scope *scope,
                   bool need_defined, struct arena *arena, struct value *ret,
                   struct err *err) MUST_CHECK;

void template_uses(const struct template *template, expr_use_fn fn, void *ctx);

#endif
