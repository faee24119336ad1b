#include "config/stream.h"

bool stream_is_repeatable(const struct stream *stream, struct str method)
{
    if (!method.len)
        method = stream->method;
    return stream->is_idempotent || !(str_is(method, "POST") || str_is(method, "PATCH"));
}

bool stream_prepares(const struct stream *stream)
{
    return stream->prepare.until.kind != LOCATOR_NONE;
}

bool stream_reads_files(const struct stream *stream)
{
    const struct prepare_files *then = &stream->prepare.then;
    return then->url.kind != LOCATOR_NONE || then->urls.kind != LOCATOR_NONE;
}

bool stream_has_var(const struct stream *stream, struct str name)
{
    for (size_t i = 0; i < stream->var_count; i++)
        if (str_eq(stream->vars[i].name, name))
            return true;
    return false;
}

const struct declared_column *table_find_declared(const struct table *table, struct str name)
{
    for (size_t i = 0; i < table->declared_count; i++)
        if (str_eq(table->declared[i].name, name))
            return &table->declared[i];
    return NULL;
}

size_t stream_table_count(const struct stream *stream)
{
    return 1 + stream->part_count;
}

const struct stream *stream_at(const struct stream *stream, size_t i)
{
    return i ? &stream->parts[i - 1] : stream;
}

const struct table *stream_table(const struct stream *stream, size_t i)
{
    return &stream_at(stream, i)->table;
}

bool table_folds(const struct table *table)
{
    return table->key_count && table->write != WRITE_APPEND;
}
