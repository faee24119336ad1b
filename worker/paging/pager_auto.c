#include "base/arena.h"
#include "worker/paging/link.h"
#include "worker/paging/pager_internal.h"

/*
 * `auto`: what the first answer tells about its paging. What is recognised becomes one of the
 * other types, named by words that a checkpoint keeps: the type, where to read, what to send.
 * In doubt it is one page.
 */
enum { WORDS_MAX = 256 };

struct names {
    const char *const *items;
    size_t count;
};

#define NAMES(...)                                                                             \
    {                                                                                          \
        (const char *const[]){__VA_ARGS__}, COUNT_OF(((const char *const[]){__VA_ARGS__}))     \
    }

static const struct names containers = NAMES("", "pagination", "meta.pagination", "meta",
                                             "meta.paging", "paging", "page_info", "_meta");
static const struct names link_fields =
    NAMES("next", "next_url", "nextUrl", "next_link", "nextLink", "next_page_url",
          "['@odata.nextLink']", "links.next", "links.next.href", "_links.next.href",
          "_links.next", "paging.next");
static const struct names pages_fields = NAMES(
    "total_pages", "totalPages", "pages", "page_count", "pageCount", "last_page", "lastPage");
static const struct names total_fields =
    NAMES("total", "total_count", "totalCount", "total_records", "count");
static const struct names flag_fields =
    NAMES("has_more", "hasMore", "has_next", "hasNext", "hasNextPage", "has_next_page", "more");
static const struct names offset_fields = NAMES("offset");

/* A field and the parameter that goes with it. */
static const char *const page_fields[][2] = {{"page", "page"},
                                             {"current_page", "page"},
                                             {"page_number", "page"},
                                             {"currentPage", "page"},
                                             {"pageNumber", "pageNumber"}};
static const char *const cursor_fields[][2] = {{"next_cursor", "cursor"},
                                               {"nextCursor", "cursor"},
                                               {"next_page_token", "page_token"},
                                               {"nextPageToken", "pageToken"},
                                               {"next_token", "next_token"},
                                               {"nextToken", "nextToken"},
                                               {"continuation_token", "continuation_token"},
                                               {"cursors.after", "after"}};

/* Parameters by which a user asks for a page himself. */
static const struct names page_params =
    NAMES("page", "page[number]", "page_number", "pageNumber", "offset", "page[offset]", "skip",
          "cursor", "after", "page[after]", "page_token", "pageToken", "starting_after");

/* --- what was recognised, by its words --------------------------------------------------- */

struct known {
    struct known *next;
    struct str words;
    struct pagination how;
};

static struct arena *known_arena;
static struct known *known;

static struct str next_word(struct str *rest)
{
    struct str word;
    *rest = str_cut(*rest, ' ', &word);
    return word;
}

static struct locator locate(struct str text)
{
    struct locator locator = {.kind = LOCATOR_NONE};
    struct err ignored = ERR_INIT;
    if (text.len && !locator_compile(known_arena, text, &locator, &ignored))
        locator.kind = LOCATOR_NONE;
    return locator;
}

/* What X-Pagination holds is JSON in a header. */
static struct locator locate_pages(struct str text)
{
    if (str_is(text, "x-pagination"))
        return locate(STR("{{ (http.headers['x-pagination'] | fromjson).total_pages }}"));
    return locate(text);
}

static struct pagination parse_words(struct str words)
{
    static const struct {
        const char *name;
        enum pagination_type type;
    } types[] = {{"link_header", PAGINATE_LINK_HEADER}, {"next_url", PAGINATE_NEXT_URL},
                 {"cursor", PAGINATE_CURSOR},           {"page", PAGINATE_PAGE},
                 {"page_total", PAGINATE_PAGE},         {"page_flag", PAGINATE_PAGE},
                 {"offset", PAGINATE_OFFSET},           {"offset_flag", PAGINATE_OFFSET}};
    struct str rest = words, name = next_word(&rest), where = next_word(&rest),
               param = next_word(&rest);
    struct pagination how = {
        .start = 1, .stops_on_empty = true, .sends_first = true, .maximum = -1};
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (str_is(name, types[i].name))
            how.type = types[i].type;
    how.param = (struct param_place){.place = PLACE_QUERY, .name = param};
    if (how.type == PAGINATE_NEXT_URL)
        how.next = locate(where);
    else if (how.type == PAGINATE_CURSOR)
        how.cursor = locate(where);
    else if (str_ends(name, STR("_flag")))
        how.has_more = locate(where);
    else if (str_is(name, "page"))
        how.total_pages = locate_pages(where);
    else if (how.type != PAGINATE_LINK_HEADER)
        how.total = locate(where);
    return how;
}

