#include "worker/paging/pager_next.h"

#include "base/redact.h"
#include "base/saturate.h"
#include "worker/signs/absent.h"
#include "worker/signs/element.h"
#include "worker/signs/evidence.h"
#include "worker/signs/link.h"
#include "worker/signs/look.h"

static bool is_absent(struct value value)
{
    return value.kind == VALUE_UNDEFINED || value.kind == VALUE_NULL;
}

/* "no more" as cursors and next links say it: null, absent, "", false, or PHP's empty array. */
static bool is_nothing(struct value value)
{
    return is_absent(value) || (value.kind == VALUE_STRING && str_trim(value.text).len == 0) ||
           (value.kind == VALUE_BOOL && !value.boolean) ||
           (value.kind == VALUE_LIST && !value.list->count) ||
           (value.kind == VALUE_MAP && !value.map->count);
}

static struct str shown(struct arena *arena, struct value value)
{
    AUTO_BUF(buf, 4096);
    value_format(&buf, value);
    struct str text =
        buf.has_overflowed ? STR("a long value") : arena_str(arena, buf_str(&buf));
    return str_slice(text, 0, 200);
}

static bool fail_value(struct pager_step *step, const struct locator *locator,
                       struct value value, const char *wanted, struct err *err)
{
    pager_step_fail(step, REASON_EVAL);
    if (value.kind == VALUE_UNDEFINED)
        return err_set(err, ERR_INPUT, "pager", 0, "%.*s is absent in the answer: expected %s",
                       STR_ARG(locator->source), wanted);
    struct str text = shown(step->arena, value);
    return err_set(err, ERR_INPUT, "pager", 0, "%.*s is %.*s: expected %s",
                   STR_ARG(locator->source), STR_ARG(text), wanted);
}

static bool read_place(struct pager_step *step, const struct locator *locator,
                       struct value *ret, struct err *err)
{
    if (element_read(step->facts, locator, step->arena, ret, err))
        return true;
    return pager_step_fail(step, REASON_EVAL);
}

/* The first page with records: a place that it has not may be misspelt. */
static bool is_first_page(const struct pager_step *step)
{
    return !step->pager->page && step->facts->seen && !step->pager->recognised.len;
}

/* Nothing else than the flag would end the paging. */
static bool is_alone(const struct pager_step *step)
{
    const struct pagination *how = step->pager->in_force;
    return pager_is_numbered(step->pager) && !how->stops_on_empty && !how->stops_on_short &&
           how->total.kind == LOCATOR_NONE && how->total_pages.kind == LOCATOR_NONE;
}

/* Another sign ends the paging, and is worth less without it: it may be misspelt. */
static void lack_flag(struct pager_step *step, const struct locator *locator)
{
    if (!step->facts->seen)
        return;
    pager_step_lack(step, "has_more_path", locator->source);
    if (!is_first_page(step))
        return;
    (void)absent_place(step, "has_more_path", locator);
    pager_step_warn(step, STR("flag_absent: false says that the flag is left out when false"));
}

static bool read_has_more(struct pager_step *step, struct err *err)
{
    const struct locator *locator = &step->pager->in_force->has_more;
    struct value value;
    if (locator->kind == LOCATOR_NONE)
        return true;
    if (!read_place(step, locator, &value, err))
        return false;
    int absent = step->pager->in_force->flag_absent;
    if (value.kind == VALUE_UNDEFINED && absent < 0 && !is_alone(step)) {
        lack_flag(step, locator);
        return true;
    }
    int flag = value.kind == VALUE_UNDEFINED ? absent : value_flag(value);
    bool is_true = flag > 0;
    if (step->pager->in_force->is_flag_of_end && value.kind != VALUE_UNDEFINED && flag >= 0)
        flag = !flag;
    if (flag < 0)
        return fail_value(step, locator, value,
                          "a flag (true or false; where it is left out when false, "
                          "flag_absent: false or default(false) says so)",
                          err);
    step->signs.has_flag = value.kind != VALUE_UNDEFINED;
    step->signs.is_explicit |= step->signs.has_flag && !flag;
    struct str why = arena_printf(step->arena, "%.*s is %s%s", STR_ARG(locator->source),
                                  step->signs.has_flag ? "" : "absent, which means ",
                                  is_true ? "true" : "false");
    bool is_doubtful =
        !step->signs.has_flag && is_first_page(step) && look_is_full(step->facts, step->arena);
    if (flag)
        pager_step_sign_more(step, why);
    else
        pager_step_sign_end(
            step, is_doubtful ? absent_place(step, "has_more_path", locator) : COMPLETE_TOLD,
            why);
    return true;
}

