#include "core/expr.h"

#include "core/expr/eval_node.h"
#include "core/expr/filter.h"
#include "core/expr/lex.h"
#include "core/expr/limits.h"
#include "core/expr/parse.h"

struct expr {
    struct str source;
    struct node *root;
};

bool expr_compile(struct arena *arena, struct str source, struct expr **ret_expr,
                  struct err *err)
{
    AUTO_ARENA struct arena *scratch = arena_new();
    struct tokens tokens;
    struct expr *expr = ARENA_NEW(arena, struct expr);
    expr->source = arena_str(arena, source);
    if (!lex_tokens(scratch, expr->source, &tokens, err) ||
        !parse_tokens(arena, expr->source, &tokens, &expr->root, err))
        return false;
    *ret_expr = expr;
    return true;
}

bool expr_eval(const struct expr *expr, const struct expr_scope *scope, struct arena *arena,
               struct value *ret, struct err *err)
{
    struct eval ev = {.source = expr->source,
                      .scope = scope,
                      .arena = arena,
                      .arena_start_bytes = arena_bytes(arena),
                      .find_filter = filter_find,
                      .err = err};
    struct value value;
    if (!eval_node(&ev, expr->root, &value) || !eval_check_result(&ev, value))
        return false;
    *ret = value;
    return true;
}

struct str expr_source(const struct expr *expr)
{
    return expr->source;
}

/* --- uses --- */

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
    struct expr_use use = {.steps = steps, .step_count = count, .is_rest_known = true};
    for (; path->kind == NODE_ITEM; path = path->kids[0])
        steps[--count] = path->kids[1]->value;
    use.root = path->value.text;
    if (reader && reader->call) {
        use.filter = str_from(reader->call->name);
        use.is_rest_known = use.step_count > 0 || reader->kind == NODE_TEST;
    } else if (reader) {
        use.is_rest_known = false;
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
