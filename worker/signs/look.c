#include "worker/signs/look.h"

#include "port/http_url.h"
#include "worker/signs/element.h"
#include "worker/signs/link.h"
#include "worker/signs/own_param.h"
#include "worker/signs/spell.h"

static struct value get(const struct look *look, struct value at, const char *field)
{
    struct path path;
    struct err ignored = ERR_INIT;
    struct str first = spell_first(field);
    if (at.kind != VALUE_MAP)
        return UNDEFINED_VALUE;
    if (!*field)
        return at;
    if (!field[first.len])
        return value_get(at, first);
    if ((first.len && value_get(at, first).kind == VALUE_UNDEFINED) ||
        !path_compile(look->arena, str_from(field), &path, &ignored))
        return UNDEFINED_VALUE;
    return path_get(&path, at);
}

/* --- places --- */

static void add_place(struct look *look, struct str path, struct value value)
{
    if (look->place_count == LOOK_PLACES_MAX)
        return;
    for (size_t i = 0; i < look->place_count; i++)
        if (str_eq(look->places[i].path, path))
            return;
    look->places[look->place_count++] = (struct look_place){path, value};
}

/* As it is written, else in another spelling. */
static void add_container(struct look *look, struct str path, struct value at, const char *name)
{
    struct value value = get(look, at, name);
    struct str found = str_from(name);
    if (value.kind != VALUE_MAP && *name)
        value = spell_read(look->arena, at, name, &found);
    if (value.kind == VALUE_MAP)
        add_place(look, spell_join(look->arena, path, found), value);
}

/* Kinds of fields that tell of paging together; one alone may mean something else. */
static const struct {
    const struct known_list *list;
    look_fits_fn *fits;
} kinds_of_paging[] = {
    {&known_totals, look_is_count},     {&known_pages, look_is_count},
    {&known_numbers, look_is_count},    {&known_offsets, look_is_count},
    {&known_page_sizes, look_is_count}, {&known_flags, look_is_bool},
    {&known_ends, look_is_bool},        {&known_links, look_is_link},
    {&known_cursors, look_is_cursor},
};

static bool tells_of_paging(const struct look *look, const struct look_place *place)
{
    struct look_found found;
    struct str first = STR_NONE;
    for (size_t i = 0; i < COUNT_OF(kinds_of_paging); i++) {
        if (!look_find_in(look, place, kinds_of_paging[i].list, kinds_of_paging[i].fits,
                          &found) ||
            str_eq(found.path, first))
            continue;
        if (first.len)
            return true;
        first = found.path;
    }
    return false;
}

/* Objects of any name that hold two such fields. A record's own may hold them by chance. */
static void add_unlisted(struct look *look, struct str path, struct value at)
{
    size_t count = at.kind == VALUE_MAP && !look->is_record ? at.map->count : 0;
    for (size_t i = 0; i < count; i++) {
        const struct value_member *member = &at.map->members[i];
        if (member->value.kind != VALUE_MAP || !spell_is_plain(member->key))
            continue;
        struct str step = spell_step(look->arena, member->key);
        struct look_place place = {spell_join(look->arena, path, step), member->value};
        if (tells_of_paging(look, &place))
            add_place(look, place.path, place.value);
    }
}

static bool holds_object(struct value at)
{
    for (size_t i = 0; at.kind == VALUE_MAP && i < at.map->count; i++)
        if (at.map->members[i].value.kind == VALUE_MAP)
            return true;
    return false;
}

/* The first of the list is the object itself; all others are in it. */
static void add_places(struct look *look, struct str path, struct value at)
{
    size_t count = holds_object(at) ? known_containers.count : 1;
    for (size_t i = 0; i < count; i++)
        add_container(look, path, at, known_containers.items[i].name);
    add_unlisted(look, path, at);
}

/* The body, and each object on the way to the records. */
static void add_ancestors(struct look *look, struct value body)
{
    const struct path *merge = &look->facts->stream->merge.path;
    struct str path = STR_NONE;
    struct value at = body;
    add_places(look, path, at);
    for (size_t i = 0; i + 1 < merge->count; i++) {
        const struct path_step *step = &merge->steps[i];
        at = value_get(at, step->key);
        if (step->kind != PATH_KEY || at.kind != VALUE_MAP || !spell_is_plain(step->key))
            return;
        path = spell_join(look->arena, path, spell_step(look->arena, step->key));
        add_places(look, path, at);
    }
}

void look_open(struct look *look, const struct pager_facts *facts, struct arena *arena)
{
    struct value body;
    *look = (struct look){.arena = arena, .facts = facts};
    look->is_record =
        !facts->stream->merge.path.count || facts->stream->merge.strategy >= MERGE_REPLACE;
    if ((!facts->is_empty_answer || facts->is_last) &&
        facts->scope->find(facts->scope->ctx, STR("response"), arena, &body))
        add_ancestors(look, body);
}

