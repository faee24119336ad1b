#ifndef CORE_EXPR_CALL_H
#define CORE_EXPR_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/expr/eval.h"
#include "core/expr/limits.h"

/* One call of a filter or test; args[i] means something where given[i]. */
struct call {
    struct value subject;
    struct value args[EXPR_SLOTS_MAX];
    bool given[EXPR_SLOTS_MAX];
};

typedef bool (*callable_fn)(struct eval *ev, const struct call *call, struct value *ret);

/*
 * A filter or test. Slots 0 to positional-1 may be filled by place, all by name. A table of
 * them ends with an entry without a name.
 */
struct callable {
    const char *name;
    callable_fn fn;
    const char *slots[EXPR_SLOTS_MAX];
    size_t positional, required;
};

/* NULL where there is none. */
const struct callable *call_find(const struct callable *table, struct str name);

/* A name of the table that is nearer to `name` than *best, which it lowers; else `nearest`. */
const char *call_nearest(const struct callable *table, struct str name, const char *nearest,
                         int *best);
enum { CALL_DISTANCE_MAX = 3 }; /* *best at first: "did you mean" reaches not so far */

/*
 * Calls what a text names at run time (the first argument of map, selectattr …). `callable` is
 * what was found under the name, or NULL, which fails; `what` is "filter" or "test".
 */
bool call_named(struct eval *ev, const char *what, struct str name,
                const struct callable *callable, const struct call *call,
                struct value *ret) MUST_CHECK;

/* Calls it, and counts the work of looking at the subject and the texts once. */
bool call_run(struct eval *ev, const struct callable *callable, const struct call *call,
              struct value *ret) MUST_CHECK;

/* Arguments, with their defaults; a wrong kind fails with the slot's name. */
bool call_int(struct eval *ev, const struct call *call, size_t slot, int64_t fallback,
              int64_t *ret) MUST_CHECK;
bool call_flag(const struct call *call, size_t slot);
bool call_text(struct eval *ev, const struct call *call, size_t slot, struct str fallback,
               struct str *ret) MUST_CHECK;

#endif
