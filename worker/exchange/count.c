#include "worker/exchange/count.h"

#include "worker/signs/element.h"
#include "worker/signs/evidence.h"
#include "worker/signs/look.h"

static bool read_count(const struct pager *pager, const struct pager_facts *facts,
                       struct arena *arena, int64_t *ret_total, struct str *ret_why)
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
    bool is_list = !pager->declared->count.request.path;
    bool is_asked_for =
        is_list ? pager->in_force->size == total || look_asked_for(facts, arena) == total
                : look_asked_in_query(facts->url) == total;
    return pager->page == 1 && total > 0 && total == pager->records && is_asked_for;
}

static struct pager_decision assumed_of_a_page(int64_t total, int64_t reached,
                                               struct arena *arena)
{
    struct str why = arena_printf(arena, "`total` is %lld, as many as one page was asked for",
                                  (long long)total);
    struct pager_decision decision = proved(total, reached, why);
    decision.complete = COMPLETE_ASSUMED;
    decision.warning = evidence_doubt(arena, why);
    return decision;
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

struct pager_decision count_decide(const struct pager *pager, const struct pager_facts *facts,
                                   struct arena *arena)
{
    int64_t total, reached = pager_reached(pager, 0);
    struct str why;
    if (!read_count(pager, facts, arena, &total, &why))
        return count_miss(pager, why, arena);
    if (total == reached && pager->more.len)
        return end_without(&pager->ending,
                           arena_printf(arena, "%.*s, but %.*s", STR_ARG(pager->ending.why),
                                        STR_ARG(pager->more)),
                           arena);
    if (total == reached && pager->ending.complete == COMPLETE_ASSUMED &&
        may_count_a_page(pager, facts, arena, total))
        return assumed_of_a_page(total, reached, arena);
    struct pager_decision decision = proved(total, reached, compared(arena, total, reached));
    if (total < reached) {
        decision.complete = COMPLETE_ASSUMED;
        decision.warning = evidence_doubt(arena, decision.complete_why);
    } else if (total > reached) {
        decision.outcome = PAGER_TRUNCATED;
        decision.reason = REASON_INCONSISTENT_END;
        decision.complete = COMPLETE_CONTRADICTED;
        decision.why = decision.complete_why =
            arena_printf(arena, "%.*s, but %.*s", STR_ARG(pager->ending.why),
                         STR_ARG(decision.complete_why));
    }
    return decision;
}

bool count_decide_behind(const struct pager *pager, const struct pager_facts *facts,
                         struct arena *arena, struct pager_decision *ret_decision,
                         struct str *ret_why)
{
    int64_t total, reached = pager_reached(pager, 0);
    if (!read_count(pager, facts, arena, &total, ret_why))
        return false;
    *ret_why = compared(arena, total, reached);
    if (total != reached)
        return false;
    *ret_decision = proved(total, reached, *ret_why);
    if (may_count_a_page(pager, facts, arena, total))
        *ret_decision = assumed_of_a_page(total, reached, arena);
    return true;
}

struct str count_tell(const struct pager *pager, const struct pager_facts *facts,
                      struct arena *arena)
{
    int64_t total;
    struct str why;
    if (!read_count(pager, facts, arena, &total, &why))
        return arena_printf(arena, "`total` cannot be read: %.*s", STR_ARG(why));
    return arena_printf(arena, "`total` is %lld, and %lld were read so far", (long long)total,
                        (long long)pager_reached(pager, 0));
}
