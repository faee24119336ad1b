#include "config/graphql_query.h"

#include "base/ascii.h"

enum {
    FRAGMENTS_MAX = 8,  /* inside each other: a circle of them ends here */
    SOUGHT_MAX = 10000, /* selections that are sought through */
};

/* --- tokens --- */

enum token_kind {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_VARIABLE,
    TOKEN_SPREAD,
    TOKEN_MARK,
    TOKEN_OTHER
};

struct token {
    enum token_kind kind;
    struct str text; /* VARIABLE: without $ */
};

struct lexer {
    struct str text;
    size_t at;
};

static struct str rest_of(const struct lexer *lexer)
{
    return str_slice(lexer->text, lexer->at, lexer->text.len);
}

static bool is_name_byte(char c)
{
    return ascii_is_letter(c) || ascii_is_digit(c) || c == '_';
}

static void skip_ignored(struct lexer *lexer)
{
    while (lexer->at < lexer->text.len) {
        char c = lexer->text.ptr[lexer->at];
        if (c == '#')
            while (lexer->at < lexer->text.len && lexer->text.ptr[lexer->at] != '\n')
                lexer->at++;
        else if (ascii_is_space(c) || c == ',')
            lexer->at++;
        else
            return;
    }
}

static size_t name_length(struct str text)
{
    size_t len = 0;
    while (len < text.len && is_name_byte(text.ptr[len]))
        len++;
    return len;
}

/* Up to the end of `mark` behind `from`, or all of it. */
static size_t length_to(struct str text, size_t from, struct str mark)
{
    ptrdiff_t at = str_find(str_slice(text, from, text.len), mark);
    return at < 0 ? text.len : from + (size_t)at + mark.len;
}

static size_t string_length(struct str text)
{
    if (str_starts(text, STR("\"\"\"")))
        return length_to(text, 3, STR("\"\"\""));
    size_t len = 1;
    while (len < text.len && text.ptr[len] != '"' && text.ptr[len] != '\n')
        len += text.ptr[len] == '\\' ? 2 : 1;
    return MIN(len + 1, text.len);
}

static struct token token_of(struct str text)
{
    char c = text.ptr[0];
    size_t number = 0;
    if (str_starts(text, STR("{{")))
        return (struct token){TOKEN_NAME, str_slice(text, 0, length_to(text, 2, STR("}}")))};
    if (str_starts(text, STR("...")))
        return (struct token){TOKEN_SPREAD, str_slice(text, 0, 3)};
    if (c == '"')
        return (struct token){TOKEN_OTHER, str_slice(text, 0, string_length(text))};
    if (c == '$')
        return (struct token){
            TOKEN_VARIABLE, str_slice(text, 1, 1 + name_length(str_slice(text, 1, text.len)))};
    if (ascii_is_letter(c) || c == '_')
        return (struct token){TOKEN_NAME, str_slice(text, 0, name_length(text))};
    while (number < text.len &&
           (is_name_byte(text.ptr[number]) || strchr("+-.", text.ptr[number]) != NULL))
        number++;
    return number ? (struct token){TOKEN_OTHER, str_slice(text, 0, number)}
                  : (struct token){TOKEN_MARK, str_slice(text, 0, 1)};
}

static struct token next_token(struct lexer *lexer)
{
    skip_ignored(lexer);
    if (lexer->at == lexer->text.len)
        return (struct token){TOKEN_END, STR_NONE};
    struct token token = token_of(rest_of(lexer));
    lexer->at += token.text.len + (token.kind == TOKEN_VARIABLE);
    return token;
}

static bool is_mark(struct token token, const char *mark)
{
    return token.kind == TOKEN_MARK && str_is(token.text, mark);
}

/* The next token, where it is this one. */
static bool take_mark(struct lexer *lexer, const char *mark)
{
    struct lexer ahead = *lexer;
    bool is_here = is_mark(next_token(&ahead), mark);
    if (is_here)
        *lexer = ahead;
    return is_here;
}

static bool take_name(struct lexer *lexer, struct str *ret_name)
{
    struct lexer ahead = *lexer;
    struct token token = next_token(&ahead);
    if (token.kind != TOKEN_NAME)
        return false;
    *ret_name = token.text;
    *lexer = ahead;
    return true;
}

/* What is between a bracket that was taken and its other half, which is taken too. */
static struct str take_nested(struct lexer *lexer)
{
    size_t from = lexer->at, depth = 1;
    for (;;) {
        size_t to = lexer->at;
        struct token token = next_token(lexer);
        bool is_open = token.kind == TOKEN_MARK && strchr("({[", token.text.ptr[0]) != NULL;
        bool is_close = token.kind == TOKEN_MARK && strchr(")}]", token.text.ptr[0]) != NULL;
        depth += is_open;
        depth -= is_close;
        if (token.kind == TOKEN_END || !depth)
            return str_slice(lexer->text, from, to);
    }
}

