#include "core/expr_internal.h"

#include <stdarg.h>
#include <string.h>

enum { SHOWN_BYTES = 100 }; /* of a line of source, in a message */

bool expr_compile(struct arena *arena, struct str source, struct expr **ret_expr,
                  struct err *err)
{
    AUTO_ARENA struct arena *scratch = arena_new();
    struct tokens tokens;
    struct expr *expr = ARENA_NEW(arena, struct expr);
    expr->source = arena_str(arena, source);
    if (!expr_lex(scratch, expr->source, &tokens, err) ||
        !expr_parse(arena, expr, &tokens, &expr->root, err))
        return false;
    *ret_expr = expr;
    return true;
}

/* ---- messages ---- */

/* The part of the line around byte `at` that a message shows; *ret_at is at's place in it. */
static struct str line_around(struct str source, size_t at, size_t *ret_at)
{
    size_t from = MIN(at, source.len), to = from;
    while (from > 0 && source.ptr[from - 1] != '\n' && at - from < SHOWN_BYTES / 2)
        from--;
    while (to < source.len && source.ptr[to] != '\n' && to - from < SHOWN_BYTES)
        to++;
    while (from < at && ((unsigned char)source.ptr[from] & 0xC0) == 0x80)
        from++;
    while (to > from && to < source.len && ((unsigned char)source.ptr[to] & 0xC0) == 0x80)
        to--;
    *ret_at = MIN(at, source.len) - from;
    return str_slice(source, from, to);
}

bool(expr_fail_at)(struct err *err, enum err_kind kind, struct str source, size_t at,
                   const char *fmt, ...)
{
    char what[ERR_TEXT_BYTES / 2], caret[SHOWN_BYTES + 8];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);

    size_t place, width = 0;
    struct str line = line_around(source, at, &place);
    for (size_t i = 0; i < place; i++)
        if (((unsigned char)line.ptr[i] & 0xC0) != 0x80)
            caret[width++] = line.ptr[i] == '\t' ? '\t' : ' ';
    caret[width++] = '^';
    caret[width] = '\0';
    return err_set(err, kind, "expr", 0, "%s\n    %.*s\n    %s", what, STR_ARG(line), caret);
}

/* ---- uses ---- */

struct use_walk {
    expr_use_fn fn;
    void *ctx;
};

/* name.key[0]… with constant keys only, or a bare name. */
static bool is_constant_path(const struct node *node)
{
    while (node->kind == NODE_ITEM && node->kids[1]->kind == NODE_CONST)
        node = node->kids[0];
    return node->kind == NODE_NAME;
}

/* `path` is a constant path, `reader` the node that reads it further, or NULL. */
static void say_path(const struct use_walk *walk, const struct node *path,
                     const struct node *reader)
{
    struct value steps[EXPR_DEPTH_MAX];
    size_t count = 0;
    for (const struct node *node = path; node->kind == NODE_ITEM; node = node->kids[0])
        count++;
    struct expr_use use = {.steps = steps, .step_count = count, .rest_is_known = true};
    for (; path->kind == NODE_ITEM; path = path->kids[0])
        steps[--count] = path->kids[1]->value;
    use.root = path->value.text;
    if (reader && reader->call) {
        use.filter = str_from(reader->call->name);
        use.rest_is_known = use.step_count > 0 || reader->kind == NODE_TEST;
    } else if (reader) {
        use.rest_is_known = false;
    }
    walk->fn(walk->ctx, &use);
}

static bool reads_first_kid(const struct node *node)
{
    return node->kind == NODE_FILTER || node->kind == NODE_TEST || node->kind == NODE_SLICE ||
           node->kind == NODE_GET || node->kind == NODE_ITEM;
}

static void walk_node(const struct use_walk *walk, const struct node *node)
{
    if (is_constant_path(node)) {
        say_path(walk, node, NULL);
        return;
    }
    size_t first = 0;
    if (reads_first_kid(node) && is_constant_path(node->kids[0])) {
        say_path(walk, node->kids[0], node);
        first = 1;
    }
    for (size_t i = first; i < node->count; i++)
        if (node->kids[i])
            walk_node(walk, node->kids[i]);
}

void expr_uses(const struct expr *expr, expr_use_fn fn, void *ctx)
{
    struct use_walk walk = {fn, ctx};
    walk_node(&walk, expr->root);
}
