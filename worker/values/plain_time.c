#include "worker/values/plain_time.h"

#include "base/date.h"

enum { DAY_BYTES = 10, SECOND_AT = 17, FRACTION_AT = 19, FRACTION_DIGITS_MAX = 6 };

/* `Z`, `+02`, `+0200`, `+02:00`, or nothing; PostgreSQL takes no more than 15 hours. */
static bool is_plain_offset(struct str text)
{
    if (text.len < 3)
        return text.len == 0 || str_is(text, "Z");
    return text.ptr[1] == '0' || (text.ptr[1] == '1' && text.ptr[2] <= '4');
}

/* The ways of writing in which date_parse_iso and PostgreSQL read the same. */
static bool is_plain_time(struct str text)
{
    if (text.len < FRACTION_AT || (text.ptr[DAY_BYTES] != 'T' && text.ptr[DAY_BYTES] != ' ') ||
        text.ptr[SECOND_AT] == '6')
        return false;
    struct str rest = str_slice(text, FRACTION_AT, text.len);
    if (str_starts(rest, STR("."))) {
        size_t digits = str_count_digits(str_slice(rest, 1, rest.len));
        if (digits > FRACTION_DIGITS_MAX)
            return false;
        rest = str_slice(rest, 1 + digits, rest.len);
    }
    return is_plain_offset(rest);
}

bool plain_time_read(struct str text, int64_t *ret_us)
{
    bool is_day = text.len == DAY_BYTES;
    return (is_day || is_plain_time(text)) && date_parse_iso(text, ret_us);
}
