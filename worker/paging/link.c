#include "worker/paging/link.h"

struct link_reader {
    struct str rest;
};

static char peek(const struct link_reader *reader)
{
    return reader->rest.len ? reader->rest.ptr[0] : '\0';
}

static void skip(struct link_reader *reader, size_t count)
{
    reader->rest = str_slice(reader->rest, count, reader->rest.len);
}

static void skip_spaces(struct link_reader *reader)
{
    while (peek(reader) == ' ' || peek(reader) == '\t')
        skip(reader, 1);
}

static bool is_token(char c)
{
    return c != '\0' && c != ';' && c != ',' && c != '=' && c != '"' && c != ' ' && c != '\t';
}

static struct str read_token(struct link_reader *reader)
{
    size_t len = 0;
    while (len < reader->rest.len && is_token(reader->rest.ptr[len]))
        len++;
    struct str token = str_slice(reader->rest, 0, len);
    skip(reader, len);
    return token;
}

/* A quoted string without its quotes; backslashes stay: no relation type holds one. */
static bool read_quoted(struct link_reader *reader, struct str *ret)
{
    size_t end = 1;
    while (end < reader->rest.len && reader->rest.ptr[end] != '"')
        end += reader->rest.ptr[end] == '\\' ? 2 : 1;
    if (end >= reader->rest.len)
        return false;
    *ret = str_slice(reader->rest, 1, end);
    skip(reader, end + 1);
    return true;
}

/* `; name`, `; name=token` or `; name="quoted"`. False at a syntax error. */
static bool read_param(struct link_reader *reader, struct str *ret_name, struct str *ret_value)
{
    skip_spaces(reader);
    *ret_name = read_token(reader);
    *ret_value = STR_NONE;
    skip_spaces(reader);
    if (peek(reader) != '=')
        return peek(reader) == ';' || peek(reader) == ',' || reader->rest.len == 0;
    skip(reader, 1);
    skip_spaces(reader);
    if (peek(reader) == '"')
        return read_quoted(reader, ret_value);
    *ret_value = read_token(reader);
    return true;
}

static bool lists_rel(struct str list, struct str rel)
{
    while (list.len) {
        size_t start = 0;
        while (start < list.len && (list.ptr[start] == ' ' || list.ptr[start] == '\t'))
            start++;
        size_t end = start;
        while (end < list.len && list.ptr[end] != ' ' && list.ptr[end] != '\t')
            end++;
        if (str_eq_nocase(str_slice(list, start, end), rel))
            return true;
        list = str_slice(list, end, list.len);
    }
    return false;
}

/* The params after a target; *ret_match says whether its first `rel` lists ours. */
static bool read_params(struct link_reader *reader, struct str rel, bool *ret_match)
{
    bool seen = false;
    *ret_match = false;
    skip_spaces(reader);
    while (peek(reader) == ';') {
        struct str name, value;
        skip(reader, 1);
        if (!read_param(reader, &name, &value))
            return false;
        if (!seen && str_eq_nocase(name, STR("rel"))) {
            seen = true;
            *ret_match = lists_rel(value, rel);
        }
        skip_spaces(reader);
    }
    return reader->rest.len == 0 || peek(reader) == ',';
}

static bool read_target(struct link_reader *reader, struct str *ret)
{
    ptrdiff_t end = peek(reader) == '<' ? str_find_byte(reader->rest, '>') : -1;
    if (end < 0)
        return false;
    *ret = str_slice(reader->rest, 1, (size_t)end);
    skip(reader, (size_t)end + 1);
    return true;
}

struct str link_find(struct str field, struct str rel)
{
    struct link_reader reader = {field};
    for (;;) {
        while (peek(&reader) == ',' || peek(&reader) == ' ' || peek(&reader) == '\t')
            skip(&reader, 1);
        struct str target;
        bool match;
        if (!read_target(&reader, &target) || !read_params(&reader, rel, &match))
            return STR_NONE;
        if (match)
            return target;
    }
}

struct str link_find_in_answer(const struct http_header *headers, size_t count, struct str rel)
{
    for (size_t i = 0; i < count; i++) {
        if (!str_is(headers[i].name, "link"))
            continue;
        struct str target = link_find(headers[i].value, rel);
        if (target.ptr)
            return target;
    }
    return STR_NONE;
}