/* --- fields --- */

/* One with attributes alone says nothing that is known by its name. */
static struct value field_value(const struct look *look, struct value value)
{
    return element_is_bare(look->facts, value) ? UNDEFINED_VALUE
                                               : element_text(look->facts, value);
}

struct value look_read(const struct look *look, const struct look_place *place,
                       const char *field)
{
    return field_value(look, get(look, place->value, field));
}

struct str look_path(const struct look *look, const struct look_place *place, const char *field)
{
    return spell_join(look->arena, place->path, str_from(field));
}

static bool find_as_written(const struct look *look, const struct look_place *place,
                            const struct known_list *list, look_fits_fn *fits,
                            struct look_found *ret)
{
    for (size_t i = 0; i < list->count; i++) {
        struct value value = look_read(look, place, list->items[i].name);
        if (!fits(value))
            continue;
        *ret = (struct look_found){&list->items[i], look_path(look, place, list->items[i].name),
                                   value};
        return true;
    }
    return false;
}

/* A parameter of the field's own name is spelled as the field is. */
static const struct known *spelled(const struct look *look, const struct known *known,
                                   struct str as)
{
    if (!known->param || !str_is(str_from(known->name), known->param) || !spell_is_plain(as) ||
        str_find_byte(as, '[') >= 0)
        return known;
    struct known *copy = ARENA_NEW(look->arena, struct known);
    *copy = (struct known){known->name, arena_cstr(look->arena, as), known->also};
    return copy;
}

static bool find_as_spelled(const struct look *look, const struct look_place *place,
                            const struct known_list *list, look_fits_fn *fits,
                            struct look_found *ret)
{
    for (size_t i = 0; i < list->count; i++) {
        struct str path;
        struct value value = field_value(
            look, spell_read(look->arena, place->value, list->items[i].name, &path));
        if (!fits(value))
            continue;
        *ret = (struct look_found){spelled(look, &list->items[i], path),
                                   spell_join(look->arena, place->path, path), value};
        return true;
    }
    return false;
}

bool look_find_in(const struct look *look, const struct look_place *place,
                  const struct known_list *list, look_fits_fn *fits, struct look_found *ret)
{
    return find_as_written(look, place, list, fits, ret) ||
           find_as_spelled(look, place, list, fits, ret);
}

bool look_find(const struct look *look, const struct known_list *list, look_fits_fn *fits,
               struct look_found *ret)
{
    for (size_t i = 0; i < look->place_count; i++)
        if (look_find_in(look, &look->places[i], list, fits, ret))
            return true;
    return false;
}

bool look_find_header(const struct pager_facts *facts, const struct known_list *list,
                      look_fits_fn *fits, struct look_found *ret)
{
    for (size_t i = 0; i < facts->header_count; i++) {
        const struct http_header *header = &facts->headers[i];
        const struct known *known = known_find(list, header->name);
        if (!known || !fits(value_string(header->value)))
            continue;
        *ret = (struct look_found){known, header->name, value_string(header->value)};
        return true;
    }
    return false;
}

static bool is_of_keys(const struct path *path)
{
    for (size_t i = 0; i < path->count; i++)
        if (path->steps[i].kind != PATH_KEY || !spell_is_plain(path->steps[i].key))
            return false;
    return path->count > 0;
}

bool look_find_last_id(const struct look *look, struct str *ret_path)
{
    const struct path *path = &look->facts->stream->merge.path;
    if (!look->place_count || !is_of_keys(path))
        return false;
    struct value list = path_get(path, look->places[0].value);
    if (list.kind != VALUE_LIST || !list.list->count)
        return false;
    struct value id = value_get(list.list->items[list.list->count - 1], STR("id"));
    if (id.kind == VALUE_MAP || !look_is_cursor(id))
        return false;
    *ret_path = arena_printf(look->arena, "%.*s[-1].id", STR_ARG(path->source));
    return true;
}

/* --- which values fit --- */

bool look_is_link(struct value value)
{
    return link_is_target(value) || link_is_target(value_get(value, STR("href")));
}

static bool holds_scalars(struct value map)
{
    for (size_t i = 0; i < map.map->count; i++) {
        enum value_kind kind = map.map->members[i].value.kind;
        if (kind != VALUE_STRING && kind != VALUE_NUMBER && kind != VALUE_MAP)
            return false;
    }
    return map.map->count > 0 && map.map->count <= PAGER_MEMBERS_MAX;
}

static bool is_one_of(struct value value, const char *const *words, size_t count)
{
    for (size_t i = 0; value.kind == VALUE_STRING && i < count; i++)
        if (str_eq_nocase(value.text, str_from(words[i])))
            return true;
    return false;
}