static void skip_directives(struct lexer *lexer)
{
    struct str name;
    while (take_mark(lexer, "@"))
        if (take_name(lexer, &name) && take_mark(lexer, "("))
            take_nested(lexer);
}

/* --- fields --- */

struct field {
    struct str key;  /* in the answer: the alias, or the name */
    struct str name; /* in the schema */
    struct str arguments, set;
};

/* A field is sought by its name, or by its key. */
struct sought {
    struct str text;
    bool is_key;
};

static struct field read_field(struct lexer *lexer, struct str first)
{
    struct field field = {.key = first, .name = first};
    if (take_mark(lexer, ":"))
        (void)!take_name(lexer, &field.name);
    if (take_mark(lexer, "("))
        field.arguments = take_nested(lexer);
    skip_directives(lexer);
    if (take_mark(lexer, "{"))
        field.set = take_nested(lexer);
    return field;
}

/* The selection set of a fragment; empty where the document has none of that name. */
static struct str fragment_set(struct str document, struct str wanted)
{
    struct lexer lexer = {document, 0};
    for (;;) {
        struct str name = STR_NONE, word;
        struct token token = next_token(&lexer);
        if (token.kind == TOKEN_END)
            return STR_NONE;
        if (is_mark(token, "{") || is_mark(token, "("))
            take_nested(&lexer);
        if (token.kind != TOKEN_NAME || !str_is(token.text, "fragment") ||
            !take_name(&lexer, &name) || !str_eq(name, wanted))
            continue;
        while (take_name(&lexer, &word))
            ;
        skip_directives(&lexer);
        return take_mark(&lexer, "{") ? take_nested(&lexer) : STR_NONE;
    }
}

/* Behind `...`: the set of an inline fragment, or of the one that is named. */
static struct str take_spread(struct lexer *lexer, struct str document)
{
    struct str name = STR_NONE, type;
    bool is_named = take_name(lexer, &name) && !str_is(name, "on");
    if (!is_named && name.len)
        (void)!take_name(lexer, &type);
    skip_directives(lexer);
    if (is_named)
        return fragment_set(document, name);
    return take_mark(lexer, "{") ? take_nested(lexer) : STR_NONE;
}

static bool find_field(struct str document, struct str set, const struct sought *sought,
                       int depth, struct field *ret)
{
    struct lexer lexer = {set, 0};
    for (struct token token; (token = next_token(&lexer)).kind != TOKEN_END;) {
        struct str inner =
            token.kind == TOKEN_SPREAD ? take_spread(&lexer, document) : STR_NONE;
        if (inner.len && depth < FRAGMENTS_MAX &&
            find_field(document, inner, sought, depth + 1, ret))
            return true;
        if (token.kind != TOKEN_NAME)
            continue;
        *ret = read_field(&lexer, token.text);
        if (str_eq(sought->is_key ? ret->key : ret->name, sought->text))
            return true;
    }
    return false;
}

static bool find_by_name(struct str document, struct str set, const char *name,
                         struct field *ret)
{
    const struct sought sought = {str_from(name), false};
    return find_field(document, set, &sought, 0, ret);
}

/* --- the query --- */

struct operation {
    struct str set, variables;
};

/* The first that reads; without one, the set is empty. */
static struct operation find_operation(struct str document)
{
    struct lexer lexer = {document, 0};
    struct operation operation = {STR_NONE, STR_NONE};
    bool is_query = true;
    for (struct token token; (token = next_token(&lexer)).kind != TOKEN_END;) {
        if (is_mark(token, "@")) {
            (void)!take_name(&lexer, &token.text);
        } else if (token.kind == TOKEN_NAME) {
            is_query &= !str_is(token.text, "fragment") && !str_is(token.text, "mutation") &&
                        !str_is(token.text, "subscription");
        } else if (is_mark(token, "(")) {
            struct str nested = take_nested(&lexer);
            operation.variables = operation.variables.ptr ? operation.variables : nested;
        } else if (is_mark(token, "{")) {
            operation.set = take_nested(&lexer);
            if (is_query)
                return operation;
            operation = (struct operation){STR_NONE, STR_NONE};
            is_query = true;
        }
    }
    return (struct operation){STR_NONE, STR_NONE};
}

