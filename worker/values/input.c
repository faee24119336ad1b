#include "worker/values/input.h"

#include "base/ascii.h"
#include "core/decimal.h"
#include "core/scan.h"
#include "worker/records/jsontext.h"

/* Is the text a beginning of the word, of at least so many letters? */
static bool begins_word(struct str text, const char *word, size_t least)
{
    struct str whole = str_from(word);
    return text.len >= least && str_eq_nocase(text, str_slice(whole, 0, text.len));
}

bool input_boolean(struct str text, bool *ret)
{
    static const struct {
        const char *word;
        size_t least;
        bool flag;
    } words[] = {
        {"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
        {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false},
    };
    text = str_trim(text);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (!begins_word(text, words[i].word, words[i].least))
            continue;
        *ret = words[i].flag;
        return true;
    }
    return false;
}

/* --- numbers --- */

/*
 * PostgreSQL's number as JSON writes it: no plus, no zeros in front, digits on both sides of
 * the point. What is no number stays none.
 */
static struct str as_json(struct arena *arena, struct str text)
{
    bool is_negative = text.len && text.ptr[0] == '-';
    size_t at = text.len && (text.ptr[0] == '-' || text.ptr[0] == '+');
    size_t begin = at;
    while (at < text.len && ascii_is_digit(text.ptr[at]))
        at++;
    struct str whole = str_slice(text, begin, at), rest = str_slice(text, at, text.len);
    bool has_point = rest.len && rest.ptr[0] == '.';
    bool has_fraction = has_point && rest.len > 1 && ascii_is_digit(rest.ptr[1]);
    if (!whole.len && !has_fraction)
        return STR_NONE;
    while (whole.len > 1 && whole.ptr[0] == '0')
        whole = str_slice(whole, 1, whole.len);
    if (has_point && !has_fraction)
        rest = str_slice(rest, 1, rest.len);
    if (has_point && !has_fraction && rest.len && rest.ptr[0] == '.')
        return STR_NONE;
    return arena_printf(arena, "%s%.*s%.*s", is_negative ? "-" : "",
                        STR_ARG(whole.len ? whole : STR("0")), STR_ARG(rest));
}

bool input_integer(struct arena *arena, struct str text, int64_t *ret)
{
    enum { DIGITS_MAX = 19 };
    struct str whole;
    if (str_to_int64(text, ret))
        return true;
    text = as_json(arena, str_trim(text));
    return encode_is_number(text) && decimal_truncate(arena, text, DIGITS_MAX, &whole) &&
           decimal_compare(text, whole) == 0 && str_to_int64(whole, ret);
}

/* NaN, Infinity, inf, in any case of letters; a sign before the last two. */
static bool find_special(struct str text, enum encode_special *ret)
{
    bool is_negative = text.len && text.ptr[0] == '-';
    bool is_signed = is_negative || (text.len && text.ptr[0] == '+');
    struct str word = str_slice(text, is_signed, text.len);
    if (!word.len || !ascii_is_letter(word.ptr[0]))
        return false;
    bool is_infinite = str_eq_nocase(word, STR("infinity")) || str_eq_nocase(word, STR("inf"));
    if (!is_infinite && (is_signed || !str_eq_nocase(word, STR("nan"))))
        return false;
    *ret = !is_infinite ? ENCODE_NAN : is_negative ? ENCODE_MINUS_INFINITY : ENCODE_INFINITY;
    return true;
}

bool input_numeric(struct arena *arena, struct str text, struct buf *rows)
{
    enum encode_special special;
    text = str_trim(text);
    if (find_special(text, &special)) {
        encode_numeric_special(rows, special);
        return true;
    }
    return encode_numeric(rows, text) || encode_numeric(rows, as_json(arena, text));
}

static bool is_made_of(struct str text, const char *bytes)
{
    size_t at = 0;
    while (at < text.len && text.ptr[at] && strchr(bytes, text.ptr[at]))
        at++;
    return at > 0 && at == text.len;
}

/* Hexadecimal digits too: real takes them, and numeric from version 16 on. */
bool input_may_be_number(struct str text)
{
    enum encode_special ignored;
    text = str_trim(text);
    bool has_digit = false;
    for (size_t i = 0; i < text.len; i++)
        has_digit |= ascii_is_digit(text.ptr[i]);
    if (find_special(text, &ignored))
        return true;
    return has_digit && is_made_of(text, "0123456789+-.eExXpPaAbBcCdDfF_");
}

/* --- uuid --- */

bool input_uuid(struct str text, char ret_uuid[ENCODE_UUID_BYTES])
{
    enum { DIGITS = 32, DIGITS_PER_GROUP = 4 };
    char plain[36];
    size_t len = 0, digits = 0;
    if (encode_parse_uuid(text, ret_uuid))
        return true;
    if (text.len > 2 && text.ptr[0] == '{' && text.ptr[text.len - 1] == '}')
        text = str_slice(text, 1, text.len - 1);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '-') {
            bool is_between = digits && digits < DIGITS && digits % DIGITS_PER_GROUP == 0;
            if (!is_between || text.ptr[i - 1] == '-')
                return false;
            continue;
        }
        if (digits++ == DIGITS)
            return false;
        if (len == 8 || len == 13 || len == 18 || len == 23)
            plain[len++] = '-';
        plain[len++] = text.ptr[i];
    }
    return encode_parse_uuid((struct str){plain, len}, ret_uuid);
}

