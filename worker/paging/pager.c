#include "worker/paging/pager_internal.h"

void pager_start(struct pager *pager, const struct pagination *def)
{
    *pager = (struct pager){.declared = def,
                            .in_force = def,
                            .type = def->type,
                            .number = def->start,
                            .cursor = def->cursor_start,
                            .total = -1};
}

void pager_sign_end(struct pager_step *step, struct str why)
{
    step->signs.end = true;
    if (!step->signs.end_why.len)
        step->signs.end_why = why;
}

void pager_sign_more(struct pager_step *step, struct str why)
{
    step->signs.more = true;
    if (!step->signs.more_why.len)
        step->signs.more_why = why;
}

bool pager_fail(struct pager_step *step, enum job_reason reason)
{
    step->decision.outcome = PAGER_FAILED;
    step->decision.reason = reason;
    return false;
}

/* jsonb holds no NUL, so neither does a checkpoint. */
static bool has_nul(struct value value)
{
    if (value.kind == VALUE_STRING)
        return value.text.len && memchr(value.text.ptr, '\0', value.text.len);
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
        if (has_nul(value.list->items[i]))
            return true;
    for (size_t i = 0; value.kind == VALUE_MAP && i < value.map->count; i++)
        if (has_nul(value_string(value.map->members[i].key)) ||
            has_nul(value.map->members[i].value))
            return true;
    return false;
}

bool pager_keep(struct pager_step *step, struct value value, struct value *ret, struct err *err)
{
    if (has_nul(value)) {
        pager_fail(step, REASON_EVAL);
        return err_set(err, ERR_INPUT, "pager", 0,
                       "what the next request is made from holds a NUL character");
    }
    *ret = value_copy(step->arena, value);
    return true;
}

typedef bool (*next_fn)(struct pager_step *step, struct err *err);

static bool next_none(struct pager_step *step, struct err *err)
{
    (void)err;
    pager_sign_end(step, STR("the stream has one page"));
    return true;
}

static const next_fn nexts[] = {
    [PAGINATE_NONE] = next_none,
    [PAGINATE_PAGE] = pager_next_number,
    [PAGINATE_OFFSET] = pager_next_number,
    [PAGINATE_CURSOR] = pager_next_cursor,
    [PAGINATE_LINK_HEADER] = pager_next_link,
    [PAGINATE_NEXT_URL] = pager_next_url,
    [PAGINATE_RESPONSE_BASED] = pager_next_response,
    [PAGINATE_AUTO] = pager_next_auto,
};

bool pager_next_by_type(struct pager_step *step, struct err *err)
{
    return nexts[step->pager->type](step, err);
}

static struct pager_decision truncated(struct pager_step *step, enum job_reason reason,
                                       struct str why)
{
    step->decision.outcome = PAGER_TRUNCATED;
    step->decision.reason = reason;
    step->decision.why = why;
    return step->decision;
}

/* The first of the job's own limits that this page reached; empty: none. */
static struct str limit_reached(const struct pager_step *step)
{
    const struct pagination *declared = step->pager->declared;
    bool numbered = step->next->type == PAGINATE_PAGE || step->next->type == PAGINATE_OFFSET;
    if (declared->max_records >= 0 && step->next->records >= declared->max_records)
        return STR("max_records was reached while more remains");
    if (declared->max_iterations >= 0 && step->next->page >= declared->max_iterations)
        return STR("max_iterations was reached while more remains");
    if (declared->max_time_ms >= 0 && step->facts->elapsed_ms >= declared->max_time_ms)
        return STR("max_time was reached while more remains");
    if (numbered && declared->maximum >= 0 && step->next->number >= declared->maximum)
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
        return STR("the page has records and nothing says that it is the last");
    default:
        return STR_NONE;
    }
}

