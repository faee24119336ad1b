#include "worker/paging/pager_auto.h"

#include <assert.h>

#include "worker/paging/link.h"
#include "worker/paging/pager_words.h"

/*
 * What is looked for, in this order; the first that is found counts:
 *
 *     a Link header with rel=next
 *     a field of the body that holds a URL, such as `next` or `links.next`
 *     X-Pagination or X-Total-Pages
 *     a cursor, such as `next_cursor`
 *     a page number, with a sign of the end beside it: pages, a flag or a total
 *     an offset, with a total or a flag beside it
 *
 * Fields are looked for in the body itself and in the containers that APIs keep them in. A
 * stream that sets a page parameter itself is one page: the user asked for just that.
 *
 * E.g. {"data": [...], "meta": {"page": 1, "last_page": 7}} has no link and no cursor; in the
 * container `meta` are a page number and a count of pages. The words for it are
 * "page meta.last_page page": read `meta.last_page`, send the parameter `page`.
 */
struct field_names {
    const char *const *items;
    size_t count;
};

#define NAMES(...)                                                                             \
    {                                                                                          \
        (const char *const[]){__VA_ARGS__}, COUNT_OF(((const char *const[]){__VA_ARGS__}))     \
    }

static const struct field_names containers = NAMES(
    "", "pagination", "meta.pagination", "meta", "meta.paging", "paging", "page_info", "_meta");
static const struct field_names link_fields =
    NAMES("next", "next_url", "nextUrl", "next_link", "nextLink", "next_page_url",
          "['@odata.nextLink']", "links.next", "links.next.href", "_links.next.href",
          "_links.next", "paging.next");
static const struct field_names pages_fields = NAMES(
    "total_pages", "totalPages", "pages", "page_count", "pageCount", "last_page", "lastPage");
static const struct field_names total_fields =
    NAMES("total", "total_count", "totalCount", "total_records", "count");
static const struct field_names flag_fields =
    NAMES("has_more", "hasMore", "has_next", "hasNext", "hasNextPage", "has_next_page", "more");
static const struct field_names offset_fields = NAMES("offset");

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

/* Parameters of a stream that ask for a page themselves. */
static const struct field_names page_params =
    NAMES("page", "page[number]", "page_number", "pageNumber", "offset", "page[offset]", "skip",
          "cursor", "after", "page[after]", "page_token", "pageToken", "starting_after");

struct search {
    struct pager_step *step;
    const char *container;       /* the path of the object that fields are read from */
    char words[PAGER_WORDS_MAX]; /* what was found (pager_words.h) */
    struct err err;              /* of what is not there; nobody reads it */
};

/* The path of a field in the container that is looked at. */
static struct str path_of(const struct search *search, const char *field)
{
    bool needs_dot = *search->container && *field != '[';
    return arena_printf(search->step->arena, "%s%s%s", search->container, needs_dot ? "." : "",
                        field);
}

static void put_words(struct search *search, const char *name, const char *field,
                      const char *param)
{
    struct str path = path_of(search, field);
    int len =
        snprintf(search->words, sizeof search->words, "%s %.*s %s", name, STR_ARG(path), param);
    assert(len < PAGER_WORDS_MAX); /* all of them are literals of this file */
    (void)len;
}

static struct value read_field(struct search *search, const char *field)
{
    struct pager_step *step = search->step;
    struct path path;
    struct value response;
    if (!step->facts->scope->find(step->facts->scope->ctx, STR("response"), step->arena,
                                  &response) ||
        !path_compile(step->arena, path_of(search, field), &path, &search->err))
        return UNDEFINED_VALUE;
    return path_get(&path, response);
}

static bool find_link(struct search *search)
{
    for (size_t i = 0; i < link_fields.count; i++) {
        if (!link_is_target(read_field(search, link_fields.items[i])))
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

static const char *find_count(struct search *search, const struct field_names *fields)
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
    if (link_has_next(facts->headers, facts->header_count, facts->url)) {
        snprintf(search->words, sizeof search->words, "link_header");
        return true;
    }
    return find_in_body(search, find_link) || find_header(search) ||
           find_in_body(search, find_cursor) || find_in_body(search, find_page) ||
           find_in_body(search, find_offset);
}

static bool sets_page_itself(const struct stream *stream)
{
    for (size_t i = 0; i < stream->param_count; i++)
        for (size_t j = 0; j < page_params.count; j++)
            if (str_is(stream->params[i].name, page_params.items[j]))
                return true;
    return false;
}

static void be_one_page(struct pager_step *step, struct pager *now, const char *why)
{
    now->type = PAGINATE_NONE;
    step->decision.recognised = arena_printf(step->arena, "one page: %s", why);
    pager_step_sign_end(step, COMPLETE_ASSUMED,
                        arena_printf(step->arena, "one page only: %s", why));
}

void pager_auto_recognise(struct pager_step *step, struct pager *now)
{
    struct search search = {.step = step, .err = ERR_INIT};
    if (sets_page_itself(step->facts->stream)) {
        step->decision.is_placed = true;
        be_one_page(step, now, "the stream itself sets a page parameter");
        return;
    }
    if (!find_any(&search)) {
        be_one_page(step, now, "nothing in the answer tells of more");
        return;
    }
    now->in_force =
        pager_words_parse(step->facts->job_arena, str_from(search.words), &now->recognised);
    assert(now->in_force);
    now->type = now->in_force->type;
    /* The first request counts as the first page or offset, whatever number the answer has. */
    now->number = now->type == PAGINATE_PAGE;
    step->decision.recognised = now->recognised;
}
