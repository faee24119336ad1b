#include "worker/crawl/prepare.h"

#include "base/clock.h"
#include "port/hash.h"
#include "worker/access/origin.h"
#include "worker/crawl/anew.h"
#include "worker/crawl/crawl_internal.h"
#include "worker/crawl/prepare_request.h"
#include "worker/crawl/watch.h"
#include "worker/exchange/answer_body.h"
#include "worker/paging/checkpoint_prepare.h"

/*
 * Its requests are no pages: they have no number, no rows and no place in the guard. They go
 * the way of a page's (send, judge: limits, retries, waits, redirects).
 *
 *     ask ──► prepare ──► send ──► judge ──► prepared ─┬─ begun: a mark without a page ──┐
 *               ▲                                      ├─ not done: after `every` ───────┤
 *               └──────────────────────────────────────│─────────────────────────────────┘
 *                                                      └─ done ──► ask
 *
 * What must not be lost is that the work was begun, and which it is: that is committed at
 * once, by a mark that has a checkpoint and no page. A process that is killed before, begins
 * it again; one that is killed later asks about it. The URLs of files are not kept: links that
 * are signed are credentials, and expire. Who goes on between two files asks for them once
 * more, and goes on where they are the same files.
 */
enum {
    SLOT_WAIT_MS = 10000, /* a longer wait gives the slot and the lease back, as in step.c */
    FILES_MAX = 10000,
    URL_BYTES_MAX = 64 * 1024,
};

static const struct pager_prepared nothing = {.submitted = {.kind = VALUE_UNDEFINED}};

/* A copy that lasts as long as the leg. ERR_INPUT: it is too long, or no jsonb. */
static bool keep(struct crawl *crawl, struct value value, size_t max, struct value *ret,
                 struct err *err)
{
    AUTO_BUF(text, max);
    *ret = UNDEFINED_VALUE;
    if (value.kind == VALUE_UNDEFINED)
        return true;
    value_format(&text, value);
    if (text.has_overflowed)
        return err_set(err, ERR_INPUT, "prepare", 0,
                       "what the expressions read of the answer is over %zu KiB", max >> 10);
    if (str_find(buf_str(&text), STR("\\u0000")) >= 0)
        return err_set(err, ERR_INPUT, "prepare", 0,
                       "what the expressions read of the answer holds a NUL character");
    return value_parse(crawl->leg, arena_str(crawl->leg, buf_str(&text)), VALUE_WHOLE, ret,
                       err);
}

static bool has_begun(const struct crawl *crawl)
{
    return crawl->pager.prepared.at_ms > 0;
}

/* --- where it stands --- */

/* What the checkpoint has outlives the page that it was read for. */
static void open_state(struct crawl *crawl)
{
    struct pager_prepared *prepared = &crawl->pager.prepared;
    struct err ignored = ERR_INIT;
    crawl->prepare.arena = arena_new();
    if (!has_begun(crawl))
        return;
    (void)!keep(crawl, prepared->submitted, SIZE_MAX / 2, &prepared->submitted, &ignored);
    prepared->poll_url = arena_str(crawl->leg, prepared->poll_url);
    prepared->files_hash = arena_str(crawl->leg, prepared->files_hash);
    crawl->scope.submitted = prepared->submitted;
}

/* Pages are stored, and neither files nor the last answer are asked for. */
static bool is_known_done(const struct crawl *crawl)
{
    const struct stream *stream = crawl->stream;
    return crawl->pager.page > 0 && has_begun(crawl) && !stream->prepare.uses_prepared &&
           !stream_reads_files(stream);
}

/* Where files have no pages of their own, each of them is one. */
static bool has_pages(const struct crawl *crawl)
{
    return crawl->stream->pagination.type != PAGINATE_NONE;
}

/* Which file is read, or to be read, from 0. */
static size_t file_at(const struct crawl *crawl)
{
    const struct pager *pager = &crawl->pager;
    return (size_t)(has_pages(crawl) ? pager->prepared.file : pager->page);
}

