#ifndef CORE_EXPR_CARET_H
#define CORE_EXPR_CARET_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * Fills *err: the message, then the line of `source` that holds byte `at`, then a caret under
 * that byte. A long line is shown in part. Always false.
 */
bool caret_fail(struct err *err, enum err_kind kind, struct str source, size_t at,
                const char *fmt, ...) PRINTF_LIKE(5, 6);

#ifdef __clang_analyzer__
#define caret_fail(...) ((caret_fail)(__VA_ARGS__), false)
#endif

#endif
