#include "worker/crawl/crawl_internal.h"

#include "base/clock.h"
#include "base/json_out.h"
#include "base/redact.h"
#include "config/format.h"
#include "port/hash.h"
#include "worker/crawl/anew.h"
#include "worker/crawl/watch.h"
#include "worker/exchange/bookmark_start.h"
#include "worker/exchange/recall.h"
#include "worker/paging/pager_auto.h"
#include "worker/paging/pager_decide.h"
#include "worker/paging/ranges.h"
#include "worker/signs/link.h"
#include "worker/signs/look.h"
#include "worker/signs/pager_words.h"
#include "worker/signs/trouble.h"

/* Drops the page that was just cut: its rows leave the batch, the job fails. */
static enum step refuse_page(struct crawl *crawl, enum job_reason reason)
{
    batch_page_drop(loader_open_batch(crawl->loader));
    crawl_wrap_request(crawl);
    return crawl_fail(crawl, reason);
}

/* The same of a page that is an earlier one again, as some servers answer behind the last. */
static enum step refuse_repeated(struct crawl *crawl)
{
    batch_page_drop(loader_open_batch(crawl->loader));
    crawl_wrap_request(crawl);
    return crawl_fail_if_not_end(crawl, REASON_LOOP);
}

static bool has_next_link(const struct crawl *crawl)
{
    return link_has_next(crawl->scope.headers, crawl->scope.header_count, crawl->request.url);
}

/* An object that is itself the record tells of its paging among its fields. */
static bool is_body_record(const struct crawl *crawl)
{
    struct str body = str_trim(buf_str(&crawl->body));
    return !crawl->stream->merge.path.count && body.len && body.ptr[0] == '{';
}

static bool reads_total_in_body(const struct crawl *crawl)
{
    const struct locator *total = &crawl->stream->pagination.total;
    return total->kind != LOCATOR_NONE && total->kind != LOCATOR_HEADER;
}

/* Of a body that is nothing but records there is none. */
static bool parse_response(struct crawl *crawl, struct value_skipped skipped, struct err *err)
{
    if (!format_has_response(crawl->stream->form.format))
        return true;
    return value_parse(crawl->page, buf_str(&crawl->body), skipped, &crawl->scope.response,
                       err);
}

/* Where to go on may be said by a record. */
static bool needs_records(const struct crawl *crawl)
{
    return crawl->stream->needs_response_records || is_body_record(crawl) ||
           (crawl->pager.recognised.len && crawl->pager.in_force->reads_records);
}

/* A rule has called it the last answer, whatever it is: it may be no JSON. */
static void read_last(struct crawl *crawl)
{
    struct err ignored = ERR_INIT;
    if (!parse_response(crawl, VALUE_WHOLE, &ignored))
        crawl->scope.response = UNDEFINED_VALUE;
}

/* The body without its records, where an expression or the end may want it. */
static bool read_response(struct crawl *crawl, struct err *err)
{
    enum pagination_type type = crawl->pager.type;
    struct value_skipped skipped = crawl->cut.skipped;
    crawl->scope.response = UNDEFINED_VALUE;
    if (crawl->is_end_by_rule)
        read_last(crawl);
    if (crawl->is_body_empty ||
        (type == PAGINATE_LINK_HEADER && has_next_link(crawl) && !reads_total_in_body(crawl)))
        return true;
    if (needs_records(crawl))
        skipped = VALUE_WHOLE;
    if (!parse_response(crawl, skipped, err))
        return false;
    struct pager_facts facts = crawl_facts(crawl);
    return type != PAGINATE_AUTO || !pager_auto_wants_records(&facts, crawl->page) ||
           parse_response(crawl, VALUE_WHOLE, err);
}

/* A page of nothing but records that came before is the end only where it has no more of them
 * than were to come again: else rows have come, and what follows is further on. */
static struct pager_facts count_again(const struct crawl *crawl, struct pager_facts facts)
{
    facts.again = crawl->cut.again;
    if (facts.seen || facts.again <= crawl->pager.back)
        return facts;
    facts.seen = facts.taken = facts.again - crawl->pager.back;
    facts.again = crawl->pager.back;
    return facts;
}

