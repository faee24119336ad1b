#ifndef CORE_EXPR_INTERNAL_H
#define CORE_EXPR_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/expr.h"

/*
 * What the files of the expression module share. An expression goes
 *
 *     text → expr_lex → tokens → expr_parse → nodes → node_eval → value
 *
 * The tree is built once, in the caller's arena, and never changed: any number of evaluations
 * may follow. Ceilings, because recursion follows the tree and data sizes follow the far side:
 */
enum {
    EXPR_SOURCE_MAX = 64 * 1024,         /* bytes of one expression */
    EXPR_NESTING_MAX = 200,              /* brackets, unary operators, `else` branches */
    EXPR_DEPTH_MAX = 1000,               /* levels of the tree: long chains count too */
    EXPR_TEXT_MAX = 10 * 1024 * 1024,    /* bytes of a string made by an expression */
    EXPR_LIST_MAX = 1000 * 1000,         /* elements of a list made by an expression */
    EXPR_MEMORY_MAX = 256 * 1024 * 1024, /* bytes one evaluation may take from its arena */
    EXPR_SLOTS_MAX = 6,                  /* arguments of a filter or test */
};

/* ---- expr_lex.c ---- */

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

/* Tokens of the whole source, in `arena`. ERR_CONFIG with a caret. */
bool expr_lex(struct arena *arena, struct str source, struct tokens *ret,
              struct err *err) MUST_CHECK;

/*
 * Where the `}}` stands that ends an expression beginning at `from`, or text.len: the first one
 * outside strings and brackets.
 */
size_t expr_find_end(struct str text, size_t from);

/* ---- expr_parse.c ---- */

/* clang-format off */
#define EXPR_BINARY_OPS(X)                                                                     \
    X(OP_ADD, "+") X(OP_SUB, "-") X(OP_MUL, "*") X(OP_DIV, "/") X(OP_FLOORDIV, "//")           \
    X(OP_MOD, "%") X(OP_POW, "**") X(OP_EQ, "==") X(OP_NE, "!=") X(OP_LT, "<")                 \
    X(OP_LE, "<=") X(OP_GT, ">") X(OP_GE, ">=") X(OP_IN, "in") X(OP_NOT_IN, "not in")
/* clang-format on */

enum expr_op {
#define X(name, text) name,
    EXPR_BINARY_OPS(X)
#undef X
};

const char *expr_op_text(enum expr_op op);

enum node_kind {
    NODE_CONST, /* value */
    NODE_NAME,  /* value.text is the name */
    NODE_LIST,  /* kids */
    NODE_MAP,   /* kids: key, value, key, value … */
    NODE_ITEM,  /* kids: container, key */
    NODE_SLICE, /* kids: sequence, from, to, step; NULL where not written */
    NODE_NEG,   /* kids: operand; likewise POS and NOT */
    NODE_POS,
    NODE_NOT,
    NODE_AND, /* kids: left, right; likewise OR */
    NODE_OR,
    NODE_IF,      /* kids: condition, then, else or NULL */
    NODE_COMPARE, /* kids: operands; ops: one less */
    NODE_BINARY,  /* kids: left, right; ops: one */
    NODE_CONCAT,  /* kids: operands of ~ */
    NODE_FILTER,  /* kids: subject, then one for each slot of `call`, NULL where not given */
    NODE_TEST,    /* likewise */
    NODE_GET,     /* .get(key, default): container, key, default or NULL */
    NODE_NOW,
};

struct node {
    enum node_kind kind;
    int depth;
    size_t at; /* where a caret points */
    struct value value;
    struct node **kids;
    size_t count;
    enum expr_op *ops;
    const struct callable *call; /* FILTER, TEST */
    bool is_tuple;               /* LIST: in parentheses; only `%` of a string asks */
};

struct expr {
    struct str source;
    struct node *root;
};

/* `arena` keeps the tree. ERR_CONFIG with a caret. */
bool expr_parse(struct arena *arena, const struct expr *expr, const struct tokens *tokens,
                struct node **ret, struct err *err) MUST_CHECK;

