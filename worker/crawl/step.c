#include "worker/crawl/crawl_internal.h"

#include <assert.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/lack.h"
#include "base/redact.h"
#include "config/format.h"
#include "worker/crawl/anew.h"
#include "worker/crawl/watch.h"
#include "worker/exchange/answer_body.h"
#include "worker/exchange/answer_text.h"
#include "worker/exchange/count.h"
#include "worker/exchange/judge.h"
#include "worker/exchange/recall.h"
#include "worker/exchange/request_sign.h"
#include "worker/pace/tally.h"
#include "worker/paging/ranges.h"
#include "worker/records/records.h"
#include "worker/signs/absent.h"
#include "worker/signs/trouble.h"

enum {
    REDIRECTS_MAX = 5,
    SERVER_WAITS_MAX = 100,
    SLOT_WAIT_MS = 10000, /* a longer wait gives the slot and the lease back */
    LACK_FIRST_MS = 1000,
    LACK_MAX_MS = 15000,
    CUT_SLICE_MS = 5, /* of cutting, before other work of the process has its turn */
    /* A page may become so many times its body, or `memory`, whichever is more. */
    BODY_GROWTH = 8,
    MEMORY_GROWTH = 3,
};

/* A request that reads the answer before it cannot be made without. */
static bool has_forgotten(const struct crawl *crawl)
{
    return crawl->pager.page > 0 && crawl->pager.answer.kind == VALUE_UNDEFINED &&
           recall_is_needed(crawl->stream);
}

/* Only for the first page of a turn or leg: next.c builds the requests of the others. */
enum step step_ask(struct crawl *crawl)
{
    if (crawl->pager.ending.complete || count_is_due_first(&crawl->pager, crawl->stream))
        return STEP_ask_count;
    if (stream_prepares(crawl->stream) && !crawl->prepare.is_ready)
        return STEP_prepare;
    if (has_forgotten(crawl)) {
        err_set(&crawl->err, ERR_INPUT, "request", 0,
                "the request reads more of the answer before it than a checkpoint holds "
                "(%d bytes): name what it needs in `next_page`",
                RECALL_BYTES_MAX);
        return crawl_fail(crawl, REASON_EVAL);
    }
    if (!request_build(crawl->stream, &crawl->pager, &crawl->scope, crawl->page,
                       &crawl->request, &crawl->err))
        return crawl_fail(crawl,
                          crawl->err.kind == ERR_CONFIG ? REASON_DEFINITION : REASON_EVAL);
    return STEP_send;
}

static void on_answer(void *ctx, const struct http_answer *answer, const struct err *err)
{
    struct crawl *crawl = ctx;
    bool has_failed =
        err ? err->kind == ERR_AGAIN && !http_is_our_own(err) : answer->status >= 500;
    /* It may be the page's size, and a pause would only begin with the full one again. */
    bool may_be_size = crawl->pager.in_force->halves && pager_size(&crawl->pager) > 1;
    crawl->call = NULL;
    throttle_give(crawl->env->throttle, &crawl->pass, has_failed && !may_be_size,
                  clock_mono_ms());
    if (!http_is_our_own(err))
        tally_answer(crawl->stream->source, answer ? answer->status : 0,
                     answer ? answer->took_ms : 0);
    crawl->answer = answer;
    crawl->failed = err;
    crawl->fetched_at_ms = clock_wall_ms();
    if (crawl->env->watch)
        crawl->env->watch->on_answer(crawl->env->watch->ctx, answer, err);
    crawl_resume(crawl);
    /* One of those that were sent ahead may have taken its place. */
    if (crawl->answer == answer)
        crawl->answer = NULL;
    if (crawl->failed == err)
        crawl->failed = NULL;
}

/* Leaves the slot where the wait is long. */
static enum step sleep_for(struct crawl *crawl, int64_t delay_ms)
{
    crawl->waited_ms += delay_ms;
    if (delay_ms > SLOT_WAIT_MS || crawl->is_draining) {
        crawl->end.wait_ms = delay_ms;
        return crawl_end_turn(crawl, JOB_WAITING, REASON_NONE);
    }
    loop_timer_set(crawl->timer, delay_ms);
    return crawl_pause(crawl, STEP_send);
}

static enum step starve(struct crawl *crawl, enum tally_reason reason)
{
    crawl->is_starved = true;
    tally_begin(&crawl->starving, crawl->stream->source, reason, clock_mono_ms());
    return crawl_pause(crawl, STEP_send);
}

