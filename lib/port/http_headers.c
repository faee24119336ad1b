#include "port/http_headers.h"

static bool fold(struct http_headers *headers, struct str line)
{
    if (!headers->count)
        return true;
    if (++headers->folded > HTTP_FOLDED_MAX)
        return false;
    struct str *value = &headers->list[headers->count - 1].value;
    *value =
        arena_printf(headers->arena, "%.*s %.*s", STR_ARG(*value), STR_ARG(str_trim(line)));
    return true;
}

static void put(struct http_headers *headers, struct str line)
{
    struct str name;
    struct str value = str_split(line, ':', &name);
    if (!value.ptr)
        return;
    char *lower = arena_cstr(headers->arena, str_trim(name));
    for (char *c = lower; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c | 32);
    ARENA_GROW(headers->arena, headers->list, headers->count, headers->capacity);
    headers->list[headers->count++] =
        (struct http_header){str_from(lower), arena_str(headers->arena, str_trim(value))};
}

bool http_headers_take(struct http_headers *headers, struct str line)
{
    headers->bytes += line.len;
    if (headers->bytes > HTTP_HEADERS_BYTES)
        return false;
    if (str_starts(line, STR("HTTP/"))) {
        headers->count = 0;
        headers->has_ended = false;
    } else if (str_trim(line).len == 0) {
        headers->has_ended = true;
    } else if (!headers->has_ended && (line.ptr[0] == ' ' || line.ptr[0] == '\t')) {
        return fold(headers, line);
    } else if (!headers->has_ended) {
        put(headers, line);
    }
    return true;
}
