#include "worker/records/bookmark_high.h"

#include "base/date.h"
#include "core/decimal.h"
#include "worker/records/jsontext.h"
#include "worker/records/records.h"

static bool is_number(struct str text)
{
    struct scan scan = {.start = text.ptr, .at = text.ptr, .end = text.ptr + text.len};
    bool begins =
        text.len && (text.ptr[0] == '-' || (text.ptr[0] >= '0' && text.ptr[0] <= '9'));
    return begins && scan_scalar(&scan) && scan_is_end(&scan) &&
           !(scan.flags & SCAN_BIG_NUMBER);
}

/* Also in SQL, between pages: if you change this, change pagetide.later and
 * tests/tables/rules/bookmarks.txt. */
bool bookmark_high_is_later(enum bookmark_type type, struct str text, struct str than)
{
    int64_t a, b;
    bool by_number = type == BOOKMARK_NUMBER || type == BOOKMARK_GUESS;
    bool by_time = type == BOOKMARK_TIME || type == BOOKMARK_GUESS;
    if (by_number && is_number(text) && is_number(than))
        return decimal_compare(text, than) > 0;
    if (by_time && date_parse_rfc3339(text, &a) && date_parse_rfc3339(than, &b))
        return a > b;
    return str_compare(text, than) > 0;
}

/* The text of a value that a bookmark can be; empty: none. */
static struct str take_text(const struct bookmark_high *high, const struct record *record)
{
    struct record_field field;
    if (!jsontext_find(high->arena, record->raw, &high->bookmark->path, 0, &field))
        return STR_NONE;
    if (field.kind == RECORD_NUMBER)
        return field.raw;
    if (field.kind != RECORD_STRING)
        return STR_NONE;
    field = record_field_of(high->arena, field.raw);
    return field.flaw ? STR_NONE : record_decode(high->arena, &field);
}

static bool is_of_type(const struct bookmark_high *high, struct str text)
{
    int64_t ignored;
    switch (high->bookmark->type) {
    case BOOKMARK_NUMBER:
        return is_number(text);
    case BOOKMARK_TIME:
        return date_parse_rfc3339(text, &ignored);
    default:
        return text.len > 0;
    }
}

static bool is_future(const struct bookmark_high *high, struct str text)
{
    int64_t us;
    return high->bookmark->type != BOOKMARK_TEXT && date_parse_rfc3339(text, &us) &&
           us > high->now_us;
}

void bookmark_high_take(struct bookmark_high *high, const struct record *record)
{
    if (!high->bookmark->is_set || record->flaw)
        return;
    struct str text = take_text(high, record);
    if (!is_of_type(high, text))
        return;
    if (is_future(high, text))
        high->has_met_future = true;
    else if (!high->text.len || bookmark_high_is_later(high->bookmark->type, text, high->text))
        high->text = text;
}
