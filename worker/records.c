#include "worker/records.h"

#include "core/scan.h"
#include "port/hash.h"

/*
 * The body is walked along the path, one open container ("level") per step, to the value there;
 * its elements are handed out one by one; then the levels are closed from the inside out, and
 * whatever else they hold is validated and dropped:
 *
 *     {"meta": {…}, "data": {"items": [ r r r ], "n": 3}, "next": null}
 *     STATE_OPEN ───────────────────► LIST ────► STATE_CLOSE ─────────► STATE_END
 *
 * A second member with a key of the path would, by the usual reading of JSON, replace the
 * records that are already out; it is refused.
 */
enum records_state { STATE_OPEN, STATE_LIST, STATE_SINGLE, STATE_CLOSE, STATE_END, STATE_BAD };

struct level {
    bool is_object;
    struct str key; /* object: the step's */
};

struct records {
    struct scan scan;
    struct arena *arena;
    const struct path *path;
    enum records_state state;
    enum records_found found;
    struct level *levels; /* containers open on the way to the records */
    size_t open;
    size_t reached; /* steps of the path that led to something */
    struct value_hole hole;
    size_t position;
    /* Of the record; the names of the last one stay below `known` as a guess for the next. */
    struct record_field *fields;
    size_t count, capacity, known;
    uint16_t *slots;   /* field index + 1 by name; NULL until a wide record needs it */
    bool is_indexed;   /* slots hold the fields of this record */
    bool is_repeating; /* its names so far are those of the last one */
};

/* Up to FEW_FIELDS a name is searched one by one. */
enum { SLOT_COUNT = 2 * RECORDS_FIELDS_MAX, FEW_FIELDS = 32 };

static bool read_record(struct records *records, struct record *ret);

