#include "config/identifier.h"

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

bool identifier_is_name(struct str name)
{
    if (name.len == 0 || name.len > 48 || !is_lower(name.ptr[0]))
        return false;
    for (size_t i = 1; i < name.len; i++)
        if (!is_lower(name.ptr[i]) && !(name.ptr[i] >= '0' && name.ptr[i] <= '9') &&
            name.ptr[i] != '_')
            return false;
    return true;
}

bool identifier_is_sql(struct str name)
{
    return name.len > 0 && name.len <= 63 && str_is_utf8(name) &&
           str_find_byte(name, '\0') < 0 && !str_starts(name, STR("_pt_"));
}

bool identifier_is_header(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (!is_alnum && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return text.len > 0;
}

bool identifier_is_zone(struct str text)
{
    bool is_word = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (!is_alnum && (c != '/' || !is_word) && (c == '\0' || !strchr("+-_", c)))
            return false;
        is_word = c != '/';
    }
    return is_word && text.len <= 63;
}