/*
 * Fills *err: the message, then the line of the source that holds byte `at`, then a caret
 * under it. Always false.
 */
bool expr_fail_at(struct err *err, enum err_kind kind, struct str source, size_t at,
                  const char *fmt, ...) PRINTF_LIKE(5, 6);

/* ---- expr_eval.c ---- */

/* One evaluation. */
struct eval {
    const struct expr *expr;
    const struct expr_scope *scope;
    struct arena *arena;
    size_t arena_start_bytes;
    size_t at; /* the operation under way: where a failure's caret points */
    struct err *err;
};

/* ERR_INPUT at ev->at. Always false. */
bool eval_fail(struct eval *ev, const char *fmt, ...) PRINTF_LIKE(2, 3);

#ifdef __clang_analyzer__
#define eval_fail(...)    ((eval_fail)(__VA_ARGS__), false)
#define expr_fail_at(...) ((expr_fail_at)(__VA_ARGS__), false)
#endif

/* For messages: the value as JSON, cut at 200 bytes. NUL-terminated, in the arena. */
const char *eval_show(struct eval *ev, struct value value);

/* container[key] as Jinja has it; fails on an undefined container only. */
bool eval_item(struct eval *ev, struct value container, struct value key,
               struct value *ret) MUST_CHECK;

/* The text built in a buffer, copied to the arena; fails where it passed its ceiling. */
bool eval_take_text(struct eval *ev, const struct buf *buf, struct value *ret) MUST_CHECK;

/* A list of `count` elements, undefined at first, to be filled in place by the caller. */
bool eval_list_new(struct eval *ev, size_t count, struct value_list **ret) MUST_CHECK;
struct value value_from_list(const struct value_list *list);

/* The scope's time as RFC 3339 text. expr_filter_time.c */
bool eval_now(struct eval *ev, struct value *ret) MUST_CHECK;

/* ---- expr_number.c, expr_number_parse.c ---- */

/* A number that arithmetic can use: an integer of 64 bits or a finite double. */
struct number {
    bool is_real;
    int64_t integer;
    double real; /* set for integers too */
};

bool number_text_is_integer(struct str text);

/* A number or boolean; fails on any other kind, and beyond the range of arithmetic. */
bool number_read(struct eval *ev, struct value value, struct number *ret) MUST_CHECK;
bool number_is_numeric(struct value value); /* number or boolean */

/* As Python's repr: shortest digits that read back the same, `2.0`, `1e+16`. */
struct str number_format_real(struct arena *arena, double real);
bool number_from_real(struct eval *ev, double real, struct value *ret) MUST_CHECK;

/* Exact, by the decimal digits, whatever their length. Booleans count as 0 and 1. */
int number_compare(struct value a, struct value b);
uint64_t number_hash(struct value value); /* equal numbers have equal hashes */

/* The number's text cut towards zero, exact; false beyond 400 digits. */
bool number_truncate(struct arena *arena, struct str text, struct str *ret) MUST_CHECK;

/*
 * Text as Python's int(text, base) and float(text) read it: white space around, sign,
 * underscores between digits. The result is a legal number text. For float, `*ret_special`
 * says that it is a nan or an infinity and has no text.
 */
bool number_parse_int(struct arena *arena, struct str text, int base,
                      struct str *ret) MUST_CHECK;
bool number_parse_float(struct arena *arena, struct str text, struct str *ret,
                        bool *ret_special) MUST_CHECK;

/* + - * / // % ** of two numeric values. */
bool number_binary(struct eval *ev, enum expr_op op, struct value a, struct value b,
                   struct value *ret) MUST_CHECK;
bool number_negate(struct eval *ev, struct value value, struct value *ret) MUST_CHECK;

/* ---- expr_ops.c ---- */

bool op_binary(struct eval *ev, enum expr_op op, struct value a, struct value b,
               struct value *ret) MUST_CHECK;
/* == != < <= > >= in, not in */
bool op_compare(struct eval *ev, enum expr_op op, struct value a, struct value b,
                bool *ret) MUST_CHECK;
