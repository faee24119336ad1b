#include "core/expr_internal.h"

#include <stdarg.h>
#include <string.h>

enum { SHOWN_BYTES = 200 };

static bool node_eval(struct eval *ev, const struct node *node, struct value *ret) MUST_CHECK;

/* ---- failures ---- */

bool(eval_fail)(struct eval *ev, const char *fmt, ...)
{
    char what[ERR_TEXT_BYTES / 2];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return expr_fail_at(ev->err, ERR_INPUT, ev->expr->source, ev->at, "%s", what);
}

/* JSON into a buffer that is nearly full: stops at the first thing that did not fit. */
static void show_put(struct buf *buf, struct value value)
{
    switch (value.kind) {
    case VALUE_STRING:
    case VALUE_NUMBER: {
        struct str text = str_slice(value.text, 0, buf->max);
        if (value.kind == VALUE_STRING)
            json_out_quote(buf, text);
        else
            buf_put(buf, text);
        return;
    }
    case VALUE_LIST:
        buf_puts(buf, "[");
        for (size_t i = 0; i < value.list->count && !buf->overflow && buf->len < SHOWN_BYTES;
             i++) {
            if (i)
                buf_puts(buf, ",");
            show_put(buf, value.list->items[i]);
        }
        buf_puts(buf, "]");
        return;
    case VALUE_MAP:
        buf_puts(buf, "{");
        for (size_t i = 0; i < value.map->count && !buf->overflow && buf->len < SHOWN_BYTES;
             i++) {
            if (i)
                buf_puts(buf, ",");
            json_out_quote(buf, str_slice(value.map->members[i].key, 0, SHOWN_BYTES));
            buf_puts(buf, ":");
            show_put(buf, value.map->members[i].value);
        }
        buf_puts(buf, "}");
        return;
    case VALUE_UNDEFINED:
        buf_puts(buf, "undefined");
        return;
    default:
        value_format(buf, value);
    }
}

const char *eval_show(struct eval *ev, struct value value)
{
    AUTO_BUF(buf, KIB(16));
    show_put(&buf, value);
    struct str text = buf_str(&buf);
    if (text.len <= SHOWN_BYTES && !buf.overflow)
        return arena_cstr(ev->arena, text);
    size_t cut = MIN(text.len, (size_t)SHOWN_BYTES);
    while (cut && cut < text.len && ((unsigned char)text.ptr[cut] & 0xC0) == 0x80)
        cut--;
    struct str shown = arena_printf(ev->arena, "%.*s...", (int)cut, text.ptr ? text.ptr : "");
    return shown.ptr;
}

/* ---- building ---- */

static bool check_memory(struct eval *ev, size_t more_bytes)
{
    size_t taken = arena_bytes(ev->arena) - ev->arena_start_bytes;
    if (taken + more_bytes > EXPR_MEMORY_MAX)
        return eval_fail(ev, "needs more than %d MiB", EXPR_MEMORY_MAX >> 20);
    return true;
}

bool eval_take_text(struct eval *ev, const struct buf *buf, struct value *ret)
{
    if (buf->overflow)
        return eval_fail(ev, "makes a string of more than %d MiB", EXPR_TEXT_MAX >> 20);
    if (!check_memory(ev, buf->len))
        return false;
    *ret = value_string(arena_str(ev->arena, buf_str(buf)));
    return true;
}

bool eval_list_new(struct eval *ev, size_t count, struct value_list **ret)
{
    if (count > EXPR_LIST_MAX)
        return eval_fail(ev, "makes a list of more than %d elements", EXPR_LIST_MAX);
    if (!check_memory(ev, count * sizeof(struct value)))
        return false;
    struct value_list *list = ARENA_NEW(ev->arena, struct value_list);
    list->items = ARENA_ARRAY(ev->arena, struct value, count);
    list->count = count;
    *ret = list;
    return true;
}

struct value value_from_list(const struct value_list *list)
{
    return (struct value){.kind = VALUE_LIST, .list = list};
}

/* ---- access ---- */

static struct value undefined(struct eval *ev, struct value key)
{
    struct value value = UNDEFINED_VALUE;
    if (key.kind == VALUE_STRING || key.kind == VALUE_NUMBER)
        value.text = arena_str(ev->arena, str_slice(key.text, 0, 64));
    return value;
}

/* An index as Python has it: negative from the end. False where there is no such element. */
static bool find_index(struct value key, size_t count, size_t *ret)
{
    int64_t index;
    if (key.kind == VALUE_BOOL)
        index = key.boolean;
    else if (key.kind != VALUE_NUMBER || !str_to_int64(key.text, &index))
        return false;
    if (index < 0)
        index += (int64_t)count;
    if (index < 0 || (uint64_t)index >= count)
        return false;
    *ret = (size_t)index;
    return true;
}

