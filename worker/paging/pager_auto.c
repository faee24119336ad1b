#include "worker/paging/pager_auto.h"

#include <assert.h>

#include "worker/signs/link.h"
#include "worker/signs/look.h"
#include "worker/signs/own_param.h"
#include "worker/signs/pager_words.h"

/*
 * What is looked for, in this order; the first that is found counts:
 *
 *     a Link header with rel=next
 *     a next link in the body, such as `next`, `links.next` or `links[rel=next].href`
 *     a header with the next page, such as Next-Page; X-Pagination, X-Total-Pages
 *     a cursor, such as `next_cursor`, with a flag where one is beside it
 *     a page number, with a sign of the end: a count of pages, a flag or a total
 *     an offset, with a total or a flag
 *     a cursor that is there on the last page too, such as `last_id`, beside a flag or alone
 *     the id of the last record, in {"object": "list", "has_more": true, "data": [...]}
 *     a word that nothing follows: a link or cursor that is null, a flag
 *
 * The names are those of known.h. A page parameter that the stream itself sets is the user's
 * wish: that page alone. Where it asks for the first page, it only says how pages are asked
 * for.
 *
 * E.g. {"data": [...], "meta": {"page": 1, "last_page": 7}} has no link and no cursor; in the
 * container `meta` are a page number and a count of pages. The words for it are
 * "page meta.last_page page": read `meta.last_page`, send the parameter `page`.
 */
enum own_kind { OWN_NONE, OWN_PAGE, OWN_OFFSET, OWN_CURSOR };

struct search {
    struct pager_step *step;
    struct look look;
    struct own_param own; /* the stream's own page parameter */
    enum own_kind own_kind;
    int64_t first;               /* the number of the page just read; -1: not said */
    char words[PAGER_WORDS_MAX]; /* what was found (pager_words.h) */
};

/* False where it is longer than words may be, or there is no parameter to send. */
static bool put_words(struct search *search, const char *name, struct str where,
                      struct str param, struct str flag)
{
    int len = snprintf(search->words, sizeof search->words, "%s %.*s %.*s%s%.*s", name,
                       STR_ARG(where), STR_ARG(param), flag.len ? " " : "", STR_ARG(flag));
    return param.len && len > 0 && len < PAGER_WORDS_MAX;
}

/* `_per_page` goes with `_page`: what the size's name says is better than `page` alone. */
static const char *name_beside_size(const struct search *search, const char *usual)
{
    const struct known_list *list = str_is(str_from(usual), "page")     ? &known_page_params
                                    : str_is(str_from(usual), "offset") ? &known_offset_params
                                                                        : NULL;
    struct own_param size;
    if (!list || !own_param_find(search->step->facts->stream, &known_size_params,
                                 search->look.arena, &size))
        return usual;
    const char *beside = known_find(&known_size_params, size.name)->param;
    return known_find(list, str_from(beside)) ? beside : usual;
}

/*
 * The stream's own parameter of that kind, else a usual name of the field's in its place; empty
 * where the stream sends each of these names with another meaning.
 */
static struct str param_of(const struct search *search, enum own_kind kind,
                           const struct known *known)
{
    const struct stream *stream = search->step->facts->stream;
    struct arena *arena = search->look.arena;
    struct param_names names;
    if (search->own_kind == kind)
        return search->own.place;
    const char *beside = name_beside_size(search, known->param);
    if (kind != OWN_CURSOR && beside != known->param)
        return own_param_place(stream, beside, arena);
    param_names_of(known, kind != OWN_CURSOR, stream, arena, &names);
    return names.count ? names.places[0] : STR_NONE;
}

/* Of a header that counts pages. */
static struct str page_param(const struct search *search)
{
    return param_of(search, OWN_PAGE, known_find(&known_page_params, STR("page")));
}

/* --- the stream's own page parameter --- */

/* Names that are as often something else: they count with a number alone. */
static bool is_vague(struct str name)
{
    return str_is(name, "from") || str_is(name, "start") || str_is(name, "p");
}

