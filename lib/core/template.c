#include "core/template.h"

#include "base/ascii.h"
#include "core/expr/caret.h"
#include "core/expr/lex.h"
#include "core/expr/limits.h"

enum { TEXT_MAX = EXPR_TEXT_MAX };

/* --- compiling --- */

static struct str trim_start(struct str text)
{
    while (text.len && ascii_is_space(text.ptr[0]))
        text = str_slice(text, 1, text.len);
    return text;
}

static struct str trim_end(struct str text)
{
    while (text.len && ascii_is_space(text.ptr[text.len - 1]))
        text = str_slice(text, 0, text.len - 1);
    return text;
}

struct parts {
    struct arena *arena;
    struct template_part *items;
    size_t count, capacity;
};

static void add_part(struct parts *parts, struct str text, const struct expr *expr)
{
    if (!text.len && !expr)
        return;
    ARENA_GROW(parts->arena, parts->items, parts->count, parts->capacity);
    parts->items[parts->count++] = (struct template_part){text, expr};
}

/*
 * One `{{ … }}` at the front of *rest. `{{- ` and ` -}}` take the white space beside them away,
 * as in Jinja2; `{{-1}}` is a number.
 */
static bool take_expression(struct parts *parts, struct str whole, struct str *rest,
                            struct err *err)
{
    size_t open = (size_t)(rest->ptr - whole.ptr);
    size_t end = lex_find_end(*rest, 2);
    if (end == rest->len)
        return caret_fail(err, ERR_CONFIG, whole, open, "no }} closes this {{");
    struct str source = str_slice(*rest, 2, end);
    bool trims_left = source.len > 1 && source.ptr[0] == '-' && ascii_is_space(source.ptr[1]);
    bool trims_right = source.len > 1 && source.ptr[source.len - 1] == '-';
    source = str_slice(source, trims_left, source.len - trims_right);
    struct expr *expr = NULL;
    if (!expr_compile(parts->arena, str_trim(source), &expr, err))
        return false;
    if (trims_left && parts->count && !parts->items[parts->count - 1].expr) {
        struct str *before = &parts->items[parts->count - 1].text;
        *before = trim_end(*before);
    }
    add_part(parts, STR_NONE, expr);
    *rest = str_slice(*rest, end + 2, rest->len);
    if (trims_right)
        *rest = trim_start(*rest);
    return true;
}

/* A block scalar of YAML ends with a newline that does not make an expression a text. */
static bool is_one_expression(const struct parts *parts)
{
    if (parts->count == 0 || !parts->items[0].expr)
        return false;
    return parts->count == 1 ||
           (parts->count == 2 && !parts->items[1].expr && str_is(parts->items[1].text, "\n"));
}

bool template_compile(struct arena *arena, struct str text, struct template *ret,
                      struct err *err)
{
    struct parts parts = {.arena = arena};
    struct str whole = arena_str(arena, text), rest = whole;
    bool has_expression = false;
    for (ptrdiff_t at; (at = str_find(rest, STR("{{"))) >= 0; has_expression = true) {
        add_part(&parts, str_slice(rest, 0, (size_t)at), NULL);
        rest = str_slice(rest, (size_t)at, rest.len);
        if (!take_expression(&parts, whole, &rest, err))
            return false;
    }
    add_part(&parts, rest, NULL);
    if (!has_expression)
        *ret = (struct template){.kind = TEMPLATE_CONSTANT, .constant = value_string(whole)};
    else if (is_one_expression(&parts))
        *ret = (struct template){.kind = TEMPLATE_EXPR, .expr = parts.items[0].expr};
    else
        *ret = (struct template){
            .kind = TEMPLATE_MIXED, .parts = parts.items, .count = parts.count};
    return true;
}

/* --- filling --- */

struct fill {
    const struct expr_scope *scope;
    bool need_defined;
    struct arena *arena;
    struct err *err;
};

static bool fill_any(struct fill *fill, const struct template *template, struct value *ret);

static bool fail(struct fill *fill, const struct expr *expr, const char *what)
{
    return caret_fail(fill->err, ERR_INPUT, expr_source(expr), 0, "%s", what);
}

