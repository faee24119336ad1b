#include "worker/records/record.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "worker/records/fields.h"

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

enum record_kind record_kind_of(int first)
{
    switch (first) {
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

const char *record_flaw_text(enum record_flaw flaw)
{
    switch (flaw) {
    case FLAW_NONE:
        break;
    case FLAW_BAD_UTF8:
        return "bytes that are not UTF-8";
    case FLAW_LONE_SURROGATE:
        return "half of a surrogate pair";
    case FLAW_NUL:
        return "the character \\u0000";
    case FLAW_TOO_DEEP:
        return "nested deeper than 512";
    case FLAW_BIG_NUMBER:
        return "a number over 1,000 digits or an exponent over 400";
    case FLAW_TOO_WIDE:
        return "more than 4,096 fields";
    }
    return NULL;
}

bool record_flaw_is_fatal(enum record_flaw flaw)
{
    return flaw == FLAW_BAD_UTF8 || flaw == FLAW_TOO_DEEP || flaw == FLAW_TOO_WIDE;
}

const struct record_field *record_find(const struct record *record, struct str name)
{
    for (size_t i = 0; i < record->count; i++)
        if (str_eq(record->fields[i].name, name))
            return &record->fields[i];
    return NULL;
}

bool record_read_value(struct scan *scan, size_t depth, struct record_field *ret)
{
    const char *from = scan->at;
    enum record_kind kind = record_kind_of(scan_peek(scan));
    scan->flags = 0;
    if (!scan_value(scan, depth))
        return false;
    *ret = (struct record_field){ret->name,
                                 kind,
                                 flaw_of(scan->flags),
                                 scan->flags & SCAN_ESCAPES,
                                 {from, (size_t)(scan->at - from)}};
    return true;
}

bool record_read_member(struct scan *scan, size_t depth, struct record_field *ret,
                        enum record_flaw *ret_flaw)
{
    if (!scan_name(scan, &ret->name))
        return false;
    enum record_flaw flaw = flaw_of(scan->flags);
    if (!record_read_value(scan, depth, ret))
        return false;
    *ret_flaw = scan->flags & SCAN_TOO_DEEP ? FLAW_TOO_DEEP : flaw;
    return true;
}

/* memcmp(…) == 0, without a call: names are short. */
static bool are_same(const char *a, const char *b, size_t len)
{
    uint64_t left, right;
    for (; len >= sizeof left; a += sizeof left, b += sizeof left, len -= sizeof left) {
        memcpy(&left, a, sizeof left);
        memcpy(&right, b, sizeof right);
        if (left != right)
            return false;
    }
    while (len > 0 && *a == *b)
        a++, b++, len--;
    return len == 0;
}

/* Of most records the names are known: their bytes are compared, not scanned. */
static bool take_expected(struct scan *scan, const struct fields *fields, struct str *ret_name)
{
    enum { AROUND = 3 }; /* quotes and colon */
    const struct str *name = fields_expect(fields);
    const char *at = scan->at;
    if (!name || (size_t)(scan->end - at) < name->len + AROUND || at[0] != '"' ||
        !are_same(at + 1, name->ptr, name->len) || at[name->len + 1] != '"' ||
        at[name->len + 2] != ':')
        return false;
    *ret_name = (struct str){at + 1, name->len};
    scan->at += name->len + AROUND;
    scan_space(scan);
    return true;
}

static bool is_in_text(const struct scan *scan, struct str name)
{
    uintptr_t at = (uintptr_t)name.ptr;
    return at >= (uintptr_t)scan->start && at < (uintptr_t)scan->end;
}

static bool read_new_field(struct scan *scan, struct fields *fields, size_t depth,
                           struct record *record)
{
    struct record_field read;
    enum record_flaw flaw;
    if (!record_read_member(scan, depth, &read, &flaw))
        return false;
    struct record_field *field = fields_put(fields, read.name);
    if (field)
        *field = read;
    if (field && !flaw && is_in_text(scan, read.name))
        fields_note_plain(fields);
    if (!field && !flaw)
        flaw = FLAW_TOO_WIDE;
    if (flaw && !record->flaw)
        record->flaw = flaw;
    return true;
}

static bool read_field(struct scan *scan, struct fields *fields, size_t depth,
                       struct record *record)
{
    struct str name;
    if (!take_expected(scan, fields, &name))
        return read_new_field(scan, fields, depth, record);
    if (!record_read_value(scan, depth, fields_put_expected(fields, name)))
        return false;
    if (scan->flags & SCAN_TOO_DEEP && !record->flaw)
        record->flaw = FLAW_TOO_DEEP;
    return true;
}

bool record_read(struct scan *scan, struct fields *fields, size_t depth, struct record *ret)
{
    const char *from = scan->at;
    *ret = (struct record){.kind = record_kind_of(scan_peek(scan))};
    scan->flags = 0;
    if (ret->kind == RECORD_OBJECT) {
        fields_begin(fields);
        for (bool more = scan_first(scan, '}'); more; more = scan_more(scan, '}'))
            if (!read_field(scan, fields, depth + 1, ret))
                return false;
        if (scan->problem)
            return false;
        ret->fields = fields->list;
        ret->count = fields->count;
    } else {
        if (!scan_value(scan, depth))
            return false;
        ret->flaw = flaw_of(scan->flags);
    }
    scan->bad_byte = NULL;
    ret->raw = (struct str){from, (size_t)(scan->at - from)};
    return true;
}

struct record_field record_field_of(struct arena *arena, struct str raw)
{
    struct scan scan;
    struct record_field field = {.name = STR_NONE};
    scan_init(&scan, arena, raw);
    (void)!record_read_value(&scan, 1, &field);
    return field;
}

struct str record_decode(struct arena *arena, const struct record_field *field)
{
    assert(field->kind == RECORD_STRING);
    struct str inner = str_slice(field->raw, 1, field->raw.len - 1);
    if (!field->has_escapes)
        return inner;
    char *text = arena_alloc(arena, inner.len + 1);
    return (struct str){text, scan_decode(inner, text)};
}