static bool is_page_value(const struct own_param *own, enum own_kind kind)
{
    int64_t number;
    if (own->value.kind == VALUE_UNDEFINED)
        return !is_vague(own->name);
    return kind == OWN_CURSOR || value_count(own->value, &number);
}

/* Does it ask for the first page? *ret_first is its number. */
static bool is_first(const struct search *search, int64_t *ret_first)
{
    struct value value = search->own.value;
    *ret_first = 0;
    if (search->own_kind == OWN_CURSOR)
        return look_is_nothing(value) ||
               (value.kind == VALUE_STRING && str_is(value.text, "*"));
    return value_count(value, ret_first) && *ret_first <= 1;
}

static void find_own(struct search *search)
{
    static const struct known_list *const lists[] = {
        [OWN_PAGE] = &known_page_params,
        [OWN_OFFSET] = &known_offset_params,
        [OWN_CURSOR] = &known_cursor_params,
    };
    for (int kind = OWN_PAGE; kind <= OWN_CURSOR; kind++) {
        if (!own_param_find(search->step->facts->stream, lists[kind], search->look.arena,
                            &search->own) ||
            !is_page_value(&search->own, (enum own_kind)kind))
            continue;
        search->own_kind = (enum own_kind)kind;
        return;
    }
    if (own_param_find_declared(search->step->facts->stream, &known_cursor_params,
                                search->look.arena, &search->own))
        search->own_kind = OWN_CURSOR;
}

/* --- links and headers --- */

static bool find_link(struct search *search)
{
    struct look_found link;
    return look_find(&search->look, &known_links, look_is_link, &link) &&
           put_words(search, "next_url", link.path, STR("-"), STR_NONE);
}

static bool find_next_header(struct search *search)
{
    struct look_found next;
    if (!look_find_header(search->step->facts, &known_next_headers, look_is_cursor, &next) &&
        !look_find_header(search->step->facts, &known_next_headers, look_is_link, &next))
        return false;
    struct str where = arena_printf(search->look.arena, "header:%.*s", STR_ARG(next.path));
    if (look_is_link(next.value))
        return put_words(search, "next_url", where, STR("-"), STR_NONE);
    int64_t number;
    enum own_kind kind = value_count(next.value, &number) ? OWN_PAGE : OWN_CURSOR;
    return put_words(search, "cursor", where, param_of(search, kind, next.known), STR_NONE);
}

static struct str header(const struct pager_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->header_count; i++)
        if (str_is(facts->headers[i].name, name))
            return facts->headers[i].value;
    return STR_NONE;
}

/* X-Pagination is JSON with a count of pages or a total (ASP.NET, ActiveRecord). */
static bool find_json_header(struct search *search)
{
    struct pager_step *step = search->step;
    struct str json = header(step->facts, "x-pagination"), where;
    struct look_place place = {STR_NONE, UNDEFINED_VALUE};
    struct look_found found;
    struct err ignored = ERR_INIT;
    if (!json.len || !value_parse(step->arena, json, VALUE_WHOLE, &place.value, &ignored))
        return false;
    bool by_pages = look_find_in(&search->look, &place, &known_pages, look_is_count, &found);
    if (!by_pages && !look_find_in(&search->look, &place, &known_totals, look_is_count, &found))
        return false;
    where = arena_printf(step->arena, "x-pagination:%.*s", STR_ARG(found.path));
    return put_words(search, by_pages ? "page" : "page_total", where, page_param(search),
                     STR_NONE);
}

static bool is_text(struct value value)
{
    return value.kind == VALUE_STRING && value.text.len;
}

/* A header that counts pages; an unusable one is said aloud. */
static bool find_pages_header(struct search *search)
{
    struct pager_step *step = search->step;
    struct look_found pages;
    if (look_find_header(step->facts, &known_pages_headers, look_is_count, &pages)) {
        struct str where = arena_printf(step->arena, "header:%.*s", STR_ARG(pages.path));
        return put_words(search, "page", where, page_param(search), STR_NONE);
    }
    if (look_find_header(step->facts, &known_pages_headers, is_text, &pages))
        pager_step_warn(step, arena_printf(step->arena, "%.*s is \"%.*s\": not understood",
                                           STR_ARG(pages.path), STR_ARG(pages.value.text)));
    return false;
}

