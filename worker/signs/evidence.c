#include "worker/signs/evidence.h"

#include "worker/signs/absent.h"
#include "worker/signs/element.h"
#include "worker/signs/link.h"
#include "worker/signs/look.h"
#include "worker/signs/trouble.h"

/* --- a count of all records --- */

/* `items 0-24/235`; bytes are no records. */
static bool read_range(struct str range, int64_t *ret_total)
{
    struct str before;
    struct str total = str_split(range, '/', &before);
    return !str_starts(range, STR("bytes")) && look_read_total(value_string(total), ret_total);
}

static bool is_total(struct value value)
{
    int64_t total;
    return look_read_total(value, &total);
}

static bool find_header_total(const struct pager_facts *facts, struct str *ret_name,
                              int64_t *ret_total)
{
    struct look_found found;
    for (size_t i = 0; i < facts->header_count; i++) {
        *ret_name = facts->headers[i].name;
        if (str_is(*ret_name, "content-range") &&
            read_range(facts->headers[i].value, ret_total))
            return true;
    }
    if (!look_find_header(facts, &known_total_headers, is_total, &found))
        return false;
    *ret_name = found.path;
    return look_read_total(found.value, ret_total);
}

/* Counts in a record are its own. */
static bool find_body_total(const struct look *look, struct str *ret_name, int64_t *ret_total)
{
    struct look_found found;
    if (look->is_record || !look_find(look, &known_totals, is_total, &found))
        return false;
    *ret_name = found.path;
    return look_read_total(found.value, ret_total);
}

/*
 * A count may be of one page only: as many as were asked for or, where the name of the count
 * could mean that too, a usual size of pages.
 */
static bool may_be_of_a_page(const struct pager_step *step, int64_t count, bool is_sure)
{
    bool is_asked_for =
        look_asked_for(step->facts, step->arena) == count || pager_size(step->pager) == count;
    bool is_usual = !is_sure && (count % 10 == 0 || count % 25 == 0);
    return count > 0 && (is_asked_for || is_usual);
}

static bool may_count_the_answer(const struct pager_step *step, int64_t total, bool is_sure)
{
    return total == step->facts->seen && may_be_of_a_page(step, total, is_sure);
}

bool evidence_counts_all(const struct pager *pager, const struct stream *stream)
{
    int wildcards = 0;
    for (size_t i = 0; i < stream->merge.path.count; i++)
        wildcards += stream->merge.path.steps[i].kind >= PATH_EACH;
    bool starts_late = (pager->type == PAGINATE_PAGE && pager->declared->start > 1) ||
                       (pager->type == PAGINATE_CURSOR &&
                        pager->declared->cursor_start.kind != VALUE_UNDEFINED);
    return stream->merge.strategy == MERGE_APPEND && wildcards <= 1 && !starts_late;
}

static bool counts_all(const struct pager_step *step)
{
    return evidence_counts_all(step->pager, step->facts->stream);
}

/* A total_path that only checks the end: the numbered types read theirs themselves. */
static bool checks_by_total(const struct pager_step *step)
{
    return step->pager->declared->total.kind != LOCATOR_NONE && !pager_is_numbered(step->pager);
}

static bool read_declared_total(struct pager_step *step, struct str *ret_name,
                                int64_t *ret_total)
{
    const struct locator *locator = &step->pager->declared->total;
    struct value value;
    struct err err = ERR_INIT;
    if (!checks_by_total(step))
        return false;
    *ret_name = locator->source;
    return element_read(step->facts, locator, step->arena, &value, &err) &&
           look_read_total(value, ret_total);
}

static void warn_of_no_total(struct pager_step *step, struct value value, bool is_read)
{
    const struct locator *locator = &step->pager->declared->total;
    if (is_read && value.kind == VALUE_UNDEFINED && step->facts->seen)
        (void)absent_place(step, "total_path", locator);
    else
        pager_step_warn(step, arena_printf(step->arena, "total_path: there is no count at %.*s",
                                           STR_ARG(locator->source)));
}

