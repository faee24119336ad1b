#include "config/import/rewrite.h"

#include <ctype.h>

#include "base/buf.h"
#include "core/template.h"

enum { TEXT_BYTES_MAX = 64 * 1024, NESTING_MAX = 32 };

struct scan {
    const struct rewrite_rules *rules;
    struct str text;
    size_t at;
    struct buf *out;
    struct str word; /* the word before, or STR_NONE where it was no word */
    char mark;       /* the byte before that is no blank */
    int nesting;
};

static bool is_word_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static char byte_at(const struct scan *scan, size_t at)
{
    return at < scan->text.len ? scan->text.ptr[at] : '\0';
}

static size_t word_end(struct str text, size_t at)
{
    while (at < text.len && is_word_byte(text.ptr[at]))
        at++;
    return at;
}

/* Behind the closing quote, or the end of the text. */
static size_t string_end(struct str text, size_t at)
{
    char quote = text.ptr[at++];
    while (at < text.len && text.ptr[at] != quote)
        at += text.ptr[at] == '\\' ? 2 : 1;
    return MIN(at + 1, text.len);
}

static bool is_keyword(struct str word)
{
    static const char *const words[] = {"and",  "or",    "not",  "in",   "is",    "if",  "else",
                                        "true", "false", "none", "True", "False", "None"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_is(word, words[i]))
            return true;
    return false;
}

/* --- names and what follows them --- */

static size_t skip_blanks(struct str text, size_t at)
{
    while (at < text.len && isspace((unsigned char)text.ptr[at]))
        at++;
    return at;
}

/* ['x'], ["x"], [0] */
static bool bracket_step(struct str text, size_t *at, struct str *ret_step)
{
    size_t from = skip_blanks(text, *at + 1), end;
    if (from >= text.len)
        return false;
    if (text.ptr[from] == '\'' || text.ptr[from] == '"') {
        end = string_end(text, from);
        *ret_step = str_slice(text, from + 1, end - 1);
    } else {
        end = word_end(text, from + (text.ptr[from] == '-'));
        *ret_step = str_slice(text, from, end);
        int64_t ignored;
        if (!str_to_int64(*ret_step, &ignored))
            return false;
    }
    end = skip_blanks(text, end);
    if (end >= text.len || text.ptr[end] != ']' || str_find_byte(*ret_step, '\\') >= 0)
        return false;
    *at = end + 1;
    return true;
}

/* The end of .get('x'), or of .get('x', {}) with a default that is empty: as if it were not
 * there. */
static bool close_get(struct str text, size_t close, size_t *ret_end)
{
    static const char *const defaults[] = {"{}", "[]", "''", "\"\"", "None", "none"};
    struct str rest = str_slice(text, close, text.len), inside;
    struct str behind = str_split(rest, ')', &inside);
    inside = str_trim(inside);
    if (!behind.ptr || (inside.len && inside.ptr[0] != ','))
        return false;
    struct str value = str_trim(str_slice(inside, 1, inside.len));
    bool is_known = !inside.len;
    for (size_t i = 0; i < COUNT_OF(defaults); i++)
        is_known |= str_is(value, defaults[i]);
    *ret_end = text.len - behind.len;
    return is_known;
}

/* .x and .get('x') */
static bool dot_step(struct str text, size_t *at, struct str *ret_step)
{
    size_t from = *at + 1, end = word_end(text, from);
    struct str word = str_slice(text, from, end);
    bool is_call = end < text.len && text.ptr[end] == '(';
    if (!word.len)
        return false;
    if (!is_call) {
        *ret_step = word;
        *at = end;
        return true;
    }
    size_t quote = end + 1;
    if (!str_is(word, "get") || quote >= text.len || !strchr("'\"", text.ptr[quote]))
        return false;
    size_t close = string_end(text, quote);
    *ret_step = str_slice(text, quote + 1, close - 1);
    return close_get(text, close, at);
}

/* Reads the steps behind a root; ends[i] is where the i-th ends. */
static void read_steps(struct str text, size_t at, struct rewrite_name *name, size_t *ends)
{
    while (at < text.len && name->count < REWRITE_STEPS_MAX) {
        struct str step;
        bool is_step = text.ptr[at] == '['   ? bracket_step(text, &at, &step)
                       : text.ptr[at] == '.' ? dot_step(text, &at, &step)
                                             : false;
        if (!is_step)
            return;
        name->steps[name->count] = step;
        ends[name->count++] = at;
    }
}