/* The request may not go out yet: by the rate limit, or by a pause of the host. A wait that
 * its own answer asked for was counted when it began. */
static enum step hold(struct crawl *crawl, enum throttle_wait why, int64_t wait_ms)
{
    static const char *const what[] = {
        [THROTTLE_LIMITED] = "the rate limit holds requests back",
        [THROTTLE_PAUSED] = "the API asked for a pause",
        [THROTTLE_FAILING] = "the API failed several times in a row",
    };
    if (why == THROTTLE_FULL)
        return starve(crawl, TALLY_FULL);
    if (why != THROTTLE_PAUSED || !crawl->server_waits)
        tally_hold(crawl->stream->source, why, wait_ms);
    err_set(&crawl->err, ERR_AGAIN, "throttle", 0, "%.*s: %s", STR_ARG(crawl->request.host),
            what[why]);
    return sleep_for(crawl, wait_ms);
}

static enum step wait_for(struct crawl *crawl, int64_t delay_ms)
{
    crawl->retries++;
    tally_retry(crawl->stream->source);
    if (delay_ms <= SLOT_WAIT_MS && !crawl->is_draining)
        crawl->env->on_retry(crawl->env->ctx, crawl, &crawl->err, delay_ms);
    return sleep_for(crawl, delay_ms);
}

/* The server's own wait is no attempt. */
static enum step wait_as_told(struct crawl *crawl, int64_t wait_ms, enum job_reason reason)
{
    tally_told(crawl->stream->source, wait_ms);
    if (++crawl->server_waits <= SERVER_WAITS_MAX)
        return wait_for(crawl, wait_ms);
    err_wrap(&crawl->err, "given up after %d waits that the API asked for", SERVER_WAITS_MAX);
    return crawl_fail(crawl, reason);
}

/* A warning that the next mark brings along, the first time in a turn. */
static void tell_once(struct crawl *crawl, bool *has_told, struct str warning)
{
    if (*has_told || !warning.len)
        return;
    *has_told = true;
    crawl->warning =
        arena_join(crawl->leg, crawl->warning, "; ", arena_str(crawl->leg, warning));
}

/* --- what this machine has none left of (base/lack.h) ends no job, and is no attempt --- */

/* The warning has no numbers: a run has each text once. */
static void tell_lack(struct crawl *crawl, int64_t wait_ms)
{
    AUTO_ARENA struct arena *scratch = arena_new();
    struct str warning =
        arena_printf(scratch, "a job had to wait: %s", lack_of(crawl->err.code));
    tell_once(crawl, &crawl->has_told_lack, warning);
    crawl->env->on_retry(crawl->env->ctx, crawl, &crawl->err, wait_ms);
}

/* Here for some seconds; then without a slot, and whichever worker is free takes the job. */
static enum step wait_for_room(struct crawl *crawl)
{
    int64_t most_ms = backoff_ms(LACK_FIRST_MS, LACK_MAX_MS, crawl->lacks++);
    int64_t wait_ms = backoff_equal_jitter(most_ms, crawl->env->rng);
    tell_lack(crawl, wait_ms);
    return sleep_for(crawl, wait_ms);
}

enum step crawl_lack_at_open(struct crawl *crawl)
{
    tell_lack(crawl, LACK_MAX_MS);
    crawl->end.wait_ms = LACK_MAX_MS;
    return crawl_end_turn(crawl, JOB_WAITING, REASON_NONE);
}

/* The request cannot go out: there is no token for it, or not yet. */
static enum step stay_out(struct crawl *crawl, const struct authorise_reply *reply)
{
    crawl->is_starved = false;
    if (reply->what == AUTHORISE_PAUSE)
        return crawl_pause(crawl, STEP_send);
    if (crawl->err.is_lack)
        return wait_for_room(crawl);
    if (reply->what == AUTHORISE_FAIL)
        return crawl_fail(crawl, reply->is_auth ? REASON_AUTH : REASON_EVAL);
    return reply->token.is_told ? wait_as_told(crawl, reply->token.wait_ms, REASON_AUTH)
                                : wait_for(crawl, reply->token.wait_ms);
}