const struct pagination *pager_recognised(struct str words, struct str *ret_words)
{
    struct known *entry = known;
    while (entry && !str_eq(entry->words, words))
        entry = entry->next;
    if (!entry && words.len < WORDS_MAX) {
        if (!known_arena)
            known_arena = arena_new();
        entry = ARENA_NEW(known_arena, struct known);
        entry->words = arena_str(known_arena, words);
        entry->how = parse_words(entry->words);
        entry->next = known;
        known = entry;
    }
    if (!entry)
        return NULL;
    *ret_words = entry->words;
    return &entry->how;
}

/* --- recognising ------------------------------------------------------------------------- */

struct search {
    struct pager_step *step;
    const char *container;
    char words[WORDS_MAX];
    struct err err;
};

static void put_words(struct search *search, const char *name, const char *field,
                      const char *param)
{
    bool dot = *search->container && *field != '[';
    snprintf(search->words, sizeof search->words, "%s %s%s%s %s", name, search->container,
             dot ? "." : "", field, param);
}

static struct value read_field(struct search *search, const char *field)
{
    struct pager_step *step = search->step;
    struct path path;
    struct value response;
    bool dot = *search->container && *field != '[';
    struct str text =
        arena_printf(step->arena, "%s%s%s", search->container, dot ? "." : "", field);
    if (!step->facts->scope->find(step->facts->scope->ctx, STR("response"), step->arena,
                                  &response) ||
        !path_compile(step->arena, text, &path, &search->err))
        return UNDEFINED_VALUE;
    return path_get(&path, response);
}

static bool is_link(struct value value)
{
    return value.kind == VALUE_STRING &&
           (str_starts(value.text, STR("http://")) || str_starts(value.text, STR("https://")) ||
            str_starts(value.text, STR("/")) || str_starts(value.text, STR("?")));
}

static bool find_link(struct search *search)
{
    for (size_t i = 0; i < link_fields.count; i++) {
        if (!is_link(read_field(search, link_fields.items[i])))
            continue;
        put_words(search, "next_url", link_fields.items[i], "-");
        return true;
    }
    return false;
}

static bool find_cursor(struct search *search)
{
    for (size_t i = 0; i < COUNT_OF(cursor_fields); i++) {
        struct value cursor = read_field(search, cursor_fields[i][0]);
        if (cursor.kind != VALUE_STRING && cursor.kind != VALUE_NUMBER &&
            cursor.kind != VALUE_NULL)
            continue;
        put_words(search, "cursor", cursor_fields[i][0], cursor_fields[i][1]);
        return true;
    }
    return false;
}

static const char *find_count(struct search *search, const struct names *fields)
{
    int64_t count;
    for (size_t i = 0; i < fields->count; i++)
        if (value_count(read_field(search, fields->items[i]), &count))
            return fields->items[i];
    return NULL;
}

static const char *find_flag(struct search *search)
{
    for (size_t i = 0; i < flag_fields.count; i++) {
        struct value flag = read_field(search, flag_fields.items[i]);
        if (flag.kind != VALUE_UNDEFINED && flag.kind != VALUE_NULL && value_flag(flag) >= 0)
            return flag_fields.items[i];
    }
    return NULL;
}

