#include "worker/exchange/count.h"

#include "worker/signs/element.h"
#include "worker/signs/evidence.h"
#include "worker/signs/look.h"

/* Has the definition a count, and is no page read? Before the start `declared` is NULL. */
static bool stands_at_first(const struct pager *pager)
{
    return pager->declared && pager->declared->count.at.kind != LOCATOR_NONE &&
           !pager_pages(pager) && !pager->prepared.file;
}

static bool is_counted(const struct pager *pager)
{
    return pager->counted.total >= 0 || pager->counted.why.len;
}

bool count_is_due_first(const struct pager *pager, const struct stream *stream)
{
    bool has_several = pager->type != PAGINATE_NONE || stream_reads_files(stream);
    return stands_at_first(pager) && !is_counted(pager) && has_several &&
           evidence_counts_all(pager, stream);
}

bool count_waits_for_first(const struct pager *pager)
{
    return stands_at_first(pager) && is_counted(pager);
}

bool count_read(const struct pager *pager, const struct pager_facts *facts, struct arena *arena,
                int64_t *ret_total, struct str *ret_why)
{
    const struct locator *at = &pager->declared->count.at;
    struct value value = UNDEFINED_VALUE;
    struct err err = ERR_INIT;
    bool is_read = element_read(facts, at, arena, &value, &err);
    if (is_read && look_read_total(value, ret_total))
        return true;
    if (!is_read)
        *ret_why = arena_str(arena, str_from(err.text));
    else if (look_is_bound(value))
        *ret_why = arena_printf(arena, "%.*s is a number at which servers stop counting",
                                STR_ARG(at->source));
    else
        *ret_why = arena_printf(arena, "its answer has no count at %.*s", STR_ARG(at->source));
    return false;
}

static struct str compared(struct arena *arena, int64_t total, int64_t reached)
{
    return arena_printf(arena, "`total` is %lld%s %lld were read", (long long)total,
                        total < reached ? ", but" : " and", (long long)reached);
}

static struct pager_decision proved(int64_t total, int64_t reached, struct str why)
{
    return (struct pager_decision){.outcome = PAGER_END,
                                   .why = why,
                                   .complete = COMPLETE_PROVED,
                                   .complete_why = why,
                                   .total = total,
                                   .reached = reached};
}

/* As many as the request asks for, and the only page has, may be the count of one answer. */
static bool may_count_a_page(const struct pager *pager, const struct pager_facts *facts,
                             struct arena *arena, int64_t total)
{
    const struct count_request *request = &pager->declared->count.request;
    bool is_list = !request->path && str_is(request->method, "HEAD");
    bool is_asked_for =
        is_list ? pager->in_force->size == total || look_asked_for(facts, arena) == total
                : look_asked_in_query(facts->url) == total;
    return pager->page == 1 && total > 0 && total == pager->records && is_asked_for;
}

static struct pager_decision assumed(int64_t total, int64_t reached, struct str why,
                                     struct arena *arena)
{
    struct pager_decision decision = proved(total, reached, why);
    decision.complete = COMPLETE_ASSUMED;
    decision.warning = evidence_doubt(arena, why);
    return decision;
}

static struct pager_decision assumed_of_a_page(int64_t total, int64_t reached,
                                               struct arena *arena)
{
    struct str why = arena_printf(arena, "`total` is %lld, as many as one page was asked for",
                                  (long long)total);
    return assumed(total, reached, why, arena);
}

/* As if there were no count; `why` is of its worth. */
static struct pager_decision end_without(const struct pager_ending *ending, struct str why,
                                         struct arena *arena)
{
    struct pager_decision decision = {.outcome = PAGER_END,
                                      .why = ending->why,
                                      .complete = ending->complete,
                                      .complete_why = why};
    if (ending->complete == COMPLETE_ASSUMED)
        decision.warning = evidence_doubt(arena, why);
    if (ending->complete != COMPLETE_CONTRADICTED)
        return decision;
    decision.outcome = PAGER_TRUNCATED;
    decision.reason = REASON_INCONSISTENT_END;
    return decision;
}

struct pager_decision count_miss(const struct pager *pager, struct str why, struct arena *arena)
{
    struct pager_decision decision = end_without(
        &pager->ending,
        arena_printf(arena, "%.*s, but `total` cannot be read", STR_ARG(pager->ending.why)),
        arena);
    struct str missed = arena_printf(arena, "`total` cannot be read: %.*s", STR_ARG(why));
    decision.warning = arena_join(arena, missed, "; ", decision.warning);
    return decision;
}

/* --- the count before the first page, and that behind the last --- */

static bool has_changed(const struct pager *pager, int64_t total)
{
    return pager->counted.total >= 0 && pager->counted.total != total;
}

/* What came or went before it did not move records from one page to another. */
static bool is_one_answer(const struct pager *pager)
{
    return pager->page <= 1;
}

