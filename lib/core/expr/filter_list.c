#include "core/expr/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/expr/attribute.h"
#include "core/expr/number.h"
#include "core/expr/ops.h"
#include "core/expr/text.h"
#include "port/hash.h"

/* Filters on sequences and objects. */

static bool filter_first(struct eval *ev, const struct call *call, struct value *ret)
{
    const struct value_list *items;
    if (call->subject.kind == VALUE_STRING) {
        *ret = call->subject.text.len ? value_string(text_characters(call->subject.text, 0, 1))
                                      : UNDEFINED_VALUE;
        return true;
    }
    if (!text_elements(ev, call->subject, &items))
        return false;
    *ret = items->count ? items->items[0] : UNDEFINED_VALUE;
    return true;
}

static bool filter_last(struct eval *ev, const struct call *call, struct value *ret)
{
    const struct value_list *items;
    if (!text_elements(ev, call->subject, &items))
        return false;
    *ret = items->count ? items->items[items->count - 1] : UNDEFINED_VALUE;
    return true;
}

static bool filter_list(struct eval *ev, const struct call *call, struct value *ret)
{
    const struct value_list *items;
    if (!text_elements(ev, call->subject, &items))
        return false;
    *ret = value_from_list(items);
    return true;
}

static bool reverse_string(struct eval *ev, const struct value_list *characters,
                           struct value *ret)
{
    AUTO_BUF(buf, EXPR_TEXT_MAX);
    for (size_t i = characters->count; i-- > 0;)
        buf_put(&buf, characters->items[i].text);
    return eval_take_text(ev, &buf, ret);
}

static bool filter_reverse(struct eval *ev, const struct call *call, struct value *ret)
{
    const struct value_list *items;
    struct value_list *list;
    if (!text_elements(ev, call->subject, &items))
        return false;
    if (call->subject.kind == VALUE_STRING)
        return reverse_string(ev, items, ret);
    if (!eval_list_new(ev, items->count, &list))
        return false;
    for (size_t i = 0; i < items->count; i++)
        list->items[i] = items->items[items->count - 1 - i];
    *ret = value_from_list(list);
    return true;
}

/* --- keys for sort, unique, min, max --- */

/* Strings are compared in lower case unless case_sensitive. */
static bool fold_case(struct eval *ev, struct value value, bool case_sensitive,
                      struct value *ret)
{
    *ret = value;
    if (case_sensitive || value.kind != VALUE_STRING)
        return true;
    AUTO_BUF(buf, EXPR_TEXT_MAX);
    if (!eval_spend(ev, value.text.len / TEXT_FOLDED_A_STEP))
        return false;
    text_put_lower(&buf, value.text);
    return eval_take_text(ev, &buf, ret);
}

struct key_options {
    bool case_sensitive;
    struct attribute attribute;
};

static bool key_of(struct eval *ev, const struct key_options *options, struct value item,
                   struct value *ret)
{
    struct value key;
    return attribute_get(ev, &options->attribute, item, &key) &&
           fold_case(ev, key, options->case_sensitive, ret);
}

/* --- min, max, sum --- */

static bool extreme(struct eval *ev, const struct call *call, bool want_max, struct value *ret)
{
    struct key_options options = {.case_sensitive = call_flag(call, 0)};
    const struct value_list *items;
    struct value best_key = UNDEFINED_VALUE, key;
    if (!attribute_read(ev, call, 1, &options.attribute) ||
        !text_elements(ev, call->subject, &items))
        return false;
    *ret = UNDEFINED_VALUE;
    for (size_t i = 0; i < items->count; i++) {
        bool better = i == 0;
        if (!key_of(ev, &options, items->items[i], &key) ||
            (i && !ops_less(ev, want_max ? best_key : key, want_max ? key : best_key, &better)))
            return false;
        if (!better)
            continue;
        best_key = key;
        *ret = items->items[i];
    }
    return true;
}

static bool filter_min(struct eval *ev, const struct call *call, struct value *ret)
{
    return extreme(ev, call, false, ret);
}

static bool filter_max(struct eval *ev, const struct call *call, struct value *ret)
{
    return extreme(ev, call, true, ret);
}

