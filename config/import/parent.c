#include "config/import/parent.h"

enum { SQL_BYTES_MAX = 16 * 1024 };

void parent_open(struct parent *parent, struct import *import, struct str stream,
                 struct str table)
{
    *parent = (struct parent){.import = import,
                              .stream = import_word(import, stream),
                              .table = table.len ? table : import_word(import, stream)};
}

static struct str add_field(struct parent *parent, struct str field, struct str name,
                            bool may_be_null)
{
    struct arena *arena = parent->import->arena;
    if (!name.len)
        name = arena_printf(arena, "%.*s_%.*s", STR_ARG(parent->stream), STR_ARG(field));
    name = import_word(parent->import, name);
    for (size_t i = 0; i < parent->count; i++)
        if (str_eq(parent->names[i], name)) {
            parent->may_be_null[i] &= may_be_null;
            return name;
        }
    if (parent->count < PARENT_FIELDS_MAX) {
        parent->fields[parent->count] = field;
        parent->may_be_null[parent->count] = may_be_null;
        parent->names[parent->count++] = name;
    }
    return name;
}

struct str parent_field(struct parent *parent, struct str field, struct str name)
{
    return add_field(parent, field, name, false);
}

struct str parent_copy(struct parent *parent, struct str field, struct str name)
{
    return add_field(parent, field, name, true);
}

/* a.b.c → t.a -> 'b' ->> 'c'; behind a dot words of SQL are names too. */
static void put_field(struct buf *sql, const struct parent *parent, struct str field)
{
    struct str step, rest = str_split(field, '.', &step), column;
    column = import_column(parent->import, step);
    buf_printf(sql, "t.%.*s", STR_ARG(column));
    while (rest.len) {
        rest = str_split(rest, '.', &step);
        buf_puts(sql, " -");
        buf_put(sql, rest.len ? STR("> '") : STR(">> '"));
        for (size_t i = 0; i < step.len; i++) {
            if (step.ptr[i] == '\'')
                buf_puts(sql, "'");
            buf_put_byte(sql, step.ptr[i]);
        }
        buf_puts(sql, "'");
    }
}

static void put_selected(struct buf *sql, const struct parent *parent, size_t i)
{
    bool may_be_null = parent->may_be_null[i];
    if (may_be_null)
        buf_puts(sql, "coalesce((");
    put_field(sql, parent, parent->fields[i]);
    if (may_be_null)
        buf_puts(sql, ")::text, '')");
    if (may_be_null || !str_eq(parent->fields[i], parent->names[i]))
        buf_printf(sql, " as %.*s", STR_ARG(parent->names[i]));
}

static void put_conditions(struct buf *sql, const struct parent *parent)
{
    const char *before = " where ";
    for (size_t i = 0; i < parent->count; i++) {
        if (parent->may_be_null[i])
            continue;
        buf_put(sql, str_from(before));
        put_field(sql, parent, parent->fields[i]);
        buf_puts(sql, " is not null");
        before = " and ";
    }
}

void parent_write(const struct parent *parent, struct outline *stream)
{
    AUTO_BUF(sql, SQL_BYTES_MAX);
    struct import *import = parent->import;
    if (!parent->count)
        return;
    struct str source = import_source_name(import);
    buf_puts(&sql, "select distinct ");
    for (size_t i = 0; i < parent->count; i++) {
        buf_put(&sql, i ? STR(", ") : STR(""));
        put_selected(&sql, parent, i);
    }
    buf_printf(&sql, " from %.*s.%.*s t", STR_ARG(source),
               STR_ARG(import_column(import, parent->table)));
    put_conditions(&sql, parent);
    outline_put(outline_map(stream, "partitions"), "sql", buf_str(&sql));
    outline_add(
        outline_list(stream, "after"),
        arena_printf(import->arena, "%.*s.%.*s", STR_ARG(source), STR_ARG(parent->stream)));
    outline_note(stream, "asks once for each row of the table of %.*s: sync that stream first",
                 STR_ARG(parent->stream));
}
