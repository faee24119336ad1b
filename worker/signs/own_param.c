#include "worker/signs/own_param.h"

#include "base/ascii.h"
#include "worker/signs/pager_words.h"

/* A map of a body: the members of a template, or of a constant. */
struct members {
    const struct template *template;
    const struct value_map *map; /* where the template is a constant */
    size_t count;
};

static struct members members_of(const struct template *template)
{
    bool is_map = template->kind == TEMPLATE_MAP;
    bool is_constant =
        template->kind == TEMPLATE_CONSTANT && template->constant.kind == VALUE_MAP;
    const struct value_map *map = is_constant ? template->constant.map : NULL;
    return (struct members){template, map, is_map ? template->count : map ? map->count : 0};
}

static struct str key_at(const struct members *members, size_t i)
{
    return members->map ? members->map->members[i].key : members->template->keys[i];
}

static struct template member_at(const struct members *members, size_t i)
{
    if (!members->map)
        return members->template->items[i];
    return (struct template){.kind = TEMPLATE_CONSTANT,
                             .constant = members->map->members[i].value};
}

static struct value constant_of(const struct template *template)
{
    return template->kind == TEMPLATE_CONSTANT ? template->constant : UNDEFINED_VALUE;
}

/* As a path of keys: odd names in quotes. */
static struct str body_place(struct arena *arena, struct str above, struct str key)
{
    bool is_odd = strpbrk(arena_cstr(arena, key), ".[]'\" ") != NULL;
    const char *dot = above.len && !is_odd ? "." : "";
    return arena_printf(arena, is_odd ? "body:%.*s%s['%.*s']" : "body:%.*s%s%.*s",
                        STR_ARG(above), dot, STR_ARG(key));
}

static bool find_in_map(const struct template *body, struct str above,
                        const struct known_list *list, struct arena *arena,
                        struct own_param *ret)
{
    struct members members = members_of(body);
    for (size_t i = 0; i < members.count; i++) {
        struct str key = key_at(&members, i);
        struct template member = member_at(&members, i);
        if (!known_find(list, key) || members_of(&member).count)
            continue;
        *ret = (struct own_param){body_place(arena, above, key), key, constant_of(&member)};
        return true;
    }
    return false;
}

static bool find_in_body(const struct stream *stream, const struct known_list *list,
                         struct arena *arena, struct own_param *ret)
{
    if (!stream->body || stream->body_type == BODY_TEXT)
        return false;
    if (find_in_map(stream->body, STR_NONE, list, arena, ret))
        return true;
    struct members members = members_of(stream->body);
    for (size_t i = 0; stream->body_type == BODY_JSON && i < members.count; i++) {
        struct template member = member_at(&members, i);
        if (find_in_map(&member, key_at(&members, i), list, arena, ret))
            return true;
    }
    return false;
}

bool own_param_find(const struct stream *stream, const struct known_list *list,
                    struct arena *arena, struct own_param *ret)
{
    for (size_t i = 0; i < stream->param_count; i++) {
        const struct named_template *param = &stream->params[i];
        if (!known_find(list, param->name))
            continue;
        *ret = (struct own_param){param->name, param->name, constant_of(&param->template)};
        return true;
    }
    return find_in_body(stream, list, arena, ret);
}

/* --- GraphQL --- */

/* The text of a query; empty where the body has none, or an expression makes it. */
static struct str query_text(const struct stream *stream)
{
    if (!stream->body || stream->body_type != BODY_JSON)
        return STR_NONE;
    struct members members = members_of(stream->body);
    for (size_t i = 0; i < members.count; i++) {
        struct template member = member_at(&members, i);
        if (str_is(key_at(&members, i), "query") && constant_of(&member).kind == VALUE_STRING)
            return constant_of(&member).text;
    }
    return STR_NONE;
}

static bool is_declared_at(struct str rest)
{
    while (rest.len && ascii_is_space(rest.ptr[0]))
        rest = str_slice(rest, 1, rest.len);
    return rest.len && rest.ptr[0] == ':';
}

