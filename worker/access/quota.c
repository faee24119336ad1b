#include "worker/access/quota.h"

#include "base/structured.h"

/* --- how much is left --- */

bool quota_is_zero(struct str text)
{
    size_t i = 0;
    text = str_trim(text);
    while (i < text.len && text.ptr[i] == '0')
        i++;
    return i > 0 && (i == text.len || strchr(";, ", text.ptr[i]) || str_is(text, "0.0"));
}

static bool is_left_zero(struct str value, struct str *ret_reset)
{
    (void)ret_reset;
    return quota_is_zero(value);
}

/* "40/40"; "api-usage=5000/5000; per-app-api-usage=17/250(app=x)": one of them is used up. */
static bool is_used_up(struct str value, struct str *ret_reset)
{
    struct str part, used, limit, name;
    int64_t used_count, limit_count;
    (void)ret_reset;
    while (value.ptr) {
        value = str_split(value, ';', &part);
        limit = str_split(part, '/', &used);
        struct str behind = str_split(used, '=', &name);
        if (behind.ptr)
            used = behind;
        limit = str_slice(limit, 0, str_count_digits(limit));
        if (str_to_int64(str_trim(used), &used_count) && str_to_int64(limit, &limit_count) &&
            limit_count > 0 && used_count >= limit_count)
            return true;
    }
    return false;
}

/* "total=100; remaining=0; resets=27" */
static bool is_remaining_zero(struct str value, struct str *ret_reset)
{
    bool is_zero = false;
    struct str part, name;
    while (value.ptr) {
        value = str_split(value, ';', &part);
        struct str number = str_split(part, '=', &name);
        name = str_trim(name);
        is_zero |= str_is(name, "remaining") && quota_is_zero(number);
        if (str_is(name, "resets"))
            *ret_reset = str_trim(number);
    }
    return is_zero;
}

/* "Microsoft.Compute/GetOperation3Min;107,Microsoft.Compute/GetOperation30Min;0" */
static bool is_a_policy_zero(struct str value, struct str *ret_reset)
{
    struct str policy, name;
    (void)ret_reset;
    while (value.ptr) {
        value = str_split(value, ',', &policy);
        if (quota_is_zero(str_split(policy, ';', &name)))
            return true;
    }
    return false;
}

/* It comes only where there is something to wait for. */
static bool is_told(struct str value, struct str *ret_reset)
{
    *ret_reset = str_trim(value);
    return !quota_is_zero(value);
}

/* --- the table --- */

/*
 * One form a row, those that are believed first at the top. `*` stands for the same text in
 * both names, and such a reset counts only where its own quota is spent: that of another says
 * nothing.
 */
