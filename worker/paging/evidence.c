#include "worker/paging/evidence.h"

#include "worker/paging/link.h"

/*
 * The signs that a definition does not name. In a page that ends the job they are a count of
 * all records, or a link, cursor, flag or page count that says "more". Only fields of the body
 * itself and of the containers below count: a field of a record never does.
 */
static const char *const containers[] = {
    "",          "meta",     "pagination", "meta.pagination",
    "paging",    "page",     "meta.page",  "meta.paging",
    "page_info", "pageInfo", "_meta",      "metadata",
    "hits",      "response", "result",     "links"};
static const char *const header_totals[] = {"x-total-count", "x-total", "x-wp-total"};
static const char *const totals[] = {
    "total",         "total_count",  "totalCount",  "total_records",   "totalRecords",
    "total_results", "totalResults", "total_items", "totalItems",      "total_entries",
    "totalElements", "total_rows",   "totalRows",   "numFound",        "numberMatched",
    "count",         "@odata.count", "odata.count", "hydra:totalItems"};
static const char *const page_counts[] = {"total_pages", "totalPages", "page_count",
                                          "pageCount",   "last_page",  "lastPage"};
static const char *const flags[] = {"has_more",    "hasMore",       "has_next", "hasNext",
                                    "hasNextPage", "has_next_page", "more",     "truncated"};
static const char *const links[] = {
    "next",     "next_url",      "nextUrl",         "next_link",
    "nextLink", "next_page_url", "@odata.nextLink", "odata.nextLink"};
static const char *const cursors[] = {
    "next_cursor", "nextCursor", "next_page_token",    "nextPageToken",
    "next_token",  "nextToken",  "continuation_token", "continuationToken"};

/* Parameters that ask for a number of records. */
static const char *const size_params[] = {"limit",       "per_page",
                                          "perPage",     "page_size",
                                          "pageSize",    "size",
                                          "rows",        "top",
                                          "$top",        "%24top",
                                          "first",       "count",
                                          "page[size]",  "page%5Bsize%5D",
                                          "max_results", "maxResults",
                                          "page[limit]", "page%5Blimit%5D",
                                          "pagesize",    "maxRecords"};

/* Counts at which servers stop counting. */
static const int64_t caps[] = {10000, 10001, 50000};

struct look {
    struct pager_step *step;
    struct value body;     /* without its records */
    struct value at;       /* the container that is looked at */
    const char *container; /* its path */
};

static struct str name_of(const struct look *look, const char *field)
{
    bool is_odd = strchr(field, '.') || strchr(field, ':');
    return arena_printf(look->step->arena, is_odd ? "%s['%s']" : "%s%s%s", look->container,
                        is_odd             ? field
                        : *look->container ? "."
                                           : "",
                        field);
}

static struct value field_of(const struct look *look, const char *field)
{
    return value_get(look->at, str_from(field));
}

/* The record itself is no place for counts: then there is no body to look at. */
static struct look look_at(struct pager_step *step)
{
    const struct pager_facts *facts = step->facts;
    struct look look = {.step = step};
    if (facts->is_empty_answer || !facts->stream->merge.path.count ||
        !facts->scope->find(facts->scope->ctx, STR("response"), step->arena, &look.body))
        look.body = UNDEFINED_VALUE;
    return look;
}

static void enter(struct look *look, const char *container)
{
    struct str part, rest = str_from(container);
    look->container = container;
    look->at = look->body;
    while (rest.len) {
        rest = str_split(rest, '.', &part);
        look->at = value_get(look->at, part);
    }
}

/* --- a count of all records --- */

static bool is_cap(int64_t count)
{
    for (size_t i = 0; i < COUNT_OF(caps); i++)
        if (count == caps[i])
            return true;
    return false;
}

/* `203`, `"203"` or `{"value": 203}`, with "relation": "eq" if with one. */
static bool read_total(struct value value, int64_t *ret_total)
{
    struct value relation = value_get(value, STR("relation"));
    if (relation.kind == VALUE_STRING && !str_is(relation.text, "eq"))
        return false;
    if (value.kind == VALUE_MAP)
        value = value_get(value, STR("value"));
    return value_count(value, ret_total) && !is_cap(*ret_total);
}

/* `items 0-24/235`; bytes are no records. */
static bool read_range(struct str range, int64_t *ret_total)
{
    struct str before;
    struct str total = str_split(range, '/', &before);
    return !str_starts(range, STR("bytes")) && read_total(value_string(total), ret_total);
}

static bool find_header_total(const struct pager_facts *facts, struct str *ret_name,
                              int64_t *ret_total)
{
    for (size_t i = 0; i < facts->header_count; i++) {
        const struct http_header *header = &facts->headers[i];
        *ret_name = header->name;
        if (str_is(header->name, "content-range") && read_range(header->value, ret_total))
            return true;
        for (size_t j = 0; j < COUNT_OF(header_totals); j++)
            if (str_is(header->name, header_totals[j]) &&
                read_total(value_string(header->value), ret_total))
                return true;
    }
    return false;
}