static enum step send_now(struct crawl *crawl, const struct tokens_reply *token)
{
    AUTO_ARENA struct arena *scratch = arena_new();
    struct http_request http;
    const struct sign_with with = {&crawl->scope.expr, token->token, clock_wall_ms() * 1000};
    if (!request_sign(crawl->stream, &crawl->request, &with, scratch, &http, &crawl->err))
        return crawl_fail(crawl, REASON_EVAL);
    crawl->is_crowded_out = false;
    crawl->authorised.number = token->number;
    tell_once(crawl, &crawl->has_told_token, str_from(token->note));
    if (crawl->env->watch)
        crawl->env->watch->on_request(crawl->env->watch->ctx, &crawl->request);
    crawl->call = http_send(crawl->env->http, &http, on_answer, crawl);
    (void)ahead_fill(crawl);
    return crawl_pause(crawl, STEP_judge);
}

/* Where many answers are there at once, requests leave before the next of them is read. */
static enum step await_ahead(struct crawl *crawl, enum ahead_answer answer)
{
    crawl->is_starved = false;
    bool has_sent = ahead_fill(crawl);
    if (answer == AHEAD_HERE && !has_sent)
        return STEP_judge;
    if (answer == AHEAD_HERE)
        loop_timer_set(crawl->timer, 0);
    return crawl_pause(crawl, STEP_judge);
}

enum step step_send(struct crawl *crawl)
{
    int64_t wait_ms = 0;
    if (crawl->is_draining)
        return crawl_give_back(crawl);
    enum ahead_answer answer = ahead_ask(crawl);
    if (answer != AHEAD_NONE)
        return await_ahead(crawl, answer);
    struct authorise_reply reply = authorise(crawl, &crawl->request);
    if (reply.what != AUTHORISE_GO)
        return stay_out(crawl, &reply);
    crawl->is_starved = false;
    if (!crawl->env->may_send(crawl->env->ctx, crawl))
        return starve(crawl, TALLY_MEMORY);
    struct throttle_peer_key key = {crawl->request.host,
                                    authorise_credential(crawl, &crawl->request)};
    enum throttle_wait why = throttle_take(crawl->env->throttle, &crawl->pass, crawl->stream,
                                           &key, clock_mono_ms(), &wait_ms);
    if (why != THROTTLE_FULL)
        tally_end(&crawl->starving, crawl->stream->source, clock_mono_ms());
    return why == THROTTLE_GO ? send_now(crawl, &reply.token) : hold(crawl, why, wait_ms);
}

/* The stream that the request is of. */
static const struct stream *asked_stream(const struct crawl *crawl)
{
    return crawl->is_preparing ? crawl->prepare.asked : crawl->stream;
}

static const struct answer_form *form_of(const struct crawl *crawl)
{
    static const struct answer_form of_json = {.format = ANSWER_JSON};
    return crawl_is_beside(crawl) ? &of_json : &crawl->stream->form;
}

static const struct retry_policy *policy_of(const struct crawl *crawl)
{
    const struct pagination *paging = &crawl->stream->pagination;
    return paging->retry.max_attempts > 0 ? &paging->retry : &crawl->stream->retry;
}

/* Again: after the server's own wait, or by the policy. */
static enum step again(struct crawl *crawl, const struct judgement *judgement)
{
    if (judgement->server_wait_ms >= 0)
        return wait_as_told(crawl, judgement->server_wait_ms, judgement->reason);
    const struct retry_policy *policy = policy_of(crawl);
    int64_t delay_ms = retry_delay_ms(policy, ++crawl->attempt, crawl->env->rng);
    if (delay_ms < 0) {
        if (crawl->attempt > 1)
            err_wrap(&crawl->err, "given up after %d attempts", crawl->attempt);
        return crawl_fail(crawl, judgement->reason);
    }
    return wait_for(crawl, judgement->delay_ms >= 0 ? judgement->delay_ms : delay_ms);
}

/*
 * With the request that the state has become. A wait that is longer would give the job back,
 * and with it that state, which only the next page's checkpoint holds.
 */
static enum step again_anew(struct crawl *crawl)
{
    int64_t delay_ms = retry_delay_ms(policy_of(crawl), 1, crawl->env->rng);
    enum step step = wait_for(crawl, MIN(MAX(delay_ms, 0), SLOT_WAIT_MS));
    if (crawl->phase == PHASE_WORKING)
        crawl->resume = STEP_ask;
    return step;
}

