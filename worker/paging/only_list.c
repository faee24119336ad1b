#include "worker/paging/only_list.h"

#include "worker/paging/link.h"
#include "worker/paging/look.h"

static bool is_anything(struct value value)
{
    return look_is_nothing(value) || look_is_flag(value);
}

static bool tells_of_paging(const struct look *look)
{
    const struct pager_facts *facts = look->facts;
    struct look_found found;
    return link_has_next(facts->headers, facts->header_count, facts->url) ||
           look_find(look, &known_links, look_is_link, &found) ||
           look_find(look, &known_cursors, look_is_cursor, &found) ||
           look_find(look, &known_links, look_is_nothing, &found) ||
           look_find(look, &known_cursors, look_is_nothing, &found) ||
           look_find(look, &known_flags, is_anything, &found);
}

static bool is_list_of_objects(struct value value)
{
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
        if (value.list->items[i].kind != VALUE_MAP)
            return false;
    return value.kind == VALUE_LIST && value.list->count > 0;
}

/* Lists of links are no records. */
static bool is_known_list(struct str name)
{
    return str_is(name, "links") || str_is(name, "link") || str_is(name, "_links");
}

/* A key that stands for itself in a path. */
static bool is_plain(struct str key)
{
    for (size_t i = 0; i < key.len; i++)
        if (strchr(".[]'\"\\", key.ptr[i]) || (unsigned char)key.ptr[i] <= ' ')
            return false;
    return key.len > 0 && key.len <= 100;
}

enum only_list only_list_find(const struct pager_facts *facts, struct arena *arena,
                              struct str *ret_names)
{
    struct look look;
    size_t count = 0;
    look_open(&look, facts, arena);
    *ret_names = STR_NONE;
    if (!look.place_count || !tells_of_paging(&look))
        return ONLY_LIST_NONE;
    const struct value_map *body = look.places[0].value.map;
    for (size_t i = 0; i < body->count && count < 4; i++) {
        struct str key = body->members[i].key;
        if (!is_list_of_objects(body->members[i].value) || is_known_list(key) || !is_plain(key))
            continue;
        *ret_names = arena_printf(arena, "%.*s%s%.*s", STR_ARG(*ret_names), count ? ", " : "",
                                  STR_ARG(key));
        count++;
    }
    return count > 1 ? ONLY_LIST_SEVERAL : count ? ONLY_LIST_ONE : ONLY_LIST_NONE;
}
