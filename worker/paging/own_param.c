#include "worker/paging/own_param.h"

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

struct str own_param_place(const struct stream *stream, const char *name, struct arena *arena)
{
    struct own_param size;
    const struct template *body = stream->body_type == BODY_TEXT ? NULL : stream->body;
    bool has_size = own_param_find(stream, &known_size_params, arena, &size);
    bool is_in_body = has_size && str_starts(size.place, STR("body:"));
    if (is_in_body)
        return beside(arena, size.place, name);
    if (has_size || !body || !members_of(body).count || str_is(stream->method, "GET"))
        return str_from(name);
    struct str above = has_member(body, "variables") && has_member(body, "query")
                           ? STR("variables")
                           : STR_NONE;
    return body_place(arena, above, str_from(name));
}
