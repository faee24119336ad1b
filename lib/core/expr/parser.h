#ifndef CORE_EXPR_PARSER_H
#define CORE_EXPR_PARSER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/expr/caret.h"
#include "core/expr/lex.h"
#include "core/expr/tree.h"

/*
 * What all parts of the parser share: the token looked at, failures, and making nodes. The
 * grammar itself, from its leaves up:
 *
 *     parse_primary   literals, names, brackets
 *     parse_postfix   .key [index] [from:to:step] .get(…) now()
 *     parse_filters   | filter(…), is test(…)
 *     parse           operators and the whole
 *
 * Brackets and arguments hold whole expressions, so a leaf calls `expression`, which parse.c
 * gives: no part includes the one above it.
 */
struct parser {
    struct arena *arena; /* of the tree */
    struct str source;
    const struct token *at; /* the token looked at; never after END */
    int nesting;
    bool (*expression)(struct parser *p, struct node **ret);
    struct err *err;
};

/* ERR_CONFIG with a caret under that byte. Always false. */
#define PARSER_FAIL(p, byte, ...)                                                              \
    caret_fail((p)->err, ERR_CONFIG, (p)->source, (byte), __VA_ARGS__)

/* "expected WHAT, found …" at the token looked at. Always false. */
bool parser_fail_expected(struct parser *p, const char *what);

bool parser_is_op(const struct token *token, const char *text);
bool parser_is_word(const struct token *token, const char *text);
bool parser_is_reserved(const struct token *token); /* a word that cannot be a name */

/* Moves past the operator or word if it is the token looked at. */
bool parser_skip_op(struct parser *p, const char *text);
bool parser_skip_word(struct parser *p, const char *text);
bool parser_expect_op(struct parser *p, const char *text) MUST_CHECK;

/* One level deeper, up to EXPR_NESTING_MAX; the caller lowers p->nesting again. */
bool parser_enter(struct parser *p) MUST_CHECK;

/* A node with a copy of those kids; fails where the tree becomes too deep. */
bool parser_node(struct parser *p, enum node_kind kind, size_t at, size_t kids,
                 struct node *const *from, struct node **ret) MUST_CHECK;
struct node *parser_const(struct parser *p, size_t at, struct value value);

/* A growing row of nodes. */
struct node_row {
    struct node **items;
    size_t count, capacity;
};

void parser_row_add(struct parser *p, struct node_row *row, struct node *node);

#endif
