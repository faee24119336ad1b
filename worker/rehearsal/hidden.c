#include "worker/rehearsal/hidden.h"

#include <stdio.h>

#include "base/redact.h"
#include "base/secret_name.h"

static bool is_key(const struct table *table, struct str name)
{
    for (size_t i = 0; i < table->key_count; i++)
        if (str_eq(table->key[i], name))
            return true;
    return false;
}

static bool is_hidden(const struct hidden *hidden, struct str name)
{
    if (!secret_name_is(name) || str_eq_nocase(name, STR("key")) ||
        str_ends(name, STR("type")) || is_key(&hidden->stream->table, name))
        return false;
    for (size_t i = 0; i < hidden->stream->part_count; i++)
        if (is_key(&hidden->stream->parts[i].table, name))
            return false;
    return true;
}

static void hide(struct hidden *hidden, struct str text)
{
    char name[32];
    if (text.len < HIDDEN_BYTES_MIN || redact_has(text))
        return;
    snprintf(name, sizeof name, "hidden-%d", ++hidden->count);
    redact_add(str_from(name), text);
}

static void walk(struct hidden *hidden, struct value value, struct str name)
{
    if (value.kind == VALUE_STRING && name.len && is_hidden(hidden, name))
        hide(hidden, value.text);
    for (size_t i = 0;
         value.kind == VALUE_LIST && i < value.list->count && hidden->count <= HIDDEN_MAX; i++)
        walk(hidden, value.list->items[i], name);
    for (size_t i = 0;
         value.kind == VALUE_MAP && i < value.map->count && hidden->count <= HIDDEN_MAX; i++)
        walk(hidden, value.map->members[i].value, value.map->members[i].key);
}

bool hidden_find(struct hidden *hidden, struct str body, struct err *err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct value value;
    struct err ignored = ERR_INIT;
    if (!value_parse(arena, body, VALUE_WHOLE, &value, &ignored))
        return true;
    walk(hidden, value, STR_NONE);
    return hidden->count <= HIDDEN_MAX ||
           err_set(err, ERR_INPUT, "record", 0,
                   "the answers hold more than %d values that are named like credentials: "
                   "take fewer pages",
                   HIDDEN_MAX);
}