static bool filter_sum(struct eval *ev, const struct call *call, struct value *ret)
{
    struct attribute attribute;
    const struct value_list *items;
    struct value sum = call->given[1] ? call->args[1] : value_number(STR("0"));
    if (!attribute_read(ev, call, 0, &attribute) || !text_elements(ev, call->subject, &items))
        return false;
    if (sum.kind == VALUE_STRING)
        return eval_fail(ev, "strings are joined, not summed: | join");
    for (size_t i = 0; i < items->count; i++) {
        struct value item;
        if (!attribute_get(ev, &attribute, items->items[i], &item) ||
            !ops_binary(ev, OP_ADD, sum, item, &sum))
            return false;
    }
    *ret = sum;
    return true;
}

/* --- sort --- */

struct sort_entry {
    struct value key, item;
    size_t place; /* keeps equal ones in order */
};

struct sorting {
    struct eval *ev;
    bool reverse, failed;
};

static int compare_entries(const void *a, const void *b, void *ctx)
{
    const struct sort_entry *x = a, *y = b;
    struct sorting *sorting = ctx;
    int by_place = (x->place > y->place) - (x->place < y->place);
    bool less;
    if (sorting->failed || ops_equal(sorting->ev, x->key, y->key))
        return by_place;
    if (!ops_less(sorting->ev, x->key, y->key, &less)) {
        sorting->failed = true;
        return by_place;
    }
    return less != sorting->reverse ? -1 : 1;
}

/* "a,b.c" sorts by a, then by b.c: the key is the list of their values. */
static bool sort_key(struct eval *ev, const struct call *call, struct value item,
                     struct value *ret)
{
    struct key_options options = {.case_sensitive = call_flag(call, 1)};
    bool is_text = call->given[2] && call->args[2].kind == VALUE_STRING;
    if (!is_text)
        return attribute_read(ev, call, 2, &options.attribute) &&
               key_of(ev, &options, item, ret);
    struct value keys[16];
    size_t count = 0;
    for (struct str rest = call->args[2].text; rest.ptr || !count; count++) {
        struct str part;
        rest = str_split(rest, ',', &part);
        if (count == COUNT_OF(keys))
            return eval_fail(ev, "sorted by more than %zu attributes", COUNT_OF(keys));
        if (!attribute_parse(ev, value_string(part), &options.attribute) ||
            !key_of(ev, &options, item, &keys[count]))
            return false;
    }
    struct value_list *list;
    if (!eval_list_new(ev, count, &list))
        return false;
    memcpy(list->items, keys, count * sizeof keys[0]);
    *ret = value_from_list(list);
    return true;
}

static bool filter_sort(struct eval *ev, const struct call *call, struct value *ret)
{
    const struct value_list *items;
    struct value_list *list;
    if (!text_elements(ev, call->subject, &items) || !eval_list_new(ev, items->count, &list))
        return false;
    AUTO_FREE struct sort_entry *entries = mem_alloc(items->count * sizeof *entries);
    for (size_t i = 0; i < items->count; i++) {
        entries[i].item = items->items[i];
        entries[i].place = i;
        if (!sort_key(ev, call, items->items[i], &entries[i].key))
            return false;
    }
    struct sorting sorting = {.ev = ev, .reverse = call_flag(call, 0)};
    qsort_r(entries, items->count, sizeof *entries, compare_entries, &sorting);
    if (sorting.failed)
        return false;
    for (size_t i = 0; i < items->count; i++)
        list->items[i] = entries[i].item;
    *ret = value_from_list(list);
    return true;
}

/* --- unique --- */

static bool hash_key(struct eval *ev, struct value key, uint64_t *ret)
{
    if (key.kind == VALUE_LIST || key.kind == VALUE_MAP)
        return eval_fail(ev, "lists and objects cannot be told apart here: %s",
                         eval_show(ev, key));
    if (number_is_numeric(key))
        *ret = hash_fold(hash_for_table(STR_NONE), number_hash(key));
    else if (key.kind == VALUE_STRING)
        *ret = hash_for_table(key.text);
    else
        *ret = key.kind;
    return true;
}

