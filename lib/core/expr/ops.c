#include "core/expr/ops.h"

#include <assert.h>
#include <string.h>

#include "core/expr/eval.h"
#include "core/expr/format.h"
#include "core/expr/limits.h"
#include "core/expr/number.h"

/* Python's operators over values; an undefined value can be compared, but every
 * other operator refuses it. */

const char *ops_text(enum op op)
{
    static const char *const texts[] = {
#define X(name, text) text,
        OPS(X)
#undef X
    };
    assert(op < COUNT_OF(texts));
    return texts[op];
}

static bool fail_operands(struct eval *ev, enum op op, struct value a, struct value b)
{
    if (a.kind == VALUE_UNDEFINED || b.kind == VALUE_UNDEFINED) {
        struct str name = a.kind == VALUE_UNDEFINED ? a.text : b.text;
        return eval_fail(ev, "'%s' on an undefined value%s%.*s", ops_text(op),
                         name.len ? ": " : "", STR_ARG(name));
    }
    return eval_fail(ev, "'%s' does not work on %s and %s: %s and %s", ops_text(op),
                     value_kind_name(a.kind), value_kind_name(b.kind), eval_show(ev, a),
                     eval_show(ev, b));
}

static bool add_strings(struct eval *ev, struct str a, struct str b, struct value *ret)
{
    AUTO_BUF(buf, EXPR_TEXT_MAX);
    buf_put(&buf, a);
    buf_put(&buf, b);
    return eval_take_text(ev, &buf, ret);
}

static bool add_lists(struct eval *ev, const struct value_list *a, const struct value_list *b,
                      struct value *ret)
{
    struct value_list *list;
    if (!eval_list_new(ev, a->count + b->count, &list))
        return false;
    if (a->count)
        memcpy(list->items, a->items, a->count * sizeof *list->items);
    if (b->count)
        memcpy(list->items + a->count, b->items, b->count * sizeof *list->items);
    *ret = value_from_list(list);
    return true;
}

static bool repeat(struct eval *ev, struct value sequence, struct value times,
                   struct value *ret)
{
    struct number number;
    if (!number_read(ev, times, &number))
        return false;
    if (number.is_real)
        return eval_fail(ev, "a sequence can only be repeated by an integer, not %s",
                         eval_show(ev, times));
    bool is_list = sequence.kind == VALUE_LIST;
    size_t size = is_list ? sequence.list->count : sequence.text.len, total;
    size_t count = size && number.integer > 0 ? (size_t)number.integer : 0;
    if (__builtin_mul_overflow(size, count, &total) ||
        total > (is_list ? (size_t)EXPR_LIST_MAX : (size_t)EXPR_TEXT_MAX))
        return eval_fail(ev, "repeated %zu times this is too long", count);
    if (!is_list) {
        AUTO_BUF(buf, EXPR_TEXT_MAX);
        while (count--)
            buf_put(&buf, sequence.text);
        return eval_take_text(ev, &buf, ret);
    }
    struct value_list *list;
    if (!eval_list_new(ev, total, &list))
        return false;
    for (size_t at = 0; at < total; at += size)
        memcpy(list->items + at, sequence.list->items, size * sizeof *list->items);
    *ret = value_from_list(list);
    return true;
}

static bool is_sequence(struct value value)
{
    return value.kind == VALUE_STRING || value.kind == VALUE_LIST;
}

bool ops_binary(struct eval *ev, enum op op, struct value a, struct value b, struct value *ret)
{
    if (number_is_numeric(a) && number_is_numeric(b))
        return number_binary(ev, op, a, b, ret);
    if (op == OP_ADD && a.kind == VALUE_STRING && b.kind == VALUE_STRING)
        return add_strings(ev, a.text, b.text, ret);
    if (op == OP_ADD && a.kind == VALUE_LIST && b.kind == VALUE_LIST)
        return add_lists(ev, a.list, b.list, ret);
    if (op == OP_MUL && is_sequence(a) && number_is_numeric(b))
        return repeat(ev, a, b, ret);
    if (op == OP_MUL && is_sequence(b) && number_is_numeric(a))
        return repeat(ev, b, a, ret);
    if (op == OP_MOD && a.kind == VALUE_STRING)
        return format_percent(ev, a.text, b, false, ret);
    return fail_operands(ev, op, a, b);
}

/* --- comparison --- */

static bool lists_equal(struct eval *ev, const struct value_list *a, const struct value_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!ops_equal(ev, a->items[i], b->items[i]))
            return false;
    return true;
}

