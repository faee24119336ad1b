#include "core/expr/eval_node.h"

#include "base/date.h"
#include "core/expr/call.h"
#include "core/expr/format.h"
#include "core/expr/item.h"
#include "core/expr/limits.h"
#include "core/expr/number.h"
#include "core/expr/text.h"

/*
 * A walk of the tree: one function for each kind of node, all of one shape. It evaluates the
 * kids it needs, sets ev->at to its own place, and gives values to a module below (ops, number,
 * item, format, a filter). The modules below know values and `struct eval`, never nodes.
 *
 * What holds everywhere:
 *  - False means that *ev->err is filled and has its caret; nothing goes on after it.
 *  - ev->at is set after the kids are evaluated (each of them moves it) and before the node
 *    itself can fail. In `a.b + 1` with a undefined the caret is under `a`; if only b were
 *    undefined it would be under `+`.
 *  - Values are never changed after they were made, so results may share their parts.
 *  - `undefined` is a value like others until something reads it: `x.y` of an undefined x
 *    fails, `x | default(1)` and `x is defined` do not. With scope->is_strict
 *    comparing fails, too.
 *  - `omit` is only ever stored by lists and maps, which leave it out.
 *  - Recursion is as deep as the tree, which parser_node keeps to EXPR_DEPTH_MAX; memory is
 *    counted where it is taken (eval_take_text, eval_list_new).
 *  - Work is counted, too (eval_spend): at each node, each call of a filter or test, each
 *    element that is made or compared. An evaluation ends, whatever the data is.
 *
 * E.g. `items[-1].id ~ "x"` is CONCAT(ITEM(ITEM(NAME items, CONST -1), CONST "id"), CONST "x"):
 * the NAME asks the scope, the two ITEMs go through item_get, CONCAT puts both texts together.
 */

/* --- access --- */

static bool eval_index(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value container, key;
    if (!eval_node(ev, node->kids[0], &container) || !eval_node(ev, node->kids[1], &key))
        return false;
    ev->at = node->at;
    if (container.kind == VALUE_UNDEFINED)
        ev->at = node->kids[0]->at;
    return item_get(ev, container, key, ret);
}

static bool eval_get(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value map, key, fallback = NULL_VALUE;
    if (!eval_node(ev, node->kids[0], &map) || !eval_node(ev, node->kids[1], &key) ||
        (node->kids[2] && !eval_node(ev, node->kids[2], &fallback)))
        return false;
    ev->at = node->at;
    if (map.kind == VALUE_UNDEFINED)
        return eval_fail_undefined(ev, map);
    if (map.kind != VALUE_MAP)
        return eval_fail(ev, "only an object has .get(), not %s", eval_show(ev, map));
    struct value found;
    if (!item_get(ev, map, key, &found))
        return false;
    *ret = found.kind == VALUE_UNDEFINED ? fallback : found;
    return true;
}

/* --- slices --- */

static bool read_bound(struct eval *ev, const struct node *node, int64_t fallback, int64_t *ret)
{
    struct value value = NULL_VALUE;
    if (node && !eval_node(ev, node, &value))
        return false;
    *ret = fallback;
    if (value.kind == VALUE_NULL)
        return true;
    ev->at = node->at;
    if (value.kind == VALUE_BOOL) {
        *ret = value.boolean;
        return true;
    }
    if (value.kind == VALUE_NUMBER && str_to_int64(value.text, ret))
        return true;
    return eval_fail(ev, "a bound of a slice must be an integer, not %s", eval_show(ev, value));
}

static bool read_range(struct eval *ev, const struct node *node, size_t length,
                       struct item_range *ret)
{
    int64_t from, to, step;
    if (!read_bound(ev, node->kids[3], 1, &step))
        return false;
    bool back = step < 0; /* what is left out is the end at which the slice begins or stops */
    if (!read_bound(ev, node->kids[1], back ? INT64_MAX : 0, &from) ||
        !read_bound(ev, node->kids[2], back ? INT64_MIN : INT64_MAX, &to))
        return false;
    if (step == 0)
        return eval_fail(ev, "the step of a slice is 0");
    *ret = item_range(length, from, to, step);
    return true;
}