/* Are pages of this work stored? Those from before a reset are read again. */
static bool has_read(const struct crawl *crawl)
{
    const struct pager *pager = &crawl->pager;
    return pager->page > 0 || pager->prepared.file > 0 ||
           (pager->pages_before > 0 && !pager->resets);
}

struct str prepare_file(const struct crawl *crawl, size_t behind)
{
    size_t at = file_at(crawl) + behind;
    return at < crawl->prepare.count ? crawl->prepare.urls[at] : STR_NONE;
}

/* The answer counts: what comes next has its own attempts. */
static void show(struct crawl *crawl, const char *what, struct str why)
{
    const struct crawl_watch *watch = crawl->env->watch;
    const struct pager_decision decision = {.outcome = PAGER_MORE, .why = why};
    struct crawl_page page = {.next = &crawl->pager,
                              .decision = &decision,
                              .prepare = what,
                              .status = crawl->scope.status,
                              .attempts = crawl->attempt + 1,
                              .bytes = (int64_t)crawl->body.len};
    if (watch)
        watch->on_page_end(watch->ctx, &page);
    crawl_forget_attempts(crawl);
}

/* --- the end of it --- */

static bool write_state(struct crawl *crawl, const struct pager *pager, struct str *ret_text)
{
    return checkpoint_write(crawl->prepare.arena, pager, &crawl->scope.secrets, ret_text,
                            &crawl->err);
}

/*
 * The work has failed, or is not known any more: who tries again begins it anew. But not where
 * pages of it are stored: another work may have others.
 */
static void forget_work(struct crawl *crawl)
{
    struct pager pager = crawl->pager;
    struct err why = crawl->err;
    struct str text;
    if (!has_begun(crawl) || has_read(crawl))
        return;
    pager.prepared = nothing;
    if (write_state(crawl, &pager, &text))
        crawl->end_checkpoint = arena_str(crawl->leg, text);
    crawl->err = why;
}

static enum step fail(struct crawl *crawl, enum job_reason reason)
{
    crawl_wrap_request(crawl);
    return crawl_fail(crawl, reason);
}

enum step prepare_refused(struct crawl *crawl, int status, enum job_reason reason)
{
    if (status == 404 || status == 410)
        forget_work(crawl);
    return fail(crawl, reason);
}

/* --- the requests --- */

static bool ask_for(struct crawl *crawl, bool is_poll)
{
    struct prepare_state *state = &crawl->prepare;
    state->asked = prepare_stream(crawl->stream, is_poll, state->arena);
    return prepare_request_build(
        state->asked, is_poll ? crawl->pager.prepared.poll_url : STR_NONE, crawl->pager.accept,
        &crawl->scope, state->arena, &crawl->request, &crawl->err);
}

enum step step_prepare(struct crawl *crawl)
{
    struct prepare_state *state = &crawl->prepare;
    if (!state->arena)
        open_state(crawl);
    state->is_ready = is_known_done(crawl);
    if (state->is_ready)
        return STEP_ask;
    bool is_poll = has_begun(crawl);
    crawl->is_preparing = true;
    arena_reset(state->arena);
    if (!is_poll && has_read(crawl)) {
        err_set(&crawl->err, ERR_INPUT, "prepare", 0,
                "%d pages are stored, and which work they are of was not kept, since the API's "
                "answer is a credential and the stream has no secret to seal it with: start a "
                "new run",
                pager_pages(&crawl->pager));
        return crawl_fail(crawl, REASON_EVAL);
    }
    if (!ask_for(crawl, is_poll))
        return crawl_fail(crawl, REASON_EVAL);
    return STEP_send;
}