/* What a page has behind the border of its range is none of it. */
static int64_t seen(const struct crawl *crawl)
{
    int64_t most = ranges_records_left(&crawl->pager);
    return most < 0 ? crawl->cut.seen : MIN(crawl->cut.seen, most);
}

struct pager_facts crawl_facts(const struct crawl *crawl)
{
    const struct pager_facts facts = {
        .url = crawl->request.url,
        .home_url = crawl->request.home_url,
        .headers = crawl->scope.headers,
        .header_count = crawl->scope.header_count,
        .is_empty_answer = crawl->is_body_empty,
        .is_page_by_rule = crawl->is_page_by_rule,
        .is_last = crawl->is_end_by_rule,
        .rule = crawl->end_rule,
        .is_behind_end = crawl->is_behind_end,
        .files = (int64_t)crawl->prepare.count,
        .file = prepare_file(crawl, 0),
        .next_file = prepare_file(crawl, 1),
        .seen = seen(crawl),
        .taken = crawl->cut.taken,
        .elapsed_ms = clock_mono_ms() - crawl->began_mono_ms,
        .stream = crawl->stream,
        .scope = &crawl->scope.expr,
        .leg_arena = crawl->leg,
    };
    return count_again(crawl, facts);
}

/* One record that is asked for by expression until it has changed is no circle: its bytes tell,
 * not its key. */
static void settle_records_hash(struct crawl *crawl)
{
    struct cut *cut = &crawl->cut;
    if (cut->taken == 1 && crawl->pager.type == PAGINATE_RESPONSE_BASED)
        cut->records_hash = hash_bytes(cut->last, 0);
}

/* The next request, before this page is committed: asking the same twice is a loop. */
static bool ask_next(struct crawl *crawl, struct pager *pager, struct request *ret_request,
                     enum job_reason *ret_reason, struct err *err)
{
    const struct pager *old = crawl->scope.pager;
    crawl->scope.pager = pager;
    bool built =
        request_build(crawl->stream, pager, &crawl->scope, crawl->next, ret_request, err);
    crawl->scope.pager = old;
    *ret_reason = REASON_EVAL;
    if (!built)
        return err_wrap(err, "next request");
    *ret_reason = REASON_LOOP;
    if (crawl->stream->pagination.allows_same_request ||
        (ret_request->hash != crawl->request.hash &&
         !guard_knows_request(&crawl->guard, ret_request->hash)))
        return true;
    return err_set(
        err, ERR_INPUT, "guard", 0,
        "the next request is one that this job made before (allow_same_request: true lifts "
        "this): %.*s",
        STR_ARG(redact_cut(crawl->next, ret_request->url, 512)));
}

/*
 * The words of a page cost as much as some of its records: a job of more pages than these has
 * them of the first ones, of those that were not read at once, and of its last.
 */
enum { PAGES_TOLD = 100, ASKED_BYTES_MAX = 300, WHY_BYTES_MAX = 300 };
enum { PLACES_BYTES_MAX = 1 << 20 };

static bool is_told(const struct crawl *crawl, const struct pager *next,
                    const struct pager_decision *decision)
{
    return pager_pages(next) <= PAGES_TOLD || crawl->attempt > 0 || crawl->waited_ms > 0 ||
           decision->outcome != PAGER_MORE;
}

/* "/orders?page=2", "POST /orders"; with its host where that is another than the stream's. */
static struct str asked(const struct crawl *crawl)
{
    const struct request *request = &crawl->request;
    struct str url = request->url, method = request->http.method;
    ptrdiff_t host = str_find(url, STR("://"));
    size_t from = host < 0 ? 0 : (size_t)host + 3;
    while (request->is_home && from < url.len && url.ptr[from] != '/' && url.ptr[from] != '?')
        from++;
    if (request->is_home)
        url = str_slice(url, from, url.len);
    bool is_get = str_is(method, "GET");
    return redact_cut(
        crawl->next,
        is_get ? url : arena_printf(crawl->next, "%.*s %.*s", STR_ARG(method), STR_ARG(url)),
        ASKED_BYTES_MAX);
}

