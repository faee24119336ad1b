/*
 * A crawl's life. It does two things at the same time: it makes steps, page after page, and it
 * waits for the outcomes of the marks that earlier pages left in the batches (`pending` of
 * them). The phase says which of the two still go on:
 *
 *     phase      steps   new marks     leaves it when
 *     WORKING    yes     of pages      see below
 *     ENDING     no      no            the last outcome is there             -> OVER
 *     FAILING    no      the end mark  the last outcome is there             -> ENDING
 *     ENDED      no      no            the last outcome is there             -> OVER
 *     LEAVING    no      no            the last outcome is there             -> OVER
 *     OVER       no      no            crawl_free
 *
 *     WORKING ──► ENDING    the job's turn ends by a mark: it succeeded, failed, was truncated,
 *        │                  has to wait, or is given back. The mark goes with the last page or
 *        │                  alone, and what PostgreSQL answers to it is the end
 *        ├─────► FAILING    a batch could not be committed, for good: none of its pages is in.
 *        │                  Only when no mark is under way can the failure be written as the
 *        │                  end, after the pages that are in
 *        ├─────► ENDED      PostgreSQL refused more rows than max_rejects and ended the job in
 *        │                  the commit of a page; the marks after it will be refused
 *        └─────► LEAVING    the job is another's (a mark was refused), or it cannot be said
 *                           what became of it: write nothing more, leave it as it is
 *
 * ENDING goes to FAILING or LEAVING too, when a page's mark before the end mark fails.
 *
 * Invariants. Every mark has exactly one outcome, so `pending` comes down to 0. OVER is reached
 * once, and on_ended is called once, from the loop, never from inside a call. After
 * crawl_quiet() nothing comes back but outcomes: no answer, no timer, no word from the loader.
 * The steps of a job in care (enum care) wait for the outcome of its first page. The end of a
 * leg that others follow (legs.h) is a mark like that of a page: the phase stays WORKING.
 *
 * Example: three pages, a batch of two, the API's end on page 3. Step next marks page 1 and
 * page 2 (pending 2), the batch is committed while page 3 is fetched (pending 0). Page 3's mark
 * carries the end (ENDING, pending 1). Its outcome `applied, ended, succeeded` is the last one:
 * OVER, how = FINISHED. Had the worker lost the job meanwhile, the outcome would be `refused`:
 * LEAVING, and OVER at once, how = LOST.
 */
#include "worker/crawl/crawl_internal.h"

#include <assert.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/redact.h"
#include "worker/signs/evidence.h"

static const struct {
    const char *name;
    enum step (*make)(struct crawl *crawl);
} steps[] = {
#define X(name) [STEP_##name] = {#name, step_##name},
    STEPS(X)
#undef X
        [STEP_PAUSE] = {"end", NULL},
};

static void make_steps(struct crawl *crawl, enum step step)
{
    crawl->is_paused = false;
    while (step != STEP_PAUSE) {
        assert(step < STEP_PAUSE);
        crawl->step = step;
        crash_point(steps[step].name, crawl->job.stream, pager_pages(&crawl->pager) + 1);
        step = steps[step].make(crawl);
    }
    crawl->is_paused = true;
    if (log_is_on(LOG_DEBUG) && crawl->phase == PHASE_WORKING) {
        struct log_where at = {crawl->job.stream, crawl->job.run, crawl->job.n,
                               pager_pages(&crawl->pager) + 1};
        log_write(LOG_DEBUG, LOG_JOB_STEP, &at, "%s done, waits to %s", steps[crawl->step].name,
                  steps[crawl->resume].name);
    }
}

enum step crawl_pause(struct crawl *crawl, enum step resume)
{
    crawl->resume = resume;
    return STEP_PAUSE;
}

void crawl_resume(struct crawl *crawl)
{
    if (crawl->is_paused && crawl->phase == PHASE_WORKING)
        make_steps(crawl, crawl->resume);
}

void crawl_go_to(struct crawl *crawl, enum step step)
{
    crawl->resume = step;
    if (step != STEP_PAUSE)
        crawl_resume(crawl);
}

static void on_timer(void *ctx)
{
    crawl_resume(ctx);
}

static void on_over(void *ctx)
{
    struct crawl *crawl = ctx;
    crawl->env->on_ended(crawl->env->ctx, crawl, &crawl->end);
}

