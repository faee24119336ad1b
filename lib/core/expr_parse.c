#include "core/expr_internal.h"

#include <string.h>

/*
 * Recursive descent after jinja2/parser.py, so that precedence is Jinja2's to the letter:
 *
 *     condexpr  or  and  not  compare  math1 (+ -)  concat (~)  math2 (* / // %)
 *     pow (to the left)  unary  primary postfix filters-and-tests
 */
struct parser {
    struct arena *arena;
    const struct expr *expr;
    const struct token *at; /* the token looked at */
    int nesting;
    struct err *err;
};

static bool parse_expression(struct parser *p, struct node **ret) MUST_CHECK;
static bool parse_unary(struct parser *p, bool with_filters, struct node **ret) MUST_CHECK;
static bool parse_postfix(struct parser *p, struct node **node) MUST_CHECK;

#define FAIL(p, byte, ...)                                                                     \
    expr_fail_at((p)->err, ERR_CONFIG, (p)->expr->source, (byte), __VA_ARGS__)

const char *expr_op_text(enum expr_op op)
{
    static const char *const texts[] = {
#define X(name, text) text,
        EXPR_BINARY_OPS(X)
#undef X
    };
    return texts[op];
}

/* ---- tokens ---- */

static bool is_op(const struct token *token, const char *text)
{
    return token->kind == TOKEN_OPERATOR && str_is(token->text, text);
}

static bool is_word(const struct token *token, const char *text)
{
    return token->kind == TOKEN_NAME && str_is(token->text, text);
}

static bool skip_op(struct parser *p, const char *text)
{
    if (!is_op(p->at, text))
        return false;
    p->at++;
    return true;
}

static bool skip_word(struct parser *p, const char *text)
{
    if (!is_word(p->at, text))
        return false;
    p->at++;
    return true;
}

static bool is_reserved(const struct token *token)
{
    static const char *const words[] = {"and", "or", "not", "in", "is", "if", "else"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (is_word(token, words[i]))
            return true;
    return false;
}

static bool fail_expected(struct parser *p, const char *what)
{
    if (p->at->kind == TOKEN_END)
        return FAIL(p, p->at->at, "expected %s, but the expression ends", what);
    struct str found = str_slice(p->expr->source, p->at->at, MIN(p->at->end, p->at->at + 40));
    return FAIL(p, p->at->at, "expected %s, found '%.*s'", what, STR_ARG(found));
}

static bool expect_op(struct parser *p, const char *text)
{
    if (skip_op(p, text))
        return true;
    char what[8];
    snprintf(what, sizeof what, "'%s'", text);
    return fail_expected(p, what);
}

/* ---- nodes ---- */

static bool node_make(struct parser *p, enum node_kind kind, size_t at, size_t kids,
                      struct node *const *from, struct node **ret)
{
    struct node *node = ARENA_NEW(p->arena, struct node);
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
        return FAIL(p, at, "more than %d operations inside each other", EXPR_DEPTH_MAX);
    *ret = node;
    return true;
}

static struct node *node_const(struct parser *p, size_t at, struct value value)
{
    struct node *node = ARENA_NEW(p->arena, struct node);
    *node = (struct node){.kind = NODE_CONST, .at = at, .depth = 1, .value = value};
    return node;
}

/* A growing row of nodes. */
struct row {
    struct node **items;
    size_t count, capacity;
};

static void row_add(struct parser *p, struct row *row, struct node *node)
{
    ARENA_GROW(p->arena, row->items, row->count, row->capacity);
    row->items[row->count++] = node;
}

static bool enter(struct parser *p)
{
    if (++p->nesting > EXPR_NESTING_MAX)
        return FAIL(p, p->at->at, "nested deeper than %d levels", EXPR_NESTING_MAX);
    return true;
}

/* ---- primary ---- */

/* `a, b]` up to the closing bracket; a trailing comma is fine. *ret_commas may be NULL. */
static bool parse_row(struct parser *p, const char *close, struct row *row, bool *ret_comma)
{
    while (!is_op(p->at, close)) {
        struct node *item;
        if (!parse_expression(p, &item))
            return false;
        row_add(p, row, item);
        if (!skip_op(p, ","))
            break;
        *ret_comma = true;
    }
    return expect_op(p, close);
}

static bool parse_list(struct parser *p, struct node **ret)
{
    size_t at = p->at++->at;
    struct row row = {0};
    bool comma;
    return parse_row(p, "]", &row, &comma) &&
           node_make(p, NODE_LIST, at, row.count, row.items, ret);
}

/* (a) is a; (a, b) and () are tuples, which are lists here. */
static bool parse_parentheses(struct parser *p, struct node **ret)
{
    size_t at = p->at++->at;
    struct row row = {0};
    bool comma = false;
    if (!parse_row(p, ")", &row, &comma))
        return false;
    if (row.count == 1 && !comma) {
        *ret = row.items[0];
        return true;
    }
    if (!node_make(p, NODE_LIST, at, row.count, row.items, ret))
        return false;
    (*ret)->is_tuple = true;
    return true;
}

static bool parse_map(struct parser *p, struct node **ret)
{
    size_t at = p->at++->at;
    struct row row = {0};
    while (!is_op(p->at, "}")) {
        struct node *key, *value;
        if (!parse_expression(p, &key) || !expect_op(p, ":") || !parse_expression(p, &value))
            return false;
        row_add(p, &row, key);
        row_add(p, &row, value);
        if (!skip_op(p, ","))
            break;
    }
    return expect_op(p, "}") && node_make(p, NODE_MAP, at, row.count, row.items, ret);
}

static bool parse_string(struct parser *p, struct node **ret)
{
    struct token first = *p->at++;
    struct str text = first.text;
    while (p->at->kind == TOKEN_STRING) {
        text = arena_printf(p->arena, "%.*s%.*s", STR_ARG(text), STR_ARG(p->at->text));
        p->at++;
    }
    *ret = node_const(p, first.at, value_string(arena_str(p->arena, text)));
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
        if (!is_word(token, constants[i].word))
            continue;
        struct value value = {.kind = constants[i].kind};
        value.boolean = constants[i].flag;
        *ret = node_const(p, token->at, value);
        return true;
    }
    if (!node_make(p, NODE_NAME, token->at, 0, NULL, ret))
        return false;
    (*ret)->value = value_string(arena_str(p->arena, token->text));
    return true;
}