static bool put_name(struct scan *scan, size_t end)
{
    struct rewrite_name name = {.root = str_slice(scan->text, scan->at, end)};
    size_t ends[REWRITE_STEPS_MAX], used = 0;
    struct str to;
    read_steps(scan->text, end, &name, ends);
    if (!scan->rules->name(scan->rules->ctx, &name, &used, &to))
        return false;
    buf_put(scan->out, to);
    scan->at = used ? ends[used - 1] : end;
    return true;
}

/* --- calls --- */

static bool put_expression(struct scan *scan);

static bool rewrite_part(const struct scan *scan, struct str text, struct str *ret)
{
    AUTO_BUF(out, TEXT_BYTES_MAX);
    struct scan inner = {
        .rules = scan->rules, .text = text, .out = &out, .nesting = scan->nesting + 1};
    if (inner.nesting > NESTING_MAX || !put_expression(&inner) || out.has_overflowed)
        return false;
    *ret = arena_str(scan->rules->arena, buf_str(&out));
    return true;
}

/* The arguments between the parenthesis at `at` and its own; false where it is not closed. */
static bool read_args(const struct scan *scan, size_t at, struct str *args, size_t *ret_count,
                      size_t *ret_end)
{
    size_t depth = 0, from = at + 1, count = 0;
    for (; at < scan->text.len; at++) {
        char c = scan->text.ptr[at];
        if (c == '\'' || c == '"') {
            at = string_end(scan->text, at) - 1;
            continue;
        }
        depth += (c == '(') + (c == '[') + (c == '{');
        bool closes = c == ')' || c == ']' || c == '}';
        if (depth > 1 || (c != ',' && !closes)) {
            depth -= closes;
            continue;
        }
        struct str arg = str_trim(str_slice(scan->text, from, at));
        if (count == REWRITE_ARGS_MAX || (arg.len && !rewrite_part(scan, arg, &args[count])))
            return false;
        count += arg.len > 0;
        from = at + 1;
        if (closes) {
            *ret_count = count;
            *ret_end = at + 1;
            return true;
        }
    }
    return false;
}

static bool put_call(struct scan *scan, size_t end)
{
    struct str args[REWRITE_ARGS_MAX], to, word = str_slice(scan->text, scan->at, end);
    size_t count = 0;
    if (!scan->rules->call || !read_args(scan, end, args, &count, &scan->at) ||
        !scan->rules->call(scan->rules->ctx, word, args, count, &to))
        return false;
    buf_put(scan->out, to);
    return true;
}

/* --- an expression --- */

static struct str filter_here(const struct rewrite_rules *rules, struct str word)
{
    for (size_t i = 0; rules->filters && rules->filters[i][0]; i++)
        if (str_is(word, rules->filters[i][0]))
            return str_from(rules->filters[i][1]);
    return word;
}

/* A key, a test, a keyword, the name of an argument: no name of a value. */
static bool stays(const struct scan *scan, struct str word, size_t end)
{
    size_t next = skip_blanks(scan->text, end);
    bool is_argument = byte_at(scan, next) == '=' && byte_at(scan, next + 1) != '=';
    return scan->mark == '.' || is_keyword(word) || is_argument || str_is(scan->word, "is") ||
           str_is(scan->word, "is not");
}

static bool put_word(struct scan *scan)
{
    size_t from = scan->at, end = word_end(scan->text, from);
    struct str word = str_slice(scan->text, from, end);
    bool is_negated = str_is(scan->word, "is") && str_is(word, "not");
    if (scan->mark == '|' || stays(scan, word, end)) {
        buf_put(scan->out, scan->mark == '|' ? filter_here(scan->rules, word) : word);
        scan->at = end;
    } else if (byte_at(scan, end) == '(') {
        if (!put_call(scan, end))
            return false;
    } else if (!put_name(scan, end))
        return false;
    scan->word = is_negated ? STR("is not") : word;
    scan->mark = 'a';
    return true;
}

static void put_bytes(struct scan *scan, size_t end)
{
    buf_put(scan->out, str_slice(scan->text, scan->at, end));
    scan->at = end;
    scan->word = STR_NONE;
    scan->mark = 'a';
}

static bool put_expression(struct scan *scan)
{
    while (scan->at < scan->text.len) {
        char c = scan->text.ptr[scan->at];
        if (c == '\'' || c == '"')
            put_bytes(scan, string_end(scan->text, scan->at));
        else if (isdigit((unsigned char)c))
            put_bytes(scan, word_end(scan->text, scan->at));
        else if (isalpha((unsigned char)c) || c == '_') {
            if (!put_word(scan))
                return false;
        } else {
            buf_put_byte(scan->out, c);
            scan->at++;
            if (isspace((unsigned char)c))
                continue;
            scan->mark = c;
            scan->word = STR_NONE;
        }
    }
    return true;
}

