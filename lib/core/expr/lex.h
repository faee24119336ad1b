#ifndef CORE_EXPR_LEX_H
#define CORE_EXPR_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* The tokens of an expression, by Jinja2's lexer (jinja2/lexer.py). */
enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_STRING, TOKEN_NUMBER, TOKEN_OPERATOR };

struct token {
    enum token_kind kind;
    size_t at, end;  /* bytes in the source */
    struct str text; /* STRING: decoded. NUMBER: decimal. NAME, OPERATOR: as written */
    bool is_integer; /* NUMBER */
};

struct tokens {
    struct token *items; /* the last is END */
    size_t count;
};

/* Tokens of the whole source, in `arena`; NAME borrows from the source. ERR_CONFIG, with a
 * caret. */
bool lex_tokens(struct arena *arena, struct str source, struct tokens *ret,
                struct err *err) MUST_CHECK;

/*
 * The byte of the `}}` that ends an expression which begins at `from`, or text.len: the first
 * one outside strings and brackets.
 */
size_t lex_find_end(struct str text, size_t from);

#endif