static bool parse_primary(struct parser *p, struct node **ret)
{
    const struct token *token = p->at;
    if (token->kind == TOKEN_STRING)
        return parse_string(p, ret);
    if (token->kind == TOKEN_NUMBER) {
        p->at++;
        *ret = node_const(p, token->at, value_number(arena_str(p->arena, token->text)));
        return true;
    }
    if (token->kind == TOKEN_NAME && !is_reserved(token))
        return parse_name(p, ret);
    if (is_op(token, "("))
        return parse_parentheses(p, ret);
    if (is_op(token, "["))
        return parse_list(p, ret);
    if (is_op(token, "{"))
        return parse_map(p, ret);
    return fail_expected(p, "a value");
}

/* ---- arguments ---- */

struct args {
    struct row values;
    struct {
        struct str name; /* empty for an argument by place */
        size_t at;
    } names[EXPR_SLOTS_MAX];
};

static bool parse_args(struct parser *p, struct args *args)
{
    while (!is_op(p->at, ")")) {
        size_t n = args->values.count;
        if (n == EXPR_SLOTS_MAX)
            return FAIL(p, p->at->at, "too many arguments");
        args->names[n].at = p->at->at;
        bool is_named = p->at->kind == TOKEN_NAME && is_op(p->at + 1, "=");
        if (is_named) {
            args->names[n].name = p->at->text;
            p->at += 2;
        } else if (n && args->names[n - 1].name.len) {
            return FAIL(p, p->at->at, "an argument without a name after one with a name");
        }
        struct node *value;
        if (!parse_expression(p, &value))
            return false;
        row_add(p, &args->values, value);
        if (!skip_op(p, ","))
            break;
    }
    return expect_op(p, ")");
}

static bool find_slot(struct parser *p, const struct callable *call, const struct args *args,
                      size_t i, size_t *ret)
{
    struct str name = args->names[i].name;
    if (!name.len && i >= call->positional)
        return FAIL(p, args->names[i].at, "too many arguments for %s", call->name);
    *ret = i;
    if (!name.len)
        return true;
    for (size_t slot = 0; slot < EXPR_SLOTS_MAX && call->slots[slot]; slot++) {
        *ret = slot;
        if (str_is(name, call->slots[slot]))
            return true;
    }
    return FAIL(p, args->names[i].at, "%s has no argument '%.*s'", call->name, STR_ARG(name));
}