static enum step wait_to_poll(struct crawl *crawl)
{
    int64_t delay_ms = crawl->stream->prepare.every_ms;
    char text[ANSWER_PREVIEW_BYTES + 1];
    crawl->waited_ms += delay_ms;
    if ((delay_ms <= SLOT_WAIT_MS || crawl->env->watch) && !crawl->is_draining) {
        loop_timer_set(crawl->timer, delay_ms);
        return crawl_pause(crawl, STEP_prepare);
    }
    answer_preview(buf_str(&crawl->body), text);
    err_set(&crawl->err, ERR_AGAIN, "prepare", 0, "what was asked for is being prepared: %s",
            text);
    crawl->end.wait_ms = delay_ms;
    return crawl_end_turn(crawl, JOB_WAITING, REASON_NONE);
}

/* --- begun --- */

/* What the definition reads of the answer: whole members. */
static struct value read_part(struct crawl *crawl)
{
    const struct prepare *prepare = &crawl->stream->prepare;
    struct value response = crawl->scope.response;
    if (prepare->keeps_all || response.kind != VALUE_MAP)
        return prepare->keeps_all ? response : UNDEFINED_VALUE;
    struct value_map *map = ARENA_NEW(crawl->prepare.arena, struct value_map);
    map->members =
        ARENA_ARRAY(crawl->prepare.arena, struct value_member, MAX(prepare->kept_count, 1));
    for (size_t i = 0; i < prepare->kept_count; i++) {
        struct value value = value_get(response, prepare->kept[i]);
        if (value.kind != VALUE_UNDEFINED)
            map->members[map->count++] = (struct value_member){prepare->kept[i], value};
    }
    return (struct value){.kind = VALUE_MAP, .map = map};
}

/* Where the answer says that one may ask. */
static bool read_link(struct crawl *crawl, struct str *ret_url)
{
    const struct locator *at = &crawl->stream->prepare.link;
    struct value link;
    struct str url;
    bool is_home;
    *ret_url = STR_NONE;
    if (at->kind == LOCATOR_NONE)
        return true;
    if (!locator_read(at, &crawl->scope.expr, crawl->prepare.arena, &link, &crawl->err))
        return err_wrap(&crawl->err, "poll.url");
    if (link.kind != VALUE_STRING || !link.text.len)
        return err_set(&crawl->err, ERR_INPUT, "prepare", 0,
                       "the answer has no URL to ask at, %.*s is %s: \"poll\" says where "
                       "(path, or url)",
                       STR_ARG(at->source), value_kind_name(link.kind));
    const struct origin_link from = {.page_url = crawl->request.url,
                                     .home_url = crawl->request.home_url,
                                     .reference = link.text};
    if (!origin_follow(crawl->stream, crawl->prepare.arena, &from, &url, &is_home, &crawl->err))
        return err_wrap(&crawl->err, "poll.url");
    *ret_url = arena_str(crawl->leg, url);
    return true;
}

static bool take_submitted(struct crawl *crawl)
{
    struct pager_prepared begun = {.at_ms = clock_wall_ms()};
    if (!keep(crawl, read_part(crawl), PREPARED_BYTES_MAX, &begun.submitted, &crawl->err) ||
        !read_link(crawl, &begun.poll_url))
        return false;
    crawl->pager.prepared = begun;
    crawl->scope.submitted = begun.submitted;
    return true;
}

static enum step begun(struct crawl *crawl)
{
    struct mark mark = {0};
    if (!take_submitted(crawl))
        return fail(crawl, REASON_EVAL);
    if (!write_state(crawl, &crawl->pager, &mark.checkpoint))
        return fail(crawl, REASON_BODY);
    show(crawl, "request", STR("the work is begun"));
    crawl_put_mark(crawl, &mark);
    return wait_to_poll(crawl);
}

/* --- done: the files --- */

