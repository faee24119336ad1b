#include "core/path.h"

#include <assert.h>

/*
 * The grammar, read by one function a rule:
 *
 *     path     "" | "." | first step*          a path that is empty or one dot: the whole body
 *     first    key | bracket
 *     step     "." key | bracket
 *     key      bytes without . [ ]             `*` is every member
 *     bracket  "[" ( "*" | integer | quoted | name "=" ( quoted | bytes without ] ) ) "]"
 *     quoted   between two ' or two "; \ before a quote or a backslash
 *
 * E.g. `orders[*].lines[kind=sale]['@id']` is KEY orders, EACH, KEY lines, FILTER kind = sale,
 * KEY @id. A path is compiled once and read often; steps are a flat array, and reading is a
 * loop in which undefined stays undefined. Wildcards are not read here but by the records
 * module, which streams what they match.
 */
enum { STEPS_MAX = 64, PATH_BYTES_MAX = 4096 };

struct parser {
    struct arena *arena;
    struct str text;
    size_t at;
    struct path_step steps[STEPS_MAX];
    size_t count;
    struct err *err;
};

static bool fail(struct parser *p, size_t at, const char *what)
{
    return err_set(p->err, ERR_CONFIG, "path", 0, "%s at byte %zu of the path '%.*s'", what,
                   at + 1, STR_ARG(p->text));
}

static bool add(struct parser *p, struct path_step step)
{
    if (p->count == STEPS_MAX)
        return fail(p, p->at, "too many steps");
    p->steps[p->count++] = step;
    return true;
}

static char peek(const struct parser *p)
{
    return p->at < p->text.len ? p->text.ptr[p->at] : '\0';
}

/* 'text' or "text", with \ before a quote or a backslash; moves past it. */
static bool take_quoted(struct parser *p, struct str *ret)
{
    size_t start = p->at;
    char quote = p->text.ptr[p->at++];
    char *out = arena_alloc(p->arena, p->text.len - p->at + 1);
    size_t len = 0;
    for (; p->at < p->text.len && peek(p) != quote; p->at++) {
        if (peek(p) == '\\' && p->at + 1 < p->text.len)
            p->at++;
        out[len++] = peek(p);
    }
    if (p->at == p->text.len)
        return fail(p, start, "a quote that is not closed");
    p->at++;
    *ret = (struct str){out, len};
    return true;
}

static bool expect_bracket(struct parser *p)
{
    if (peek(p) != ']')
        return fail(p, p->at, "expected ]");
    p->at++;
    return true;
}

/* name=text, the text perhaps in quotes */
static bool parse_filter(struct parser *p, struct str name)
{
    struct path_step step = {.kind = PATH_FILTER, .key = str_trim(name)};
    size_t start = p->at;
    if (!step.key.len)
        return fail(p, start, "no name before =");
    if (peek(p) == '\'' || peek(p) == '"') {
        if (!take_quoted(p, &step.text))
            return false;
    } else {
        while (p->at < p->text.len && peek(p) != ']')
            p->at++;
        step.text = str_slice(p->text, start, p->at);
    }
    return expect_bracket(p) && add(p, step);
}

static bool parse_bracket(struct parser *p)
{
    size_t start = ++p->at;
    struct path_step step = {.kind = PATH_KEY};
    if (peek(p) == '\'' || peek(p) == '"')
        return take_quoted(p, &step.key) && expect_bracket(p) && add(p, step);
    while (p->at < p->text.len && peek(p) != ']' && peek(p) != '=')
        p->at++;
    struct str inside = str_slice(p->text, start, p->at);
    if (peek(p) == '=') {
        p->at++;
        return parse_filter(p, inside);
    }
    if (!expect_bracket(p))
        return false;
    if (str_is(inside, "*"))
        return add(p, (struct path_step){.kind = PATH_EACH});
    step.kind = PATH_INDEX;
    if (!str_to_int64(inside, &step.index))
        return fail(p, start, "expected an index, *, a quoted key or name=text");
    return add(p, step);
}

static bool parse_key(struct parser *p)
{
    size_t start = p->at;
    while (p->at < p->text.len && peek(p) != '.' && peek(p) != '[' && peek(p) != ']')
        p->at++;
    struct str key = str_slice(p->text, start, p->at);
    if (!key.len)
        return fail(p, start, "an empty key");
    if (str_is(key, "*"))
        return add(p, (struct path_step){.kind = PATH_MEMBER});
    return add(p, (struct path_step){.kind = PATH_KEY, .key = key});
}

static bool parse_steps(struct parser *p)
{
    bool is_whole = p->text.len == 0 || str_is(p->text, ".");
    if (is_whole)
        return true;
    if (peek(p) != '[' && !parse_key(p))
        return false;
    while (p->at < p->text.len) {
        bool is_dot = peek(p) == '.';
        if (!is_dot && peek(p) != '[')
            return fail(p, p->at, "expected . or [");
        p->at += is_dot;
        if (!(is_dot ? parse_key(p) : parse_bracket(p)))
            return false;
    }
    return true;
}

bool path_compile(struct arena *arena, struct str text, struct path *ret, struct err *err)
{
    if (text.len > PATH_BYTES_MAX)
        return err_set(err, ERR_CONFIG, "path", 0, "a path of %zu bytes; %d is the most",
                       text.len, PATH_BYTES_MAX);
    struct parser p = {.arena = arena, .text = arena_str(arena, text), .err = err};
    if (!parse_steps(&p))
        return false;
    struct path path = {.source = p.text, .count = p.count};
    path.steps = ARENA_ARRAY(arena, struct path_step, p.count);
    for (size_t i = 0; i < p.count; i++) {
        path.steps[i] = p.steps[i];
        path.has_wildcard |= p.steps[i].kind == PATH_EACH || p.steps[i].kind == PATH_MEMBER;
    }
    *ret = path;
    return true;
}

/* --- reading --- */

static struct value at_index(struct value list, int64_t index)
{
    if (list.kind != VALUE_LIST)
        return UNDEFINED_VALUE;
    if (index < 0)
        index += (int64_t)list.list->count;
    return index < 0 ? UNDEFINED_VALUE : value_at(list, (size_t)index);
}

static struct value at_key(struct value container, struct str key)
{
    int64_t index;
    if (container.kind == VALUE_LIST && str_to_int64(key, &index))
        return at_index(container, index);
    return value_get(container, key);
}

static bool equals_text(struct value value, struct str text)
{
    if (value.kind == VALUE_STRING || value.kind == VALUE_NUMBER)
        return str_eq(value.text, text);
    return value.kind == VALUE_BOOL && str_is(text, value.boolean ? "true" : "false");
}

static struct value at_filter(struct value list, const struct path_step *step)
{
    for (size_t i = 0; list.kind == VALUE_LIST && i < list.list->count; i++)
        if (equals_text(value_get(list.list->items[i], step->key), step->text))
            return list.list->items[i];
    return UNDEFINED_VALUE;
}

struct value path_get(const struct path *path, struct value root)
{
    struct value value = root;
    assert(!path->has_wildcard);
    for (size_t i = 0; i < path->count; i++) {
        const struct path_step *step = &path->steps[i];
        if (step->kind == PATH_KEY)
            value = at_key(value, step->key);
        else if (step->kind == PATH_INDEX)
            value = at_index(value, step->index);
        else
            value = step->kind == PATH_FILTER ? at_filter(value, step) : UNDEFINED_VALUE;
    }
    return value;
}
