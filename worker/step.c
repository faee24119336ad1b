#include "worker/run_internal.h"

#include "base/clock.h"
#include "worker/exchange/judge.h"
#include "worker/watch.h"

enum {
    REDIRECTS_MAX = 5,
    TOLD_WAITS_MAX = 100,
    SLOT_WAIT_MS = 10000, /* a longer wait gives the slot and the lease back */
};

static bool open_definition(struct run *run)
{
    run->stream = loader_stream(run->loader);
    return scope_init(&run->scope, &run->job, run->stream, run->env->secrets_dir, run->arena,
                      &run->err) &&
           checkpoint_read(run->page, run->job.checkpoint, &run->stream->pagination,
                           &run->pager, &run->err);
}

/* What a request may ask of the pages before it. */
static void stand_at_checkpoint(struct run *run)
{
    run->scope.pager = &run->pager;
    run->scope.iteration = MAX(run->pager.page - 1, 0);
    run->scope.accumulated = run->pager.records;
    run->scope.last = arena_str(run->arena, run->pager.last);
}

enum step step_open(struct run *run)
{
    if (!loaders_get(run->env->loaders, run->job.spec, &run->loader, &run->err))
        return run_end_turn(run, JOB_FAILED, REASON_DEFINITION);
    if (!open_definition(run))
        return run_end_turn(run, JOB_FAILED, REASON_DEFINITION);
    stand_at_checkpoint(run);
    if (run->pager.done)
        return run_end_turn(run, JOB_SUCCEEDED, REASON_NONE);
    loader_prepare(run->loader, run->job.run, run_ready, run);
    return run_pause(run, STEP_ask);
}

/* Only for the first page of a turn: the others are asked for while their page turns. */
enum step step_ask(struct run *run)
{
    if (!request_build(run->stream, &run->pager, &run->scope, run->page, &run->request,
                       &run->err))
        return run_fail(run, run->err.kind == ERR_CONFIG ? REASON_DEFINITION : REASON_EVAL);
    return STEP_send;
}

static void on_answer(void *ctx, const struct http_answer *answer, const struct err *err)
{
    struct run *run = ctx;
    bool has_failed = err ? err->kind == ERR_AGAIN : answer->status >= 500;
    run->call = NULL;
    throttle_give(run->env->throttle, &run->pass, has_failed, clock_mono_ms());
    run->answer = answer;
    run->failed = err;
    run->fetched_at_ms = clock_wall_ms();
    if (run->env->watch)
        run->env->watch->on_answer(run->env->watch->ctx, answer, err);
    run_resume(run);
    run->answer = NULL;
    run->failed = NULL;
}

/* Leaves the slot where the wait is long. */
static enum step sleep_for(struct run *run, int64_t delay_ms)
{
    run->waited_ms += delay_ms;
    if (delay_ms > SLOT_WAIT_MS || run->is_draining) {
        run->end.wait_ms = delay_ms;
        return run_end_turn(run, JOB_WAITING, REASON_NONE);
    }
    loop_timer_set(run->timer, delay_ms);
    return run_pause(run, STEP_send);
}

static enum step starve(struct run *run)
{
    run->is_starved = true;
    return run_pause(run, STEP_send);
}

/* The rate limit or a pause of the host stands before the request. */
static enum step hold(struct run *run, enum throttle_wait why, int64_t wait_ms)
{
    static const char *const what[] = {
        [THROTTLE_LIMITED] = "the rate limit holds requests back",
        [THROTTLE_PAUSED] = "the API asked for a pause",
        [THROTTLE_FAILING] = "the API failed several times in a row",
    };
    if (why == THROTTLE_FULL)
        return starve(run);
    err_set(&run->err, ERR_AGAIN, "throttle", 0, "%.*s: %s", STR_ARG(run->request.host),
            what[why]);
    return sleep_for(run, wait_ms);
}

enum step step_send(struct run *run)
{
    int64_t wait_ms = 0;
    struct throttle_peer peer = {run->request.host, run->request.credential};
    if (run->is_draining)
        return run_give_back(run);
    run->is_starved = false;
    if (!run->env->may_send(run->env->ctx, run))
        return starve(run);
    enum throttle_wait why = throttle_take(run->env->throttle, &run->pass, run->stream, &peer,
                                           clock_mono_ms(), &wait_ms);
    if (why != THROTTLE_GO)
        return hold(run, why, wait_ms);
    if (run->env->watch)
        run->env->watch->on_request(run->env->watch->ctx, &run->request);
    run->call = http_send(run->env->http, &run->request.http, on_answer, run);
    return run_pause(run, STEP_judge);
}

static enum step wait_for(struct run *run, int64_t delay_ms)
{
    run->retries++;
    if (delay_ms <= SLOT_WAIT_MS && !run->is_draining)
        run->env->retrying(run->env->ctx, run, &run->err, delay_ms);
    return sleep_for(run, delay_ms);
}

