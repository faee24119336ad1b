#include "worker/signs/pager_words.h"

#include <assert.h>

#include "worker/signs/own_param.h"

/* What the second word leads to. */
enum reads { READS_NOTHING, READS_NEXT, READS_CURSOR, READS_PAGES, READS_TOTAL, READS_FLAG };

static const struct type {
    const char *name;
    enum pagination_type type;
    enum reads reads;
} types[] = {{"link_header", PAGINATE_LINK_HEADER, READS_NOTHING},
             {"next_url", PAGINATE_NEXT_URL, READS_NEXT},
             {"cursor", PAGINATE_CURSOR, READS_CURSOR},
             {"cursor_flag", PAGINATE_CURSOR, READS_CURSOR},
             {"cursor_end", PAGINATE_CURSOR, READS_CURSOR},
             {"params", PAGINATE_CURSOR, READS_CURSOR},
             {"last_id", PAGINATE_CURSOR, READS_CURSOR},
             {"page", PAGINATE_PAGE, READS_PAGES},
             {"page_total", PAGINATE_PAGE, READS_TOTAL},
             {"page_flag", PAGINATE_PAGE, READS_FLAG},
             {"page_end", PAGINATE_PAGE, READS_FLAG},
             {"page_open", PAGINATE_PAGE, READS_NOTHING},
             {"offset", PAGINATE_OFFSET, READS_TOTAL},
             {"offset_pages", PAGINATE_OFFSET, READS_PAGES},
             {"offset_flag", PAGINATE_OFFSET, READS_FLAG},
             {"offset_end", PAGINATE_OFFSET, READS_FLAG},
             {"offset_open", PAGINATE_OFFSET, READS_NOTHING}};

static struct str next_word(struct str *rest)
{
    struct str word;
    *rest = str_split(*rest, ' ', &word);
    return word;
}

/* What X-Pagination holds is JSON in a header: "x-pagination:TotalPages", or total_pages. */
static struct str in_json_header(struct arena *arena, struct str text)
{
    struct str header, key = str_split(text, ':', &header);
    if (!str_is(header, "x-pagination"))
        return text;
    return arena_printf(arena, "{{ (http.headers['x-pagination'] | fromjson)['%.*s'] }}",
                        STR_ARG(key.len ? key : STR("total_pages")));
}

static struct locator locate(struct arena *arena, struct str text)
{
    struct locator locator = {.kind = LOCATOR_NONE};
    struct err ignored = ERR_INIT;
    struct str where = in_json_header(arena, text);
    if (text.len && !locator_compile(arena, where, &locator, &ignored))
        locator.kind = LOCATOR_NONE;
    return locator;
}

static struct param_place place_of(struct arena *arena, struct str text)
{
    struct param_place place = {.place = PLACE_QUERY, .name = text};
    struct err ignored = ERR_INIT;
    if (str_starts(text, STR("body:")) &&
        path_compile(arena, str_slice(text, 5, text.len), &place.path, &ignored))
        place.place = PLACE_BODY;
    return place;
}

/* In OAI-PMH a resumptionToken is an exclusive argument (2.0, section 3.5). */
static void set_alone(struct arena *arena, struct str where, struct pagination *how)
{
    bool is_of_oai =
        str_starts(where, STR("OAI-PMH.")) || str_starts(where, STR("['OAI-PMH']"));
    if (!is_of_oai || !str_ends(where, STR("resumptionToken")))
        return;
    how->alone = ARENA_ARRAY(arena, struct str, 1);
    how->alone[how->alone_count++] = STR("verb");
}

static void locate_all(struct arena *arena, const struct type *type, struct str where,
                       struct str flag, struct pagination *how)
{
    struct locator *const places[] = {[READS_NEXT] = &how->next,
                                      [READS_CURSOR] = &how->cursor,
                                      [READS_TOTAL] = &how->total,
                                      [READS_FLAG] = &how->has_more};
    if (type->reads == READS_PAGES)
        how->total_pages = locate(arena, where);
    else if (type->reads != READS_NOTHING)
        *places[type->reads] = locate(arena, where);
    if (flag.len)
        how->has_more = locate(arena, flag);
}