/* --- a text --- */

/* Where "}}" closes what begins at `at`; strings may hold it. */
static size_t close_of(struct str text, size_t at)
{
    while (at + 1 < text.len) {
        if (text.ptr[at] == '\'' || text.ptr[at] == '"')
            at = string_end(text, at);
        else if (text.ptr[at] == '}' && text.ptr[at + 1] == '}')
            return at;
        else
            at++;
    }
    return text.len;
}

static void note_use(void *ctx, const struct expr_use *use)
{
    (void)use;
    *(bool *)ctx = true;
}

static bool find_nothing(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    (void)ctx;
    (void)name;
    (void)arena;
    (void)ret;
    return false;
}

/* What names nothing is what it comes to: {{ 'a' or 'b' }} is a. */
static struct str fold(struct arena *arena, const struct template *template, struct str text)
{
    const struct expr_scope scope = {.find = find_nothing};
    struct err err = ERR_INIT;
    struct value value;
    bool has_names = str_find(text, STR("now(")) >= 0;
    template_uses(template, note_use, &has_names);
    if (has_names || !template_fill(template, &scope, true, arena, &value, &err) ||
        value.kind != VALUE_STRING || str_find(value.text, STR("{{")) >= 0)
        return text;
    return value.text;
}

bool rewrite_text(const struct rewrite_rules *rules, struct str text, struct str *ret)
{
    AUTO_BUF(out, TEXT_BYTES_MAX);
    struct str rest = text, inside;
    struct err err = ERR_INIT;
    struct template template;
    for (ptrdiff_t at; (at = str_find(rest, STR("{{"))) >= 0;) {
        size_t end = close_of(rest, (size_t)at + 2);
        struct scan scan = {.rules = rules};
        if (end == rest.len ||
            !rewrite_part(&scan, str_slice(rest, (size_t)at + 2, end), &inside))
            return false;
        buf_printf(&out, "%.*s{{%.*s}}", STR_ARG(str_slice(rest, 0, (size_t)at)),
                   STR_ARG(inside));
        rest = str_slice(rest, end + 2, rest.len);
    }
    buf_put(&out, rest);
    if (out.has_overflowed || str_find(text, STR("{%")) >= 0 ||
        !template_compile(rules->arena, buf_str(&out), &template, &err))
        return false;
    *ret = fold(rules->arena, &template, arena_str(rules->arena, buf_str(&out)));
    return true;
}

bool rewrite_is_one(struct str text, struct str *ret_inside)
{
    text = str_trim(text);
    if (!str_starts(text, STR("{{")) || close_of(text, 2) + 2 != text.len)
        return false;
    *ret_inside = str_trim(str_slice(text, 2, text.len - 2));
    return true;
}

static bool is_plain_key(struct str key)
{
    return key.len && !isdigit((unsigned char)key.ptr[0]) && word_end(key, 0) == key.len;
}

static void put_path_step(struct buf *out, struct str step)
{
    int64_t ignored;
    if (str_to_int64(step, &ignored))
        buf_printf(out, "[%.*s]", STR_ARG(step));
    else if (is_plain_key(step))
        buf_printf(out, "%s%.*s", out->len ? "." : "", STR_ARG(step));
    else
        buf_printf(out, "['%.*s']", STR_ARG(step));
}

bool rewrite_as_path(struct arena *arena, struct str text, const char *root,
                     struct str *ret_path)
{
    struct str inside;
    if (!rewrite_is_one(text, &inside))
        return false;
    size_t end = word_end(inside, 0), ends[REWRITE_STEPS_MAX];
    struct rewrite_name name = {.root = str_slice(inside, 0, end)};
    read_steps(inside, end, &name, ends);
    if (!str_is(name.root, root) || !name.count || ends[name.count - 1] != inside.len)
        return false;
    AUTO_BUF(out, TEXT_BYTES_MAX);
    for (size_t i = 0; i < name.count; i++)
        put_path_step(&out, name.steps[i]);
    *ret_path = arena_str(arena, buf_str(&out));
    return true;
}

struct str rewrite_member(struct arena *arena, const char *root, struct str key)
{
    AUTO_BUF(out, TEXT_BYTES_MAX);
    if (is_plain_key(key))
        return arena_printf(arena, "%s.%.*s", root, STR_ARG(key));
    for (size_t i = 0; i < key.len; i++) {
        if (strchr("\\'", key.ptr[i]))
            buf_put_byte(&out, '\\');
        buf_put_byte(&out, key.ptr[i]);
    }
    return arena_printf(arena, "%s['%.*s']", root, STR_ARG(buf_str(&out)));
}
