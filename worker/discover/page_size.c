#include "worker/discover/discover.h"

#include "config/naming.h"
#include "worker/discover/paging_text.h"
#include "worker/signs/known.h"
#include "worker/signs/spell.h"

/*
 * How many records a page may have: the first page is asked for once more, with a usual
 * parameter that says 100. More records than before show that the API knows it; fewer than 100
 * of them while more follow, that it has a cap.
 */
enum { WANTED = 100, TRIED_MAX = 3, NAMES_MAX = 16, DEPTH_MAX = 3 };

struct names {
    struct str items[NAMES_MAX];
    size_t count;
};

static void add(struct names *names, struct str name)
{
    for (size_t i = 0; i < names->count; i++)
        if (str_eq(names->items[i], name))
            return;
    if (names->count < NAMES_MAX)
        names->items[names->count++] = name;
}

/* --- which names may be --- */

/* `count` or `first` in an answer is rather something else. */
static bool is_size_field(struct str key)
{
    return known_find(&known_page_sizes, key) ||
           (known_find(&known_size_params, key) && !str_eq_nocase(key, STR("count")) &&
            !str_eq_nocase(key, STR("first")) && !str_eq_nocase(key, STR("rows")));
}

/* The answer says it: {"meta": {"per_page": 20}}. */
static void add_of_body(struct names *names, struct value body, int64_t records, int depth)
{
    for (size_t i = 0; depth && body.kind == VALUE_MAP && i < body.map->count; i++) {
        const struct value_member *member = &body.map->members[i];
        int64_t size;
        if (is_size_field(member->key) && value_count(member->value, &size) && size >= records)
            add(names, member->key);
        add_of_body(names, member->value, records, depth - 1);
    }
}

/* The next page's URL has it: ?page=2&per_page=20. */
static void add_of_url(struct names *names, struct arena *arena, struct str url)
{
    struct str ignored, name, query = str_split(url, '?', &ignored);
    while (naming_take_param(arena, &query, &name, &ignored))
        if (known_find(&known_size_params, name))
            add(names, name);
}

/* What usually goes with the parameter of the page. */
static void add_of_param(struct names *names, struct str param)
{
    static const char *const others[] = {"limit", "per_page", "page_size"};
    if (str_is(param, "page"))
        add(names, STR("per_page"));
    if (str_is(param, "from"))
        add(names, STR("size"));
    if (str_is(param, "page[after]") || str_is(param, "page[cursor]"))
        add(names, STR("page[size]"));
    for (size_t i = 0; !str_is(param, "page") && i < known_size_params.count; i++)
        if (known_size_params.items[i].param && str_is(param, known_size_params.items[i].param))
            add(names, str_from(known_size_params.items[i].name));
    for (size_t i = 0; i < COUNT_OF(others); i++)
        add(names, str_from(others[i]));
}

/* The first parameter of a URL that pages go by; empty: none. */
static struct str paging_param(struct arena *arena, struct str url)
{
    struct str ignored, name, query = str_split(url, '?', &ignored);
    while (naming_take_param(arena, &query, &name, &ignored))
        if (known_find(&known_page_params, name) || known_find(&known_offset_params, name))
            return name;
    return STR_NONE;
}

/* Of the draft's pagination, else of the link that it follows. */
static struct str param_of(const struct discovery *discovery)
{
    struct str paging = discovery->draft.pagination, param = STR_NONE;
    ptrdiff_t at = str_find(paging, STR("param: \""));
    if (at < 0)
        return paging_param(discovery->arena, discovery->look.pages[0].next_url);
    str_split(str_slice(paging, (size_t)at + 8, paging.len), '"', &param);
    return draft_place_name(param);
}

static void collect(struct discovery *discovery, struct names *names)
{
    const struct reading_page *first = &discovery->look.pages[0];
    add_of_url(names, discovery->arena, first->next_url);
    add_of_body(names, discovery->body, (int64_t)first->records, DEPTH_MAX);
    add_of_param(names, param_of(discovery));
}

/* --- the draft --- */

static bool is_type(const struct draft *draft, const char *type)
{
    struct str rest = str_slice(draft->pagination, strlen("{type: "), draft->pagination.len);
    return str_starts(rest, str_from(type));
}