struct records *records_start(struct arena *arena, struct str body, const struct path *path)
{
    struct records *records = ARENA_NEW(arena, struct records);
    records->arena = arena;
    records->path = path;
    records->levels = ARENA_ARRAY(arena, struct level, path->count + 1);
    scan_init(&records->scan, arena, body);
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

static bool take_value(struct scan *scan, enum record_kind kind, size_t depth)
{
    if (kind == RECORD_STRING)
        return scan_string(scan);
    if (kind == RECORD_OBJECT || kind == RECORD_LIST)
        return scan_value(scan, depth);
    return scan_scalar(scan);
}

/* The name as it is meant: a slice of the body, or a copy if it holds escapes. */
static struct str decode_name(struct records *records, struct str raw)
{
    if (!(records->scan.flags & SCAN_ESCAPES))
        return raw;
    char *name = arena_alloc(records->arena, raw.len);
    return (struct str){name, scan_decode(raw, name)};
}

static bool read_key(struct records *records, struct str *ret_name)
{
    struct str raw;
    records->scan.flags = 0;
    if (!scan_key(&records->scan, &raw))
        return false;
    *ret_name = decode_name(records, raw);
    return true;
}

/*
 * What no record holds has nowhere to put its flaws: bytes that are not UTF-8 make the body
 * invalid, the others are left to whoever asks for the value.
 */
static bool check_utf8(struct scan *scan)
{
    if (!scan->bad_byte)
        return true;
    scan->at = scan->bad_byte;
    return scan_fail(scan, "not UTF-8");
}

static bool read_ahead(struct records *records)
{
    struct scan *scan = &records->scan;
    return take_value(scan, kind_of(scan_peek(scan)), records->open);
}

static bool skip_value(struct records *records)
{
    return read_ahead(records) && check_utf8(&records->scan);
}

/* ---- the way to the records ---- */

static void open_level(struct records *records, bool is_object, struct str key)
{
    records->levels[records->open++] = (struct level){is_object, key};
    records->reached++;
}

enum step { STEP_INTO, STEP_ABSENT, STEP_BAD };

/* From the opening byte up to the value wanted, or behind the closing byte. */
static enum step enter_member(struct records *records, struct str key)
{
    struct scan *scan = &records->scan;
    bool more = scan_first(scan, '}');
    while (more) {
        struct str name;
        if (!read_key(records, &name))
            return STEP_BAD;
        if (str_eq(name, key)) {
            open_level(records, true, key);
            return STEP_INTO;
        }
        if (!skip_value(records))
            return STEP_BAD;
        more = scan_more(scan, '}');
    }
    return scan->problem ? STEP_BAD : STEP_ABSENT;
}

static enum step enter_element(struct records *records, int64_t index)
{
    struct scan *scan = &records->scan;
    bool more = scan_first(scan, ']');
    for (int64_t i = 0; more; i++) {
        if (i == index) {
            open_level(records, false, STR_NONE);
            return STEP_INTO;
        }
        if (!skip_value(records))
            return STEP_BAD;
        more = scan_more(scan, ']');
    }
    return scan->problem ? STEP_BAD : STEP_ABSENT;
}

/* An index from the end needs the length: the list is read once ahead. */
static enum step enter_from_end(struct records *records, int64_t index)
{
    struct scan *scan = &records->scan;
    const char *from = scan->at;
    int64_t count = 0;
    for (bool more = scan_first(scan, ']'); more; more = scan_more(scan, ']')) {
        if (!read_ahead(records))
            return STEP_BAD;
        count++;
    }
    if (scan->problem)
        return STEP_BAD;
    if (count + index < 0)
        return check_utf8(scan) ? STEP_ABSENT : STEP_BAD;
    scan->at = from;
    scan->bad_byte = NULL;
    return enter_element(records, count + index);
}

/* Whether the value's text is what the filter asks for: a string's content, else as written. */
static bool equals_text(struct records *records, struct str raw, struct str text)
{
    if (raw.ptr[0] != '"')
        return str_eq(raw, text);
    return str_eq(decode_name(records, str_slice(raw, 1, raw.len - 1)), text);
}

/* Reads the object at `at` ahead, to its end. */
static bool matches_filter(struct records *records, const struct path_step *step, bool *ret)
{
    struct scan *scan = &records->scan;
    *ret = false;
    for (bool more = scan_first(scan, '}'); more; more = scan_more(scan, '}')) {
        struct str name;
        if (!read_key(records, &name))
            return false;
        const char *from = scan->at;
        scan->flags = 0;
        if (!read_ahead(records))
            return false;
        struct str raw = {from, (size_t)(scan->at - from)};
        if (str_eq(name, step->key))
            *ret = equals_text(records, raw, step->text);
    }
    return !scan->problem;
}

static enum step enter_match(struct records *records, const struct path_step *step)
{
    struct scan *scan = &records->scan;
    for (bool more = scan_first(scan, ']'); more; more = scan_more(scan, ']')) {
        const char *from = scan->at;
        bool is_match = false;
        bool ok = scan_peek(scan) == '{' ? matches_filter(records, step, &is_match)
                                         : read_ahead(records);
        if (!ok || (!is_match && !check_utf8(scan)))
            return STEP_BAD;
        if (is_match) {
            scan->at = from;
            scan->bad_byte = NULL;
            open_level(records, false, STR_NONE);
            return STEP_INTO;
        }
    }
    return scan->problem ? STEP_BAD : STEP_ABSENT;
}

static enum step enter(struct records *records, const struct path_step *step)
{
    int c = scan_peek(&records->scan);
    int64_t index = step->index;
    bool is_index = step->kind == PATH_INDEX ||
                    (step->kind == PATH_KEY && c == '[' && str_to_int64(step->key, &index));
    if (c == '{' && step->kind == PATH_KEY)
        return enter_member(records, step->key);
    if (c == '[' && is_index)
        return index < 0 ? enter_from_end(records, index) : enter_element(records, index);
    if (c == '[' && step->kind == PATH_FILTER)
        return enter_match(records, step);
    return skip_value(records) ? STEP_ABSENT : STEP_BAD;
}

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
    return STATE_CLOSE;
}

static enum records_state open_path(struct records *records)
{
    scan_space(&records->scan);
    for (size_t i = 0; i < records->path->count; i++) {
        enum step step = enter(records, &records->path->steps[i]);
        if (step != STEP_INTO)
            return step == STEP_BAD ? STATE_BAD : STATE_CLOSE;
    }
    return arrive(records);
}

/* ---- the way out ---- */

static bool close_level(struct records *records, const struct level *level)
{
    struct scan *scan = &records->scan;
    while (scan_more(scan, level->is_object ? '}' : ']')) {
        const char *from = scan->at;
        struct str name;
        if (level->is_object && !read_key(records, &name))
            return false;
        if (level->is_object && str_eq(name, level->key)) {
            scan->at = from;
            return scan_fail(scan, "a key of the merge path stands twice in its object");
        }
        if (!skip_value(records))
            return false;
    }
    return !scan->problem;
}

