#include "worker/places/named.h"

#include "config/names.h"

static struct place *add(struct places *places, const struct place_records *table,
                         struct str key, struct str at)
{
    ARENA_GROW(places->arena, places->items, places->count, places->capacity);
    struct place *place = &places->items[places->count++];
    *place = (struct place){
        .key = arena_printf(places->arena, "%.*s%.*s", STR_ARG(table->prefix), STR_ARG(key)),
        .at = at,
        .part = table->part,
    };
    return place;
}

static void add_path(struct places *places, const struct place_records *table, struct str key,
                     const struct path *path)
{
    if (path->count && !path->has_wildcard)
        add(places, table, key, path->source)->path = *path;
}

static bool is_with(const struct stream *part, struct str name)
{
    for (size_t i = 0; i < part->merge.with_count; i++)
        if (str_eq(part->merge.with[i].name, name))
            return true;
    return false;
}

/* A field of the record; what a column or `with` gives is looked for there. */
static struct place *add_field(struct places *places, const struct place_records *table,
                               struct str key, struct str name)
{
    if (is_with(table->part, name) || table_find_declared(&table->part->table, name))
        return NULL;
    struct path_step *step = ARENA_NEW(places->arena, struct path_step);
    *step = (struct path_step){.kind = PATH_KEY, .key = name};
    struct place *place = add(places, table, key, name);
    place->path = (struct path){.source = name, .steps = step, .count = 1};
    return place;
}

static void add_fields(struct places *places, const struct place_records *table,
                       const char *key, const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_field(places, table, arena_printf(places->arena, "%s.%zu", key, i), names[i]);
}

struct expression {
    struct places *places;
    const struct place_records *table;
    const char *key;
};

/* A name that no one knows is a field's; so is the first below `record`. */
static void on_use(void *ctx, const struct expr_use *use)
{
    const struct expression *expression = ctx;
    struct places *places = expression->places;
    bool is_record =
        str_is(use->root, "record") && use->step_count && use->steps[0].kind == VALUE_STRING;
    struct str name = is_record ? use->steps[0].text : use->root;
    bool may_lack = str_is(use->filter, "default") || str_is(use->filter, "defined") ||
                    str_is(use->filter, "undefined") || str_is(use->filter, "none");
    if (may_lack || (!is_record && (names_is_builtin(name) || str_is(name, "record") ||
                                    stream_has_var(places->stream, name))))
        return;
    add_field(places, expression->table, str_from(expression->key), name);
}

static void add_expression(struct places *places, const struct place_records *table,
                           const char *key, const struct template *template)
{
    struct expression expression = {places, table, key};
    if (template)
        template_uses(template, on_use, &expression);
}

static void add_columns(struct places *places, const struct place_records *table)
{
    const struct table *columns = &table->part->table;
    for (size_t i = 0; i < columns->declared_count; i++) {
        struct str name = columns->declared[i].name;
        if (!is_with(table->part, name))
            add_path(places, table,
                     arena_printf(places->arena, "columns.%.*s.path", STR_ARG(name)),
                     &columns->declared[i].path);
    }
}

static void add_indexes(struct places *places, const struct place_records *table)
{
    const struct table *columns = &table->part->table;
    for (size_t i = 0; i < columns->index_count; i++)
        for (size_t j = 0; j < columns->indexes[i].column_count; j++) {
            struct place *place = add_field(
                places, table, arena_printf(places->arena, "indexes.%zu.columns.%zu", i, j),
                columns->indexes[i].columns[j]);
            if (place)
                place->is_column = true;
        }
}

static void add_table(struct places *places, const struct place_records *table)
{
    const struct merge *merge = &table->part->merge;
    add_fields(places, table, "key", table->part->table.key, table->part->table.key_count);
    add_columns(places, table);
    add_indexes(places, table);
    add_fields(places, table, "exclude", merge->exclude, merge->exclude_count);
    add_fields(places, table, "flatten", merge->flatten, merge->flatten_count);
    add_expression(places, table, "where", merge->where);
    add_expression(places, table, "deleted", merge->deleted);
    for (size_t i = 0; i < merge->with_count; i++)
        if (merge->with[i].is_path)
            add(places, table,
                arena_printf(places->arena, "with.%.*s", STR_ARG(merge->with[i].name)),
                merge->with[i].path.source)
                ->with = &merge->with[i];
}

/* Where records may be missing; else the page fails, and says it. */
static void add_merge_path(struct places *places, const struct place_records *table)
{
    const struct merge *merge = &table->part->merge;
    if (merge->may_be_missing && merge->path.count)
        add(places, table, STR("merge_path"), merge->path.source)->is_merge_path = true;
}

static void add_of_answer(struct places *places, struct str key, const struct locator *locator,
                          bool is_of_last)
{
    if (locator->kind != LOCATOR_BODY && locator->kind != LOCATOR_HEADER)
        return;
    struct place *place = add(places, &places->tables[0], key, locator->source);
    place->of_answer = locator;
    place->is_of_last_answer = is_of_last;
}

static void add_answers(struct places *places)
{
    const struct stream *stream = places->stream;
    for (size_t i = 0; i < stream->rate_limit_count; i++) {
        const struct rate_limit *limit = &stream->rate_limits[i];
        add_of_answer(places, arena_printf(places->arena, "rate_limit.%zu.remaining", i),
                      &limit->remaining, false);
        add_of_answer(places, arena_printf(places->arena, "rate_limit.%zu.reset", i),
                      &limit->reset, false);
    }
    add_of_answer(places, STR("bookmark.from_response"), &stream->bookmark.from_response, true);
}

void named_find(struct places *places, struct arena *arena, const struct stream *stream)
{
    size_t count = stream_table_count(stream);
    *places = (struct places){.arena = arena, .stream = stream, .table_count = count};
    places->tables = ARENA_ARRAY(arena, struct place_records, count);
    for (size_t i = 0; i < count; i++) {
        const struct stream *part = stream_at(stream, i);
        places->tables[i] = (struct place_records){.part = part, .sample = UNDEFINED_VALUE};
        if (part != stream)
            places->tables[i].prefix =
                arena_printf(arena, "tables.%.*s.", STR_ARG(part->table.name));
        add_merge_path(places, &places->tables[i]);
        add_table(places, &places->tables[i]);
    }
    add_path(places, &places->tables[0], STR("bookmark.path"), &stream->bookmark.path);
    add_answers(places);
}