/* The end is found without it. */
static void absent_count(struct pager_step *step, const struct locator *locator,
                         struct value value)
{
    bool is_total = locator == &step->pager->in_force->total;
    const char *key = is_total ? "total_path" : "total_pages_path";
    if (step->facts->seen && (is_total ? step->pager->total : step->pager->pages) < 0)
        pager_step_lack(step, key, locator->source);
    if (value.kind == VALUE_UNDEFINED && is_first_page(step))
        (void)absent_place(step, key, locator);
}

/* -1: the API does not say, which is fine only where an empty page ends the paging. */
static bool read_count(struct pager_step *step, const struct locator *locator,
                       int64_t *ret_count, struct err *err)
{
    struct value value;
    *ret_count = -1;
    if (locator->kind == LOCATOR_NONE)
        return true;
    if (!read_place(step, locator, &value, err))
        return false;
    if (is_absent(value) && step->pager->in_force->stops_on_empty) {
        absent_count(step, locator, value);
        return true;
    }
    bool is_total = locator == &step->pager->in_force->total;
    if (is_total && look_read_total(value, ret_count))
        return true;
    *ret_count = -1;
    if (is_total && look_is_bound(value) && step->pager->in_force->stops_on_empty)
        return true;
    if (!value_count(value, ret_count))
        return fail_value(step, locator, value, "a count", err);
    return true;
}

/*
 * Both signs come from here: what the API counts, against what was read. A count that is
 * reached while the same answer says that more follows is not the end: the next page will tell.
 */
static void compare_total(struct pager_step *step, struct str name, int64_t reached,
                          int64_t total)
{
    struct str why = arena_printf(step->arena, "%.*s is %lld and %lld were read", STR_ARG(name),
                                  (long long)total, (long long)reached);
    if (reached < total)
        pager_step_sign_more(step, why);
    else if (!evidence_doubts_count(step))
        pager_step_sign_end(step, COMPLETE_PROVED, why);
}

/* Other than on the first page: records came or went meanwhile, or it is made to fit. */
static bool has_changed(const struct pager_step *step, int64_t first, int64_t count)
{
    return first >= 0 && (first != count || step->pager->has_drifted);
}

/* A count that is reached now, whatever else says that it is the end. */
static void doubt_count(struct pager_step *step, struct str name, int64_t first, int64_t count)
{
    struct str more;
    struct arena *arena = step->arena;
    if (evidence_sees_more(step, &more))
        return;
    step->signs.drift =
        first == count
            ? arena_printf(arena, "%.*s is %lld, but was another number on a page before",
                           STR_ARG(name), (long long)count)
            : arena_printf(arena, "%.*s is %lld, but was %lld", STR_ARG(name), (long long)count,
                           (long long)first);
    pager_step_sign_end(step, COMPLETE_ASSUMED, step->signs.drift);
}

/*
 * As many pages as there are say that no more follows. How many records they should have is not
 * said: one that went away moved another over the border of two pages, and the count is the
 * same. Of one answer that is no matter.
 */