/* A total_path that leads to no count: the end is not checked by it. */
static void miss_total(struct pager_step *step)
{
    const struct locator *locator = &step->pager->declared->total;
    struct value value = UNDEFINED_VALUE;
    struct err ignored = ERR_INIT;
    bool is_read = element_read(step->facts, locator, step->arena, &value, &ignored);
    if (step->facts->seen && step->pager->total < 0 && !look_is_bound(value))
        pager_step_lack(step, "total_path", locator->source);
    if (!step->pager->page)
        warn_of_no_total(step, value, is_read);
}

/* *ret_is_sure: its name can mean nothing else than all records. */
static bool find_total(struct pager_step *step, const struct look *look, struct str *ret_name,
                       int64_t *ret_total, bool *ret_is_sure)
{
    *ret_is_sure = read_declared_total(step, ret_name, ret_total) ||
                   find_header_total(step->facts, ret_name, ret_total);
    return counts_all(step) && (*ret_is_sure || find_body_total(look, ret_name, ret_total));
}

/*
 * The last answer may have none (404, 204, an empty list): then the one of the first page
 * counts. The numbered types keep theirs themselves.
 */
static bool find_kept_total(const struct pager_step *step, struct str *ret_name,
                            int64_t *ret_total)
{
    *ret_name = STR("the total of the first page");
    *ret_total = step->pager->total;
    return counts_all(step) && !pager_is_numbered(step->pager) && *ret_total >= 0;
}

/* pager_next keeps and compares what the definition names: another count cannot mend it. */
static bool has_own_total(const struct pager_step *step)
{
    return pager_is_numbered(step->pager) && step->pager->in_force->total.kind != LOCATOR_NONE;
}

static bool has_own_count(const struct pager_step *step)
{
    return has_own_total(step) || (pager_is_numbered(step->pager) &&
                                   step->pager->in_force->total_pages.kind != LOCATOR_NONE);
}

/* Records came or went meanwhile, a link led elsewhere, or the total is made to fit. An empty
 * page often counts itself. */
static bool has_total_changed(struct pager_step *step, const struct look *look,
                              struct str *ret_why)
{
    struct str name;
    bool is_sure;
    int64_t total, first = step->pager->total,
                   reached = pager_reached(step->pager, step->facts->seen);
    if (first < 0 || has_own_total(step) || !find_total(step, look, &name, &total, &is_sure) ||
        total == first || ((!is_sure || !step->facts->seen) && total != reached))
        return false;
    *ret_why = arena_printf(step->arena, "%.*s is %lld, but was %lld on the first page",
                            STR_ARG(name), (long long)total, (long long)first);
    return true;
}

void evidence_remember(struct pager_step *step)
{
    struct look look;
    struct str name;
    int64_t total;
    bool is_sure;
    if (has_own_total(step) || step->facts->is_empty_answer)
        return;
    if (checks_by_total(step) && !read_declared_total(step, &name, &total))
        miss_total(step);
    if (step->pager->page)
        return;
    look_open(&look, step->facts, step->arena);
    if (find_total(step, &look, &name, &total, &is_sure) &&
        !may_count_the_answer(step, total, is_sure))
        step->next->total = total;
}

bool evidence_is_overrun(const struct pager_step *step, int64_t total)
{
    return step->pager->page > 0 && step->facts->seen > 0 && step->pager->total == total &&
           pager_reached(step->pager, step->facts->seen) > total && counts_all(step) &&
           !step->facts->stream->table.key_count && !step->pager->declared->allows_repeats;
}

/*
 * The pages of one that is asked for by number may be the same again and again, with fields
 * that change. Twice a total that stands, and 200 pages, is far more than what one that counts
 * something else, or that is old, would explain. Where records have ids, those tell before
 * (crawl/twice.c).
 */
enum { OVERRUN_PAGES = 200, OVERRUN_TIMES = 2 };