/* --- times --- */

/* A word that begins like it is taken for it: PostgreSQL knows no such word. */
static bool holds_word(struct str text, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= text.len; i++) {
        struct str here = str_slice(text, i, i + len);
        bool is_inside = i && ascii_is_letter(text.ptr[i - 1]);
        if (!is_inside && str_eq_nocase(here, str_from(word)))
            return true;
    }
    return false;
}

static bool is_relative(struct str text)
{
    static const char *const words[] = {"now", "today", "tomorrow", "yesterday"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (holds_word(text, words[i]))
            return true;
    return false;
}

static bool is_time_word(struct str text)
{
    static const char *const words[] = {"infinity", "-infinity", "+infinity", "epoch"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_eq_nocase(text, str_from(words[i])))
            return true;
    return false;
}

static bool is_month(struct str word)
{
    static const char *const months[] = {"january",   "february", "march",    "april",
                                         "may",       "june",     "july",     "august",
                                         "september", "october",  "november", "december"};
    for (size_t i = 0; i < COUNT_OF(months); i++)
        if (begins_word(word, months[i], 3))
            return true;
    return false;
}

/* Is the sign at `at` that of a zone like "GMT+0100"? "GMT+0000" is right with either sign, and
 * "Etc/GMT+1" has its sign by definition. */
static bool is_posix_zone(struct str text, size_t at)
{
    size_t begin = at, end = at + 1;
    while (begin && ascii_is_letter(text.ptr[begin - 1]))
        begin--;
    while (end < text.len && (text.ptr[end] == '0' || text.ptr[end] == ':'))
        end++;
    bool is_named = begin && text.ptr[begin - 1] == '/';
    bool is_none = end == text.len || !ascii_is_digit(text.ptr[end]);
    return !is_none && !is_named && !is_month(str_slice(text, begin, at));
}

static bool has_posix_zone(struct str text)
{
    for (size_t i = 1; i + 1 < text.len; i++) {
        bool is_sign = text.ptr[i] == '+' || text.ptr[i] == '-';
        if (is_sign && ascii_is_letter(text.ptr[i - 1]) && ascii_is_digit(text.ptr[i + 1]) &&
            is_posix_zone(text, i))
            return true;
    }
    return false;
}

bool input_may_be_time(struct str text, bool is_clock)
{
    size_t digits = 0, points = 0;
    text = str_trim(text);
    for (size_t i = 0; i < text.len; i++) {
        digits += ascii_is_digit(text.ptr[i]);
        points += text.ptr[i] == '.';
    }
    if (digits == 0)
        return !is_clock && is_time_word(text);
    if (digits + points == text.len && points < 2)
        return is_clock ? digits == 4 || digits == 6 || points == 1
                        : digits == 8 && points == 0;
    return !is_relative(text) && !has_posix_zone(text);
}

/* --- arrays --- */

void input_put_quoted(struct buf *buf, struct str text)
{
    buf_put_byte(buf, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            buf_put_byte(buf, '\\');
        buf_put_byte(buf, text.ptr[i]);
    }
    buf_put_byte(buf, '"');
}

static void put_array(struct arena *arena, struct buf *buf, struct str raw, bool holds_json);

static void put_element(struct arena *arena, struct buf *buf, struct str raw, bool holds_json)
{
    struct record_field field = record_field_of(arena, raw);
    if (field.kind == RECORD_NULL)
        buf_puts(buf, "NULL");
    else if (field.kind == RECORD_STRING && !holds_json)
        input_put_quoted(buf, record_decode(arena, &field));
    else if (field.kind == RECORD_LIST && !holds_json)
        put_array(arena, buf, raw, false);
    else
        input_put_quoted(buf, raw);
}

/* The list has been read before, so the scan meets no problem. */
static void put_array(struct arena *arena, struct buf *buf, struct str raw, bool holds_json)
{
    struct scan scan;
    scan_init(&scan, arena, raw);
    buf_put_byte(buf, '{');
    for (bool more = scan_first(&scan, ']'), is_first = true; more; is_first = false) {
        const char *begin = scan.at;
        if (!is_first)
            buf_put_byte(buf, ',');
        if (!scan_value(&scan, 0))
            break;
        put_element(arena, buf, (struct str){begin, (size_t)(scan.at - begin)}, holds_json);
        more = scan_more(&scan, ']');
    }
    buf_put_byte(buf, '}');
}

struct str input_array(struct arena *arena, struct str raw, bool holds_json)
{
    AUTO_BUF(buf, SIZE_MAX / 2);
    put_array(arena, &buf, raw, holds_json);
    return arena_str(arena, buf_str(&buf));
}