/* What preview says of the page, on one line. */
static struct str why(const struct crawl *crawl, const struct pager_decision *decision)
{
    static const char *const words[] = {[PAGER_MORE] = "next",
                                        [PAGER_END] = "the end",
                                        [PAGER_TRUNCATED] = "stops here",
                                        [PAGER_BORDER] = "the end of the range",
                                        [PAGER_FAILED] = "fails here"};
    struct str text = decision->outcome == PAGER_END && decision->complete_why.len
                          ? decision->complete_why
                          : decision->why;
    return redact_cut(
        crawl->next,
        arena_printf(crawl->next, "%s: %.*s", words[decision->outcome], STR_ARG(text)),
        WHY_BYTES_MAX);
}

/* Of the job: less than those of the paging where others read some of them. */
static int pages_total(const struct crawl *crawl, const struct pager *next,
                       const struct pager_decision *decision)
{
    if (crawl->legs.count || next->until || !decision->pages_total)
        return 0;
    return next->is_split ? crawl->turned.kept
                          : MAX(decision->pages_total + crawl->legs.pages, 0);
}

static enum met_state **told_places(struct crawl *crawl)
{
    size_t count = stream_table_count(crawl->stream);
    if (crawl->met)
        return crawl->met;
    crawl->met = ARENA_ARRAY(crawl->arena, enum met_state *, count);
    for (size_t i = 0; i < count; i++)
        crawl->met[i] =
            ARENA_ARRAY(crawl->arena, enum met_state, met_count(stream_at(crawl->stream, i)));
    return crawl->met;
}

/* What the page says of the places that the definition names; empty: nothing new. */
static struct str places(struct crawl *crawl)
{
    AUTO_BUF(buf, PLACES_BYTES_MAX);
    struct json_out out = {.buf = &buf};
    const struct cut *cut = &crawl->cut;
    enum met_state **told = told_places(crawl);
    json_out_open(&out, NULL, '{');
    size_t empty = buf.len;
    met_tell(told[0], crawl->stream, false, cut->met, &out);
    for (size_t i = 0; i < cut->part_count; i++)
        met_tell(told[i + 1], &crawl->stream->parts[i], true, cut->parts[i].met, &out);
    bool has_news = buf.len > empty;
    json_out_close(&out, '}');
    return has_news && !buf.has_overflowed ? arena_str(crawl->next, buf_str(&buf)) : STR_NONE;
}

static struct mark page_mark(struct crawl *crawl, const struct pager *next,
                             const struct pager_decision *decision, struct str checkpoint)
{
    bool has_words = is_told(crawl, next, decision);
    return (struct mark){
        .page = pager_pages(next) + crawl->legs.pages,
        .leg = legs_n(&crawl->legs),
        .checkpoint = checkpoint,
        .request_hash = crawl->request.hash,
        .asked = has_words ? asked(crawl) : STR_NONE,
        .why = has_words ? why(crawl, decision) : STR_NONE,
        .records_hash = crawl->cut.taken ? crawl->cut.records_hash : 0,
        .status = crawl->scope.status,
        .attempts = crawl->attempt + 1,
        .records = crawl->cut.records,
        .bytes = (int64_t)crawl_body_bytes(crawl),
        .rejects = crawl->cut.rejects,
        .asides = crawl->cut.asides,
        .parts = crawl->cut.part_counts,
        .fetched_at_ms = crawl->fetched_at_ms,
        .pages_total = pages_total(crawl, next, decision),
        .dropped = crawl->cut.dropped,
        .places = places(crawl),
        .misfits = crawl->cut.misfits,
        .misfit_notes = crawl->cut.misfit_notes,
        .bookmark_high = crawl->cut.bookmark_high,
        .warning = arena_join(crawl->next, decision->warning, "; ", crawl->cut.warning),
        .paging = pager_words_shown(decision->recognised),
        .complete = decision->complete,
        .complete_why = decision->complete_why,
        .total = decision->total,
        .reached = decision->reached,
    };
}

struct str crawl_bookmark_warning(struct crawl *crawl)
{
    return bookmark_high_warning(crawl->next, &crawl->stream->bookmark, &crawl->bookmark);
}