/* An open hash table of keys; a place is free where `used` is false. */
struct key_set {
    struct value *keys;
    bool *used;
    size_t mask;
};

/* True where the key was not there yet. */
static bool set_add(struct eval *ev, struct key_set *set, struct value key, uint64_t hash)
{
    size_t place = hash & set->mask;
    for (; set->used[place]; place = (place + 1) & set->mask)
        if (ops_equal(ev, set->keys[place], key))
            return false;
    set->used[place] = true;
    set->keys[place] = key;
    return true;
}

static bool filter_unique(struct eval *ev, const struct call *call, struct value *ret)
{
    struct key_options options = {.case_sensitive = call_flag(call, 0)};
    const struct value_list *items;
    struct value_list *list;
    if (!attribute_read(ev, call, 1, &options.attribute) ||
        !text_elements(ev, call->subject, &items) || !eval_list_new(ev, items->count, &list))
        return false;
    size_t places = 16;
    while (places < items->count * 2)
        places *= 2;
    AUTO_FREE struct value *keys = mem_alloc(places * sizeof *keys);
    AUTO_FREE bool *used = mem_alloc(places * sizeof *used);
    struct key_set set = {keys, used, places - 1};
    list->count = 0;
    for (size_t i = 0; i < items->count; i++) {
        struct value key;
        uint64_t hash = 0;
        if (!key_of(ev, &options, items->items[i], &key) ||
            !eval_spend(ev, eval_steps_of(key)) || !hash_key(ev, key, &hash))
            return false;
        if (set_add(ev, &set, key, hash))
            list->items[list->count++] = items->items[i];
    }
    *ret = value_from_list(list);
    return true;
}

/* --- objects --- */

enum part { PART_KEY, PART_VALUE, PART_ITEM };

static bool member_part(struct eval *ev, const struct value_member *member, enum part part,
                        struct value *ret)
{
    struct value_list *pair;
    *ret = part == PART_KEY ? value_string(member->key) : member->value;
    if (part != PART_ITEM)
        return true;
    if (!eval_list_new(ev, 2, &pair))
        return false;
    pair->items[0] = value_string(member->key);
    pair->items[1] = member->value;
    *ret = value_from_list(pair);
    return true;
}

static bool parts_of(struct eval *ev, const struct call *call, enum part part,
                     struct value *ret)
{
    struct value_list *list;
    if (call->subject.kind != VALUE_MAP && call->subject.kind != VALUE_UNDEFINED)
        return eval_fail(ev, "not an object: %s", eval_show(ev, call->subject));
    size_t count = call->subject.kind == VALUE_MAP ? call->subject.map->count : 0;
    if (!eval_list_new(ev, count, &list))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!member_part(ev, &call->subject.map->members[i], part, &list->items[i]))
            return false;
    *ret = value_from_list(list);
    return true;
}

static bool filter_keys(struct eval *ev, const struct call *call, struct value *ret)
{
    return parts_of(ev, call, PART_KEY, ret);
}

static bool filter_values(struct eval *ev, const struct call *call, struct value *ret)
{
    return parts_of(ev, call, PART_VALUE, ret);
}

static bool filter_items(struct eval *ev, const struct call *call, struct value *ret)
{
    return parts_of(ev, call, PART_ITEM, ret);
}

const struct callable filter_list_table[] = {
    {"first", filter_first, {0}, 0, 0},
    {"last", filter_last, {0}, 0, 0},
    {"list", filter_list, {0}, 0, 0},
    {"reverse", filter_reverse, {0}, 0, 0},
    {"min", filter_min, {"case_sensitive", "attribute"}, 2, 0},
    {"max", filter_max, {"case_sensitive", "attribute"}, 2, 0},
    {"sum", filter_sum, {"attribute", "start"}, 2, 0},
    {"sort", filter_sort, {"reverse", "case_sensitive", "attribute"}, 3, 0},
    {"unique", filter_unique, {"case_sensitive", "attribute"}, 2, 0},
    {"keys", filter_keys, {0}, 0, 0},
    {"values", filter_values, {0}, 0, 0},
    {"items", filter_items, {0}, 0, 0},
    {0},
};