static bool find_body_total(struct look *look, struct str *ret_name, int64_t *ret_total)
{
    for (size_t i = 0; i < COUNT_OF(containers); i++) {
        enter(look, containers[i]);
        for (size_t j = 0; j < COUNT_OF(totals); j++)
            if (read_total(field_of(look, totals[j]), ret_total)) {
                *ret_name = name_of(look, totals[j]);
                return true;
            }
    }
    return false;
}

/* How many records the URL of the page asks for; -1: it does not say. */
static int64_t asked_for(const struct pager_facts *facts)
{
    struct str before, pair, name, rest = str_split(facts->url, '?', &before);
    int64_t count;
    while (rest.len) {
        rest = str_split(rest, '&', &pair);
        struct str text = str_split(pair, '=', &name);
        for (size_t i = 0; i < COUNT_OF(size_params); i++)
            if (str_is(name, size_params[i]) && str_to_int64(text, &count) && count > 0)
                return count;
    }
    return -1;
}

/*
 * A count that is the number of records of a full page may be of this answer only. Full is what
 * was asked for or, where the name of the count could mean that too, a usual size of pages.
 */
static bool may_count_the_answer(const struct pager_step *step, int64_t total, bool is_sure)
{
    const struct pager_facts *facts = step->facts;
    bool is_asked_for = asked_for(facts) == total || step->pager->in_force->size == total;
    bool is_usual = !is_sure && (total % 10 == 0 || total % 25 == 0);
    return total > 0 && total == facts->seen && (is_asked_for || is_usual);
}

/* Are records counted from the first one on, one for each element of one list? */
static bool counts_all(const struct pager_step *step)
{
    const struct pager *pager = step->pager;
    const struct stream *stream = step->facts->stream;
    int wildcards = 0;
    for (size_t i = 0; i < stream->merge.path.count; i++)
        wildcards += stream->merge.path.steps[i].kind >= PATH_EACH;
    bool starts_late = (pager->type == PAGINATE_PAGE && pager->declared->start > 1) ||
                       (pager->type == PAGINATE_CURSOR &&
                        pager->declared->cursor_start.kind != VALUE_UNDEFINED);
    return stream->merge.strategy == MERGE_APPEND && wildcards <= 1 && !starts_late;
}

/* A total_path that only checks the end: the numbered types read theirs themselves. */
static bool read_declared_total(struct look *look, struct str *ret_name, int64_t *ret_total)
{
    struct pager_step *step = look->step;
    const struct locator *locator = &step->pager->declared->total;
    struct value value;
    struct err err = ERR_INIT;
    if (locator->kind == LOCATOR_NONE || pager_is_numbered(step->pager))
        return false;
    *ret_name = locator->source;
    if (locator_read(locator, step->facts->scope, step->arena, &value, &err) &&
        read_total(value, ret_total))
        return true;
    step->decision.warning = arena_printf(step->arena, "total_path: there is no count at %.*s",
                                          STR_ARG(locator->source));
    return false;
}

/* True: the answer counts more records than were read. One that is reached proves the end. */
static bool weigh_total(struct look *look, bool *ret_proves, struct str *ret_why)
{
    struct pager_step *step = look->step;
    struct str name;
    int64_t total, reached = pager_reached(step->pager, step->facts->seen);
    bool is_sure = read_declared_total(look, &name, &total) ||
                   find_header_total(step->facts, &name, &total);
    *ret_proves = false;
    if (!counts_all(step) || (!is_sure && !find_body_total(look, &name, &total)))
        return false;
    bool is_of_answer = may_count_the_answer(step, total, is_sure);
    *ret_proves = total == reached && !is_of_answer;
    *ret_why = arena_printf(step->arena, "%.*s is %lld and %lld were read", STR_ARG(name),
                            (long long)total, (long long)reached);
    return total > reached;
}

/* --- more than the definition follows --- */

static const char *find_link(const struct look *look)
{
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        struct value link = field_of(look, links[i]);
        if (link_is_target(link) || link_is_target(value_get(link, STR("href"))))
            return links[i];
    }
    return NULL;
}

static const char *find_cursor(const struct look *look)
{
    for (size_t i = 0; i < COUNT_OF(cursors); i++) {
        struct value cursor = field_of(look, cursors[i]);
        if (cursor.kind == VALUE_STRING && cursor.text.len)
            return cursors[i];
    }
    return NULL;
}

static const char *find_flag(const struct look *look)
{
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        struct value flag = field_of(look, flags[i]);
        if (flag.kind == VALUE_BOOL && flag.boolean)
            return flags[i];
    }
    return NULL;
}

static const char *find_pages(const struct look *look)
{
    int64_t pages;
    for (size_t i = 0; i < COUNT_OF(page_counts); i++)
        if (value_count(field_of(look, page_counts[i]), &pages) &&
            pages > look->step->pager->page + 1)
            return page_counts[i];
    return NULL;
}

