#include "tests/support/random_answer.h"

enum { TIES_GROUP = 6, BODY_BYTES_MAX = 1 << 20 };

/* --- its records --- */

/* A number that depends on nothing but its arguments (the finaliser of splitmix64). */
static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t z = a * 0x9E3779B97F4A7C15u + b + 0x632BE59BD9B4E019u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static bool is_hidden(const struct random_api *api, int index)
{
    if (api->faults[RANDOM_HIDES_SOME] && mix(api->seed, (uint64_t)index) % 8 == 0)
        return true;
    int from = api->count / 3, wide = 2 * api->size;
    return api->faults[RANDOM_HIDES_PAGES] && index >= from && index < from + wide;
}

int random_answer_key(const struct random_api *api, int index)
{
    if (is_hidden(api, index))
        return 0;
    bool is_double = api->faults[RANDOM_DUPLICATES] && index % 7 == 6;
    return is_double && !is_hidden(api, index - 1) ? index : index + 1;
}

/* Which record is at this place of the order that the window beginning at `from` sees. */
static int at_place(const struct random_api *api, int from, int place)
{
    if (!api->faults[RANDOM_TIES])
        return place;
    int group = place / TIES_GROUP * TIES_GROUP;
    int wide = MIN(TIES_GROUP, api->count - group);
    int shift = (int)(mix(api->seed ^ (uint64_t)from, (uint64_t)group) % (uint64_t)wide);
    return group + (place - group + shift) % wide;
}

static int visible_count(const struct random_api *api)
{
    int count = 0;
    for (int i = 0; i < api->count; i++)
        count += random_answer_key(api, i) != 0;
    return count;
}

static void put_record(const struct random_api *api, struct buf *body, int key, int64_t nth)
{
    buf_printf(body, "{\"id\": %d, \"name\": \"n%d\"", key, key);
    if (api->faults[RANDOM_VOLATILE])
        buf_printf(body, ", \"seen\": %lld", (long long)nth);
    buf_puts(body, "}");
}

/* --- the window of a request --- */

struct window {
    int from, size;
    int asked; /* the size that was asked for, where pages are counted by it */
    int page;  /* its index */
    bool is_behind;
};

static struct str parameter(struct str query, const char *name)
{
    struct str pair, key;
    while (query.len) {
        query = str_split(query, '&', &pair);
        struct str value = str_split(pair, '=', &key);
        if (str_is(key, name))
            return value;
    }
    return STR_NONE;
}

static int number(struct str text, int otherwise)
{
    int64_t value;
    return str_to_int64(text, &value) && value > INT16_MIN && value < INT16_MAX ? (int)value
                                                                                : otherwise;
}

/* Page numbers are counted by the size that every page but the first has. */
static void size_window(const struct random_api *api, struct str query, bool is_first,
                        struct window *window)
{
    window->asked = number(parameter(query, api->size_param), api->size);
    if (window->asked < 1)
        window->asked = api->size;
    window->size =
        MIN(api->faults[RANDOM_IGNORES_SIZE] ? api->size : window->asked, api->size_max);
    if (api->faults[RANDOM_CAPS_LATER] && !is_first)
        window->size = MIN(window->size, api->size_later);
}

static void place_window(const struct random_api *api, struct str query, struct window *window)
{
    struct str place = parameter(query, api->place_param);
    if (api->faults[RANDOM_IGNORES_PLACE])
        place = STR_NONE;
    int at = api->paging == RANDOM_BY_CURSOR
                 ? number(str_slice(place, 1, place.len), 0) /* c12 */
                 : MAX(number(place, api->first) - api->first, 0);
    bool is_by_record = api->paging == RANDOM_BY_CURSOR || api->paging == RANDOM_BY_OFFSET;
    at = MAX(at, 0);
    size_window(api, query, at == 0, window);
    window->from = is_by_record ? at : at * window->size;
    window->page = is_by_record ? (at + window->size - 1) / window->size : at;
}

static struct window window_of(const struct random_api *api, struct str query)
{
    struct window window = {0};
    place_window(api, query, &window);
    window.is_behind = window.from > 0 && window.from >= api->count;
    if (window.is_behind && api->behind == RANDOM_BEHIND_LAST)
        window.from = api->count ? (api->count - 1) / window.size * window.size : 0;
    if (window.is_behind && api->behind == RANDOM_BEHIND_FIRST)
        window.from = 0;
    if (window.is_behind)
        window.page = window.from / window.size;
    return window;
}

