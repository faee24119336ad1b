#include "worker/places/places.h"

#include "worker/places/instead.h"
#include "worker/places/named.h"

enum {
    RECORDS_READ_MAX = 1000, /* of a table; those behind are not looked at */
    BODY_BYTES_MAX = 16 << 20,
};

void places_start(struct places *places, struct arena *arena, const struct stream *stream)
{
    named_find(places, arena, stream);
}

/* --- what a page has --- */

static bool is_in_answer(const struct places *places, const struct http_answer *answer,
                         const struct locator *locator)
{
    if (locator->kind == LOCATOR_HEADER)
        return http_header_find(answer, locator->header) != NULL;
    return places->body.kind == VALUE_UNDEFINED ||
           path_get(&locator->path, places->body).kind != VALUE_UNDEFINED;
}

void places_answer(struct places *places, const struct http_answer *answer)
{
    struct err ignored = ERR_INIT;
    places->body = UNDEFINED_VALUE;
    bool is_json = places->stream->form.format == ANSWER_JSON;
    if (answer->status >= 300 ||
        (is_json && answer->body.len <= BODY_BYTES_MAX &&
         !value_parse(places->arena, answer->body, VALUE_WHOLE, &places->body, &ignored)))
        places->body = UNDEFINED_VALUE;
    places->headers = http_copy_headers(answer, places->arena);
    places->header_count = answer->header_count;
    for (size_t i = 0; answer->status < 300 && i < places->count; i++)
        if (places->items[i].of_answer)
            places->items[i].is_there =
                is_in_answer(places, answer, places->items[i].of_answer);
}

/* The crawl has a reading of the definition of its own. */
static struct place_records *table_of(struct places *places, const struct table *table)
{
    for (size_t i = 0; i < places->table_count; i++)
        if (str_eq(places->tables[i].part->table.name, table->name) &&
            str_eq(places->tables[i].part->table.schema, table->schema))
            return &places->tables[i];
    return NULL;
}

static bool has_column(const struct columns *columns, struct str name)
{
    for (size_t i = 0; columns && i < columns->count; i++)
        if (str_eq(columns->items[i].name, name))
            return true;
    return str_starts(name, STR("_pt_"));
}

/* What `with` gives is null where nothing stands at its path. */
static bool is_given(const struct row_writer *writer, struct str name)
{
    for (size_t i = 0; i < writer->binder.extra_count; i++)
        if (str_eq(writer->binder.extras[i].name, name))
            return writer->binder.extras[i].kind != RECORD_NULL;
    return false;
}

static bool is_of_record(const struct place *place)
{
    return !place->of_answer && !place->is_merge_path;
}

static bool is_in_record(const struct place *place, const struct row_writer *writer,
                         const struct record *record, struct value value)
{
    if (place->with)
        return is_given(writer, place->with->name);
    bool is_top = place->path.count == 1 && place->path.steps[0].kind == PATH_KEY;
    return path_get(&place->path, value).kind != VALUE_UNDEFINED ||
           (is_top && record_find(record, place->path.steps[0].key)) ||
           (value.kind != VALUE_MAP && is_top && str_is(place->at, "value")) ||
           (place->is_column && has_column(writer->binder.columns, place->at));
}

static void count_record(struct places *places, struct place_records *table,
                         const struct record *record, enum row_result result,
                         const char *reason)
{
    if (record->position < table->next) /* the page is cut again */
        table->seen = table->rejected = 0;
    table->next = record->position + 1;
    table->seen++;
    if (result == ROW_REJECTED && !table->rejected++)
        table->why = arena_str(places->arena, str_from(reason ? reason : ""));
}

void places_record(struct places *places, const struct row_writer *writer,
                   const struct record *record, enum row_result result, const char *reason)
{
    struct place_records *table = table_of(places, writer->binder.table);
    struct err ignored = ERR_INIT;
    struct value value;
    AUTO_ARENA struct arena *own = arena_new();
    if (!table)
        return;
    count_record(places, table, record, result, reason);
    bool is_first = table->sample.kind == VALUE_UNDEFINED;
    if (record->problem.len || record->position >= RECORDS_READ_MAX ||
        !value_parse(is_first ? places->arena : own, record->raw, VALUE_WHOLE, &value,
                     &ignored))
        return;
    if (is_first)
        table->sample = value;
    for (size_t i = 0; i < places->count; i++) {
        struct place *place = &places->items[i];
        if (place->part == table->part && is_of_record(place) && !place->is_there)
            place->is_there = is_in_record(place, writer, record, value);
    }
}

/* --- what the body has, where no record was given --- */

static void look_at(struct places *places, struct place_records *table, struct value record)
{
    if (table->seen >= RECORDS_READ_MAX)
        return;
    if (!table->seen++)
        table->sample = record;
    for (size_t i = 0; i < places->count; i++) {
        struct place *place = &places->items[i];
        if (place->part == table->part && is_of_record(place))
            place->is_there |= place->with || place->is_column ||
                               path_get(&place->path, record).kind != VALUE_UNDEFINED;
    }
}

