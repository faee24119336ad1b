#include "worker/access/retry_after.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/date.h"
#include "worker/access/quota.h"

/* Digits with an optional fraction, rounded up; false on anything else and beyond 1e15. */
static bool parse_number(struct str text, int64_t *ret)
{
    struct str whole;
    struct str fraction = str_split(text, '.', &whole);
    if (whole.len == 0 || whole.len > 15 || whole.ptr[0] == '-' || !str_to_int64(whole, ret))
        return false;
    if (!fraction.ptr)
        return true;
    bool up = false;
    for (size_t i = 0; i < fraction.len; i++) {
        if (fraction.ptr[i] < '0' || fraction.ptr[i] > '9')
            return false;
        up |= fraction.ptr[i] != '0';
    }
    *ret += up;
    return fraction.len > 0;
}

static int64_t number_to_ms(int64_t number, int64_t now_us)
{
    if (number < 100000000)
        return number * 1000;
    int64_t at_ms = number < 100000000000 ? number * 1000 : number;
    return at_ms - now_us / 1000;
}

bool retry_after_parse(struct str value, int64_t now_us, int64_t *ret_ms)
{
    struct str text = str_trim(value);
    int64_t number, at_us, ms;
    if (parse_number(text, &number))
        ms = number_to_ms(number, now_us);
    else if (date_parse_http(text, now_us, &at_us) || date_parse_rfc3339(text, &at_us) ||
             date_parse_iso(text, &at_us))
        ms = (at_us - now_us + 999) / 1000;
    else
        return false;
    *ret_ms = MAX(ms, 0);
    return true;
}

/* "1999ms", "1.5s", "6m0s", "1h2m": what Go prints; only for a reset. */
static bool parse_duration(struct str text, int64_t *ret_ms)
{
    static const struct {
        struct str unit;
        double ms;
    } units[] = {{STR_INIT("ms"), 1},
                 {STR_INIT("s"), 1000},
                 {STR_INIT("m"), 60000},
                 {STR_INIT("h"), 3600000}};
    double ms = 0;
    struct str rest = str_trim(text);
    if (!rest.len || rest.len > 32)
        return false;
    while (rest.len) {
        size_t digits = 0, at = 0;
        while (digits < rest.len && strchr("0123456789.", rest.ptr[digits]))
            digits++;
        char number[40];
        snprintf(number, sizeof number, "%.*s", (int)digits, rest.ptr);
        char *end;
        double value = strtod(number, &end);
        if (!digits || *end || number[0] == '.')
            return false;
        rest = str_slice(rest, digits, rest.len);
        while (at < COUNT_OF(units) && !str_starts(rest, units[at].unit))
            at++;
        if (at == COUNT_OF(units))
            return false;
        ms += value * units[at].ms;
        rest = str_slice(rest, units[at].unit.len, rest.len);
    }
    *ret_ms = ms < 1e15 ? (int64_t)(ms + 0.999999) : (int64_t)1e15;
    return true;
}

bool retry_after_parse_reset(struct str value, int64_t now_us, int64_t *ret_ms)
{
    return retry_after_parse(value, now_us, ret_ms) || parse_duration(value, ret_ms);
}

/* --- what an answer says --- */

static struct str text_in(struct value value)
{
    return value.kind == VALUE_NUMBER || value.kind == VALUE_STRING ? value.text : STR_NONE;
}

static struct quota_said read_quota(const struct http_answer *answer,
                                    const struct retry_after_quota *quota)
{
    struct quota_said said;
    quota_read(answer, &said);
    said.is_spent |= quota_is_zero(text_in(quota->remaining));
    return said;
}

bool retry_after_is_spent(const struct http_answer *answer,
                          const struct retry_after_quota *quota)
{
    return read_quota(answer, quota).is_spent;
}

static int64_t server_time_us(const struct http_answer *answer, int64_t now_us)
{
    int64_t server_us;
    const struct http_header *date = http_header_find(answer, STR("date"));
    return date && date_parse_http(date->value, now_us, &server_us) ? server_us : now_us;
}

/* In the order in which they are believed, before those of a quota. */
static const struct {
    struct str name;
    bool is_ms;
} waits_known[] = {
    {STR_INIT("retry-after"), false},
    {STR_INIT("retry-after-ms"), true},
    {STR_INIT("x-ms-retry-after-ms"), true},
    {STR_INIT("x-retry-after"), false},
};