/* Here and below the last count is what was read. */
static struct pager_decision assumed_of_change(const struct pager *pager, int64_t reached,
                                               struct arena *arena)
{
    struct str why = arena_printf(arena, "`total` is %lld, but was %lld before the first page",
                                  (long long)reached, (long long)pager->counted.total);
    return assumed(reached, reached, why, arena);
}

/* Nothing says that no record came or went while the pages were read. */
static struct pager_decision end_uncounted(const struct pager *pager,
                                           const struct pager_ending *ending, int64_t reached,
                                           struct arena *arena)
{
    struct str why = compared(arena, reached, reached);
    struct str missed =
        pager->counted.why.len
            ? arena_printf(arena, "`total` could not be read before the first page: %.*s",
                           STR_ARG(pager->counted.why))
            : STR_NONE;
    struct pager_decision decision = end_without(
        ending,
        arena_printf(arena, "%.*s; %.*s, but %s before the first page", STR_ARG(ending->why),
                     STR_ARG(why),
                     missed.len ? "it could not be read" : "it is not known what it was"),
        arena);
    decision.total = decision.reached = reached;
    decision.warning = arena_join(arena, missed, "; ", decision.warning);
    return decision;
}

static struct pager_decision decide_reached(const struct pager *pager,
                                            const struct pager_facts *facts,
                                            struct arena *arena, int64_t reached)
{
    if (!is_one_answer(pager) && has_changed(pager, reached))
        return assumed_of_change(pager, reached, arena);
    if (pager->more.len)
        return end_without(&pager->ending,
                           arena_printf(arena, "%.*s, but %.*s", STR_ARG(pager->ending.why),
                                        STR_ARG(pager->more)),
                           arena);
    if (!is_one_answer(pager) && pager->counted.total < 0)
        return end_uncounted(pager, &pager->ending, reached, arena);
    if (pager->ending.complete == COMPLETE_ASSUMED &&
        may_count_a_page(pager, facts, arena, reached))
        return assumed_of_a_page(reached, reached, arena);
    return proved(reached, reached, compared(arena, reached, reached));
}

static struct pager_decision contradicted(const struct pager *pager, int64_t total,
                                          int64_t reached, struct arena *arena)
{
    struct str why = arena_printf(arena, "%.*s, but %.*s", STR_ARG(pager->ending.why),
                                  STR_ARG(compared(arena, total, reached)));
    struct pager_decision decision = proved(total, reached, why);
    decision.outcome = PAGER_TRUNCATED;
    decision.reason = REASON_INCONSISTENT_END;
    decision.complete = COMPLETE_CONTRADICTED;
    return decision;
}

/* A total that changes is worth a warning, as one in the pages is (paging/pager_next.c). */
static void warn_of_change(const struct pager *pager, int64_t total,
                           struct pager_decision *decision, struct arena *arena)
{
    if (!has_changed(pager, total))
        return;
    struct str drifted =
        arena_printf(arena, "drifted: `total` changed from %lld to %lld while paging",
                     (long long)pager->counted.total, (long long)total);
    decision->warning = arena_join(arena, drifted, "; ", decision->warning);
}

struct pager_decision count_decide(const struct pager *pager, const struct pager_facts *facts,
                                   struct arena *arena)
{
    int64_t total, reached = pager_reached(pager, 0);
    struct str why;
    if (!count_read(pager, facts, arena, &total, &why))
        return count_miss(pager, why, arena);
    struct pager_decision decision =
        total == reached  ? decide_reached(pager, facts, arena, reached)
        : total > reached ? contradicted(pager, total, reached, arena)
                          : assumed(total, reached, compared(arena, total, reached), arena);
    if (!is_one_answer(pager))
        warn_of_change(pager, total, &decision, arena);
    return decision;
}

bool count_decide_behind(const struct pager *pager, const struct pager_facts *facts,
                         struct arena *arena, struct pager_decision *ret_decision,
                         struct str *ret_why)
{
    static const struct pager_ending no_page = {COMPLETE_ASSUMED,
                                                STR_INIT("no such page is there")};
    int64_t total, reached = pager_reached(pager, 0);
    if (!count_read(pager, facts, arena, &total, ret_why))
        return false;
    *ret_why = compared(arena, total, reached);
    if (total != reached)
        return false;
    *ret_decision = proved(total, reached, *ret_why);
    if (has_changed(pager, total))
        *ret_decision = assumed_of_change(pager, reached, arena);
    else if (pager->counted.total < 0)
        *ret_decision = end_uncounted(pager, &no_page, reached, arena);
    else if (may_count_a_page(pager, facts, arena, total))
        *ret_decision = assumed_of_a_page(total, reached, arena);
    warn_of_change(pager, total, ret_decision, arena);
    return true;
}
