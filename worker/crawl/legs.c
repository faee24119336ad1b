#include "worker/crawl/legs.h"

#include "base/clock.h"
#include "worker/crawl/anew.h"
#include "worker/crawl/crawl_internal.h"

enum { LEG_BYTES_MAX = 8 << 20 };

int legs_n(const struct legs *legs)
{
    return legs->count ? legs->items[legs->at].n : 0;
}

bool legs_follow(const struct legs *legs)
{
    return legs->at + 1 < legs->count;
}

/* --- what the job has --- */

static struct str text_of(struct arena *arena, struct value value)
{
    AUTO_BUF(buf, LEG_BYTES_MAX);
    if (value.kind == VALUE_STRING)
        return value.text;
    if (value.kind != VALUE_MAP)
        return STR_NONE;
    value_format(&buf, value);
    return arena_str(arena, buf_str(&buf));
}

static struct leg read_leg(struct arena *arena, struct value value)
{
    struct value n = value_get(value, STR("n"));
    int64_t number = 0;
    if (n.kind == VALUE_NUMBER)
        (void)!str_to_int64(n.text, &number);
    return (struct leg){(int)number, text_of(arena, value_get(value, STR("part"))),
                        text_of(arena, value_get(value, STR("bookmark"))),
                        text_of(arena, value_get(value, STR("checkpoint")))};
}

bool legs_read(struct crawl *crawl, struct err *err)
{
    struct legs *legs = &crawl->legs;
    struct value part = UNDEFINED_VALUE;
    if (crawl->job.part.len &&
        !value_parse(crawl->arena, crawl->job.part, VALUE_WHOLE, &part, err))
        return err_wrap(err, "part");
    struct value list = value_get(part, STR("legs"));
    legs->last_page = crawl->job.page;
    legs->window_from = crawl->job.window_from;
    legs->window_to = crawl->job.window_to;
    legs->end = value_get(part, STR("end"));
    legs->accept = text_of(crawl->arena, value_get(part, STR("accept")));
    if (list.kind != VALUE_LIST)
        return true;
    if (!list.list->count)
        return err_set(err, ERR_BUG, "legs", 0, "all partitions of the job are over");
    legs->items = ARENA_ARRAY(crawl->arena, struct leg, list.list->count);
    for (size_t i = 0; i < list.list->count; i++)
        legs->items[legs->count++] = read_leg(crawl->arena, list.list->items[i]);
    return true;
}

/* --- one of them --- */

static struct str window_edge(struct value part, const char *edge, struct str of_run)
{
    struct value text = value_get(value_get(part, STR("window")), str_from(edge));
    return text.kind == VALUE_STRING ? text.text : of_run;
}

/* The job becomes that of the leg. */
static bool take_leg(struct crawl *crawl, struct err *err)
{
    const struct legs *legs = &crawl->legs;
    const struct leg *leg = &legs->items[legs->at];
    struct value part;
    if (!legs->count)
        return true;
    if (!value_parse(crawl->leg, leg->part, VALUE_WHOLE, &part, err))
        return err_wrap(err, "part");
    crawl->job.part = leg->part;
    crawl->job.bookmark = leg->bookmark;
    crawl->job.checkpoint = leg->checkpoint;
    crawl->job.window_from = window_edge(part, "from", legs->window_from);
    crawl->job.window_to = window_edge(part, "to", legs->window_to);
    return true;
}

bool crawl_take_merge_path(struct crawl *crawl, struct str path)
{
    crawl->listed = *crawl->stream;
    if (!path_compile(crawl->leg, arena_str(crawl->leg, path), &crawl->listed.merge.path,
                      &crawl->err))
        return false;
    crawl->stream = &crawl->listed;
    return true;
}

/* That of the checkpoint, or of the run before. */
static void begin_with_type(struct crawl *crawl)
{
    const struct stream *stream = crawl->stream;
    for (size_t i = 0; i < stream->accept_count && !crawl->job.checkpoint.len; i++)
        if (str_eq(stream->accept[i], crawl->legs.accept))
            crawl->pager.accept = stream->accept[i];
    crawl->first_accept = crawl->pager.accept;
    if (!crawl->first_accept.len && stream->accept_count)
        crawl->first_accept = stream->accept[0];
}