/* --- what it says of its end --- */

static int64_t total_said(const struct random_api *api, const struct window *window, int seen)
{
    int visible = visible_count(api);
    switch (api->total) {
    case RANDOM_TOTAL_RIGHT:
        return visible;
    case RANDOM_TOTAL_ALL:
        return api->count;
    case RANDOM_TOTAL_OF_ANSWER:
        return seen;
    case RANDOM_TOTAL_LESS:
        return visible / 2;
    case RANDOM_TOTAL_MORE:
        return visible + 3;
    case RANDOM_TOTAL_FIRST_ONLY:
        return window->from ? -1 : visible;
    default:
        return -1;
    }
}

/* Where the next window begins; -1: there is none. */
static int next_from(const struct random_api *api, const struct window *window)
{
    int next = window->from + window->size;
    if (api->faults[RANDOM_CUTS] && window->page == api->fault_page)
        return -1;
    if (api->faults[RANDOM_LOOPS] && window->page == api->fault_page)
        return 0;
    return next < api->count ? next : -1;
}

static int page_count(const struct random_api *api, const struct window *window)
{
    int size = api->faults[RANDOM_PAGES_OF_ASKED] ? window->asked : window->size;
    return (api->count + size - 1) / size;
}

static struct random_signs signs_of(const struct random_api *api, const struct window *window,
                                    int seen)
{
    bool links = api->paging >= RANDOM_BY_CURSOR;
    int next = next_from(api, window);
    bool more = window->from + window->size < api->count;
    if (api->faults[RANDOM_FLAG_STUCK])
        more = api->seed % 2;
    else if (api->faults[RANDOM_FLAG_LIES] && window->page == api->fault_page)
        more = !more;
    return (struct random_signs){
        .total = total_said(api, window, seen),
        .pages = api->has_pages && !api->is_bare ? page_count(api, window) : -1,
        .flag = api->has_flag && !api->is_bare ? more : -1,
        .has_next = links && next >= 0,
    };
}

/* The page that begins at `from`: the one behind the window, or the first. */
static struct str target(const struct random_api *api, struct arena *arena, int from,
                         const struct window *window)
{
    return arena_printf(arena, "/random/%llu?%s=%d&%s=%d", (unsigned long long)api->seed,
                        api->place_param, (from ? window->page + 1 : 0) + api->first,
                        api->size_param, window->size);
}

static void put_next(const struct random_api *api, struct arena *arena, struct buf *out,
                     const struct window *window)
{
    int from = next_from(api, window);
    if (api->paging == RANDOM_BY_CURSOR && from >= 0)
        buf_printf(out, ", \"%s\": \"c%d\"", api->next_name, from);
    else if (api->paging == RANDOM_BY_URL && from >= 0)
        buf_printf(out, ", \"%s\": \"%.*s\"", api->next_name,
                   STR_ARG(target(api, arena, from, window)));
    else if (api->paging == RANDOM_BY_CURSOR || api->paging == RANDOM_BY_URL)
        buf_printf(out, ", \"%s\": null", api->next_name);
}

static void put_signs(const struct random_api *api, struct arena *arena, struct buf *out,
                      const struct window *window, const struct random_signs *signs)
{
    if (*api->container)
        buf_printf(out, ", \"%s\": {\"kind\": \"list\"", api->container);
    if (signs->total >= 0)
        buf_printf(out, ", \"%s\": %lld", api->total_name, (long long)signs->total);
    if (signs->pages >= 0)
        buf_printf(out, ", \"%s\": %lld", api->pages_name, (long long)signs->pages);
    if (signs->flag >= 0)
        buf_printf(out, ", \"%s\": %s", api->flag_name, signs->flag ? "true" : "false");
    if (api->has_echo && api->paging == RANDOM_BY_OFFSET)
        buf_printf(out, ", \"offset\": %d", window->from + api->first);
    else if (api->has_echo && api->paging != RANDOM_BY_CURSOR)
        buf_printf(out, ", \"page\": %d", window->page + api->first);
    put_next(api, arena, out, window);
    if (*api->container)
        buf_puts(out, "}");
}

/* --- an answer --- */