static enum step retry(struct crawl *crawl, const struct judgement *judgement)
{
    bool is_told = judgement->server_wait_ms >= 0 || judgement->delay_ms >= 0;
    bool may_be_size =
        (crawl->answer && crawl->answer->status >= 500) || http_is_too_much(crawl->failed);
    crawl_wrap_request(crawl);
    return !is_told && may_be_size && anew_by_size(crawl) ? again_anew(crawl)
                                                          : again(crawl, judgement);
}

static enum step redirect(struct crawl *crawl, struct str location)
{
    if (++crawl->redirects > REDIRECTS_MAX)
        err_set(&crawl->err, ERR_INPUT, "http", 0, "more than %d redirects", REDIRECTS_MAX);
    else if (request_redirect(crawl->page, location, &crawl->request, &crawl->err))
        return STEP_send;
    crawl_wrap_request(crawl);
    return crawl_fail(crawl, REASON_HTTP);
}

/* Keeps what outlives the answer's callback. */
static void keep_answer(struct crawl *crawl)
{
    const struct http_answer *answer = crawl->answer;
    crawl->scope.status = answer->status;
    crawl->scope.iteration = crawl->pager.page;
    crawl->scope.headers =
        http_copy_headers(answer, crawl->is_preparing ? crawl->prepare.arena : crawl->page);
    crawl->scope.header_count = answer->header_count;
    crawl->body_wire_bytes = answer->wire_bytes;
    crawl->took_ms = answer->took_ms;
    crawl->cut.is_extended = false;
    buf_done(&crawl->body);
    http_take_body(answer, &crawl->body);
}

void crawl_wrap_request(struct crawl *crawl)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str url = redact_cut(arena, crawl->request.url, 512);
    err_wrap(&crawl->err, "%.*s %.*s", STR_ARG(crawl->request.http.method), STR_ARG(url));
}

/* Of a 202. Without a merge_path an object is no record, but the state of what is asked for. */
static bool has_records(const struct crawl *crawl, struct arena *arena)
{
    const struct path *path = &crawl->stream->merge.path;
    struct record record;
    struct err ignored = ERR_INIT;
    if (!crawl->answer || crawl->answer->status != 202 ||
        (!path->count && !str_starts(str_trim(crawl->answer->body), STR("["))))
        return false;
    struct records *records =
        records_open(arena, crawl->answer->body, crawl->stream, SHAPE_UNKNOWN);
    return records_next(records, &record, &ignored) == RECORDS_ONE;
}

static void tell_charset(struct crawl *crawl)
{
    AUTO_ARENA struct arena *scratch = arena_new();
    if (!crawl->answer || crawl->has_told_charset)
        return;
    tell_once(crawl, &crawl->has_told_charset,
              answer_text_note(crawl->answer, form_of(crawl), scratch));
}

/* No body is meant: there is none to HEAD, and work may be begun without a word. */
static bool is_bare(const struct crawl *crawl)
{
    return str_is(crawl->request.http.method, "HEAD") ||
           (crawl->is_preparing && crawl->answer && !str_trim(crawl->answer->body).len);
}

static struct judgement judge(struct crawl *crawl)
{
    static const struct answer_form of_json = {.format = ANSWER_JSON};
    AUTO_ARENA struct arena *scratch = arena_new();
    struct judge_case judge = {asked_stream(crawl),
                               &crawl->scope,
                               scratch,
                               crawl->answer,
                               crawl->failed,
                               crawl_is_beside(crawl) || has_records(crawl, scratch),
                               crawl->xml.is_set ? &of_json : form_of(crawl),
                               is_bare(crawl)};
    struct judgement judgement = judge_answer(&judge, &crawl->err);
    tell_once(crawl, &crawl->has_told_wait, judgement.unread);
    if (crawl->answer)
        tell_once(crawl, &crawl->has_told_coding, crawl->answer->coding_note);
    if (judgement.server_wait_ms >= 0)
        throttle_pause(crawl->env->throttle, &crawl->pass, clock_mono_ms(),
                       judgement.server_wait_ms);
    crawl->scope.response = UNDEFINED_VALUE;
    crawl->scope.headers = NULL;
    crawl->scope.header_count = 0;
    return judgement;
}

/* The server does not know what is asked for. Who asks, and how often, is another matter. */
static bool is_unknown_page(int status)
{
    return status >= 400 && status < 500 && status != 401 && status != 403 && status != 407 &&
           status != 408 && status != 429;
}

