#ifndef CORE_LOCATOR_H
#define CORE_LOCATOR_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "core/expr.h"
#include "core/path.h"
#include "core/template.h"

/*
 * What a key that reads an answer takes: a body path, `header:Name`, or an expression.
 */
struct locator {
    enum { LOCATOR_NONE, LOCATOR_BODY, LOCATOR_HEADER, LOCATOR_EXPR } kind;
    struct str source;
    struct path path;
    struct str header; /* lower case */
    struct template *template;
};

/* ERR_CONFIG: a bad path, header name or expression, or a path with a wildcard. */
bool locator_compile(struct arena *arena, struct str text, struct locator *ret,
                     struct err *err) MUST_CHECK;

/*
 * Reads it in a scope that knows `response` and `http`. An absent path or header is undefined,
 * not an error; a failing expression is ERR_INPUT.
 */
bool locator_read(const struct locator *locator, const struct expr_scope *scope,
                  struct arena *arena, struct value *ret, struct err *err) MUST_CHECK;

#endif