static bool fail_undefined(struct eval *ev, struct value value)
{
    if (value.text.len)
        return eval_fail(ev, "'%.*s' is undefined", STR_ARG(value.text));
    return eval_fail(ev, "this value is undefined");
}

bool eval_item(struct eval *ev, struct value container, struct value key, struct value *ret)
{
    size_t index;
    *ret = undefined(ev, key);
    switch (container.kind) {
    case VALUE_UNDEFINED:
        return fail_undefined(ev, container);
    case VALUE_MAP:
        if (key.kind == VALUE_STRING || key.kind == VALUE_NUMBER) {
            struct value found = value_get(container, key.text);
            *ret = found.kind == VALUE_UNDEFINED ? *ret : found;
        }
        return true;
    case VALUE_LIST:
        if (find_index(key, container.list->count, &index) && index >= container.list->hidden)
            *ret = container.list->items[index - container.list->hidden];
        return true;
    case VALUE_STRING:
        if (find_index(key, text_length(container.text), &index))
            *ret = value_string(text_characters(container.text, index, index + 1));
        return true;
    default:
        return true;
    }
}

static bool eval_index(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value container, key;
    if (!node_eval(ev, node->kids[0], &container) || !node_eval(ev, node->kids[1], &key))
        return false;
    ev->at = node->at;
    if (container.kind == VALUE_UNDEFINED)
        ev->at = node->kids[0]->at;
    return eval_item(ev, container, key, ret);
}

static bool eval_get(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value map, key, fallback = NULL_VALUE;
    if (!node_eval(ev, node->kids[0], &map) || !node_eval(ev, node->kids[1], &key) ||
        (node->kids[2] && !node_eval(ev, node->kids[2], &fallback)))
        return false;
    ev->at = node->at;
    if (map.kind == VALUE_UNDEFINED)
        return fail_undefined(ev, map);
    if (map.kind != VALUE_MAP)
        return eval_fail(ev, "only an object has .get(), not %s", eval_show(ev, map));
    struct value found;
    if (!eval_item(ev, map, key, &found))
        return false;
    *ret = found.kind == VALUE_UNDEFINED ? fallback : found;
    return true;
}

/* ---- slices ---- */

struct range {
    int64_t from, step;
    size_t count;
};

