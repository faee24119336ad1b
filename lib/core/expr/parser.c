#include "core/expr/parser.h"

#include <assert.h>
#include <stdio.h>

#include "core/expr/limits.h"

/* --- tokens --- */

bool parser_is_op(const struct token *token, const char *text)
{
    return token->kind == TOKEN_OPERATOR && str_is(token->text, text);
}

bool parser_is_word(const struct token *token, const char *text)
{
    return token->kind == TOKEN_NAME && str_is(token->text, text);
}

bool parser_skip_op(struct parser *p, const char *text)
{
    if (!parser_is_op(p->at, text))
        return false;
    p->at++;
    return true;
}

bool parser_skip_word(struct parser *p, const char *text)
{
    if (!parser_is_word(p->at, text))
        return false;
    p->at++;
    return true;
}

bool parser_is_reserved(const struct token *token)
{
    static const char *const words[] = {"and", "or", "not", "in", "is", "if", "else"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (parser_is_word(token, words[i]))
            return true;
    return false;
}

bool parser_fail_expected(struct parser *p, const char *what)
{
    if (p->at->kind == TOKEN_END)
        return PARSER_FAIL(p, p->at->at, "expected %s, but the expression ends", what);
    struct str found = str_slice(p->source, p->at->at, MIN(p->at->end, p->at->at + 40));
    return PARSER_FAIL(p, p->at->at, "expected %s, found '%.*s'", what, STR_ARG(found));
}

bool parser_expect_op(struct parser *p, const char *text)
{
    if (parser_skip_op(p, text))
        return true;
    char what[8];
    snprintf(what, sizeof what, "'%s'", text);
    return parser_fail_expected(p, what);
}

/* --- nodes --- */

bool parser_node(struct parser *p, enum node_kind kind, size_t at, size_t kids,
                 struct node *const *from, struct node **ret)
{
    struct node *node = ARENA_NEW(p->arena, struct node);
    assert(kids == 0 || from);
    node->kind = kind;
    node->at = at;
    node->count = kids;
    node->kids = ARENA_ARRAY(p->arena, struct node *, kids);
    for (size_t i = 0; i < kids; i++) {
        node->kids[i] = from[i];
        if (from[i])
            node->depth = MAX(node->depth, from[i]->depth);
    }
    if (++node->depth > EXPR_DEPTH_MAX)
        return PARSER_FAIL(p, at, "more than %d operations inside each other", EXPR_DEPTH_MAX);
    *ret = node;
    return true;
}

struct node *parser_const(struct parser *p, size_t at, struct value value)
{
    struct node *node = ARENA_NEW(p->arena, struct node);
    *node = (struct node){.kind = NODE_CONST, .at = at, .depth = 1, .value = value};
    return node;
}

void parser_row_add(struct parser *p, struct node_row *row, struct node *node)
{
    ARENA_GROW(p->arena, row->items, row->count, row->capacity);
    row->items[row->count++] = node;
}

bool parser_enter(struct parser *p)
{
    if (++p->nesting > EXPR_NESTING_MAX)
        return PARSER_FAIL(p, p->at->at, "nested deeper than %d levels", EXPR_NESTING_MAX);
    return true;
}