void evidence_sign_overrun(struct pager_step *step, struct str name, int64_t total,
                           int64_t reached)
{
    pager_step_sign_end(step, COMPLETE_ASSUMED,
                        arena_printf(step->arena, "%.*s is %lld on the first page and on this",
                                     STR_ARG(name), (long long)total));
    pager_step_sign_more(step, arena_printf(step->arena, "%lld were read: did some come twice?",
                                            (long long)reached));
}

void evidence_look_overrun(struct pager_step *step)
{
    struct look look;
    struct str name;
    bool is_sure;
    int64_t total, seen = step->facts->seen, reached = pager_reached(step->pager, seen);
    if (step->pager->page < OVERRUN_PAGES - 1 || !pager_is_numbered(step->pager) ||
        step->signs.has_end || has_own_count(step))
        return;
    look_open(&look, step->facts, step->arena);
    if (!find_total(step, &look, &name, &total, &is_sure) || total <= seen ||
        reached / OVERRUN_TIMES <= total || !evidence_is_overrun(step, total))
        return;
    evidence_sign_overrun(step, name, total, reached);
}

enum total_says {
    TOTAL_NOTHING,
    TOTAL_REACHED, /* the end is proved */
    TOTAL_MORE,    /* than was read */
    TOTAL_PASSED,  /* more was read: perhaps the same again */
};

static enum total_says compare_total(const struct pager_step *step, int64_t total, bool is_sure)
{
    int64_t seen = step->facts->seen, reached = pager_reached(step->pager, seen);
    if (total > reached)
        return TOTAL_MORE;
    if (may_count_the_answer(step, total, is_sure))
        return TOTAL_NOTHING;
    if (total == reached)
        return TOTAL_REACHED;
    return is_sure || (total > seen && !may_be_of_a_page(step, total, false)) ? TOTAL_PASSED
                                                                              : TOTAL_NOTHING;
}

static enum total_says weigh_total(struct pager_step *step, const struct look *look,
                                   struct str *ret_why)
{
    struct str name;
    bool is_sure;
    int64_t total, reached = pager_reached(step->pager, step->facts->seen);
    bool is_there = find_total(step, look, &name, &total, &is_sure) &&
                    (total > 0 || step->facts->seen || step->pager->total < 0);
    if (!is_there && !find_kept_total(step, &name, &total))
        return TOTAL_NOTHING;
    enum total_says says = compare_total(step, total, is_sure || !is_there);
    if (says == TOTAL_REACHED || says == TOTAL_PASSED)
        pager_step_note_total(step, total, reached);
    if (says == TOTAL_REACHED && has_total_changed(step, look, ret_why))
        says = TOTAL_NOTHING;
    *ret_why = arena_printf(step->arena, "%.*s is %lld%s %lld were read", STR_ARG(name),
                            (long long)total, says == TOTAL_PASSED ? ", but" : " and",
                            (long long)reached);
    return says;
}

/* More was read than a total that can mean nothing else: the one that the answer itself has. */
static bool is_overrun(struct pager_step *step, const struct look *look)
{
    struct str name;
    bool is_sure;
    int64_t total;
    return find_total(step, look, &name, &total, &is_sure) && is_sure &&
           evidence_is_overrun(step, total);
}

/* --- more than the definition follows --- */

static bool is_more_pages(const struct look *look, int64_t page, const struct known_list *list,
                          struct look_found *ret)
{
    int64_t pages;
    return look_find(look, list, look_is_count, ret) && value_count(ret->value, &pages) &&
           pages > page;
}

static bool say_more(const struct look *look, const struct look_found *found, const char *what,
                     struct str *ret_why)
{
    *ret_why = arena_printf(look->arena, "%.*s %s", STR_ARG(found->path), what);
    return true;
}

