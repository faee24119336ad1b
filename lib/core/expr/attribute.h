#ifndef CORE_EXPR_ATTRIBUTE_H
#define CORE_EXPR_ATTRIBUTE_H

#include "core/expr/call.h"

/* Jinja's attribute arguments, "a.b.0" or an index: what they find in a value. */
struct attribute {
    struct value parts[16];
    size_t count;
};

/* The argument in that slot; without one an attribute that finds the value itself. */
bool attribute_read(struct eval *ev, const struct call *call, size_t slot,
                    struct attribute *ret) MUST_CHECK;
bool attribute_parse(struct eval *ev, struct value text, struct attribute *ret) MUST_CHECK;
bool attribute_get(struct eval *ev, const struct attribute *attribute, struct value item,
                   struct value *ret) MUST_CHECK;

#endif
