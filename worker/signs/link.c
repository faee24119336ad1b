#include "worker/signs/link.h"

#include <ctype.h>

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

/*
 * A quoted string without its quotes; quoted pairs (RFC 9110, section 5.6.4) stay. Some servers
 * write single quotes, which are no part of the grammar.
 */
static bool read_quoted(struct link_reader *reader, struct str *ret)
{
    size_t end = 1;
    while (end < reader->rest.len && reader->rest.ptr[end] != peek(reader))
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
    if (peek(reader) == '"' || peek(reader) == '\'')
        return read_quoted(reader, ret_value);
    *ret_value = read_token(reader);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char to_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Is one of the types of the list `rel`, quoted pairs read as what they mean? */
static bool lists_rel(struct str list, struct str rel)
{
    size_t at = 0;
    while (at < list.len) {
        size_t len = 0;
        bool is_same = true;
        for (; at < list.len && !is_blank(list.ptr[at]); at++, len++) {
            at += list.ptr[at] == '\\' && at + 1 < list.len;
            is_same =
                is_same && len < rel.len && to_lower(list.ptr[at]) == to_lower(rel.ptr[len]);
        }
        if (is_same && len && len == rel.len)
            return true;
        at++;
    }
    return false;
}

/* An anchor makes the link another document's (RFC 8288, section 3.2), unless it is ours. */
static bool is_ours(struct str anchor, struct str page_url)
{
    ptrdiff_t scheme = str_find(page_url, STR("://"));
    struct str tail = str_slice(page_url, (size_t)(scheme + 3), page_url.len);
    ptrdiff_t path = scheme < 0 ? -1 : str_find_byte(tail, '/');
    return !anchor.len || str_eq(anchor, page_url) ||
           (path >= 0 && str_eq(anchor, str_slice(tail, (size_t)path, tail.len)));
}

/*
 * The params after a target. *ret_match: the first `rel` lists ours, no anchor is foreign, and
 * it does not say of itself that it leads to no records (`results`, Sentry's).
 */
static bool read_params(struct link_reader *reader, const struct link_wanted *wanted,
                        bool *ret_match)
{
    bool is_seen = false, is_listed = false, is_foreign = false, is_empty = false;
    skip_spaces(reader);
    while (peek(reader) == ';') {
        struct str name, value;
        skip(reader, 1);
        if (!read_param(reader, &name, &value))
            return false;
        if (!is_seen && str_eq_nocase(name, STR("rel"))) {
            is_seen = true;
            is_listed = lists_rel(value, wanted->rel);
        }
        if (str_eq_nocase(name, STR("anchor")))
            is_foreign = !is_ours(value, wanted->page_url);
        if (str_eq_nocase(name, STR("results")))
            is_empty = str_eq_nocase(value, STR("false"));
        skip_spaces(reader);
    }
    *ret_match = is_listed && !is_foreign && !is_empty;
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

struct str link_find(struct str field, const struct link_wanted *wanted, bool *ret_is_broken)
{
    struct link_reader reader = {field};
    for (;;) {
        while (peek(&reader) == ',' || peek(&reader) == ' ' || peek(&reader) == '\t')
            skip(&reader, 1);
        struct str target;
        bool match;
        if (!reader.rest.len)
            return STR_NONE;
        if (!read_target(&reader, &target) || !read_params(&reader, wanted, &match)) {
            *ret_is_broken = true;
            return STR_NONE;
        }
        if (match)
            return target;
    }
}

struct str link_find_in_answer(const struct http_header *headers, size_t count,
                               const struct link_wanted *wanted, struct str *ret_broken)
{
    *ret_broken = STR_NONE;
    for (size_t i = 0; i < count; i++) {
        if (!str_is(headers[i].name, "link"))
            continue;
        bool is_broken = false;
        struct str target = link_find(headers[i].value, wanted, &is_broken);
        if (target.ptr)
            return target;
        if (is_broken && !ret_broken->ptr)
            *ret_broken = headers[i].value;
    }
    return STR_NONE;
}

/* "Orders?$skip=20", without a slash before it: a path, and a query with a value. */
static bool is_relative(struct str text)
{
    struct str path, query = str_split(text, '?', &path);
    for (size_t i = 0; i < path.len; i++)
        if (!isalnum((unsigned char)path.ptr[i]) && !strchr("-._~/%()',", path.ptr[i]))
            return false;
    ptrdiff_t equals = str_find_byte(query, '=');
    return path.len && equals > 0 && str_find_byte(query, ' ') < 0;
}

bool link_is_target(struct value value)
{
    return value.kind == VALUE_STRING &&
           (str_starts(value.text, STR("http://")) || str_starts(value.text, STR("https://")) ||
            str_starts(value.text, STR("/")) || str_starts(value.text, STR("?")) ||
            is_relative(value.text));
}

bool link_is_there(const struct http_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(headers[i].name, "link"))
            return true;
    return false;
}

bool link_has_next(const struct http_header *headers, size_t count, struct str page_url)
{
    const struct link_wanted next = {STR("next"), page_url};
    struct str broken;
    return link_find_in_answer(headers, count, &next, &broken).ptr != NULL;
}
