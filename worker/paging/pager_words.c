#include "worker/paging/pager_words.h"

static const struct {
    const char *name;
    enum pagination_type type;
} types[] = {{"link_header", PAGINATE_LINK_HEADER}, {"next_url", PAGINATE_NEXT_URL},
             {"cursor", PAGINATE_CURSOR},           {"page", PAGINATE_PAGE},
             {"page_total", PAGINATE_PAGE},         {"page_flag", PAGINATE_PAGE},
             {"offset", PAGINATE_OFFSET},           {"offset_flag", PAGINATE_OFFSET}};

static struct str next_word(struct str *rest)
{
    struct str word;
    *rest = str_split(*rest, ' ', &word);
    return word;
}

static struct locator locate(struct arena *arena, struct str text)
{
    struct locator locator = {.kind = LOCATOR_NONE};
    struct err ignored = ERR_INIT;
    if (text.len && !locator_compile(arena, text, &locator, &ignored))
        locator.kind = LOCATOR_NONE;
    return locator;
}

/* What X-Pagination holds is JSON in a header. */
static struct locator locate_pages(struct arena *arena, struct str text)
{
    if (str_is(text, "x-pagination"))
        text = STR("{{ (http.headers['x-pagination'] | fromjson).total_pages }}");
    return locate(arena, text);
}

const struct pagination *pager_words_parse(struct arena *arena, struct str words,
                                           struct str *ret_words)
{
    if (words.len >= PAGER_WORDS_MAX)
        return NULL;
    *ret_words = arena_str(arena, words);
    struct str rest = *ret_words, name = next_word(&rest), where = next_word(&rest),
               param = next_word(&rest);
    struct pagination *how = ARENA_NEW(arena, struct pagination);
    *how = (struct pagination){
        .start = 1, .stops_on_empty = true, .sends_first = true, .maximum = -1};
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (str_is(name, types[i].name))
            how->type = types[i].type;
    how->param = (struct param_place){.place = PLACE_QUERY, .name = param};
    if (how->type == PAGINATE_NEXT_URL)
        how->next = locate(arena, where);
    else if (how->type == PAGINATE_CURSOR)
        how->cursor = locate(arena, where);
    else if (str_ends(name, STR("_flag")))
        how->has_more = locate(arena, where);
    else if (str_is(name, "page"))
        how->total_pages = locate_pages(arena, where);
    else if (how->type != PAGINATE_LINK_HEADER)
        how->total = locate(arena, where);
    return how;
}
