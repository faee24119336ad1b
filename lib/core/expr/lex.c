#include "core/expr/lex.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "core/expr/caret.h"
#include "core/expr/limits.h"
#include "core/expr/number.h"
#include "core/expr/number_parse.h"
#include "core/scan.h"

/*
 * Jinja2's lexer (jinja2/lexer.py): white space separates; a number after a dot is an index,
 * so that `a.0.1` is two of them; strings have Python's escapes.
 */
struct lexer {
    struct arena *arena;
    struct str source;
    size_t at;
    struct tokens tokens;
    size_t capacity;
    struct err *err;
};

static bool fail(struct lexer *lex, size_t at, const char *what)
{
    return caret_fail(lex->err, ERR_CONFIG, lex->source, at, "%s", what);
}

static char peek(const struct lexer *lex, size_t ahead)
{
    size_t at = lex->at + ahead;
    return at < lex->source.len ? lex->source.ptr[at] : '\0';
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || ascii_is_digit(c) ||
           (unsigned char)c >= 0x80;
}

static void add(struct lexer *lex, struct token token)
{
    token.end = lex->at;
    ARENA_GROW(lex->arena, lex->tokens.items, lex->tokens.count, lex->capacity);
    lex->tokens.items[lex->tokens.count++] = token;
}

/* How many bytes from `at` are digits of the base, with single underscores between them. */
static size_t digits_len(struct str text, size_t at, int base)
{
    size_t end = at;
    for (size_t i = at; i < text.len; i++) {
        if (number_parse_digit(text.ptr[i]) < base)
            end = i + 1;
        else if (text.ptr[i] != '_' || i != end || i == at)
            break;
    }
    return end - at;
}

/* Length of `.digits` and of `e±digits` at that place, 0 where there is none. */
static size_t fraction_len(struct str text, size_t at)
{
    if (at >= text.len || text.ptr[at] != '.')
        return 0;
    size_t digits = digits_len(text, at + 1, 10);
    return digits ? digits + 1 : 0;
}

static size_t exponent_len(struct str text, size_t at)
{
    if (at >= text.len || (text.ptr[at] | 0x20) != 'e')
        return 0;
    size_t sign = at + 1 < text.len && (text.ptr[at + 1] == '+' || text.ptr[at + 1] == '-');
    size_t digits = digits_len(text, at + 1 + sign, 10);
    return digits ? 1 + sign + digits : 0;
}

static struct str without_underscores(struct arena *arena, struct str text)
{
    char *copy = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '_')
            copy[len++] = text.ptr[i];
    return (struct str){copy, len};
}

static bool lex_based(struct lexer *lex, int base)
{
    size_t at = lex->at;
    size_t start = at + 2 + (peek(lex, 2) == '_');
    size_t len = digits_len(lex->source, start, base);
    struct str digits = str_slice(lex->source, start, start + len);
    uint64_t number = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] == '_')
            continue;
        if (__builtin_mul_overflow(number, (uint64_t)base, &number) ||
            __builtin_add_overflow(number, (uint64_t)number_parse_digit(digits.ptr[i]),
                                   &number))
            return fail(lex, at, "this number is beyond 64 bits");
    }
    lex->at = start + len;
    add(lex,
        (struct token){.kind = TOKEN_NUMBER,
                       .at = at,
                       .text = arena_printf(lex->arena, "%llu", (unsigned long long)number),
                       .is_integer = true});
    return true;
}

/*
 * A literal is written again as Python would, `1.10` → `1.1`, if that loses no digit; a longer
 * one keeps its text.
 */
static struct str real_text(struct arena *arena, struct str text)
{
    while (text.len > 1 && text.ptr[0] == '0' && ascii_is_digit(text.ptr[1]))
        text = str_slice(text, 1, text.len); /* no zeros in front, in JSON */
    size_t significant = 0;
    for (size_t i = 0; i < text.len && (text.ptr[i] | 0x20) != 'e'; i++)
        significant += ascii_is_digit(text.ptr[i]);
    double real = strtod(arena_cstr(arena, text), NULL);
    bool is_usual = (real > 1e-300 && real < 1e300) || real == 0;
    return significant <= 15 && is_usual ? number_format_real(arena, real) : text;
}