static struct random_answer refusal(struct arena *arena, int status)
{
    return (struct random_answer){
        .status = status,
        .body = status == 204 ? STR_NONE : arena_str(arena, STR("{\"error\": \"no page\"}")),
        .signs = {.total = -1, .pages = -1, .flag = -1}};
}

static int put_records(const struct random_api *api, struct buf *body,
                       const struct window *window, int64_t nth)
{
    int seen = 0, end = MIN(window->from + window->size, api->count);
    if (window->is_behind && api->behind == RANDOM_BEHIND_EMPTY)
        end = 0;
    buf_puts(body, "[");
    for (int place = window->from; place < end; place++) {
        int key = random_answer_key(api, at_place(api, window->from, place));
        if (!key)
            continue;
        if (seen)
            buf_puts(body, ", ");
        put_record(api, body, key, nth);
        seen++;
    }
    buf_puts(body, "]");
    return seen;
}

static struct str headers_of(const struct random_api *api, struct arena *arena,
                             const struct window *window, const struct random_signs *signs)
{
    AUTO_BUF(out, BODY_BYTES_MAX);
    int from = next_from(api, window);
    if (api->paging == RANDOM_BY_LINK && from >= 0)
        buf_printf(&out, "link: <%.*s>; rel=\"next\"\r\n",
                   STR_ARG(target(api, arena, from, window)));
    if (api->is_bare && signs->total >= 0)
        buf_printf(&out, "x-total-count: %lld\r\n", (long long)signs->total);
    return arena_str(arena, buf_str(&out));
}

/* An error where records are expected: alone, or with a list of none. */
static struct random_answer wrong(const struct random_api *api, struct arena *arena)
{
    static const char *const bodies[] = {
        "{\"error\": \"try again\", \"data\": []}",
        "{\"success\": false, \"data\": []}",
        "{\"status\": \"error\", \"message\": \"too many requests\", \"data\": []}",
        "{\"data\": null, \"errors\": [{\"message\": \"timeout\"}]}",
        "{\"error\": {\"code\": 17, \"message\": \"timeout\"}}",
    };
    return (struct random_answer){
        .status = 200,
        .body = arena_str(arena, str_from(bodies[api->seed % COUNT_OF(bodies)])),
        .signs = {.total = -1, .pages = -1, .flag = -1}};
}

/* Where there is no list to count it counts all. */
static struct random_answer count_alone(const struct random_api *api, struct arena *arena)
{
    int64_t count = total_said(api, &(struct window){0}, visible_count(api));
    if (count < 0)
        return refusal(arena, 404);
    return (struct random_answer){
        .status = 200,
        .body = arena_printf(arena, "{\"count\": %lld}", (long long)count),
        .signs = {.total = count, .pages = -1, .flag = -1}};
}

static struct random_answer page_answer(const struct random_api *api, struct arena *arena,
                                        const struct window *window, int64_t nth)
{
    AUTO_BUF(body, BODY_BYTES_MAX);
    struct random_answer answer = {.status = 200};
    if (!api->is_bare)
        buf_puts(&body, "{\"data\": ");
    answer.seen = put_records(api, &body, window, nth);
    answer.signs = signs_of(api, window, answer.seen);
    answer.headers = headers_of(api, arena, window, &answer.signs);
    if (!api->is_bare) {
        put_signs(api, arena, &body, window, &answer.signs);
        buf_puts(&body, "}");
    }
    answer.body = arena_str(arena, buf_str(&body));
    return answer;
}

struct random_answer random_answer_make(const struct random_api *api, struct arena *arena,
                                        struct str rest, struct str query, int64_t nth)
{
    static const int refusals[RANDOM_BEHIND_COUNT] = {[RANDOM_BEHIND_NOT_FOUND] = 404,
                                                      [RANDOM_BEHIND_BAD] = 400,
                                                      [RANDOM_BEHIND_NO_CONTENT] = 204};
    struct window window = window_of(api, query);
    bool is_fault_page = window.page == api->fault_page;
    if (str_is(rest, "/count"))
        return count_alone(api, arena);
    if (window.is_behind && refusals[api->behind])
        return refusal(arena, refusals[api->behind]);
    if (is_fault_page && api->faults[RANDOM_NO_CONTENT])
        return refusal(arena, 204);
    if (is_fault_page && api->faults[RANDOM_ERRS])
        return wrong(api, arena);
    return page_answer(api, arena, &window, nth);
}