/* "$after :" (GraphQL, "Variables"); where one is only used, no colon follows. */
static bool is_declared(const struct stream *stream, const char *name, struct arena *arena)
{
    struct str query = query_text(stream), mark = arena_printf(arena, "$%s", name);
    for (ptrdiff_t at; (at = str_find(query, mark)) >= 0;) {
        query = str_slice(query, (size_t)at + mark.len, query.len);
        if (is_declared_at(query))
            return true;
    }
    return false;
}

bool own_param_find_declared(const struct stream *stream, const struct known_list *list,
                             struct arena *arena, struct own_param *ret)
{
    for (size_t i = 0; i < list->count; i++) {
        struct str name = str_from(list->items[i].name);
        if (!is_declared(stream, list->items[i].name, arena))
            continue;
        *ret = (struct own_param){body_place(arena, STR("variables"), name), name, NULL_VALUE};
        return true;
    }
    return false;
}

/* --- what is sent already --- */

static bool is_member_at(const struct template *body, struct str above, struct str place,
                         struct arena *arena)
{
    struct members members = members_of(body);
    for (size_t i = 0; i < members.count; i++)
        if (str_eq(body_place(arena, above, key_at(&members, i)), place))
            return true;
    return false;
}

static bool is_in_body(const struct stream *stream, struct str place, struct arena *arena)
{
    struct str variable = STR("body:variables.");
    if (!stream->body || stream->body_type == BODY_TEXT)
        return false;
    if (str_starts(place, variable)) {
        struct str name = str_slice(place, variable.len, place.len);
        if (is_declared(stream, arena_cstr(arena, name), arena))
            return true;
    }
    struct members members = members_of(stream->body);
    for (size_t i = 0; i < members.count; i++) {
        struct template member = member_at(&members, i);
        if (is_member_at(&member, key_at(&members, i), place, arena))
            return true;
    }
    return is_member_at(stream->body, STR_NONE, place, arena);
}

bool own_param_is_at(const struct stream *stream, struct str place, struct arena *arena)
{
    for (size_t i = 0; i < stream->param_count; i++)
        if (str_eq(stream->params[i].name, place))
            return true;
    return str_starts(place, STR("body:")) && is_in_body(stream, place, arena);
}

/* --- where a parameter goes --- */

static bool has_member(const struct template *body, const char *name)
{
    struct members members = members_of(body);
    for (size_t i = 0; i < members.count; i++)
        if (str_is(key_at(&members, i), name))
            return true;
    return false;
}

/* "body:variables.limit" → "body:variables." with the name. */
static struct str beside(struct arena *arena, struct str place, const char *name)
{
    struct str above = STR_NONE, path = str_slice(place, 5, place.len);
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] == '.')
            above = str_slice(path, 0, i);
    return body_place(arena, above, str_from(name));
}

/* An object without members is a place for them, where the query has no parameter either. */
static bool is_empty_map(const struct stream *stream, const struct template *body)
{
    bool is_map = body->kind == TEMPLATE_MAP || constant_of(body).kind == VALUE_MAP;
    return is_map && !members_of(body).count && stream->body_type == BODY_JSON &&
           !stream->param_count;
}

struct str own_param_place(const struct stream *stream, const char *name, struct arena *arena)
{
    struct own_param size;
    const struct template *body = stream->body_type == BODY_TEXT ? NULL : stream->body;
    bool has_size = own_param_find(stream, &known_size_params, arena, &size);
    bool is_in_body = has_size && str_starts(size.place, STR("body:"));
    if (is_in_body)
        return beside(arena, size.place, name);
    if (has_size || !body || str_is(stream->method, "GET") ||
        (!members_of(body).count && !is_empty_map(stream, body)))
        return str_from(name);
    struct str above = has_member(body, "variables") && has_member(body, "query")
                           ? STR("variables")
                           : STR_NONE;
    return body_place(arena, above, str_from(name));
}

/* --- the names that are tried --- */

static void add(struct param_names *names, const struct stream *stream, struct str name,
                struct arena *arena)
{
    if (!name.len)
        return;
    struct str place = own_param_place(stream, arena_cstr(arena, name), arena);
    if (names->count < KNOWN_PARAMS_MAX && !own_param_is_at(stream, place, arena))
        names->places[names->count++] = place;
}