static enum records_state close_path(struct records *records)
{
    while (records->open) {
        if (!close_level(records, &records->levels[records->open - 1]))
            return STATE_BAD;
        records->open--;
    }
    return scan_finish(&records->scan) ? STATE_END : STATE_BAD;
}

/* ---- records ---- */

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
    records->state = STATE_CLOSE;
    return RECORDS_ONE;
}

static enum records_result next_single(struct records *records, struct record *ret)
{
    bool is_null = records->found == RECORDS_NULL;
    if (!(is_null ? skip_value(records) : read_record(records, ret)))
        return RECORDS_BAD;
    if (is_null)
        records->hole.from = 0;
    else
        records->hole.to = offset_of(records);
    records->state = STATE_CLOSE;
    return is_null ? RECORDS_END : RECORDS_ONE;
}

/* RECORDS_END: no record came of this state, look at the next one. */
static enum records_result run_state(struct records *records, struct record *ret)
{
    switch (records->state) {
    case STATE_OPEN:
        records->state = open_path(records);
        return RECORDS_END;
    case STATE_LIST:
        return next_in_list(records, ret);
    case STATE_SINGLE:
        return next_single(records, ret);
    case STATE_CLOSE:
        records->state = close_path(records);
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

static uint16_t *find_slot(struct records *records, struct str name)
{
    size_t at = hash_bytes(name, 0) % SLOT_COUNT;
    while (records->slots[at] && !str_eq(records->fields[records->slots[at] - 1].name, name))
        at = (at + 1) % SLOT_COUNT;
    return &records->slots[at];
}

static void index_fields(struct records *records)
{
    if (!records->slots)
        records->slots = ARENA_ARRAY(records->arena, uint16_t, SLOT_COUNT);
    else
        memset(records->slots, 0, SLOT_COUNT * sizeof *records->slots);
    for (size_t i = 0; i < records->count; i++)
        *find_slot(records, records->fields[i].name) = (uint16_t)(i + 1);
    records->is_indexed = true;
}

/* Index + 1 of the record's field of this name; 0 if there is none yet. */
static size_t find_field(struct records *records, struct str name)
{
    if (records->count > FEW_FIELDS) {
        if (!records->is_indexed)
            index_fields(records);
        return *find_slot(records, name);
    }
    for (size_t i = 0; i < records->count; i++)
        if (str_eq(records->fields[i].name, name))
            return i + 1;
    return 0;
}

static struct record_field *add_field(struct records *records, struct str name)
{
    ARENA_GROW(records->arena, records->fields, records->count, records->capacity);
    uint16_t *slot = records->is_indexed ? find_slot(records, name) : NULL;
    struct record_field *field = &records->fields[records->count++];
    field->name = name;
    if (slot)
        *slot = (uint16_t)records->count;
    return field;
}

/*
 * The field of this name: an earlier one of the record, or a new one; NULL if it would be one
 * too many. As long as the names repeat those of the record before, which were all different,
 * nothing needs to be looked up.
 */
static struct record_field *field_for(struct records *records, struct str name)
{
    size_t next = records->count;
    records->is_repeating = records->is_repeating && next < records->known &&
                            str_eq(records->fields[next].name, name);
    size_t found = records->is_repeating ? 0 : find_field(records, name);
    if (found)
        return &records->fields[found - 1];
    return next == RECORDS_FIELDS_MAX ? NULL : add_field(records, name);
}

/* Containers open around a record: those of the path, and the list. */
static size_t depth_of(const struct records *records)
{
    return records->open + (records->found == RECORDS_LIST);
}

static bool read_field(struct records *records, struct record *record)
{
    struct scan *scan = &records->scan;
    struct str name;
    if (!read_key(records, &name))
        return false;
    enum record_flaw flaw = flaw_of(scan->flags);
    const char *from = scan->at;
    enum record_kind kind = kind_of(scan_peek(scan));
    scan->flags = 0;
    if (!take_value(scan, kind, depth_of(records) + 1))
        return false;
    struct record_field *field = field_for(records, name);
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
    records->known = records->count;
    records->count = 0;
    records->is_indexed = false;
    records->is_repeating = true;
    bool more = scan_first(scan, '}');
    while (more) {
        if (!read_field(records, record))
            return false;
        more = scan_more(scan, '}');
    }
    record->fields = records->fields;
    record->count = records->count;
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
        if (!take_value(scan, ret->kind, depth_of(records)))
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
    return records->reached;
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