/* With the job's end, what is to be said of its bookmark. */
static struct str bookmark_warning(struct crawl *crawl, const struct pager_decision *decision)
{
    const struct bookmark_counts *page = &crawl->cut.bookmark;
    crawl->bookmark.met += page->met;
    crawl->bookmark.absent += page->absent;
    crawl->bookmark.unread += page->unread;
    crawl->bookmark.before += page->before;
    if (decision->outcome != PAGER_END && decision->outcome != PAGER_TRUNCATED)
        return STR_NONE;
    return crawl_bookmark_warning(crawl);
}

/* The last page says where the next run begins; it counts when the whole run has succeeded. */
static void take_token(struct crawl *crawl, const struct turned *turned, struct mark *mark)
{
    struct str why;
    const struct bookmark *bookmark = &crawl->stream->bookmark;
    bool is_last = turned->decision.outcome == PAGER_END || turned->next.ending.complete;
    if (bookmark->from_response.kind == LOCATOR_NONE || !is_last)
        return;
    mark->bookmark_high = bookmark_token(bookmark, &crawl->scope, crawl->next, &why);
    if (mark->bookmark_high.len)
        return;
    why = arena_printf(crawl->next,
                       "bookmark: the last answer has no token at %.*s (%.*s): the bookmark is "
                       "not moved, and the next run begins where this one did",
                       STR_ARG(bookmark->from_response.source), STR_ARG(why));
    mark->warning = arena_join(crawl->next, mark->warning, "; ", why);
}

/* How many records the pages up to here have made. */
static int64_t accumulated(const struct crawl *crawl, const struct pager *pager)
{
    switch (crawl->stream->merge.strategy) {
    case MERGE_REPLACE:
        return MIN(pager->page, 1);
    case MERGE_COLLECT:
        return pager->page;
    default:
        return pager->records;
    }
}

/* The page is in the batch: the page after it takes its place. */
static void advance(struct crawl *crawl, const struct pager *next,
                    const struct request *request)
{
    struct arena *old = crawl->page;
    guard_add(&crawl->guard, crawl->request.hash, crawl->cut.records_hash, crawl->cut.taken);
    ahead_note(&crawl->ahead, next->number - crawl->pager.number, crawl->cut.taken);
    crawl->pager = *next;
    crawl->request = *request;
    crawl_forget_attempts(crawl);
    crawl->trial = (struct trial){0};
    crawl->overlap = (struct overlap){0};
    crawl->page = crawl->next;
    crawl->next = old;
    crawl->scope.response = UNDEFINED_VALUE;
    crawl->scope.headers = NULL;
    crawl->scope.header_count = 0;
    crawl->scope.accumulated = accumulated(crawl, next);
    crawl->scope.last = next->last;
    arena_reset(old);
    buf_done(&crawl->body);
    buf_done(&crawl->xml.sent);
}

/* A page without records leaves the last one as it was; the page's arena goes. */
static void keep_last(struct crawl *crawl, struct pager *next)
{
    if (crawl->stream->uses_last_record)
        next->last = arena_str(crawl->next, crawl->scope.last);
}

static void forget_page(struct crawl *crawl)
{
    batch_page_drop(loader_open_batch(crawl->loader));
    crawl->cut.records = crawl->cut.rejects = crawl->cut.asides = crawl->cut.dropped = 0;
    crawl->cut.met = NULL;
    for (size_t i = 0; i < crawl->cut.part_count; i++)
        crawl->cut.parts[i].met = NULL;
    crawl->cut.part_counts = NULL;
    crawl->cut.misfits = crawl->cut.misfit_notes = STR_NONE;
    crawl->cut.bookmark_high = crawl->cut.warning = STR_NONE;
    crawl->cut.bookmark = (struct bookmark_counts){0};
}

static void show_page(const struct crawl *crawl, const struct pager *next,
                      const struct pager_decision *decision, const struct request *request)
{
    const struct crawl_watch *watch = crawl->env->watch;
    struct crawl_page page = {
        .next = next,
        .decision = decision,
        .request = decision->outcome == PAGER_MORE && !next->ending.complete ? request : NULL,
        .status = crawl->scope.status,
        .attempts = crawl->attempt + 1,
        .records = crawl->cut.records,
        .seen = crawl->cut.seen,
        .rejects = crawl->cut.rejects,
        .asides = crawl->cut.asides,
        .parts = crawl->cut.part_counts,
        .bytes = (int64_t)crawl_body_bytes(crawl),
    };
    if (watch)
        watch->on_page_end(watch->ctx, &page);
}

