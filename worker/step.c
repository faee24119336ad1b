#include "worker/run_internal.h"

#include "base/clock.h"
#include "worker/judge.h"
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

enum step step_open(struct run *run)
{
    if (!loaders_get(run->env->loaders, run->job.spec, &run->loader, &run->err))
        return run_end_turn(run, JOB_FAILED, REASON_DEFINITION);
    if (!open_definition(run))
        return run_end_turn(run, JOB_FAILED, REASON_DEFINITION);
    run->scope.pager = &run->pager;
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
    run->call = NULL;
    run->answer = answer;
    run->failed = err;
    run->fetched_at_ms = clock_wall_ms();
    if (run->env->watch)
        run->env->watch->answered(run->env->watch->ctx, answer, err);
    run_resume(run);
    run->answer = NULL;
    run->failed = NULL;
}

enum step step_send(struct run *run)
{
    if (run->is_draining)
        return run_give_back(run);
    run->is_starved = !run->env->may_send(run->env->ctx, run);
    if (run->is_starved)
        return run_pause(run, STEP_send);
    if (run->env->watch)
        run->env->watch->asked(run->env->watch->ctx, &run->request);
    run->call = http_send(run->env->http, &run->request.http, on_answer, run);
    return run_pause(run, STEP_judge);
}

static enum step wait_for(struct run *run, int64_t delay_ms)
{
    run->waited_ms += delay_ms;
    if (delay_ms > SLOT_WAIT_MS || run->is_draining) {
        run->end.wait_ms = delay_ms;
        return run_end_turn(run, JOB_WAITING, REASON_NONE);
    }
    run->env->retrying(run->env->ctx, run, &run->err, delay_ms);
    loop_timer_set(run->timer, delay_ms);
    return run_pause(run, STEP_send);
}

/* Again: after the server's own wait, which is no attempt, or by the policy. */
static enum step again(struct run *run, const struct judgement *judgement)
{
    if (judgement->told_ms >= 0) {
        if (++run->told_waits > TOLD_WAITS_MAX)
            return run_fail(run, judgement->reason);
        run->retries++;
        return wait_for(run, judgement->told_ms);
    }
    int64_t delay_ms = retry_after(&run->stream->retry, ++run->attempt, run->env->rng);
    if (delay_ms < 0) {
        if (run->attempt > 1)
            err_wrap(&run->err, "given up after %d attempts", run->attempt);
        return run_fail(run, judgement->reason);
    }
    run->retries++;
    return wait_for(run, delay_ms);
}

static enum step redirect(struct run *run, struct str location)
{
    struct http_url from, to;
    struct str url;
    if (++run->redirects > REDIRECTS_MAX) {
        err_set(&run->err, ERR_INPUT, "http", 0, "more than %d redirects", REDIRECTS_MAX);
        return run_fail(run, REASON_HTTP);
    }
    bool fine = http_url_resolve(run->page, run->request.url, location, &url, &run->err) &&
                http_url_parse(run->page, run->request.url, &from, &run->err) &&
                http_url_parse(run->page, url, &to, &run->err);
    if (fine && !http_url_same_origin(&from, &to))
        fine = err_set(&run->err, ERR_INPUT, "http", 0,
                       "the redirect leaves its origin: %.*s://%.*s:%d", STR_ARG(to.scheme),
                       STR_ARG(to.host), to.port);
    if (!fine)
        return run_fail(run, REASON_HTTP);
    request_redirect(&run->request, url);
    return STEP_send;
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

enum step step_judge(struct run *run)
{
    struct judgement judgement = judge_answer(run->stream, run->answer, run->failed, &run->err);
    if (judgement.verdict == JUDGE_REDIRECT)
        return redirect(run, judgement.location);
    if (judgement.verdict == JUDGE_ACCEPT && !judge_body(run->answer, &run->err)) {
        judgement.verdict = JUDGE_FAIL;
        judgement.reason = REASON_BODY;
    }
    if (judgement.verdict == JUDGE_RETRY || judgement.verdict == JUDGE_FAIL)
        run_wrap_request(run);
    if (judgement.verdict == JUDGE_RETRY)
        return again(run, &judgement);
    if (judgement.verdict == JUDGE_FAIL)
        return run_fail(run, judgement.reason);
    run->body_is_empty = judgement.verdict == JUDGE_EMPTY;
    keep_answer(run);
    return STEP_cut;
}

static enum step cut_failed(struct run *run)
{
    struct judgement cut_body = {.reason = REASON_BODY, .told_ms = -1};
    run_wrap_request(run);
    if (run->cut.truncated && judge_is_repeatable(run->stream))
        return again(run, &cut_body);
    return run_fail(run, run->cut.is_merge_error ? REASON_MERGE : REASON_BODY);
}

static int64_t records_left(const struct run *run)
{
    int64_t max = run->stream->pagination.max_records;
    return max < 0 ? -1 : MAX(max - run->pager.records, 0);
}

enum step step_cut(struct run *run)
{
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
        .watch = run->env->watch,
    };
    if (run->body_is_empty) {
        batch_page_begin(batch);
        return STEP_turn;
    }
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