bool look_is_word_for_nothing(struct value value)
{
    static const char *const words[] = {"null", "none", "nil", "undefined", "false", "#"};
    value.text = str_trim(value.text);
    return is_one_of(value, words, COUNT_OF(words));
}

bool look_is_cursor(struct value value)
{
    int64_t count;
    if (look_is_word_for_nothing(value) ||
        look_is_word_for_nothing(value_get(value, STR("href"))))
        return false;
    if (value.kind == VALUE_NUMBER)
        return value_count(value, &count) && count > 0;
    if (value.kind == VALUE_MAP)
        return holds_scalars(value) && !look_is_link(value);
    return value.kind == VALUE_STRING && str_trim(value.text).len && !link_is_target(value);
}

bool look_is_count(struct value value)
{
    int64_t count;
    return value_count(value, &count);
}

bool look_is_bool(struct value value)
{
    static const char *const words[] = {"true", "false", "yes", "no"};
    return value.kind == VALUE_BOOL || is_one_of(value, words, COUNT_OF(words));
}

bool look_is_true(struct value value)
{
    return look_is_bool(value) && value_flag(value) == 1;
}

bool look_is_false(struct value value)
{
    return look_is_bool(value) && value_flag(value) == 0;
}

bool look_is_flag(struct value value)
{
    bool is_text = value.kind == VALUE_NUMBER || value.kind == VALUE_STRING;
    return look_is_bool(value) ||
           (is_text && (str_is(value.text, "0") || str_is(value.text, "1")));
}

bool look_is_yes(struct value value)
{
    return look_is_flag(value) && value_flag(value) == 1;
}

bool look_is_no(struct value value)
{
    return look_is_flag(value) && value_flag(value) == 0;
}

bool look_is_nothing(struct value value)
{
    return value.kind == VALUE_NULL ||
           (value.kind == VALUE_STRING && !str_trim(value.text).len);
}

/*
 * A null cursor beside a full page is no such word: some APIs give a cursor only where one is
 * asked for.
 */
bool look_says_last(const struct look *look, struct look_found *ret, const char **ret_what)
{
    static const struct {
        const struct known_list *list;
        look_fits_fn *fits;
        const char *what;
    } words[] = {{&known_flags, look_is_no, "is false"},
                 {&known_ends, look_is_true, "is true"},
                 {&known_links, look_is_nothing, "holds no link"},
                 {&known_cursors, look_is_nothing, "holds no cursor"}};
    size_t count = COUNT_OF(words) - look_is_full(look->facts, look->arena);
    for (size_t i = 0; i < count; i++) {
        if (!look_find(look, words[i].list, words[i].fits, ret))
            continue;
        *ret_what = words[i].what;
        return true;
    }
    return false;
}

/* --- the request --- */

int64_t look_asked_in_query(struct str url)
{
    struct str before, pair, name, rest = str_split(url, '?', &before);
    int64_t count;
    while (rest.len) {
        rest = str_split(rest, '&', &pair);
        struct str text = str_split(pair, '=', &name);
        for (size_t i = 0; i < known_size_params.count; i++) {
            struct str known = str_from(known_size_params.items[i].name);
            if (http_url_is_param(name, known) && str_to_int64(text, &count) && count > 0)
                return count;
        }
    }
    return -1;
}

int64_t look_asked_for(const struct pager_facts *facts, struct arena *arena)
{
    struct own_param size;
    int64_t count = look_asked_in_query(facts->url);
    if (count < 0 && own_param_find(facts->stream, &known_size_params, arena, &size) &&
        !value_count(size.value, &count))
        return -1;
    return count;
}

bool look_is_full(const struct pager_facts *facts, struct arena *arena)
{
    int64_t seen = facts->seen + facts->again;
    return facts->seen > 0 &&
           (look_asked_for(facts, arena) == seen || seen % 10 == 0 || seen % 25 == 0);
}

/* --- a count of all records --- */

/* Counts at which servers stop counting. */
static const int64_t caps[] = {10000, 10001, 50000};

static bool is_cap(int64_t count)
{
    for (size_t i = 0; i < COUNT_OF(caps); i++)
        if (count == caps[i])
            return true;
    return false;
}

static bool read_count_of(struct value value, int64_t *ret_count)
{
    return value_count(value.kind == VALUE_MAP ? value_get(value, STR("value")) : value,
                       ret_count);
}

bool look_read_total(struct value value, int64_t *ret_total)
{
    struct value relation = value_get(value, STR("relation"));
    if (relation.kind == VALUE_STRING && !str_is(relation.text, "eq"))
        return false;
    return read_count_of(value, ret_total) && !is_cap(*ret_total);
}

bool look_is_bound(struct value value)
{
    int64_t count;
    return read_count_of(value, &count) && !look_read_total(value, &count);
}
