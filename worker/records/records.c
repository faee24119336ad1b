#include "worker/records/records.h"

#include "worker/records/fields.h"
#include "worker/records/path_walk.h"

/*
 * The body is walked along the path to each value there, its elements are handed out one by
 * one, then the rest of the body is taken:
 *
 *     {"meta": {…}, "data": {"items": [ r r r ], "n": 3}, "next": null}
 *     STATE_WALK ─────────────────────► VALUE ──► STATE_WALK ────────► STATE_END
 */
enum records_state { STATE_WALK, STATE_VALUE, STATE_END, STATE_BAD };

struct records {
    struct scan scan;
    struct path_walk walk;
    struct fields fields; /* of the record last read */
    enum records_state state;
    enum records_found found;
    struct value_skipped skipped;
    size_t position;
    size_t spread;     /* levels of lists to take apart */
    size_t lists;      /* of those, open around the next record */
    bool null_is_none; /* at the end of the path */
};

struct records *records_start(struct arena *arena, struct str body, const struct path *path)
{
    struct records *records = ARENA_NEW(arena, struct records);
    bool is_wild = path->count && path_walk_is_wild(path, path->count - 1);
    scan_init(&records->scan, arena, body);
    path_walk_init(&records->walk, &records->scan, path);
    records->fields.arena = arena;
    records->spread = !is_wild;
    records->null_is_none = !is_wild;
    records->found = RECORDS_NULL;
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

static size_t offset_of(const struct records *records)
{
    return (size_t)(records->scan.at - records->scan.start);
}

/* ---- states ---- */

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

static bool read_record(struct records *records, struct record *ret)
{
    struct scan *scan = &records->scan;
    if (records->position == RECORDS_PAGE_MAX)
        return scan_fail(scan, "more than 1,000,000 records in one page");
    if (!record_read(scan, &records->fields, records->walk.open + records->lists, ret))
        return false;
    ret->position = records->position++;
    return true;
}

static bool is_null_at_end(const struct records *records)
{
    return records->null_is_none && records->lists == 0 && scan_peek(&records->scan) == 'n';
}

/*
 * The next record of the value at the path, or what holds none: an opening byte, an empty list,
 * null. *ret_is_behind: the scan stands behind a value now.
 */
static enum records_result take_value(struct records *records, struct record *ret,
                                      bool *ret_is_behind)
{
    struct scan *scan = &records->scan;
    *ret_is_behind = true;
    if (is_null_at_end(records)) {
        records->found = RECORDS_NULL;
        records->skipped.from = 0;
        return scan_scalar(scan) ? RECORDS_END : RECORDS_BAD;
    }
    if (records->lists == records->spread || scan_peek(scan) != '[')
        return read_record(records, ret) ? RECORDS_ONE : RECORDS_BAD;
    records->found = RECORDS_LIST;
    *ret_is_behind = !scan_first(scan, ']');
    records->lists += !*ret_is_behind;
    return RECORDS_END;
}

/* Behind a value: closes the lists that end here. */
static bool close_lists(struct records *records)
{
    for (; records->lists; records->lists--) {
        if (scan_more(&records->scan, ']'))
            return true;
        if (records->scan.problem)
            return false;
    }
    if (records->found != RECORDS_NULL)
        records->skipped.to = offset_of(records);
    records->state = STATE_WALK;
    return true;
}

static enum records_result next_of_value(struct records *records, struct record *ret)
{
    bool is_behind;
    enum records_result result = take_value(records, ret, &is_behind);
    if (result == RECORDS_BAD || (is_behind && !close_lists(records)))
        return RECORDS_BAD;
    return result;
}

/* RECORDS_END: no record came of this state, look at the next one. */
static enum records_result run_state(struct records *records, struct record *ret)
{
    switch (records->state) {
    case STATE_WALK:
        records->state = walk_on(records);
        return RECORDS_END;
    case STATE_VALUE:
        return next_of_value(records, ret);
    case STATE_END:
        return RECORDS_END;
    case STATE_BAD:
        break;
    }
    return RECORDS_BAD;
}

enum records_result records_next(struct records *records, struct record *ret_record,
                                 struct err *err)
{
    struct record record;
    enum records_result result;
    do {
        result = run_state(records, &record);
    } while (result == RECORDS_END && records->state != STATE_END);
    if (result == RECORDS_ONE) {
        *ret_record = record;
    } else if (result == RECORDS_BAD) {
        records->state = STATE_BAD;
        scan_err(&records->scan, err);
    }
    return result;
}

/* ---- around a record ---- */

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

/* ---- what is known at the end ---- */

enum records_found records_found(const struct records *records)
{
    return records->found;
}

size_t records_reached(const struct records *records)
{
    return records->walk.reached;
}

bool records_lack_only_last(const struct records *records)
{
    return !records->walk.is_absent_before_last;
}

bool records_truncated(const struct records *records)
{
    return records->state == STATE_BAD && scan_is_cut(&records->scan);
}

struct value_skipped records_skipped(const struct records *records)
{
    return records->skipped;
}

struct str records_decode(struct arena *arena, const struct record_field *field)
{
    struct str raw = str_slice(field->raw, 1, field->raw.len - 1);
    if (!field->has_escapes)
        return raw;
    char *text = arena_alloc(arena, raw.len + 1);
    return (struct str){text, scan_decode(raw, text)};
}