static void reach_pages(struct pager_step *step, struct str name, int64_t pages)
{
    struct str why = arena_printf(step->arena, "%.*s is %lld and %lld were read", STR_ARG(name),
                                  (long long)pages, (long long)pages);
    step->signs.has_pages = true;
    if (has_changed(step, step->pager->pages, pages)) {
        doubt_count(step, name, step->pager->pages, pages);
    } else if (!evidence_doubts_count(step)) {
        step->signs.is_explicit = true;
        pager_step_sign_end(step, pages > 1 ? COMPLETE_TOLD : COMPLETE_PROVED, why);
    }
}

/* As many as were asked for or, where the server may have a cap, as pages usually have. */
static bool is_full(const struct pager_step *step)
{
    int64_t size = pager_size(step->pager);
    return (size && step->facts->seen + step->facts->again >= size) ||
           look_is_full(step->facts, step->arena);
}

/*
 * A count below what a full page has reached is wrong; where the first answer's said that more
 * follows, the next page tells.
 */
static bool is_slip(const struct pager_step *step, int64_t first, int64_t reached)
{
    return first > reached && step->facts->seen && is_full(step);
}

/*
 * Past the last page, an empty one is no page of those that the API counts; nor is the first
 * where it counts none. Fewer pages than were read prove nothing.
 */
static void compare_pages(struct pager_step *step, struct str name, int64_t pages)
{
    const struct pager *pager = step->pager;
    bool is_behind = step->facts->seen == 0 && (pager->page > 0 || !pages);
    int64_t reached = saturate_add(pager->page, !is_behind);
    if (reached < pages)
        compare_total(step, name, reached, pages);
    else if (reached == pages)
        reach_pages(step, name, pages);
    else if (!evidence_doubts_count(step) && !is_slip(step, step->pager->pages, reached))
        pager_step_sign_end(step, COMPLETE_ASSUMED,
                            arena_printf(step->arena, "%.*s is %lld, but %lld were read",
                                         STR_ARG(name), (long long)pages, (long long)reached));
}

/* Does the request or the answer say how many records a page may have? */
static bool is_size_known(const struct pager_step *step)
{
    struct look look;
    struct look_found found;
    if (step->pager->in_force->size || look_asked_for(step->facts, step->arena) >= 0)
        return true;
    look_open(&look, step->facts, step->arena);
    return look_find(&look, &known_page_sizes, look_is_count, &found);
}

/* Of a server whose page size nobody says; pages of fewer records than that are not seen. */
static bool may_be_full(const struct pager_step *step)
{
    enum { PAGE_RECORDS_MIN = 5 };
    return is_full(step) || (step->facts->seen >= PAGE_RECORDS_MIN && !is_size_known(step));
}

/* More than there is may be the same again: it is the end, and proves nothing. */
static void end_beyond(struct pager_step *step, struct str name, int64_t reached, int64_t total)
{
    struct str more;
    bool is_declared = step->pager->declared->total.kind != LOCATOR_NONE;
    if (!is_declared || !evidence_is_overrun(step, total) || evidence_sees_more(step, &more)) {
        pager_step_sign_end(step, COMPLETE_ASSUMED,
                            arena_printf(step->arena, "%.*s is %lld, but %lld were read",
                                         STR_ARG(name), (long long)total, (long long)reached));
        return;
    }
    evidence_sign_overrun(step, name, total, reached);
}

/*
 * A full first page that has all may be one whose total counts this answer only: the next page
 * will tell.
 */
static void judge_total(struct pager_step *step, int64_t reached, int64_t total)
{
    struct str name = step->pager->in_force->total.source;
    bool may_be_of_page = !step->pager->page && may_be_full(step) && !evidence_sees_end(step);
    if (reached > total && is_slip(step, step->pager->total, reached))
        return;
    if (reached > total || !may_be_of_page)
        pager_step_note_total(step, total, reached);
    if (reached > total)
        end_beyond(step, name, reached, total);
    else if (reached == total && has_changed(step, step->pager->total, total))
        doubt_count(step, name, step->pager->total, total);
    else if (reached < total || step->signs.has_end || !may_be_of_page)
        compare_total(step, name, reached, total);
}