static bool find_more(const struct look *look, int64_t page, struct str *ret_why)
{
    static const struct {
        const struct known_list *list;
        look_fits_fn *fits;
        const char *what;
    } kinds[] = {{&known_links, look_is_link, "holds a next link"},
                 {&known_cursors, look_is_cursor, "holds a cursor"},
                 {&known_flags, look_is_yes, "is true"},
                 {&known_ends, look_is_false, "is false"}};
    struct look_found found;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (look_find(look, kinds[i].list, kinds[i].fits, &found))
            return say_more(look, &found, kinds[i].what, ret_why);
    return is_more_pages(look, page, &known_pages, &found) &&
           say_more(look, &found, "counts more pages", ret_why);
}

static bool find_more_header(const struct look *look, int64_t page, struct str *ret_why)
{
    const struct pager_facts *facts = look->facts;
    struct look_found found;
    int64_t pages;
    *ret_why = STR("a Link header names a next page");
    if (link_has_next(facts->headers, facts->header_count, facts->url))
        return true;
    if (look_find_header(facts, &known_next_headers, look_is_link, &found) ||
        look_find_header(facts, &known_next_headers, look_is_cursor, &found))
        return say_more(look, &found, "names a next page", ret_why);
    if (look_find_header(facts, &known_flag_headers, look_is_yes, &found))
        return say_more(look, &found, "is true", ret_why);
    return look_find_header(facts, &known_pages_headers, look_is_count, &found) &&
           value_count(found.value, &pages) && pages > page &&
           say_more(look, &found, "counts more pages", ret_why);
}

static bool point_on(const struct pager_step *step, const struct look *look,
                     struct str *ret_why)
{
    int64_t page = (int64_t)step->pager->page + 1;
    return find_more_header(look, page, ret_why) || find_more(look, page, ret_why);
}

/* Links after the last page are often stale: an empty page has none. */
static bool see_more(const struct pager_step *step, const struct look *look,
                     struct str *ret_why)
{
    return step->facts->seen && point_on(step, look, ret_why);
}

/* --- the judgement --- */

/* Was it the definition's own wish to read no further? */
static bool is_wanted(const struct pager_step *step)
{
    enum pagination_type declared = step->pager->declared->type;
    bool is_checked = step->pager->declared->total.kind != LOCATOR_NONE ||
                      step->pager->declared->count.at.kind != LOCATOR_NONE;
    return !is_checked && (declared == PAGINATE_NONE || declared == PAGINATE_RESPONSE_BASED ||
                           step->decision.is_placed);
}

bool evidence_sees_more(struct pager_step *step, struct str *ret_why)
{
    struct look look;
    look_open(&look, step->facts, step->arena);
    return see_more(step, &look, ret_why);
}

/* An empty page: the count was reached before it, but that page and this one point on. */
static bool is_count_doubtful(struct pager_step *step, const struct look *look)
{
    struct str why;
    return !step->facts->seen && pager_is_numbered(step->pager) && point_on(step, look, &why);
}

bool evidence_doubts_count(struct pager_step *step)
{
    struct look look;
    struct str why;
    look_open(&look, step->facts, step->arena);
    return see_more(step, &look, &why) || is_count_doubtful(step, &look);
}

bool evidence_sees_end(struct pager_step *step)
{
    struct look look;
    struct look_found found;
    const char *what;
    int64_t pages, page = (int64_t)step->pager->page + 1;
    look_open(&look, step->facts, step->arena);
    return look_says_last(&look, &found, &what) ||
           (look_find(&look, &known_pages, look_is_count, &found) &&
            value_count(found.value, &pages) && pages == page);
}

bool evidence_says_more(struct pager_step *step, struct str *ret_why)
{
    struct look look;
    look_open(&look, step->facts, step->arena);
    enum total_says says = weigh_total(step, &look, ret_why);
    return says == TOTAL_MORE ||
           (says != TOTAL_REACHED && !step->signs.has_flag && see_more(step, &look, ret_why));
}

static bool read_count_at(const struct pager_step *step, const struct locator *locator,
                          int64_t *ret_count)
{
    struct value value;
    struct err ignored = ERR_INIT;
    return locator->kind != LOCATOR_NONE &&
           element_read(step->facts, locator, step->arena, &value, &ignored) &&
           look_read_total(value, ret_count);
}