static void finish(struct crawl *crawl, enum crawl_how how)
{
    if (crawl->phase == PHASE_OVER)
        return;
    crawl->phase = PHASE_OVER;
    crawl->end.how = how;
    crawl->end.err = &crawl->err;
    loop_defer(crawl->env->loop, on_over, crawl);
}

/* From here on only outcomes of marks come back. */
void crawl_quiet(struct crawl *crawl)
{
    if (crawl->call)
        http_cancel(TAKE(crawl->call));
    throttle_drop(crawl->env->throttle, &crawl->pass);
    authorise_drop(crawl);
    ahead_drop(crawl);
    crawl->is_crowded_out = false;
    if (cut_is_under_way(&crawl->cut)) {
        cut_drop(&crawl->cut);
        loader_release(crawl->loader);
    }
    if (crawl->loader)
        loader_forget(crawl->loader, crawl);
    loop_timer_clear(crawl->timer);
}

static void leave_if_settled(struct crawl *crawl)
{
    if (crawl->phase == PHASE_LEAVING && crawl->pending == 0)
        finish(crawl, crawl->is_set_back ? CRAWL_SET_BACK : CRAWL_LOST);
    if (crawl->phase == PHASE_ENDED && crawl->pending == 0)
        finish(crawl, CRAWL_FINISHED);
    if (crawl->phase == PHASE_FAILING && crawl->pending == 0)
        crawl_end_turn(crawl, JOB_FAILED, crawl->end.reason);
}

static void leave(struct crawl *crawl, enum phase phase)
{
    if (crawl->phase == PHASE_OVER || crawl->phase == PHASE_ENDED)
        return;
    crawl_quiet(crawl);
    crawl->phase = phase;
    leave_if_settled(crawl);
}

/* What may succeed later does not end the job: another worker goes on with it. */
static bool is_worth_another_time(const struct err *err)
{
    return err->kind == ERR_AGAIN;
}

void crawl_ready(void *ctx, const struct err *err)
{
    struct crawl *crawl = ctx;
    if (crawl->phase != PHASE_WORKING)
        return;
    if (!err) {
        crawl_resume(crawl);
        return;
    }
    crawl->err = *err;
    if (is_worth_another_time(err)) {
        leave(crawl, PHASE_LEAVING);
        return;
    }
    bool config = err->kind == ERR_CONFIG || err->kind == ERR_INPUT;
    make_steps(crawl,
               crawl_end_turn(crawl, JOB_FAILED, config ? REASON_DEFINITION : REASON_SERVER));
}

static void mark_owner(const struct crawl *crawl, struct mark *mark)
{
    mark->ctx = (void *)(uintptr_t)crawl;
    mark->job = crawl->job.id;
    mark->run = crawl->job.run;
    mark->epoch = crawl->job.epoch;
    snprintf(mark->owner, sizeof mark->owner, "%.*s", STR_ARG(crawl->job.owner));
}

void crawl_put_mark(struct crawl *crawl, struct mark *mark)
{
    mark_owner(crawl, mark);
    mark->retries = crawl->retries;
    mark->waited_ms = crawl->waited_ms;
    crawl->retries = crawl->waited_ms = 0;
    mark->warning = arena_join(crawl->leg, mark->warning, "; ", crawl->warning);
    crawl->warning = STR_NONE;
    assert(crawl->phase == PHASE_WORKING || mark->has_end);
    crawl->pending++;
    crawl->legs.last_page = MAX(crawl->legs.last_page, mark->page);
    mark->after = crawl->legs.last_page;
    loader_mark(crawl->loader, mark,
                (mark->has_end && !mark->more) || !mark->page || crawl->care != CARE_NONE);
}

void crawl_set_end(struct crawl *crawl, struct mark *mark, enum job_state state,
                   enum job_reason reason)
{
    redact_cstr(crawl->err.text, sizeof crawl->err.text);
    mark->has_end = true;
    mark->end = state;
    mark->reason = reason;
    mark->error = str_from(crawl->err.text);
    crawl->end.state = state;
    crawl->end.reason = reason;
    crawl->phase = PHASE_ENDING;
}