static bool eval_slice(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value sequence;
    struct item_range range;
    if (!eval_node(ev, node->kids[0], &sequence))
        return false;
    ev->at = node->at;
    if (sequence.kind == VALUE_UNDEFINED)
        return eval_fail_undefined(ev, sequence);
    if (sequence.kind != VALUE_LIST && sequence.kind != VALUE_STRING)
        return eval_fail(ev, "only lists and strings have slices, not %s",
                         eval_show(ev, sequence));
    size_t length =
        sequence.kind == VALUE_LIST ? sequence.list->count : text_length(sequence.text);
    return read_range(ev, node, length, &range) && item_slice(ev, sequence, range, ret);
}

/* --- literals --- */

/* Elements and members that are `omit` are left out. */
static bool eval_list(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value_list *list;
    if (!eval_list_new(ev, node->count, &list))
        return false;
    list->count = 0;
    for (size_t i = 0; i < node->count; i++) {
        struct value *item = &list->items[list->count];
        if (!eval_node(ev, node->kids[i], item))
            return false;
        list->count += item->kind != VALUE_OMIT;
    }
    *ret = value_from_list(list);
    return true;
}

static struct value_member *find_member(struct value_map *map, struct str key)
{
    for (size_t i = 0; i < map->count; i++)
        if (str_eq(map->members[i].key, key))
            return &map->members[i];
    map->members[map->count].key = key;
    return &map->members[map->count++];
}

static bool eval_map(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value_map *map = ARENA_NEW(ev->arena, struct value_map);
    map->members = ARENA_ARRAY(ev->arena, struct value_member, node->count / 2);
    for (size_t i = 0; i < node->count; i += 2) {
        struct value key, value;
        if (!eval_node(ev, node->kids[i], &key) || !eval_node(ev, node->kids[i + 1], &value))
            return false;
        ev->at = node->kids[i]->at;
        if (key.kind != VALUE_STRING && key.kind != VALUE_NUMBER)
            return eval_fail(ev, "a key must be a string or a number, not %s",
                             eval_show(ev, key));
        if (value.kind != VALUE_OMIT)
            find_member(map, key.text)->value = value;
    }
    *ret = (struct value){.kind = VALUE_MAP, .map = map};
    return true;
}

/* --- operators --- */

static bool eval_logic(struct eval *ev, const struct node *node, struct value *ret)
{
    if (!eval_node(ev, node->kids[0], ret))
        return false;
    bool stop = value_is_true(*ret) == (node->kind == NODE_OR);
    return stop || eval_node(ev, node->kids[1], ret);
}

static bool eval_if(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value condition;
    if (!eval_node(ev, node->kids[0], &condition))
        return false;
    const struct node *branch = value_is_true(condition) ? node->kids[1] : node->kids[2];
    *ret = UNDEFINED_VALUE;
    return !branch || eval_node(ev, branch, ret);
}

static bool may_be_absent(struct eval *ev, struct value value)
{
    return !ev->scope->is_strict || value.kind != VALUE_UNDEFINED ||
           eval_fail_undefined(ev, value);
}

/* a < b < c: each operand is evaluated once, and none after the first comparison that is
 * false. */
static bool eval_compare(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value left, right;
    bool holds = true;
    if (!eval_node(ev, node->kids[0], &left))
        return false;
    for (size_t i = 1; i < node->count && holds; i++) {
        if (!eval_node(ev, node->kids[i], &right))
            return false;
        ev->at = node->at;
        if (!may_be_absent(ev, left) || !may_be_absent(ev, right))
            return false;
        if (!ops_compare(ev, node->ops[i - 1], left, right, &holds))
            return false;
        left = right;
    }
    *ret = value_bool(holds);
    return true;
}

static bool eval_binary(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value left, right;
    if (!eval_node(ev, node->kids[0], &left) || !eval_node(ev, node->kids[1], &right))
        return false;
    ev->at = node->at;
    if (node->ops[0] == OP_MOD && left.kind == VALUE_STRING)
        return format_percent(ev, left.text, right, node->kids[1]->is_tuple, ret);
    return ops_binary(ev, node->ops[0], left, right, ret);
}

static bool eval_concat(struct eval *ev, const struct node *node, struct value *ret)
{
    AUTO_BUF(buf, EXPR_TEXT_MAX);
    for (size_t i = 0; i < node->count; i++) {
        struct value value;
        if (!eval_node(ev, node->kids[i], &value))
            return false;
        text_put(&buf, value);
    }
    ev->at = node->at;
    return eval_take_text(ev, &buf, ret);
}