/* By the count that the definition names, or another. */
static bool counts_more(struct pager_step *step, const struct look *look, struct str *ret_why)
{
    const struct locator *named = &step->pager->declared->total;
    struct str name = named->source;
    bool is_sure;
    int64_t total, reached = pager_reached(step->pager, 0);
    if (!counts_all(step) || (!read_count_at(step, named, &total) &&
                              !find_total(step, look, &name, &total, &is_sure)))
        return false;
    *ret_why = arena_printf(step->arena, "%.*s is %lld and %lld were read", STR_ARG(name),
                            (long long)total, (long long)reached);
    return total > reached;
}

static bool flags_more(struct pager_step *step, const struct look *look, struct str *ret_why)
{
    const struct pagination *declared = step->pager->declared;
    const struct locator *named = &declared->has_more;
    struct look_found found;
    struct value value;
    struct err ignored = ERR_INIT;
    *ret_why = arena_printf(step->arena, "%.*s says more", STR_ARG(named->source));
    if (named->kind != LOCATOR_NONE &&
        element_read(step->facts, named, step->arena, &value, &ignored) &&
        value.kind != VALUE_UNDEFINED)
        return value_flag(value) == !declared->is_flag_of_end;
    return (look_find(look, &known_flags, look_is_yes, &found) &&
            say_more(look, &found, "is true", ret_why)) ||
           (look_find(look, &known_ends, look_is_false, &found) &&
            say_more(look, &found, "is false", ret_why));
}

struct str evidence_against_rule(struct pager_step *step)
{
    struct look look;
    struct str why;
    look_open(&look, step->facts, step->arena);
    if (flags_more(step, &look, &why) || counts_more(step, &look, &why))
        return arena_printf(step->arena, "ends the paging, but %.*s", STR_ARG(why));
    return step->pager->page ? STR_NONE : STR("ends the first page, and no record was read");
}

struct str evidence_reached(struct pager_step *step)
{
    struct str why;
    enum total_says says = TOTAL_NOTHING;
    if (pager_may_ask_behind_end(step->pager)) {
        struct look look;
        look_open(&look, step->facts, step->arena);
        says = weigh_total(step, &look, &why);
    }
    return says == TOTAL_REACHED ? why : STR_NONE;
}

static void doubt(struct pager_signs *signs, struct str why)
{
    signs->proof = COMPLETE_ASSUMED;
    signs->proof_why = why;
    signs->is_doubtful = true;
}

static void doubt_end(struct pager_step *step, struct str why)
{
    struct str end_why = step->signs.end_why;
    doubt(&step->signs,
          arena_printf(step->arena, "%.*s, but %.*s", STR_ARG(end_why), STR_ARG(why)));
}

static void contradict(struct pager_step *step, struct str why)
{
    if (is_wanted(step))
        doubt_end(step, why);
    else
        pager_step_sign_more(step, why);
}

/* The count that the definition names was reached; the other may be of more than that. */
static void weaken(struct pager_step *step, struct str why)
{
    struct pager_signs *signs = &step->signs;
    signs->proof = MAX(signs->proof, COMPLETE_TOLD);
    signs->proof_why =
        arena_printf(step->arena, "%.*s, but %.*s", STR_ARG(signs->proof_why), STR_ARG(why));
}

/*
 * An error in the place of records is no end, unless a count has been reached before. A count
 * in an answer that is not whole is of what it has.
 */
static void look_for_trouble(struct pager_step *step, const struct look *look)
{
    struct str why;
    bool is_proved = step->signs.proof == COMPLETE_PROVED || step->signs.has_pages;
    if (!look->is_record && !step->facts->is_page_by_rule && trouble_partial(look, &why))
        doubt_end(step, arena_printf(step->arena, "the answer says that it is not whole: %.*s",
                                     STR_ARG(why)));
    else if (!step->facts->seen && !is_proved &&
             (trouble_error(look, &why) || trouble_message(look, &why)))
        doubt_end(step,
                  arena_printf(step->arena, "the answer holds an error: %.*s", STR_ARG(why)));
}