/* Again: after the server's own wait, which is no attempt, or by the policy. */
static enum step again(struct run *run, const struct judgement *judgement)
{
    if (judgement->told_ms >= 0) {
        if (++run->told_waits > TOLD_WAITS_MAX) {
            err_wrap(&run->err, "given up after %d waits that the API asked for",
                     TOLD_WAITS_MAX);
            return run_fail(run, judgement->reason);
        }
        return wait_for(run, judgement->told_ms);
    }
    const struct pagination *paging = &run->stream->pagination;
    bool has_own = paging->retry.max_attempts > 0;
    const struct retry_policy *policy = has_own ? &paging->retry : &run->stream->retry;
    int64_t delay_ms = retry_after(policy, ++run->attempt, run->env->rng);
    if (delay_ms < 0) {
        if (run->attempt > 1)
            err_wrap(&run->err, "given up after %d attempts", run->attempt);
        return run_fail(run, judgement->reason);
    }
    return wait_for(run, judgement->delay_ms >= 0 ? judgement->delay_ms : delay_ms);
}

static enum step redirect(struct run *run, struct str location)
{
    if (++run->redirects > REDIRECTS_MAX)
        err_set(&run->err, ERR_INPUT, "http", 0, "more than %d redirects", REDIRECTS_MAX);
    else if (request_redirect(run->stream, run->page, location, &run->request, &run->err))
        return STEP_send;
    run_wrap_request(run);
    return run_fail(run, REASON_HTTP);
}

/* Keeps what outlives the answer's callback. */
static void keep_answer(struct run *run)
{
    const struct http_answer *answer = run->answer;
    struct http_header *headers =
        ARENA_ARRAY(run->page, struct http_header, answer->header_count);
    for (size_t i = 0; i < answer->header_count; i++)
        headers[i] = (struct http_header){arena_str(run->page, answer->headers[i].name),
                                          arena_str(run->page, answer->headers[i].value)};
    run->scope.status = answer->status;
    run->scope.iteration = run->pager.page;
    run->scope.headers = headers;
    run->scope.header_count = answer->header_count;
    run->body_wire_bytes = answer->wire_bytes;
    run->cut.is_extended = false;
    buf_done(&run->body);
    http_take_body(answer, &run->body);
}

void run_wrap_request(struct run *run)
{
    err_wrap(&run->err, "%.*s %.*s", STR_ARG(run->request.http.method),
             STR_ARG(str_slice(run->request.url, 0, 512)));
}

static struct judgement judge(struct run *run)
{
    AUTO_ARENA struct arena *scratch = arena_new();
    struct judge_case judge = {run->stream, &run->scope, scratch, run->answer, run->failed};
    struct judgement judgement = judge_answer(&judge, &run->err);
    if (judgement.verdict == JUDGE_ACCEPT && !judge_body(run->answer, &run->err)) {
        judgement.verdict = JUDGE_FAIL;
        judgement.reason = REASON_BODY;
    }
    if (judgement.told_ms >= 0)
        throttle_pause(&run->pass, clock_mono_ms(), judgement.told_ms);
    run->scope.response = UNDEFINED_VALUE;
    run->scope.headers = NULL;
    run->scope.header_count = 0;
    return judgement;
}

enum step step_judge(struct run *run)
{
    struct judgement judgement = judge(run);
    switch (judgement.verdict) {
    case JUDGE_REDIRECT:
        return redirect(run, judgement.location);
    case JUDGE_RETRY:
        run_wrap_request(run);
        return again(run, &judgement);
    case JUDGE_FAIL:
        run_wrap_request(run);
        return run_fail(run, judgement.reason);
    default:
        run->body_is_empty = judgement.verdict != JUDGE_ACCEPT;
        run->is_told_end = judgement.verdict == JUDGE_END;
        keep_answer(run);
        return STEP_cut;
    }
}

static enum step cut_failed(struct run *run)
{
    struct judgement cut_body = {.reason = REASON_BODY, .told_ms = -1, .delay_ms = -1};
    run_wrap_request(run);
    if (run->cut.truncated && stream_is_repeatable(run->stream))
        return again(run, &cut_body);
    return run_fail(run, run->cut.is_merge_error ? REASON_MERGE : REASON_BODY);
}

static int64_t records_left(const struct run *run)
{
    int64_t max = run->stream->pagination.max_records;
    return max < 0 ? -1 : MAX(max - run->pager.records, 0);
}

/* For `with` and `where`. A body that is no JSON is left to the cut to complain about. */
static void show_response(struct run *run)
{
    struct err ignored = ERR_INIT;
    run->scope.response = UNDEFINED_VALUE;
    (void)!value_parse(run->page, buf_str(&run->body), (struct value_hole){0},
                       &run->scope.response, &ignored);
}

enum step step_cut(struct run *run)
{
    const struct run_watch *watch = run->env->watch;
    struct batch *batch = loader_batch(run->loader, run_ready, run);
    if (!batch)
        return run_pause(run, STEP_cut);
    run->cut = (struct cut){
        .body = buf_str(&run->body),
        .stream = run->stream,
        .columns = loader_columns(run->loader),
        .scope = &run->scope.expr,
        .max_records = records_left(run),
        .is_extended = run->cut.is_extended,
        .arena = run->page,
        .on_record = watch ? watch->on_record : NULL,
        .on_record_ctx = watch ? watch->ctx : NULL,
    };
    if (run->body_is_empty) {
        batch_page_begin(batch);
        return STEP_turn;
    }
    if (run->stream->merge.reads_response)
        show_response(run);
    switch (cut_page(&run->cut, batch, &run->err)) {
    case CUT_DONE:
        return STEP_turn;
    case CUT_SHAPE:
        run->cut.is_extended = true;
        loader_extend(run->loader, run->job.run, &run->cut.shape, run_ready, run);
        return run_pause(run, STEP_cut);
    case CUT_BAD:
        break;
    }
    return cut_failed(run);
}
