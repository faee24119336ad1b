#include "worker/paging/pager_decide.h"

#include <assert.h>

#include "base/saturate.h"
#include "worker/paging/pager_auto.h"
#include "worker/paging/pager_next.h"
#include "worker/paging/pager_response.h"
#include "worker/signs/evidence.h"

/*
 * A decision is made in four stages:
 *
 *     1 auto     of the first page, if the definition says so: which type is it?
 *     2 type     reads in the answer where the next page is, and writes that into `next`; on
 *                the way it notes signs: the answer says "end", or "more", or both, or neither
 *     3 signs    end and more   TRUNCATED, INCONSISTENT_END: records may be missing
 *                end            END
 *                else           MORE; also without a sign, where another link, cursor or number
 *                               is enough
 *     4 limits   the definition's own (max_records, max_iterations, max_time, maximum_page or
 *                maximum_offset) turn MORE into TRUNCATED, LIMIT. They leave END alone: a job
 *                that reached its limit on the last page is complete
 *
 * An END is not yet one where the definition has a `total`: MORE, and the API's count is asked
 * for next (exchange/count.h).
 *
 * A page that max_records cut is TRUNCATED before the signs are looked at: what was cut off
 * remains, whatever the answer says.
 *
 * An example, `pagination: {type: page, total_path: total}`, and the third answer has
 * {"data": [40 records], "total": 300}. 240 records were read, 300 exist: the sign "more". The
 * page is not empty, and stop_on_short is not set: no other sign. The decision is MORE, and the
 * next number is 4. If page 4 is empty then, it gives the sign "end" (stop_on_empty), and the
 * total the sign "more": TRUNCATED, since "the page is empty, but total is 300 and 240 were
 * read". With max_iterations 3, the third page would have been TRUNCATED by the limit.
 */
enum { EMPTY_PAGES_MAX = 3 }; /* where `auto` recognised the type */

static bool next_none(struct pager_step *step, struct err *err)
{
    (void)err;
    pager_step_sign_end(step, COMPLETE_ASSUMED, STR("the stream has one page"));
    return true;
}

/* `auto` is not here: its type is recognised before this table is asked. */
static bool (*const types[])(struct pager_step *step, struct err *err) = {
    [PAGINATE_NONE] = next_none,
    [PAGINATE_PAGE] = pager_next_number,
    [PAGINATE_OFFSET] = pager_next_number,
    [PAGINATE_CURSOR] = pager_next_cursor,
    [PAGINATE_LINK_HEADER] = pager_next_link,
    [PAGINATE_NEXT_URL] = pager_next_url,
    [PAGINATE_RESPONSE_BASED] = pager_response_next,
};

_Static_assert(COUNT_OF(types) == PAGINATE_AUTO, "one function per type, in their order");

static struct pager_decision truncated(struct pager_step *step, enum job_reason reason,
                                       struct str why)
{
    step->decision.outcome = PAGER_TRUNCATED;
    step->decision.reason = reason;
    step->decision.why = why;
    return step->decision;
}

static struct str after_iterations(const struct pager_step *step)
{
    int64_t empty = step->next->empty_pages;
    struct str what = STR("max_iterations was reached while more remains");
    return empty < 2 ? what
                     : arena_printf(step->arena, "%.*s; the last %lld pages are empty",
                                    STR_ARG(what), (long long)empty);
}

/* The first of the job's own limits that this page reached; empty: none. */
static struct str limit_reached(const struct pager_step *step)
{
    const struct pagination *declared = step->pager->declared;
    int64_t records = saturate_add(step->next->records_before, step->next->records);
    if (declared->max_records >= 0 && records >= declared->max_records)
        return STR("max_records was reached while more remains");
    if (declared->max_iterations >= 0 && pager_pages(step->next) >= declared->max_iterations)
        return after_iterations(step);
    if (declared->max_time_ms >= 0 && step->facts->elapsed_ms >= declared->max_time_ms)
        return STR("max_time was reached while more remains");
    if (pager_is_numbered(step->next) && declared->maximum >= 0 &&
        step->next->number >= declared->maximum)
        return STR("maximum_page or maximum_offset was reached while more remains");
    return STR_NONE;
}

/* For people: why another page follows, where the answer gave no sign of its own. */
static struct str why_more(const struct pager_step *step)
{
    if (step->signs.more_why.len)
        return step->signs.more_why;
    switch (step->next->type) {
    case PAGINATE_CURSOR:
        return STR("there is another cursor");
    case PAGINATE_LINK_HEADER:
    case PAGINATE_NEXT_URL:
        return STR("there is a next link");
    case PAGINATE_RESPONSE_BASED:
        return STR("continue_while is true");
    case PAGINATE_PAGE:
    case PAGINATE_OFFSET:
        return step->facts->seen
                   ? STR("the page has records and nothing says that it is the last")
                   : STR("nothing says that it is the last");
    default:
        return STR_NONE;
    }
}