/* The page that `auto` asked for on trial is none: it is read as an empty one. */
static enum step refuse_trial(struct crawl *crawl)
{
    struct str why = redact_cut(crawl->page, str_from(crawl->err.text), 512);
    crawl->refusal = arena_printf(crawl->page, "is refused: %.*s", STR_ARG(why));
    crawl->err = (struct err)ERR_INIT;
    crawl->is_body_empty = true;
    return STEP_cut;
}

/* How servers refuse a page behind the last one. */
static bool is_refusal(int status)
{
    return status == 400 || status == 404 || status == 416 || status == 422;
}

static enum step take_page(struct crawl *crawl, enum judge_verdict verdict)
{
    crawl->is_body_empty = verdict != JUDGE_ACCEPT;
    crawl->is_end_by_rule = verdict == JUDGE_END;
    keep_answer(crawl);
    return crawl->is_counting ? STEP_count : crawl->is_preparing ? STEP_prepared : STEP_cut;
}

static bool is_repeatable(const struct crawl *crawl)
{
    return stream_is_repeatable(crawl->stream, crawl->pager.method);
}

/* The same page in another way, at once: by another content type, or with fewer records. RFC
 * 9110, section 15.5.14: 413. */
static bool has_other_way(struct crawl *crawl, const struct judgement *judgement)
{
    int status = crawl->answer ? crawl->answer->status : 0;
    bool is_large = status == 413 || (http_is_too_much(crawl->failed) && is_repeatable(crawl));
    return !judgement->is_by_rule &&
           (anew_by_type(crawl, status) || (is_large && anew_by_size(crawl)));
}

/* A page that may lie behind the last one is the end only where a count says so. */
static enum step refused(struct crawl *crawl, const struct judgement *judgement)
{
    int status = crawl->answer ? crawl->answer->status : 0;
    if (has_other_way(crawl, judgement))
        return STEP_ask;
    if (crawl->is_preparing) {
        crawl->scope.status = status;
        return prepare_refused(crawl, status, judgement->reason);
    }
    if (crawl->is_counting) {
        crawl_wrap_request(crawl);
        return crawl_fail(crawl, judgement->reason);
    }
    bool may_be_end =
        !judgement->is_by_rule && is_refusal(status) && pager_may_ask_behind_end(&crawl->pager);
    crawl->is_behind_end = may_be_end && crawl->pager.reached.len;
    if (crawl->is_behind_end)
        return take_page(crawl, JUDGE_EMPTY);
    if (!judgement->is_by_rule && is_unknown_page(status) && crawl_is_on_trial(crawl)) {
        keep_answer(crawl);
        return refuse_trial(crawl);
    }
    crawl_wrap_request(crawl);
    return may_be_end ? crawl_fail_if_not_end(crawl, judgement->reason)
                      : crawl_fail(crawl, judgement->reason);
}

/* An expired cursor, say. */
static enum step reset(struct crawl *crawl, const struct judgement *judgement)
{
    if (crawl_is_beside(crawl))
        return refused(crawl, judgement);
    crawl_wrap_request(crawl);
    struct str why = redact_cut(crawl->page, str_from(crawl->err.text), 512);
    struct str told = arena_printf(crawl->leg, "page %d: the paging began anew: %.*s",
                                   pager_pages(&crawl->pager) + 1, STR_ARG(why));
    if (!anew_from_start(crawl)) {
        err_wrap(&crawl->err, "the paging has begun anew %d times", PAGER_RESETS_MAX);
        return crawl_fail(crawl, judgement->reason);
    }
    crawl->warning = arena_join(crawl->leg, crawl->warning, "; ", told);
    return again_anew(crawl);
}

static enum step act_on_answer(struct crawl *crawl)
{
    assert(!crawl->answer != !crawl->failed);
    if (http_is_crowded_out(crawl->failed)) {
        crawl->is_crowded_out = true;
        return starve(crawl, TALLY_MEMORY);
    }
    if (crawl->failed && crawl->failed->is_lack) {
        crawl->err = *crawl->failed;
        crawl_wrap_request(crawl);
        return wait_for_room(crawl);
    }
    crawl->lacks = 0;
    struct judgement judgement = judge(crawl);
    crawl->end_rule = judgement.rule;
    crawl->is_page_by_rule = judgement.is_by_rule;
    switch (judgement.verdict) {
    case JUDGE_REDIRECT:
        return redirect(crawl, judgement.location);
    case JUDGE_RETRY:
        return retry(crawl, &judgement);
    case JUDGE_LOGIN:
        return authorise_anew(crawl) ? STEP_send : refused(crawl, &judgement);
    case JUDGE_RESET:
        return reset(crawl, &judgement);
    case JUDGE_FAIL:
        return refused(crawl, &judgement);
    default:
        return take_page(crawl, judgement.verdict);
    }
}

