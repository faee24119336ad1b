#include "worker/discover/discover.h"

#include "core/path.h"
#include "worker/discover/body_look.h"
#include "worker/discover/paging_text.h"
#include "worker/signs/known.h"

/*
 * Parameters by which a second page may come, tried one after the other. An API that knows none
 * of them gives the first page again, or refuses. What brings other records, and all others, is
 * how pages follow; `confirm` of discover.c reads on by it.
 */
enum kind { BY_PAGE, BY_OFFSET, BY_OFFSET_FROM_1, BY_CURSOR, BY_LAST_ID };

struct guess {
    enum kind kind;
    const char *param;
    bool is_in_query; /* of a request that has a body */
};

static const struct guess numbers[] = {
    {BY_PAGE, "page", false},
    {BY_OFFSET, "offset", false},
    {BY_PAGE, "_page", false},
    {BY_OFFSET, "skip", false},
    {BY_OFFSET, "page[offset]", false},
    {BY_OFFSET, "start", false},
    {BY_OFFSET, "from", false},
    {BY_PAGE, "page[number]", false},
    {BY_PAGE, "p", false},
    {BY_OFFSET, "$skip", false},
    {BY_OFFSET_FROM_1, "startIndex", false},
    {BY_PAGE, "pageNumber", false},
};

/* Filters in the body, pages in the query. */
static const struct guess beside_body[] = {
    {BY_PAGE, "page", true},
    {BY_OFFSET, "offset", true},
};

static const struct guess cursors[] = {
    {BY_CURSOR, "page[after]", false}, {BY_CURSOR, "after", false},
    {BY_CURSOR, "cursor", false},      {BY_CURSOR, "page[cursor]", false},
    {BY_CURSOR, "pageToken", false},   {BY_CURSOR, "page_token", false},
    {BY_CURSOR, "since", false},       {BY_CURSOR, "start", false},
    {BY_CURSOR, "_page", false},
};

static const struct guess last_ids[] = {
    {BY_LAST_ID, "starting_after", false},
    {BY_LAST_ID, "after", false},
    {BY_LAST_ID, "after_id", false},
    {BY_LAST_ID, "since_id", false},
};

enum { TRIED_MAX = 8, GUESSES_MAX = 32 };

struct guessing {
    struct discovery *discovery;
    const struct guess *items[GUESSES_MAX];
    size_t count;
    struct str cursor, last_id; /* values to send */
};

/* --- what may be sent --- */

static struct str text_of(struct value value)
{
    return value.kind == VALUE_STRING || value.kind == VALUE_NUMBER ? value.text : STR_NONE;
}

static struct str read_path(struct discovery *discovery, struct str path)
{
    struct path compiled;
    struct err ignored = ERR_INIT;
    if (!path.len || !path_compile(discovery->arena, path, &compiled, &ignored) ||
        compiled.has_wildcard)
        return STR_NONE;
    return text_of(path_get(&compiled, discovery->body));
}

/* "data[-1].id" */
static struct str last_id_path(struct discovery *discovery)
{
    return arena_printf(discovery->arena, "%.*s[-1].id", STR_ARG(discovery->draft.merge_path));
}

static void add(struct guessing *guessing, const struct guess *guesses, size_t count)
{
    for (size_t i = 0; i < count && guessing->count < GUESSES_MAX; i++)
        guessing->items[guessing->count++] = &guesses[i];
}

/* The parameter that a form of answers is known to go with comes first. */
static const char *first_of(const struct discovery *discovery)
{
    struct draft draft = discovery->draft;
    const struct draft_pairs *asked = draft_asked(&draft);
    if (draft.format == ANSWER_XML)
        return "start";
    if (str_is(draft.merge_path, "hits.hits"))
        return "from";
    for (size_t i = 0; i < asked->count; i++) {
        const struct known *size = known_find(&known_size_params, asked->items[i].name);
        if (size)
            return size->param;
    }
    return "page";
}

static void add_offsets(struct guessing *guessing)
{
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (numbers[i].kind != BY_PAGE)
            add(guessing, &numbers[i], 1);
}

static void add_numbers(struct guessing *guessing)
{
    const char *first = first_of(guessing->discovery);
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (str_is(str_from(numbers[i].param), first))
            add(guessing, &numbers[i], 1);
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (!str_is(str_from(numbers[i].param), first))
            add(guessing, &numbers[i], 1);
}

static void add_beside_body(struct guessing *guessing)
{
    for (size_t i = 0; i < COUNT_OF(beside_body); i++) {
        add(guessing, &numbers[i], 1);
        add(guessing, &beside_body[i], 1);
    }
}

/* A cursor that is a number is that of the next page, or the offset of its first record. */
static void collect(struct guessing *guessing)
{
    struct discovery *discovery = guessing->discovery;
    int64_t number;
    guessing->cursor = read_path(discovery, discovery->look.place);
    guessing->last_id = read_path(discovery, last_id_path(discovery));
    bool is_number = str_to_int64(guessing->cursor, &number);
    bool is_offset = is_number && number >= (int64_t)discovery->look.pages[0].records;
    if (is_offset && number > 2)
        add_offsets(guessing);
    if (guessing->cursor.len && !is_number)
        add(guessing, cursors, COUNT_OF(cursors));
    if (discovery->draft.has_body && !discovery->draft.query.len)
        add_beside_body(guessing);
    add_numbers(guessing);
    if (guessing->last_id.len)
        add(guessing, last_ids, COUNT_OF(last_ids));
}