/* Within the bounds of value_parse, so that what it becomes part of can be read again. */
static bool is_bounded(struct arena *arena, struct str text)
{
    struct scan scan;
    scan_init(&scan, arena, text);
    return scan_scalar(&scan) && !(scan.flags & SCAN_BIG_NUMBER);
}

static bool lex_number(struct lexer *lex)
{
    size_t at = lex->at;
    bool after_dot = at > 0 && lex->source.ptr[at - 1] == '.';
    static const struct {
        char letter;
        int base;
    } bases[] = {{'x', 16}, {'o', 8}, {'b', 2}};
    for (size_t i = 0; i < COUNT_OF(bases); i++) {
        size_t start = at + 2 + (peek(lex, 2) == '_');
        if (peek(lex, 0) == '0' && (peek(lex, 1) | 0x20) == bases[i].letter &&
            digits_len(lex->source, start, bases[i].base))
            return lex_based(lex, bases[i].base);
    }
    size_t end = at + digits_len(lex->source, at, 10);
    size_t real_end = end + fraction_len(lex->source, end);
    real_end += exponent_len(lex->source, real_end);
    bool is_integer = after_dot || real_end == end;
    lex->at = is_integer ? end : real_end;
    struct str text = without_underscores(lex->arena, str_slice(lex->source, at, lex->at));
    size_t zeros = 0;
    while (zeros + 1 < text.len && text.ptr[zeros] == '0')
        zeros++;
    bool all_zero = zeros + 1 == text.len && text.ptr[zeros] == '0';
    if (is_integer && zeros && !all_zero)
        return fail(lex, at, "a number cannot begin with 0");
    if (is_integer)
        text = str_slice(text, zeros, text.len);
    else
        text = real_text(lex->arena, text);
    if (!is_bounded(lex->arena, text))
        return fail(lex, at, "this number has over 1,000 digits or an exponent over 400");
    add(lex,
        (struct token){.kind = TOKEN_NUMBER, .at = at, .text = text, .is_integer = is_integer});
    return true;
}

/* Exactly `count` hex digits at *at. */
static bool read_hex(struct str text, size_t *at, size_t count, uint32_t *ret)
{
    uint32_t code = 0;
    for (size_t i = 0; i < count; i++, ++*at) {
        int digit = *at < text.len ? number_parse_digit(text.ptr[*at]) : 99;
        if (digit > 15)
            return false;
        code = code << 4 | (uint32_t)digit;
    }
    *ret = code;
    return true;
}

static uint32_t read_octal(struct str text, size_t *at)
{
    uint32_t code = 0;
    for (int i = 0; i < 3 && *at < text.len && number_parse_digit(text.ptr[*at]) < 8; i++)
        code = code * 8 + (uint32_t)number_parse_digit(text.ptr[(*at)++]);
    return code;
}