/* Behind the first page, what is the number of records of each page is no total. */
static bool counts_the_page(const struct pager_step *step, int64_t reached, int64_t total)
{
    return step->pager->page && total == step->facts->seen && reached > total;
}

/* No total is less than a full page has: it counts pages perhaps, or nothing. */
static bool counts_less(const struct pager_step *step, int64_t total)
{
    return total >= 0 && total < step->facts->seen && is_full(step);
}

/* A count that changes is worth a warning: records may be missed or come twice. */
static void remember_count(struct pager_step *step, struct str name, int64_t count,
                           int64_t *first)
{
    if (*first < 0)
        *first = count;
    if (*first == count)
        return;
    step->next->has_drifted = true;
    pager_step_warn(step, arena_printf(step->arena,
                                       "drifted: %.*s changed from %lld to %lld while paging",
                                       STR_ARG(name), (long long)*first, (long long)count));
}

/* Of the size that is in force now. */
static int64_t pages_left(int64_t records, int64_t size)
{
    int64_t left = MAX(records, 0);
    return left / size + (left % size != 0);
}

static bool read_totals(struct pager_step *step, struct err *err)
{
    const struct pagination *how = step->pager->in_force;
    const struct pager_facts *facts = step->facts;
    int64_t total, pages;
    if (!read_count(step, &how->total, &total, err) ||
        !read_count(step, &how->total_pages, &pages, err))
        return false;
    int64_t reached = pager_reached(step->pager, facts->seen);
    if (total <= 0 && !facts->seen && step->pager->page && how->total.kind != LOCATOR_NONE)
        total = step->pager->total; /* an empty page often leaves it out, or counts itself */
    if (counts_the_page(step, reached, total) || counts_less(step, total))
        step->next->total = total = -1;
    if (total >= 0) {
        judge_total(step, reached, total);
        remember_count(step, how->total.source, total, &step->next->total);
        /* Records per page: of this one, or of those before where it is the short last one. */
        int64_t before = step->pager->page ? step->pager->records / step->pager->page : 0;
        int64_t size = how->size ? how->size : MAX(facts->seen, before);
        int64_t count = size ? total / size + (total % size != 0) : 0;
        if (how->halves || how->overlap)
            count = step->next->page +
                    pages_left(total - reached, pager_size(step->pager) - how->overlap);
        step->decision.pages_total = (int)MIN(count, INT32_MAX);
    }
    if (pages >= 0) {
        if (total < 0)
            remember_count(step, how->total_pages.source, pages, &step->next->pages);
        compare_pages(step, how->total_pages.source, pages);
        step->decision.pages_total = (int)MIN(pages, INT32_MAX);
    }
    return true;
}

/* Pages that are smaller than the steps between them leave gaps, if a cap makes them so. */
static void end_with_empty(struct pager_step *step)
{
    const struct pagination *how = step->pager->in_force;
    int64_t before = (int64_t)step->pager->page - 1; /* pages that others followed */
    int64_t asked = step->pager->number - how->start - pager_size(step->pager);
    bool has_gaps = step->pager->type == PAGINATE_OFFSET && how->steps_by_size && before > 0 &&
                    step->pager->records <= asked;
    pager_step_sign_end(
        step, has_gaps ? COMPLETE_ASSUMED : COMPLETE_TOLD,
        has_gaps
            ? arena_printf(step->arena,
                           "the page is empty, but pages before it have fewer records than "
                           "`size`, and `step: size` may have gone over some")
            : STR("the page is empty"));
}

