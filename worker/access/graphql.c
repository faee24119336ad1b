#include "worker/access/graphql.h"

#include "core/decimal.h"
#include "core/scan.h"
#include "core/value.h"
#include "worker/access/retry_after.h"

enum { READ_BYTES_MAX = 64 * 1024, CODES_READ_MAX = 100, COST_DIGITS_MAX = 12 };

/* The members of the answer's object, as they are written; empty: absent, or null. */
struct members {
    struct str errors, extensions;
};

static void read_members(struct arena *arena, struct str body, struct members *ret)
{
    struct scan scan;
    struct str name;
    *ret = (struct members){STR_NONE, STR_NONE};
    scan_init(&scan, arena, body);
    scan_space(&scan);
    if (scan_peek(&scan) != '{')
        return;
    for (bool more = scan_first(&scan, '}'); more; more = scan_more(&scan, '}')) {
        if (!scan_name(&scan, &name))
            return;
        const char *from = scan.at;
        if (!scan_value(&scan, 1))
            return;
        struct str text = {from, (size_t)(scan.at - from)};
        if (str_is(text, "null"))
            continue;
        if (str_is(name, "errors"))
            ret->errors = text;
        if (str_is(name, "extensions"))
            ret->extensions = text;
    }
}

static struct value parse(struct arena *arena, struct str text)
{
    struct value value;
    struct err ignored = ERR_INIT;
    if (!text.len || text.len > READ_BYTES_MAX ||
        !value_parse(arena, text, VALUE_WHOLE, &value, &ignored))
        return UNDEFINED_VALUE;
    return value;
}

/* --- codes --- */

/* GitHub, Shopify, Linear, monday, and what servers call it that count by HTTP's status. */
static const char *const quota_codes[] = {
    "THROTTLED",         "RATE_LIMITED",        "RATELIMITED", "RATE_LIMIT",
    "TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED", "429",         "COMPLEXITY_BUDGET_EXHAUSTED",
};
static const char *const passing_codes[] = {
    "INTERNAL_SERVER_ERROR",
    "INTERNAL_ERROR",
    "INTERNAL",
    "SERVICE_UNAVAILABLE",
    "TIMEOUT",
    "GATEWAY_TIMEOUT",
    "SERVICE_ERROR",
    "UNAVAILABLE",
    "SERVER_ERROR",
    "500",
    "502",
    "503",
    "504",
};

static bool is_one_of(struct value value, const char *const *codes, size_t count)
{
    bool is_text = value.kind == VALUE_STRING || value.kind == VALUE_NUMBER;
    for (size_t i = 0; is_text && i < count; i++)
        if (str_eq_nocase(value.text, str_from(codes[i])))
            return true;
    return false;
}

/* Where servers put a code: an error's extensions, or the error itself. */
static void read_code(struct value error, struct graphql_says *says)
{
    static const struct str names[] = {STR_INIT("code"), STR_INIT("type"),
                                       STR_INIT("status_code")};
    struct value places[] = {value_get(error, STR("extensions")), error};
    for (size_t i = 0; i < COUNT_OF(places); i++)
        for (size_t j = 0; j < COUNT_OF(names); j++) {
            struct value code = value_get(places[i], names[j]);
            says->is_throttled |= is_one_of(code, quota_codes, COUNT_OF(quota_codes));
            says->is_passing |= is_one_of(code, passing_codes, COUNT_OF(passing_codes));
        }
}

static int64_t wait_of_error(const struct http_answer *answer, struct value error,
                             int64_t now_us, int64_t max_ms)
{
    static const struct str names[] = {STR_INIT("retry_in_seconds"), STR_INIT("retryAfter"),
                                       STR_INIT("retry_after")};
    struct value extensions = value_get(error, STR("extensions"));
    int64_t wait_ms = -1;
    for (size_t i = 0; i < COUNT_OF(names) && wait_ms < 0; i++)
        wait_ms = retry_after_in_value(answer, value_get(extensions, names[i]), now_us, max_ms);
    return wait_ms;
}

/* --- cost --- */

/* A whole number of 0 or more, cut towards zero; -1: there is none. */
static int64_t whole(struct arena *arena, struct value value)
{
    struct str text;
    int64_t number;
    if (value.kind != VALUE_NUMBER ||
        !decimal_truncate(arena, value.text, COST_DIGITS_MAX, &text) ||
        !str_to_int64(text, &number))
        return -1;
    return MAX(number, 0);
}

/* Of the bucket that leaks: a query is refused where its requested cost is not there. */
static void read_cost(struct arena *arena, struct value extensions, int64_t max_ms,
                      struct graphql_says *says)
{
    struct value cost = value_get(extensions, STR("cost"));
    struct value status = value_get(cost, STR("throttleStatus"));
    int64_t requested = whole(arena, value_get(cost, STR("requestedQueryCost")));
    int64_t available = whole(arena, value_get(status, STR("currentlyAvailable")));
    int64_t most = whole(arena, value_get(status, STR("maximumAvailable")));
    int64_t rate = whole(arena, value_get(status, STR("restoreRate")));
    says->is_too_dear = most > 0 && requested > most;
    if (requested > available && available >= 0 && rate > 0)
        says->wait_ms = MIN(((requested - available) * 1000 + rate - 1) / rate, max_ms);
}

/* --- all of it --- */

static bool is_empty(struct str errors)
{
    return errors.len < 2 ||
           (errors.ptr[0] == '[' && !str_trim(str_slice(errors, 1, errors.len - 1)).len);
}

static void read_errors(const struct http_answer *answer, int64_t now_us, int64_t max_ms,
                        struct arena *arena, struct graphql_says *says)
{
    const struct http_header *header = http_header_find(answer, STR("retry-after"));
    struct value list = parse(arena, says->errors);
    size_t count = list.kind == VALUE_LIST ? MIN(list.list->count, CODES_READ_MAX) : 0;
    for (size_t i = 0; i < count; i++) {
        read_code(list.list->items[i], says);
        if (says->wait_ms < 0)
            says->wait_ms = wait_of_error(answer, list.list->items[i], now_us, max_ms);
    }
    if (header && says->wait_ms < 0)
        says->wait_ms =
            retry_after_in_value(answer, value_string(header->value), now_us, max_ms);
    says->is_throttled |= header != NULL;
}

void graphql_read(const struct http_answer *answer, int64_t now_us, int64_t max_ms,
                  struct arena *arena, struct graphql_says *ret)
{
    struct members members;
    *ret = (struct graphql_says){.errors = STR_NONE, .wait_ms = -1};
    if (str_find(answer->body, STR("\"errors\"")) < 0 &&
        str_find(answer->body, STR("\"throttleStatus\"")) < 0)
        return;
    read_members(arena, answer->body, &members);
    read_cost(arena, parse(arena, members.extensions), max_ms, ret);
    if (is_empty(members.errors))
        return;
    ret->errors = members.errors;
    read_errors(answer, now_us, max_ms, arena, ret);
}