/* The page that passes max_rejects is committed, so that its rejects can be looked at. */
static void count_rejects(struct crawl *crawl, struct pager_decision *decision)
{
    int64_t most = crawl->stream->table.max_rejects;
    if (crawl->stream->merge.strategy == MERGE_REPLACE && decision->outcome == PAGER_MORE)
        return; /* its row does not stay */
    int64_t rejects = crawl->cut.rejects;
    for (size_t i = 0; i < crawl->cut.part_count; i++)
        rejects += crawl->cut.parts[i].rejects;
    crawl->job.rejects += rejects;
    if (!rejects || crawl->job.rejects <= most)
        return;
    decision->outcome = PAGER_FAILED;
    decision->reason = REASON_REJECTS;
    decision->why =
        arena_printf(crawl->next, "more than %lld records were rejected", (long long)most);
}

/* As count_rejects: the page is committed, so that it can be looked at. */
void crawl_check_required(struct crawl *crawl, struct pager_decision *decision)
{
    enum job_complete required = crawl->stream->required;
    if (!required || decision->outcome != PAGER_END || decision->complete <= required)
        return;
    decision->outcome = PAGER_FAILED;
    decision->reason = REASON_INCONSISTENT_END;
    decision->why = arena_printf(crawl->next, "the end is %s (%.*s), `require` is %s",
                                 job_complete_name(decision->complete),
                                 STR_ARG(decision->complete_why), job_complete_name(required));
}

enum job_state crawl_end_state(enum pager_outcome outcome)
{
    static const enum job_state states[] = {
        [PAGER_END] = JOB_SUCCEEDED,
        [PAGER_TRUNCATED] = JOB_TRUNCATED,
        [PAGER_FAILED] = JOB_FAILED,
        [PAGER_BORDER] = JOB_SUCCEEDED,
    };
    return states[outcome];
}

/* A query must not fail because no record has come yet: the job ends with a table. */
static bool lacks_table(const struct crawl *crawl)
{
    enum pager_outcome outcome = crawl->turned.decision.outcome;
    bool is_last = outcome == PAGER_END || outcome == PAGER_TRUNCATED ||
                   crawl->turned.next.ending.complete;
    return is_last && !crawl->cut.records && !crawl->cut.rejects &&
           loader_lacks_table(crawl->loader);
}

/* The last of the ranges queues it again (ranges.sql, end_range). */
static void wait_for_ranges(struct crawl *crawl, struct mark *mark)
{
    err_set(&crawl->err, ERR_AGAIN, "ranges", 0, "the jobs that share its pages");
    crawl_set_end(crawl, mark, JOB_WAITING, REASON_NONE);
    crawl->end.wait_ms = 0; /* asked for at once, for the last may be over already */
    mark->waiting_for = mark->error;
    mark->ranges = crawl->turned.ranges;
}

/* The page is one that the job behind the ranges has to judge: it is not read here. */
static enum step leave_range(struct crawl *crawl, const struct pager_decision *decision)
{
    batch_page_drop(loader_open_batch(crawl->loader));
    struct mark mark = {
        .complete_why = arena_printf(crawl->next,
                                     "page %d is left to the job that shares its pages: "
                                     "%.*s",
                                     pager_pages(&crawl->pager) + 1, STR_ARG(decision->why))};
    crawl->err = (struct err)ERR_INIT;
    crawl_quiet(crawl);
    crawl_set_end(crawl, &mark, JOB_SUCCEEDED, REASON_NONE);
    crawl_put_mark(crawl, &mark);
    return crawl_pause(crawl, STEP_PAUSE);
}

/* Shares the pages that follow, where that is asked for. */
static void share(struct crawl *crawl, struct pager *next, struct turned *turned)
{
    if (!crawl->legs.count && !crawl->env->watch)
        turned->ranges = ranges_share(&crawl->pager, next, &turned->decision,
                                      &crawl->scope.secrets, crawl->next, &turned->kept);
}