/* The names that map and selectattr are given as text can be checked now. */
static bool check_inner_name(struct parser *p, const struct callable *call,
                             struct node *const *kids)
{
    for (size_t slot = 0; slot < EXPR_SLOTS_MAX && call->slots[slot]; slot++) {
        const struct node *arg = kids[slot + 1];
        if (!arg || arg->kind != NODE_CONST || arg->value.kind != VALUE_STRING)
            continue;
        struct str name = arg->value.text;
        if (str_is(str_from(call->slots[slot]), "filter") && !filter_find(name))
            return FAIL(p, arg->at, "no filter is called '%.*s'", STR_ARG(name));
        if (str_is(str_from(call->slots[slot]), "test") && !test_find(name))
            return FAIL(p, arg->at, "no test is called '%.*s'", STR_ARG(name));
    }
    return true;
}

/* A filter or test over `subject`, its arguments put into their slots. */
static bool make_call(struct parser *p, enum node_kind kind, const struct token *name,
                      const struct callable *call, const struct args *args,
                      struct node **subject_to_result)
{
    struct node *kids[EXPR_SLOTS_MAX + 1] = {*subject_to_result};
    for (size_t i = 0; i < args->values.count; i++) {
        size_t slot = 0;
        if (!find_slot(p, call, args, i, &slot))
            return false;
        if (kids[slot + 1])
            return FAIL(p, args->names[i].at, "this argument of %s is given twice", call->name);
        kids[slot + 1] = args->values.items[i];
    }
    for (size_t slot = 0; slot < call->required; slot++)
        if (!kids[slot + 1])
            return FAIL(p, name->at, "%s needs %s", call->name, call->slots[slot]);
    if (!check_inner_name(p, call, kids) ||
        !node_make(p, kind, name->at, EXPR_SLOTS_MAX + 1, kids, subject_to_result))
        return false;
    (*subject_to_result)->call = call;
    return true;
}