static bool eval_sign(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value value;
    struct number number;
    if (!eval_node(ev, node->kids[0], &value))
        return false;
    ev->at = node->at;
    if (value.kind == VALUE_UNDEFINED)
        return eval_fail_undefined(ev, value);
    if (!number_is_numeric(value))
        return eval_fail(ev, "only a number has a sign, not %s", eval_show(ev, value));
    if (node->kind == NODE_NEG)
        return number_negate(ev, value, ret);
    *ret = value;
    if (value.kind == VALUE_BOOL && number_read(ev, value, &number))
        *ret = value_int(ev->arena, number.integer);
    return true;
}

static bool eval_call(struct eval *ev, const struct node *node, struct value *ret)
{
    struct call call = {0};
    if (!eval_node(ev, node->kids[0], &call.subject))
        return false;
    for (size_t i = 1; i < node->count; i++) {
        if (!node->kids[i])
            continue;
        if (!eval_node(ev, node->kids[i], &call.args[i - 1]))
            return false;
        call.given[i - 1] = true;
    }
    ev->at = node->at;
    return call_run(ev, node->call, &call, ret);
}

static bool eval_not(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value value;
    if (!eval_node(ev, node->kids[0], &value) || !may_be_absent(ev, value))
        return false;
    *ret = value_bool(!value_is_true(value));
    return true;
}

static bool eval_name(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value found;
    if (ev->scope->is_secret && ev->scope->is_secret(node->value.text))
        ev->secrets_read++;
    if (ev->scope->find &&
        ev->scope->find(ev->scope->ctx, node->value.text, ev->arena, &found)) {
        *ret = found;
        return true;
    }
    *ret = UNDEFINED_VALUE;
    ret->text = node->value.text;
    return true;
}

static bool eval_now(struct eval *ev, struct value *ret)
{
    AUTO_BUF(buf, 64);
    date_format_rfc3339(&buf, ev->scope->now_us);
    return eval_take_text(ev, &buf, ret);
}

/* Values are no deeper than the scanner and the tree allow: the recursion is bounded. */
static bool say_derived(struct eval *ev, struct value value)
{
    if (!eval_spend(ev, 1))
        return false;
    if (value.kind == VALUE_STRING || value.kind == VALUE_NUMBER)
        ev->scope->on_derived(value.text);
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
        if (!say_derived(ev, value.list->items[i]))
            return false;
    for (size_t i = 0; value.kind == VALUE_MAP && i < value.map->count; i++)
        if (!say_derived(ev, value.map->members[i].value))
            return false;
    return true;
}

static bool eval_kind(struct eval *ev, const struct node *node, struct value *ret)
{
    switch (node->kind) {
    case NODE_CONST:
        *ret = node->value;
        return true;
    case NODE_NAME:
        return eval_name(ev, node, ret);
    case NODE_LIST:
        return eval_list(ev, node, ret);
    case NODE_MAP:
        return eval_map(ev, node, ret);
    case NODE_ITEM:
        return eval_index(ev, node, ret);
    case NODE_SLICE:
        return eval_slice(ev, node, ret);
    case NODE_NEG:
    case NODE_POS:
        return eval_sign(ev, node, ret);
    case NODE_NOT:
        return eval_not(ev, node, ret);
    case NODE_AND:
    case NODE_OR:
        return eval_logic(ev, node, ret);
    case NODE_IF:
        return eval_if(ev, node, ret);
    case NODE_COMPARE:
        return eval_compare(ev, node, ret);
    case NODE_BINARY:
        return eval_binary(ev, node, ret);
    case NODE_CONCAT:
        return eval_concat(ev, node, ret);
    case NODE_FILTER:
    case NODE_TEST:
        return eval_call(ev, node, ret);
    case NODE_GET:
        return eval_get(ev, node, ret);
    case NODE_NOW:
        return eval_now(ev, ret);
    }
    return err_set(ev->err, ERR_BUG, "expr", 0, "node kind %d", (int)node->kind);
}

/* Texts put together hold the secret itself and are found by it; what a filter makes of it
 * does not. */
bool eval_node(struct eval *ev, const struct node *node, struct value *ret)
{
    size_t before = ev->secrets_read;
    if (!eval_spend(ev, 1) || !eval_kind(ev, node, ret) || !eval_spend(ev, 0))
        return false;
    bool is_new = node->kind == NODE_FILTER || node->kind == NODE_SLICE;
    bool is_derived = is_new && ev->secrets_read > before && ev->scope->on_derived;
    return !is_derived || say_derived(ev, *ret);
}
