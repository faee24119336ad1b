#include "port/pg_sql.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

static void put_quoted(struct buf *buf, struct str text, char quote)
{
    buf_put_byte(buf, quote);
    while (text.len) {
        ptrdiff_t at = str_find_byte(text, quote);
        size_t len = at < 0 ? text.len : (size_t)at + 1;
        buf_put(buf, str_slice(text, 0, len));
        if (at >= 0)
            buf_put_byte(buf, quote);
        text = str_slice(text, len, text.len);
    }
    buf_put_byte(buf, quote);
}

void pg_sql_put_identifier(struct buf *buf, struct str name)
{
    put_quoted(buf, name, '"');
}

void pg_sql_put_name(struct buf *buf, struct str schema, struct str name)
{
    pg_sql_put_identifier(buf, schema);
    buf_put_byte(buf, '.');
    pg_sql_put_identifier(buf, name);
}

void pg_sql_put_string(struct buf *buf, struct str text)
{
    put_quoted(buf, text, '\'');
}

/* PostgreSQL manual, "SQL Key Words": reserved, also those that may name functions or types. */
static const char *const reserved[] = {
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
};

static int compare_words(const void *name, const void *word)
{
    const struct str *one = name;
    struct str other = str_from(*(const char *const *)word);
    return str_compare(*one, other);
}

static bool is_plain(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || c == '_';
        if (!is_letter && !(i && c >= '0' && c <= '9'))
            return false;
    }
    return name.len &&
           !bsearch(&name, reserved, COUNT_OF(reserved), sizeof *reserved, compare_words);
}

void pg_sql_put_word(struct buf *buf, struct str name)
{
    if (is_plain(name))
        buf_put(buf, name);
    else
        pg_sql_put_identifier(buf, name);
}
