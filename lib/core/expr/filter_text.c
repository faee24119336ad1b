#include "core/expr/filter.h"

#include <string.h>

#include "core/expr/attribute.h"
#include "core/expr/limits.h"
#include "core/expr/text.h"

/* Filters on strings. */

static bool filter_length(struct eval *ev, const struct call *call, struct value *ret)
{
    size_t count = 0;
    switch (call->subject.kind) {
    case VALUE_UNDEFINED:
        break;
    case VALUE_STRING:
        count = text_length(call->subject.text);
        break;
    case VALUE_LIST:
        count = call->subject.list->count;
        break;
    case VALUE_MAP:
        count = call->subject.map->count;
        break;
    default:
        return eval_fail(ev, "%s has no length", eval_show(ev, call->subject));
    }
    *ret = value_int(ev->arena, (int64_t)count);
    return true;
}

static bool folded(struct eval *ev, struct value subject,
                   void (*put)(struct buf *buf, struct str text), struct value *ret)
{
    AUTO_BUF(buf, EXPR_TEXT_MAX);
    struct str text;
    if (!text_read(ev, subject, &text) || !eval_spend(ev, text.len / TEXT_FOLDED_A_STEP))
        return false;
    put(&buf, text);
    return eval_take_text(ev, &buf, ret);
}

static bool filter_lower(struct eval *ev, const struct call *call, struct value *ret)
{
    return folded(ev, call->subject, text_put_lower, ret);
}

static bool filter_upper(struct eval *ev, const struct call *call, struct value *ret)
{
    return folded(ev, call->subject, text_put_upper, ret);
}

/* --- trim --- */

static bool filter_trim(struct eval *ev, const struct call *call, struct value *ret)
{
    struct str text, set;
    if (!text_read(ev, call->subject, &text) || !call_text(ev, call, 0, STR_NONE, &set))
        return false;
    bool has_set = call->given[0] && call->args[0].kind != VALUE_NULL;
    *ret = value_string(text_trim(text, has_set ? &set : NULL));
    return true;
}

/* --- replace --- */

/* Python's replace of the empty string: `with` before every character and at the end. */
static void put_between(struct buf *buf, struct str text, struct str with, int64_t count)
{
    for (; count != 0 && !buf->has_overflowed; count--) {
        buf_put(buf, with);
        if (!text.len)
            return;
        size_t bytes = text_character_bytes(text);
        buf_put(buf, str_slice(text, 0, bytes));
        text = str_slice(text, bytes, text.len);
    }
    buf_put(buf, text);
}

static void put_replaced(struct buf *buf, struct str text, struct str old, struct str with,
                         int64_t count)
{
    for (ptrdiff_t at; count != 0 && (at = str_find(text, old)) >= 0 && !buf->has_overflowed;
         count--) {
        buf_put(buf, str_slice(text, 0, (size_t)at));
        buf_put(buf, with);
        text = str_slice(text, (size_t)at + old.len, text.len);
    }
    buf_put(buf, text);
}

static bool filter_replace(struct eval *ev, const struct call *call, struct value *ret)
{
    AUTO_BUF(buf, EXPR_TEXT_MAX);
    struct str text, old, with;
    int64_t count = -1;
    bool has_count = call->given[2] && call->args[2].kind != VALUE_NULL;
    if (!text_read(ev, call->subject, &text) || !call_text(ev, call, 0, STR_NONE, &old) ||
        !call_text(ev, call, 1, STR_NONE, &with) ||
        (has_count && !call_int(ev, call, 2, -1, &count)))
        return false;
    if (old.len)
        put_replaced(&buf, text, old, with, count);
    else
        put_between(&buf, text, with, count);
    return eval_take_text(ev, &buf, ret);
}

/* --- split --- */

struct pieces {
    struct arena *arena;
    struct value *items;
    size_t count, capacity;
};

static void add_piece(struct pieces *pieces, struct str piece)
{
    ARENA_GROW(pieces->arena, pieces->items, pieces->count, pieces->capacity);
    pieces->items[pieces->count++] = value_string(piece);
}