const struct pagination *pager_words_parse(struct arena *arena, struct str words,
                                           const struct pagination *declared,
                                           struct str *ret_words)
{
    if (words.len >= PAGER_WORDS_MAX)
        return NULL;
    *ret_words = arena_str(arena, words);
    struct str rest = *ret_words, name = next_word(&rest), where = next_word(&rest),
               param = next_word(&rest), flag = next_word(&rest);
    struct pagination *how = ARENA_NEW(arena, struct pagination);
    *how = (struct pagination){
        .start = 1, .stops_on_empty = true, .sends_first = true, .maximum = -1};
    how->param = place_of(arena, param);
    how->spreads_cursor = str_is(name, "params");
    how->reads_records = str_is(name, "last_id");
    how->is_flag_of_end = str_ends(name, STR("_end"));
    how->flag_absent = how->is_flag_of_end; /* a flag that is left out is false */
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (!str_is(name, types[i].name))
            continue;
        how->type = types[i].type;
        locate_all(arena, &types[i], where, param_names_is_own(flag) ? STR_NONE : flag, how);
    }
    if (how->type == PAGINATE_CURSOR)
        set_alone(arena, where, how);
    if (declared->total.kind != LOCATOR_NONE)
        how->total = declared->total;
    return how;
}

/* --- as a definition says it --- */

static const struct {
    const char *key;
    size_t offset;
} locators[] = {{"cursor_path", offsetof(struct pagination, cursor)},
                {"total_path", offsetof(struct pagination, total)},
                {"total_pages_path", offsetof(struct pagination, total_pages)},
                {"has_more_path", offsetof(struct pagination, has_more)}};

static void put_param(struct buf *out, const struct param_place *param)
{
    bool is_in_body = param->place == PLACE_BODY;
    struct str text = is_in_body ? param->path.source : param->name;
    buf_printf(out, ", param: \"%s%.*s\"", is_in_body ? "body:" : "", STR_ARG(text));
}

void pager_words_put_alone(struct buf *out, const struct pagination *how)
{
    if (!how->alone)
        return;
    buf_puts(out, ", alone: [");
    for (size_t i = 0; i < how->alone_count; i++)
        buf_printf(out, "%s\"%.*s\"", i ? ", " : "", STR_ARG(how->alone[i]));
    buf_put_byte(out, ']');
}

struct str pager_words_hint(struct arena *arena, struct str what, const struct pagination *how)
{
    static const char *const names[] = {
        [PAGINATE_PAGE] = "page", [PAGINATE_OFFSET] = "offset", [PAGINATE_CURSOR] = "cursor"};
    AUTO_BUF(out, 4096);
    assert(how->type < COUNT_OF(names) && names[how->type]);
    buf_printf(&out, "%.*s; write how it is, such as pagination: {type: %s", STR_ARG(what),
               names[how->type]);
    put_param(&out, &how->param);
    pager_words_put_alone(&out, how);
    for (size_t i = 0; i < COUNT_OF(locators); i++) {
        const struct locator *locator =
            (const struct locator *)(const void *)((const char *)how + locators[i].offset);
        if (locator->kind != LOCATOR_NONE)
            buf_printf(&out, ", %s: \"%.*s\"", locators[i].key, STR_ARG(locator->source));
    }
    buf_puts(&out, "}");
    return arena_str(arena, buf_str(&out));
}

struct str pager_words_shown(struct str words)
{
    size_t last = words.len;
    while (last > 0 && words.ptr[last - 1] != ' ')
        last--;
    bool is_tried = last && param_names_is_own(str_slice(words, last, words.len));
    return is_tried ? str_slice(words, 0, last - 1) : words;
}