static const struct form {
    const char *left;
    bool (*is_spent)(struct str value, struct str *ret_reset);
    const char *reset; /* NULL: it is not said, or is_spent finds it */
    enum quota_unit unit;
    const char *wait; /* where the form itself tells it; NULL: it does not */
} forms[] = {
    /* drafts 3 to 6; GitLab, Twitch, DigitalOcean */
    {"ratelimit-remaining", is_left_zero, "ratelimit-reset", QUOTA_RESET, NULL},
    /* Discord */
    {"x-ratelimit-remaining", is_left_zero, "x-ratelimit-reset-after", QUOTA_RESET, NULL},
    /* GitHub and most others */
    {"x-ratelimit-remaining", is_left_zero, "x-ratelimit-reset", QUOTA_RESET, NULL},
    /* X, Okta, Zendesk */
    {"x-rate-limit-remaining", is_left_zero, "x-rate-limit-reset", QUOTA_RESET, NULL},
    /* Atlassian: a bucket that is filled up at each interval */
    {"x-ratelimit-remaining", is_left_zero, "x-ratelimit-interval-seconds", QUOTA_SECONDS,
     NULL},
    /* several side by side: tokens and requests, minute and hour; Linear, Kong, OpenAI */
    {"x-ratelimit-remaining-*", is_left_zero, "x-ratelimit-reset-*", QUOTA_RESET, NULL},
    {"x-ratelimit-*-remaining", is_left_zero, "x-ratelimit-*-reset", QUOTA_RESET, NULL},
    /* Trello */
    {"x-rate-limit-*-remaining", is_left_zero, "x-rate-limit-*-interval-ms", QUOTA_MS, NULL},
    /* HubSpot */
    {"x-hubspot-ratelimit-remaining", is_left_zero, "x-hubspot-ratelimit-interval-milliseconds",
     QUOTA_MS, NULL},
    {"x-hubspot-ratelimit-*-remaining", is_left_zero, NULL, QUOTA_TIME, NULL},
    /* BigCommerce */
    {"x-rate-limit-requests-left", is_left_zero, "x-rate-limit-time-reset-ms", QUOTA_MS, NULL},
    /* Shopify: forty places, and two of them are free again each second */
    {"x-shopify-shop-api-call-limit", is_used_up, NULL, QUOTA_MS, "500"},
    /* Salesforce: of a day, and of nobody knows when */
    {"sforce-limit-info", is_used_up, NULL, QUOTA_TIME, NULL},
    /* Zendesk: of one kind of request */
    {"zendesk-ratelimit-*", is_remaining_zero, NULL, QUOTA_SECONDS, NULL},
    /* Azure */
    {"x-ms-ratelimit-remaining-resource", is_a_policy_zero, NULL, QUOTA_TIME, NULL},
    {"x-ms-ratelimit-remaining-*", is_left_zero, NULL, QUOTA_TIME, NULL},
    {"x-ms-ratelimit-*-retry-after", is_told, NULL, QUOTA_SECONDS, NULL},
    {"x-ms-user-quota-remaining", is_left_zero, "x-ms-user-quota-resets-after", QUOTA_CLOCK,
     NULL},
    /* Xero: of a minute that ends nobody knows when; a refusal has Retry-After */
    {"x-minlimit-remaining", is_left_zero, NULL, QUOTA_TIME, NULL},
};

/* What `*` of a pattern stands for in a name; false where they do not fit. */
static bool fits(const char *pattern, struct str name, struct str *ret_star)
{
    struct str head;
    struct str tail = str_split(str_from(pattern), '*', &head);
    if (!tail.ptr) {
        *ret_star = STR_NONE;
        return str_eq(head, name);
    }
    if (name.len <= head.len + tail.len || !str_starts(name, head) || !str_ends(name, tail))
        return false;
    *ret_star = str_slice(name, head.len, name.len - tail.len);
    return true;
}

static struct str find_reset(const struct http_answer *answer, const char *pattern,
                             struct str star, struct str *ret_name)
{
    struct str found;
    for (size_t i = 0; pattern && i < answer->header_count; i++) {
        if (!fits(pattern, answer->headers[i].name, &found) || !str_eq(found, star))
            continue;
        *ret_name = answer->headers[i].name;
        return str_trim(answer->headers[i].value);
    }
    return STR_NONE;
}

static void add(struct quota_said *said, struct quota_wait wait)
{
    if (wait.value.len && said->count < QUOTA_WAITS_MAX)
        said->waits[said->count++] = wait;
}

/* A reset whose quota has no header of its own may tell of a 429. */
static void add_bare_reset(const struct http_answer *answer, const struct form *form,
                           struct quota_said *said)
{
    struct str name, value = find_reset(answer, form->reset, STR_NONE, &name);
    add(said, (struct quota_wait){name, value, form->unit, false});
}

static void read_form(const struct http_answer *answer, const struct form *form,
                      struct quota_said *said)
{
    bool is_one = !strchr(form->left, '*');
    for (size_t i = 0; i < answer->header_count; i++) {
        const struct http_header *header = &answer->headers[i];
        struct str star, name = header->name, reset = str_from(form->wait);
        if (!fits(form->left, header->name, &star) || !form->is_spent(header->value, &reset))
            continue;
        said->is_spent = true;
        if (!is_one && form->reset)
            reset = find_reset(answer, form->reset, star, &name);
        add(said, (struct quota_wait){name, reset, form->unit, true});
    }
    if (is_one)
        add_bare_reset(answer, form, said);
}