static bool open_definition(struct crawl *crawl)
{
    crawl->stream = loader_stream(crawl->loader);
    const struct checkpoint_from from = {crawl->page, crawl->leg, &crawl->stream->pagination,
                                         &crawl->scope.secrets};
    return take_leg(crawl, &crawl->err) &&
           scope_init(&crawl->scope, &crawl->job, crawl->stream, crawl->env->secrets_dir,
                      crawl->leg, &crawl->err) &&
           checkpoint_read(&from, crawl->job.checkpoint, &crawl->pager, &crawl->err) &&
           (!crawl->pager.merge_path.len ||
            crawl_take_merge_path(crawl, crawl->pager.merge_path)) &&
           (!crawl->pager.since.len ||
            scope_begin_at(&crawl->scope, crawl->stream, crawl->pager.since, crawl->leg,
                           &crawl->err));
}

/* The pages of the leg. What was read before the paging began anew is read once more. */
static void restore_guard(struct crawl *crawl)
{
    const struct crawl_past *past = &crawl->past;
    int64_t *requests = ARENA_ARRAY(crawl->leg, int64_t, past->count);
    int64_t *records = ARENA_ARRAY(crawl->leg, int64_t, past->count);
    size_t count = 0, from = (size_t)crawl->pager.pages_before;
    for (size_t i = 0; i < past->count; i++) {
        if (past->legs[i] != legs_n(&crawl->legs))
            continue;
        requests[count] = past->request_hashes[i];
        records[count++] = past->records_hashes[i];
    }
    from = MIN(from, count);
    guard_restore(&crawl->guard, requests + from, records + from, count - from);
}

/* The crawl stands where the leg goes on. */
static bool open_leg(struct crawl *crawl)
{
    if (!open_definition(crawl))
        return false;
    begin_with_type(crawl);
    crawl->pager.leg = legs_n(&crawl->legs);
    crawl->legs.pages = crawl->legs.last_page - pager_pages(&crawl->pager);
    restore_guard(crawl);
    overlap_restore(crawl);
    crawl_stand_at_checkpoint(crawl);
    return true;
}

/* What it fetches serves all legs. */
static enum step prepare(struct crawl *crawl, enum step then)
{
    if (crawl->legs.is_prepared)
        return then;
    crawl->legs.is_prepared = true;
    loader_prepare(crawl->loader, crawl->job.run, crawl_ready, crawl);
    return crawl_pause(crawl, then);
}

/* PostgreSQL has said how the job ends: the jobs that shared its pages are over, and the paging
 * with them (ranges.sql), or there is nothing to ask for. */
static enum step end_as_told(struct crawl *crawl)
{
    struct value end = crawl->legs.end;
    struct str error = text_of(crawl->leg, value_get(end, STR("error")));
    struct mark mark = {0};
    enum job_state state = JOB_FAILED;
    enum job_reason reason =
        job_reason_parse(text_of(crawl->leg, value_get(end, STR("reason"))));
    (void)!job_state_parse(text_of(crawl->leg, value_get(end, STR("state"))), &state);
    if (state == JOB_SUCCEEDED)
        return prepare(crawl, STEP_idle);
    err_set(&crawl->err, ERR_INPUT, "ranges", 0, "%.*s", STR_ARG(error));
    if (state == JOB_TRUNCATED) {
        mark.complete = COMPLETE_CONTRADICTED;
        mark.complete_why = error;
    }
    crawl_quiet(crawl);
    crawl_set_end(crawl, &mark, state, reason);
    crawl_put_mark(crawl, &mark);
    return crawl_pause(crawl, STEP_PAUSE);
}

/* Nothing is to be asked for (end_idle_run of runs.sql), but a query must find a table. */
enum step step_idle(struct crawl *crawl)
{
    struct mark mark = {.complete = job_complete_parse(
                            text_of(crawl->leg, value_get(crawl->legs.end, STR("complete")))),
                        .complete_why =
                            text_of(crawl->leg, value_get(crawl->legs.end, STR("why")))};
    if (loader_lacks_table(crawl->loader)) {
        loader_extend(crawl->loader, crawl->job.run, NULL, crawl_ready, crawl);
        return crawl_pause(crawl, STEP_idle);
    }
    crawl_quiet(crawl);
    crawl_set_end(crawl, &mark, JOB_SUCCEEDED, REASON_NONE);
    crawl_put_mark(crawl, &mark);
    return crawl_pause(crawl, STEP_PAUSE);
}

