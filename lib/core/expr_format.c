#include "core/expr_internal.h"

bool format_percent(struct eval *ev, struct str format, struct value args, struct value *ret)
{
    (void)format;
    (void)args;
    (void)ret;
    return eval_fail(ev, "'%%' does not work on a string");
}
