#include "core/expr_internal.h"

/* The table of filters, and what all of them need to read their arguments. */

static const struct callable *const tables[] = {filters_basic,  filters_text, filters_list,
                                                filters_select, filters_code, filters_time};

const struct callable *filter_find(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        for (const struct callable *filter = tables[i]; filter->name; filter++)
            if (str_is(name, filter->name))
                return filter;
    return NULL;
}

const char *filter_nearest(struct str name)
{
    const char *nearest = NULL;
    int best = 3;
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        for (const struct callable *filter = tables[i]; filter->name; filter++) {
            int distance = str_distance(name, str_from(filter->name), best);
            if (distance < best) {
                best = distance;
                nearest = filter->name;
            }
        }
    }
    return nearest;
}

bool filter_call(struct eval *ev, struct str name, const struct call *call, struct value *ret)
{
    const struct callable *filter = filter_find(name);
    if (!filter)
        return eval_fail(ev, "no filter is called '%.*s'", STR_ARG(name));
    for (size_t slot = 0; slot < filter->required; slot++)
        if (!call->given[slot])
            return eval_fail(ev, "%s needs %s", filter->name, filter->slots[slot]);
    return filter->fn(ev, call, ret);
}

bool call_int(struct eval *ev, const struct call *call, size_t slot, int64_t fallback,
              int64_t *ret)
{
    struct value value = call->args[slot];
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
    return !call->given[slot] || text_of(ev, call->args[slot], ret);
}
