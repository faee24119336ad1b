#include "worker/pager.h"

#include "worker/link.h"

/* What the page's own words say about its end: one may contradict the other. */
struct signs {
    bool end, more;
    struct str end_why, more_why;
};

struct turn {
    const struct pager *pager;
    const struct pager_facts *facts;
    struct arena *arena;
    struct pager *next;
    struct signs signs;
    struct pager_decision decision;
};

void pager_start(struct pager *pager, const struct pagination *def)
{
    *pager = (struct pager){.def = def,
                            .type = def->type,
                            .number = def->start,
                            .cursor = def->cursor_start,
                            .total = -1};
}

int pager_flag(struct value value)
{
    static const char *const yes[] = {"true", "1", "yes"};
    static const char *const no[] = {"", "false", "0", "no", "none", "null"};

    if (value.kind == VALUE_NULL)
        return 0;
    if (value.kind == VALUE_BOOL)
        return value.boolean;
    if (value.kind == VALUE_NUMBER)
        return expr_truth(value);
    if (value.kind != VALUE_STRING)
        return -1;
    for (size_t i = 0; i < COUNT_OF(yes); i++)
        if (str_eq_nocase(value.text, str_from(yes[i])))
            return 1;
    for (size_t i = 0; i < COUNT_OF(no); i++)
        if (str_eq_nocase(value.text, str_from(no[i])))
            return 0;
    return -1;
}

bool pager_count(struct value value, int64_t *ret)
{
    int64_t count;
    if (value.kind != VALUE_NUMBER && value.kind != VALUE_STRING)
        return false;
    if (!str_to_int64(str_trim(value.text), &count) || count < 0)
        return false;
    *ret = count;
    return true;
}

static bool is_absent(struct value value)
{
    return value.kind == VALUE_UNDEFINED || value.kind == VALUE_NULL;
}

/* "no more" as cursors and next links say it: null, absent, "" or false. */
static bool is_nothing(struct value value)
{
    return is_absent(value) || (value.kind == VALUE_STRING && value.text.len == 0) ||
           (value.kind == VALUE_BOOL && !value.boolean);
}

static struct str shown(struct arena *arena, struct value value)
{
    struct buf buf;
    buf_init(&buf, 4096);
    value_format(&buf, value);
    struct str text = buf.overflow ? STR("a long value") : arena_str(arena, buf_str(&buf));
    buf_done(&buf);
    return str_slice(text, 0, 200);
}

static bool fail(struct turn *turn, const struct locator *locator, struct value value,
                 const char *wanted, struct err *err)
{
    turn->decision.turn = PAGER_FAILED;
    turn->decision.reason = REASON_EVAL;
    if (value.kind == VALUE_UNDEFINED)
        return err_set(err, ERR_INPUT, "pager", 0, "%.*s is absent in the answer: expected %s",
                       STR_ARG(locator->source), wanted);
    struct str text = shown(turn->arena, value);
    return err_set(err, ERR_INPUT, "pager", 0, "%.*s is %.*s: expected %s",
                   STR_ARG(locator->source), STR_ARG(text), wanted);
}

static bool read(struct turn *turn, const struct locator *locator, struct value *ret,
                 struct err *err)
{
    if (locator_read(locator, turn->facts->scope, turn->arena, ret, err))
        return true;
    turn->decision.turn = PAGER_FAILED;
    turn->decision.reason = REASON_EVAL;
    return false;
}

static void sign_end(struct turn *turn, struct str why)
{
    turn->signs.end = true;
    if (!turn->signs.end_why.len)
        turn->signs.end_why = why;
}

static void sign_more(struct turn *turn, struct str why)
{
    turn->signs.more = true;
    if (!turn->signs.more_why.len)
        turn->signs.more_why = why;
}

static bool read_has_more(struct turn *turn, struct err *err)
{
    const struct locator *locator = &turn->pager->def->has_more;
    struct value value;
    if (locator->kind == LOCATOR_NONE)
        return true;
    if (!read(turn, locator, &value, err))
        return false;
    int flag = pager_flag(value);
    if (flag < 0)
        return fail(turn, locator, value, "a flag (true or false)", err);
    struct str why = arena_printf(turn->arena, "%.*s is %s", STR_ARG(locator->source),
                                  flag ? "true" : "false");
    if (flag)
        sign_more(turn, why);
    else
        sign_end(turn, why);
    return true;
}

/* -1: the API does not say, which is fine only where an empty page ends the paging. */
static bool read_count(struct turn *turn, const struct locator *locator, int64_t *ret_count,
                       struct err *err)
{
    struct value value;
    *ret_count = -1;
    if (locator->kind == LOCATOR_NONE)
        return true;
    if (!read(turn, locator, &value, err))
        return false;
    if (is_absent(value) && turn->pager->def->stop_on_empty)
        return true;
    if (!pager_count(value, ret_count))
        return fail(turn, locator, value, "a count", err);
    return true;
}

