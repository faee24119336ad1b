#include "worker/rows/met.h"

#include "base/redact.h"

enum { WORDS_BYTES_MAX = 200 }; /* of a name or path */

size_t met_count(const struct stream *stream)
{
    const struct merge *merge = &stream->merge;
    return (merge->where != NULL) + stream->table.declared_count + merge->with_count +
           merge->flatten_count + merge->exclude_count;
}

/* --- a page --- */

static enum met_state state_of(bool is_met, bool has_records)
{
    return is_met ? MET_YES : has_records ? MET_NOWHERE : MET_UNKNOWN;
}

/* Declared columns mostly stand in the map in the order of the definition. */
static size_t declared_at(const struct table *table, struct str name, size_t expected)
{
    if (expected < table->declared_count && str_eq(table->declared[expected].name, name))
        return expected;
    return (size_t)(table_find_declared(table, name) - table->declared);
}

static void note_columns(const struct met_from *from, enum met_state *states)
{
    const struct columns *columns = from->writer->binder.columns;
    const struct table *table = &from->stream->table;
    size_t expected = 0;
    for (size_t i = 0; i < table->declared_count; i++)
        states[i] = state_of(false, from->stored > 0);
    for (size_t i = 0; i < columns->count; i++) {
        const struct declared_column *declared = columns->items[i].declared;
        if (!declared || !from->writer->met[i])
            continue;
        size_t at = declared_at(table, declared->name, expected);
        states[at] = MET_YES;
        expected = at + 1;
    }
}

static void note_flags(const bool *flags, size_t count, bool has_records,
                       enum met_state *states)
{
    for (size_t i = 0; i < count; i++)
        states[i] = state_of(flags[i], has_records);
}

enum met_state *met_of_page(const struct met_from *from, struct arena *arena)
{
    const struct merge *merge = &from->stream->merge;
    size_t count = met_count(from->stream);
    bool has_stored = from->stored > 0;
    if (!count || from->stream->table.is_none)
        return NULL;
    enum met_state *states = ARENA_ARRAY(arena, enum met_state, count), *at = states;
    if (merge->where)
        *at++ = state_of(from->kept > 0, from->dropped > 0);
    note_columns(from, at);
    at += from->stream->table.declared_count;
    note_flags(from->with->met, merge->with_count, has_stored, at);
    at += merge->with_count;
    note_flags(from->reshape->met_flatten, merge->flatten_count, has_stored, at);
    at += merge->flatten_count;
    note_flags(from->reshape->met_exclude, merge->exclude_count, has_stored, at);
    return states;
}

/* --- its words --- */

struct telling {
    enum met_state *told;
    const enum met_state *of_page;
    size_t at;
    const struct stream *stream;
    bool is_part;
    struct arena *arena;
    struct json_out *out;
};

static bool has_any_news(const enum met_state *told, const struct stream *stream,
                         const enum met_state *of_page)
{
    size_t count = of_page ? met_count(stream) : 0;
    for (size_t i = 0; i < count; i++)
        if (of_page[i] > told[i])
            return true;
    return false;
}

/* Is there news of the next place? */
static bool has_news(struct telling *telling)
{
    enum met_state state = telling->of_page[telling->at];
    enum met_state *told = &telling->told[telling->at++];
    if (state <= *told)
        return false;
    *told = state;
    return true;
}

static struct str shown(const struct telling *telling, struct str text)
{
    return redact_cut(telling->arena, text, WORDS_BYTES_MAX);
}

/* " of lines"; empty for the stream's own table. */
static struct str of_table(const struct telling *telling)
{
    if (!telling->is_part)
        return STR_NONE;
    return arena_printf(telling->arena, " of %.*s",
                        STR_ARG(shown(telling, telling->stream->table.name)));
}

static void put(struct telling *telling, struct str words)
{
    json_out_name(telling->out, words);
    json_out_bool(telling->out, NULL, telling->told[telling->at - 1] == MET_YES);
}

/* places.sql adds how many of the stream's own table there were. */
static void tell_where(struct telling *telling)
{
    if (telling->stream->merge.where && has_news(telling))
        put(telling, arena_printf(telling->arena, "where: none of the records%.*s is kept",
                                  STR_ARG(of_table(telling))));
}

static void tell_absent(struct telling *telling, const char *key, struct str at,
                        const char *what, struct str name)
{
    struct str of = of_table(telling), place = shown(telling, at);
    struct str words = arena_printf(telling->arena, "%s: no record%.*s has \"%.*s\"", key,
                                    STR_ARG(of), STR_ARG(place));
    if (!str_eq(at, name))
        words = arena_printf(telling->arena, "%.*s (%s %.*s)", STR_ARG(words), what,
                             STR_ARG(shown(telling, name)));
    put(telling, words);
}

static void tell_columns(struct telling *telling)
{
    const struct table *table = &telling->stream->table;
    for (size_t i = 0; i < table->declared_count; i++) {
        const struct declared_column *column = &table->declared[i];
        struct str at = column->path.source.len ? column->path.source : column->name;
        if (has_news(telling))
            tell_absent(telling, "columns", at, "column", column->name);
    }
}

static void tell_with(struct telling *telling)
{
    const struct merge *merge = &telling->stream->merge;
    for (size_t i = 0; i < merge->with_count; i++) {
        const struct with_field *field = &merge->with[i];
        if (has_news(telling) && field->is_path)
            put(telling,
                arena_printf(telling->arena,
                             "with: nothing stands at \"%.*s\" for any record%.*s "
                             "(field %.*s)",
                             STR_ARG(shown(telling, field->path.source)),
                             STR_ARG(of_table(telling)), STR_ARG(shown(telling, field->name))));
    }
}

static void tell_names(struct telling *telling, const char *key, const struct str *names,
                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (has_news(telling))
            tell_absent(telling, key, names[i], "", names[i]);
}

void met_tell(enum met_state *told, const struct stream *stream, bool is_part,
              const enum met_state *of_page, struct json_out *out)
{
    const struct merge *merge = &stream->merge;
    if (!has_any_news(told, stream, of_page))
        return;
    AUTO_ARENA struct arena *arena = arena_new();
    struct telling telling = {told, of_page, 0, stream, is_part, arena, out};
    tell_where(&telling);
    tell_columns(&telling);
    tell_with(&telling);
    tell_names(&telling, "flatten", merge->flatten, merge->flatten_count);
    tell_names(&telling, "exclude", merge->exclude, merge->exclude_count);
}
