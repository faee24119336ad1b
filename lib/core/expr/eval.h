#ifndef CORE_EXPR_EVAL_H
#define CORE_EXPR_EVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/expr.h"
#include "core/value.h"

/*
 * One evaluation under way: what every operator, filter and test is given. It makes strings
 * and lists within the ceilings of limits.h and fails with a caret under the operation.
 */
struct eval {
    struct str source;
    const struct expr_scope *scope;
    struct arena *arena;
    size_t arena_start_bytes; /* taken from the arena before: not this evaluation's */
    size_t secrets_read;      /* how often a secret name was read so far */
    size_t steps;             /* spent so far */
    size_t at; /* the operation under way: the byte under which a failure puts its caret */
    const struct callable *(*find_filter)(struct str name); /* for `map`, itself a filter */
    struct err *err;
};

/* ERR_INPUT at ev->at. Always false. */
bool eval_fail(struct eval *ev, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * Counts work, before it is done: a step is a node, an element, or EVAL_BYTES_A_STEP bytes of a
 * text. False past EXPR_STEPS_MAX, and from then on: eval_node then fails, even where a caller
 * in between could not.
 */
enum { EVAL_BYTES_A_STEP = 32 };
bool eval_spend(struct eval *ev, size_t steps) MUST_CHECK;

/* The work of looking at a value once: at its text, or at its elements from outside. */
size_t eval_steps_of(struct value value);

/*
 * Is the value no larger than EXPR_RESULT_MAX? Values share their parts, so few bytes may hold
 * very many elements: what walks a result must not meet them.
 */
bool eval_check_result(struct eval *ev, struct value value) MUST_CHECK;

/* Says that this value, with its name where it has one, is undefined. Always false. */
bool eval_fail_undefined(struct eval *ev, struct value value);

#ifdef __clang_analyzer__
#define eval_fail(...)           ((eval_fail)(__VA_ARGS__), false)
#define eval_fail_undefined(...) ((eval_fail_undefined)(__VA_ARGS__), false)
#endif

/* For messages: the value as JSON, cut at 200 bytes. NUL-terminated, in the arena. */
const char *eval_show(struct eval *ev, struct value value);

/* The text built in a buffer, copied to the arena; fails where it passed its ceiling. */
bool eval_take_text(struct eval *ev, const struct buf *buf, struct value *ret) MUST_CHECK;

/* A list of `count` elements, undefined at first, to be filled in place by the caller. */
bool eval_list_new(struct eval *ev, size_t count, struct value_list **ret) MUST_CHECK;

#endif
