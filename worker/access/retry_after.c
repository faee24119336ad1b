#include "worker/access/retry_after.h"

#include "base/date.h"

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

static bool read_header(const struct http_answer *answer, struct str name, int64_t now_us,
                        int64_t *ret_ms)
{
    const struct http_header *header = http_header_find(answer, name);
    return header && retry_after_parse(header->value, now_us, ret_ms);
}

/* "0", also as the first of a list or with parameters: "0;w=60", "0, 100". */
static bool is_zero(struct str text)
{
    size_t i = 0;
    text = str_trim(text);
    while (i < text.len && text.ptr[i] == '0')
        i++;
    return i > 0 && (i == text.len || strchr(";, ", text.ptr[i]) || str_is(text, "0.0"));
}

static struct str text_in(struct value value)
{
    return value.kind == VALUE_NUMBER || value.kind == VALUE_STRING ? value.text : STR_NONE;
}

bool retry_after_is_spent(const struct http_answer *answer,
                          const struct retry_after_quota *quota)
{
    static const struct str names[] = {STR_INIT("ratelimit-remaining"),
                                       STR_INIT("x-ratelimit-remaining")};
    if (is_zero(text_in(quota->remaining)))
        return true;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct http_header *header = http_header_find(answer, names[i]);
        if (header && is_zero(header->value))
            return true;
    }
    return false;
}

static int64_t server_time_us(const struct http_answer *answer, int64_t now_us)
{
    int64_t server_us;
    const struct http_header *date = http_header_find(answer, STR("date"));
    return date && date_parse_http(date->value, now_us, &server_us) ? server_us : now_us;
}

int64_t retry_after_in_answer(const struct http_answer *answer,
                              const struct retry_after_quota *quota, int64_t now_us,
                              int64_t max_ms)
{
    int64_t ms = 0, server_us = server_time_us(answer, now_us);
    bool is_given =
        answer->status >= 400 && read_header(answer, STR("retry-after"), server_us, &ms);
    bool resets = answer->status == 429 || retry_after_is_spent(answer, quota);
    if (!is_given && resets)
        is_given = retry_after_parse(text_in(quota->reset), server_us, &ms) ||
                   read_header(answer, STR("ratelimit-reset"), server_us, &ms) ||
                   read_header(answer, STR("x-ratelimit-reset"), server_us, &ms);
    return is_given && ms > 0 ? MIN(ms, max_ms) : -1;
}

int64_t retry_after_in_value(const struct http_answer *answer, struct value value,
                             int64_t now_us, int64_t max_ms)
{
    int64_t ms;
    bool is_given = retry_after_parse(text_in(value), server_time_us(answer, now_us), &ms);
    return is_given && ms > 0 ? MIN(ms, max_ms) : -1;
}