/* Links carry it along, once the first request has it. */
static void set_size(struct discovery *discovery, struct draft *draft, struct str name,
                     int64_t size)
{
    struct arena *arena = discovery->arena;
    struct str quoted = draft_quote(arena, draft_place(draft, arena, name));
    draft_remove(draft_asked(draft), name);
    if (is_type(draft, "page") || is_type(draft, "cursor"))
        draft->pagination = paging_text_with(arena, draft->pagination,
                                             arena_printf(arena, "size_param: %.*s, size: %lld",
                                                          STR_ARG(quoted), (long long)size));
    else if (is_type(draft, "offset"))
        draft->pagination =
            paging_text_with(arena, draft->pagination,
                             arena_printf(arena, "limit_param: %.*s, size: %lld",
                                          STR_ARG(quoted), (long long)size));
    else
        (void)!draft_set(draft_asked(draft), name,
                         arena_printf(arena, "%lld", (long long)size));
}

void page_size_leave_out(struct discovery *discovery)
{
    struct draft *draft = &discovery->draft;
    if (is_type(draft, "offset"))
        draft->pagination =
            paging_text_with(discovery->arena, draft->pagination, STR("limit_param: none"));
}

/* --- trying --- */

static bool follows(const struct reading *reading)
{
    return reading->preview.how == PREVIEW_STOPPED ||
           reading->complete == COMPLETE_CONTRADICTED || reading->complete == COMPLETE_UNKNOWN;
}

/* True: it works, and is in the draft. */
static bool judge(struct discovery *discovery, struct str name, const struct reading *reading)
{
    size_t before = discovery->look.pages[0].records;
    size_t now = reading->page_count ? reading->pages[0].records : 0;
    struct notes *notes = &discovery->notes;
    bool is_more = reading_is_good(reading) && now > before;
    notes_add(notes, NOTE_TRIED, "pagination", "%.*s=%d %s", STR_ARG(name), WANTED,
              is_more                     ? "brings more records"
              : !reading_is_good(reading) ? "is refused"
                                          : "brings as many records as without it");
    if (!is_more)
        return false;
    bool is_capped = now < WANTED && follows(reading);
    if (is_capped)
        notes_add(notes, NOTE_SURE, "pagination",
                  "a page has at most %zu records: %d were asked for by %.*s", now, WANTED,
                  STR_ARG(name));
    set_size(discovery, &discovery->draft, name, is_capped ? (int64_t)now : WANTED);
    return true;
}

static bool try_one(struct discovery *discovery, struct str name, bool *ret_works,
                    struct err *err)
{
    struct draft draft = discovery->draft;
    struct reading reading;
    draft.pagination = STR_NONE;
    (void)!draft_set(draft_asked(&draft), name, STR("100"));
    if (!reading_take(&discovery->reader, &draft, DRAFT_TRIED, 1, &reading, err))
        return false;
    *ret_works = judge(discovery, name, &reading);
    return true;
}

/* The URL or the body says a size: that is what is wanted. */
static bool take_own(struct discovery *discovery)
{
    struct draft *draft = &discovery->draft;
    const struct draft_pairs *asked = draft_asked(draft);
    for (size_t i = 0; i < asked->count; i++) {
        struct draft_pair pair = asked->items[i];
        int64_t size;
        if (!known_find(&known_size_params, pair.name) ||
            !str_to_int64(draft_value_text(pair.value), &size) || size < 1)
            continue;
        set_size(discovery, draft, pair.name, size);
        return true;
    }
    return false;
}

bool page_size_find(struct discovery *discovery, struct err *err)
{
    struct names names = {0};
    bool works = false;
    if (take_own(discovery))
        return true;
    if (discovery->look.pages[0].records < WANTED)
        collect(discovery, &names);
    for (size_t i = 0; !works && i < MIN(names.count, TRIED_MAX); i++)
        if (discover_may_ask(discovery, 4) &&
            draft_may_ask(&discovery->draft, discovery->arena, names.items[i]) &&
            !try_one(discovery, names.items[i], &works, err))
            return false;
    if (!works)
        page_size_leave_out(discovery);
    return true;
}