static void add_all(struct param_names *names, const struct stream *stream, struct str words,
                    struct arena *arena)
{
    struct str word;
    while (words.len) {
        words = str_split(words, ' ', &word);
        add(names, stream, word, arena);
    }
}

static const struct known *number_param(struct str name)
{
    const struct known *page = known_find(&known_page_params, name);
    return page ? page : known_find(&known_offset_params, name);
}

/* "body:variables.page" → "page" */
static struct str name_at(struct str place)
{
    if (!str_starts(place, STR("body:")))
        return place;
    size_t from = 5;
    for (size_t i = from; i < place.len; i++)
        if (place.ptr[i] == '.')
            from = i + 1;
    return str_slice(place, from, place.len);
}

/* What stands behind the flag's place in words of numbers: or:current_page. */
static const struct str own_mark = STR_INIT("or:");

struct str param_names_own(const struct known *known, struct str place, struct arena *arena)
{
    struct str name = str_from(known->name);
    if (!str_is(name_at(place), "page") || str_is(name, "page") ||
        !known_find(&known_page_params, name))
        return STR_NONE;
    return arena_printf(arena, "%.*s%.*s", STR_ARG(own_mark), STR_ARG(name));
}

bool param_names_is_own(struct str word)
{
    return str_starts(word, own_mark);
}

static void names_of(const struct known *known, bool is_number, const struct stream *stream,
                     struct arena *arena, struct str own, struct param_names *ret)
{
    struct str usual = str_from(known->param);
    const char *also = known->also;
    *ret = (struct param_names){.count = 0};
    if (str_is(usual, "page") && is_number)
        also = number_param(usual)->also;
    else if (str_is(usual, "page"))
        usual = STR("cursor");
    add(ret, stream, usual, arena);
    add(ret, stream, own, arena);
    if (also)
        add_all(ret, stream, str_from(also), arena);
}

void param_names_of(const struct known *known, bool is_number, const struct stream *stream,
                    struct arena *arena, struct param_names *ret)
{
    names_of(known, is_number, stream, arena, STR_NONE, ret);
}

/* --- the names behind one --- */

struct parts {
    struct str type, where, param, flag;
};

static struct parts split(struct str words)
{
    struct parts parts;
    words = str_split(words, ' ', &parts.type);
    words = str_split(words, ' ', &parts.where);
    words = str_split(words, ' ', &parts.param);
    str_split(words, ' ', &parts.flag);
    return parts;
}

/* The field that the words read, with its names; NULL: it has one for certain. */
static const struct known *field_of(const struct parts *parts)
{
    if (str_is(parts->type, "last_id"))
        return &known_last_id;
    if (!str_starts(parts->type, STR("cursor")))
        return number_param(name_at(parts->param));
    const struct known *cursor = known_find_at_end(&known_cursors, parts->where);
    return cursor ? cursor : known_find_at_end(&known_reached, parts->where);
}

static size_t index_of(const struct param_names *names, struct str place)
{
    size_t i = 0;
    while (i < names->count && !str_eq(names->places[i], place))
        i++;
    return i;
}

bool param_names_other(struct str words, const struct stream *stream, size_t n,
                       struct arena *arena, struct str *ret_words)
{
    struct parts parts = split(words);
    const struct known *known = field_of(&parts);
    struct param_names names;
    if (!known || !known->param)
        return false;
    bool is_number = number_param(name_at(parts.param)) != NULL;
    struct str own = param_names_is_own(parts.flag)
                         ? str_slice(parts.flag, own_mark.len, parts.flag.len)
                         : STR_NONE;
    names_of(known, is_number, stream, arena, own, &names);
    size_t at = index_of(&names, parts.param) + n;
    if (at >= names.count)
        return false;
    if (own.len)
        parts.flag = STR_NONE;
    *ret_words =
        arena_printf(arena, "%.*s %.*s %.*s%s%.*s", STR_ARG(parts.type), STR_ARG(parts.where),
                     STR_ARG(names.places[at]), parts.flag.len ? " " : "", STR_ARG(parts.flag));
    return ret_words->len < PAGER_WORDS_MAX;
}
