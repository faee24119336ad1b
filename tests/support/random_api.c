#include "tests/support/random_api.h"

#include "base/rng.h"

enum { FAULTS_MAX = 3 };

static const char *const fault_words[] = {
#define X(name, words) [RANDOM_##name] = words,
    RANDOM_FAULTS(X)
#undef X
};
static const char *const total_words[] = {
#define X(name, words) [RANDOM_TOTAL_##name] = words,
    RANDOM_TOTALS(X)
#undef X
};
static const char *const behind_words[] = {
#define X(name, words) [RANDOM_BEHIND_##name] = words,
    RANDOM_BEHINDS(X)
#undef X
};
static const char *const paging_words[] = {"page number", "offset", "cursor", "Link header",
                                           "URL in the body"};

/* --- making one --- */

static int below(struct rng *rng, int bound)
{
    return (int)rng_below(rng, (uint64_t)bound);
}

static bool chance(struct rng *rng, int percent)
{
    return below(rng, 100) < percent;
}

#define ONE_OF(rng, ...)                                                                       \
    ((const char *const[]){                                                                    \
        __VA_ARGS__})[below((rng), COUNT_OF(((const char *const[]){__VA_ARGS__})))]

static void name_things(struct random_api *api, struct rng *rng)
{
    bool by_offset = api->paging == RANDOM_BY_OFFSET;
    bool by_cursor = api->paging == RANDOM_BY_CURSOR;
    api->place_param = by_offset   ? ONE_OF(rng, "offset", "skip", "startIndex")
                       : by_cursor ? ONE_OF(rng, "cursor", "after", "page_token")
                                   : ONE_OF(rng, "page", "pageNumber", "p");
    api->size_param =
        by_offset ? ONE_OF(rng, "limit", "count") : ONE_OF(rng, "per_page", "size");
    api->container = ONE_OF(rng, "", "", "meta", "pagination");
    api->total_name = ONE_OF(rng, "total", "total_count", "totalCount", "count");
    api->pages_name = ONE_OF(rng, "total_pages", "totalPages", "page_count");
    api->flag_name = ONE_OF(rng, "has_more", "hasMore", "has_next");
    api->next_name = by_cursor ? ONE_OF(rng, "next_cursor", "nextCursor", "next_page_token")
                               : ONE_OF(rng, "next", "next_url", "next_link");
}

static void make_faults(struct random_api *api, struct rng *rng)
{
    int count = chance(rng, 30) ? 0 : 1 + below(rng, FAULTS_MAX);
    for (int i = 0; i < count; i++)
        api->faults[below(rng, RANDOM_FAULT_COUNT)] = true;
    bool hides = api->faults[RANDOM_HIDES_SOME] || api->faults[RANDOM_HIDES_PAGES];
    api->total = chance(rng, 35)            ? RANDOM_TOTAL_NONE
                 : hides && chance(rng, 50) ? RANDOM_TOTAL_ALL
                 : chance(rng, 60)          ? RANDOM_TOTAL_RIGHT
                                            : (enum random_total)below(rng, RANDOM_TOTAL_COUNT);
}

void random_api_make(struct random_api *api, uint64_t seed)
{
    struct rng rng;
    rng_seed(&rng, seed);
    *api = (struct random_api){.seed = seed};
    api->paging = (enum random_paging)below(&rng, RANDOM_PAGING_COUNT);
    api->behind = (enum random_behind)below(&rng, RANDOM_BEHIND_COUNT);
    api->count = chance(&rng, 5) ? below(&rng, 3) : below(&rng, RANDOM_RECORDS_MAX + 1);
    api->size = 1 + below(&rng, 12);
    api->size_max = chance(&rng, 60) ? 100 : 1 + below(&rng, 12);
    api->first = below(&rng, 2) ? api->paging != RANDOM_BY_OFFSET : below(&rng, 2);
    api->has_pages = chance(&rng, 30);
    api->has_flag = chance(&rng, 40);
    api->has_echo = chance(&rng, 50);
    api->is_bare =
        api->paging != RANDOM_BY_CURSOR && api->paging != RANDOM_BY_URL && chance(&rng, 20);
    api->fault_page = below(&rng, 4);
    api->size_later = 1 + below(&rng, 6);
    name_things(api, &rng);
    make_faults(api, &rng);
}

/* --- for people --- */

struct str random_api_path(const struct random_api *api, struct arena *arena, const char *name)
{
    return arena_printf(arena, "%s%s%s", api->container, *api->container ? "." : "", name);
}

void random_api_describe(const struct random_api *api, struct buf *buf)
{
    buf_printf(buf,
               "  api: %d records by %s from %d on, %d a page, %d at most; %s; behind the "
               "end %s\n",
               api->count, paging_words[api->paging], api->first, api->size, api->size_max,
               total_words[api->total], behind_words[api->behind]);
    if (api->faults[RANDOM_CAPS_LATER])
        buf_printf(buf, "  api: later pages have %d at most\n", api->size_later);
    for (int i = 0; i < RANDOM_FAULT_COUNT; i++)
        if (api->faults[i])
            buf_printf(buf, "  api: it %s (page %d)\n", fault_words[i], api->fault_page + 1);
}
