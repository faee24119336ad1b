#include "tests/support/random_definition.h"

#include "base/rng.h"

enum { KEYS_BYTES_MAX = 1 << 16, VOLATILE_PAGES_MAX = 80, PARALLEL_MAX = 8 };

struct making {
    struct random_definition *definition;
    const struct random_api *api;
    struct arena *arena;
    struct rng rng;
    struct buf keys;
};

static int below(struct making *making, int bound)
{
    return (int)rng_below(&making->rng, (uint64_t)bound);
}

static bool chance(struct making *making, int percent)
{
    return below(making, 100) < percent;
}

/* True in one of ten cases; then the definition is wrong in that. */
static bool errs(struct making *making)
{
    bool is_wrong = chance(making, 8);
    making->definition->is_matching &= !is_wrong;
    return is_wrong;
}

static void put_text(struct making *making, const char *key, const char *text)
{
    buf_printf(&making->keys, ", %s: \"%s\"", key, text);
}

static void put_int(struct making *making, const char *key, int value)
{
    buf_printf(&making->keys, ", %s: %d", key, value);
}

/* A place of the answer, or one that is not there. */
static void put_place(struct making *making, const char *key, const char *name)
{
    struct str path = random_api_path(making->api, making->arena, name);
    put_text(making, key, errs(making) ? "nowhere" : arena_cstr(making->arena, path));
}

static void put_param(struct making *making, const char *key, const char *name)
{
    put_text(making, key, errs(making) ? "offset_of_page" : name);
}

/* The count is asked for alone; where it is none, and of HEAD only a header is left. */
static void put_count(struct making *making)
{
    const struct random_api *api = making->api;
    making->definition->has_count = true;
    if (api->is_bare && chance(making, 50))
        buf_puts(&making->keys, ", total: {request: HEAD, path: \"header:X-Total-Count\"}");
    else
        buf_printf(&making->keys, ", total: {request: {path: /random/%llu/count}, path: %s}",
                   (unsigned long long)api->seed, errs(making) ? "nowhere" : "count");
}

static void put_total(struct making *making)
{
    const struct random_api *api = making->api;
    if (chance(making, 15)) {
        put_count(making);
        return;
    }
    if (api->total == RANDOM_TOTAL_NONE || !chance(making, 60))
        return;
    making->definition->has_end = true;
    if (api->is_bare)
        put_text(making, "total_path", "header:X-Total-Count");
    else
        put_place(making, "total_path", api->total_name);
}

static void put_flag(struct making *making)
{
    const struct random_api *api = making->api;
    if (!api->has_flag || api->is_bare || !chance(making, 50))
        return;
    making->definition->has_end = true;
    put_place(making, "has_more_path", api->flag_name);
}

/* Pages of another size than is asked for leave gaps, or come twice. */
static bool serves_size(const struct random_api *api,
                        const struct random_definition *definition)
{
    return !api->faults[RANDOM_IGNORES_SIZE] && definition->size <= api->size_max &&
           definition->sends_size;
}

static void put_size(struct making *making, const char *key)
{
    int size = 1 + below(making, 15);
    if (!chance(making, 60))
        return;
    put_param(making, key, making->api->size_param);
    put_int(making, "size", size);
    making->definition->size = size;
    making->definition->sends_size = true;
    if (!chance(making, 20))
        return;
    buf_puts(&making->keys, ", stop_on_short: true");
    making->definition->is_matching &= serves_size(making->api, making->definition);
}

static void put_stops(struct making *making)
{
    const struct random_api *api = making->api;
    put_total(making);
    put_flag(making);
    if (api->has_pages && !api->is_bare && chance(making, 50)) {
        making->definition->has_end = true;
        put_place(making, "total_pages_path", api->pages_name);
    }
    if (making->definition->has_end && chance(making, 15))
        buf_puts(&making->keys, ", stop_on_empty: false");
}

static void put_numbers(struct making *making, const char *size_key)
{
    int start = making->api->first;
    put_param(making, "param", making->api->place_param);
    put_int(making, "start", errs(making) ? 1 - start : start);
    put_size(making, size_key);
    put_stops(making);
}

static void put_page(struct making *making)
{
    put_numbers(making, "size_param");
}

static void put_offset(struct making *making)
{
    put_numbers(making, "limit_param");
    if (!making->definition->size)
        put_int(making, "size", making->definition->size = 1 + below(making, 15));
    if (!chance(making, 30))
        return;
    buf_puts(&making->keys, ", step: size");
    making->definition->is_matching &= serves_size(making->api, making->definition);
}

