#include "worker/access/retry_after.h"

#include <stdio.h>
#include <stdlib.h>

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

static bool parse_reset(struct str value, int64_t now_us, int64_t *ret_ms)
{
    return retry_after_parse(value, now_us, ret_ms) || parse_duration(value, ret_ms);
}

/* --- RateLimit, as the drafts have it --- */

/*
 * draft-ietf-httpapi-ratelimit-headers: since version 8 `RateLimit: "default";r=0;t=3` with
 * `RateLimit-Policy: "default";q=100;w=60`, before that `RateLimit: limit=100, remaining=0,
 * reset=3`. Times are seconds. Of several policies the longest wait of those that are spent.
 */
struct limit {
    bool is_given, is_spent;
    int64_t wait_s; /* -1: not said */
};

/* The part before the first `byte` that is not inside quotes. */
static struct str split_quoted(struct str text, char byte, struct str *ret_head)
{
    bool is_quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        is_quoted ^= text.ptr[i] == '"';
        if (is_quoted || text.ptr[i] != byte)
            continue;
        *ret_head = str_slice(text, 0, i);
        return str_slice(text, i + 1, text.len);
    }
    *ret_head = text;
    return STR_NONE;
}

/* `key=number` among the parts of an item; -1: not there. */
static int64_t part_number(struct str item, const char *key)
{
    struct str part, name;
    while (item.ptr) {
        int64_t number;
        item = split_quoted(item, ';', &part);
        struct str value = str_split(part, '=', &name);
        if (str_is(str_trim(name), key) && parse_number(str_trim(value), &number))
            return number;
    }
    return -1;
}

static int64_t policy_window_s(const struct http_answer *answer, struct str name)
{
    const struct http_header *policies = http_header_find(answer, STR("ratelimit-policy"));
    struct str rest = policies ? policies->value : STR_NONE, item, other;
    while (rest.ptr) {
        rest = split_quoted(rest, ',', &item);
        split_quoted(item, ';', &other);
        if (str_eq(str_trim(other), name))
            return part_number(item, "w");
    }
    return -1;
}

static void add_item(const struct http_answer *answer, struct str item, struct limit *limit,
                     int64_t *longest_s)
{
    struct str name;
    split_quoted(item, ';', &name);
    int64_t left = MAX(part_number(item, "r"), part_number(item, "remaining"));
    int64_t wait_s = MAX(part_number(item, "t"), part_number(item, "reset"));
    if (left == 0 && wait_s < 0)
        wait_s = policy_window_s(answer, str_trim(name));
    limit->is_spent |= left == 0;
    if (left == 0)
        limit->wait_s = MAX(limit->wait_s, wait_s);
    *longest_s = MAX(*longest_s, wait_s);
}

static struct limit read_limit(const struct http_answer *answer)
{
    struct limit limit = {.wait_s = -1};
    int64_t longest_s = -1;
    for (size_t i = 0; i < answer->header_count; i++) {
        struct str rest = answer->headers[i].value, item;
        if (!str_is(answer->headers[i].name, "ratelimit"))
            continue;
        limit.is_given = true;
        while (rest.ptr) {
            rest = split_quoted(rest, ',', &item);
            add_item(answer, item, &limit, &longest_s);
        }
    }
    if (limit.wait_s < 0)
        limit.wait_s = longest_s;
    return limit;
}

/* --- what an answer says --- */

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
                                       STR_INIT("x-ratelimit-remaining"),
                                       STR_INIT("x-rate-limit-remaining")};
    if (is_zero(text_in(quota->remaining)))
        return true;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct http_header *header = http_header_find(answer, names[i]);
        if (header && is_zero(header->value))
            return true;
    }
    return read_limit(answer).is_spent;
}

static int64_t server_time_us(const struct http_answer *answer, int64_t now_us)
{
    int64_t server_us;
    const struct http_header *date = http_header_find(answer, STR("date"));
    return date && date_parse_http(date->value, now_us, &server_us) ? server_us : now_us;
}

/* One place where an answer may name a time; `value` is empty where it does not. */
struct server_wait {
    struct str name, value;
    enum wait_unit { WAIT_TIME, WAIT_RESET, WAIT_MS } unit; /* RESET: a duration is read too */
};

