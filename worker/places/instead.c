#include "worker/places/instead.h"

#include "base/redact.h"
#include "config/problem.h"
#include "worker/signs/spell.h"

enum { NAMES_SHOWN_MAX = 12, NAME_BYTES_MAX = 60, LEVELS_MAX = 4 };

static struct str names_of(struct arena *arena, struct value value)
{
    AUTO_BUF(names, KIB(2));
    if (value.kind != VALUE_MAP)
        return arena_printf(arena, "what is there is no object, but %s",
                            value_kind_name(value.kind));
    for (size_t i = 0; i < value.map->count && i < NAMES_SHOWN_MAX; i++)
        buf_printf(&names, "%s%.*s", i ? ", " : "",
                   STR_ARG(redact_cut(arena, value.map->members[i].key, NAME_BYTES_MAX)));
    return arena_printf(arena, "there are %.*s%s", STR_ARG(buf_str(&names)),
                        value.map->count > NAMES_SHOWN_MAX ? ", …" : "");
}

/* As many as a slip may have: of a short name every other is near. */
static int most_edits(struct str name)
{
    return name.len < 4 ? 1 : MIN(3, (int)name.len / 3 + 1);
}

/* The member whose name is the nearest; empty: none is near. */
static struct str nearest(struct value map, struct str name)
{
    int best = most_edits(name) + 1;
    struct str found = STR_NONE;
    for (size_t i = 0; map.kind == VALUE_MAP && i < map.map->count; i++) {
        struct str key = map.map->members[i].key;
        int distance =
            spell_is_same(key, name) ? 0 : problem_distance(name, key, MAX(best - 1, 0));
        if (distance < best) {
            best = distance;
            found = key;
        }
    }
    return found;
}

/* A place of that name below the map, at most so many levels. */
static struct str find_below(struct arena *arena, struct value map, struct str name, int levels)
{
    for (size_t i = 0; levels > 0 && map.kind == VALUE_MAP && i < map.map->count; i++) {
        const struct value_member *member = &map.map->members[i];
        struct str step = spell_step(arena, member->key);
        if (spell_is_same(member->key, name))
            return step;
        struct str below = find_below(arena, member->value, name, levels - 1);
        if (below.len)
            return spell_join(arena, step, below);
    }
    return STR_NONE;
}

/* One step down; of a wildcard the first element. */
static struct value step_down(struct value value, struct path_step *step)
{
    const struct path one = {.steps = step, .count = 1};
    if (step->kind < PATH_EACH)
        return path_get(&one, value);
    if (value.kind == VALUE_LIST && value.list->count)
        return value.list->items[0];
    if (value.kind == VALUE_MAP && value.map->count)
        return value.map->members[0].value;
    return UNDEFINED_VALUE;
}

/* How many steps lead to something; *ret is what stands there. */
static size_t steps_there(const struct path *path, struct value root, struct value *ret)
{
    size_t count = 0;
    for (*ret = root; count < path->count; count++) {
        struct value value = step_down(*ret, &path->steps[count]);
        if (value.kind == VALUE_UNDEFINED)
            break;
        *ret = value;
    }
    return count;
}

static struct str text_of_step(struct arena *arena, const struct path_step *step)
{
    switch (step->kind) {
    case PATH_KEY:
        return spell_step(arena, step->key);
    case PATH_INDEX:
        return arena_printf(arena, "[%lld]", (long long)step->index);
    case PATH_FILTER:
        return arena_printf(arena, "[%.*s=%.*s]", STR_ARG(step->key), STR_ARG(step->text));
    case PATH_EACH:
        return STR("[*]");
    case PATH_MEMBER:
        return STR("*");
    }
    return STR_NONE;
}

static struct str path_to(struct arena *arena, const struct path *path, size_t steps)
{
    struct str text = STR_NONE;
    for (size_t i = 0; i < steps; i++) {
        const struct path_step *step = &path->steps[i];
        text = spell_join(arena, text, text_of_step(arena, step));
    }
    return text;
}

struct str instead_find(struct arena *arena, const struct path *path, struct value root)
{
    struct value above;
    size_t steps = steps_there(path, root, &above);
    struct str name = steps < path->count && path->steps[steps].kind == PATH_KEY
                          ? path->steps[steps].key
                          : STR_NONE;
    struct str near = nearest(above, name);
    struct str last = path->count ? path->steps[path->count - 1].key : STR_NONE;
    if (near.len)
        near = spell_join(arena, path_to(arena, path, steps), spell_step(arena, near));
    else if (last.len)
        near = find_below(arena, root, last, LEVELS_MAX);
    if (near.len)
        return arena_printf(arena, "%.*s is there", STR_ARG(near));
    return names_of(arena, above);
}

bool instead_is_near(struct str other, struct str name)
{
    int most = most_edits(name);
    return spell_is_same(other, name) || problem_distance(name, other, most) <= most;
}