/* Members are mostly in the same order: the same place is looked at first. */
static bool maps_equal(struct eval *ev, struct value a, struct value b)
{
    if (a.map->count != b.map->count)
        return false;
    for (size_t i = 0; i < a.map->count; i++) {
        const struct value_member *x = &a.map->members[i], *y = &b.map->members[i];
        bool is_there = str_eq(x->key, y->key);
        if (!is_there && !eval_spend(ev, b.map->count))
            return false;
        struct value other = is_there ? y->value : value_get(b, x->key);
        if (other.kind == VALUE_UNDEFINED || !ops_equal(ev, x->value, other))
            return false;
    }
    return true;
}

/* Numbers are compared digit by digit; lists count their elements as they come. */
static bool spend_compare(struct eval *ev, struct value a, struct value b)
{
    enum { NUMBER_STEPS = 4 };
    bool is_number = a.kind == VALUE_NUMBER || b.kind == VALUE_NUMBER;
    bool is_text = a.kind == VALUE_STRING && b.kind == VALUE_STRING;
    size_t bytes = is_text ? MIN(eval_steps_of(a), eval_steps_of(b)) : 0;
    return eval_spend(ev, 1 + (is_number ? NUMBER_STEPS : bytes));
}

bool ops_equal(struct eval *ev, struct value a, struct value b)
{
    if (!spend_compare(ev, a, b))
        return false;
    if (number_is_numeric(a) && number_is_numeric(b))
        return number_compare(a, b) == 0;
    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case VALUE_STRING:
        return str_eq(a.text, b.text);
    case VALUE_LIST:
        return lists_equal(ev, a.list, b.list);
    case VALUE_MAP:
        return maps_equal(ev, a, b);
    default:
        return true;
    }
}

static bool lists_less(struct eval *ev, const struct value_list *a, const struct value_list *b,
                       bool *ret)
{
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (!ops_equal(ev, a->items[i], b->items[i]))
            return ops_less(ev, a->items[i], b->items[i], ret);
    *ret = a->count < b->count;
    return true;
}

bool ops_less(struct eval *ev, struct value a, struct value b, bool *ret)
{
    if (!spend_compare(ev, a, b))
        return false;
    if (number_is_numeric(a) && number_is_numeric(b))
        *ret = number_compare(a, b) < 0;
    else if (a.kind == VALUE_STRING && b.kind == VALUE_STRING)
        *ret = str_compare(a.text, b.text) < 0;
    else if (a.kind == VALUE_LIST && b.kind == VALUE_LIST)
        return lists_less(ev, a.list, b.list, ret);
    else
        return fail_operands(ev, OP_LT, a, b);
    return true;
}

static bool order(struct eval *ev, enum op op, struct value a, struct value b, bool *ret)
{
    bool comparable =
        (number_is_numeric(a) && number_is_numeric(b)) || (a.kind == b.kind && is_sequence(a));
    if (!comparable)
        return fail_operands(ev, op, a, b);
    bool swap = op == OP_GT || op == OP_LE, less;
    if (!ops_less(ev, swap ? b : a, swap ? a : b, &less))
        return false;
    *ret = op == OP_LT || op == OP_GT ? less : !less;
    return true;
}

static bool list_contains(struct eval *ev, const struct value_list *list, struct value value)
{
    for (size_t i = 0; i < list->count; i++)
        if (ops_equal(ev, list->items[i], value))
            return true;
    return false;
}

static bool contains(struct eval *ev, struct value container, struct value value, bool *ret)
{
    switch (container.kind) {
    case VALUE_UNDEFINED:
        *ret = false;
        return true;
    case VALUE_LIST:
        *ret = list_contains(ev, container.list, value);
        return eval_spend(ev, 0);
    case VALUE_STRING:
        if (value.kind != VALUE_STRING)
            return fail_operands(ev, OP_IN, value, container);
        *ret = str_find(container.text, value.text) >= 0;
        return eval_spend(ev, eval_steps_of(container));
    case VALUE_MAP:
        if (value.kind == VALUE_LIST || value.kind == VALUE_MAP)
            return fail_operands(ev, OP_IN, value, container);
        *ret = (value.kind == VALUE_STRING || value.kind == VALUE_NUMBER) &&
               value_get(container, value.text).kind != VALUE_UNDEFINED;
        return eval_spend(ev, eval_steps_of(container));
    default:
        return fail_operands(ev, OP_IN, value, container);
    }
}

bool ops_compare(struct eval *ev, enum op op, struct value a, struct value b, bool *ret)
{
    bool found;
    switch (op) {
    case OP_EQ:
        *ret = ops_equal(ev, a, b);
        return eval_spend(ev, 0);
    case OP_NE:
        *ret = !ops_equal(ev, a, b);
        return eval_spend(ev, 0);
    case OP_IN:
        return contains(ev, b, a, ret);
    case OP_NOT_IN:
        if (!contains(ev, b, a, &found))
            return false;
        *ret = !found;
        return true;
    default:
        return order(ev, op, a, b, ret);
    }
}
