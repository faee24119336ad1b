#include "worker/records/records.h"

#include <assert.h>

#include "worker/records/csv.h"
#include "worker/records/fields.h"
#include "worker/records/named.h"
#include "worker/records/ndjson.h"
#include "worker/records/path_walk.h"

/*
 * Two walkers share one scan. path_walk goes along the merge path and stops at each value that
 * the path names. From there this file takes the records out of that value, one per call. Then
 * it lets the path go on to its next value or to the end of the body:
 *
 *     {"meta": {…}, "data": {"items": [ r r r ], "n": 3}, "next": null}
 *     WALK ─────────────────────────► VALUE ───► WALK ──────────────► END
 *
 *   WALK    the scan is on the path's way; path_walk_next moves it. To VALUE at a value that
 *           the path names, to END after the body's last byte.
 *   VALUE   the scan is at the value, or after `lists` opening brackets inside it. Each element
 *           is a record, until the lists are closed; then WALK.
 *   END     the whole body was valid. Stays.
 *   BAD     the scan has a problem, from any state. Stays.
 *
 * `spread` says how many levels of lists are taken apart: 1 for [ r r r ], 2 where the merge is
 * `extend` and [[ r r ], r] are three records, 0 where a list is itself a record.
 *
 * Example, merge path `data[*].items`, body {"data":[{"items":[1,2]},{"items":null},{}]}: WALK
 * stops at [1,2]: VALUE gives 1, then 2, and closes the list: WALK stops at null, VALUE gives
 * nothing (RECORDS_NULL); WALK finds no items in {}, which makes it RECORDS_MISSING in the end.
 */
enum records_state { STATE_WALK, STATE_VALUE, STATE_END, STATE_BAD };

struct records {
    struct record_source *source; /* reads the body instead; NULL: the walkers do */
    const struct stream *stream;  /* beside a source */
    bool has_checked_names;       /* of the source */
    struct naming *naming;        /* of arrays; NULL: records are as they stand there */
    struct str names, names_before;
    struct err refused; /* why there are no names; a page without a record needs none */
    struct scan scan;
    struct path_walk walk;
    struct fields fields; /* of the record last read */
    enum records_state state;
    enum records_found found;
    struct value_skipped skipped;
    size_t position;
    size_t spread;   /* levels of lists to take apart */
    size_t lists;    /* of those, open around the next record */
    bool is_wild;    /* the path's end is a wildcard: any element is a record */
    bool is_members; /* the first of those is an object */
    enum shape_rule rule;
    enum page_shape shape;
    struct str misshape; /* why the value has another shape; empty: it has not */
};

struct records *records_start(struct arena *arena, struct str body, const struct path *path)
{
    struct records *records = ARENA_NEW(arena, struct records);
    bool is_wild = path->count && path_walk_is_wild(path, path->count - 1);
    scan_init(&records->scan, arena, body);
    path_walk_init(&records->walk, &records->scan, path);
    records->fields.arena = arena;
    records->spread = !is_wild;
    records->is_wild = is_wild;
    records->found = RECORDS_NULL;
    records->refused = (struct err)ERR_INIT;
    return records;
}

/* The one place that knows the formats of bodies without a path. */
static struct record_source *open_source(struct arena *arena, struct str body,
                                         const struct stream *stream)
{
    switch (stream->form.format) {
    case ANSWER_NDJSON:
        return ndjson_open(arena, body);
    case ANSWER_CSV:
        return csv_open(arena, body, &stream->form.csv);
    case ANSWER_JSON:
    case ANSWER_XML:
        break;
    }
    return NULL;
}

/* They may stand behind the records: the body is read for them alone. */
static bool read_names_at(struct naming *naming, struct str body, struct err *err)
{
    const struct path *path = &naming->how->path;
    struct records *records = records_start(naming->names.arena, body, path);
    struct record record;
    enum records_result result;
    while ((result = records_next(records, &record, err)) == RECORDS_ONE) {
        struct record_field field = {.kind = record.kind, .raw = record.raw};
        field.has_escapes = str_find_byte(record.raw, '\\') >= 0;
        if (!naming_put(naming, &field, err))
            return false;
    }
    return result == RECORDS_END &&
           (naming->names.count ||
            err_set(err, ERR_INPUT, "names", 0, "shape.names: no names stand at \"%.*s\"",
                    STR_ARG(path->source)));
}

