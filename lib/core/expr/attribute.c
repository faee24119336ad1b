#include "core/expr/attribute.h"

#include "core/expr/item.h"

/* Jinja2's attribute arguments: `a.b`, `0`, `a.0.b` (jinja2/filters.py, make_attrgetter). */

static bool is_index(struct str part)
{
    for (size_t i = 0; i < part.len; i++)
        if (part.ptr[i] < '0' || part.ptr[i] > '9')
            return false;
    return part.len > 0;
}

static bool add_part(struct eval *ev, struct attribute *attribute, struct str part)
{
    if (attribute->count == COUNT_OF(attribute->parts))
        return eval_fail(ev, "an attribute of more than %zu parts", COUNT_OF(attribute->parts));
    attribute->parts[attribute->count++] =
        is_index(part) ? value_number(part) : value_string(part);
    return true;
}

bool attribute_parse(struct eval *ev, struct value text, struct attribute *ret)
{
    *ret = (struct attribute){0};
    if (text.kind == VALUE_NUMBER) {
        ret->parts[ret->count++] = text;
        return true;
    }
    if (text.kind != VALUE_STRING)
        return eval_fail(ev, "an attribute is a string or an index, not %s",
                         eval_show(ev, text));
    for (struct str rest = text.text; rest.ptr || !ret->count;) {
        struct str part;
        rest = str_split(rest, '.', &part);
        if (!add_part(ev, ret, part))
            return false;
    }
    return true;
}

bool attribute_read(struct eval *ev, const struct call *call, size_t slot,
                    struct attribute *ret)
{
    *ret = (struct attribute){0};
    if (!call->given[slot] || call->args[slot].kind == VALUE_NULL)
        return true;
    return attribute_parse(ev, call->args[slot], ret);
}

bool attribute_get(struct eval *ev, const struct attribute *attribute, struct value item,
                   struct value *ret)
{
    for (size_t i = 0; i < attribute->count; i++)
        if (!item_get(ev, item, attribute->parts[i], &item))
            return false;
    *ret = item;
    return true;
}