static bool put_url(struct crawl *crawl, struct value link)
{
    struct prepare_state *state = &crawl->prepare;
    struct str url;
    bool is_home;
    if (link.kind != VALUE_STRING || !link.text.len || link.text.len > URL_BYTES_MAX)
        return err_set(&crawl->err, ERR_INPUT, "prepare", 0,
                       "file %zu: expected a URL, there is %s", state->count + 1,
                       value_kind_name(link.kind));
    const struct origin_link from = {.page_url = crawl->request.url,
                                     .home_url = crawl->request.home_url,
                                     .reference = link.text,
                                     .is_to_file = true};
    if (!origin_follow(crawl->stream, crawl->leg, &from, &url, &is_home, &crawl->err))
        return err_wrap(&crawl->err, "file %zu", state->count + 1);
    state->urls[state->count++] = arena_str(crawl->leg, url);
    return true;
}

static bool read_urls(struct crawl *crawl, const struct prepare_files *then)
{
    struct value list;
    struct prepare_state *state = &crawl->prepare;
    if (!locator_read(&then->urls, &crawl->scope.expr, state->arena, &list, &crawl->err))
        return false;
    if (list.kind != VALUE_LIST && list.kind != VALUE_NULL)
        return err_set(&crawl->err, ERR_INPUT, "prepare", 0,
                       "%.*s is %s: expected a list of URLs", STR_ARG(then->urls.source),
                       value_kind_name(list.kind));
    size_t count = list.kind == VALUE_LIST ? list.list->count : 0;
    if (count > FILES_MAX)
        return err_set(&crawl->err, ERR_INPUT, "prepare", 0, "%zu files, at most %d are read",
                       count, FILES_MAX);
    state->urls = ARENA_ARRAY(crawl->leg, struct str, MAX(count, 1));
    for (size_t i = 0; i < count; i++)
        if (!put_url(crawl, path_get(&then->each, list.list->items[i])))
            return false;
    return true;
}

static bool read_url(struct crawl *crawl, const struct prepare_files *then)
{
    struct value link;
    struct prepare_state *state = &crawl->prepare;
    if (!locator_read(&then->url, &crawl->scope.expr, state->arena, &link, &crawl->err))
        return false;
    state->urls = ARENA_NEW(crawl->leg, struct str);
    return link.kind == VALUE_NULL || put_url(crawl, link);
}

/* Of their names alone: a signature is another each time. */
static struct str hash_names(const struct crawl *crawl)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < crawl->prepare.count; i++) {
        struct str name;
        str_split(crawl->prepare.urls[i], '?', &name);
        hash = hash_fold(hash, hash_bytes(name, 0));
    }
    return arena_printf(crawl->leg, "%llu", (unsigned long long)hash);
}

/* A job that goes on between two files must have the same before it. */
static bool check_files(struct crawl *crawl)
{
    struct pager_prepared *prepared = &crawl->pager.prepared;
    int64_t count = (int64_t)crawl->prepare.count;
    struct str hash = hash_names(crawl);
    if (has_read(crawl) && (count != prepared->files || !str_eq(hash, prepared->files_hash) ||
                            (int64_t)file_at(crawl) >= count))
        return err_set(&crawl->err, ERR_INPUT, "prepare", 0,
                       "%zu of %lld files are stored, and now the API names %lld others: start "
                       "a new run",
                       file_at(crawl), (long long)prepared->files, (long long)count);
    prepared->files = count;
    prepared->files_hash = hash;
    return true;
}

static bool take_files(struct crawl *crawl)
{
    const struct prepare_files *then = &crawl->stream->prepare.then;
    bool is_list = then->urls.kind != LOCATOR_NONE;
    crawl->prepare.count = 0;
    bool are_read = is_list ? read_urls(crawl, then) : read_url(crawl, then);
    return are_read ? check_files(crawl)
                    : err_wrap(&crawl->err, "then.%s", is_list ? "urls" : "url");
}

/* Nothing was found: a page without records, and the end. */
static enum step read_nothing(struct crawl *crawl)
{
    crawl->is_body_empty = true;
    buf_done(&crawl->body);
    return STEP_cut;
}

/* --- done, or not --- */

/* A next link of a file's page is in the checkpoint, as any other. */
static void go_to_file(struct crawl *crawl)
{
    struct pager *pager = &crawl->pager;
    bool is_at_link = has_pages(crawl) && pager->page > 0 && pager->url.len;
    if (is_at_link)
        return;
    pager->url = prepare_file(crawl, 0);
    pager->is_file = true;
}

