#include "core/expr/parse.h"

#include <assert.h>

#include "core/expr/parse_filters.h"
#include "core/expr/parse_postfix.h"
#include "core/expr/parse_primary.h"
#include "core/expr/parser.h"

/*
 * Recursive descent after jinja2/parser.py, so that precedence is Jinja2's to the letter. One
 * function a level, tightest first; each reads operands of the level below it:
 *
 *     parse_unary       - +          its operand: primary, postfix, filters and tests
 *     parse_pow         **           to the left
 *     parse_math2       * / // %
 *     parse_concat      ~            one node for the whole chain
 *     parse_math1       + -
 *     parse_compare     == … in      one node for the whole chain: a < b < c
 *     parse_not, parse_and, parse_or
 *     parse_expression  a if b else c
 *
 * E.g. `-1|abs + 2 * x`: the operand of a sign is read without filters, so `-` takes 1 alone
 * and abs takes -1; `*` joins 2 and x one level below `+`, which then joins both sides.
 *
 * Recursion is bounded by EXPR_NESTING_MAX here and by EXPR_DEPTH_MAX levels of the tree, which
 * evaluation follows: a long chain `a + b + …` nests the tree without nesting the text.
 */
static bool parse_unary(struct parser *p, bool with_filters, struct node **ret) MUST_CHECK;

/* A negative integer is one constant, so that `[-1]` is a constant key. */
static bool fold_minus(struct parser *p, struct node *operand)
{
    bool is_number = operand->kind == NODE_CONST && operand->value.kind == VALUE_NUMBER;
    if (!is_number || operand->value.text.ptr[0] == '0')
        return false;
    int64_t number;
    struct str text = arena_printf(p->arena, "-%.*s", STR_ARG(operand->value.text));
    if (!str_to_int64(text, &number))
        return false;
    operand->value.text = text;
    return true;
}

static bool parse_sign(struct parser *p, struct node **ret)
{
    const struct token *sign = p->at++;
    struct node *operand;
    if (!parser_enter(p) || !parse_unary(p, false, &operand))
        return false;
    p->nesting--;
    if (parser_is_op(sign, "-") && fold_minus(p, operand)) {
        operand->at = sign->at;
        *ret = operand;
        return true;
    }
    return parser_node(p, parser_is_op(sign, "-") ? NODE_NEG : NODE_POS, sign->at, 1, &operand,
                       ret);
}

static bool parse_unary(struct parser *p, bool with_filters, struct node **ret)
{
    bool has_sign = parser_is_op(p->at, "-") || parser_is_op(p->at, "+");
    struct node *node = NULL;
    if (has_sign ? !parse_sign(p, &node) : !parse_primary(p, &node))
        return false;
    if (!parse_postfix(p, &node) || (with_filters && !parse_filters(p, &node)))
        return false;
    *ret = node;
    return true;
}

static bool make_binary(struct parser *p, enum op op, size_t at, struct node *right,
                        struct node **left)
{
    struct node *kids[] = {*left, right};
    if (!parser_node(p, NODE_BINARY, at, 2, kids, left))
        return false;
    (*left)->ops = ARENA_NEW(p->arena, enum op);
    (*left)->ops[0] = op;
    return true;
}

typedef bool (*parse_fn)(struct parser *p, struct node **ret);

/* left (op right)*, to the left; ops from `first` to `last`. */
static bool parse_binary(struct parser *p, parse_fn next, enum op first, enum op last,
                         struct node **ret)
{
    if (!next(p, ret))
        return false;
    for (;;) {
        enum op op = first;
        while (op <= last && !parser_is_op(p->at, ops_text(op)))
            op++;
        if (op > last)
            return true;
        size_t at = p->at++->at;
        struct node *right;
        if (!next(p, &right) || !make_binary(p, op, at, right, ret))
            return false;
    }
}

static bool parse_operand(struct parser *p, struct node **ret)
{
    return parse_unary(p, true, ret);
}

static bool parse_pow(struct parser *p, struct node **ret)
{
    return parse_binary(p, parse_operand, OP_POW, OP_POW, ret);
}

static bool parse_math2(struct parser *p, struct node **ret)
{
    return parse_binary(p, parse_pow, OP_MUL, OP_MOD, ret);
}