static bool fill_expr(struct fill *fill, const struct expr *expr, struct value *ret)
{
    struct value value;
    if (!expr_eval(expr, fill->scope, fill->arena, &value, fill->err))
        return false;
    if (fill->need_defined && value.kind != VALUE_OMIT && value_has_undefined(value))
        return fail(fill, expr,
                    value.kind == VALUE_UNDEFINED ? "this is undefined"
                                                  : "something in this value is undefined");
    *ret = value;
    return true;
}

static bool put_part(struct fill *fill, const struct expr *expr, struct buf *buf)
{
    struct value value;
    if (!expr_eval(expr, fill->scope, fill->arena, &value, fill->err))
        return false;
    if (value.kind == VALUE_NULL)
        return fail(fill, expr, "this is null, and stands inside a text");
    if (value.kind == VALUE_OMIT)
        return fail(fill, expr, "omit cannot stand inside a text");
    if (value_has_undefined(value))
        return fail(fill, expr, "this is undefined, and stands inside a text");
    if (value.kind == VALUE_STRING)
        buf_put(buf, value.text);
    else
        value_format(buf, value);
    return !buf->has_overflowed || fail(fill, expr, "makes the text longer than 10 MiB");
}

static bool fill_mixed(struct fill *fill, const struct template *template, struct value *ret)
{
    AUTO_BUF(buf, TEXT_MAX);
    for (size_t i = 0; i < template->count; i++) {
        const struct template_part *part = &template->parts[i];
        buf_put(&buf, part->text);
        if (part->expr && !put_part(fill, part->expr, &buf))
            return false;
    }
    *ret = value_string(arena_str(fill->arena, buf_str(&buf)));
    return true;
}

static bool fill_list(struct fill *fill, const struct template *template, struct value *ret)
{
    struct value_list *list = ARENA_NEW(fill->arena, struct value_list);
    list->items = ARENA_ARRAY(fill->arena, struct value, template->count);
    for (size_t i = 0; i < template->count; i++) {
        struct value *item = &list->items[list->count];
        if (!fill_any(fill, &template->items[i], item))
            return false;
        list->count += item->kind != VALUE_OMIT;
    }
    *ret = (struct value){.kind = VALUE_LIST, .list = list};
    return true;
}

static bool fill_map(struct fill *fill, const struct template *template, struct value *ret)
{
    struct value_map *map = ARENA_NEW(fill->arena, struct value_map);
    map->members = ARENA_ARRAY(fill->arena, struct value_member, template->count);
    for (size_t i = 0; i < template->count; i++) {
        struct value_member *member = &map->members[map->count];
        member->key = template->keys[i];
        if (!fill_any(fill, &template->items[i], &member->value))
            return err_wrap(fill->err, "%.*s", STR_ARG(template->keys[i]));
        map->count += member->value.kind != VALUE_OMIT;
    }
    *ret = (struct value){.kind = VALUE_MAP, .map = map};
    return true;
}

static bool fill_any(struct fill *fill, const struct template *template, struct value *ret)
{
    switch (template->kind) {
    case TEMPLATE_CONSTANT:
        *ret = template->constant;
        return true;
    case TEMPLATE_EXPR:
        return fill_expr(fill, template->expr, ret);
    case TEMPLATE_MIXED:
        return fill_mixed(fill, template, ret);
    case TEMPLATE_LIST:
        return fill_list(fill, template, ret);
    case TEMPLATE_MAP:
        return fill_map(fill, template, ret);
    }
    return err_set(fill->err, ERR_BUG, "template", 0, "kind %d", (int)template->kind);
}

bool template_fill(const struct template *template, const struct expr_scope *scope,
                   bool need_defined, struct arena *arena, struct value *ret, struct err *err)
{
    struct fill fill = {scope, need_defined, arena, err};
    struct value value;
    if (!fill_any(&fill, template, &value))
        return false;
    *ret = value;
    return true;
}

void template_uses(const struct template *template, expr_use_fn fn, void *ctx)
{
    if (template->kind == TEMPLATE_EXPR)
        expr_uses(template->expr, fn, ctx);
    for (size_t i = 0; template->kind == TEMPLATE_MIXED && i < template->count; i++)
        if (template->parts[i].expr)
            expr_uses(template->parts[i].expr, fn, ctx);
    bool has_items = template->kind == TEMPLATE_LIST || template->kind == TEMPLATE_MAP;
    for (size_t i = 0; has_items && i < template->count; i++)
        template_uses(&template->items[i], fn, ctx);
}