static void open_naming(struct records *records, struct arena *arena, struct str body,
                        const struct record_names *how)
{
    if (how->place == NAMES_NONE)
        return;
    records->naming = ARENA_NEW(arena, struct naming);
    if (!naming_open(records->naming, arena, how, &records->refused) ||
        how->place != NAMES_AT || !read_names_at(records->naming, body, &records->refused))
        return;
    records->names = names_text(&records->naming->names);
}

void records_expect_names(struct records *records, struct str before)
{
    records->names_before = before;
}

struct str records_names(const struct records *records)
{
    return records->names;
}

struct str records_lone_name(const struct records *records)
{
    const struct record_source *source = records->source;
    return source && source->header_count == 1 ? source->header : STR_NONE;
}

struct records *records_open(struct arena *arena, struct str body, const struct stream *stream,
                             enum page_shape before)
{
    const struct merge *merge = &stream->merge;
    struct records *records = records_start(arena, body, &merge->path);
    records->source = open_source(arena, body, stream);
    records->stream = stream;
    open_naming(records, arena, body, &merge->names);
    records_expect(records, merge->shape, before);
    if (merge->strategy == MERGE_EXTEND)
        records_extend(records);
    return records;
}

void records_extend(struct records *records)
{
    records->spread++;
}

void records_keep_whole(struct records *records)
{
    records->spread = 0;
}

void records_expect(struct records *records, enum shape_rule rule, enum page_shape before)
{
    records->rule = rule;
    records->shape = before;
}

static size_t offset_of(const struct records *records)
{
    return (size_t)(records->scan.at - records->scan.start);
}

/* --- the records of a value --- */

static enum records_state walk_on(struct records *records)
{
    switch (path_walk_next(&records->walk)) {
    case PATH_WALK_THERE:
        records->skipped.from = offset_of(records);
        records->found = RECORDS_SINGLE;
        return STATE_VALUE;
    case PATH_WALK_END:
        if (records->walk.is_absent)
            records->found = RECORDS_MISSING;
        if (records->walk.path->has_wildcard)
            records->skipped = records->walk.wild;
        return STATE_END;
    case PATH_WALK_BAD:
        break;
    }
    return STATE_BAD;
}

/* Where members are records: up to the value of the next one. */
static bool skip_name(struct records *records)
{
    struct scan *scan = &records->scan;
    struct str name;
    if (!records->is_members || records->lists != 1)
        return true;
    return scan_key(scan, &name) && (!scan->bad_byte || scan_fail(scan, "not UTF-8"));
}

/* After a value: closes the lists that end here. */
static bool close_lists(struct records *records)
{
    for (; records->lists; records->lists--) {
        bool is_object = records->is_members && records->lists == 1;
        if (scan_more(&records->scan, is_object ? '}' : ']'))
            return skip_name(records);
        if (records->scan.problem)
            return false;
    }
    if (records->found != RECORDS_NULL)
        records->skipped.to = offset_of(records);
    records->state = STATE_WALK;
    return true;
}

static bool holds_nothing(const struct records *records)
{
    const struct scan *scan = &records->scan;
    return scan_peek(scan) == 'n' || (scan->end - scan->at > 1 && !memcmp(scan->at, "\"\"", 2));
}

static const char *shape_name(enum page_shape shape)
{
    return shape == SHAPE_LIST     ? "a list"
           : shape == SHAPE_OBJECT ? "an object"
                                   : "a lone value";
}

static void say_misshape(struct records *records, int c)
{
    bool is_lone = c != '[' && c != '{', was_lone = records->shape == SHAPE_SCALAR;
    records->misshape =
        arena_printf(records->scan.arena, "%.*s is %s, where %s%s",
                     STR_ARG(path_walk_place(&records->walk)), path_walk_kind(c),
                     records->shape ? shape_name(records->shape)
                                    : "`shape: members` wants a list or an object",
                     records->shape ? " came before" : "");
    if (!is_lone && !was_lone)
        records->misshape = arena_printf(
            records->scan.arena,
            "%.*s (`shape: members` takes an object's members for records, `shape: mixed` an "
            "object for one)",
            STR_ARG(records->misshape));
}

