#include "worker/records/bookmark_high.h"

#include "base/date.h"
#include "config/bookmark.h"
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

enum kind { KIND_NONE, KIND_NUMBER, KIND_TIME, KIND_TEXT };

static enum kind kind_of(enum bookmark_type type, struct str text)
{
    int64_t ignored;
    bool may_be_number = type == BOOKMARK_NUMBER || type == BOOKMARK_GUESS;
    bool may_be_time = type == BOOKMARK_TIME || type == BOOKMARK_GUESS;
    if (may_be_number && is_number(text))
        return KIND_NUMBER;
    if (may_be_time && date_parse_iso(text, &ignored))
        return KIND_TIME;
    return type == BOOKMARK_TEXT && text.len ? KIND_TEXT : KIND_NONE;
}

/* Also in SQL, between pages: if you change this, change pagetide.later and
 * tests/tables/rules/bookmarks.txt. */
bool bookmark_high_is_later(enum bookmark_type type, struct str text, struct str than)
{
    int64_t a = 0, b = 0;
    enum kind kind = kind_of(type, than);
    if (type == BOOKMARK_TOKEN)
        return text.len > 0;
    if (kind == KIND_NONE || kind_of(type, text) != kind)
        return kind == KIND_NONE && kind_of(type, text) != KIND_NONE;
    if (kind == KIND_NUMBER)
        return decimal_compare(text, than) > 0;
    if (kind == KIND_TIME)
        return date_parse_iso(text, &a) && date_parse_iso(than, &b) && a > b;
    return str_compare(text, than) > 0;
}

/* The text of a value that a bookmark can be. False: there is none. *ret_text is empty where
 * there is a value of another sort. */
static bool take_text(const struct bookmark_high *high, const struct record *record,
                      struct str *ret_text)
{
    struct record_field field;
    *ret_text = STR_NONE;
    if (!jsontext_find(high->arena, record->raw, &high->bookmark->path, 0, &field) ||
        field.kind == RECORD_NULL)
        return false;
    if (field.kind == RECORD_NUMBER)
        *ret_text = field.raw;
    if (field.kind != RECORD_STRING)
        return true;
    field = record_field_of(high->arena, field.raw);
    if (!field.flaw)
        *ret_text = record_decode(high->arena, &field);
    return true;
}

/* With `from`, the time that the text names, as it is kept; empty if it names none. */
static struct str as_kept(const struct bookmark_high *high, struct str text)
{
    int64_t us;
    AUTO_BUF(buf, 64);
    if (!high->bookmark->from_count)
        return text;
    if (!bookmark_read_time(high->bookmark, text, &us))
        return STR_NONE;
    date_format_rfc3339(&buf, us);
    return arena_str(high->arena, buf_str(&buf));
}

static void count_before(struct bookmark_high *high, enum kind kind, struct str text)
{
    enum bookmark_type type = high->bookmark->type;
    if (high->since.len && kind_of(type, high->since) == kind &&
        !bookmark_high_is_later(type, text, high->since))
        high->counts.before++;
}

static void keep(struct bookmark_high *high, struct str text)
{
    high->kept.arena = high->arena;
    high->text = arena_buf_set(&high->kept, text);
}

void bookmark_high_take(struct bookmark_high *high, const struct record *record)
{
    struct str text;
    int64_t us;
    enum bookmark_type type = high->bookmark->type;
    if (!high->bookmark->is_set || record->flaw ||
        high->bookmark->from_response.kind != LOCATOR_NONE)
        return;
    high->counts.met++;
    if (!take_text(high, record, &text)) {
        high->counts.absent++;
        return;
    }
    text = as_kept(high, text);
    enum kind kind = kind_of(type, text);
    if (kind != KIND_NONE)
        count_before(high, kind, text);
    if (kind == KIND_NONE || (high->text.len && kind != kind_of(type, high->text)))
        high->counts.unread++;
    else if (kind == KIND_TIME && date_parse_iso(text, &us) && us > high->now_us)
        high->has_met_future = true;
    else if (!high->text.len || bookmark_high_is_later(type, text, high->text))
        keep(high, text);
}

struct str bookmark_high_warning(struct arena *arena, const struct bookmark *bookmark,
                                 const struct bookmark_counts *counts)
{
    static const char *const wanted[] = {
        [BOOKMARK_GUESS] = "neither a number nor a time, or not of the first one's kind",
        [BOOKMARK_NUMBER] = "no number",
        [BOOKMARK_TIME] = "no time",
        [BOOKMARK_TEXT] = "no text",
        [BOOKMARK_TOKEN] = "no token",
    };
    struct str path = bookmark->path.source;
    bool has_none = counts->met && counts->absent + counts->unread == counts->met;
    const char *moved = has_none ? ": the bookmark is not moved, and the next run begins where "
                                   "this one did"
                                 : "";
    if (counts->unread)
        return arena_printf(arena,
                            "bookmark: at %.*s %lld of %lld records had a value that is %s "
                            "(bookmark.type and bookmark.from say how it is read; type: text "
                            "orders by bytes), %lld had none%s",
                            STR_ARG(path), (long long)counts->unread, (long long)counts->met,
                            wanted[bookmark->type], (long long)counts->absent, moved);
    if (counts->before)
        return arena_printf(
            arena,
            "bookmark: %lld of %lld records are not later than the value that the run began "
            "with, and append has stored them again if an earlier run did: does the API know "
            "the parameter, and leave out what is equal? (`where` leaves records out; write: "
            "upsert with a key doubles nothing)",
            (long long)counts->before, (long long)counts->met);
    if (!has_none)
        return STR_NONE;
    return arena_printf(
        arena, "bookmark: %lld of %lld records had no value at %.*s%s (bookmark.path)",
        (long long)counts->absent, (long long)counts->met, STR_ARG(path), moved);
}