bool pager_next_number(struct pager_step *step, struct err *err)
{
    const struct pagination *how = step->pager->in_force;
    int64_t seen = step->facts->seen;
    if (!read_has_more(step, err) || !read_totals(step, err))
        return false;
    if (seen == 0 && how->stops_on_empty)
        end_with_empty(step);
    struct str why;
    bool has_more = step->signs.has_more || (seen && evidence_says_more(step, &why));
    int64_t on_page = seen + step->facts->again;
    if (how->stops_on_short && on_page < pager_size(step->pager) && !has_more)
        pager_step_sign_end(step, COMPLETE_ASSUMED, STR("the page is short"));
    int64_t by = step->pager->type == PAGINATE_PAGE ? 1
                 : how->steps_by_size               ? pager_size(step->pager)
                                                    : on_page;
    step->next->number = saturate_add(step->next->number, by);
    step->next->back = MIN(how->overlap, step->next->number - how->start);
    step->next->number -= step->next->back;
    return true;
}

/* A rule that fits too much, by a typo say, would pass for the API's word. */
static void end_by_rule(struct pager_step *step)
{
    struct str against = evidence_against_rule(step);
    step->signs.is_doubtful = against.len > 0;
    step->signs.is_explicit = !step->signs.is_doubtful;
    if (step->signs.is_explicit)
        pager_step_sign_end(step, COMPLETE_TOLD, STR("a rule of responses says so"));
    else
        pager_step_sign_end(step, COMPLETE_ASSUMED,
                            arena_printf(step->arena, "responses[%zu] %.*s: is it misspelt?",
                                         step->facts->rule, STR_ARG(against)));
}

/* By the count of an earlier answer: a full first page is asked about once more. */
static bool has_all(const struct pager *pager)
{
    return pager->in_force->total.kind != LOCATOR_NONE && pager->total >= 0 &&
           pager_reached(pager, 0) >= pager->total;
}

void pager_next_file(struct pager_step *step)
{
    const struct pager_facts *facts = step->facts;
    step->decision.pages_total = (int)MIN(facts->files, INT32_MAX);
    if (!facts->next_file.len) {
        pager_step_sign_end(step, COMPLETE_TOLD,
                            arena_printf(step->arena,
                                         "all %lld files that the API named are read",
                                         (long long)facts->files));
        return;
    }
    step->next->url = facts->next_file;
    step->next->is_file = true;
    pager_step_sign_more(step, arena_printf(step->arena, "%d of %lld files are read",
                                            step->next->page, (long long)facts->files));
}

/* The page is refused, and what was read before is what a count said. */
static void end_behind(struct pager_step *step)
{
    const struct pager *pager = step->pager;
    int64_t all = pager_reached(pager, 0);
    pager_step_note_total(step, all, all);
    if (!pager->has_drifted) {
        pager_step_sign_end(step, COMPLETE_PROVED, pager->reached);
        return;
    }
    step->signs.drift = arena_printf(step->arena, "%.*s, but it was another number before",
                                     STR_ARG(pager->reached));
    pager_step_sign_end(step, COMPLETE_ASSUMED, step->signs.drift);
}

void pager_next_empty(struct pager_step *step)
{
    const struct pager *pager = step->pager;
    const struct pagination *how = pager->in_force;
    if (step->facts->is_behind_end) {
        end_behind(step);
    } else if (step->facts->is_last) {
        end_by_rule(step);
    } else if (pager_is_numbered(pager) && !how->stops_on_empty && !has_all(pager)) {
        step->next->number = saturate_add(step->next->number,
                                          pager->type == PAGINATE_PAGE ? 1 : pager_size(pager));
    } else {
        pager_step_sign_end(step, COMPLETE_TOLD, STR("the answer has no content"));
        if (!pager_is_numbered(pager))
            return;
        if (how->total.kind != LOCATOR_NONE && pager->total >= 0)
            judge_total(step, pager_reached(pager, 0), pager->total);
        else if (how->total_pages.kind != LOCATOR_NONE && pager->pages >= 0)
            compare_pages(step, how->total_pages.source, pager->pages);
    }
}

/* A cursor that stays where it is once all is read (CouchDB's _changes, Solr's cursorMark). */
static bool stands_still(const struct pager_step *step, struct value cursor)
{
    return step->facts->seen == 0 && step->pager->page > 0 &&
           value_same(cursor, step->pager->cursor);
}