/* --- RateLimit, as the drafts have it --- */

/*
 * draft-ietf-httpapi-ratelimit-headers: since version 8 `RateLimit: "default";r=0;t=3`, a list,
 * with `RateLimit-Policy: "default";q=100;w=60`; in version 7 `RateLimit: limit=100,
 * remaining=0, reset=3`, a dictionary. Times are seconds.
 */
static bool find_seconds(const struct structured_item *item, const char *name,
                         struct structured_item *ret_param)
{
    return structured_param(item, name, ret_param) && ret_param->kind <= STRUCTURED_DECIMAL;
}

static bool find_window(const struct http_answer *answer, struct str policy,
                        struct structured_item *ret_window)
{
    const struct http_header *header = http_header_find(answer, STR("ratelimit-policy"));
    struct structured_item item;
    if (!header || !structured_is_list(header->value))
        return false;
    struct structured at = structured_list(header->value);
    while (structured_next(&at, &item))
        if (str_eq(item.text, policy))
            return find_seconds(&item, "w", ret_window);
    return false;
}

static void read_policies(const struct http_answer *answer, struct str value,
                          struct quota_said *said)
{
    struct structured_item item, left, wait;
    for (struct structured at = structured_list(value); structured_next(&at, &item);) {
        bool is_spent = structured_param(&item, "r", &left) &&
                        left.kind == STRUCTURED_INTEGER && !left.number;
        bool has_wait = find_seconds(&item, "t", &wait) ||
                        (is_spent && find_window(answer, item.text, &wait));
        said->is_spent |= is_spent;
        if (has_wait)
            add(said,
                (struct quota_wait){STR("ratelimit"), wait.text, QUOTA_SECONDS, is_spent});
        else if (is_spent)
            add(said, (struct quota_wait){STR("ratelimit"), value, QUOTA_SECONDS, true});
    }
}

static void read_members(struct str value, struct quota_said *said)
{
    struct structured_item item;
    bool is_spent = false;
    struct str reset = STR_NONE;
    for (struct structured at = structured_dictionary(value); structured_next(&at, &item);) {
        is_spent |= str_is(item.key, "remaining") && quota_is_zero(item.text);
        if (str_is(item.key, "reset"))
            reset = item.text;
    }
    said->is_spent |= is_spent;
    add(said, (struct quota_wait){STR("ratelimit"), reset, QUOTA_SECONDS, is_spent});
}

/* One that is neither tells no time, and is named for it. */
static void read_drafts(const struct http_answer *answer, struct quota_said *said)
{
    for (size_t i = 0; i < answer->header_count; i++) {
        struct str value = answer->headers[i].value;
        if (!str_is(answer->headers[i].name, "ratelimit"))
            continue;
        if (str_find(value, STR("reset=")) >= 0 && structured_is_dictionary(value))
            read_members(value, said);
        else if (structured_is_list(value))
            read_policies(answer, value, said);
        else
            add(said,
                (struct quota_wait){STR("ratelimit"), str_trim(value), QUOTA_SECONDS, false});
    }
}

/* Nearly all answers have nothing to look for. */
static bool has_any(const struct http_answer *answer)
{
    for (size_t i = 0; i < answer->header_count; i++)
        if (str_find(answer->headers[i].name, STR("limit")) >= 0 ||
            str_find(answer->headers[i].name, STR("quota")) >= 0)
            return true;
    return false;
}

void quota_read(const struct http_answer *answer, struct quota_said *ret_said)
{
    *ret_said = (struct quota_said){.is_spent = false};
    if (!has_any(answer))
        return;
    for (size_t i = 0; i < COUNT_OF(forms); i++)
        read_form(answer, &forms[i], ret_said);
    read_drafts(answer, ret_said);
}
