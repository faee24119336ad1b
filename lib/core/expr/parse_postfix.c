#include "core/expr/parse_postfix.h"

#include "core/expr/filter.h"

/* --- calls --- */

bool parse_postfix_args(struct parser *p, struct parse_args *args)
{
    while (!parser_is_op(p->at, ")")) {
        size_t n = args->values.count;
        if (n == EXPR_SLOTS_MAX)
            return PARSER_FAIL(p, p->at->at, "too many arguments");
        args->names[n].at = p->at->at;
        bool is_named = p->at->kind == TOKEN_NAME && parser_is_op(p->at + 1, "=");
        if (is_named) {
            args->names[n].name = p->at->text;
            p->at += 2;
        } else if (n && args->names[n - 1].name.len) {
            return PARSER_FAIL(p, p->at->at,
                               "an argument without a name after one with a name");
        }
        struct node *value;
        if (!p->expression(p, &value))
            return false;
        parser_row_add(p, &args->values, value);
        if (!parser_skip_op(p, ","))
            break;
    }
    return parser_expect_op(p, ")");
}

static bool is_method_get(const struct node *node)
{
    return node->kind == NODE_ITEM && node->kids[1]->kind == NODE_CONST &&
           node->kids[1]->value.kind == VALUE_STRING &&
           str_is(node->kids[1]->value.text, "get");
}

/* A function that gives variables or secrets in other tools. */
static bool is_outside(const struct node *node)
{
    static const char *const names[] = {"env",     "env_var", "getenv",     "environ",
                                        "secrets", "secret",  "get_secret", "var"};
    for (size_t i = 0; node->kind == NODE_NAME && i < COUNT_OF(names); i++)
        if (str_is(node->value.text, names[i]))
            return true;
    return false;
}

static bool fail_not_callable(struct parser *p, size_t at, const struct node *node)
{
    bool is_method = node->kind == NODE_ITEM && node->kids[1]->kind == NODE_CONST &&
                     node->kids[1]->value.kind == VALUE_STRING;
    struct str name = is_method ? node->kids[1]->value.text : STR_NONE;
    if (is_method && filter_find(name))
        return PARSER_FAIL(p, at,
                           "only .get() and now() can be called; there is a filter: | %.*s",
                           STR_ARG(name));
    if (is_outside(node))
        return PARSER_FAIL(p, at,
                           "only .get() and now() can be called; a variable of the environment "
                           "is env.NAME, a secret secrets.name");
    return PARSER_FAIL(p, at, "only .get() and now() can be called");
}

bool parse_postfix_call(struct parser *p, struct node **node)
{
    size_t at = p->at++->at;
    struct parse_args args = {0};
    if (!parse_postfix_args(p, &args))
        return false;
    size_t count = args.values.count;
    for (size_t i = 0; i < count; i++)
        if (args.names[i].name.len)
            return PARSER_FAIL(p, args.names[i].at, "this call takes no named arguments");
    if ((*node)->kind == NODE_NAME && str_is((*node)->value.text, "now"))
        return count ? PARSER_FAIL(p, at, "now() takes no arguments")
                     : parser_node(p, NODE_NOW, (*node)->at, 0, NULL, node);
    if (!is_method_get(*node))
        return fail_not_callable(p, at, *node);
    if (count < 1 || count > 2)
        return PARSER_FAIL(p, at, ".get() takes a key and perhaps a default");
    struct node *kids[] = {(*node)->kids[0], args.values.items[0],
                           count > 1 ? args.values.items[1] : NULL};
    return parser_node(p, NODE_GET, (*node)->at, 3, kids, node);
}

/* --- keys, indexes and slices --- */

static bool parse_attribute(struct parser *p, struct node **node)
{
    size_t at = p->at++->at;
    const struct token *name = p->at;
    bool is_index = name->kind == TOKEN_NUMBER && name->is_integer;
    if (name->kind != TOKEN_NAME && !is_index)
        return parser_fail_expected(p, "a key after the dot");
    p->at++;
    struct str text = arena_str(p->arena, name->text);
    struct value key = is_index ? value_number(text) : value_string(text);
    struct node *kids[] = {*node, parser_const(p, name->at, key)};
    return parser_node(p, NODE_ITEM, at, 2, kids, node);
}

/* One bound of a slice, NULL where it is left out. */
static bool parse_bound(struct parser *p, struct node **ret)
{
    *ret = NULL;
    return parser_is_op(p->at, ":") || parser_is_op(p->at, "]") || p->expression(p, ret);
}

static bool parse_subscript(struct parser *p, struct node **node)
{
    size_t at = p->at++->at;
    struct node *kids[4] = {*node};
    if (parser_is_op(p->at, "]"))
        return parser_fail_expected(p, "an index or key");
    if (!parse_bound(p, &kids[1]))
        return false;
    if (!parser_skip_op(p, ":"))
        return parser_expect_op(p, "]") && parser_node(p, NODE_ITEM, at, 2, kids, node);
    if (!parse_bound(p, &kids[2]) || (parser_skip_op(p, ":") && !parse_bound(p, &kids[3])))
        return false;
    return parser_expect_op(p, "]") && parser_node(p, NODE_SLICE, at, 4, kids, node);
}

bool parse_postfix(struct parser *p, struct node **node)
{
    for (;;) {
        bool ok;
        if (parser_is_op(p->at, "."))
            ok = parse_attribute(p, node);
        else if (parser_is_op(p->at, "["))
            ok = parse_subscript(p, node);
        else if (parser_is_op(p->at, "("))
            ok = parse_postfix_call(p, node);
        else
            return true;
        if (!ok)
            return false;
    }
}
