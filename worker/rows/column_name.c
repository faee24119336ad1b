#include "worker/rows/column_name.h"

#include <stdbool.h>

#include "port/hash.h"

enum { COLUMN_NAME_MAX = 63 }; /* bytes of a PostgreSQL identifier */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A word begins at a capital after a small letter or digit, and at the last of several
 * capitals before a small letter: userID, HTMLPage, v2Name. */
static bool is_word_start(struct str field, size_t at)
{
    if (at == 0 || !is_upper(field.ptr[at]))
        return false;
    char before = field.ptr[at - 1];
    bool small_follows = at + 1 < field.len && is_lower(field.ptr[at + 1]);
    return is_lower(before) || is_digit(before) || (is_upper(before) && small_follows);
}

static struct str snake_case(struct arena *arena, struct str field)
{
    char *name = arena_alloc(arena, field.len * 2 + 2);
    size_t len = 0;
    for (size_t i = 0; i < field.len; i++) {
        char c = field.ptr[i];
        bool is_plain = is_lower(c) || is_upper(c) || is_digit(c);
        if ((!is_plain || is_word_start(field, i)) && (len ? name[len - 1] != '_' : c == '_'))
            name[len++] = '_';
        if (is_plain)
            name[len++] = is_upper(c) ? (char)(c + 32) : c;
    }
    if (len && name[len - 1] == '_')
        len--;
    return (struct str){name, len};
}

static bool is_system_column(struct str name)
{
    static const char *const names[] = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_is(name, names[i]))
            return true;
    return false;
}

struct str column_name_for(struct arena *arena, struct str field)
{
    uint32_t hash = (uint32_t)hash_bytes(field, 0);
    struct str name = snake_case(arena, field);
    if (name.len == 0)
        return field.len ? arena_printf(arena, "field_%08x", hash) : STR("field");
    if (is_digit(name.ptr[0]))
        name = arena_printf(arena, "_%.*s", STR_ARG(name));
    if (str_starts(name, STR("_pt_")))
        name = str_slice(name, 1, name.len);
    if (is_system_column(name))
        name = arena_printf(arena, "%.*s_", STR_ARG(name));
    if (name.len > COLUMN_NAME_MAX)
        name = arena_printf(arena, "%.*s_%08x", COLUMN_NAME_MAX - 9, name.ptr, hash);
    return name;
}