/* What stands at a value is the records: the elements of a list, else itself. */
static void look_at_all(struct places *places, struct place_records *table, struct value value)
{
    if (value.kind != VALUE_LIST)
        look_at(places, table, value);
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
        look_at(places, table, value.list->items[i]);
}

/* Along a path with wildcards; false: it led to no value. The recursion is bounded by the
 * path. */
static bool walk(struct places *places, struct place_records *table, const struct path *path,
                 size_t from, struct value value)
{
    size_t to = from;
    while (to < path->count && path->steps[to].kind < PATH_EACH)
        to++;
    const struct path part = {.steps = path->steps + from, .count = to - from};
    value = part.count ? path_get(&part, value) : value;
    if (value.kind == VALUE_UNDEFINED)
        return false;
    if (to == path->count) {
        look_at_all(places, table, value);
        return true;
    }
    bool is_there = false, is_list = value.kind == VALUE_LIST;
    size_t count = is_list ? value.list->count : value.kind == VALUE_MAP ? value.map->count : 0;
    for (size_t i = 0; i < count; i++)
        is_there |= walk(places, table, path, to + 1,
                         is_list ? value.list->items[i] : value.map->members[i].value);
    return is_there || !count;
}

static void look_at_body(struct places *places)
{
    for (size_t i = 0; i < places->table_count; i++) {
        struct place_records *table = &places->tables[i];
        const struct merge *merge = &table->part->merge;
        bool is_plain = merge->shape == SHAPE_SAME && merge->names.place == NAMES_NONE &&
                        merge->strategy < MERGE_REPLACE;
        bool was_seen = table->seen > 0;
        bool is_there = was_seen || places->body.kind == VALUE_UNDEFINED || !is_plain ||
                        walk(places, table, &merge->path, 0, places->body);
        for (size_t j = 0; j < places->count; j++)
            if (places->items[j].part == table->part && places->items[j].is_merge_path)
                places->items[j].is_there = is_there;
    }
}

/* --- what is absent --- */

static struct str other_header(const struct places *places, struct str name)
{
    for (size_t i = 0; i < places->header_count; i++) {
        struct str other = places->headers[i].name;
        if (instead_is_near(other, name))
            return arena_printf(places->arena, "header:%.*s is there", STR_ARG(other));
    }
    return STR("it has no header of such a name");
}

/* Where it is read from the body or the record; elsewhere nothing is said. */
static struct str instead_of_with(const struct places *places,
                                  const struct place_records *table,
                                  const struct with_field *with)
{
    bool is_of_body = with->anchor == WITH_BODY && places->body.kind == VALUE_MAP;
    if (!is_of_body && with->anchor != WITH_RECORD)
        return STR_NONE;
    const struct path rest = {.steps = with->path.steps + with->from,
                              .count = with->path.count - with->from};
    struct str there =
        instead_find(places->arena, &rest, is_of_body ? places->body : table->sample);
    return arena_printf(places->arena, "; %.*s", STR_ARG(there));
}

static struct str text_of(const struct places *places, const struct place *place)
{
    struct arena *arena = places->arena;
    const struct place_records *table = places->tables;
    const struct locator *locator = place->of_answer;
    if (locator || place->is_merge_path) {
        struct str there =
            locator && locator->kind == LOCATOR_HEADER ? other_header(places, locator->header)
            : locator ? instead_find(arena, &locator->path, places->body)
                      : instead_find(arena, &place->part->merge.path, places->body);
        return arena_printf(arena, "%.*s is not in the answer; %.*s", STR_ARG(place->at),
                            STR_ARG(there));
    }
    while (table->part != place->part)
        table++;
    if (place->with)
        return arena_printf(arena, "nothing stands at %.*s%.*s", STR_ARG(place->at),
                            STR_ARG(instead_of_with(places, table, place->with)));
    struct str there = instead_find(arena, &place->path, table->sample);
    return arena_printf(arena, "none of the %zu records has %.*s; %.*s", table->seen,
                        STR_ARG(place->at), STR_ARG(there));
}

static bool is_seen(const struct places *places, const struct place *place)
{
    for (size_t i = 0; i < places->table_count; i++)
        if (places->tables[i].part == place->part)
            return !is_of_record(place) || places->tables[i].seen;
    return false;
}

void places_absent(struct places *places, bool is_last, place_fn fn, void *ctx)
{
    look_at_body(places);
    for (size_t i = 0; i < places->count; i++) {
        const struct place *place = &places->items[i];
        if (!place->is_there && is_seen(places, place) &&
            (is_last || !place->is_of_last_answer))
            fn(ctx, place->key, text_of(places, place));
    }
}