static void put_cursor(struct making *making)
{
    put_place(making, "cursor_path", making->api->next_name);
    put_param(making, "param", making->api->place_param);
    put_flag(making);
    put_total(making);
}

static void put_link(struct making *making)
{
    put_total(making);
}

static void put_url(struct making *making)
{
    put_place(making, "next_path", making->api->next_name);
    put_flag(making);
    put_total(making);
}

static void put_response(struct making *making)
{
    const struct random_api *api = making->api;
    struct str path = random_api_path(api, making->arena, api->flag_name);
    making->definition->is_matching &= api->has_flag && !api->is_bare;
    making->definition->has_end = making->definition->has_ceiling = true;
    buf_printf(
        &making->keys,
        ", merge_strategy: append, continue_while: \"{{ response.%.*s | default(false) }}\", "
        "next_page: {params: {%s: \"{{ iteration + %d }}\"}}",
        STR_ARG(path), api->place_param, api->first + 1);
    put_total(making);
}

static void put_nothing(struct making *making)
{
    making->definition->has_ceiling = true;
    making->definition->is_matching = false;
}

static const struct {
    const char *name;
    void (*put)(struct making *making);
} types[] = {{"page", put_page},     {"offset", put_offset},
             {"cursor", put_cursor}, {"link_header", put_link},
             {"next_url", put_url},  {"response_based", put_response},
             {"auto", put_nothing},  {"none", put_nothing}};

/* The API's own type in most cases; the first five are in the order of enum random_paging. */
static int choose_type(struct making *making)
{
    if (chance(making, 75))
        return (int)making->api->paging;
    int type = below(making, COUNT_OF(types));
    bool fits = type == (int)making->api->paging ||
                (type == 5 && making->api->paging != RANDOM_BY_OFFSET) ||
                (type == 0 && making->api->paging >= RANDOM_BY_LINK);
    making->definition->is_matching &= fits;
    return type;
}

static void put_limits(struct making *making)
{
    /* Pages of records that share an id are no sign of a circle: nothing would end it. */
    const bool *faults = making->api->faults;
    bool is_new_each_time =
        faults[RANDOM_VOLATILE] && faults[RANDOM_DUPLICATES] && !making->definition->has_key;
    if (is_new_each_time)
        put_int(making, "max_iterations", VOLATILE_PAGES_MAX);
    if (!chance(making, 10))
        return;
    making->definition->is_matching = false;
    if (chance(making, 50) || is_new_each_time)
        put_int(making, "max_records", 1 + below(making, RANDOM_RECORDS_MAX));
    else
        put_int(making, "max_iterations", 1 + below(making, 8));
}

static void put_stream(struct making *making)
{
    struct random_definition *definition = making->definition;
    if (!making->api->is_bare)
        buf_puts(&making->keys, ", merge_path: data");
    definition->has_key = chance(making, 60);
    if (definition->has_key)
        buf_puts(&making->keys, ", key: id, write: upsert");
    if (chance(making, 10)) {
        put_text(making, "require", chance(making, 50) ? "proved" : "told");
        definition->is_matching = false;
    }
    if (chance(making, 15))
        buf_puts(&making->keys, ", responses: [{status: 404, then: end}]");
}

void random_definition_make(struct random_definition *definition, const struct random_api *api,
                            struct arena *arena)
{
    AUTO_BUF(empty, KEYS_BYTES_MAX);
    struct making making = {
        .definition = definition, .api = api, .arena = arena, .keys = empty};
    *definition = (struct random_definition){.is_matching = true};
    rng_seed(&making.rng, ~api->seed);
    put_stream(&making);
    int type = choose_type(&making);
    buf_printf(&making.keys, ", pagination: {type: %s", types[type].name);
    types[type].put(&making);
    put_limits(&making);
    definition->keys =
        arena_printf(arena, "%.*s}", (int)making.keys.len - 2, making.keys.ptr + 2);
    if (types[type].put == put_page || types[type].put == put_offset) {
        definition->parallel = 2 + below(&making, PARALLEL_MAX - 1);
        put_int(&making, "parallel", definition->parallel);
        definition->ahead =
            arena_printf(arena, "%.*s}", (int)making.keys.len - 2, making.keys.ptr + 2);
    }
    buf_done(&making.keys);
}
