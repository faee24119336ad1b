#include "core/expr/item.h"

#include <assert.h>

#include "core/expr/limits.h"
#include "core/expr/text.h"

enum { NAME_BYTES_MAX = 64 }; /* of the key that an undefined value keeps as its name */

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

bool item_get(struct eval *ev, struct value container, struct value key, struct value *ret)
{
    size_t index;
    *ret = UNDEFINED_VALUE;
    if (key.kind == VALUE_STRING || key.kind == VALUE_NUMBER)
        ret->text = arena_str(ev->arena, str_slice(key.text, 0, NAME_BYTES_MAX));
    bool is_walked = container.kind == VALUE_MAP || container.kind == VALUE_STRING;
    if (is_walked && !eval_spend(ev, eval_steps_of(container)))
        return false;
    switch (container.kind) {
    case VALUE_UNDEFINED:
        return eval_fail_undefined(ev, container);
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

/* --- slices --- */

struct item_range item_range(size_t length, int64_t from, int64_t to, int64_t step)
{
    assert(step != 0);
    int64_t len = (int64_t)length;
    bool back = step < 0;
    int64_t low = back ? -1 : 0, high = back ? len - 1 : len;
    bool to_start = back && to == INT64_MIN;
    from = from < 0 ? MAX(from + len, low) : MIN(from, high);
    to = to_start ? -1 : to < 0 ? MAX(to + len, low) : MIN(to, high);
    int64_t distance = back ? from - to : to - from;
    uint64_t stride = back ? 0 - (uint64_t)step : (uint64_t)step;
    struct item_range range = {.from = from, .step = step};
    if (distance > 0)
        range.count = (size_t)(((uint64_t)distance - 1) / stride) + 1;
    return range;
}

static bool slice_list(struct eval *ev, const struct value_list *list, struct item_range range,
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

static bool slice_string(struct eval *ev, struct str text, struct item_range range,
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

bool item_slice(struct eval *ev, struct value sequence, struct item_range range,
                struct value *ret)
{
    if (sequence.kind == VALUE_LIST)
        return slice_list(ev, sequence.list, range, ret);
    assert(sequence.kind == VALUE_STRING);
    return slice_string(ev, sequence.text, range, ret);
}