enum step crawl_end_turn(struct crawl *crawl, enum job_state state, enum job_reason reason)
{
    struct mark mark = {0};
    crawl_quiet(crawl);
    if (!crawl->loader) {
        finish(crawl, CRAWL_LOST);
        return STEP_PAUSE;
    }
    crawl_set_end(crawl, &mark, state, reason);
    mark.checkpoint = crawl->end_checkpoint;
    if (state == JOB_WAITING && !mark.checkpoint.len)
        mark.checkpoint = crawl_counted_checkpoint(crawl);
    mark.wait_ms = crawl->end.wait_ms;
    mark.attempt = crawl->attempt;
    mark.server_waits = crawl->server_waits;
    if (state == JOB_WAITING)
        mark.waiting_for = mark.error;
    crawl_put_mark(crawl, &mark);
    return crawl_pause(crawl, STEP_PAUSE);
}

enum step crawl_fail(struct crawl *crawl, enum job_reason reason)
{
    if (crawl->is_counting)
        return STEP_miss_count;
    if (crawl->is_preparing)
        err_wrap(&crawl->err, "prepare");
    else
        err_wrap(&crawl->err, "page %d", pager_pages(&crawl->pager) + 1);
    return crawl_end_leg(crawl, JOB_FAILED, reason);
}

enum step crawl_fail_if_not_end(struct crawl *crawl, enum job_reason reason)
{
    const struct pager *pager = &crawl->pager;
    if (pager->declared->count.at.kind == LOCATOR_NONE || !pager_may_ask_behind_end(pager) ||
        pager->more.len || !evidence_counts_all(pager, crawl->stream))
        return crawl_fail(crawl, reason);
    crawl->doubted.is_set = true;
    crawl->doubted.err = crawl->err;
    crawl->doubted.reason = reason;
    crawl->redirects = 0;
    crawl->authorised.renewals = 0;
    return STEP_ask_count;
}

enum step crawl_give_back(struct crawl *crawl)
{
    crawl->err = (struct err)ERR_INIT;
    return crawl_end_turn(crawl, JOB_QUEUED, REASON_NONE);
}

static void copy_job(struct crawl *crawl, const struct job *job)
{
    struct arena *arena = crawl->arena;
    crawl->job = *job;
    struct str *const texts[] = {
        &crawl->job.stream,   &crawl->job.spec,        &crawl->job.part,
        &crawl->job.mode,     &crawl->job.window_from, &crawl->job.window_to,
        &crawl->job.bookmark, &crawl->job.owner,       &crawl->job.checkpoint};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = arena_str(arena, *texts[i]);
}

/* For legs.c, which knows the page that the guard begins with. */
static void copy_past(struct crawl *crawl, const struct crawl_past *past)
{
    int64_t *requests = ARENA_ARRAY(crawl->arena, int64_t, past->count);
    int64_t *records = ARENA_ARRAY(crawl->arena, int64_t, past->count);
    int *legs = ARENA_ARRAY(crawl->arena, int, past->count);
    for (size_t i = 0; i < past->count; i++) {
        legs[i] = past->legs[i];
        requests[i] = past->request_hashes[i];
        records[i] = past->records_hashes[i];
    }
    crawl->past = (struct crawl_past){requests, records, legs, past->count};
}

struct crawl *crawl_new(const struct crawl_env *env, const struct job *job,
                        const struct crawl_past *past)
{
    struct crawl *crawl = mem_alloc(sizeof *crawl);
    crawl->env = env;
    crawl->arena = arena_new();
    crawl->leg = arena_new();
    crawl->page = arena_new();
    crawl->next = arena_new();
    copy_job(crawl, job);
    crawl->err = (struct err)ERR_INIT;
    crawl->care = job->losses ? CARE_FETCHING : CARE_NONE;
    crawl->attempt = job->attempt;
    crawl->server_waits = job->server_waits;
    crawl->stats = (struct crawl_stats){.pages = job->page, .records = job->records};
    crawl->began_mono_ms = clock_mono_ms() - job->elapsed_ms;
    crawl->began_at_ms = clock_wall_ms();
    crawl->timer = loop_timer_new(env->loop, on_timer, crawl);
    ahead_init(crawl, crawl_resume);
    crawl->authorised.resume = crawl_resume;
    guard_init(&crawl->guard);
    copy_past(crawl, past);
    loop_timer_set(crawl->timer, 0);
    crawl->is_paused = true;
    crawl->resume = STEP_open;
    return crawl;
}