size_t crawl_body_bytes(const struct crawl *crawl)
{
    return crawl->xml.is_set ? crawl->xml.sent.len : crawl->body.len;
}

static size_t page_bytes_max(const struct crawl *crawl, size_t body_bytes)
{
    return MAX(crawl->env->memory_bytes * MEMORY_GROWTH, body_bytes * BODY_GROWTH);
}

static bool is_xml(const struct crawl *crawl)
{
    struct str body = str_trim(str_without_bom(crawl->answer->body));
    return crawl->stream->form.format == ANSWER_XML && !crawl_is_beside(crawl) &&
           str_starts(body, STR("<")) && !answer_is_html(body);
}

static const struct path *const *part_paths(const struct crawl *crawl)
{
    const struct stream *stream = crawl->stream;
    const struct path **paths =
        ARENA_ARRAY(crawl->page, const struct path *, MAX(stream->part_count, 1));
    for (size_t i = 0; i < stream->part_count; i++)
        paths[i] = &stream->parts[i].merge.path;
    return paths;
}

/* The answer with its body as JSON, in `json`, where that is XML. What comes behind knows JSON
 * alone. What is no XML is left for the cut to refuse. */
static void read_xml(struct crawl *crawl, struct buf *json, struct http_answer *as_json)
{
    buf_done(&crawl->xml.sent);
    crawl->xml.is_set = crawl->xml.has_failed = false;
    if (!crawl->answer || !is_xml(crawl))
        return;
    crawl->xml.err = (struct err)ERR_INIT;
    crawl->xml.map = (struct xml_json){.path = &crawl->stream->merge.path,
                                       .others = part_paths(crawl),
                                       .other_count = crawl->stream->part_count,
                                       .keeps_prefixes = crawl->stream->form.keeps_prefixes,
                                       .arena = crawl->page};
    buf_init(json, page_bytes_max(crawl, crawl->answer->body.len));
    crawl->xml.is_set =
        xml_json_write(&crawl->xml.map, crawl->answer->body, json, &crawl->xml.err);
    crawl->xml.has_failed = !crawl->xml.is_set;
    if (crawl->xml.has_failed)
        return;
    *as_json = *crawl->answer;
    as_json->body = buf_str(json);
    as_json->storage = json;
    http_take_body(crawl->answer, &crawl->xml.sent);
    crawl->answer = as_json;
}

enum step step_judge(struct crawl *crawl)
{
    struct http_answer as_text, as_json;
    AUTO_BUF(text, 0);
    AUTO_BUF(json, 0);
    const struct http_answer *sent = crawl->answer;
    tell_charset(crawl);
    if (sent && answer_text(sent, form_of(crawl), &text, &as_text))
        crawl->answer = &as_text;
    read_xml(crawl, &json, &as_json);
    enum step next = act_on_answer(crawl);
    crawl->answer = sent;
    ahead_release(crawl);
    return next;
}

static enum step cut_failed(struct crawl *crawl)
{
    struct judgement cut_body = {.reason = REASON_BODY, .server_wait_ms = -1, .delay_ms = -1};
    if (crawl_is_on_trial(crawl) && crawl->cut.is_merge_error)
        return refuse_trial(crawl);
    if (crawl->err.code == CUT_TOO_LARGE && is_repeatable(crawl) && anew_by_size(crawl))
        return STEP_ask;
    crawl_wrap_request(crawl);
    if (crawl->cut.is_truncated && is_repeatable(crawl))
        return again(crawl, &cut_body);
    return crawl_fail(crawl, crawl->cut.is_refused       ? REASON_DEFINITION
                             : crawl->cut.is_merge_error ? REASON_MERGE
                             : crawl->cut.is_eval_error  ? REASON_EVAL
                                                         : REASON_BODY);
}

static int64_t records_left(const struct crawl *crawl)
{
    int64_t max = crawl->stream->pagination.max_records; /* not with `jobs` */
    return max < 0 ? ranges_records_left(&crawl->pager)
                   : MAX(max - crawl->pager.records_before - crawl->pager.records, 0);
}