void evidence_look(struct pager_step *step)
{
    struct pager_signs *signs = &step->signs;
    struct str why = STR_NONE, more = STR_NONE;
    struct look look;
    if (!signs->has_end || signs->has_more || step->facts->is_last)
        return;
    look_open(&look, step->facts, step->arena);
    enum total_says says = weigh_total(step, &look, &why);
    if (says == TOTAL_MORE && (signs->proof == COMPLETE_PROVED || signs->has_pages)) {
        weaken(step, why);
    } else if (says == TOTAL_MORE) {
        signs->is_by_total = !is_wanted(step);
        contradict(step, why);
    } else if (see_more(step, &look, &more)) {
        if (!signs->has_flag) /* links beside it are often stale: they take a total's proof */
            contradict(step, more);
    } else if (has_total_changed(step, &look, &more)) {
        doubt_end(step, more);
    } else if (says == TOTAL_REACHED) {
        if ((!has_own_count(step) || signs->proof != COMPLETE_ASSUMED) &&
            !is_count_doubtful(step, &look))
            pager_step_sign_end(step, COMPLETE_PROVED, why);
    } else if (says == TOTAL_PASSED && is_overrun(step, &look)) {
        contradict(step, why);
    } else if (says == TOTAL_PASSED) {
        doubt(signs, why);
    }
    if (signs->drift.len)
        doubt(signs, signs->drift);
    look_for_trouble(step, &look);
}

struct str evidence_doubt(struct arena *arena, struct str why)
{
    return arena_printf(arena,
                        "not proved to be all (%.*s): `pagination`, `total_path` "
                        "or `require` would say more",
                        STR_ARG(why));
}

/* What to add; nothing for a stream that says itself that it is one page. */
static void warn(const struct pager_step *step, struct pager_decision *decision)
{
    if (step->pager->declared->type == PAGINATE_NONE && !step->signs.is_doubtful)
        return;
    struct str doubt = evidence_doubt(step->arena, decision->complete_why);
    decision->warning = arena_join(step->arena, decision->warning, "; ", doubt);
}

/*
 * What the definition names as a sign of the end is in no answer. Where nothing says the end
 * but that there is no more, it is not known whether the sign would have said something else.
 */
static void miss_sign(const struct pager_step *step, struct pager_decision *decision)
{
    struct str lacks = step->next->lacks;
    if (!lacks.len || decision->complete != COMPLETE_TOLD || step->signs.is_explicit)
        return;
    decision->complete = COMPLETE_ASSUMED;
    decision->complete_why = arena_printf(step->arena, "%.*s, but the last answer lacks %.*s",
                                          STR_ARG(decision->complete_why), STR_ARG(lacks));
}

static void end(struct pager_step *step, struct pager_decision *decision)
{
    const struct pager_facts *facts = step->facts;
    decision->complete = step->signs.proof;
    decision->complete_why = step->signs.proof_why;
    miss_sign(step, decision);
    if (decision->complete != COMPLETE_ASSUMED)
        return;
    if (facts->seen && look_asked_for(facts, step->arena) == facts->seen)
        decision->complete_why =
            arena_printf(step->arena, "%.*s; the page has as many records as were asked for",
                         STR_ARG(decision->complete_why));
    warn(step, decision);
}

static bool is_unrecognised(const struct pager_step *step)
{
    return step->pager->declared->type == PAGINATE_AUTO && step->pager->type == PAGINATE_NONE;
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
        if (decision->complete == COMPLETE_CONTRADICTED && is_unrecognised(step)) {
            absent_pagination(step);
            decision->warning = step->decision.warning;
        }
        return;
    case PAGER_MORE:
    case PAGER_FAILED:
    case PAGER_BORDER:
        return;
    }
}