/* \x41 é \U0001F30A; a pair of surrogates is one character, a lone one is refused. */
static bool read_unicode(struct str text, size_t *at, char kind, uint32_t *ret)
{
    uint32_t code = 0;
    if (!read_hex(text, at, kind == 'x' ? 2 : kind == 'u' ? 4 : 8, &code))
        return false;
    uint32_t low = 0;
    if (code >= 0xD800 && code < 0xDC00) {
        bool has_low = *at + 1 < text.len && text.ptr[*at] == '\\' && text.ptr[*at + 1] == 'u';
        *at += 2;
        if (!has_low || !read_hex(text, at, 4, &low) || low < 0xDC00 || low > 0xDFFF)
            return false;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return false;
    *ret = code;
    return true;
}

/* One escape; *at is the byte after the backslash. An unknown one stays as it is written. */
static bool put_escape(struct str text, size_t *at, char *out, size_t *len)
{
    static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
    char c = text.ptr[*at];
    const char *simple = c ? strchr(from, c) : NULL;
    uint32_t code = 0;
    if (simple) {
        out[(*len)++] = to[simple - from];
        ++*at;
        return true;
    }
    if (c == '\n') {
        ++*at;
        return true;
    }
    if (number_parse_digit(c) < 8) {
        *len += scan_put_utf8(out + *len, read_octal(text, at));
        return true;
    }
    if (c == 'x' || c == 'u' || c == 'U') {
        ++*at;
        if (!read_unicode(text, at, c, &code))
            return false;
        *len += scan_put_utf8(out + *len, code);
        return true;
    }
    if (c == 'N')
        return false;
    out[(*len)++] = '\\';
    return true;
}

/* The quote that closes the string opened at `at`, or text.len. */
static size_t string_end(struct str text, size_t at)
{
    char quote = text.ptr[at];
    for (size_t i = at + 1; i < text.len; i++) {
        if (text.ptr[i] == '\\')
            i++;
        else if (text.ptr[i] == quote)
            return i;
    }
    return text.len;
}

static bool lex_string(struct lexer *lex)
{
    size_t at = lex->at;
    size_t end = string_end(lex->source, at);
    if (end >= lex->source.len)
        return fail(lex, at, "this string is not closed");
    struct str inside = str_slice(lex->source, at + 1, end);
    char *out = arena_alloc(lex->arena, inside.len + 8);
    size_t len = 0;
    for (size_t i = 0; i < inside.len;) {
        size_t from = i;
        char c = inside.ptr[i++];
        if (c == '\r') {
            i += i < inside.len && inside.ptr[i] == '\n';
            c = '\n';
        }
        if (c != '\\')
            out[len++] = c;
        else if (!put_escape(inside, &i, out, &len))
            return fail(lex, at + 1 + from, "this escape is not valid");
    }
    lex->at = end + 1;
    add(lex, (struct token){.kind = TOKEN_STRING, .at = at, .text = {out, len}});
    return true;
}

static bool lex_operator(struct lexer *lex)
{
    static const char *const operators[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                            "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                            ">",  "<",  "=",  ".",  ":",  "|",  ","};
    size_t at = lex->at;
    struct str rest = str_slice(lex->source, at, lex->source.len);
    for (size_t i = 0; i < COUNT_OF(operators); i++) {
        struct str text = str_from(operators[i]);
        if (!str_starts(rest, text))
            continue;
        lex->at += text.len;
        add(lex, (struct token){.kind = TOKEN_OPERATOR, .at = at, .text = text});
        return true;
    }
    return fail(lex, at, "this character has no meaning here");
}

static bool lex_one(struct lexer *lex)
{
    size_t at = lex->at;
    char c = peek(lex, 0);
    if (ascii_is_digit(c))
        return lex_number(lex);
    if (c == '\'' || c == '"')
        return lex_string(lex);
    if (!is_name(c))
        return lex_operator(lex);
    while (lex->at < lex->source.len && is_name(peek(lex, 0)))
        lex->at++;
    add(lex, (struct token){
                 .kind = TOKEN_NAME, .at = at, .text = str_slice(lex->source, at, lex->at)});
    return true;
}

bool lex_tokens(struct arena *arena, struct str source, struct tokens *ret, struct err *err)
{
    struct lexer lex = {.arena = arena, .source = source, .err = err};
    if (source.len > EXPR_SOURCE_MAX)
        return err_set(err, ERR_CONFIG, "expr", 0, "an expression of %zu bytes; %d is the most",
                       source.len, EXPR_SOURCE_MAX);
    if (!str_is_utf8(source))
        return err_set(err, ERR_CONFIG, "expr", 0, "an expression that is not UTF-8");
    for (;;) {
        while (peek(&lex, 0) == ' ' || (peek(&lex, 0) >= '\t' && peek(&lex, 0) <= '\r'))
            lex.at++;
        if (lex.at >= source.len)
            break;
        if (!lex_one(&lex))
            return false;
    }
    lex.at = source.len;
    add(&lex, (struct token){.kind = TOKEN_END, .at = source.len});
    *ret = lex.tokens;
    return true;
}

size_t lex_find_end(struct str text, size_t from)
{
    size_t open = 0;
    for (size_t i = from; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\'' || c == '"')
            i = string_end(text, i);
        else if (c == '(' || c == '[' || c == '{')
            open++;
        else if (open == 0 && c == '}' && i + 1 < text.len && text.ptr[i + 1] == '}')
            return i;
        else if (open > 0 && (c == ')' || c == ']' || c == '}'))
            open--;
    }
    return text.len;
}
