#include "worker/run_internal.h"

#include "base/clock.h"
#include "worker/watch.h"

static void drop_rows(struct run *run)
{
    struct batch *batch = loader_batch(run->loader, run_ready, run);
    if (batch)
        batch_page_drop(batch);
}

/* Drops the page that was just cut: its rows leave the batch, the job fails. */
static enum step refuse_page(struct run *run, enum job_reason reason)
{
    drop_rows(run);
    run_wrap_request(run);
    return run_fail(run, reason);
}

/* The body without its records, where an expression may want it. */
static bool read_response(struct run *run, struct err *err)
{
    enum pagination_type type = run->pager.type;
    struct value_hole hole = run->cut.hole;
    run->scope.response = UNDEFINED_VALUE;
    if (run->body_is_empty || type == PAGINATE_NONE || type == PAGINATE_LINK_HEADER)
        return true;
    if (run->stream->response_needs_records)
        hole = (struct value_hole){0};
    return value_parse(run->page, buf_str(&run->body), hole, &run->scope.response, err);
}

static struct pager_facts facts_of(const struct run *run)
{
    return (struct pager_facts){
        .url = run->request.url,
        .own = run->request.own,
        .headers = run->scope.headers,
        .header_count = run->scope.header_count,
        .is_empty_answer = run->body_is_empty,
        .is_last = run->is_told_end,
        .seen = run->cut.seen,
        .taken = run->cut.taken,
        .elapsed_ms = clock_mono_ms() - run->began_mono_ms,
        .stream = run->stream,
        .scope = &run->scope.expr,
    };
}

static bool guards_hold(const struct run *run, struct err *err)
{
    const struct cut *cut = &run->cut;
    if (run->stream->pagination.allow_repeats ||
        !guard_knows_records(&run->guard, cut->records_hash, cut->taken))
        return true;
    return err_set(err, ERR_INPUT, "guard", 0,
                   "the records of this page came before in this job: the paging goes in "
                   "circles (allow_repeats: true lifts this)");
}

/* The next request, before this page is committed: asking the same twice is a loop. */
static bool ask_next(struct run *run, struct pager *pager, struct request *ret_request,
                     enum job_reason *ret_reason, struct err *err)
{
    const struct pager *old = run->scope.pager;
    run->scope.pager = pager;
    bool built = request_build(run->stream, pager, &run->scope, run->next, ret_request, err);
    run->scope.pager = old;
    *ret_reason = REASON_EVAL;
    if (!built)
        return err_wrap(err, "next request");
    *ret_reason = REASON_LOOP;
    if (ret_request->hash != run->request.hash &&
        !guard_knows_request(&run->guard, ret_request->hash))
        return true;
    return err_set(err, ERR_INPUT, "guard", 0,
                   "the next request is one that this job made before: %.*s",
                   STR_ARG(str_slice(ret_request->url, 0, 512)));
}

static struct str both_warnings(struct arena *arena, struct str a, struct str b)
{
    if (!a.len || !b.len)
        return a.len ? a : b;
    return arena_printf(arena, "%.*s; %.*s", STR_ARG(a), STR_ARG(b));
}

static struct mark page_mark(struct run *run, const struct pager *next,
                             const struct pager_decision *decision)
{
    return (struct mark){
        .page = next->page,
        .checkpoint = checkpoint_write(run->next, next),
        .request_hash = run->request.hash,
        .records_hash = run->cut.taken ? run->cut.records_hash : 0,
        .status = run->scope.status,
        .attempts = run->attempt + 1,
        .records = run->cut.records,
        .bytes = (int64_t)run->body.len,
        .rejects = run->cut.rejects,
        .asides = run->cut.asides,
        .fetched_at_ms = run->fetched_at_ms,
        .pages_total = decision->pages_total,
        .misfits = run->cut.misfits,
        .bookmark_high = run->cut.bookmark_high,
        .warning = both_warnings(run->next, decision->warning, run->cut.warning),
        .paging = decision->recognised,
    };
}

/* How many records the pages up to here have made. */
static int64_t accumulated(const struct run *run, const struct pager *pager)
{
    switch (run->stream->merge.strategy) {
    case MERGE_REPLACE:
        return MIN(pager->page, 1);
    case MERGE_COLLECT:
        return pager->page;
    default:
        return pager->records;
    }
}

static void turn_over(struct run *run, const struct pager *next, const struct request *request)
{
    struct arena *old = run->page;
    guard_add(&run->guard, run->request.hash, run->cut.records_hash, run->cut.taken);
    run->pager = *next;
    run->request = *request;
    run->attempt = run->told_waits = run->redirects = 0;
    run->page = run->next;
    run->next = old;
    run->scope.response = UNDEFINED_VALUE;
    run->scope.headers = NULL;
    run->scope.header_count = 0;
    run->scope.accumulated = accumulated(run, next);
    run->scope.last = next->last;
    arena_reset(old);
    buf_done(&run->body);
}