void crawl_free(struct crawl *crawl)
{
    ahead_done(crawl);
    throttle_drop(crawl->env->throttle, &crawl->pass);
    if (crawl->loader)
        loader_put(crawl->loader);
    loop_timer_free(crawl->timer);
    guard_done(&crawl->guard);
    buf_done(&crawl->body);
    buf_done(&crawl->xml.sent);
    arena_free(crawl->prepare.arena);
    arena_free(crawl->page);
    arena_free(crawl->next);
    arena_free(crawl->leg);
    arena_free(crawl->arena);
    mem_free(crawl);
}

/* A batch could not be committed: the pages in it are not in. */
static void on_batch_failed(struct crawl *crawl, const struct mark_outcome *outcome)
{
    if (crawl->phase == PHASE_FAILING || crawl->phase == PHASE_ENDED)
        return;
    bool end_alone_failed = crawl->phase == PHASE_ENDING && outcome->page == 0;
    bool leaves = end_alone_failed || is_worth_another_time(outcome->err);
    crawl->err = *outcome->err;
    crawl->end.reason = outcome->reason;
    crawl->end.is_refused = end_alone_failed && !is_worth_another_time(outcome->err);
    crawl->legs.last_page = crawl->stats.pages;
    leave(crawl, leaves ? PHASE_LEAVING : PHASE_FAILING);
}

static void keep_run_end(struct crawl *crawl, const struct mark_outcome *outcome)
{
    crawl->end.has_run_ended = outcome->has_run_ended;
    crawl->end.run_state = outcome->run_state;
    crawl->end.run_warnings = arena_str(crawl->arena, outcome->run_warnings);
}

/* PostgreSQL has ended the job otherwise than we meant: what it knows of all pages decides. */
static void take_end(struct crawl *crawl, const struct mark_outcome *outcome)
{
    crawl->end.state = outcome->state;
    crawl->end.reason = outcome->reason;
    err_set(&crawl->err, ERR_INPUT, "end", 0, "%.*s", STR_ARG(outcome->error));
}

static void on_turn_ended(struct crawl *crawl, const struct mark_outcome *outcome)
{
    keep_run_end(crawl, outcome);
    if (outcome->has_ended && outcome->state != crawl->end.state)
        take_end(crawl, outcome);
    if (crawl->end.state == JOB_WAITING)
        finish(crawl, CRAWL_PARKED);
    else
        finish(crawl, crawl->end.state == JOB_QUEUED ? CRAWL_RETURNED : CRAWL_FINISHED);
}

/* PostgreSQL refused too many rows and ended the job with this page, whatever we meant. */
static bool is_ended_there(const struct crawl *crawl, const struct mark_outcome *outcome)
{
    bool goes_on =
        crawl->phase == PHASE_WORKING || (crawl->phase == PHASE_ENDING && crawl->pending > 0);
    return goes_on && outcome->has_ended && outcome->state == JOB_FAILED;
}

static void on_ended_there(struct crawl *crawl, const struct mark_outcome *outcome)
{
    crawl_quiet(crawl);
    crawl->phase = PHASE_ENDED;
    keep_run_end(crawl, outcome);
    take_end(crawl, outcome);
}

/* Behind a batch that failed, its pages are missing. */
static void on_left_out(struct crawl *crawl, enum mark_verdict verdict)
{
    if (verdict == MARK_BEHIND && crawl->phase == PHASE_FAILING)
        return;
    crawl->is_set_back |= verdict == MARK_BEHIND;
    leave(crawl, PHASE_LEAVING);
}

void crawl_outcome(struct crawl *crawl, const struct mark_outcome *outcome)
{
    assert(crawl->pending > 0);
    crawl->pending--;
    bool in = outcome->verdict == MARK_APPLIED || outcome->verdict == MARK_SKIPPED;
    if (in && outcome->page) {
        crawl->stats.pages = outcome->page;
        crawl->stats.records += outcome->records;
    }
    if (in && is_ended_there(crawl, outcome))
        on_ended_there(crawl, outcome);
    else if (outcome->verdict == MARK_FAILED && crawl->phase != PHASE_LEAVING)
        on_batch_failed(crawl, outcome);
    else if (outcome->verdict == MARK_REFUSED || outcome->verdict == MARK_BEHIND)
        on_left_out(crawl, outcome->verdict);
    else if (in && crawl->phase == PHASE_ENDING && crawl->pending == 0)
        on_turn_ended(crawl, outcome);
    leave_if_settled(crawl);
    if (crawl->care == CARE_COMMITTING) {
        crawl->care = CARE_NONE;
        crawl_resume(crawl);
    }
}

