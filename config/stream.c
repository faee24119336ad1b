#include "config/stream.h"

bool stream_is_repeatable(const struct stream *stream, struct str method)
{
    if (!method.len)
        method = stream->method;
    return stream->is_idempotent || !(str_is(method, "POST") || str_is(method, "PATCH"));
}

const struct declared_column *table_find_declared(const struct table *table, struct str name)
{
    for (size_t i = 0; i < table->declared_count; i++)
        if (str_eq(table->declared[i].name, name))
            return &table->declared[i];
    return NULL;
}

bool stream_shares_table(const struct stream *a, const struct stream *b)
{
    return str_eq(a->table.schema, b->table.schema) && str_eq(a->table.name, b->table.name);
}