/* A page without records leaves the last one as it was; the page's arena goes. */
static void keep_last(struct run *run, struct pager *next)
{
    if (run->stream->uses_last_record)
        next->last = arena_str(run->next, run->scope.last);
}

/* `replace`: this response was not the last. What was learnt from it is kept, its row is not.
 */
static void forget_page(struct run *run)
{
    drop_rows(run);
    run->cut.records = run->cut.rejects = run->cut.asides = 0;
    run->cut.bookmark_high = run->cut.warning = STR_NONE;
}

static void tell_watch(const struct run *run, const struct pager *next,
                       const struct pager_decision *decision, const struct request *request)
{
    const struct run_watch *watch = run->env->watch;
    struct run_turn turn = {
        .next = next,
        .decision = decision,
        .request = decision->turn == PAGER_MORE ? request : NULL,
        .status = run->scope.status,
        .attempts = run->attempt + 1,
        .records = run->cut.records,
        .seen = run->cut.seen,
        .rejects = run->cut.rejects,
        .asides = run->cut.asides,
        .bytes = (int64_t)run->body.len,
    };
    if (watch)
        watch->on_turn(watch->ctx, &turn);
}

/* The page that passes max_rejects is committed, so that its rejects can be looked at. */
static void count_rejects(struct run *run, struct pager_decision *decision)
{
    int64_t most = run->stream->table.max_rejects;
    if (run->stream->merge.strategy == MERGE_REPLACE && decision->turn == PAGER_MORE)
        return; /* its row does not stay */
    run->job.rejects += run->cut.rejects;
    if (!run->cut.rejects || run->job.rejects <= most)
        return;
    decision->turn = PAGER_FAILED;
    decision->reason = REASON_REJECTS;
    decision->why =
        arena_printf(run->next, "more than %lld records were rejected", (long long)most);
}

static const enum job_state end_states[] = {
    [PAGER_END] = JOB_SUCCEEDED,
    [PAGER_TRUNCATED] = JOB_TRUNCATED,
    [PAGER_FAILED] = JOB_FAILED,
};

static enum step commit_page(struct run *run, const struct pager *next,
                             const struct pager_decision *decision,
                             const struct request *request)
{
    if (run->stream->merge.strategy == MERGE_REPLACE && decision->turn == PAGER_MORE)
        forget_page(run);
    struct mark mark = page_mark(run, next, decision);
    tell_watch(run, next, decision, request);
    if (decision->recognised.len)
        run->env->recognised(run->env->ctx, run, decision->recognised);
    run->env->paged(run->env->ctx, run, run->cut.records, (int64_t)run->body.len);
    run->stats.pages_total =
        decision->pages_total ? decision->pages_total : run->stats.pages_total;
    run->err = (struct err)ERR_INIT;
    if (decision->turn == PAGER_TRUNCATED || decision->turn == PAGER_FAILED)
        err_set(&run->err, ERR_INPUT, "pager", 0, "page %d: %.*s", next->page,
                STR_ARG(decision->why));
    if (decision->turn != PAGER_MORE)
        run_set_end(run, &mark, end_states[decision->turn], decision->reason);
    run_put_mark(run, &mark);
    turn_over(run, next, request);
    return mark.has_end ? run_pause(run, STEP_PAUSE) : STEP_send;
}

enum step step_turn(struct run *run)
{
    struct pager next;
    struct request request = {0};
    enum job_reason reason;
    if (!read_response(run, &run->err))
        return refuse_page(run, REASON_BODY);
    if (!guards_hold(run, &run->err))
        return refuse_page(run, REASON_LOOP);
    struct pager read = run->pager;
    read.page++;
    read.records += run->cut.taken;
    run->scope.accumulated = accumulated(run, &read);
    run->scope.last = run->cut.last.len ? run->cut.last : run->pager.last;
    struct pager_facts facts = facts_of(run);
    struct pager_decision decision =
        pager_next(&run->pager, &facts, run->next, &next, &run->err);
    if (decision.turn == PAGER_FAILED)
        return refuse_page(run, decision.reason);
    keep_last(run, &next);
    if (decision.turn == PAGER_MORE && !ask_next(run, &next, &request, &reason, &run->err))
        return refuse_page(run, reason);
    count_rejects(run, &decision);
    return commit_page(run, &next, &decision, &request);
}