static struct str value_of(const struct guessing *guessing, const struct guess *guess)
{
    struct arena *arena = guessing->discovery->arena;
    size_t records = guessing->discovery->look.pages[0].records;
    switch (guess->kind) {
    case BY_PAGE:
        return STR("2");
    case BY_OFFSET:
        return arena_printf(arena, "%zu", records);
    case BY_OFFSET_FROM_1:
        return arena_printf(arena, "%zu", records + 1);
    case BY_CURSOR:
        return guessing->cursor;
    default:
        return guessing->last_id;
    }
}

/* A count of all is where the pages end; one of this page alone is not more than it has. */
static struct str with_count(struct discovery *discovery, struct str paging, bool by_page)
{
    struct arena *arena = discovery->arena;
    int64_t records = (int64_t)discovery->look.pages[0].records;
    struct str total = body_look_count(discovery->body, &known_totals, records + 1, arena);
    struct str pages = body_look_count(discovery->body, &known_pages, 2, arena);
    if (total.len)
        return paging_text_with(
            arena, paging,
            arena_printf(arena, "total_path: %.*s", STR_ARG(draft_quote(arena, total))));
    if (!by_page || !pages.len)
        return paging;
    return paging_text_with(
        arena, paging,
        arena_printf(arena, "total_pages_path: %.*s", STR_ARG(draft_quote(arena, pages))));
}

static struct str cursor_text(struct arena *arena, struct str path, struct str param)
{
    return arena_printf(arena, "{type: cursor, cursor_path: %.*s, param: %.*s}",
                        STR_ARG(draft_quote(arena, path)), STR_ARG(param));
}

static struct str paging_of(const struct guessing *guessing, const struct guess *guess)
{
    struct discovery *discovery = guessing->discovery;
    struct arena *arena = discovery->arena;
    struct str param =
        draft_quote(arena, draft_place(&discovery->draft, arena, str_from(guess->param)));
    bool by_page = guess->kind == BY_PAGE;
    if (guess->kind == BY_CURSOR)
        return cursor_text(arena, discovery->look.place, param);
    if (guess->kind == BY_LAST_ID)
        return cursor_text(arena, last_id_path(discovery), param);
    return with_count(discovery,
                      arena_printf(arena, "{type: %s, param: %.*s%s}",
                                   by_page ? "page" : "offset", STR_ARG(param),
                                   guess->kind == BY_OFFSET_FROM_1 ? ", start: 1" : ""),
                      by_page);
}

/* --- trying --- */

static const char *verdict(const struct discovery *discovery, const struct reading *second)
{
    const struct reading_page *first = &discovery->look.pages[0];
    if (!reading_is_good(second))
        return "is refused";
    if (!second->page_count)
        return "brings no record";
    size_t shared = reading_count_shared(&second->pages[0], first);
    return shared == second->pages[0].records ? "brings the same records"
           : shared                           ? "brings some of the same records"
                                              : NULL;
}

static bool try_one(struct guessing *guessing, const struct guess *guess, bool *ret_works,
                    struct err *err)
{
    struct discovery *discovery = guessing->discovery;
    struct draft draft = discovery->draft;
    struct str value = value_of(guessing, guess);
    struct reading second;
    *ret_works = false;
    draft.asks_in_query |= guess->is_in_query;
    if (!draft_ask(&draft, discovery->arena, str_from(guess->param), value))
        return true;
    if (!reading_take(&discovery->reader, &draft, DRAFT_OF_REQUEST, 1, &second, err))
        return false;
    const char *why_not = verdict(discovery, &second);
    *ret_works = !why_not;
    notes_add(&discovery->notes, NOTE_TRIED, "pagination", "%s=%.*s %s", guess->param,
              STR_ARG(value), why_not ? why_not : "brings other records");
    return true;
}

static bool is_worth_asking(const struct discovery *discovery, const struct guess *guess)
{
    struct arena *arena = discovery->arena;
    struct draft draft = discovery->draft;
    struct str param = str_from(guess->param);
    draft.asks_in_query |= guess->is_in_query;
    return !draft_find_asked(&draft, param) && draft_may_ask(&draft, arena, param) &&
           !reading_has_asked(&discovery->reader, draft_place(&draft, arena, param)) &&
           discover_may_ask(discovery, 3);
}

bool guess_paging(struct discovery *discovery, struct err *err)
{
    struct guessing guessing = {.discovery = discovery};
    bool works = false;
    collect(&guessing);
    for (size_t i = 0, tried = 0; i < guessing.count && tried < TRIED_MAX; i++) {
        const struct guess *guess = guessing.items[i];
        if (!is_worth_asking(discovery, guess))
            continue;
        if (!try_one(&guessing, guess, &works, err))
            return false;
        tried++;
        if (!works)
            continue;
        discovery->draft.asks_in_query |= guess->is_in_query;
        discovery->draft.pagination = paging_of(&guessing, guess);
        notes_add(&discovery->notes, NOTE_SURE, "pagination",
                  "the answer does not tell how its pages follow: the parameter %s was found "
                  "by trying",
                  guess->param);
        return true;
    }
    return true;
}