/* --- cursors --- */

/* A flag in the same object; *ret_suffix says what it means. */
static struct str flag_beside(const struct search *search, const struct look_place *place,
                              const char **ret_suffix)
{
    struct look_found flag;
    *ret_suffix = "_flag";
    if (look_find_in(&search->look, place, &known_flags, look_is_flag, &flag))
        return flag.path;
    *ret_suffix = "_end";
    if (look_find_in(&search->look, place, &known_ends, look_is_bool, &flag))
        return flag.path;
    *ret_suffix = "";
    return STR_NONE;
}

/* A number is a page or an offset, as its usual parameter says; a text is a cursor. */
static enum own_kind kind_of(const struct look_found *cursor)
{
    int64_t number;
    struct str param = str_from(cursor->known->param);
    if (!value_count(cursor->value, &number))
        return OWN_CURSOR;
    if (known_find(&known_offset_params, param))
        return OWN_OFFSET;
    return known_find(&known_page_params, param) ? OWN_PAGE : OWN_CURSOR;
}

/* A map of parameters to set, as MediaWiki's `continue` is; DynamoDB's key is one value. */
static bool is_params(const struct look_found *cursor)
{
    return cursor->value.kind == VALUE_MAP &&
           !str_is(str_from(cursor->known->name), "LastEvaluatedKey");
}

static bool put_cursor(struct search *search, const struct look_place *place,
                       const struct look_found *cursor)
{
    const char *suffix;
    struct str flag = flag_beside(search, place, &suffix);
    struct arena *arena = search->look.arena;
    if (is_params(cursor)) {
        struct str where = own_param_place(search->step->facts->stream, "-", arena);
        return put_words(search, "params", cursor->path, where, STR_NONE);
    }
    enum own_kind kind = kind_of(cursor);
    struct str param = param_of(search, kind, cursor->known);
    return put_words(search, arena_printf(arena, "cursor%s", suffix).ptr, cursor->path, param,
                     flag);
}

static bool find_cursor_of(struct search *search, const struct known_list *list)
{
    const struct look *look = &search->look;
    struct look_found cursor;
    for (size_t i = 0; i < look->place_count; i++)
        if (look_find_in(look, &look->places[i], list, look_is_cursor, &cursor))
            return put_cursor(search, &look->places[i], &cursor);
    return false;
}

/* Beside a flag: what is there on the last page too says nothing without it. */
static bool find_reached(struct search *search)
{
    const struct look *look = &search->look;
    struct look_found cursor;
    const char *suffix;
    for (size_t i = 0; i < look->place_count; i++)
        if (flag_beside(search, &look->places[i], &suffix).len &&
            look_find_in(look, &look->places[i], &known_reached, look_is_cursor, &cursor))
            return put_cursor(search, &look->places[i], &cursor);
    return false;
}

/* An offset that is text is a cursor (Airtable). */
static bool find_opaque_offset(struct search *search)
{
    const struct look *look = &search->look;
    int64_t number;
    for (size_t i = 0; i < look->place_count; i++) {
        struct value value = look_read(look, &look->places[i], "offset");
        if (value.kind != VALUE_STRING || !look_is_cursor(value) || value_count(value, &number))
            continue;
        struct look_found cursor = {known_find(&known_offsets, STR("offset")),
                                    look_path(look, &look->places[i], "offset"), value};
        return put_cursor(search, &look->places[i], &cursor);
    }
    return false;
}

/* {"chunk": […], "start": "a", "end": "b"}: `end` is where the next page starts (Matrix). */
static bool find_end_token(struct search *search)
{
    const struct look *look = &search->look;
    const struct path *path = &search->step->facts->stream->merge.path;
    if (!look->place_count || !str_is(path->source, "chunk"))
        return false;
    const struct look_place *body = &look->places[0];
    struct look_found end = {&known_end_token, STR("end"), look_read(look, body, "end")};
    return is_text(look_read(look, body, "start")) && is_text(end.value) &&
           put_cursor(search, body, &end);
}

