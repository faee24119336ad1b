#include "worker/records.h"

#include "core/scan.h"
#include "worker/fields.h"
#include "worker/walk.h"

/*
 * The body is walked along the path to the value there, its elements are handed out one by one,
 * then the rest of the body is taken:
 *
 *     {"meta": {…}, "data": {"items": [ r r r ], "n": 3}, "next": null}
 *     STATE_IN ─────────────────────► LIST ────► STATE_OUT ───────────► STATE_END
 */
enum records_state { STATE_IN, STATE_LIST, STATE_SINGLE, STATE_OUT, STATE_END, STATE_BAD };

struct records {
    struct scan scan;
    struct walk walk;
    struct fields fields; /* of the record last read */
    enum records_state state;
    enum records_found found;
    struct value_hole hole;
    size_t position;
};

static bool read_record(struct records *records, struct record *ret);

struct records *records_start(struct arena *arena, struct str body, const struct path *path)
{
    struct records *records = ARENA_NEW(arena, struct records);
    scan_init(&records->scan, arena, body);
    walk_init(&records->walk, &records->scan, path);
    records->fields.arena = arena;
    return records;
}

static size_t offset_of(const struct records *records)
{
    return (size_t)(records->scan.at - records->scan.start);
}

/* ---- values ---- */

static enum record_flaw flaw_of(unsigned flags)
{
    if (!(flags & ~(unsigned)SCAN_ESCAPES))
        return FLAW_NONE;
    if (flags & SCAN_TOO_DEEP)
        return FLAW_TOO_DEEP;
    if (flags & SCAN_BAD_UTF8)
        return FLAW_BAD_UTF8;
    if (flags & SCAN_NUL)
        return FLAW_NUL;
    return flags & SCAN_LONE_SURROGATE ? FLAW_LONE_SURROGATE : FLAW_BIG_NUMBER;
}

static enum record_kind kind_of(int c)
{
    switch (c) {
    case '"':
        return RECORD_STRING;
    case '{':
        return RECORD_OBJECT;
    case '[':
        return RECORD_LIST;
    case 't':
        return RECORD_TRUE;
    case 'f':
        return RECORD_FALSE;
    case 'n':
        return RECORD_NULL;
    default:
        return RECORD_NUMBER;
    }
}

/* ---- states ---- */

static enum records_state arrive(struct records *records)
{
    struct scan *scan = &records->scan;
    int c = scan_peek(scan);
    records->hole.from = offset_of(records);
    if (c != '[') {
        records->found = c == 'n' ? RECORDS_NULL : RECORDS_SINGLE;
        return STATE_SINGLE;
    }
    records->found = RECORDS_LIST;
    if (scan_first(scan, ']'))
        return STATE_LIST;
    records->hole.to = offset_of(records);
    return STATE_OUT;
}

static enum records_state walk_to_records(struct records *records)
{
    switch (walk_in(&records->walk)) {
    case WALK_THERE:
        return arrive(records);
    case WALK_ABSENT:
        return STATE_OUT;
    case WALK_BAD:
        break;
    }
    return STATE_BAD;
}

static enum records_result next_in_list(struct records *records, struct record *ret)
{
    struct scan *scan = &records->scan;
    if (records->position == RECORDS_PAGE_MAX) {
        scan_fail(scan, "more than 1,000,000 records in one page");
        return RECORDS_BAD;
    }
    if (!read_record(records, ret))
        return RECORDS_BAD;
    if (scan_more(scan, ']'))
        return RECORDS_ONE;
    if (scan->problem)
        return RECORDS_BAD;
    records->hole.to = offset_of(records);
    records->state = STATE_OUT;
    return RECORDS_ONE;
}

static enum records_result next_single(struct records *records, struct record *ret)
{
    bool is_null = records->found == RECORDS_NULL;
    if (!(is_null ? scan_scalar(&records->scan) : read_record(records, ret)))
        return RECORDS_BAD;
    if (is_null)
        records->hole.from = 0;
    else
        records->hole.to = offset_of(records);
    records->state = STATE_OUT;
    return is_null ? RECORDS_END : RECORDS_ONE;
}

/* RECORDS_END: no record came of this state, look at the next one. */
static enum records_result run_state(struct records *records, struct record *ret)
{
    switch (records->state) {
    case STATE_IN:
        records->state = walk_to_records(records);
        return RECORDS_END;
    case STATE_LIST:
        return next_in_list(records, ret);
    case STATE_SINGLE:
        return next_single(records, ret);
    case STATE_OUT:
        records->state = walk_out(&records->walk) ? STATE_END : STATE_BAD;
        return RECORDS_END;
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

/* ---- fields ---- */

/* Containers open around a record: those of the path, and the list. */
static size_t depth_of(const struct records *records)
{
    return records->walk.open + (records->found == RECORDS_LIST);
}

static bool read_field(struct records *records, struct record *record)
{
    struct scan *scan = &records->scan;
    struct str name;
    if (!scan_name(scan, &name))
        return false;
    enum record_flaw flaw = flaw_of(scan->flags);
    const char *from = scan->at;
    enum record_kind kind = kind_of(scan_peek(scan));
    scan->flags = 0;
    if (!scan_value(scan, depth_of(records) + 1))
        return false;
    struct record_field *field = fields_put(&records->fields, name);
    if (scan->flags & SCAN_TOO_DEEP)
        flaw = FLAW_TOO_DEEP;
    if (!field)
        flaw = FLAW_TOO_WIDE;
    else
        *field = (struct record_field){name,
                                       kind,
                                       flaw_of(scan->flags),
                                       scan->flags & SCAN_ESCAPES,
                                       {from, (size_t)(scan->at - from)}};
    if (flaw && !record->flaw)
        record->flaw = flaw;
    return true;
}

static bool read_fields(struct records *records, struct record *record)
{
    struct scan *scan = &records->scan;
    fields_begin(&records->fields);
    for (bool more = scan_first(scan, '}'); more; more = scan_more(scan, '}'))
        if (!read_field(records, record))
            return false;
    record->fields = records->fields.list;
    record->count = records->fields.count;
    return !scan->problem;
}

static bool read_record(struct records *records, struct record *ret)
{
    struct scan *scan = &records->scan;
    const char *from = scan->at;
    *ret = (struct record){.kind = kind_of(scan_peek(scan)), .position = records->position};
    scan->flags = 0;
    if (ret->kind == RECORD_OBJECT) {
        if (!read_fields(records, ret))
            return false;
    } else {
        if (!scan_value(scan, depth_of(records)))
            return false;
        ret->flaw = flaw_of(scan->flags);
    }
    scan->bad_byte = NULL;
    ret->raw = (struct str){from, (size_t)(scan->at - from)};
    records->position++;
    return true;
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

bool records_truncated(const struct records *records)
{
    return records->state == STATE_BAD && scan_is_cut(&records->scan);
}

struct value_hole records_hole(const struct records *records)
{
    return records->hole;
}

struct str records_decode(struct arena *arena, const struct record_field *field)
{
    struct str raw = str_slice(field->raw, 1, field->raw.len - 1);
    if (!field->has_escapes)
        return raw;
    char *text = arena_alloc(arena, raw.len + 1);
    return (struct str){text, scan_decode(raw, text)};
}