/*
 * `<resumptionToken completeListSize="3" cursor="0"/>` is the last of OAI-PMH. Where none of
 * the numbers is what was read, the cursor may be in one of the attributes.
 */
static bool is_end_of_list(const struct pager_step *step, struct value element)
{
    int64_t number, reached = pager_reached(step->pager, step->facts->seen);
    for (size_t i = 0; i < element.map->count; i++)
        if (value_count(element.map->members[i].value, &number) && number == reached)
            return true;
    return step->pager->page > 0;
}

static void end_with_bare(struct pager_step *step, const struct locator *locator,
                          struct value element)
{
    bool is_end = is_end_of_list(step, element);
    struct str name = element.map->members[0].key;
    if (!is_end)
        pager_step_warn(step, arena_printf(step->arena,
                                           "cursor_path: %.*s has attributes and no text; "
                                           "%.*s['%.*s'] names one",
                                           STR_ARG(locator->source), STR_ARG(locator->source),
                                           STR_ARG(redact_cut(step->arena, name, 200))));
    step->signs.is_explicit |= is_end;
    pager_step_sign_end(
        step, is_end ? COMPLETE_TOLD : COMPLETE_ASSUMED,
        arena_printf(step->arena, "%.*s holds no cursor", STR_ARG(locator->source)));
}

/* "No more" by a cursor or link that holds nothing, or is not there. */
static void end_without_next(struct pager_step *step, const struct locator *locator,
                             struct value value, bool is_cursor)
{
    enum job_complete proof = COMPLETE_TOLD;
    bool is_first = is_first_page(step);
    const char *what = is_cursor ? "cursor" : "link";
    if (is_first && value.kind == VALUE_UNDEFINED)
        proof = absent_place(step, is_cursor ? "cursor_path" : "next_path", locator);
    else if (is_first && is_cursor && look_is_full(step->facts, step->arena))
        proof = COMPLETE_ASSUMED; /* some give a cursor only where one is asked for */
    step->signs.is_explicit |=
        value.kind != VALUE_UNDEFINED || absent_is_left_out(step, locator);
    pager_step_sign_end(
        step, proof,
        arena_printf(step->arena, "%.*s holds no %s", STR_ARG(locator->source), what));
}

bool pager_next_cursor(struct pager_step *step, struct err *err)
{
    const struct pagination *how = step->pager->in_force;
    struct value cursor;
    if (!read_has_more(step, err))
        return false;
    if (step->signs.has_end)
        return true; /* nothing is asked for after the end */
    if (!read_place(step, &how->cursor, &cursor, err))
        return false;
    if (is_nothing(cursor))
        end_without_next(step, &how->cursor, cursor, true);
    else if (element_is_bare(step->facts, cursor))
        end_with_bare(step, &how->cursor, cursor);
    else if (how->spreads_cursor && cursor.kind != VALUE_MAP)
        return fail_value(step, &how->cursor, cursor, "an object of parameters", err);
    else if (stands_still(step, cursor))
        pager_step_sign_end(step, COMPLETE_TOLD,
                            STR("the page is empty and the cursor has not moved"));
    else
        return pager_step_keep(step, cursor, &step->next->cursor, err);
    return true;
}

/* Takes it; on an empty page a link to that very page says that nothing follows. */
static bool take_link(struct pager_step *step, struct str link, struct err *err)
{
    const struct pager_facts *facts = step->facts;
    const struct pager *next = step->next;
    bool is_home;
    if (!pager_step_take_link(step, link, &is_home, err))
        return false;
    if (!facts->seen && step->pager->page > 0 && is_absent(next->body) &&
        str_eq(next->url, facts->url))
        pager_step_sign_end(step, COMPLETE_TOLD,
                            STR("the page is empty and its next link is its own"));
    return true;
}