static enum step leave_page(struct crawl *crawl, const struct turned *turned)
{
    crawl->turned = *turned;
    if (!lacks_table(crawl))
        return STEP_mark;
    loader_extend(crawl->loader, crawl->job.run, NULL, crawl_ready, crawl);
    return crawl_pause(crawl, STEP_mark);
}

enum step step_mark(struct crawl *crawl)
{
    const struct pager *next = &crawl->turned.next;
    const struct pager_decision *decision = &crawl->turned.decision;
    const struct request *request = &crawl->turned.request;
    if (crawl->stream->merge.strategy == MERGE_REPLACE && decision->outcome == PAGER_MORE)
        forget_page(crawl); /* another response follows: its row does not stay */
    struct mark mark = page_mark(crawl, next, decision, crawl->turned.checkpoint);
    mark.warning =
        arena_join(crawl->next, mark.warning, "; ", bookmark_warning(crawl, decision));
    take_token(crawl, &crawl->turned, &mark);
    show_page(crawl, next, decision, request);
    if (decision->recognised.len)
        crawl->env->on_recognised(crawl->env->ctx, crawl,
                                  pager_words_shown(decision->recognised));
    crawl->env->on_page(crawl->env->ctx, crawl, crawl->cut.records,
                        (int64_t)crawl_body_bytes(crawl));
    crawl->pages_total = decision->pages_total ? decision->pages_total : crawl->pages_total;
    if (mark.pages_total)
        crawl->stats.pages_total = mark.pages_total;
    crawl->err = (struct err)ERR_INIT;
    if (decision->outcome == PAGER_TRUNCATED || decision->outcome == PAGER_FAILED)
        err_set(&crawl->err, ERR_INPUT, "pager", 0, "page %d: %.*s", pager_pages(next),
                STR_ARG(decision->why));
    if (decision->outcome != PAGER_MORE)
        crawl_set_leg_end(crawl, &mark, crawl_end_state(decision->outcome), decision->reason);
    else if (next->is_split)
        wait_for_ranges(crawl, &mark);
    batch_keep_body(loader_open_batch(crawl->loader),
                    crawl->xml.is_set ? &crawl->xml.sent : &crawl->body);
    crawl_put_mark(crawl, &mark);
    advance(crawl, next, request);
    if (mark.has_end && !mark.more)
        return crawl_pause(crawl, STEP_PAUSE);
    enum step then = mark.more ? STEP_leg : next->ending.complete ? STEP_ask_count : STEP_send;
    if (crawl->care == CARE_NONE)
        return then;
    crawl->care = CARE_COMMITTING;
    return crawl_pause(crawl, then);
}

/* Said once in a turn, unless a rule of `responses` calls the answer a page. */
static void tell_trouble(struct crawl *crawl, const struct pager_facts *facts,
                         struct pager_decision *decision)
{
    struct str what;
    if (crawl->has_told_error || !crawl->cut.seen || crawl->is_page_by_rule ||
        !trouble_beside(facts, buf_str(&crawl->body), crawl->next, &what))
        return;
    crawl->has_told_error = true;
    struct str warning =
        arena_printf(crawl->next,
                     "page %d: the answer %.*s (a rule of `responses` with then: page or then: "
                     "fail says what that means)",
                     pager_pages(&crawl->pager) + 1, STR_ARG(what));
    decision->warning = arena_join(crawl->next, decision->warning, "; ", warning);
}

/* The second page does not confirm what was believed: nothing of it is stored. */
static enum step end_unconfirmed(struct crawl *crawl)
{
    struct pager_decision decision = trial_end(crawl);
    struct pager next = crawl->pager;
    struct request none = {0};
    next.page++;
    pager_decide_count(&crawl->pager, crawl->stream, &next, &decision);
    next.is_done = decision.outcome != PAGER_MORE;
    crawl->cut.taken = crawl->cut.seen = 0;
    struct str checkpoint;
    if (!checkpoint_write(crawl->next, &next, &crawl->scope.secrets, &checkpoint, &crawl->err))
        return crawl_fail(crawl, REASON_BODY);
    crawl_check_required(crawl, &decision);
    return leave_page(crawl, &(struct turned){.next = next,
                                              .decision = decision,
                                              .request = none,
                                              .checkpoint = checkpoint});
}