static bool parse_concat(struct parser *p, struct node **ret)
{
    size_t at = p->at->at;
    struct node_row row = {0};
    do {
        struct node *operand;
        if (row.count == 1)
            at = p->at[-1].at;
        if (!parse_math2(p, &operand))
            return false;
        parser_row_add(p, &row, operand);
    } while (parser_skip_op(p, "~"));
    *ret = row.items[0];
    return row.count == 1 || parser_node(p, NODE_CONCAT, at, row.count, row.items, ret);
}

static bool parse_math1(struct parser *p, struct node **ret)
{
    return parse_binary(p, parse_concat, OP_ADD, OP_SUB, ret);
}

/* The comparison at the place, skipped. */
static bool skip_comparison(struct parser *p, enum op *ret)
{
    for (enum op op = OP_EQ; op <= OP_GE; op++) {
        if (parser_skip_op(p, ops_text(op))) {
            *ret = op;
            return true;
        }
    }
    *ret = OP_IN;
    if (parser_skip_word(p, "in"))
        return true;
    if (!parser_is_word(p->at, "not") || !parser_is_word(p->at + 1, "in"))
        return false;
    p->at += 2;
    *ret = OP_NOT_IN;
    return true;
}

static bool parse_compare(struct parser *p, struct node **ret)
{
    struct node_row row = {0};
    enum op *ops = NULL, op;
    size_t op_count = 0, op_capacity = 0, at = 0;
    do {
        struct node *operand;
        if (!parse_math1(p, &operand))
            return false;
        parser_row_add(p, &row, operand);
        at = row.count == 1 ? p->at->at : at;
        if (!skip_comparison(p, &op))
            break;
        ARENA_GROW(p->arena, ops, op_count, op_capacity);
        ops[op_count++] = op;
    } while (true);
    *ret = row.items[0];
    if (row.count == 1)
        return true;
    if (!parser_node(p, NODE_COMPARE, at, row.count, row.items, ret))
        return false;
    (*ret)->ops = ops;
    return true;
}

static bool parse_not(struct parser *p, struct node **ret)
{
    if (!parser_is_word(p->at, "not"))
        return parse_compare(p, ret);
    size_t at = p->at++->at;
    struct node *operand;
    if (!parser_enter(p) || !parse_not(p, &operand))
        return false;
    p->nesting--;
    return parser_node(p, NODE_NOT, at, 1, &operand, ret);
}

/* left (word right)* */
static bool parse_logic(struct parser *p, parse_fn next, const char *word, enum node_kind kind,
                        struct node **ret)
{
    struct node *kids[2];
    if (!next(p, &kids[0]))
        return false;
    while (parser_is_word(p->at, word)) {
        size_t at = p->at++->at;
        if (!next(p, &kids[1]) || !parser_node(p, kind, at, 2, kids, &kids[0]))
            return false;
    }
    *ret = kids[0];
    return true;
}

static bool parse_and(struct parser *p, struct node **ret)
{
    return parse_logic(p, parse_not, "and", NODE_AND, ret);
}

static bool parse_or(struct parser *p, struct node **ret)
{
    return parse_logic(p, parse_and, "or", NODE_OR, ret);
}

static bool parse_expression(struct parser *p, struct node **ret)
{
    struct node *node;
    if (!parser_enter(p) || !parse_or(p, &node))
        return false;
    while (parser_is_word(p->at, "if")) {
        size_t at = p->at++->at;
        struct node *condition, *otherwise = NULL;
        if (!parse_or(p, &condition) ||
            (parser_skip_word(p, "else") && !p->expression(p, &otherwise)))
            return false;
        struct node *kids[] = {condition, node, otherwise};
        if (!parser_node(p, NODE_IF, at, 3, kids, &node))
            return false;
    }
    p->nesting--;
    *ret = node;
    return true;
}

bool parse_tokens(struct arena *arena, struct str source, const struct tokens *tokens,
                  struct node **ret, struct err *err)
{
    struct parser p = {.arena = arena,
                       .source = source,
                       .at = tokens->items,
                       .expression = parse_expression,
                       .err = err};
    struct node *root;
    if (p.at->kind == TOKEN_END)
        return PARSER_FAIL(&p, 0, "an empty expression");
    if (!parse_expression(&p, &root))
        return false;
    if (p.at->kind != TOKEN_END)
        return parser_fail_expected(&p, "an operator or the end");
    assert(p.nesting == 0);
    *ret = root;
    return true;
}