static bool is_list_envelope(const struct look *look)
{
    struct value object = look_read(look, &look->places[0], "object");
    return object.kind == VALUE_STRING && str_is(object.text, "list");
}

/* Stripe's lists: the next page starts behind a record, which its id names. */
static bool find_last_id(struct search *search)
{
    const struct look *look = &search->look;
    struct look_found flag;
    struct str where;
    if (search->own_kind == OWN_PAGE || search->own_kind == OWN_OFFSET || !look->place_count ||
        !is_list_envelope(look) ||
        !look_find_in(look, &look->places[0], &known_flags, look_is_yes, &flag) ||
        !look_find_last_id(look, &where))
        return false;
    return put_words(search, "last_id", where, param_of(search, OWN_CURSOR, &known_last_id),
                     flag.path);
}

/* --- numbers --- */

/* A total beside a list in a body that is one record: it counts what is in the list. */
static bool counts_inside(const struct look *look)
{
    if (!look->is_record || !look->place_count)
        return false;
    const struct value_map *body = look->places[0].value.map;
    for (size_t i = 0; i < body->count; i++)
        if (body->members[i].value.kind == VALUE_LIST)
            return true;
    return false;
}

/* What says where the numbers end: in that object, else anywhere. */
static bool find_end(const struct search *search, const struct look_place *place, bool by_page,
                     const char **ret_suffix, struct look_found *ret)
{
    const struct {
        const struct known_list *list;
        look_fits_fn *fits;
        const char *page_suffix, *offset_suffix;
    } ends[] = {{by_page ? &known_pages : &known_totals, look_is_count, "", ""},
                {&known_flags, look_is_flag, "_flag", "_flag"},
                {&known_ends, look_is_bool, "_end", "_end"},
                {by_page ? &known_totals : &known_pages, look_is_count, "_total", "_pages"}};
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        if (ends[i].list == &known_totals && counts_inside(&search->look))
            continue;
        *ret_suffix = by_page ? ends[i].page_suffix : ends[i].offset_suffix;
        if (place ? look_find_in(&search->look, place, ends[i].list, ends[i].fits, ret)
                  : look_find(&search->look, ends[i].list, ends[i].fits, ret))
            return true;
    }
    return false;
}

/* "not counted", as PocketBase says it: only an empty page is the end. */
static bool is_uncounted(struct value value)
{
    return value.kind == VALUE_NUMBER && str_is(value.text, "-1");
}

static bool says_uncounted(const struct search *search)
{
    struct look_found found;
    return look_find(&search->look, &known_pages, is_uncounted, &found) ||
           look_find(&search->look, &known_totals, is_uncounted, &found);
}

/* `number` names what holds the number of this page; NULL: nothing does. */
static bool put_numbers(struct search *search, bool by_page, struct str param,
                        const struct look_place *place, const struct known *number)
{
    const char *suffix;
    struct look_found end;
    bool is_certain = !by_page || !number || search->own_kind == OWN_PAGE;
    struct str own = is_certain ? STR_NONE : param_names_own(number, param, search->look.arena);
    if (!find_end(search, place, by_page, &suffix, &end))
        return says_uncounted(search) &&
               put_words(search, by_page ? "page_open" : "offset_open", STR("-"), param, own);
    struct str name =
        arena_printf(search->look.arena, "%s%s", by_page ? "page" : "offset", suffix);
    return put_words(search, name.ptr, end.path, param, own);
}

/*
 * By the number of this page or the offset of its first record. Pages are counted from 1,
 * offsets from 0, unless the first answer itself says otherwise.
 */
static bool find_numbers(struct search *search, bool by_page)
{
    const struct look *look = &search->look;
    const struct known_list *list = by_page ? &known_numbers : &known_offsets;
    int64_t usual = by_page, number;
    struct look_found found;
    for (size_t i = 0; i < look->place_count; i++) {
        if (!look_find_in(look, &look->places[i], list, look_is_count, &found))
            continue;
        bool is_other = value_count(found.value, &number) && number == !usual;
        search->first = is_other ? number : usual;
        struct str param = param_of(search, by_page ? OWN_PAGE : OWN_OFFSET, found.known);
        if (put_numbers(search, by_page, param, &look->places[i], found.known))
            return true;
    }
    return false;
}