static bool find_more(struct look *look, struct str *ret_why)
{
    static const struct {
        const char *(*find)(const struct look *look);
        const char *what;
    } kinds[] = {{find_link, "holds a next link"},
                 {find_cursor, "holds a cursor"},
                 {find_flag, "is true"},
                 {find_pages, "counts more pages"}};
    for (size_t i = 0; i < COUNT_OF(containers); i++) {
        enter(look, containers[i]);
        for (size_t j = 0; j < COUNT_OF(kinds); j++) {
            const char *field = kinds[j].find(look);
            if (!field)
                continue;
            *ret_why = arena_printf(look->step->arena, "%.*s %s", STR_ARG(name_of(look, field)),
                                    kinds[j].what);
            return true;
        }
    }
    return false;
}

/* Links after the last page are often stale. */
static bool see_more(struct look *look, struct str *ret_why)
{
    const struct pager_facts *facts = look->step->facts;
    if (!facts->seen)
        return false;
    *ret_why = STR("a Link header names a next page");
    return link_has_next(facts->headers, facts->header_count, facts->url) ||
           find_more(look, ret_why);
}

/* --- the judgement --- */

/* Was it the definition's own wish to read no further? */
static bool is_wanted(const struct pager_step *step)
{
    enum pagination_type declared = step->pager->declared->type;
    bool is_checked = step->pager->declared->total.kind != LOCATOR_NONE;
    return !is_checked && (declared == PAGINATE_NONE || declared == PAGINATE_RESPONSE_BASED ||
                           step->decision.is_placed);
}

bool evidence_sees_more(struct pager_step *step, struct str *ret_why)
{
    struct look look = look_at(step);
    return see_more(&look, ret_why);
}

bool evidence_says_more(struct pager_step *step, struct str *ret_why)
{
    struct look look = look_at(step);
    bool proves;
    return weigh_total(&look, &proves, ret_why) ||
           (!proves && !step->signs.has_flag && see_more(&look, ret_why));
}

struct str evidence_reached(struct pager_step *step)
{
    struct str why;
    bool proves = false;
    if (pager_may_ask_behind_end(step->pager)) {
        struct look look = look_at(step);
        (void)weigh_total(&look, &proves, &why);
    }
    return proves ? why : STR_NONE;
}

void evidence_look(struct pager_step *step)
{
    struct pager_signs *signs = &step->signs;
    struct str why = STR_NONE;
    if (!signs->has_end || signs->has_more || step->facts->is_last)
        return;
    struct look look = look_at(step);
    struct str total_why = STR_NONE;
    bool proves, has_more = weigh_total(&look, &proves, &total_why);
    if (has_more && signs->proof == COMPLETE_PROVED) {
        /* The count that the definition names was reached; the other may be of more than that. */
        signs->proof = COMPLETE_TOLD;
        signs->proof_why = arena_printf(step->arena, "%.*s, but %.*s",
                                        STR_ARG(signs->proof_why), STR_ARG(total_why));
        return;
    }
    if (has_more)
        why = total_why;
    else if (!see_more(&look, &why)) {
        if (proves)
            pager_step_sign_end(step, COMPLETE_PROVED, total_why);
        return;
    } else if (signs->has_flag)
        return; /* links beside a flag are often stale: they only take its proof from a total */
    if (is_wanted(step)) {
        signs->proof = COMPLETE_ASSUMED;
        signs->proof_why =
            arena_printf(step->arena, "%.*s, but %.*s", STR_ARG(signs->end_why), STR_ARG(why));
        signs->is_doubtful = true;
    } else {
        pager_step_sign_more(step, why);
    }
}

/* What to add; nothing for a stream that says itself that it is one page. */
static void warn(const struct pager_step *step, struct pager_decision *decision)
{
    if (step->pager->declared->type == PAGINATE_NONE && !step->signs.is_doubtful)
        return;
    decision->warning = arena_printf(
        step->arena,
        "%.*s%snot proved to be all (%.*s): `pagination`, `total_path` or `require` "
        "would say more",
        STR_ARG(decision->warning), decision->warning.len ? "; " : "",
        STR_ARG(decision->complete_why));
}

static void end(struct pager_step *step, struct pager_decision *decision)
{
    const struct pager_facts *facts = step->facts;
    decision->complete = step->signs.proof;
    decision->complete_why = step->signs.proof_why;
    if (decision->complete != COMPLETE_ASSUMED)
        return;
    if (facts->seen && asked_for(facts) == facts->seen)
        decision->complete_why =
            arena_printf(step->arena, "%.*s; the page has as many records as were asked for",
                         STR_ARG(decision->complete_why));
    warn(step, decision);
}

void evidence_weigh(struct pager_step *step, struct pager_decision *decision)
{
    switch (decision->outcome) {
    case PAGER_END:
        end(step, decision);
        return;
    case PAGER_TRUNCATED:
        decision->complete = decision->reason == REASON_INCONSISTENT_END ? COMPLETE_CONTRADICTED
                                                                         : COMPLETE_ASSUMED;
        decision->complete_why = decision->why;
        return;
    case PAGER_MORE:
    case PAGER_FAILED:
        return;
    }
}