bool pager_next_link(struct pager_step *step, struct err *err)
{
    const struct pagination *how = step->pager->in_force;
    const struct pager_facts *facts = step->facts;
    const struct link_wanted wanted = {how->rel.len ? how->rel : STR("next"), facts->url};
    struct str broken;
    struct str link =
        link_find_in_answer(facts->headers, facts->header_count, &wanted, &broken);
    if (!link.ptr && broken.ptr) {
        pager_step_warn(step, arena_printf(step->arena,
                                           "page %d: the Link field cannot be read: %.*s",
                                           pager_pages(step->next),
                                           STR_ARG(redact_cut(step->arena, broken, 200))));
        pager_step_sign_end(step, COMPLETE_ASSUMED, STR("the Link field cannot be read"));
        return true;
    }
    if (!link.ptr) {
        enum job_complete proof =
            is_first_page(step) ? absent_rel(step, wanted.rel) : COMPLETE_TOLD;
        step->signs.is_explicit |= link_is_there(facts->headers, facts->header_count);
        pager_step_sign_end(step, proof, STR("there is no next link"));
        return true;
    }
    step->next->method = how->next_page.method;
    return take_link(step, link, err);
}

static bool fail_link(struct pager_step *step, const char *what, struct err *err)
{
    pager_step_fail(step, REASON_EVAL);
    return err_set(err, ERR_INPUT, "pager", 0, "%.*s: %s",
                   STR_ARG(step->pager->in_force->next.source), what);
}

/* What an answer may have us send: what reads, and what the stream itself sends. */
static bool take_method(struct pager_step *step, struct value method, struct err *err)
{
    static const struct str readers[] = {STR_INIT("GET"), STR_INIT("POST"), STR_INIT("QUERY"),
                                         STR_INIT("SEARCH")};
    struct str own = step->facts->stream->method;
    if (is_nothing(method))
        return true;
    if (method.kind == VALUE_STRING && str_eq_nocase(method.text, own)) {
        step->next->method = own;
        return true;
    }
    for (size_t i = 0; method.kind == VALUE_STRING && i < COUNT_OF(readers); i++) {
        if (!str_eq_nocase(method.text, readers[i]))
            continue;
        step->next->method = readers[i];
        return true;
    }
    return fail_link(step, "the link's method is none that reads", err);
}

/*
 * {href, method, body, merge}, as STAC API has it (Item Search, "Paging"): `merge` sets the
 * members of `body` in the stream's own.
 */
static bool take_link_object(struct pager_step *step, struct value link, struct err *err)
{
    struct value href = value_get(link, STR("href")), body = value_get(link, STR("body"));
    if (href.kind != VALUE_STRING || !href.text.len)
        return fail_link(step, "the link has no href, the URL of the next page", err);
    if (!take_method(step, value_get(link, STR("method")), err) ||
        (!is_absent(body) && !pager_step_keep(step, body, &step->next->body, err)))
        return false;
    step->next->merges_body = value_flag(value_get(link, STR("merge"))) == 1;
    return take_link(step, href.text, err);
}

/* `{"href": null}` */
static bool is_empty_link(struct value link)
{
    struct value href = value_get(link, STR("href"));
    return link.kind == VALUE_MAP && href.kind != VALUE_UNDEFINED &&
           (is_nothing(href) || look_is_word_for_nothing(href));
}

bool pager_next_url(struct pager_step *step, struct err *err)
{
    const struct locator *locator = &step->pager->in_force->next;
    struct value link;
    if (!read_has_more(step, err))
        return false;
    if (step->signs.has_end)
        return true; /* nothing is asked for after the end */
    if (!read_place(step, locator, &link, err))
        return false;
    if (is_nothing(link) || look_is_word_for_nothing(link) || is_empty_link(link)) {
        end_without_next(step, locator, link, false);
        return true;
    }
    step->next->method = step->pager->in_force->next_page.method;
    if (link.kind == VALUE_MAP)
        return take_link_object(step, link, err);
    if (link.kind != VALUE_STRING)
        return fail_value(step, locator, link, "the URL of the next page", err);
    return take_link(step, link.text, err);
}