/* `$name: Type = value` among the variables of an operation. */
static bool find_variable(struct str variables, struct str name, bool *ret_has_default)
{
    struct lexer lexer = {variables, 0};
    bool is_here = false;
    *ret_has_default = false;
    for (struct token token; (token = next_token(&lexer)).kind != TOKEN_END;) {
        if (token.kind == TOKEN_VARIABLE && is_here)
            return true;
        is_here |= token.kind == TOKEN_VARIABLE && str_eq(token.text, name);
        *ret_has_default |= is_here && is_mark(token, "=");
    }
    return is_here;
}

/* The variable that is given as this argument, or as a member of an argument. */
static struct str find_argument(struct str arguments, const char *name)
{
    struct lexer lexer = {arguments, 0};
    for (struct token token; (token = next_token(&lexer)).kind != TOKEN_END;) {
        if (token.kind != TOKEN_NAME || !str_is(token.text, name) || !take_mark(&lexer, ":"))
            continue;
        struct lexer ahead = lexer;
        token = next_token(&ahead);
        if (token.kind == TOKEN_VARIABLE)
            return token.text;
    }
    return STR_NONE;
}

static void read_arguments(const struct operation *operation, const struct field *field,
                           struct graphql_connection *ret)
{
    bool has_default;
    ret->after = find_argument(field->arguments, "after");
    if (!ret->after.len)
        ret->after = find_argument(field->arguments, "cursor");
    ret->first = find_argument(field->arguments, "first");
    ret->is_after_declared = find_variable(operation->variables, ret->after, &has_default);
    ret->needs_first =
        find_variable(operation->variables, ret->first, &has_default) && !has_default;
}

static void read_selection(struct arena *arena, struct str document, struct str set,
                           struct graphql_connection *ret)
{
    struct field outer, inner;
    if (find_by_name(document, set, "nodes", &outer))
        ret->records = outer.key;
    else if (find_by_name(document, set, "edges", &outer) &&
             find_by_name(document, outer.set, "node", &inner))
        ret->records =
            arena_printf(arena, "%.*s[*].%.*s", STR_ARG(outer.key), STR_ARG(inner.key));
    if (find_by_name(document, set, "totalCount", &outer))
        ret->total = outer.key;
    if (!find_by_name(document, set, "pageInfo", &outer))
        return;
    if (find_by_name(document, outer.set, "hasNextPage", &inner))
        ret->has_next =
            arena_printf(arena, "%.*s.%.*s", STR_ARG(outer.key), STR_ARG(inner.key));
    if (find_by_name(document, outer.set, "endCursor", &inner))
        ret->cursor = arena_printf(arena, "%.*s.%.*s", STR_ARG(outer.key), STR_ARG(inner.key));
}

bool graphql_query_find(struct arena *arena, struct str query, const struct path_step *steps,
                        size_t count, struct graphql_connection *ret, struct str *ret_missing)
{
    struct operation operation = find_operation(query);
    struct field field = {.set = operation.set};
    *ret = (struct graphql_connection){.records = STR_NONE};
    *ret_missing = STR_NONE;
    if (!operation.set.len)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct sought sought = {steps[i].key, true};
        struct field above = field;
        if (!find_field(query, above.set, &sought, 0, &field)) {
            *ret_missing = steps[i].key;
            return false;
        }
    }
    read_arguments(&operation, &field, ret);
    read_selection(arena, query, field.set, ret);
    return true;
}

/* --- where a connection is --- */

struct seeking {
    struct arena *arena;
    struct str document, path;
    int budget; /* fragments may select each other many times over */
};

static bool seek(struct seeking *seeking, struct str set, struct str above)
{
    struct lexer lexer = {set, 0};
    struct field page_info;
    for (struct token token; (token = next_token(&lexer)).kind != TOKEN_END;) {
        struct str inner =
            token.kind == TOKEN_SPREAD ? take_spread(&lexer, seeking->document) : STR_NONE;
        if (seeking->budget-- <= 0)
            return false;
        if (inner.len && seek(seeking, inner, above))
            return true;
        if (token.kind != TOKEN_NAME)
            continue;
        struct field field = read_field(&lexer, token.text);
        struct str path = arena_join(seeking->arena, above, ".", field.key);
        if (find_by_name(seeking->document, field.set, "pageInfo", &page_info)) {
            seeking->path = path;
            return true;
        }
        if (seek(seeking, field.set, path))
            return true;
    }
    return false;
}

bool graphql_query_seek(struct arena *arena, struct str query, struct str *ret_path)
{
    struct seeking seeking = {arena, query, STR_NONE, SOUGHT_MAX};
    bool is_found = seek(&seeking, find_operation(query).set, STR_NONE);
    *ret_path = seeking.path;
    return is_found;
}