/* Of a value at the path, with all that it may be instead of the shape before. */
static bool has_same_shape(struct records *records)
{
    int c = scan_peek(&records->scan);
    enum page_shape shape = c == '[' ? SHAPE_LIST : c == '{' ? SHAPE_OBJECT : SHAPE_SCALAR;
    if (shape == SHAPE_OBJECT && records->rule != SHAPE_SAME)
        shape = SHAPE_LIST;
    bool is_wrong = (records->shape && shape != records->shape) ||
                    (records->rule == SHAPE_MEMBERS && shape == SHAPE_SCALAR);
    if (is_wrong)
        say_misshape(records, c);
    else
        records->shape = shape;
    return !is_wrong;
}

/* Is it taken apart? One more list, or the object whose members are records. */
static bool is_opened(struct records *records)
{
    int c = scan_peek(&records->scan);
    if (records->lists >= records->spread)
        return false;
    if (records->lists == 0)
        records->is_members = c == '{' && records->rule == SHAPE_MEMBERS && !records->is_wild;
    return c == '[' || (records->lists == 0 && records->is_members);
}

static enum records_result open_list(struct records *records)
{
    bool is_object = records->lists == 0 && records->is_members;
    records->found = RECORDS_LIST;
    if (scan_first(&records->scan, is_object ? '}' : ']')) {
        records->lists++;
        return skip_name(records) ? RECORDS_END : RECORDS_BAD;
    }
    return close_lists(records) ? RECORDS_END : RECORDS_BAD;
}

/* The next record of the value at the path. RECORDS_END: this was an opening bracket, an empty
 * list, null or "", which hold none. */
static enum records_result take_value(struct records *records, struct record *ret)
{
    struct scan *scan = &records->scan;
    size_t depth = records->walk.open + records->lists;
    bool is_first = records->lists == 0 && !records->is_wild;
    assert(records->lists <= records->spread);
    if (is_first && holds_nothing(records)) {
        records->found = RECORDS_NULL;
        records->skipped.from = 0;
        return scan_value(scan, depth) && close_lists(records) ? RECORDS_END : RECORDS_BAD;
    }
    if (is_first && records->spread && !has_same_shape(records))
        return RECORDS_BAD;
    if (is_opened(records))
        return open_list(records);
    if (records->position == RECORDS_PAGE_MAX)
        scan_fail(scan, "more than 1,000,000 records in one page");
    else if (record_read(scan, &records->fields, depth, ret) && close_lists(records)) {
        ret->position = records->position++;
        return RECORDS_ONE;
    }
    return RECORDS_BAD;
}

/* Other names than in the pages before: values would go to other columns. */
static bool check_names(struct records *records, struct err *err)
{
    struct str before = records->names_before;
    if (!records->names.len || !before.len || str_eq(records->names, before))
        return true;
    records->misshape =
        arena_printf(records->scan.arena,
                     "the names of the fields are \"%.*s\" here, and \"%.*s\" in the pages "
                     "before",
                     STR_ARG(records->names), STR_ARG(before));
    return err_set(err, ERR_INPUT, "records", 0, "%.*s", STR_ARG(records->misshape));
}

/* An error in plain text has lines as well. What is read by name must be in the names. */
static bool check_source_names(struct records *records, bool is_end, struct err *err)
{
    const struct record_source *source = records->source;
    struct str header = source->header;
    bool is_any = false;
    if (!source->names || (records->has_checked_names && !is_end))
        return true;
    records->has_checked_names = true;
    struct arena *arena = records->scan.arena;
    struct str missing = names_missing(source->names, records->stream, &is_any);
    size_t own = source->header_count;
    bool is_lone = is_end && own && records->found != RECORDS_LIST &&
                   (own != source->names->count || (own == 1 && !is_any));
    if (missing.len)
        records->misshape = arena_printf(
            arena, "%.*s is not among the names of the fields: %.*s", STR_ARG(missing),
            STR_ARG(header.len ? header : names_text(source->names)));
    else if (is_lone)
        records->misshape = arena_printf(
            arena,
            "the body is one line alone that is no header as far as the definition tells "
            "(`columns` or `key` may name a field of it): %.*s",
            STR_ARG(header));
    return !records->misshape.len ||
           err_set(err, ERR_INPUT, "records", 0, "%.*s", STR_ARG(records->misshape));
}

