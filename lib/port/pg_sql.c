#include "port/pg_sql.h"

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