static bool read_bound(struct eval *ev, const struct node *node, int64_t fallback, int64_t *ret)
{
    struct value value = NULL_VALUE;
    if (node && !node_eval(ev, node, &value))
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

/* Python's slice.indices: CPython, Objects/sliceobject.c, PySlice_AdjustIndices. */
static bool read_range(struct eval *ev, const struct node *node, size_t length,
                       struct range *ret)
{
    int64_t len = (int64_t)length, from, to, step;
    if (!read_bound(ev, node->kids[3], 1, &step))
        return false;
    bool back = step < 0;
    if (!read_bound(ev, node->kids[1], back ? INT64_MAX : 0, &from) ||
        !read_bound(ev, node->kids[2], back ? INT64_MIN : INT64_MAX, &to))
        return false;
    if (step == 0)
        return eval_fail(ev, "the step of a slice is 0");
    int64_t low = back ? -1 : 0, high = back ? len - 1 : len;
    bool to_start = back && to == INT64_MIN;
    from = from < 0 ? MAX(from + len, low) : MIN(from, high);
    to = to_start ? -1 : to < 0 ? MAX(to + len, low) : MIN(to, high);
    int64_t distance = back ? from - to : to - from;
    uint64_t stride = back ? 0 - (uint64_t)step : (uint64_t)step;
    *ret = (struct range){.from = from, .step = step};
    if (distance > 0)
        ret->count = (size_t)(((uint64_t)distance - 1) / stride) + 1;
    return true;
}

static bool slice_list(struct eval *ev, const struct value_list *list, struct range range,
                       struct value *ret)
{
    struct value_list *part;
    if (!eval_list_new(ev, range.count, &part))
        return false;
    int64_t at = range.from;
    for (size_t i = 0; i < range.count; i++, at += i < range.count ? range.step : 0)
        part->items[i] = list->items[at];
    *ret = value_from_list(part);
    return true;
}

static bool slice_string(struct eval *ev, struct str text, struct range range,
                         struct value *ret)
{
    if (range.step == 1) {
        size_t from = (size_t)range.from;
        *ret = value_string(text_characters(text, from, from + range.count));
        return true;
    }
    const struct value_list *characters;
    if (!text_elements(ev, value_string(text), &characters))
        return false;
    AUTO_BUF(buf, EXPR_TEXT_MAX);
    int64_t at = range.from;
    for (size_t i = 0; i < range.count; i++, at += i < range.count ? range.step : 0)
        buf_put(&buf, characters->items[at].text);
    return eval_take_text(ev, &buf, ret);
}

static bool eval_slice(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value sequence;
    struct range range = {0};
    if (!node_eval(ev, node->kids[0], &sequence))
        return false;
    ev->at = node->at;
    if (sequence.kind == VALUE_UNDEFINED)
        return fail_undefined(ev, sequence);
    if (sequence.kind != VALUE_LIST && sequence.kind != VALUE_STRING)
        return eval_fail(ev, "only lists and strings have slices, not %s",
                         eval_show(ev, sequence));
    bool is_list = sequence.kind == VALUE_LIST;
    size_t length = is_list ? sequence.list->count : text_length(sequence.text);
    if (!read_range(ev, node, length, &range))
        return false;
    return is_list ? slice_list(ev, sequence.list, range, ret)
                   : slice_string(ev, sequence.text, range, ret);
}

/* ---- literals ---- */

/* Elements and members that are `omit` are left out. */
static bool eval_list(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value_list *list;
    if (!eval_list_new(ev, node->count, &list))
        return false;
    list->count = 0;
    for (size_t i = 0; i < node->count; i++) {
        struct value *item = &list->items[list->count];
        if (!node_eval(ev, node->kids[i], item))
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
        if (!node_eval(ev, node->kids[i], &key) || !node_eval(ev, node->kids[i + 1], &value))
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

/* ---- operators ---- */

static bool eval_logic(struct eval *ev, const struct node *node, struct value *ret)
{
    if (!node_eval(ev, node->kids[0], ret))
        return false;
    bool stop = value_is_true(*ret) == (node->kind == NODE_OR);
    return stop || node_eval(ev, node->kids[1], ret);
}

static bool eval_if(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value condition;
    if (!node_eval(ev, node->kids[0], &condition))
        return false;
    const struct node *branch = value_is_true(condition) ? node->kids[1] : node->kids[2];
    *ret = UNDEFINED_VALUE;
    return !branch || node_eval(ev, branch, ret);
}

static bool may_be_absent(struct eval *ev, struct value value)
{
    return !ev->scope->is_strict || value.kind != VALUE_UNDEFINED || fail_undefined(ev, value);
}

/* a < b < c: each operand once, the rest not at all behind the first that is false. */
static bool eval_compare(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value left, right;
    bool holds = true;
    if (!node_eval(ev, node->kids[0], &left))
        return false;
    for (size_t i = 1; i < node->count && holds; i++) {
        if (!node_eval(ev, node->kids[i], &right))
            return false;
        ev->at = node->at;
        if (!may_be_absent(ev, left) || !may_be_absent(ev, right))
            return false;
        if (!op_compare(ev, node->ops[i - 1], left, right, &holds))
            return false;
        left = right;
    }
    *ret = value_bool(holds);
    return true;
}

static bool eval_binary(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value left, right;
    if (!node_eval(ev, node->kids[0], &left) || !node_eval(ev, node->kids[1], &right))
        return false;
    ev->at = node->at;
    if (node->ops[0] == OP_MOD && left.kind == VALUE_STRING)
        return format_percent(ev, left.text, right, node->kids[1]->is_tuple, ret);
    return op_binary(ev, node->ops[0], left, right, ret);
}

static bool eval_concat(struct eval *ev, const struct node *node, struct value *ret)
{
    AUTO_BUF(buf, EXPR_TEXT_MAX);
    for (size_t i = 0; i < node->count; i++) {
        struct value value;
        if (!node_eval(ev, node->kids[i], &value))
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
    if (!node_eval(ev, node->kids[0], &value))
        return false;
    ev->at = node->at;
    if (value.kind == VALUE_UNDEFINED)
        return fail_undefined(ev, value);
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
    if (!node_eval(ev, node->kids[0], &call.subject))
        return false;
    for (size_t i = 1; i < node->count; i++) {
        if (!node->kids[i])
            continue;
        if (!node_eval(ev, node->kids[i], &call.args[i - 1]))
            return false;
        call.given[i - 1] = true;
    }
    ev->at = node->at;
    return node->call->fn(ev, &call, ret);
}

static bool eval_not(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value value;
    if (!node_eval(ev, node->kids[0], &value) || !may_be_absent(ev, value))
        return false;
    *ret = value_bool(!value_is_true(value));
    return true;
}

static bool eval_name(struct eval *ev, const struct node *node, struct value *ret)
{
    struct value found;
    if (ev->scope->find &&
        ev->scope->find(ev->scope->ctx, node->value.text, ev->arena, &found)) {
        *ret = found;
        return true;
    }
    *ret = UNDEFINED_VALUE;
    ret->text = node->value.text;
    return true;
}

static bool node_eval(struct eval *ev, const struct node *node, struct value *ret)
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

bool expr_eval(const struct expr *expr, const struct expr_scope *scope, struct arena *arena,
               struct value *ret, struct err *err)
{
    struct eval ev = {.expr = expr,
                      .scope = scope,
                      .arena = arena,
                      .arena_start_bytes = arena_bytes(arena),
                      .err = err};
    struct value value;
    if (!node_eval(&ev, expr->root, &value))
        return false;
    *ret = value;
    return true;
}
