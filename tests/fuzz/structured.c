#include "base/structured.h"

#include "tests/fuzz/targets.h"
#include "worker/access/retry_after.h"

enum { HOUR_MS = 3600000 };

static void check_inside(struct str part, struct str text)
{
    FUZZ_CHECK(!part.len ||
                   (part.ptr >= text.ptr && part.ptr + part.len <= text.ptr + text.len),
               "%.*s", STR_ARG(part));
}

/* What is a list or a dictionary as a whole can be read to its end. */
static void check_members(struct structured at, struct str text)
{
    struct structured_item item, param;
    size_t count = 0;
    while (structured_next(&at, &item)) {
        check_inside(item.key, text);
        check_inside(item.text, text);
        check_inside(item.params, text);
        FUZZ_CHECK(item.number > -1000000000000000 && item.number < 1000000000000000, "%lld",
                   (long long)item.number);
        if (structured_param(&item, "t", &param))
            check_inside(param.text, item.params);
        count++;
    }
    FUZZ_CHECK(!at.is_broken && count <= text.len, "%zu", count);
}

static void check_wait(struct str name, struct str value, int status)
{
    const struct http_header headers[] = {{name, value},
                                          {STR("ratelimit"), value},
                                          {STR("ratelimit-policy"), value},
                                          {STR("retry-after"), value}};
    const struct retry_after_quota none = {UNDEFINED_VALUE, UNDEFINED_VALUE};
    for (size_t count = 1; count <= COUNT_OF(headers); count++) {
        struct http_answer answer = {
            .status = status, .headers = headers, .header_count = count};
        struct str said, what;
        int64_t ms = retry_after_in_answer(&answer, &none, 1559559600000000, HOUR_MS);
        FUZZ_CHECK(ms == -1 || (ms > 0 && ms <= HOUR_MS), "%lld", (long long)ms);
        if (retry_after_unread(&answer, &none, 1559559600000000, &said, &what))
            FUZZ_CHECK(said.len && what.len, "%zu", said.len);
        (void)retry_after_is_spent(&answer, &none);
    }
}

void fuzz_structured(struct str text)
{
    struct str name, value = str_split(text, '\n', &name);
    if (structured_is_list(value))
        check_members(structured_list(value), value);
    if (structured_is_dictionary(value))
        check_members(structured_dictionary(value), value);
    check_wait(name, value, 200);
    check_wait(name, value, 429);
}
