#include "core/expr/parse_primary.h"

/* `a, b]` up to the closing bracket; a comma after the last is fine. *ret_comma is set to true
 * where there is a comma, and is left alone otherwise. */
static bool parse_row(struct parser *p, const char *close, struct node_row *row,
                      bool *ret_comma)
{
    while (!parser_is_op(p->at, close)) {
        struct node *item;
        if (!p->expression(p, &item))
            return false;
        parser_row_add(p, row, item);
        if (!parser_skip_op(p, ","))
            break;
        *ret_comma = true;
    }
    return parser_expect_op(p, close);
}

static bool parse_list(struct parser *p, struct node **ret)
{
    size_t at = p->at++->at;
    struct node_row row = {0};
    bool comma = false;
    return parse_row(p, "]", &row, &comma) &&
           parser_node(p, NODE_LIST, at, row.count, row.items, ret);
}

/* (a) is a; (a, b) and () are tuples, which are lists here. */
static bool parse_parentheses(struct parser *p, struct node **ret)
{
    size_t at = p->at++->at;
    struct node_row row = {0};
    bool comma = false;
    if (!parse_row(p, ")", &row, &comma))
        return false;
    if (row.count == 1 && !comma) {
        *ret = row.items[0];
        return true;
    }
    if (!parser_node(p, NODE_LIST, at, row.count, row.items, ret))
        return false;
    (*ret)->is_tuple = true;
    return true;
}

static bool parse_map(struct parser *p, struct node **ret)
{
    size_t at = p->at++->at;
    struct node_row row = {0};
    while (!parser_is_op(p->at, "}")) {
        struct node *key, *value;
        if (!p->expression(p, &key) || !parser_expect_op(p, ":") || !p->expression(p, &value))
            return false;
        parser_row_add(p, &row, key);
        parser_row_add(p, &row, value);
        if (!parser_skip_op(p, ","))
            break;
    }
    return parser_expect_op(p, "}") && parser_node(p, NODE_MAP, at, row.count, row.items, ret);
}

static bool parse_string(struct parser *p, struct node **ret)
{
    struct token first = *p->at++;
    struct str text = first.text;
    while (p->at->kind == TOKEN_STRING) {
        text = arena_printf(p->arena, "%.*s%.*s", STR_ARG(text), STR_ARG(p->at->text));
        p->at++;
    }
    *ret = parser_const(p, first.at, value_string(arena_str(p->arena, text)));
    return true;
}

static bool parse_name(struct parser *p, struct node **ret)
{
    const struct token *token = p->at++;
    static const struct {
        const char *word;
        enum value_kind kind;
        bool flag;
    } constants[] = {{"true", VALUE_BOOL, true},   {"True", VALUE_BOOL, true},
                     {"false", VALUE_BOOL, false}, {"False", VALUE_BOOL, false},
                     {"none", VALUE_NULL, false},  {"None", VALUE_NULL, false},
                     {"omit", VALUE_OMIT, false}};
    for (size_t i = 0; i < COUNT_OF(constants); i++) {
        if (!parser_is_word(token, constants[i].word))
            continue;
        struct value value = {.kind = constants[i].kind};
        value.boolean = constants[i].flag;
        *ret = parser_const(p, token->at, value);
        return true;
    }
    if (!parser_node(p, NODE_NAME, token->at, 0, NULL, ret))
        return false;
    (*ret)->value = value_string(arena_str(p->arena, token->text));
    return true;
}

bool parse_primary(struct parser *p, struct node **ret)
{
    const struct token *token = p->at;
    if (token->kind == TOKEN_STRING)
        return parse_string(p, ret);
    if (token->kind == TOKEN_NUMBER) {
        p->at++;
        *ret = parser_const(p, token->at, value_number(arena_str(p->arena, token->text)));
        return true;
    }
    if (token->kind == TOKEN_NAME && !parser_is_reserved(token))
        return parse_name(p, ret);
    if (parser_is_op(token, "("))
        return parse_parentheses(p, ret);
    if (parser_is_op(token, "["))
        return parse_list(p, ret);
    if (parser_is_op(token, "{"))
        return parse_map(p, ret);
    return parser_fail_expected(p, "a value");
}