/* For `with` and `where`. What is wrong with the body is for the cut to say. */
static void show_response(struct crawl *crawl)
{
    struct err ignored = ERR_INIT;
    crawl->scope.response = UNDEFINED_VALUE;
    (void)!value_parse(crawl->page, buf_str(&crawl->body), VALUE_WHOLE, &crawl->scope.response,
                       &ignored);
}

/* Does the definition leave open what the records are? */
static bool is_merge_open(const struct crawl *crawl)
{
    const struct stream *stream = crawl->stream;
    bool has_path = stream->form.format == ANSWER_JSON || crawl->xml.is_set;
    return has_path && !stream->merge.path.source.ptr &&
           stream->merge.strategy == MERGE_APPEND && !stream->merge.with_count &&
           !crawl->pager.page && !crawl->is_body_empty &&
           stream->pagination.type != PAGINATE_NONE &&
           str_starts(str_trim(buf_str(&crawl->body)), STR("{"));
}

/* A root is around everything, so no list is the only one. */
static void note_document(struct crawl *crawl)
{
    struct str list = absent_list_of_document(crawl->scope.response, crawl->page);
    crawl->merge_note =
        arena_printf(crawl->leg,
                     "merge_path is not given: the whole document is one record%s%.*s%s "
                     "(merge_path: \".\" says that it is meant)",
                     list.len ? ", though it has a list (merge_path: " : "", STR_ARG(list),
                     list.len ? ")" : "");
}

/* Of a first page: the only list of objects beside signs of paging is the records. */
static void find_records(struct crawl *crawl)
{
    struct str names;
    if (!is_merge_open(crawl))
        return;
    show_response(crawl);
    if (crawl->xml.is_set) {
        note_document(crawl);
        return;
    }
    struct pager_facts facts = crawl_facts(crawl);
    switch (absent_merge_path(&facts, crawl->page, &names)) {
    case ABSENT_LIST_ONE:
        if (!crawl_take_merge_path(crawl, names))
            return;
        crawl->pager.merge_path = crawl->listed.merge.path.source;
        crawl->merge_note = arena_printf(crawl->leg,
                                         "merge_path is not given: the records are taken from "
                                         "%.*s, the only list (merge_path: %.*s)",
                                         STR_ARG(names), STR_ARG(names));
        break;
    case ABSENT_LIST_SEVERAL:
        crawl->merge_note = arena_printf(crawl->leg,
                                         "merge_path is not given: the whole answer is one "
                                         "record, though it has lists: %.*s",
                                         STR_ARG(names));
        break;
    case ABSENT_LIST_PERHAPS:
        crawl->merge_note =
            arena_printf(crawl->leg,
                         "merge_path is not given: the whole answer is one record, though it "
                         "holds lists: %.*s (merge_path: \".\" says that it is meant)",
                         STR_ARG(names));
        break;
    case ABSENT_LIST_NONE:
        break;
    }
}

/* Are records that an earlier run had there twice, unasked? `lookback` asks for it. */
static bool is_doubling(const struct stream *stream)
{
    return stream->table.write == WRITE_APPEND && stream->bookmark.is_set &&
           !stream->bookmark.lookback_ms && !stream->table.may_repeat;
}

static void begin_cut(struct crawl *crawl)
{
    const struct crawl_watch *watch = crawl->env->watch;
    crawl->cut = (struct cut){
        .body = buf_str(&crawl->body),
        .stream = crawl->stream,
        .columns = loader_columns(crawl->loader),
        .scope = &crawl->scope.expr,
        .max_records = records_left(crawl),
        .shape_before = crawl->pager.shape,
        .bookmark_since = is_doubling(crawl->stream) ? crawl->job.bookmark : STR_NONE,
        .names_before = crawl->pager.names,
        .is_extended = crawl->cut.is_extended,
        .slice_ms = CUT_SLICE_MS,
        .max_bytes = page_bytes_max(crawl, crawl->body.len),
        .sent = crawl->xml.is_set ? buf_str(&crawl->xml.sent) : STR_NONE,
        .sent_records = crawl->xml.map.records,
        .sent_count = crawl->xml.is_set ? crawl->xml.map.record_count : 0,
        .arena = crawl->page,
        .on_record = watch ? watch->on_record : NULL,
        .on_part_record = watch ? watch->on_part_record : NULL,
        .on_record_ctx = watch ? watch->ctx : NULL,
    };
    overlap_expect(crawl, &crawl->cut);
    cut_add_parts(&crawl->cut, loader_part_columns(crawl->loader, crawl->page));
    if (crawl->stream->merge.reads_response)
        show_response(crawl);
}