static enum step work_done(struct crawl *crawl)
{
    const struct prepare *prepare = &crawl->stream->prepare;
    bool has_files = stream_reads_files(crawl->stream);
    if (prepare->uses_prepared &&
        !keep(crawl, crawl->scope.response, SIZE_MAX / 2, &crawl->scope.prepared, &crawl->err))
        return fail(crawl, REASON_BODY);
    if (has_files && !take_files(crawl))
        return fail(crawl, REASON_EVAL);
    show(crawl, "poll", STR("the work is done"));
    crawl->prepare.is_ready = true;
    crawl->is_preparing = false;
    crawl_stand_at_checkpoint(crawl);
    if (has_files && !crawl->prepare.count)
        return read_nothing(crawl);
    if (has_files)
        go_to_file(crawl);
    return STEP_ask;
}

static enum step work_failed(struct crawl *crawl)
{
    const struct template *message = crawl->stream->prepare.message;
    char text[ANSWER_PREVIEW_BYTES + 1];
    struct value said = UNDEFINED_VALUE;
    struct err ignored = ERR_INIT;
    if (message)
        (void)!template_fill(message, &crawl->scope.expr, false, crawl->prepare.arena, &said,
                             &ignored);
    answer_preview(
        said.kind == VALUE_STRING && said.text.len ? said.text : buf_str(&crawl->body), text);
    err_set(&crawl->err, ERR_INPUT, "prepare", 0, "the work has failed (fail_when): %s", text);
    forget_work(crawl);
    return fail(crawl, REASON_HTTP);
}

static enum step not_done(struct crawl *crawl)
{
    const struct prepare *prepare = &crawl->stream->prepare;
    char text[ANSWER_PREVIEW_BYTES + 1];
    if (clock_wall_ms() - crawl->pager.prepared.at_ms < prepare->timeout_ms) {
        show(crawl, "poll", STR("the work is not done yet"));
        return wait_to_poll(crawl);
    }
    answer_preview(buf_str(&crawl->body), text);
    err_set(&crawl->err, ERR_INPUT, "prepare", 0,
            "the work is not done after %lld s (timeout): %s",
            (long long)(prepare->timeout_ms / 1000), text);
    forget_work(crawl);
    return fail(crawl, REASON_HTTP);
}

/* What is not there does not hold, as in `responses`. */
static bool holds(struct crawl *crawl, const struct template *when)
{
    struct value value = UNDEFINED_VALUE;
    struct err ignored = ERR_INIT;
    return when &&
           template_fill(when, &crawl->scope.expr, false, crawl->prepare.arena, &value,
                         &ignored) &&
           value_holds(value);
}

static enum step asked(struct crawl *crawl)
{
    struct value until;
    const struct prepare *prepare = &crawl->stream->prepare;
    if (holds(crawl, prepare->fail_when))
        return work_failed(crawl);
    if (!locator_read(&prepare->until, &crawl->scope.expr, crawl->prepare.arena, &until,
                      &crawl->err)) {
        err_wrap(&crawl->err, "until");
        return fail(crawl, REASON_EVAL);
    }
    return value_holds(until) ? work_done(crawl) : not_done(crawl);
}

/* Its answers are JSON, or nothing. */
static bool read_answer(struct crawl *crawl)
{
    crawl->scope.response = UNDEFINED_VALUE;
    struct str body = str_trim(buf_str(&crawl->body));
    return crawl->is_body_empty || !body.len ||
           value_parse(crawl->prepare.arena, body, VALUE_WHOLE, &crawl->scope.response,
                       &crawl->err);
}

enum step step_prepared(struct crawl *crawl)
{
    if (!read_answer(crawl))
        return fail(crawl, REASON_BODY);
    return has_begun(crawl) ? asked(crawl) : begun(crawl);
}