/* A page number needs a word on the end beside it: pages, a flag, or a total. */
static bool find_page(struct search *search)
{
    for (size_t i = 0; i < COUNT_OF(page_fields); i++) {
        if (read_field(search, page_fields[i][0]).kind == VALUE_UNDEFINED)
            continue;
        const char *pages = find_count(search, &pages_fields), *flag = find_flag(search);
        const char *total = find_count(search, &total_fields);
        if (pages)
            put_words(search, "page", pages, page_fields[i][1]);
        else if (flag)
            put_words(search, "page_flag", flag, page_fields[i][1]);
        else if (total)
            put_words(search, "page_total", total, page_fields[i][1]);
        return pages || flag || total;
    }
    return false;
}

static bool find_offset(struct search *search)
{
    if (!find_count(search, &offset_fields))
        return false;
    const char *total = find_count(search, &total_fields), *flag = find_flag(search);
    if (total)
        put_words(search, "offset", total, "offset");
    else if (flag)
        put_words(search, "offset_flag", flag, "offset");
    return total || flag;
}

static struct str header(const struct pager_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->header_count; i++)
        if (str_is(facts->headers[i].name, name))
            return facts->headers[i].value;
    return STR_NONE;
}

/* X-Pagination as JSON with total_pages, or X-Total-Pages; an unusable one is said aloud. */
static bool find_header(struct search *search)
{
    struct pager_step *step = search->step;
    struct str json = header(step->facts, "x-pagination");
    struct str pages = header(step->facts, "x-total-pages");
    struct value value;
    int64_t count;
    if (json.len && value_parse(step->arena, json, VALUE_WHOLE, &value, &search->err) &&
        value_count(value_get(value, STR("total_pages")), &count)) {
        snprintf(search->words, sizeof search->words, "page x-pagination page");
        return true;
    }
    if (pages.len && value_count(value_string(pages), &count)) {
        snprintf(search->words, sizeof search->words, "page header:X-Total-Pages page");
        return true;
    }
    if (pages.len)
        step->decision.warning = arena_printf(
            step->arena, "X-Total-Pages is \"%.*s\": not understood", STR_ARG(pages));
    return false;
}

static bool find_in_body(struct search *search, bool (*find)(struct search *search))
{
    for (size_t i = 0; i < containers.count; i++) {
        search->container = containers.items[i];
        if (find(search))
            return true;
    }
    return false;
}

static bool find_any(struct search *search)
{
    const struct pager_facts *facts = search->step->facts;
    if (link_find_in_answer(facts->headers, facts->header_count, STR("next")).ptr) {
        snprintf(search->words, sizeof search->words, "link_header");
        return true;
    }
    return find_in_body(search, find_link) || find_header(search) ||
           find_in_body(search, find_cursor) || find_in_body(search, find_page) ||
           find_in_body(search, find_offset);
}

static bool user_sets_page(const struct stream *stream)
{
    for (size_t i = 0; i < stream->param_count; i++)
        for (size_t j = 0; j < page_params.count; j++)
            if (str_is(stream->params[i].name, page_params.items[j]))
                return true;
    return false;
}

static void one_page(struct pager_step *step, const char *why)
{
    step->next->type = PAGINATE_NONE;
    step->decision.recognised = arena_printf(step->arena, "one page: %s", why);
    pager_sign_end(step, STR("one page was recognised"));
}

/* The first request counts as the first page or offset, whatever number the answer gives it. */
static bool go_on(struct pager_step *step, struct err *err)
{
    struct pager first = *step->pager;
    first.in_force = step->next->in_force;
    first.type = step->next->type;
    first.number = first.type == PAGINATE_PAGE;
    step->next->number = first.number;
    struct pager_step inner = *step;
    inner.pager = &first;
    bool decided = pager_next_by_type(&inner, err);
    step->signs = inner.signs;
    step->decision = inner.decision;
    return decided;
}

bool pager_next_auto(struct pager_step *step, struct err *err)
{
    struct search search = {.step = step, .err = ERR_INIT};
    if (user_sets_page(step->facts->stream)) {
        one_page(step, "the stream itself sets a page parameter");
        return true;
    }
    if (!find_any(&search)) {
        one_page(step, "nothing in the answer tells of more");
        return true;
    }
    step->next->in_force = pager_recognised(str_from(search.words), &step->next->recognised);
    step->next->type = step->next->in_force->type;
    step->decision.recognised = step->next->recognised;
    return go_on(step, err);
}
