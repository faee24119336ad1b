#include "worker/signs/absent.h"

#include "base/redact.h"
#include "worker/signs/link.h"
#include "worker/signs/look.h"
#include "worker/signs/spell.h"

/* What belongs beside a next link that is left out. */
static const char *const other_links[] = {"self", "first", "last",    "prev",        "previous",
                                          "base", "up",    "related", "describedby", "context"};

static bool has_only_other_links(struct value map)
{
    for (size_t i = 0; i < map.map->count; i++) {
        bool is_other = false;
        for (size_t j = 0; j < COUNT_OF(other_links); j++)
            is_other |= str_is(map.map->members[i].key, other_links[j]);
        if (!is_other)
            return false;
    }
    return true;
}

/* A link of the page itself, or to its beginning: beside it is `next`, while there is one. */
static bool has_link_of_page(struct value map)
{
    static const char *const names[] = {"self", "first", "last", "prev", "previous"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (look_is_link(value_get(map, str_from(names[i]))))
            return true;
    return false;
}

static bool find_other(const struct look *look, struct str *ret);

/* `next` in an object with other links of the page, and nothing says that more follows. */
static bool is_beside_links(const struct pager_step *step, const struct path *path,
                            struct value body)
{
    struct look look;
    struct str there;
    if (!path->count || path->steps[path->count - 1].kind != PATH_KEY ||
        !str_is(path->steps[path->count - 1].key, "next"))
        return false;
    const struct path above = {.steps = path->steps, .count = path->count - 1};
    look_open(&look, step->facts, step->arena);
    return has_link_of_page(path_get(&above, body)) && !find_other(&look, &there);
}

bool absent_is_left_out(const struct pager_step *step, const struct locator *locator)
{
    const struct pager_facts *facts = step->facts;
    struct value body;
    if (locator->kind != LOCATOR_BODY ||
        !facts->scope->find(facts->scope->ctx, STR("response"), step->arena, &body))
        return false;
    for (size_t i = 0; i < locator->path.count; i++) {
        const struct path above = {.steps = locator->path.steps, .count = i};
        struct value value = path_get(&above, body);
        if (locator->path.steps[i].kind == PATH_FILTER && value.kind == VALUE_LIST)
            return true;
        struct str name = i ? locator->path.steps[i - 1].key : STR_NONE;
        bool is_links = str_is(name, "links") || str_is(name, "_links");
        if (is_links && value.kind == VALUE_MAP && has_only_other_links(value))
            return true;
    }
    return is_beside_links(step, &locator->path, body);
}

/* --- what is there --- */

static bool find_other(const struct look *look, struct str *ret)
{
    static const struct {
        const struct known_list *list;
        look_fits_fn *fits;
        const char *what, *key;
    } kinds[] = {{&known_links, look_is_link, "holds a next link", "next_path"},
                 {&known_cursors, look_is_cursor, "holds a cursor", "cursor_path"},
                 {&known_flags, look_is_yes, "is true", "has_more_path"},
                 {&known_reached, look_is_cursor, "may be a cursor", "cursor_path"}};
    struct look_found found;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (!look_find(look, kinds[i].list, kinds[i].fits, &found))
            continue;
        *ret = arena_printf(look->arena, "%.*s %s (%s: \"%.*s\")", STR_ARG(found.path),
                            kinds[i].what, kinds[i].key, STR_ARG(found.path));
        return true;
    }
    return false;
}

static bool find_other_header(const struct look *look, struct str *ret)
{
    const struct pager_facts *facts = look->facts;
    struct look_found found;
    *ret = STR("a Link header names a next page (type: link_header)");
    if (link_has_next(facts->headers, facts->header_count, facts->url))
        return true;
    if (!look_find_header(facts, &known_next_headers, look_is_link, &found) &&
        !look_find_header(facts, &known_next_headers, look_is_cursor, &found))
        return false;
    *ret = arena_printf(look->arena, "the header %.*s names a next page (header:%.*s)",
                        STR_ARG(found.path), STR_ARG(found.path));
    return true;
}

enum { KEYS_SHOWN_MAX = 12 };

/* The keys of the body: what was meant is often among them. */
static struct str keys_of(const struct look *look)
{
    AUTO_BUF(out, 1024);
    if (!look->place_count)
        return STR("the body is no object");
    const struct value_map *map = look->places[0].value.map;
    buf_puts(&out, "the body has ");
    for (size_t i = 0; i < map->count && i < KEYS_SHOWN_MAX; i++)
        buf_printf(&out, "%s%.*s", i ? ", " : "",
                   STR_ARG(str_slice(map->members[i].key, 0, 40)));
    if (map->count > KEYS_SHOWN_MAX)
        buf_puts(&out, ", …");
    return redact_cut(look->arena, arena_str(look->arena, buf_str(&out)), 600);
}