static bool fail_unknown(struct parser *p, const struct token *token, const char *what,
                         const char *nearest)
{
    return FAIL(p, token->at, "no %s is called '%.*s'%s%s%s", what, STR_ARG(token->text),
                nearest ? "; is it '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static bool parse_filter(struct parser *p, struct node **node)
{
    const struct token *name = p->at;
    if (name->kind != TOKEN_NAME)
        return fail_expected(p, "the name of a filter");
    p->at++;
    const struct callable *call = filter_find(name->text);
    if (!call)
        return fail_unknown(p, name, "filter", filter_nearest(name->text));
    struct args args = {0};
    if (skip_op(p, "(") && !parse_args(p, &args))
        return false;
    return make_call(p, NODE_FILTER, name, call, &args, node);
}

static bool starts_test_argument(const struct token *token)
{
    if (token->kind == TOKEN_NAME)
        return !is_reserved(token);
    return token->kind == TOKEN_STRING || token->kind == TOKEN_NUMBER || is_op(token, "[") ||
           is_op(token, "{");
}

static bool parse_test(struct parser *p, struct node **node)
{
    size_t at = p->at++->at;
    bool negated = skip_word(p, "not");
    const struct token *name = p->at;
    if (name->kind != TOKEN_NAME)
        return fail_expected(p, "the name of a test");
    p->at++;
    const struct callable *call = test_find(name->text);
    if (!call)
        return fail_unknown(p, name, "test", test_nearest(name->text));
    struct args args = {.names[0].at = p->at->at};
    if (skip_op(p, "(")) {
        if (!parse_args(p, &args))
            return false;
    } else if (starts_test_argument(p->at)) {
        struct node *value;
        if (!parse_primary(p, &value) || !parse_postfix(p, &value))
            return false;
        row_add(p, &args.values, value);
    } else if (is_word(p->at, "is")) {
        return FAIL(p, p->at->at, "tests cannot be chained with 'is'; write 'and'");
    }
    if (!make_call(p, NODE_TEST, name, call, &args, node))
        return false;
    return !negated || node_make(p, NODE_NOT, at, 1, node, node);
}

/* ---- postfix ---- */

static bool is_method_get(const struct node *node)
{
    return node->kind == NODE_ITEM && node->kids[1]->kind == NODE_CONST &&
           node->kids[1]->value.kind == VALUE_STRING &&
           str_is(node->kids[1]->value.text, "get");
}

static bool fail_not_callable(struct parser *p, size_t at, const struct node *node)
{
    bool is_method = node->kind == NODE_ITEM && node->kids[1]->kind == NODE_CONST &&
                     node->kids[1]->value.kind == VALUE_STRING;
    struct str name = is_method ? node->kids[1]->value.text : STR_NONE;
    if (is_method && filter_find(name))
        return FAIL(p, at, "only .get() and now() can be called; there is a filter: | %.*s",
                    STR_ARG(name));
    return FAIL(p, at, "only .get() and now() can be called");
}

static bool parse_call(struct parser *p, struct node **node)
{
    size_t at = p->at++->at;
    struct args args = {0};
    if (!parse_args(p, &args))
        return false;
    size_t count = args.values.count;
    for (size_t i = 0; i < count; i++)
        if (args.names[i].name.len)
            return FAIL(p, args.names[i].at, "this call takes no named arguments");
    if ((*node)->kind == NODE_NAME && str_is((*node)->value.text, "now"))
        return count ? FAIL(p, at, "now() takes no arguments")
                     : node_make(p, NODE_NOW, (*node)->at, 0, NULL, node);
    if (!is_method_get(*node))
        return fail_not_callable(p, at, *node);
    if (count < 1 || count > 2)
        return FAIL(p, at, ".get() takes a key and perhaps a default");
    struct node *kids[] = {(*node)->kids[0], args.values.items[0],
                           count > 1 ? args.values.items[1] : NULL};
    return node_make(p, NODE_GET, (*node)->at, 3, kids, node);
}

static bool parse_attribute(struct parser *p, struct node **node)
{
    size_t at = p->at++->at;
    const struct token *name = p->at;
    bool is_index = name->kind == TOKEN_NUMBER && name->is_integer;
    if (name->kind != TOKEN_NAME && !is_index)
        return fail_expected(p, "a key after the dot");
    p->at++;
    struct str text = arena_str(p->arena, name->text);
    struct value key = is_index ? value_number(text) : value_string(text);
    struct node *kids[] = {*node, node_const(p, name->at, key)};
    return node_make(p, NODE_ITEM, at, 2, kids, node);
}

/* One bound of a slice, NULL where it is left out. */
static bool parse_bound(struct parser *p, struct node **ret)
{
    *ret = NULL;
    return is_op(p->at, ":") || is_op(p->at, "]") || parse_expression(p, ret);
}

static bool parse_subscript(struct parser *p, struct node **node)
{
    size_t at = p->at++->at;
    struct node *kids[4] = {*node};
    if (is_op(p->at, "]"))
        return fail_expected(p, "an index or key");
    if (!parse_bound(p, &kids[1]))
        return false;
    if (!skip_op(p, ":"))
        return expect_op(p, "]") && node_make(p, NODE_ITEM, at, 2, kids, node);
    if (!parse_bound(p, &kids[2]) || (skip_op(p, ":") && !parse_bound(p, &kids[3])))
        return false;
    return expect_op(p, "]") && node_make(p, NODE_SLICE, at, 4, kids, node);
}

static bool parse_postfix(struct parser *p, struct node **node)
{
    for (;;) {
        bool ok;
        if (is_op(p->at, "."))
            ok = parse_attribute(p, node);
        else if (is_op(p->at, "["))
            ok = parse_subscript(p, node);
        else if (is_op(p->at, "("))
            ok = parse_call(p, node);
        else
            return true;
        if (!ok)
            return false;
    }
}

static bool parse_filters(struct parser *p, struct node **node)
{
    for (;;) {
        bool ok;
        if (skip_op(p, "|"))
            ok = parse_filter(p, node);
        else if (is_word(p->at, "is"))
            ok = parse_test(p, node);
        else if (is_op(p->at, "("))
            ok = parse_call(p, node);
        else
            return true;
        if (!ok)
            return false;
    }
}

/* ---- operators, tightest first ---- */

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
    if (!enter(p) || !parse_unary(p, false, &operand))
        return false;
    p->nesting--;
    if (is_op(sign, "-") && fold_minus(p, operand)) {
        operand->at = sign->at;
        *ret = operand;
        return true;
    }
    return node_make(p, is_op(sign, "-") ? NODE_NEG : NODE_POS, sign->at, 1, &operand, ret);
}

static bool parse_unary(struct parser *p, bool with_filters, struct node **ret)
{
    bool has_sign = is_op(p->at, "-") || is_op(p->at, "+");
    struct node *node = NULL;
    if (has_sign ? !parse_sign(p, &node) : !parse_primary(p, &node))
        return false;
    if (!parse_postfix(p, &node) || (with_filters && !parse_filters(p, &node)))
        return false;
    *ret = node;
    return true;
}

static bool make_binary(struct parser *p, enum expr_op op, size_t at, struct node *right,
                        struct node **left)
{
    struct node *kids[] = {*left, right};
    if (!node_make(p, NODE_BINARY, at, 2, kids, left))
        return false;
    (*left)->ops = ARENA_NEW(p->arena, enum expr_op);
    (*left)->ops[0] = op;
    return true;
}

typedef bool (*parse_fn)(struct parser *p, struct node **ret);

/* left (op right)*, to the left; ops from `first` to `last`. */
static bool parse_binary(struct parser *p, parse_fn next, enum expr_op first, enum expr_op last,
                         struct node **ret)
{
    if (!next(p, ret))
        return false;
    for (;;) {
        enum expr_op op = first;
        while (op <= last && !is_op(p->at, expr_op_text(op)))
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
    struct row row = {0};
    do {
        struct node *operand;
        if (row.count == 1)
            at = p->at[-1].at;
        if (!parse_math2(p, &operand))
            return false;
        row_add(p, &row, operand);
    } while (skip_op(p, "~"));
    *ret = row.items[0];
    return row.count == 1 || node_make(p, NODE_CONCAT, at, row.count, row.items, ret);
}

static bool parse_math1(struct parser *p, struct node **ret)
{
    return parse_binary(p, parse_concat, OP_ADD, OP_SUB, ret);
}

/* The comparison at the place, skipped. */
static bool skip_comparison(struct parser *p, enum expr_op *ret)
{
    for (enum expr_op op = OP_EQ; op <= OP_GE; op++) {
        if (skip_op(p, expr_op_text(op))) {
            *ret = op;
            return true;
        }
    }
    *ret = OP_IN;
    if (skip_word(p, "in"))
        return true;
    if (!is_word(p->at, "not") || !is_word(p->at + 1, "in"))
        return false;
    p->at += 2;
    *ret = OP_NOT_IN;
    return true;
}

static bool parse_compare(struct parser *p, struct node **ret)
{
    struct row row = {0};
    enum expr_op *ops = NULL, op;
    size_t op_count = 0, op_capacity = 0, at = 0;
    do {
        struct node *operand;
        if (!parse_math1(p, &operand))
            return false;
        row_add(p, &row, operand);
        at = row.count == 1 ? p->at->at : at;
        if (!skip_comparison(p, &op))
            break;
        ARENA_GROW(p->arena, ops, op_count, op_capacity);
        ops[op_count++] = op;
    } while (true);
    *ret = row.items[0];
    if (row.count == 1)
        return true;
    if (!node_make(p, NODE_COMPARE, at, row.count, row.items, ret))
        return false;
    (*ret)->ops = ops;
    return true;
}

static bool parse_not(struct parser *p, struct node **ret)
{
    if (!is_word(p->at, "not"))
        return parse_compare(p, ret);
    size_t at = p->at++->at;
    struct node *operand;
    if (!enter(p) || !parse_not(p, &operand))
        return false;
    p->nesting--;
    return node_make(p, NODE_NOT, at, 1, &operand, ret);
}

/* left (word right)* */
static bool parse_logic(struct parser *p, parse_fn next, const char *word, enum node_kind kind,
                        struct node **ret)
{
    struct node *kids[2];
    if (!next(p, &kids[0]))
        return false;
    while (is_word(p->at, word)) {
        size_t at = p->at++->at;
        if (!next(p, &kids[1]) || !node_make(p, kind, at, 2, kids, &kids[0]))
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
    if (!enter(p) || !parse_or(p, &node))
        return false;
    while (is_word(p->at, "if")) {
        size_t at = p->at++->at;
        struct node *condition, *otherwise = NULL;
        if (!parse_or(p, &condition) ||
            (skip_word(p, "else") && !parse_expression(p, &otherwise)))
            return false;
        struct node *kids[] = {condition, node, otherwise};
        if (!node_make(p, NODE_IF, at, 3, kids, &node))
            return false;
    }
    p->nesting--;
    *ret = node;
    return true;
}

bool expr_parse(struct arena *arena, const struct expr *expr, const struct tokens *tokens,
                struct node **ret, struct err *err)
{
    struct parser p = {.arena = arena, .expr = expr, .at = tokens->items, .err = err};
    struct node *root;
    if (p.at->kind == TOKEN_END)
        return FAIL(&p, 0, "an empty expression");
    if (!parse_expression(&p, &root))
        return false;
    if (p.at->kind != TOKEN_END)
        return fail_expected(&p, "an operator or the end");
    *ret = root;
    return true;
}