static struct pager_decision decide(struct pager_step *step)
{
    const struct signs *signs = &step->signs;
    struct str limit = limit_reached(step);
    if (step->facts->taken < step->facts->seen)
        return truncated(step, REASON_LIMIT, STR("max_records cut the page"));
    if (signs->end && signs->more)
        return truncated(step, REASON_INCONSISTENT_END,
                         arena_printf(step->arena, "%.*s, but %.*s", STR_ARG(signs->end_why),
                                      STR_ARG(signs->more_why)));
    step->decision.outcome = signs->end ? PAGER_END : PAGER_MORE;
    step->decision.why = signs->end ? signs->end_why : why_more(step);
    if (!signs->end && limit.len)
        return truncated(step, REASON_LIMIT, limit);
    return step->decision;
}

struct pager_decision pager_next(const struct pager *pager, const struct pager_facts *facts,
                                 struct arena *arena, struct pager *ret_next, struct err *err)
{
    struct pager next = *pager;
    next.page++;
    next.records += facts->taken;
    next.cursor = next.params = next.headers = next.body = UNDEFINED_VALUE;
    next.url = STR_NONE;
    struct pager_step step = {.pager = pager, .facts = facts, .arena = arena, .next = &next};
    if (facts->is_empty_answer)
        pager_next_empty(&step);
    else if (!pager_next_by_type(&step, err))
        return step.decision;
    struct pager_decision decision = decide(&step);
    next.done = decision.outcome != PAGER_MORE;
    *ret_next = next;
    return decision;
}

static void add_param(struct pager_params *params, const struct param_place *place,
                      struct value value)
{
    if (params->count < PAGER_PARAMS_MAX)
        params->items[params->count++] = (struct pager_param){place, value};
}

static void add_members(struct pager_params *params, enum placement at, struct value map,
                        struct arena *arena)
{
    for (size_t i = 0; map.kind == VALUE_MAP && i < map.map->count; i++) {
        struct param_place *place = ARENA_NEW(arena, struct param_place);
        *place = (struct param_place){.place = at, .name = map.map->members[i].key};
        add_param(params, place, map.map->members[i].value);
    }
}

static void add_numbered(struct pager_params *params, const struct pager *pager,
                         struct arena *arena)
{
    const struct pagination *how = pager->in_force;
    if (pager->page > 0 || how->sends_first || pager->type == PAGINATE_OFFSET)
        add_param(params, &how->param, value_int(arena, pager->number));
    if (how->has_size_param && how->size)
        add_param(params, &how->size_param, value_int(arena, how->size));
}

void pager_params(const struct pager *pager, struct arena *arena,
                  struct pager_params *ret_params)
{
    *ret_params = (struct pager_params){.count = 0};
    if (pager->type == PAGINATE_PAGE || pager->type == PAGINATE_OFFSET)
        add_numbered(ret_params, pager, arena);
    if (pager->type == PAGINATE_CURSOR && pager->cursor.kind != VALUE_UNDEFINED)
        add_param(ret_params, &pager->in_force->param, pager->cursor);
    add_members(ret_params, PLACE_QUERY, pager->params, arena);
    add_members(ret_params, PLACE_HEADER, pager->headers, arena);
}

struct value pager_value(const struct pager *pager, struct arena *arena)
{
    static const struct str keys[] = {STR_INIT("page"), STR_INIT("offset"), STR_INIT("size"),
                                      STR_INIT("cursor")};
    bool by_page = pager->type == PAGINATE_PAGE;
    struct value numbers[] = {
        value_int(arena, by_page ? pager->number : pager->page + 1),
        value_int(arena, by_page ? pager->records : pager->number),
        value_int(arena, pager->declared->size),
        pager->cursor.kind == VALUE_UNDEFINED ? NULL_VALUE : pager->cursor,
    };
    struct value_map *map = ARENA_NEW(arena, struct value_map);
    map->count = COUNT_OF(keys);
    map->members = ARENA_ARRAY(arena, struct value_member, map->count);
    for (size_t i = 0; i < map->count; i++)
        map->members[i] = (struct value_member){keys[i], numbers[i]};
    return (struct value){.kind = VALUE_MAP, .map = map};
}