static void say_absent(struct pager_step *step, const char *key, struct str name)
{
    struct look look;
    struct str there;
    look_open(&look, step->facts, step->arena);
    if (!find_other(&look, &there) && !find_other_header(&look, &there))
        there = keys_of(&look);
    pager_step_warn(step, arena_printf(step->arena, "%s: %.*s is not in the answer; %.*s", key,
                                       STR_ARG(name), STR_ARG(there)));
}

enum job_complete absent_place(struct pager_step *step, const char *key,
                               const struct locator *locator)
{
    if (absent_is_left_out(step, locator))
        return COMPLETE_TOLD;
    say_absent(step, key, locator->source);
    return COMPLETE_ASSUMED;
}

enum job_complete absent_rel(struct pager_step *step, struct str rel)
{
    const struct pager_facts *facts = step->facts;
    bool is_next = str_eq_nocase(rel, STR("next"));
    bool is_full = look_asked_for(facts, step->arena) == facts->seen;
    if (is_next && (link_is_there(facts->headers, facts->header_count) || !is_full))
        return COMPLETE_TOLD;
    say_absent(step, "rel", rel);
    return COMPLETE_ASSUMED;
}

static void warn_of_pagination(struct pager_step *step, const char *type, const char *key,
                               struct str path)
{
    pager_step_warn(step,
                    arena_printf(step->arena,
                                 "one page only: write how the next page is asked for, such as "
                                 "pagination: {type: %s, %s: \"%.*s\"}",
                                 type, key, STR_ARG(path)));
}

/* A flag, and nothing else that says where to go on, beside records that have an id. */
static bool warn_of_last_id(struct pager_step *step, const struct look *look)
{
    struct look_found flag, other;
    struct str path;
    if (!look_find(look, &known_flags, look_is_yes, &flag) ||
        look_find(look, &known_cursors, look_is_cursor, &other) ||
        look_find(look, &known_pages, look_is_count, &other) || !look_find_last_id(look, &path))
        return false;
    const char *type =
        arena_printf(step->arena, "cursor, param: starting_after, has_more_path: \"%.*s\"",
                     STR_ARG(flag.path))
            .ptr;
    warn_of_pagination(step, type, "cursor_path", path);
    return true;
}

void absent_pagination(struct pager_step *step)
{
    static const struct {
        const struct known_list *list;
        look_fits_fn *fits;
        const char *type, *key;
    } kinds[] = {{&known_cursors, look_is_cursor, "cursor, param: cursor", "cursor_path"},
                 {&known_pages, look_is_count, "page", "total_pages_path"},
                 {&known_totals, look_is_count, "page", "total_path"},
                 {&known_flags, look_is_yes, "page", "has_more_path"}};
    struct look look;
    struct look_found found;
    look_open(&look, step->facts, step->arena);
    if (warn_of_last_id(step, &look))
        return;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (look_find(&look, kinds[i].list, kinds[i].fits, &found)) {
            warn_of_pagination(step, kinds[i].type, kinds[i].key, found.path);
            return;
        }
    if (look_find_header(step->facts, &known_total_headers, look_is_count, &found))
        warn_of_pagination(step, "page", "total_path",
                           arena_printf(step->arena, "header:%.*s", STR_ARG(found.path)));
}

/* --- a merge_path --- */

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

static bool is_any_link(struct value value)
{
    return look_is_nothing(value) || look_is_link(value);
}

static bool is_any_cursor(struct value value)
{
    return look_is_nothing(value) || look_is_cursor(value);
}