void crawl_wake(struct crawl *crawl)
{
    if (crawl->is_starved)
        crawl_resume(crawl);
    (void)ahead_fill(crawl);
}

void crawl_stop(struct crawl *crawl, enum crawl_stop how)
{
    bool working = crawl->phase == PHASE_WORKING;
    crawl->is_draining = true;
    if (how == CRAWL_STOP_LOST)
        leave(crawl, PHASE_LEAVING);
    if (!working || how == CRAWL_STOP_LOST)
        return;
    if (!crawl->loader) {
        finish(crawl, CRAWL_LOST);
        return;
    }
    bool is_busy = crawl->call || crawl->authorised.is_waiting || crawl->ahead.awaited ||
                   cut_is_under_way(&crawl->cut);
    if (how == CRAWL_STOP_NOW || !is_busy)
        crawl_give_back(crawl);
}

const struct job *crawl_job(const struct crawl *crawl)
{
    return &crawl->job;
}

const struct columns *crawl_columns(const struct crawl *crawl)
{
    return crawl->loader ? loader_columns(crawl->loader) : NULL;
}

const struct columns **crawl_part_columns(const struct crawl *crawl, struct arena *arena)
{
    return crawl->loader ? loader_part_columns(crawl->loader, arena) : NULL;
}

bool crawl_is_counting(const struct crawl *crawl)
{
    return crawl->is_counting;
}

bool crawl_is_idle(const struct crawl *crawl)
{
    return !crawl->call && !ahead_is_asking(&crawl->ahead) && !cut_is_under_way(&crawl->cut);
}

bool crawl_is_crowded_out(const struct crawl *crawl)
{
    return crawl->is_crowded_out;
}

bool crawl_is_cutting(const struct crawl *crawl)
{
    return cut_is_under_way(&crawl->cut);
}

/* Scratch of a page counts where it is large: every crawl has a little of it. */
static size_t page_bytes(const struct crawl *crawl)
{
    enum { LITTLE_BYTES = 256 << 10 };
    size_t bytes = arena_bytes(crawl->page) + arena_bytes(crawl->next);
    return bytes > LITTLE_BYTES ? bytes : 0;
}

const char *crawl_end_name(const struct crawl_end *end)
{
    static const char *const names[] = {[CRAWL_PARKED] = "waiting",
                                        [CRAWL_RETURNED] = "returned",
                                        [CRAWL_SET_BACK] = "returned",
                                        [CRAWL_LOST] = "lost"};
    return end->how == CRAWL_FINISHED ? job_state_name(end->state) : names[end->how];
}

int64_t crawl_began_at_ms(const struct crawl *crawl)
{
    return crawl->began_at_ms;
}

struct crawl_fetched crawl_fetched(const struct crawl *crawl)
{
    const struct pager *pager = &crawl->pager;
    bool has_text = pager->cursor.kind == VALUE_STRING || pager->cursor.kind == VALUE_NUMBER;
    return (struct crawl_fetched){
        .number =
            pager_pages(&crawl->turned.next) + (crawl->legs.count ? crawl->legs.pages : 0),
        .place = pager_is_numbered(pager) ? pager->number : -1,
        .is_offset = pager->in_force->type == PAGINATE_OFFSET,
        .cursor = has_text ? pager->cursor.text : STR_NONE,
        .host = crawl->request.host,
        .status = crawl->scope.status,
        .attempts = crawl->attempt + 1,
        .asked_at_ms = crawl->fetched_at_ms - crawl->took_ms,
    };
}

struct crawl_stats crawl_stats(const struct crawl *crawl)
{
    struct crawl_stats stats = crawl->stats;
    stats.bytes =
        crawl->body.len + crawl->xml.sent.len + page_bytes(crawl) + ahead_bytes(&crawl->ahead);
    stats.rejects = crawl->job.rejects;
    stats.page = pager_pages(&crawl->pager) + 1;
    stats.step = steps[crawl->is_paused ? crawl->resume : crawl->step].name;
    return stats;
}