static void compare_total(struct turn *turn, struct str name, int64_t reached, int64_t total)
{
    struct str why = arena_printf(turn->arena, "%.*s is %lld and %lld were read", STR_ARG(name),
                                  (long long)total, (long long)reached);
    if (reached >= total)
        sign_end(turn, why);
    else
        sign_more(turn, why);
}

static void remember_total(struct turn *turn, struct str name, int64_t total)
{
    turn->next->total = total;
    if (turn->pager->total >= 0 && turn->pager->total != total)
        turn->decision.warning =
            arena_printf(turn->arena, "%.*s changed from %lld to %lld while paging",
                         STR_ARG(name), (long long)turn->pager->total, (long long)total);
}

static bool read_totals(struct turn *turn, struct err *err)
{
    const struct pagination *def = turn->pager->def;
    const struct pager_facts *facts = turn->facts;
    int64_t total, pages;
    if (!read_count(turn, &def->total, &total, err) ||
        !read_count(turn, &def->total_pages, &pages, err))
        return false;
    bool by_offset = turn->pager->type == PAGINATE_OFFSET;
    int64_t reached =
        by_offset ? turn->pager->number + facts->seen : turn->pager->records + facts->seen;
    if (total >= 0) {
        compare_total(turn, def->total.source, reached, total);
        remember_total(turn, def->total.source, total);
        int64_t size = def->size ? def->size : facts->seen;
        turn->decision.pages_total = size ? (int)MIN((total + size - 1) / size, INT32_MAX) : 0;
    }
    if (pages >= 0) {
        compare_total(turn, def->total_pages.source, turn->pager->page + 1, pages);
        if (total < 0)
            remember_total(turn, def->total_pages.source, pages);
        turn->decision.pages_total = (int)MIN(pages, INT32_MAX);
    }
    return true;
}

static bool next_number(struct turn *turn, struct err *err)
{
    const struct pagination *def = turn->pager->def;
    int64_t seen = turn->facts->seen;
    if (!read_has_more(turn, err) || !read_totals(turn, err))
        return false;
    if (seen == 0 && def->stop_on_empty)
        sign_end(turn, STR("the page is empty"));
    if (def->stop_on_short && seen < def->size)
        sign_end(turn, STR("the page is short"));
    if (turn->pager->type == PAGINATE_PAGE)
        turn->next->number++;
    else
        turn->next->number += def->step_by_size ? def->size : seen;
    return true;
}

static bool next_cursor(struct turn *turn, struct err *err)
{
    const struct pagination *def = turn->pager->def;
    struct value cursor;
    if (!read_has_more(turn, err) || !read(turn, &def->cursor, &cursor, err))
        return false;
    if (is_nothing(cursor))
        sign_end(turn, arena_printf(turn->arena, "%.*s holds no cursor",
                                    STR_ARG(def->cursor.source)));
    else
        turn->next->cursor = value_copy(turn->arena, cursor);
    return true;
}

static bool is_allowed_host(const struct stream *stream, struct str host)
{
    for (size_t i = 0; i < stream->allow_host_count; i++)
        if (str_eq_nocase(stream->allow_hosts[i], host))
            return true;
    return false;
}

/* Resolves a link against the page it stood in and keeps it on its origin. */
static bool take_link(struct turn *turn, struct str link, struct err *err)
{
    struct http_url from, to;
    struct str url;
    const struct pager_facts *facts = turn->facts;
    bool fine = http_url_resolve(turn->arena, facts->url, link, &url, err) &&
                http_url_parse(turn->arena, facts->url, &from, err) &&
                http_url_parse(turn->arena, url, &to, err);
    if (fine && !http_url_same_origin(&from, &to) && !is_allowed_host(facts->stream, to.host))
        fine =
            err_set(err, ERR_INPUT, "pager", 0,
                    "the next link leaves its origin: %.*s://%.*s:%d (allow_hosts may name it)",
                    STR_ARG(to.scheme), STR_ARG(to.host), to.port);
    if (!fine) {
        turn->decision.turn = PAGER_FAILED;
        turn->decision.reason = REASON_HTTP;
        return err_wrap(err, "next link %.*s", STR_ARG(str_slice(link, 0, 200)));
    }
    turn->next->url = url;
    return true;
}

static bool next_link(struct turn *turn, struct err *err)
{
    const struct pagination *def = turn->pager->def;
    struct str rel = def->rel.len ? def->rel : STR("next");
    struct str link = link_find_in_answer(turn->facts->headers, turn->facts->header_count, rel);
    if (!link.ptr) {
        sign_end(turn, STR("there is no next link"));
        return true;
    }
    return take_link(turn, link, err);
}

/* `auto`, on the first answer: a Link header, or one page. */
static bool next_auto(struct turn *turn, struct err *err)
{
    if (!next_link(turn, err))
        return false;
    turn->next->type = turn->signs.end ? PAGINATE_NONE : PAGINATE_LINK_HEADER;
    return true;
}

static bool next_none(struct turn *turn, struct err *err)
{
    (void)err;
    sign_end(turn, STR("the stream has one page"));
    return true;
}

