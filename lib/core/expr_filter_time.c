#include "core/expr_internal.h"

bool eval_now(struct eval *ev, struct value *ret)
{
    *ret = value_int(ev->arena, ev->scope->now_us);
    return true;
}

const struct callable filters_time[] = {{0}};
