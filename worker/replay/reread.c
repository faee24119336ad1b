#include "worker/replay/reread.h"

#include "core/expr.h"
#include "core/template.h"
#include "core/value.h"
#include "core/xml_json.h"
#include "worker/records/csv.h"

enum { BODY_BYTES_MAX = 1 << 20 };

/* --- the record as JSON --- */

/* A line that holds more than one value is none. */
static bool read_line(struct arena *arena, struct str *record, struct err *err)
{
    struct value value;
    return value_parse(arena, *record, VALUE_WHOLE, &value, err) ||
           err_wrap(err, "the line is no JSON");
}

static bool read_row(struct arena *arena, const struct csv_form *form, struct str *record,
                     struct err *err)
{
    struct csv_form *own = ARENA_NEW(arena, struct csv_form);
    struct record row;
    *own = *form;
    own->has_header = false;
    if (!form->name_count)
        return err_set(err, ERR_INPUT, "replay", 0,
                       "the names of the fields stood in the header, and only the row was kept "
                       "(`csv: {names: […]}` gives them)");
    struct record_source *source = csv_open(arena, *record, own);
    switch (source->next(source, &row, err)) {
    case RECORDS_BAD:
        return false;
    case RECORDS_END:
        return err_set(err, ERR_INPUT, "replay", 0, "the row is empty");
    case RECORDS_ONE:
        break;
    }
    if (row.problem.len)
        return err_set(err, ERR_INPUT, "replay", 0, "%.*s", STR_ARG(row.problem));
    *record = row.raw;
    return true;
}

/* What {"name": …} holds: no name of XML has a quote in it. */
static struct str value_of_element(struct str json)
{
    ptrdiff_t colon = str_find(json, STR("\":"));
    return str_slice(json, (size_t)colon + 2, json.len - 1);
}

static bool read_element(struct arena *arena, const struct answer_form *form,
                         struct str *record, struct err *err)
{
    static const struct path whole;
    struct xml_json xml = {
        .path = &whole, .keeps_prefixes = form->keeps_prefixes, .arena = arena};
    AUTO_BUF(json, BODY_BYTES_MAX);
    if (!xml_json_write(&xml, *record, &json, err))
        return false;
    *record = arena_str(arena, value_of_element(buf_str(&json)));
    return true;
}

/* A record of XML stands there as it was sent where its place was known, else as JSON. */
static bool read_record(struct arena *arena, const struct stream *stream, struct str *record,
                        struct err *err)
{
    enum names_place place = stream->merge.names.place;
    if (place == NAMES_FIRST || place == NAMES_AT)
        return err_set(err, ERR_INPUT, "replay", 0,
                       "the names of the values stood beside the record, and only the record "
                       "was kept (`shape: {names: […]}` gives them)");
    switch (stream->form.format) {
    case ANSWER_NDJSON:
        return read_line(arena, record, err);
    case ANSWER_CSV:
        return read_row(arena, &stream->form.csv, record, err);
    case ANSWER_XML:
        return !str_starts(*record, STR("<")) ||
               read_element(arena, &stream->form, record, err);
    case ANSWER_JSON:
        break;
    }
    return true;
}

/* --- the body --- */

/* The record comes last: one that was cut short leaves nothing behind it that could end it. */
static void put_body(struct buf *body, struct str record, struct str added)
{
    buf_init(body, BODY_BYTES_MAX);
    buf_put_byte(body, '{');
    if (added.len) {
        buf_puts(body, "\"w\":");
        buf_put(body, added);
        buf_put_byte(body, ',');
    }
    buf_puts(body, "\"r\":[");
    buf_put(body, record);
    buf_puts(body, "]}");
}

static struct path make_path(struct arena *arena, struct str first, struct path_step second)
{
    struct path path = {.count = 2, .has_wildcard = second.kind == PATH_EACH};
    path.steps = ARENA_ARRAY(arena, struct path_step, path.count);
    path.steps[0] = (struct path_step){.kind = PATH_KEY, .key = first};
    path.steps[1] = second;
    path.source = first;
    return path;
}

/* --- what looks at the page --- */

static void note_page(void *ctx, const struct expr_use *use)
{
    static const char *const of_page[] = {"response", "http", "pager", "iteration",
                                          "accumulated"};
    for (size_t i = 0; i < COUNT_OF(of_page); i++)
        *(bool *)ctx |= str_is(use->root, of_page[i]);
}

static bool reads_page(const struct template *template)
{
    bool reads = false;
    template_uses(template, note_page, &reads);
    return reads;
}

static bool is_gone(struct err *err, const char *key, struct str name)
{
    return err_set(err, ERR_INPUT, "replay", 0,
                   "%s%.*s reads the page that the record was on, and only the record was kept",
                   key, STR_ARG(name));
}

/* --- the definition --- */

static bool has_member(struct arena *arena, struct str object, struct str name)
{
    struct value value;
    struct err ignored = ERR_INIT;
    return object.len && value_parse(arena, object, VALUE_WHOLE, &value, &ignored) &&
           value_get(value, name).kind != VALUE_UNDEFINED;
}

/* A field of `with` whose value stands beside the record. */
static struct with_field kept_field(struct arena *arena, struct str name)
{
    struct path_step step = {.kind = PATH_KEY, .key = name};
    return (struct with_field){.name = name,
                               .is_path = true,
                               .path = make_path(arena, STR("w"), step),
                               .anchor = WITH_BODY};
}

/* Is what the path is read in the record itself: the whole answer, or the last wildcard's? */
static bool is_in_record(const struct merge *merge, const struct with_field *field)
{
    if (!field->is_path || field->wants_key)
        return false;
    if (merge->strategy >= MERGE_REPLACE)
        return field->anchor == WITH_BODY;
    return merge->strategy == MERGE_APPEND && field->anchor >= 0 &&
           (size_t)field->anchor + 1 == merge->path.count;
}

static bool make_field(struct arena *arena, const struct merge *merge, struct str added,
                       struct with_field *field, struct err *err)
{
    if (field->is_path && field->anchor == WITH_RECORD)
        return true;
    if (has_member(arena, added, field->name)) {
        *field = kept_field(arena, field->name);
        return true;
    }
    if (is_in_record(merge, field)) {
        field->anchor = WITH_RECORD;
        return true;
    }
    if (field->is_path || reads_page(&field->template))
        return is_gone(err, "with.", field->name);
    return true;
}

bool reread_make(struct arena *arena, const struct stream *stream, struct str record,
                 struct str added, struct reread *ret_reread, struct err *err)
{
    struct reread reread = {.stream = *stream};
    struct merge *merge = &reread.stream.merge;
    const struct path_step each = {.kind = PATH_EACH};
    if (!read_record(arena, stream, &record, err))
        return false;
    if (merge->where && reads_page(merge->where))
        return is_gone(err, "where", STR_NONE);
    merge->with = ARENA_ARRAY(arena, struct with_field, MAX(merge->with_count, 1));
    for (size_t i = 0; i < merge->with_count; i++) {
        merge->with[i] = stream->merge.with[i];
        if (!make_field(arena, &stream->merge, added, &merge->with[i], err))
            return false;
    }
    reread.stream.form.format = ANSWER_JSON;
    reread.stream.parts = NULL;
    reread.stream.part_count = 0;
    reread.stream.parents = NULL; /* one record is not all that its parent has */
    merge->path = make_path(arena, STR("r"), each);
    merge->strategy = MERGE_APPEND;
    merge->shape = SHAPE_SAME;
    merge->may_be_missing = merge->reads_response = false;
    put_body(&reread.body, record, added);
    *ret_reread = reread;
    return true;
}
