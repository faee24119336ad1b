#include "worker/signs/spell.h"

#include "base/ascii.h"
#include "core/path.h"

static bool is_filler(char c)
{
    return c == '_' || c == '-' || c == '@' || c == '$';
}

/* The next byte that counts, in lower case; -1 at the end. */
static int next_byte(struct str *rest)
{
    size_t at = 0;
    while (at < rest->len && is_filler(rest->ptr[at]))
        at++;
    if (at == rest->len)
        return -1;
    char c = rest->ptr[at];
    *rest = str_slice(*rest, at + 1, rest->len);
    return ascii_is_letter(c) ? c | 0x20 : (unsigned char)c;
}

/* Most names: told by their first byte. */
static bool differ_at_once(struct str key, struct str name)
{
    return key.len && name.len && ascii_is_letter(key.ptr[0]) && ascii_is_letter(name.ptr[0]) &&
           (key.ptr[0] ^ name.ptr[0]) & ~0x20;
}

bool spell_is_same(struct str key, struct str name)
{
    int a, b;
    if (differ_at_once(key, name))
        return false;
    do {
        a = next_byte(&key);
        b = next_byte(&name);
    } while (a == b && a >= 0);
    return a == b && name.ptr;
}

/* "meta['next-token']" → "meta.next-token" */
static struct str without_brackets(struct str path, char *room)
{
    size_t len = 0;
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] == '[' && len)
            room[len++] = '.';
        else if (!strchr("[]'\"", path.ptr[i]))
            room[len++] = path.ptr[i];
    return (struct str){room, len};
}

bool spell_ends(struct str path, struct str name)
{
    char path_room[256], name_room[64];
    if (path.len > sizeof path_room || name.len > sizeof name_room || !path.len)
        return false;
    struct str rest = without_brackets(path, path_room),
               end = without_brackets(name, name_room);
    for (size_t at = 0; at <= rest.len; at++) {
        bool is_start = !at || rest.ptr[at - 1] == '.';
        if (is_start && spell_is_same(str_slice(rest, at, rest.len), end))
            return true;
    }
    return false;
}

const struct value_member *spell_find(struct value map, struct str name)
{
    for (size_t i = 0; map.kind == VALUE_MAP && i < map.map->count; i++) {
        const struct value_member *member = &map.map->members[i];
        if (spell_is_same(member->key, name) && spell_is_plain(member->key))
            return member;
    }
    return NULL;
}

/* --- along a path --- */

bool spell_is_plain(struct str key)
{
    for (size_t i = 0; i < key.len; i++)
        if (key.ptr[i] <= ' ' || key.ptr[i] == '\'' || key.ptr[i] == '\\')
            return false;
    return key.len && key.len <= 64;
}

static bool is_odd(struct str key)
{
    bool is_odd = str_trim(key).len != key.len || !key.len || str_is(key, "*");
    for (size_t i = 0; i < key.len; i++)
        is_odd |= strchr(".[]@:$/{", key.ptr[i]) != NULL;
    return is_odd;
}

struct str spell_step(struct arena *arena, struct str key)
{
    if (!is_odd(key))
        return arena_str(arena, key);
    char *step = arena_alloc(arena, 2 * key.len + sizeof "['']");
    size_t len = 0;
    step[len++] = '[';
    step[len++] = '\'';
    for (size_t i = 0; i < key.len; i++) {
        if (key.ptr[i] == '\'' || key.ptr[i] == '\\')
            step[len++] = '\\';
        step[len++] = key.ptr[i];
    }
    step[len++] = '\'';
    step[len++] = ']';
    return (struct str){step, len};
}

struct str spell_join(struct arena *arena, struct str path, struct str steps)
{
    bool needs_dot = path.len && steps.len && steps.ptr[0] != '[';
    return arena_join(arena, path, needs_dot ? "." : "", steps);
}

static struct value by_key(struct arena *arena, struct value at, const struct path_step *step,
                           struct str *path)
{
    const struct value_member *member = spell_find(at, step->key);
    if (!member)
        return UNDEFINED_VALUE;
    *path = spell_join(arena, *path, spell_step(arena, member->key));
    return member->value;
}

static struct value by_filter(struct arena *arena, struct value at,
                              const struct path_step *step, struct str *path)
{
    for (size_t i = 0; at.kind == VALUE_LIST && i < at.list->count; i++) {
        const struct value_member *member = spell_find(at.list->items[i], step->key);
        if (!member || member->value.kind != VALUE_STRING ||
            !str_eq_nocase(member->value.text, step->text))
            continue;
        *path = spell_join(arena, *path,
                           arena_printf(arena, "[%.*s=%.*s]", STR_ARG(member->key),
                                        STR_ARG(member->value.text)));
        return at.list->items[i];
    }
    return UNDEFINED_VALUE;
}

struct str spell_first(const char *path)
{
    return (struct str){path, strcspn(path, ".[")};
}

struct value spell_read(struct arena *arena, struct value at, const char *name,
                        struct str *ret_path)
{
    struct path path;
    struct err ignored = ERR_INIT;
    struct str first = spell_first(name);
    *ret_path = STR_NONE;
    if ((first.len && !spell_find(at, first)) ||
        !path_compile(arena, str_from(name), &path, &ignored))
        return UNDEFINED_VALUE;
    for (size_t i = 0; i < path.count && at.kind != VALUE_UNDEFINED; i++) {
        const struct path_step *step = &path.steps[i];
        if (step->kind == PATH_KEY)
            at = by_key(arena, at, step, ret_path);
        else
            at = step->kind == PATH_FILTER ? by_filter(arena, at, step, ret_path)
                                           : UNDEFINED_VALUE;
    }
    return at;
}