/* Everything else in this process has its turn; a page that is large enough waits for
 * memory. */
static enum step rest(struct crawl *crawl)
{
    loader_hold(crawl->loader);
    crawl->is_starved = !crawl->env->may_cut(crawl->env->ctx, crawl);
    if (!crawl->is_starved)
        loop_timer_set(crawl->timer, 0);
    return crawl_pause(crawl, STEP_cut);
}

/* The tables that the page lacks something of; the page is cut again when all of them are
 * extended. */
static enum step extend_tables(struct crawl *crawl)
{
    struct cut *cut = &crawl->cut;
    const struct new_fields **fields =
        ARENA_ARRAY(crawl->page, const struct new_fields *, 1 + cut->part_count);
    fields[0] = cut->wants_fields ? &cut->new_fields : NULL;
    for (size_t i = 0; i < cut->part_count; i++)
        fields[i + 1] = cut->parts[i].wants_fields ? &cut->parts[i].new_fields : NULL;
    cut->is_extended = true;
    loader_extend(crawl->loader, crawl->job.run, fields, crawl_ready, crawl);
    crawl_foresee(crawl);
    return crawl_pause(crawl, STEP_cut);
}

static enum step cut_on(struct crawl *crawl, struct batch *batch)
{
    crawl->is_starved = false;
    crash_point("cutting", crawl->job.stream, pager_pages(&crawl->pager) + 1);
    enum cut_result result = cut_page(&crawl->cut, batch, &crawl->err);
    if (result == CUT_MORE)
        return rest(crawl);
    loader_release(crawl->loader);
    if (result == CUT_DONE)
        return STEP_next;
    if (result == CUT_BAD)
        return cut_failed(crawl);
    return extend_tables(crawl);
}

static enum step enter_page(struct crawl *crawl)
{
    crawl->care = CARE_AT_PAGE;
    crawl->env->on_enter(crawl->env->ctx, crawl);
    return crawl_pause(crawl, STEP_cut);
}

static enum step refuse_xml(struct crawl *crawl)
{
    crawl->cut = (struct cut){.stream = crawl->stream,
                              .arena = crawl->page,
                              .is_truncated = crawl->xml.map.is_truncated};
    crawl->err = crawl->xml.err;
    return cut_failed(crawl);
}

/* Would the body be a record, and is it nothing but an error? Then crawl->err says so. */
static bool is_error_alone(struct crawl *crawl)
{
    enum { READ_BYTES_MAX = 64 << 10 };
    struct look look;
    struct str why;
    const struct merge *merge = &crawl->stream->merge;
    if ((merge->path.count && merge->strategy < MERGE_REPLACE) ||
        !format_has_response(crawl->stream->form.format) || crawl->is_page_by_rule ||
        crawl->body.len > READ_BYTES_MAX)
        return false;
    show_response(crawl);
    const struct pager_facts facts = crawl_facts(crawl);
    look_open(&look, &facts, crawl->page);
    return trouble_is_all(&look, &why) &&
           !err_set(&crawl->err, ERR_INPUT, "step", 0,
                    "the answer is an error, and no record: %.*s (a rule of `responses` with "
                    "then: page takes it for one)",
                    STR_ARG(why));
}

static enum step refuse_error(struct crawl *crawl)
{
    crawl->cut =
        (struct cut){.stream = crawl->stream, .arena = crawl->page, .is_merge_error = true};
    return cut_failed(crawl);
}

enum step step_cut(struct crawl *crawl)
{
    if (cut_is_under_way(&crawl->cut))
        return cut_on(crawl, loader_open_batch(crawl->loader));
    if (crawl->care == CARE_FETCHING)
        return enter_page(crawl);
    struct batch *batch = loader_batch(crawl->loader, crawl_ready, crawl);
    if (!batch)
        return crawl_pause(crawl, STEP_cut);
    if (crawl->is_body_empty) {
        batch_page_begin(batch);
        crawl->cut = (struct cut){.stream = crawl->stream, .arena = crawl->page};
        return STEP_next;
    }
    if (crawl->xml.has_failed)
        return refuse_xml(crawl);
    find_records(crawl);
    if (is_error_alone(crawl))
        return refuse_error(crawl);
    begin_cut(crawl);
    return cut_on(crawl, batch);
}
