#include "core/expr/call.h"

#include <assert.h>

#include "core/expr/text.h"

/* --- tables --- */

const struct callable *call_find(const struct callable *table, struct str name)
{
    for (; table->name; table++)
        if (str_is(name, table->name))
            return table;
    return NULL;
}

const char *call_nearest(const struct callable *table, struct str name, const char *nearest,
                         int *best)
{
    for (; table->name; table++) {
        int distance = str_distance(name, str_from(table->name), *best);
        if (distance < *best) {
            *best = distance;
            nearest = table->name;
        }
    }
    return nearest;
}

bool call_named(struct eval *ev, const char *what, struct str name,
                const struct callable *callable, const struct call *call, struct value *ret)
{
    if (!callable)
        return eval_fail(ev, "no %s is called '%.*s'", what, STR_ARG(name));
    for (size_t slot = 0; slot < callable->required; slot++)
        if (!call->given[slot])
            return eval_fail(ev, "%s needs %s", callable->name, callable->slots[slot]);
    return call_run(ev, callable, call, ret);
}

bool call_run(struct eval *ev, const struct callable *callable, const struct call *call,
              struct value *ret)
{
    size_t steps = 1 + eval_steps_of(call->subject);
    for (size_t slot = 0; slot < EXPR_SLOTS_MAX; slot++)
        if (call->given[slot] && call->args[slot].kind == VALUE_STRING)
            steps += eval_steps_of(call->args[slot]);
    return eval_spend(ev, steps) && callable->fn(ev, call, ret);
}

/* --- arguments --- */

bool call_int(struct eval *ev, const struct call *call, size_t slot, int64_t fallback,
              int64_t *ret)
{
    struct value value = call->args[slot];
    assert(slot < EXPR_SLOTS_MAX);
    *ret = fallback;
    if (!call->given[slot])
        return true;
    if (value.kind == VALUE_BOOL)
        *ret = value.boolean;
    else if (value.kind != VALUE_NUMBER || !str_to_int64(value.text, ret))
        return eval_fail(ev, "an argument must be an integer, not %s", eval_show(ev, value));
    return true;
}

bool call_flag(const struct call *call, size_t slot)
{
    return call->given[slot] && value_is_true(call->args[slot]);
}

bool call_text(struct eval *ev, const struct call *call, size_t slot, struct str fallback,
               struct str *ret)
{
    *ret = fallback;
    return !call->given[slot] || text_read(ev, call->args[slot], ret);
}