static void split_at(struct pieces *pieces, struct str text, struct str separator,
                     int64_t times)
{
    for (ptrdiff_t at; times != 0 && (at = str_find(text, separator)) >= 0; times--) {
        add_piece(pieces, str_slice(text, 0, (size_t)at));
        text = str_slice(text, (size_t)at + separator.len, text.len);
        if (pieces->count > EXPR_LIST_MAX)
            return;
    }
    add_piece(pieces, text);
}

static size_t space_len(struct str text)
{
    if (!text.len)
        return 0;
    size_t bytes = text_character_bytes(text);
    return text_is_space(text_code_point(str_slice(text, 0, bytes))) ? bytes : 0;
}

/* At runs of white space, none at the ends. */
static void split_at_space(struct pieces *pieces, struct str text, int64_t times)
{
    struct str rest = text;
    for (size_t len; (len = space_len(rest));)
        rest = str_slice(rest, len, rest.len);
    for (; rest.len && pieces->count <= EXPR_LIST_MAX; times--) {
        size_t end = 0;
        while (end < rest.len && !space_len(str_slice(rest, end, rest.len)))
            end += text_character_bytes(str_slice(rest, end, rest.len));
        if (times == 0) {
            add_piece(pieces, rest);
            return;
        }
        add_piece(pieces, str_slice(rest, 0, end));
        rest = str_slice(rest, end, rest.len);
        for (size_t len; (len = space_len(rest));)
            rest = str_slice(rest, len, rest.len);
    }
}

static bool filter_split(struct eval *ev, const struct call *call, struct value *ret)
{
    struct str separator;
    int64_t times;
    bool has_separator = call->given[0] && call->args[0].kind != VALUE_NULL;
    if (call->subject.kind != VALUE_STRING)
        return eval_fail(ev, "only a string can be split, not %s",
                         eval_show(ev, call->subject));
    if (!call_text(ev, call, 0, STR_NONE, &separator) || !call_int(ev, call, 1, -1, &times))
        return false;
    if (has_separator && !separator.len)
        return eval_fail(ev, "the separator of split is empty");
    struct pieces pieces = {.arena = ev->arena};
    if (has_separator)
        split_at(&pieces, call->subject.text, separator, times);
    else
        split_at_space(&pieces, call->subject.text, times);
    struct value_list *list;
    if (!eval_list_new(ev, pieces.count, &list))
        return false;
    if (pieces.count)
        memcpy(list->items, pieces.items, pieces.count * sizeof *list->items);
    *ret = value_from_list(list);
    return true;
}

/* --- join --- */

static bool filter_join(struct eval *ev, const struct call *call, struct value *ret)
{
    AUTO_BUF(buf, EXPR_TEXT_MAX);
    struct str between;
    struct attribute attribute;
    const struct value_list *items;
    if (!call_text(ev, call, 0, STR_NONE, &between) ||
        !attribute_read(ev, call, 1, &attribute) || !text_elements(ev, call->subject, &items))
        return false;
    for (size_t i = 0; i < items->count && !buf.has_overflowed; i++) {
        struct value item;
        if (!attribute_get(ev, &attribute, items->items[i], &item))
            return false;
        if (i)
            buf_put(&buf, between);
        text_put(&buf, item);
    }
    return eval_take_text(ev, &buf, ret);
}

const struct callable filter_text_table[] = {
    {"length", filter_length, {0}, 0, 0},
    {"count", filter_length, {0}, 0, 0},
    {"lower", filter_lower, {0}, 0, 0},
    {"upper", filter_upper, {0}, 0, 0},
    {"trim", filter_trim, {"chars"}, 1, 0},
    {"replace", filter_replace, {"old", "new", "count"}, 3, 2},
    {"split", filter_split, {"sep", "maxsplit"}, 2, 0},
    {"join", filter_join, {"d", "attribute"}, 2, 0},
    {0},
};