static bool find_page(struct search *search)
{
    return find_numbers(search, true);
}

static bool find_offset(struct search *search)
{
    return find_numbers(search, false);
}

/* The stream's own parameter says how pages are asked for, or the one of its page size. */
static bool find_own_numbers(struct search *search)
{
    const struct pager_facts *facts = search->step->facts;
    struct own_param size;
    if (search->own_kind == OWN_PAGE || search->own_kind == OWN_OFFSET)
        return put_numbers(search, search->own_kind == OWN_PAGE, search->own.place, NULL, NULL);
    if (!own_param_find(facts->stream, &known_size_params, search->look.arena, &size))
        return false;
    const char *param = known_find(&known_size_params, size.name)->param;
    bool by_page = known_find(&known_page_params, str_from(param)) != NULL;
    return put_numbers(search, by_page,
                       own_param_place(facts->stream, param, search->look.arena), NULL, NULL);
}

/* --- the whole --- */

static bool find_link_header(struct search *search)
{
    const struct pager_facts *facts = search->step->facts;
    snprintf(search->words, sizeof search->words, "link_header");
    return link_has_next(facts->headers, facts->header_count, facts->url);
}

static bool find_cursor(struct search *search)
{
    return find_cursor_of(search, &known_cursors);
}

static bool find_place(struct search *search)
{
    return find_cursor_of(search, &known_reached);
}

static bool find_any(struct search *search)
{
    static bool (*const finds[])(struct search * search) = {
        find_link_header,  find_link,   find_next_header,   find_json_header,
        find_pages_header, find_cursor, find_opaque_offset, find_end_token,
        find_page,         find_offset, find_reached,       find_last_id,
        find_own_numbers,  find_place};
    for (size_t i = 0; i < COUNT_OF(finds); i++)
        if (finds[i](search))
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

static bool find_last_word(struct search *search)
{
    struct look_found found;
    const char *what;
    if (!look_says_last(&search->look, &found, &what))
        return false;
    snprintf(search->words, sizeof search->words, "%.*s %s", (int)MIN(found.path.len, 200),
             found.path.ptr, what);
    return true;
}

static void be_last_page(struct search *search, struct pager *now)
{
    struct pager_step *step = search->step;
    now->type = PAGINATE_NONE;
    step->decision.recognised = arena_printf(step->arena, "one page: %s", search->words);
    pager_step_sign_end(step, COMPLETE_TOLD, arena_str(step->arena, str_from(search->words)));
}

void pager_auto_recognise(struct pager_step *step, struct pager *now)
{
    struct search search = {.step = step, .first = -1};
    look_open(&search.look, step->facts, step->arena);
    find_own(&search);
    int64_t own_first;
    if (search.own_kind && !is_first(&search, &own_first)) {
        step->decision.is_placed = true;
        be_one_page(step, now, "the stream itself sets a page parameter");
        return;
    }
    if (!find_any(&search)) {
        if (find_last_word(&search))
            be_last_page(&search, now);
        else
            be_one_page(step, now, "nothing in the answer tells of more");
        return;
    }
    now->in_force = pager_words_parse(step->facts->leg_arena, str_from(search.words),
                                      now->declared, &now->recognised);
    assert(now->in_force);
    now->type = now->in_force->type;
    bool has_own_number = search.own_kind == OWN_PAGE || search.own_kind == OWN_OFFSET;
    now->number = has_own_number      ? own_first
                  : search.first >= 0 ? search.first
                                      : now->type == PAGINATE_PAGE;
    step->decision.recognised = now->recognised;
}

bool pager_auto_wants_records(const struct pager_facts *facts, struct arena *arena)
{
    struct look look;
    struct look_found flag;
    look_open(&look, facts, arena);
    return look_find(&look, &known_flags, look_is_yes, &flag);
}
