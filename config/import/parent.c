#include "config/import/parent.h"

#include "port/pg_sql.h"

enum { SQL_BYTES_MAX = 16 * 1024, WORD_BYTES_MAX = 44 };

void parent_open(struct parent *parent, struct import *import, struct str stream,
                 struct str table)
{
    *parent = (struct parent){.import = import,
                              .stream = import_word(import, stream),
                              .table = table.len ? table : import_word(import, stream)};
}

static size_t find_name(const struct parent *parent, struct str name)
{
    size_t i = 0;
    while (i < parent->count && !str_eq(parent->names[i], name))
        i++;
    return i;
}

/* Of two fields that would be called alike, user.id and user_id, the later is user_id_2. */
static size_t place_of(const struct parent *parent, struct str field, struct str *name)
{
    struct str word = str_slice(*name, 0, WORD_BYTES_MAX);
    size_t i = find_name(parent, *name);
    for (int n = 2; i < parent->count && !str_eq(parent->fields[i], field); n++) {
        *name = arena_printf(parent->import->arena, "%.*s_%d", STR_ARG(word), n);
        i = find_name(parent, *name);
    }
    return i;
}

static struct str add_field(struct parent *parent, struct str field, struct str name,
                            bool may_be_null)
{
    struct arena *arena = parent->import->arena;
    if (!name.len)
        name = arena_printf(arena, "%.*s_%.*s", STR_ARG(parent->stream), STR_ARG(field));
    name = import_word(parent->import, name);
    size_t at = place_of(parent, field, &name);
    if (at == PARENT_FIELDS_MAX) {
        parent->is_full = true;
        return name;
    }
    bool is_new = at == parent->count;
    parent->fields[at] = field;
    parent->names[at] = name;
    parent->may_be_null[at] = may_be_null && (is_new || parent->may_be_null[at]);
    parent->count += is_new;
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
static void put_field(struct buf *sql, struct str field)
{
    struct str step, rest = str_split(field, '.', &step);
    buf_puts(sql, "t.");
    pg_sql_put_word(sql, step);
    while (rest.len) {
        rest = str_split(rest, '.', &step);
        buf_put(sql, rest.len ? STR(" -> ") : STR(" ->> "));
        pg_sql_put_string(sql, step);
    }
}

static void put_selected(struct buf *sql, const struct parent *parent, size_t i)
{
    bool may_be_null = parent->may_be_null[i];
    if (may_be_null)
        buf_puts(sql, "coalesce((");
    put_field(sql, parent->fields[i]);
    if (may_be_null)
        buf_puts(sql, ")::text, '')");
    if (!may_be_null && str_eq(parent->fields[i], parent->names[i]))
        return;
    buf_puts(sql, " as ");
    pg_sql_put_word(sql, parent->names[i]);
}

static void put_conditions(struct buf *sql, const struct parent *parent)
{
    const char *before = " where ";
    for (size_t i = 0; i < parent->count; i++) {
        if (parent->may_be_null[i])
            continue;
        buf_put(sql, str_from(before));
        put_field(sql, parent->fields[i]);
        buf_puts(sql, " is not null");
        before = " and ";
    }
}

/* The other tool asks for a row without one of them, too; here no request is made of null. */
static void note_nulls(const struct parent *parent, struct outline *stream)
{
    struct str names = STR_NONE;
    size_t count = 0;
    for (size_t i = 0; i < parent->count; i++)
        if (!parent->may_be_null[i]) {
            names = arena_join(parent->import->arena, names, " or ", parent->fields[i]);
            count++;
        }
    if (count > 1)
        import_gap(parent->import, stream,
                   "partitions: rows of %.*s without %.*s are not asked for: coalesce in the "
                   "statement takes them",
                   STR_ARG(parent->stream), STR_ARG(names));
}

/* What is cut would ask for something else. */
static void put_statement(const struct parent *parent, struct outline *stream,
                          const struct buf *sql)
{
    if (parent->is_full)
        import_gap(parent->import, stream,
                   "partitions: over %d fields of %.*s: those behind them are left out: add "
                   "them to the statement",
                   PARENT_FIELDS_MAX, STR_ARG(parent->stream));
    if (sql->has_overflowed)
        import_gap(parent->import, stream,
                   "partitions: the statement would be over %d KiB: fill in sql, which takes "
                   "the rows of %.*s",
                   SQL_BYTES_MAX >> 10, STR_ARG(parent->stream));
    else
        outline_put(outline_map(stream, "partitions"), "sql", buf_str(sql));
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
    buf_puts(&sql, " from ");
    pg_sql_put_word(&sql, source);
    buf_puts(&sql, ".");
    pg_sql_put_word(&sql, parent->table);
    buf_puts(&sql, " t");
    put_conditions(&sql, parent);
    note_nulls(parent, stream);
    put_statement(parent, stream, &sql);
    outline_add(
        outline_list(stream, "after"),
        arena_printf(import->arena, "%.*s.%.*s", STR_ARG(source), STR_ARG(parent->stream)));
    outline_note(stream, "asks once for each row of the table of %.*s: sync that stream first",
                 STR_ARG(parent->stream));
}