typedef bool (*next_fn)(struct turn *turn, struct err *err);

static const next_fn nexts[] = {
    [PAGINATE_NONE] = next_none,        [PAGINATE_PAGE] = next_number,
    [PAGINATE_OFFSET] = next_number,    [PAGINATE_CURSOR] = next_cursor,
    [PAGINATE_LINK_HEADER] = next_link, [PAGINATE_AUTO] = next_auto,
};

static struct pager_decision truncated(struct turn *turn, enum job_reason reason,
                                       struct str why)
{
    turn->decision.turn = PAGER_TRUNCATED;
    turn->decision.reason = reason;
    turn->decision.why = why;
    return turn->decision;
}

/* The first of the job's own limits that this page reached; empty: none. */
static struct str limit_reached(const struct turn *turn)
{
    const struct pagination *def = turn->pager->def;
    bool numbered = turn->pager->type == PAGINATE_PAGE || turn->pager->type == PAGINATE_OFFSET;
    if (def->max_records >= 0 && turn->next->records >= def->max_records)
        return STR("max_records was reached while more remains");
    if (def->max_iterations >= 0 && turn->next->page >= def->max_iterations)
        return STR("max_iterations was reached while more remains");
    if (def->max_time_ms >= 0 && turn->facts->elapsed_ms >= def->max_time_ms)
        return STR("max_time was reached while more remains");
    if (numbered && def->maximum >= 0 && turn->next->number >= def->maximum)
        return STR("maximum_page or maximum_offset was reached while more remains");
    return STR_NONE;
}

static struct pager_decision decide(struct turn *turn)
{
    const struct signs *signs = &turn->signs;
    struct str limit = limit_reached(turn);
    if (turn->facts->taken < turn->facts->seen)
        return truncated(turn, REASON_LIMIT, STR("max_records cut the page"));
    if (signs->end && signs->more)
        return truncated(turn, REASON_INCONSISTENT_END,
                         arena_printf(turn->arena, "%.*s, but %.*s", STR_ARG(signs->end_why),
                                      STR_ARG(signs->more_why)));
    turn->decision.turn = signs->end ? PAGER_END : PAGER_MORE;
    if (!signs->end && limit.len)
        return truncated(turn, REASON_LIMIT, limit);
    return turn->decision;
}

struct pager_decision pager_next(const struct pager *pager, const struct pager_facts *facts,
                                 struct arena *arena, struct pager *ret_next, struct err *err)
{
    struct pager next = *pager;
    next.page++;
    next.records += facts->taken;
    next.cursor = VALUE_NOTHING;
    next.url = STR_NONE;
    struct turn turn = {.pager = pager, .facts = facts, .arena = arena, .next = &next};
    if (facts->is_empty_answer)
        sign_end(&turn, STR("the answer has no content"));
    else if (!nexts[pager->type](&turn, err))
        return turn.decision;
    struct pager_decision decision = decide(&turn);
    next.done = decision.turn != PAGER_MORE;
    *ret_next = next;
    return decision;
}

static size_t numbered_params(const struct pager *pager, struct arena *arena,
                              struct pager_param ret_params[2])
{
    const struct pagination *def = pager->def;
    size_t count = 0;
    if (pager->page > 0 || def->send_first)
        ret_params[count++] =
            (struct pager_param){&def->param, value_int(arena, pager->number)};
    if (def->has_size_param && def->size)
        ret_params[count++] =
            (struct pager_param){&def->size_param, value_int(arena, def->size)};
    return count;
}

size_t pager_params(const struct pager *pager, struct arena *arena,
                    struct pager_param ret_params[2])
{
    if (pager->type == PAGINATE_PAGE || pager->type == PAGINATE_OFFSET)
        return numbered_params(pager, arena, ret_params);
    if (pager->type != PAGINATE_CURSOR || pager->cursor.kind == VALUE_UNDEFINED)
        return 0;
    ret_params[0] = (struct pager_param){&pager->def->param, pager->cursor};
    return 1;
}

struct value pager_value(const struct pager *pager, struct arena *arena)
{
    static const struct str keys[] = {{"page", 4}, {"offset", 6}, {"size", 4}, {"cursor", 6}};
    bool by_page = pager->type == PAGINATE_PAGE;
    struct value numbers[] = {
        value_int(arena, by_page ? pager->number : pager->page + 1),
        value_int(arena, by_page ? pager->records : pager->number),
        value_int(arena, pager->def->size),
        pager->cursor.kind == VALUE_UNDEFINED ? VALUE_NONE : pager->cursor,
    };
    struct value_map *map = ARENA_NEW(arena, struct value_map);
    map->count = COUNT_OF(keys);
    map->members = ARENA_ARRAY(arena, struct value_member, map->count);
    for (size_t i = 0; i < map->count; i++)
        map->members[i] = (struct value_member){keys[i], numbers[i]};
    return (struct value){.kind = VALUE_MAP, .map = map};
}
