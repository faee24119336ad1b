#include "core/expr/parse_filters.h"

#include "core/expr/filter.h"
#include "core/expr/parse_postfix.h"
#include "core/expr/parse_primary.h"
#include "core/expr/test.h"

static bool find_slot(struct parser *p, const struct callable *call,
                      const struct parse_args *args, size_t i, size_t *ret)
{
    struct str name = args->names[i].name;
    if (!name.len && i >= call->positional)
        return PARSER_FAIL(p, args->names[i].at, "too many arguments for %s", call->name);
    *ret = i;
    if (!name.len)
        return true;
    for (size_t slot = 0; slot < EXPR_SLOTS_MAX && call->slots[slot]; slot++) {
        *ret = slot;
        if (str_is(name, call->slots[slot]))
            return true;
    }
    return PARSER_FAIL(p, args->names[i].at, "%s has no argument '%.*s'", call->name,
                       STR_ARG(name));
}

/* The names that map, selectattr and date are given as text can be checked now. */
static bool check_inner_name(struct parser *p, const struct callable *call,
                             struct node *const *kids)
{
    for (size_t slot = 0; slot < EXPR_SLOTS_MAX && call->slots[slot]; slot++) {
        const struct node *arg = kids[slot + 1];
        if (!arg || arg->kind != NODE_CONST || arg->value.kind != VALUE_STRING)
            continue;
        struct str name = arg->value.text;
        if (str_is(str_from(call->slots[slot]), "filter") && !filter_find(name))
            return PARSER_FAIL(p, arg->at, "no filter is called '%.*s'", STR_ARG(name));
        if (str_is(str_from(call->slots[slot]), "test") && !test_find(name))
            return PARSER_FAIL(p, arg->at, "no test is called '%.*s'", STR_ARG(name));
        struct err err = ERR_INIT;
        int offset_s;
        if (str_is(str_from(call->slots[slot]), "tz") &&
            !filter_zone_offset(name, &offset_s, &err))
            return PARSER_FAIL(p, arg->at, "%s", err.text);
    }
    return true;
}

/* A filter or test over `subject`, its arguments put into their slots. */
static bool make_call(struct parser *p, enum node_kind kind, const struct token *name,
                      const struct callable *call, const struct parse_args *args,
                      struct node **subject_to_result)
{
    struct node *kids[EXPR_SLOTS_MAX + 1] = {*subject_to_result};
    for (size_t i = 0; i < args->values.count; i++) {
        size_t slot = 0;
        if (!find_slot(p, call, args, i, &slot))
            return false;
        if (kids[slot + 1])
            return PARSER_FAIL(p, args->names[i].at, "this argument of %s is given twice",
                               call->name);
        kids[slot + 1] = args->values.items[i];
    }
    for (size_t slot = 0; slot < call->required; slot++)
        if (!kids[slot + 1])
            return PARSER_FAIL(p, name->at, "%s needs %s", call->name, call->slots[slot]);
    if (!check_inner_name(p, call, kids) ||
        !parser_node(p, kind, name->at, EXPR_SLOTS_MAX + 1, kids, subject_to_result))
        return false;
    (*subject_to_result)->call = call;
    return true;
}

static bool fail_unknown(struct parser *p, const struct token *token, const char *what,
                         const char *nearest)
{
    return PARSER_FAIL(p, token->at, "no %s is called '%.*s'%s%s%s", what, STR_ARG(token->text),
                       nearest ? "; is it '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static bool parse_filter(struct parser *p, struct node **node)
{
    const struct token *name = p->at;
    if (name->kind != TOKEN_NAME)
        return parser_fail_expected(p, "the name of a filter");
    p->at++;
    const struct callable *call = filter_find(name->text);
    if (!call)
        return fail_unknown(p, name, "filter", filter_nearest(name->text));
    struct parse_args args = {0};
    if (parser_skip_op(p, "(") && !parse_postfix_args(p, &args))
        return false;
    return make_call(p, NODE_FILTER, name, call, &args, node);
}

static bool starts_test_argument(const struct token *token)
{
    if (token->kind == TOKEN_NAME)
        return !parser_is_reserved(token);
    return token->kind == TOKEN_STRING || token->kind == TOKEN_NUMBER ||
           parser_is_op(token, "[") || parser_is_op(token, "{");
}

static bool parse_test(struct parser *p, struct node **node)
{
    size_t at = p->at++->at;
    bool negated = parser_skip_word(p, "not");
    const struct token *name = p->at;
    if (name->kind != TOKEN_NAME)
        return parser_fail_expected(p, "the name of a test");
    p->at++;
    const struct callable *call = test_find(name->text);
    if (!call)
        return fail_unknown(p, name, "test", test_nearest(name->text));
    struct parse_args args = {.names[0].at = p->at->at};
    if (parser_skip_op(p, "(")) {
        if (!parse_postfix_args(p, &args))
            return false;
    } else if (starts_test_argument(p->at)) {
        struct node *value;
        if (!parse_primary(p, &value) || !parse_postfix(p, &value))
            return false;
        parser_row_add(p, &args.values, value);
    } else if (parser_is_word(p->at, "is")) {
        return PARSER_FAIL(p, p->at->at, "tests cannot be chained with 'is'; write 'and'");
    }
    if (!make_call(p, NODE_TEST, name, call, &args, node))
        return false;
    return !negated || parser_node(p, NODE_NOT, at, 1, node, node);
}

bool parse_filters(struct parser *p, struct node **node)
{
    for (;;) {
        bool ok;
        if (parser_skip_op(p, "|"))
            ok = parse_filter(p, node);
        else if (parser_is_word(p->at, "is"))
            ok = parse_test(p, node);
        else if (parser_is_op(p->at, "("))
            ok = parse_postfix_call(p, node);
        else
            return true;
        if (!ok)
            return false;
    }
}
