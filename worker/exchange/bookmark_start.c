#include "worker/exchange/bookmark_start.h"

#include "base/date.h"
#include "config/bookmark.h"
#include "worker/access/secret_refs.h"

enum { TIME_CHARS = 19, DAY_CHARS = 10 }; /* 2024-01-02T03:04:05 */

static const int64_t MS_PER_DAY = 86400000, US_PER_S = 1000000;
/* 1e11: a smaller number counts seconds, any other milliseconds. */
static const int64_t LEAST_EPOCH_MS = 100000000000;

static int64_t units_up(int64_t ms, int64_t unit_ms)
{
    return ms / unit_ms + (ms % unit_ms > 0);
}

static bool is_number(struct arena *arena, struct str text)
{
    struct value value;
    struct err ignored = ERR_INIT;
    return value_parse(arena, text, VALUE_WHOLE, &value, &ignored) &&
           value.kind == VALUE_NUMBER;
}

/* The greatest integer not above a number without an exponent. */
static bool read_floor(struct str text, int64_t *ret)
{
    struct str whole;
    struct str fraction = str_split(text, '.', &whole);
    if (!str_to_int64(whole, ret))
        return false;
    if (fraction.len && text.ptr[0] == '-')
        *ret -= *ret > INT64_MIN;
    return true;
}

static bool before_number(struct arena *arena, struct str text, int64_t ms,
                          struct str *ret_text)
{
    int64_t number, earlier;
    if (!read_floor(text, &number))
        return false;
    int64_t units = number >= LEAST_EPOCH_MS ? ms : units_up(ms, 1000);
    if (__builtin_sub_overflow(number, units, &earlier))
        return false;
    *ret_text = arena_printf(arena, "%lld", (long long)earlier);
    return true;
}

static bool before_day(struct arena *arena, struct str text, int64_t ms, struct str *ret_text)
{
    int64_t days;
    struct date_civil civil;
    if (!date_parse_day(text, &days))
        return false;
    days -= units_up(ms, MS_PER_DAY);
    if (days < date_days_from_civil(1, 1, 1))
        return false;
    date_civil_from_us(days * MS_PER_DAY * 1000, &civil);
    *ret_text = arena_printf(arena, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
    return true;
}

/* Fraction and offset stay as they are: only whole seconds are taken away. */
static bool before_time(struct arena *arena, struct str text, int64_t ms, struct str *ret_text)
{
    int64_t us;
    struct date_civil civil;
    if (!date_parse_iso(text, &us) || text.len < TIME_CHARS ||
        !date_parse_iso(str_slice(text, 0, TIME_CHARS), &us))
        return false;
    us -= units_up(ms, 1000) * US_PER_S;
    if (us < date_days_from_civil(1, 1, 1) * MS_PER_DAY * 1000)
        return false;
    date_civil_from_us(us, &civil);
    *ret_text =
        arena_printf(arena, "%04d-%02d-%02d%c%02d:%02d:%02d%.*s", civil.year, civil.month,
                     civil.day, text.ptr[DAY_CHARS], civil.hour, civil.minute, civil.second,
                     STR_ARG(str_slice(text, TIME_CHARS, text.len)));
    return true;
}

static bool look_back(struct arena *arena, struct str stored, int64_t ms, bool from_number,
                      struct str *ret_text, struct err *err)
{
    bool found = from_number ? before_number(arena, stored, ms, ret_text)
                             : before_day(arena, stored, ms, ret_text) ||
                                   before_time(arena, stored, ms, ret_text);
    return found ||
           err_set(err, ERR_INPUT, "bookmark", 0,
                   "bookmark \"%.*s\": a lookback needs a number or a time", STR_ARG(stored));
}

/* With `from`: the instant, less the lookback, in the form in which the API writes it. */
static bool start_in_form(struct arena *arena, const struct bookmark *def, struct str stored,
                          struct value *ret_value, struct err *err)
{
    int64_t us;
    AUTO_BUF(buf, KIB(4));
    struct str text = stored.len ? stored : def->start;
    if (!text.len) {
        *ret_value = NULL_VALUE;
        return true;
    }
    if (!date_parse_iso(text, &us) && !bookmark_read_time(def, text, &us))
        return err_set(err, ERR_INPUT, "bookmark", 0,
                       "bookmark \"%.*s\" is no time: set it anew", STR_ARG(text));
    if (stored.len)
        us -= def->lookback_ms * 1000;
    if (us < date_days_from_civil(1, 1, 1) * MS_PER_DAY * 1000)
        return err_set(err, ERR_INPUT, "bookmark", 0,
                       "bookmark \"%.*s\": the lookback leads before the year 1",
                       STR_ARG(text));
    bookmark_write_time(&buf, def, us);
    text = arena_str(arena, buf_str(&buf));
    *ret_value = is_number(arena, text) ? value_number(text) : value_string(text);
    return true;
}

bool bookmark_start(struct arena *arena, const struct bookmark *def, struct str stored,
                    struct value *ret_value, struct err *err)
{
    if (def->from_count)
        return start_in_form(arena, def, stored, ret_value, err);
    struct str text = stored.len ? stored : def->start;
    bool numeric = def->type < BOOKMARK_TEXT && is_number(arena, text);
    if (stored.len && def->lookback_ms &&
        !look_back(arena, stored, def->lookback_ms, numeric, &text, err))
        return false;
    *ret_value = !text.len ? NULL_VALUE : numeric ? value_number(text) : value_string(text);
    return true;
}

static bool holds_secret(const struct scope *scope, struct str text, struct arena *arena)
{
    struct secret_refs refs;
    secret_refs_init(&refs, arena, &scope->secrets);
    refs.seals = true;
    return !str_eq(secret_refs_hide_text(&refs, text), text) || refs.count;
}

struct str bookmark_token(const struct bookmark *def, const struct scope *scope,
                          struct arena *arena, struct str *ret_why)
{
    struct value value = UNDEFINED_VALUE;
    struct err err = ERR_INIT;
    if (!locator_read(&def->from_response, &scope->expr, arena, &value, &err))
        *ret_why = arena_str(arena, str_from(err.text));
    else if ((value.kind != VALUE_STRING && value.kind != VALUE_NUMBER) || !value.text.len)
        *ret_why = arena_printf(arena, "there is %s", value_kind_name(value.kind));
    else if (value.text.len > BOOKMARK_TOKEN_BYTES_MAX)
        *ret_why = arena_printf(arena, "it is over %d bytes", BOOKMARK_TOKEN_BYTES_MAX);
    else if (memchr(value.text.ptr, 0, value.text.len) || !str_is_utf8(value.text))
        *ret_why = STR("it is no text");
    else if (holds_secret(scope, value.text, arena))
        *ret_why = STR("it holds a secret of the definition, which is not stored");
    else
        return value.text;
    return STR_NONE;
}