/* In the order in which they are believed; the definition's own place has no header. */
static const struct {
    struct str name;
    enum wait_unit unit;
    bool is_of_any_refusal; /* else of one for the quota */
} waits_known[] = {
    {STR_INIT("retry-after"), WAIT_TIME, true},
    {STR_INIT("rate_limit.reset"), WAIT_RESET, false},
    {STR_INIT("retry-after-ms"), WAIT_MS, true},
    {STR_INIT("x-retry-after"), WAIT_TIME, true},
    {STR_INIT("ratelimit-reset"), WAIT_RESET, false},
    {STR_INIT("x-ratelimit-reset"), WAIT_RESET, false},
    {STR_INIT("x-rate-limit-reset"), WAIT_RESET, false},
    {STR_INIT("x-ratelimit-reset-after"), WAIT_RESET, false},
};

enum { WAIT_PLACES = COUNT_OF(waits_known), WAIT_OWN = 1 };

static struct str header_value(const struct http_answer *answer, struct str name)
{
    const struct http_header *header = http_header_find(answer, name);
    return header ? str_trim(header->value) : STR_NONE;
}

static void find_waits(const struct http_answer *answer, const struct retry_after_quota *quota,
                       struct server_wait ret_waits[WAIT_PLACES])
{
    bool resets = answer->status == 429 || retry_after_is_spent(answer, quota);
    bool refuses = answer->status >= 400 || answer->status == 202;
    for (size_t i = 0; i < WAIT_PLACES; i++) {
        struct str name = waits_known[i].name;
        ret_waits[i] = (struct server_wait){name, STR_NONE, waits_known[i].unit};
        if (waits_known[i].is_of_any_refusal ? refuses : resets)
            ret_waits[i].value =
                i == WAIT_OWN ? text_in(quota->reset) : header_value(answer, name);
    }
}

static bool parse_wait(const struct server_wait *wait, int64_t server_us, int64_t *ret_ms)
{
    if (!wait->value.len)
        return false;
    switch (wait->unit) {
    case WAIT_MS:
        return parse_number(wait->value, ret_ms);
    case WAIT_RESET:
        return parse_reset(wait->value, server_us, ret_ms);
    case WAIT_TIME:
        break;
    }
    return retry_after_parse(wait->value, server_us, ret_ms);
}

int64_t retry_after_in_answer(const struct http_answer *answer,
                              const struct retry_after_quota *quota, int64_t now_us,
                              int64_t max_ms)
{
    struct server_wait waits[WAIT_PLACES];
    int64_t ms = 0, server_us = server_time_us(answer, now_us);
    bool is_given = false;
    find_waits(answer, quota, waits);
    for (size_t i = 0; i < WAIT_PLACES && !is_given; i++)
        is_given = parse_wait(&waits[i], server_us, &ms);
    struct limit limit = read_limit(answer);
    if (!is_given && limit.wait_s >= 0 && (answer->status == 429 || limit.is_spent)) {
        is_given = true;
        ms = MIN(limit.wait_s, max_ms / 1000 + 1) * 1000;
    }
    return is_given && ms > 0 ? MIN(ms, max_ms) : -1;
}

bool retry_after_unread(const struct http_answer *answer, const struct retry_after_quota *quota,
                        int64_t now_us, struct str *ret_name, struct str *ret_value)
{
    struct server_wait waits[WAIT_PLACES];
    int64_t ms;
    find_waits(answer, quota, waits);
    for (size_t i = 0; i < WAIT_PLACES; i++) {
        if (!waits[i].value.len || parse_wait(&waits[i], server_time_us(answer, now_us), &ms))
            continue;
        *ret_name = waits[i].name;
        *ret_value = waits[i].value;
        return true;
    }
    struct limit limit = read_limit(answer);
    *ret_name = STR("ratelimit");
    *ret_value = header_value(answer, *ret_name);
    return limit.is_given && limit.wait_s < 0 && (answer->status == 429 || limit.is_spent);
}

int64_t retry_after_in_value(const struct http_answer *answer, struct value value,
                             int64_t now_us, int64_t max_ms)
{
    int64_t ms;
    bool is_given = retry_after_parse(text_in(value), server_time_us(answer, now_us), &ms);
    return is_given && ms > 0 ? MIN(ms, max_ms) : -1;
}