static bool is_map(struct value value)
{
    return value.kind == VALUE_MAP;
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

enum { LISTS_SHOWN_MAX = 4 };

/* The lists of objects in a map, by their paths. */
struct lists {
    struct arena *arena;
    struct str names; /* "items, included" */
    struct value first;
    size_t count;
};

static void find_lists(struct lists *lists, struct str above, const struct value_map *map)
{
    for (size_t i = 0; i < map->count && lists->count < LISTS_SHOWN_MAX; i++) {
        struct str key = map->members[i].key;
        if (!is_list_of_objects(map->members[i].value) || is_known_list(key) || !is_plain(key))
            continue;
        lists->names = arena_printf(lists->arena, "%.*s%s%.*s%s%.*s", STR_ARG(lists->names),
                                    lists->count ? ", " : "", STR_ARG(above),
                                    above.len ? "." : "", STR_ARG(key));
        if (!lists->count++)
            lists->first = map->members[i].value;
    }
}

/* One level below: `{"data": {"items": […]}, "next": …}`. */
static void find_lists_below(struct lists *lists, const struct value_map *body)
{
    for (size_t i = 0; i < body->count; i++) {
        const struct value_member *member = &body->members[i];
        if (member->value.kind == VALUE_MAP && is_plain(member->key))
            find_lists(lists, member->key, member->value.map);
    }
}

static bool is_any_number(struct str key)
{
    return spell_is_same(key, STR("number"));
}

static bool is_of_paging(const struct value_member *member)
{
    static const struct {
        const struct known_list *list;
        look_fits_fn *fits;
    } kinds[] = {{&known_totals, look_is_count},     {&known_pages, look_is_count},
                 {&known_numbers, look_is_count},    {&known_offsets, look_is_count},
                 {&known_page_sizes, look_is_count}, {&known_size_params, look_is_count},
                 {&known_flags, look_is_flag},       {&known_ends, look_is_bool},
                 {&known_successes, look_is_bool},   {&known_links, is_any_link},
                 {&known_cursors, is_any_cursor},    {&known_reached, is_any_cursor},
                 {&known_containers, is_map}};
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (known_find(kinds[i].list, member->key) && kinds[i].fits(member->value))
            return !is_any_number(member->key);
    return false;
}

/*
 * Is the body an envelope: a count of all, not less than the list holds, and beside the list
 * nothing but what tells of paging? An order has a total and lines too, but a name or an id as
 * well.
 */
static bool is_envelope(const struct look *look, const struct lists *lists)
{
    const struct value_map *body = look->places[0].value.map;
    struct look_found total;
    int64_t count;
    for (size_t i = 0; i < body->count; i++)
        if (!is_of_paging(&body->members[i]) && !is_list_of_objects(body->members[i].value))
            return false;
    return look_find(look, &known_totals, look_is_count, &total) &&
           value_count(total.value, &count) && count >= (int64_t)lists->first.list->count;
}

/* A record of its own has a name to know it by. */
static bool has_own_id(const struct value_map *body)
{
    static const char *const names[] = {"id",  "_id", "uuid", "guid", "uid",
                                        "key", "pk",  "name", "code", "number"};
    for (size_t i = 0; i < body->count; i++)
        for (size_t j = 0; j < COUNT_OF(names); j++)
            if (spell_is_same(body->members[i].key, str_from(names[j])))
                return true;
    return false;
}

enum absent_list absent_merge_path(const struct pager_facts *facts, struct arena *arena,
                                   struct str *ret_names)
{
    struct look look;
    struct lists lists = {.arena = arena};
    look_open(&look, facts, arena);
    *ret_names = STR_NONE;
    if (!look.place_count)
        return ABSENT_LIST_NONE;
    const struct value_map *body = look.places[0].value.map;
    bool tells = tells_of_paging(&look);
    find_lists(&lists, STR_NONE, body);
    bool is_sure = lists.count && (tells || is_envelope(&look, &lists));
    if (!lists.count)
        find_lists_below(&lists, body);
    *ret_names = lists.names;
    if (is_sure)
        return lists.count > 1 ? ABSENT_LIST_SEVERAL : ABSENT_LIST_ONE;
    bool is_doubtful = lists.count && (tells || lists.first.list->count > 1);
    return is_doubtful && !has_own_id(body) ? ABSENT_LIST_PERHAPS : ABSENT_LIST_NONE;
}

/* --- of a document --- */

static struct str list_below(struct value map, struct str above, int depth, struct arena *arena)
{
    for (size_t i = 0; depth && map.kind == VALUE_MAP && i < map.map->count; i++) {
        const struct value_member *member = &map.map->members[i];
        if (!is_plain(member->key))
            continue;
        struct str path = arena_printf(arena, "%.*s%s%.*s", STR_ARG(above),
                                       above.len ? "." : "", STR_ARG(member->key));
        struct str found = is_list_of_objects(member->value)
                               ? path
                               : list_below(member->value, path, depth - 1, arena);
        if (found.len)
            return found;
    }
    return STR_NONE;
}

struct str absent_list_of_document(struct value document, struct arena *arena)
{
    return list_below(document, STR_NONE, 4, arena);
}