enum { WAITS_MAX = COUNT_OF(waits_known) + 1 + QUOTA_WAITS_MAX };

struct waits {
    struct quota_wait items[WAITS_MAX];
    size_t count;
};

static void add_header(const struct http_answer *answer, size_t known, struct waits *waits)
{
    const struct http_header *header = http_header_find(answer, waits_known[known].name);
    enum quota_unit unit = waits_known[known].is_ms ? QUOTA_MS : QUOTA_TIME;
    if (header && str_trim(header->value).len)
        waits->items[waits->count++] =
            (struct quota_wait){header->name, str_trim(header->value), unit, false};
}

/* Retry-After and its like, of any refusal; then the definition's own place and the quota's,
 * where that is why. */
static void find_waits(const struct http_answer *answer, const struct retry_after_quota *quota,
                       struct waits *waits)
{
    struct quota_said said = read_quota(answer, quota);
    bool refuses = answer->status >= 400 || answer->status == 202;
    bool resets = answer->status == 429 || said.is_spent;
    struct str own = text_in(quota->reset);
    waits->count = 0;
    if (refuses)
        add_header(answer, 0, waits);
    if (resets && own.len)
        waits->items[waits->count++] =
            (struct quota_wait){STR("rate_limit.reset"), own, QUOTA_RESET, false};
    for (size_t i = 1; refuses && i < COUNT_OF(waits_known); i++)
        add_header(answer, i, waits);
    for (size_t i = 0; i < said.count; i++)
        if (said.waits[i].is_of_spent || resets)
            waits->items[waits->count++] = said.waits[i];
}

static bool parse_clock(struct str text, int64_t *ret_ms)
{
    struct str part;
    int64_t total = 0, number;
    for (int i = 0; i < 3; i++) {
        text = str_split(text, ':', &part);
        if (!parse_number(part, &number) || (i < 2) != (text.ptr != NULL))
            return false;
        total = total * 60 + number;
    }
    *ret_ms = MIN(total, (int64_t)1000000000) * 1000;
    return true;
}

static bool parse_wait(const struct quota_wait *wait, int64_t server_us, int64_t *ret_ms)
{
    int64_t number;
    switch (wait->unit) {
    case QUOTA_MS:
        return parse_number(wait->value, ret_ms);
    case QUOTA_RESET:
        return retry_after_parse_reset(wait->value, server_us, ret_ms);
    case QUOTA_CLOCK:
        return parse_clock(wait->value, ret_ms);
    case QUOTA_SECONDS:
        if (!parse_number(wait->value, &number))
            return false;
        *ret_ms = MIN(number, (int64_t)1000000000) * 1000;
        return true;
    case QUOTA_TIME:
        break;
    }
    return retry_after_parse(wait->value, server_us, ret_ms);
}

/* The first that can be read; of the quotas that are spent the one that lasts longest. */
int64_t retry_after_in_answer(const struct http_answer *answer,
                              const struct retry_after_quota *quota, int64_t now_us,
                              int64_t max_ms)
{
    struct waits waits;
    int64_t found_ms = -1, ms, server_us = server_time_us(answer, now_us);
    bool is_settled = false;
    find_waits(answer, quota, &waits);
    for (size_t i = 0; i < waits.count && !is_settled; i++) {
        if ((found_ms >= 0 && !waits.items[i].is_of_spent) ||
            !parse_wait(&waits.items[i], server_us, &ms))
            continue;
        found_ms = MAX(found_ms, ms);
        is_settled = !waits.items[i].is_of_spent;
    }
    return found_ms > 0 ? MIN(found_ms, max_ms) : -1;
}

bool retry_after_unread(const struct http_answer *answer, const struct retry_after_quota *quota,
                        int64_t now_us, struct str *ret_name, struct str *ret_value)
{
    struct waits waits;
    int64_t ms;
    find_waits(answer, quota, &waits);
    for (size_t i = 0; i < waits.count; i++) {
        if (parse_wait(&waits.items[i], server_time_us(answer, now_us), &ms))
            continue;
        *ret_name = waits.items[i].name;
        *ret_value = waits.items[i].value;
        return true;
    }
    return false;
}

int64_t retry_after_in_value(const struct http_answer *answer, struct value value,
                             int64_t now_us, int64_t max_ms)
{
    int64_t ms;
    bool is_given = retry_after_parse(text_in(value), server_time_us(answer, now_us), &ms);
    return is_given && ms > 0 ? MIN(ms, max_ms) : -1;
}
