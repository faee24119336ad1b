#include "core/expr/filter.h"

#include <string.h>

#include "core/expr/attribute.h"
#include "core/expr/item.h"
#include "core/expr/test.h"
#include "core/expr/text.h"

/* map, select, reject, selectattr, rejectattr: filters and tests over each element. */

enum { MAP_FILTER, MAP_ARGS, MAP_ARG_COUNT = 3, MAP_ATTRIBUTE = 4, MAP_DEFAULT = 5 };

static bool map_attribute(struct eval *ev, const struct call *call,
                          const struct attribute *attribute, struct value item,
                          struct value *ret)
{
    struct value fallback = call->args[MAP_DEFAULT];
    bool has_fallback = call->given[MAP_DEFAULT] && fallback.kind != VALUE_NULL;
    for (size_t i = 0; i < attribute->count; i++) {
        if (!item_get(ev, item, attribute->parts[i], &item))
            return false;
        if (has_fallback && item.kind == VALUE_UNDEFINED)
            item = fallback;
    }
    *ret = item;
    return true;
}

/* What is false has no elements here, whatever it is, as in Jinja2. */
static bool elements_if_true(struct eval *ev, struct value subject,
                             const struct value_list **ret)
{
    return text_elements(ev, value_is_true(subject) ? subject : UNDEFINED_VALUE, ret);
}

/* The arguments that follow the filter's or test's own name, moved to the front. */
static struct call inner_call(const struct call *call, size_t first, size_t count)
{
    struct call inner = {0};
    memcpy(inner.args, call->args + first, count * sizeof inner.args[0]);
    memcpy(inner.given, call->given + first, count * sizeof inner.given[0]);
    return inner;
}

static bool filter_map(struct eval *ev, const struct call *call, struct value *ret)
{
    const struct value_list *items;
    struct value_list *list;
    struct attribute attribute;
    struct call inner = inner_call(call, MAP_ARGS, MAP_ARG_COUNT);
    struct str name = STR_NONE;
    bool by_attribute = !call->given[MAP_FILTER] && call->given[MAP_ATTRIBUTE];
    if (!by_attribute && !call->given[MAP_FILTER])
        return eval_fail(ev, "map needs the name of a filter, or attribute=");
    if (!elements_if_true(ev, call->subject, &items) ||
        !attribute_read(ev, call, MAP_ATTRIBUTE, &attribute) ||
        !call_text(ev, call, MAP_FILTER, STR_NONE, &name) ||
        !eval_list_new(ev, items->count, &list))
        return false;
    const struct callable *filter = by_attribute ? NULL : ev->find_filter(name);
    for (size_t i = 0; i < items->count; i++) {
        inner.subject = items->items[i];
        if (by_attribute
                ? !map_attribute(ev, call, &attribute, items->items[i], &list->items[i])
                : !call_named(ev, "filter", name, filter, &inner, &list->items[i]))
            return false;
    }
    *ret = value_from_list(list);
    return true;
}

/* What a selection looks for: the test in slot `first`, its arguments in the slots
 * after it. */
struct selection {
    struct attribute attribute;
    struct call call;
    struct str test_name;
    const struct callable *test; /* NULL: there is no test of that name */
    bool has_test, keep;
};

static bool is_selected(struct eval *ev, struct selection *selection, struct value item,
                        bool *ret)
{
    struct value verdict;
    if (!attribute_get(ev, &selection->attribute, item, &verdict))
        return false;
    selection->call.subject = verdict;
    if (selection->has_test && !call_named(ev, "test", selection->test_name, selection->test,
                                           &selection->call, &verdict))
        return false;
    *ret = value_is_true(verdict) == selection->keep;
    return true;
}

static bool select_items(struct eval *ev, const struct call *call, size_t first, bool keep,
                         struct value *ret)
{
    struct selection selection = {.keep = keep, .has_test = call->given[first]};
    const struct value_list *items;
    struct value_list *list;
    selection.call = inner_call(call, first + 1, 2);
    if (!elements_if_true(ev, call->subject, &items) ||
        !eval_list_new(ev, items->count, &list) ||
        !call_text(ev, call, first, STR_NONE, &selection.test_name) ||
        (first && !attribute_read(ev, call, 0, &selection.attribute)))
        return false;
    selection.test = test_find(selection.test_name);
    list->count = 0;
    for (size_t i = 0; i < items->count; i++) {
        bool selected;
        if (!is_selected(ev, &selection, items->items[i], &selected))
            return false;
        if (selected)
            list->items[list->count++] = items->items[i];
    }
    *ret = value_from_list(list);
    return true;
}

static bool filter_select(struct eval *ev, const struct call *call, struct value *ret)
{
    return select_items(ev, call, 0, true, ret);
}

static bool filter_reject(struct eval *ev, const struct call *call, struct value *ret)
{
    return select_items(ev, call, 0, false, ret);
}

static bool filter_selectattr(struct eval *ev, const struct call *call, struct value *ret)
{
    return select_items(ev, call, 1, true, ret);
}

static bool filter_rejectattr(struct eval *ev, const struct call *call, struct value *ret)
{
    return select_items(ev, call, 1, false, ret);
}

const struct callable filter_select_table[] = {
    {"map", filter_map, {"filter", "1", "2", "3", "attribute", "default"}, 4, 0},
    {"select", filter_select, {"test", "1", "2"}, 3, 0},
    {"reject", filter_reject, {"test", "1", "2"}, 3, 0},
    {"selectattr", filter_selectattr, {"attribute", "test", "1", "2"}, 4, 1},
    {"rejectattr", filter_rejectattr, {"attribute", "test", "1", "2"}, 4, 1},
    {0},
};