static enum step fail_to_open(struct crawl *crawl)
{
    return crawl->err.is_lack ? crawl_lack_at_open(crawl)
                              : crawl_end_leg(crawl, JOB_FAILED, REASON_DEFINITION);
}

enum step step_open(struct crawl *crawl)
{
    if (!loaders_get(crawl->env->loaders, crawl->job.spec, &crawl->loader, &crawl->err) ||
        !legs_read(crawl, &crawl->err))
        return crawl_end_turn(crawl, JOB_FAILED, REASON_DEFINITION);
    if (crawl->legs.end.kind == VALUE_MAP)
        return end_as_told(crawl);
    if (!open_leg(crawl))
        return fail_to_open(crawl);
    if (crawl->pager.is_done)
        return crawl_end_leg(crawl, JOB_SUCCEEDED, REASON_NONE);
    return prepare(crawl, STEP_ask);
}

/* Nothing is left of the leg before but what its marks carry. */
static void forget_leg(struct crawl *crawl)
{
    ahead_forget(crawl);
    arena_reset(crawl->leg);
    arena_reset(crawl->page);
    arena_reset(crawl->next);
    guard_done(&crawl->guard);
    guard_init(&crawl->guard);
    buf_done(&crawl->body);
    buf_done(&crawl->xml.sent);
    crawl->pager = (struct pager){0};
    crawl->cut = (struct cut){0};
    crawl->trial = (struct trial){0};
    crawl->overlap = (struct overlap){0};
    crawl->bookmark = (struct bookmark_counts){0};
    crawl->err = (struct err)ERR_INIT;
    crawl->merge_note = crawl->refusal = STR_NONE;
    crawl->pages_total = 0;
    crawl_forget_attempts(crawl);
    crawl->authorised.is_ready = false;
    crawl->is_counting = crawl->doubted.is_set = crawl->is_behind_end = false;
    arena_free(crawl->prepare.arena);
    crawl->prepare = (struct prepare_state){0};
    crawl->is_preparing = false;
    crawl->end_checkpoint = STR_NONE;
    crawl->began_mono_ms = clock_mono_ms();
}

enum step step_leg(struct crawl *crawl)
{
    if (crawl->is_draining)
        return crawl_give_back(crawl);
    if (!str_eq(crawl->legs.accept, crawl->pager.accept))
        crawl->legs.accept = arena_str(crawl->arena, crawl->pager.accept);
    forget_leg(crawl);
    crawl->legs.at++;
    if (!open_leg(crawl))
        return fail_to_open(crawl);
    return crawl->pager.is_done ? crawl_end_leg(crawl, JOB_SUCCEEDED, REASON_NONE)
                                : prepare(crawl, STEP_ask);
}

/* --- its end --- */

void crawl_set_leg_end(struct crawl *crawl, struct mark *mark, enum job_state state,
                       enum job_reason reason)
{
    crawl_set_end(crawl, mark, state, reason);
    mark->leg = legs_n(&crawl->legs);
    mark->more = legs_follow(&crawl->legs);
    if (mark->more)
        crawl->phase = PHASE_WORKING;
}

enum step crawl_after_end(struct crawl *crawl, const struct mark *mark)
{
    return mark->more ? STEP_leg : crawl_pause(crawl, STEP_PAUSE);
}

/* A leg that has failed goes on by `retry` where it stands now. */
static struct str checkpoint_of(struct crawl *crawl)
{
    struct str text = STR_NONE;
    struct err ignored = ERR_INIT;
    if (crawl->end_checkpoint.len)
        return crawl->end_checkpoint;
    if (crawl->pager.page)
        (void)!checkpoint_write(crawl->next, &crawl->pager, &crawl->scope.secrets, &text,
                                &ignored);
    return text;
}

enum step crawl_end_leg(struct crawl *crawl, enum job_state state, enum job_reason reason)
{
    if (!crawl->legs.count)
        return crawl_end_turn(crawl, state, reason);
    struct mark mark = {.checkpoint = checkpoint_of(crawl)};
    crawl_quiet(crawl);
    crawl_set_leg_end(crawl, &mark, state, reason);
    crawl_put_mark(crawl, &mark);
    return crawl_after_end(crawl, &mark);
}