static struct pager_decision weigh_signs(struct pager_step *step)
{
    const struct pager_signs *signs = &step->signs;
    if (step->facts->taken < step->facts->seen)
        return truncated(step, REASON_LIMIT, STR("max_records cut the page"));
    if (signs->has_end && signs->has_more)
        return truncated(step, REASON_INCONSISTENT_END,
                         arena_printf(step->arena, "%.*s, but %.*s", STR_ARG(signs->end_why),
                                      STR_ARG(signs->more_why)));
    struct str limit = signs->has_end ? STR_NONE : limit_reached(step);
    if (limit.len)
        return truncated(step, REASON_LIMIT, limit);
    step->decision.outcome = signs->has_end ? PAGER_END : PAGER_MORE;
    step->decision.why = signs->has_end ? signs->end_why : why_more(step);
    return step->decision;
}

/*
 * A link or a cursor that leads from one empty page to the next may do so for ever, and so may
 * numbers. An empty page of the latter has been judged already where it is the end.
 */
static void weigh_emptiness(struct pager_step *step)
{
    const struct pager *next = step->next;
    const struct pagination *declared = step->pager->declared;
    int64_t most = declared->max_empty_pages ? declared->max_empty_pages : EMPTY_PAGES_MAX;
    /* There an empty page may be one that is not ready yet. */
    bool is_unbounded = next->type == PAGINATE_RESPONSE_BASED && !declared->max_empty_pages;
    if (next->type == PAGINATE_NONE || is_unbounded || step->facts->seen || step->signs.has_end)
        return;
    if (declared->stops_on_empty && !pager_is_numbered(next)) {
        pager_step_sign_end(step, COMPLETE_TOLD, STR("the page is empty"));
    } else if (next->empty_pages >= most) {
        pager_step_sign_end(step, COMPLETE_TOLD,
                            arena_printf(step->arena, "%lld pages in a row are empty",
                                         (long long)next->empty_pages));
        pager_step_sign_more(step, why_more(step));
    }
}

/* --- `total`: a count that is asked for when the last page is read --- */

static bool has_count(const struct pager *pager)
{
    return pager->declared->count.at.kind != LOCATOR_NONE;
}

/* What the end is worth where no count can be read. */
static enum job_complete without_count(enum job_complete complete, bool is_explicit)
{
    if (complete == COMPLETE_CONTRADICTED)
        return complete;
    return complete <= COMPLETE_TOLD && is_explicit ? COMPLETE_TOLD : COMPLETE_ASSUMED;
}

static void hold_end(struct pager *next, struct pager_decision *decision, bool is_explicit)
{
    next->ending = (struct pager_ending){without_count(decision->complete, is_explicit),
                                         decision->complete_why};
    *decision = (struct pager_decision){.outcome = PAGER_MORE,
                                        .why = decision->why,
                                        .pages_total = decision->pages_total,
                                        .recognised = decision->recognised,
                                        .is_placed = decision->is_placed};
}

void pager_decide_count(const struct pager *pager, const struct stream *stream,
                        struct pager *next, struct pager_decision *decision)
{
    if (has_count(pager) && evidence_counts_all(pager, stream))
        hold_end(next, decision, false);
}

/* Warns, and leaves the end no better than without a count. */
static void refuse_count(struct pager_step *step, struct pager_decision *decision)
{
    struct str what = STR("`total` is not asked for: it counts all records, and here the "
                          "paging starts late or what is read is not one list of records");
    decision->complete = without_count(decision->complete, step->signs.is_explicit);
    decision->warning = arena_join(step->arena, decision->warning, "; ", what);
}

/*
 * An end becomes MORE, and next->ending says what it is worth without the count. The same where
 * only a count that the definition does not name says that more follows.
 */
static void ask_count(struct pager_step *step, struct pager_decision *decision)
{
    const struct pager_signs *signs = &step->signs;
    bool is_by_total = decision->outcome == PAGER_TRUNCATED &&
                       decision->reason == REASON_INCONSISTENT_END && signs->is_by_total;
    if (!has_count(step->pager) || (decision->outcome != PAGER_END && !is_by_total))
        return;
    if (!evidence_counts_all(step->pager, step->facts->stream)) {
        refuse_count(step, decision);
        return;
    }
    struct str warning = step->decision.warning; /* without that of an end that is assumed */
    hold_end(step->next, decision, signs->is_explicit);
    decision->warning = warning;
}