static enum records_result next_of_source(struct records *records, struct record *ret_record,
                                          struct err *err)
{
    enum records_result result = records->source->next(records->source, ret_record, err);
    if (result == RECORDS_ONE)
        records->found = RECORDS_LIST;
    if (records->source->header.len)
        records->names = records->source->header;
    if (result != RECORDS_BAD && !check_names(records, err))
        return RECORDS_BAD;
    bool is_end = result == RECORDS_END;
    return check_source_names(records, is_end, err) ? result : RECORDS_BAD;
}

/* As it stands in the body. */
static enum records_result next_unnamed(struct records *records, struct record *ret_record,
                                        struct err *err)
{
    struct record record;
    if (records->source)
        return next_of_source(records, ret_record, err);
    while (records->state == STATE_WALK || records->state == STATE_VALUE) {
        if (records->state == STATE_WALK) {
            records->state = walk_on(records);
            continue;
        }
        enum records_result result = take_value(records, &record);
        if (result == RECORDS_ONE) {
            *ret_record = record;
            ret_record->sent = record.raw;
            return RECORDS_ONE;
        }
        if (result == RECORDS_BAD)
            records->state = STATE_BAD;
    }
    if (records->state == STATE_END)
        return RECORDS_END;
    if (records->misshape.len)
        err_set(err, ERR_INPUT, "records", 0, "%.*s", STR_ARG(records->misshape));
    else
        scan_err(&records->scan, err);
    return RECORDS_BAD;
}

/* The first record may be the names of the others. */
static enum records_result next_to_name(struct records *records, struct record *ret_record,
                                        struct err *err)
{
    enum records_result result = next_unnamed(records, ret_record, err);
    if (result != RECORDS_ONE || records->naming->is_ready || ret_record->problem.len)
        return result;
    if (!naming_take_first(records->naming, ret_record, err))
        return RECORDS_BAD;
    records->names = names_text(&records->naming->names);
    return next_unnamed(records, ret_record, err);
}

enum records_result records_next(struct records *records, struct record *ret_record,
                                 struct err *err)
{
    struct record record;
    bool is_refused = records->refused.kind != ERR_NONE;
    enum records_result result = records->naming && !is_refused
                                     ? next_to_name(records, &record, err)
                                     : next_unnamed(records, &record, err);
    if (result == RECORDS_ONE && is_refused) {
        *err = records->refused;
        return RECORDS_BAD;
    }
    if (result == RECORDS_BAD || !check_names(records, err))
        return RECORDS_BAD;
    if (result == RECORDS_ONE && records->naming)
        naming_apply(records->naming, &record);
    if (result == RECORDS_ONE)
        *ret_record = record;
    return result;
}

/* --- around a record --- */

void records_watch(struct records *records, ptrdiff_t step)
{
    if (step < 0)
        records->walk.watches_body = true;
    else
        records->walk.watched[step] = true;
}

size_t records_place(const struct records *records)
{
    return records->walk.places_count;
}

struct str records_element(const struct records *records, ptrdiff_t step)
{
    return step < 0 ? records->walk.body : path_walk_element(&records->walk, (size_t)step);
}

struct str records_member(const struct records *records, size_t step)
{
    return path_walk_member(&records->walk, step);
}

/* --- what is known at the end --- */

enum records_found records_found(const struct records *records)
{
    return records->found;
}

bool records_is_misshapen(const struct records *records)
{
    return records->misshape.len > 0;
}

enum page_shape records_shape(const struct records *records)
{
    return records->shape;
}

size_t records_reached(const struct records *records)
{
    return records->walk.reached;
}

struct str records_absence(const struct records *records)
{
    return records->walk.absence;
}

bool records_is_only_missing(const struct records *records)
{
    return !records->walk.is_other;
}

bool records_is_truncated(const struct records *records)
{
    if (records->source)
        return records->source->is_truncated;
    return records->state == STATE_BAD && !records->misshape.len &&
           scan_is_truncated(&records->scan);
}

struct value_skipped records_skipped(const struct records *records)
{
    return records->skipped;
}
