#include "worker/signs/pager.h"

#include "base/saturate.h"

void pager_start(struct pager *pager, const struct pagination *declared)
{
    *pager = (struct pager){.declared = declared,
                            .in_force = declared,
                            .type = declared->type,
                            .number = declared->start,
                            .cursor = declared->cursor_start,
                            .prepared = {.submitted = UNDEFINED_VALUE},
                            .counted = {.total = -1},
                            .total = -1,
                            .pages = -1};
}

void pager_begin_anew(struct pager *pager)
{
    struct pager anew = {
        .declared = pager->declared,
        .in_force = pager->in_force,
        .type = pager->type,
        .recognised = pager->recognised,
        .leg = pager->leg,
        .resets = pager->resets,
        .restarts = pager->restarts,
        .pages_before = pager_pages(pager),
        .records_before = saturate_add(pager->records_before, pager->records),
        .since = pager->since,
        .high = pager->high,
        .number = pager->in_force->start,
        .cursor = pager->in_force->cursor_start,
        .overlaps = pager->overlaps,
        .drift = pager->drift,
        .total = -1,
        .pages = -1,
        .shape = pager->shape,
        .names = pager->names,
        .merge_path = pager->merge_path,
        .accept = pager->accept,
        .prepared = pager->prepared,
        .counted = pager->counted,
    };
    *pager = anew;
}

int pager_pages(const struct pager *pager)
{
    return (int)MIN((int64_t)pager->pages_before + pager->page, INT32_MAX);
}

int64_t pager_reached(const struct pager *pager, int64_t seen)
{
    int64_t start = pager->type == PAGINATE_OFFSET ? pager->in_force->start : 0;
    return saturate_add(saturate_add(start > 1 ? start : 0, pager->records), seen);
}

int64_t pager_size(const struct pager *pager)
{
    return pager->size ? pager->size : pager->in_force->size;
}

bool pager_halve(struct pager *pager)
{
    int64_t size = pager_size(pager);
    if (!pager->in_force->halves || size < 2)
        return false;
    pager->size = size / 2;
    pager->good_pages = 0;
    return true;
}

void pager_grow(struct pager *pager)
{
    if (!pager->size || ++pager->good_pages < PAGER_GOOD_PAGES)
        return;
    pager->size = pager->good_pages = 0;
}

bool pager_is_numbered(const struct pager *pager)
{
    return pager->type == PAGINATE_PAGE || pager->type == PAGINATE_OFFSET;
}

bool pager_may_ask_behind_end(const struct pager *pager)
{
    return pager->page > 0 &&
           (pager_is_numbered(pager) || pager->type == PAGINATE_RESPONSE_BASED);
}

/* What is beyond the ceiling, as only a checkpoint from elsewhere could have it, is left
 * out. */
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
}

bool pager_goes_along(const struct pager *pager, struct str name)
{
    const struct pagination *how = pager->in_force;
    bool is_alone = pager->type == PAGINATE_CURSOR && how->alone && pager->page > 0 &&
                    pager->cursor.kind != VALUE_UNDEFINED;
    for (size_t i = 0; is_alone && i < how->alone_count; i++)
        if (str_eq(how->alone[i], name))
            return true;
    return !is_alone;
}

static void add_size(struct pager_params *params, const struct pager *pager,
                     struct arena *arena)
{
    const struct pagination *how = pager->in_force;
    bool sends = pager_is_numbered(pager) || pager->type == PAGINATE_CURSOR;
    if (sends && pager_goes_along(pager, how->size_param.name) && how->has_size_param &&
        how->size)
        add_param(params, &how->size_param, value_int(arena, pager_size(pager)));
}

/* A member of a cursor that is a map goes where the param's last key is. */
static struct param_place *place_of_member(const struct param_place *param, struct str key,
                                           struct arena *arena)
{
    struct param_place *place = ARENA_NEW(arena, struct param_place);
    *place = (struct param_place){.place = param->place, .name = key, .path = param->path};
    if (param->place != PLACE_BODY || !param->path.count)
        return place;
    place->path.steps = ARENA_ARRAY(arena, struct path_step, param->path.count);
    for (size_t i = 0; i < param->path.count; i++)
        place->path.steps[i] = param->path.steps[i];
    place->path.steps[param->path.count - 1].key = key;
    return place;
}

static void add_cursor(struct pager_params *params, const struct pager *pager,
                       struct arena *arena)
{
    const struct pagination *how = pager->in_force;
    struct value cursor = pager->cursor;
    if (!how->spreads_cursor) {
        add_param(params, &how->param, cursor);
        return;
    }
    for (size_t i = 0; cursor.kind == VALUE_MAP && i < cursor.map->count; i++)
        add_param(params, place_of_member(&how->param, cursor.map->members[i].key, arena),
                  cursor.map->members[i].value);
}

void pager_params(const struct pager *pager, struct arena *arena,
                  struct pager_params *ret_params)
{
    *ret_params = (struct pager_params){.count = 0};
    if (pager_is_numbered(pager))
        add_numbered(ret_params, pager, arena);
    if (pager->type == PAGINATE_CURSOR && pager->cursor.kind != VALUE_UNDEFINED)
        add_cursor(ret_params, pager, arena);
    add_size(ret_params, pager, arena);
    add_members(ret_params, PLACE_QUERY, pager->params, arena);
    add_members(ret_params, PLACE_HEADER, pager->headers, arena);
}

struct value pager_value(const struct pager *pager, struct arena *arena)
{
    static const struct str keys[] = {STR_INIT("page"), STR_INIT("offset"), STR_INIT("size"),
                                      STR_INIT("cursor")};
    bool by_page = pager->type == PAGINATE_PAGE;
    struct value numbers[] = {
        value_int(arena, by_page ? pager->number : saturate_add(pager->page, 1)),
        value_int(arena, by_page ? pager->records : pager->number),
        value_int(arena, pager->size ? pager->size : pager->declared->size),
        pager->cursor.kind == VALUE_UNDEFINED ? NULL_VALUE : pager->cursor,
    };
    struct value_map *map = ARENA_NEW(arena, struct value_map);
    map->count = COUNT_OF(keys);
    map->members = ARENA_ARRAY(arena, struct value_member, map->count);
    for (size_t i = 0; i < map->count; i++)
        map->members[i] = (struct value_member){keys[i], numbers[i]};
    return (struct value){.kind = VALUE_MAP, .map = map};
}
