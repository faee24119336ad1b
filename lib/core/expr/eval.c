#include "core/expr/eval.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/redact.h"
#include "core/expr/caret.h"
#include "core/expr/limits.h"

enum { SHOWN_BYTES = 200 };

/* --- failures --- */

bool(eval_fail)(struct eval *ev, const char *fmt, ...)
{
    char what[ERR_TEXT_BYTES / 2];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return caret_fail(ev->err, ERR_INPUT, ev->source, ev->at, "%s", what);
}

bool(eval_fail_undefined)(struct eval *ev, struct value value)
{
    if (value.text.len)
        return eval_fail(ev, "'%.*s' is undefined", STR_ARG(value.text));
    return eval_fail(ev, "this value is undefined");
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
        for (size_t i = 0;
             i < value.list->count && !buf->has_overflowed && buf->len < SHOWN_BYTES; i++) {
            if (i)
                buf_puts(buf, ",");
            show_put(buf, value.list->items[i]);
        }
        buf_puts(buf, "]");
        return;
    case VALUE_MAP:
        buf_puts(buf, "{");
        for (size_t i = 0;
             i < value.map->count && !buf->has_overflowed && buf->len < SHOWN_BYTES; i++) {
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
    /* Redacted before it is cut: a part of a secret would not be known again. */
    struct str text = redact_str(ev->arena, buf_str(&buf));
    if (text.len <= SHOWN_BYTES && !buf.has_overflowed)
        return arena_cstr(ev->arena, text);
    size_t cut = MIN(text.len, (size_t)SHOWN_BYTES);
    while (cut && cut < text.len && ((unsigned char)text.ptr[cut] & 0xC0) == 0x80)
        cut--;
    struct str shown = arena_printf(ev->arena, "%.*s...", (int)cut, text.ptr ? text.ptr : "");
    return shown.ptr;
}

/* --- work --- */

bool eval_spend(struct eval *ev, size_t steps)
{
    bool was_spent = ev->steps > EXPR_STEPS_MAX;
    ev->steps += MIN(steps, (size_t)EXPR_STEPS_MAX + 1);
    if (ev->steps <= EXPR_STEPS_MAX)
        return true;
    return !was_spent ? eval_fail(ev, "takes more than %d steps", EXPR_STEPS_MAX) : false;
}

size_t eval_steps_of(struct value value)
{
    switch (value.kind) {
    case VALUE_STRING:
    case VALUE_NUMBER:
        return value.text.len / EVAL_BYTES_A_STEP;
    case VALUE_LIST:
        return value.list->count;
    case VALUE_MAP:
        return value.map->count / 8; /* a key that differs is passed quickly */
    default:
        return 0;
    }
}

/* Values are no deeper than the scanner and the tree allow: the recursion is bounded. */
static bool is_within(struct value value, size_t *left)
{
    size_t bytes = sizeof value;
    if (value.kind == VALUE_STRING || value.kind == VALUE_NUMBER)
        bytes += value.text.len;
    if (bytes > *left)
        return false;
    *left -= bytes;
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
        if (!is_within(value.list->items[i], left))
            return false;
    for (size_t i = 0; value.kind == VALUE_MAP && i < value.map->count; i++)
        if (!is_within(value.map->members[i].value, left))
            return false;
    return true;
}

bool eval_check_result(struct eval *ev, struct value value)
{
    size_t left = EXPR_RESULT_MAX;
    return is_within(value, &left) ||
           eval_fail(ev, "makes a value of more than %d MiB", EXPR_RESULT_MAX >> 20);
}

/* --- building --- */

static bool check_memory(struct eval *ev, size_t more_bytes)
{
    size_t taken = arena_bytes(ev->arena) - ev->arena_start_bytes;
    if (taken + more_bytes > EXPR_MEMORY_MAX)
        return eval_fail(ev, "needs more than %d MiB", EXPR_MEMORY_MAX >> 20);
    return true;
}

bool eval_take_text(struct eval *ev, const struct buf *buf, struct value *ret)
{
    if (buf->has_overflowed)
        return eval_fail(ev, "makes a string of more than %d MiB", EXPR_TEXT_MAX >> 20);
    if (!check_memory(ev, buf->len) || !eval_spend(ev, buf->len / EVAL_BYTES_A_STEP))
        return false;
    *ret = value_string(arena_str(ev->arena, buf_str(buf)));
    return true;
}

bool eval_list_new(struct eval *ev, size_t count, struct value_list **ret)
{
    if (count > EXPR_LIST_MAX)
        return eval_fail(ev, "makes a list of more than %d elements", EXPR_LIST_MAX);
    if (!check_memory(ev, count * sizeof(struct value)) || !eval_spend(ev, count))
        return false;
    struct value_list *list = ARENA_NEW(ev->arena, struct value_list);
    list->items = ARENA_ARRAY(ev->arena, struct value, count);
    list->count = count;
    *ret = list;
    return true;
}