bool op_equal(struct value a, struct value b);
bool op_less(struct eval *ev, struct value a, struct value b, bool *ret) MUST_CHECK;
bool op_contains(struct eval *ev, struct value container, struct value value,
                 bool *ret) MUST_CHECK;

/* Undefined or omit, itself or anywhere inside. */
bool expr_has_undefined(struct value value);

/* ---- expr_text.c ---- */

/* Python's str(): None, True, numbers as written, containers as repr. */
void text_put(struct buf *buf, struct value value);
bool text_of(struct eval *ev, struct value value, struct str *ret) MUST_CHECK;

size_t text_length(struct str text); /* in characters */
/* The bytes of characters from..to; clamped. */
struct str text_characters(struct str text, size_t from, size_t to);
/* Bytes of the character at the start of a text that is not empty. */
size_t text_character_bytes(struct str text);
uint32_t text_code_point(struct str character);
bool text_is_space(uint32_t code); /* as Python's str.isspace */

void text_put_lower(struct buf *buf, struct str text);
void text_put_upper(struct buf *buf, struct str text);

/* Python's iteration: list elements, characters, keys. Fails where a value has none. */
bool text_elements(struct eval *ev, struct value value,
                   const struct value_list **ret) MUST_CHECK;

/* ---- expr_json.c ---- */

/* json.dumps with sorted keys and Jinja's HTML escapes; `indent` < 0: on one line. */
void text_put_json(struct buf *buf, struct value value, int indent);

/* ---- expr_format.c ---- */

/*
 * The % operator of a string: Python's printf-style conversions of one value, of the members
 * of an object by %(name)s, or, where `is_tuple`, of the elements of a list.
 */
bool format_percent(struct eval *ev, struct str format, struct value args, bool is_tuple,
                    struct value *ret) MUST_CHECK;

/* ---- expr_filter*.c, expr_test.c ---- */

/* One call under way; args[i] means something where given[i]. */
struct call {
    struct value subject;
    struct value args[EXPR_SLOTS_MAX];
    bool given[EXPR_SLOTS_MAX];
};

typedef bool (*callable_fn)(struct eval *ev, const struct call *call, struct value *ret);

/* A filter or test. Slots 0 to positional-1 may be filled by place, all by name. */
struct callable {
    const char *name;
    callable_fn fn;
    const char *slots[EXPR_SLOTS_MAX];
    size_t positional, required;
};

/* NULL where there is none. */
const struct callable *filter_find(struct str name);
const struct callable *test_find(struct str name);

/* The nearest name for "did you mean", or NULL. */
const char *filter_nearest(struct str name);
const char *test_nearest(struct str name);

/* Names as text at run time: the first argument of map, selectattr … */
bool filter_call(struct eval *ev, struct str name, const struct call *call,
                 struct value *ret) MUST_CHECK;
bool test_call(struct eval *ev, struct str name, const struct call *call,
               struct value *ret) MUST_CHECK;

/* Arguments, with their defaults; a wrong kind fails with the slot's name. */
bool call_int(struct eval *ev, const struct call *call, size_t slot, int64_t fallback,
              int64_t *ret) MUST_CHECK;
bool call_flag(const struct call *call, size_t slot);
bool call_text(struct eval *ev, const struct call *call, size_t slot, struct str fallback,
               struct str *ret) MUST_CHECK;

/* Tables of filters; each ends with an entry without a name. */
extern const struct callable filters_basic[], filters_text[], filters_list[], filters_select[],
    filters_code[], filters_time[];

/* expr_attribute.c: "a.b.0" or an index, applied to a value. */
struct attribute {
    bool is_set;
    struct value parts[16];
    size_t count;
};

bool attribute_read(struct eval *ev, const struct call *call, size_t slot,
                    struct attribute *ret) MUST_CHECK;
bool attribute_parse(struct eval *ev, struct value text, struct attribute *ret) MUST_CHECK;
bool attribute_get(struct eval *ev, const struct attribute *attribute, struct value item,
                   struct value *ret) MUST_CHECK;

#endif