/* A count elsewhere proves no end while the pages themselves say that more follows. */
static struct str more_beside_count(struct pager_step *step)
{
    const struct pager_signs *signs = &step->signs;
    struct str why;
    if (!has_count(step->pager))
        return STR_NONE;
    if (signs->has_more && !signs->is_by_total)
        return signs->more_why;
    return evidence_sees_more(step, &why) ? why : STR_NONE;
}

/* --- `prepare: then`: files that have pages of their own --- */

static bool is_file_of_pages(const struct pager_step *step)
{
    return step->facts->files > 0 && step->pager->declared->type != PAGINATE_NONE;
}

/* Numbers and cursors go to the URL of the file; a link is a URL itself. */
static void stay_at_file(struct pager_step *step)
{
    struct pager *next = step->next;
    if (next->url.len)
        return;
    next->url = step->facts->file;
    next->is_file = true;
}

static void end_last_file(struct pager_step *step, struct pager_decision *decision,
                          enum job_complete least)
{
    struct str all = arena_printf(step->arena, "all %lld files that the API named are read",
                                  (long long)step->facts->files);
    decision->complete = MAX(least, COMPLETE_TOLD);
    decision->total = decision->reached = 0; /* of one file; keys are counted over all */
    decision->complete_why =
        least <= COMPLETE_TOLD
            ? all
            : arena_printf(step->arena, "%.*s, but where one of them ends is %s", STR_ARG(all),
                           job_complete_name(least));
}

/* The end of a file's pages is that of the paging where no other file follows. */
static bool turn_file(struct pager_step *step, struct pager_decision *decision)
{
    struct pager *next = step->next;
    const struct pager_facts *facts = step->facts;
    enum job_complete least = MAX(next->prepared.least, decision->complete);
    decision->pages_total = 0;
    if (decision->outcome == PAGER_MORE)
        stay_at_file(step);
    if (decision->outcome != PAGER_END)
        return false;
    if (!facts->next_file.len) {
        end_last_file(step, decision, least);
        return false;
    }
    struct str why = decision->why, warning = decision->warning;
    pager_begin_anew(next);
    next->prepared.file++;
    next->prepared.least = least;
    next->url = facts->next_file;
    next->is_file = true;
    *decision = (struct pager_decision){
        .outcome = PAGER_MORE,
        .warning = warning,
        .why = arena_printf(step->arena, "%lld of %lld files are read: %.*s",
                            (long long)next->prepared.file, (long long)facts->files,
                            STR_ARG(why))};
    struct str limit = limit_reached(step);
    if (limit.len)
        *decision = truncated(step, REASON_LIMIT, limit);
    return true;
}

/* The state after a page, before its type says where to go. */
static struct pager page_read(const struct pager *now, int64_t records)
{
    struct pager next = *now;
    next.page++;
    next.records = saturate_add(next.records, records);
    pager_grow(&next);
    next.cursor = next.params = next.headers = next.body = UNDEFINED_VALUE;
    next.url = next.method = STR_NONE;
    next.merges_body = next.is_file = next.is_split = false;
    next.reached = next.more = STR_NONE;
    return next;
}

struct pager_decision pager_decide(const struct pager *pager, const struct pager_facts *facts,
                                   struct arena *arena, struct pager *ret_next, struct err *err)
{
    struct pager now = *pager, next;
    struct pager_step step = {.pager = &now, .facts = facts, .arena = arena, .next = &next};
    assert(!pager->is_done);
    assert(facts->taken <= facts->seen);
    if (now.type == PAGINATE_AUTO && !facts->is_empty_answer)
        pager_auto_recognise(&step, &now);
    next = page_read(&now, facts->taken);
    next.empty_pages = facts->seen ? 0 : saturate_add(now.empty_pages, 1);
    next.lacks = facts->seen ? STR_NONE : arena_str(arena, now.lacks);
    bool is_of_file = is_file_of_pages(&step);
    if (facts->files && !facts->is_last && !is_of_file)
        pager_next_file(&step);
    else if (facts->stream && stream_reads_files(facts->stream) && !facts->files)
        pager_step_sign_end(&step, COMPLETE_TOLD, STR("the API named no file"));
    else if (facts->is_empty_answer)
        pager_next_empty(&step);
    else if (!types[now.type](&step, err))
        return step.decision;
    weigh_emptiness(&step);
    evidence_remember(&step);
    evidence_look_overrun(&step);
    evidence_look(&step);
    struct pager_decision decision = weigh_signs(&step);
    evidence_weigh(&step, &decision);
    bool is_turned = is_of_file && turn_file(&step, &decision);
    ask_count(&step, &decision);
    next.more = more_beside_count(&step);
    next.is_done = decision.outcome != PAGER_MORE;
    if (!next.is_done && !next.ending.complete && !is_turned)
        next.reached = evidence_reached(&step);
    *ret_next = next;
    return decision;
}
