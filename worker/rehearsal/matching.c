#include "worker/rehearsal/matching.h"

#include "core/value.h"
#include "port/http_url.h"

enum { PARAMS_MAX = 1000, SHOWN_BYTES = 200 };

struct param {
    struct str name, value; /* decoded */
    bool is_taken;
};

struct asked_url {
    struct str base; /* what stands before the query, decoded */
    struct param *params;
    size_t count;
};

/* --- URLs --- */

static struct asked_url read_url(struct arena *arena, struct str url)
{
    struct asked_url asked = {.params = ARENA_ARRAY(arena, struct param, PARAMS_MAX)};
    struct str base, pair, name;
    struct str rest = str_split(url, '?', &base);
    asked.base = http_url_decode_query(arena, base);
    while (rest.len && asked.count < PARAMS_MAX) {
        rest = str_split(rest, '&', &pair);
        struct str value = str_split(pair, '=', &name);
        asked.params[asked.count++] = (struct param){
            http_url_decode_query(arena, name), http_url_decode_query(arena, value), false};
    }
    return asked;
}

/* The one that was not compared yet; NULL: there is none. */
static struct param *find_param(struct asked_url *url, struct str name, const struct str *value)
{
    for (size_t i = 0; i < url->count; i++) {
        struct param *param = &url->params[i];
        if (!param->is_taken && str_eq(param->name, name) &&
            (!value || str_eq(param->value, *value)))
            return param;
    }
    return NULL;
}

/* Takes out of both what they have both; how many there were. */
static int take_same(struct asked_url *a, struct asked_url *b)
{
    int count = 0;
    for (size_t i = 0; i < a->count; i++) {
        struct param *same = find_param(b, a->params[i].name, &a->params[i].value);
        if (!same)
            continue;
        same->is_taken = a->params[i].is_taken = true;
        count++;
    }
    return count;
}

static const struct param *first_left(const struct asked_url *url)
{
    for (size_t i = 0; i < url->count; i++)
        if (!url->params[i].is_taken)
            return &url->params[i];
    return NULL;
}

static bool is_same_url(const struct exchange *recorded, const struct exchange *asked)
{
    if (str_eq(recorded->url, asked->url))
        return true;
    AUTO_ARENA struct arena *arena = arena_new();
    struct asked_url a = read_url(arena, recorded->url), b = read_url(arena, asked->url);
    take_same(&a, &b);
    return str_eq(a.base, b.base) && !first_left(&a) && !first_left(&b);
}

/* --- bodies and headers --- */

static bool is_same_body(const struct exchange *recorded, const struct exchange *asked)
{
    struct value a, b;
    struct err ignored = ERR_INIT;
    if (recorded->has_body != asked->has_body)
        return false;
    if (str_eq(recorded->body, asked->body))
        return true;
    AUTO_ARENA struct arena *arena = arena_new();
    return value_parse(arena, recorded->body, VALUE_WHOLE, &a, &ignored) &&
           value_parse(arena, asked->body, VALUE_WHOLE, &b, &ignored) && value_same(a, b);
}

static const struct http_header *find_header(const struct exchange *asked, struct str name)
{
    for (size_t i = 0; i < asked->header_count; i++)
        if (str_eq_nocase(asked->headers[i].name, name))
            return &asked->headers[i];
    return NULL;
}

/* The recorded one that the request has not, or has otherwise. */
static const struct http_header *other_header(const struct exchange *recorded,
                                              const struct exchange *asked)
{
    for (size_t i = 0; i < recorded->header_count; i++) {
        const struct http_header *header = &recorded->headers[i];
        bool is_there = false;
        for (size_t j = 0; j < asked->header_count && !is_there; j++)
            is_there = str_eq_nocase(asked->headers[j].name, header->name) &&
                       str_eq(asked->headers[j].value, header->value);
        if (!is_there)
            return header;
    }
    return NULL;
}

bool matching_is_same(const struct exchange *recorded, const struct exchange *asked)
{
    return str_eq(recorded->method, asked->method) && is_same_url(recorded, asked) &&
           is_same_body(recorded, asked) && !other_header(recorded, asked);
}

int matching_nearness(const struct exchange *recorded, const struct exchange *asked)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct asked_url a = read_url(arena, recorded->url), b = read_url(arena, asked->url);
    int same = take_same(&a, &b);
    return same + 20 * str_eq(a.base, b.base) + 5 * str_eq(recorded->method, asked->method) +
           3 * is_same_body(recorded, asked) + !other_header(recorded, asked);
}

/* --- in words --- */

static struct str shown(struct str text)
{
    return str_slice(text, 0, SHOWN_BYTES);
}

static struct str url_difference(const struct exchange *recorded, const struct exchange *asked,
                                 struct arena *arena)
{
    struct asked_url a = read_url(arena, recorded->url), b = read_url(arena, asked->url);
    if (!str_eq(a.base, b.base))
        return arena_printf(arena, "recorded is %.*s", STR_ARG(shown(a.base)));
    take_same(&a, &b);
    const struct param *was = first_left(&a), *is = first_left(&b);
    if (!was)
        return arena_printf(arena, "recorded has no parameter %.*s", STR_ARG(shown(is->name)));
    is = find_param(&b, was->name, NULL);
    if (!is)
        return arena_printf(arena, "recorded has %.*s=%.*s, which is not asked for",
                            STR_ARG(shown(was->name)), STR_ARG(shown(was->value)));
    return arena_printf(arena, "%.*s is %.*s, recorded is %.*s", STR_ARG(shown(was->name)),
                        STR_ARG(shown(is->value)), STR_ARG(shown(was->value)));
}

struct str matching_difference(const struct exchange *recorded, const struct exchange *asked,
                               struct arena *arena)
{
    if (!str_eq(recorded->method, asked->method))
        return arena_printf(arena, "recorded is %.*s", STR_ARG(recorded->method));
    if (!is_same_url(recorded, asked))
        return url_difference(recorded, asked, arena);
    const struct http_header *header = other_header(recorded, asked);
    if (!header)
        return arena_printf(arena, "the body is another: recorded is %.*s",
                            STR_ARG(shown(recorded->body)));
    const struct http_header *is = find_header(asked, header->name);
    return arena_printf(arena, "the header %.*s is %.*s, recorded is %.*s",
                        STR_ARG(header->name), STR_ARG(shown(is ? is->value : STR("not sent"))),
                        STR_ARG(shown(header->value)));
}