static enum step retry_trial(struct crawl *crawl)
{
    forget_page(crawl);
    crawl->err = (struct err)ERR_INIT;
    if (trial_ask_other(crawl, &crawl->err))
        return STEP_send;
    return crawl->err.kind != ERR_NONE ? crawl_fail(crawl, REASON_EVAL)
                                       : end_unconfirmed(crawl);
}

void crawl_foresee(struct crawl *crawl)
{
    AUTO_ARENA struct arena *scratch = arena_new();
    const struct pager *pager = &crawl->pager;
    struct pager next;
    struct err ignored = ERR_INIT;
    if (!pager_is_numbered(pager) || pager->in_force->parallel < 2 ||
        pager->in_force->jobs > 1 || !read_response(crawl, &ignored))
        return;
    struct pager_facts facts = crawl_facts(crawl);
    struct pager_decision decision = pager_decide(pager, &facts, scratch, &next, &ignored);
    if (decision.outcome != PAGER_MORE)
        return;
    crawl->pages_total = decision.pages_total;
    ahead_note(&crawl->ahead, next.number - pager->number, crawl->cut.taken);
    (void)ahead_fill(crawl);
}

enum step step_next(struct crawl *crawl)
{
    struct pager next;
    struct request request = {0};
    enum job_reason reason;
    enum step again;
    if (!overlap_holds(crawl, &again)) {
        if (again == STEP_ask)
            anew_at_place(crawl);
        return again;
    }
    if (!read_response(crawl, &crawl->err))
        return refuse_page(crawl, REASON_BODY);
    settle_records_hash(crawl);
    if (trial_has_failed(crawl))
        return retry_trial(crawl);
    if (!twice_hold(crawl, &crawl->err))
        return refuse_repeated(crawl);
    struct pager read = crawl->pager;
    read.page++;
    read.records += crawl->cut.taken;
    crawl->scope.accumulated = accumulated(crawl, &read);
    crawl->scope.last = crawl->cut.last.len ? crawl->cut.last : crawl->pager.last;
    struct pager_facts facts = crawl_facts(crawl);
    struct pager_decision decision =
        pager_decide(&crawl->pager, &facts, crawl->next, &next, &crawl->err);
    if (decision.outcome == PAGER_FAILED)
        return refuse_page(crawl, decision.reason);
    if (ranges_leaves(&next, &decision))
        return leave_range(crawl, &decision);
    if (trial_is_doubtful(crawl, &decision))
        return retry_trial(crawl);
    decision.warning = arena_join(crawl->next, decision.warning, "; ", crawl->merge_note);
    crawl->merge_note = STR_NONE;
    tell_trouble(crawl, &facts, &decision);
    keep_last(crawl, &next);
    if (!anew_at_bookmark(crawl, &decision, &next, &crawl->err))
        return refuse_page(crawl, REASON_EVAL);
    ranges_end_at_border(&next, &decision);
    bool follows = decision.outcome == PAGER_MORE && !next.ending.complete;
    next.answer = UNDEFINED_VALUE;
    if (follows && next.page)
        next.answer = recall_take(crawl->stream, &crawl->scope, crawl->next);
    if (crawl->cut.shape)
        next.shape = crawl->cut.shape;
    if (!next.names.len)
        next.names = arena_str(crawl->leg, crawl->cut.names);
    overlap_note(crawl, &next);
    twice_count(crawl, &next, &decision);
    overlap_note_borders(crawl, &next);
    anew_doubt(crawl, &next, &decision);
    if (follows && !ask_next(crawl, &next, &request, &reason, &crawl->err))
        return refuse_page(crawl, reason);
    struct turned turned = {.decision = decision, .request = request};
    crawl_check_required(crawl, &turned.decision);
    count_rejects(crawl, &turned.decision);
    share(crawl, &next, &turned);
    turned.next = next;
    if (!checkpoint_write(crawl->next, &next, &crawl->scope.secrets, &turned.checkpoint,
                          &crawl->err))
        return refuse_page(crawl, REASON_BODY);
    return leave_page(crawl, &turned);
}
