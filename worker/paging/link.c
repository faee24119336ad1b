#include "worker/paging/link.h"

struct scan {
    struct str rest;
};

static char peek(const struct scan *scan)
{
    return scan->rest.len ? scan->rest.ptr[0] : '\0';
}

static void skip(struct scan *scan, size_t count)
{
    scan->rest = str_slice(scan->rest, count, scan->rest.len);
}

static void skip_spaces(struct scan *scan)
{
    while (peek(scan) == ' ' || peek(scan) == '\t')
        skip(scan, 1);
}

static bool is_token(char c)
{
    return c != '\0' && c != ';' && c != ',' && c != '=' && c != '"' && c != ' ' && c != '\t';
}

static struct str read_token(struct scan *scan)
{
    size_t len = 0;
    while (len < scan->rest.len && is_token(scan->rest.ptr[len]))
        len++;
    struct str token = str_slice(scan->rest, 0, len);
    skip(scan, len);
    return token;
}

/* A quoted string without its quotes; backslashes stay: no relation type holds one. */
static bool read_quoted(struct scan *scan, struct str *ret)
{
    size_t end = 1;
    while (end < scan->rest.len && scan->rest.ptr[end] != '"')
        end += scan->rest.ptr[end] == '\\' ? 2 : 1;
    if (end >= scan->rest.len)
        return false;
    *ret = str_slice(scan->rest, 1, end);
    skip(scan, end + 1);
    return true;
}

/* `; name`, `; name=token` or `; name="quoted"`. False at a syntax error. */
static bool read_param(struct scan *scan, struct str *ret_name, struct str *ret_value)
{
    skip_spaces(scan);
    *ret_name = read_token(scan);
    *ret_value = STR_NONE;
    skip_spaces(scan);
    if (peek(scan) != '=')
        return peek(scan) == ';' || peek(scan) == ',' || scan->rest.len == 0;
    skip(scan, 1);
    skip_spaces(scan);
    if (peek(scan) == '"')
        return read_quoted(scan, ret_value);
    *ret_value = read_token(scan);
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

/* The params behind a target; *ret_match tells whether its first `rel` lists ours. */
static bool read_params(struct scan *scan, struct str rel, bool *ret_match)
{
    bool seen = false;
    *ret_match = false;
    skip_spaces(scan);
    while (peek(scan) == ';') {
        struct str name, value;
        skip(scan, 1);
        if (!read_param(scan, &name, &value))
            return false;
        if (!seen && str_eq_nocase(name, STR("rel"))) {
            seen = true;
            *ret_match = lists_rel(value, rel);
        }
        skip_spaces(scan);
    }
    return scan->rest.len == 0 || peek(scan) == ',';
}

static bool read_target(struct scan *scan, struct str *ret)
{
    ptrdiff_t end = peek(scan) == '<' ? str_find_byte(scan->rest, '>') : -1;
    if (end < 0)
        return false;
    *ret = str_slice(scan->rest, 1, (size_t)end);
    skip(scan, (size_t)end + 1);
    return true;
}

struct str link_find(struct str field, struct str rel)
{
    struct scan scan = {field};
    for (;;) {
        while (peek(&scan) == ',' || peek(&scan) == ' ' || peek(&scan) == '\t')
            skip(&scan, 1);
        struct str target;
        bool match;
        if (!read_target(&scan, &target) || !read_params(&scan, rel, &match))
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
