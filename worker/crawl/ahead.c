#include "worker/crawl/ahead.h"

#include "base/clock.h"
#include "base/mem.h"
#include "worker/crawl/crawl_internal.h"
#include "worker/exchange/request.h"
#include "worker/exchange/request_sign.h"
#include "worker/pace/tally.h"

enum {
    MISSES_MAX = 3,       /* then the pages cannot be foreseen */
    STATUS_NO_PAGE = 400, /* from here on an answer is none that a page is cut from */
};

struct ahead_slot {
    struct ahead_slot *next;
    struct crawl *crawl;
    struct arena *arena; /* of the answer */
    uint64_t hash;       /* of the request */
    struct throttle_pass pass;
    struct http_call *call;    /* NULL: the answer is there */
    struct http_answer answer; /* valid unless `has_failed` */
    bool has_failed;
    struct err err;
    struct buf body;
    int64_t fetched_at_ms;
    uint64_t token; /* that went with it */
};

static void slot_free(struct ahead_slot *slot)
{
    slot->crawl->ahead.in_flight -= slot->call != NULL;
    if (slot->call)
        http_cancel(slot->call);
    throttle_drop(slot->crawl->env->throttle, &slot->pass);
    buf_done(&slot->body);
    arena_free(slot->arena);
    mem_free(slot);
}

static void take_out(struct ahead *ahead, struct ahead_slot *slot)
{
    struct ahead_slot **link = &ahead->first;
    while (*link != slot)
        link = &(*link)->next;
    *link = slot->next;
    ahead->count--;
}

/* --- the answers --- */

static void keep_answer(struct ahead_slot *slot, const struct http_answer *answer)
{
    http_take_body(answer, &slot->body);
    slot->answer = *answer;
    slot->answer.headers = http_copy_headers(answer, slot->arena);
    slot->answer.coding_note = arena_str(slot->arena, answer->coding_note);
    slot->answer.body = buf_str(&slot->body);
    slot->answer.storage = &slot->body;
}

static void take(struct crawl *crawl, struct ahead_slot *slot)
{
    struct ahead *ahead = &crawl->ahead;
    take_out(ahead, slot);
    ahead->taken = slot;
    ahead->has_failed = slot->has_failed || slot->answer.status >= STATUS_NO_PAGE;
    crawl->answer = slot->has_failed ? NULL : &slot->answer;
    crawl->failed = slot->has_failed ? &slot->err : NULL;
    crawl->fetched_at_ms = slot->fetched_at_ms;
    crawl->authorised.number = slot->token;
    throttle_drop(crawl->env->throttle, &crawl->pass);
    crawl->pass = slot->pass;
    slot->pass = (struct throttle_pass){0};
}

/* There is no room for it, nor for those behind it. */
static void cut_off(struct ahead *ahead, struct ahead_slot *from)
{
    struct ahead_slot **link = &ahead->first;
    while (*link != from)
        link = &(*link)->next;
    *link = NULL;
    while (from) {
        struct ahead_slot *next = from->next;
        slot_free(from);
        ahead->count--;
        from = next;
    }
}

/* A request that is due leaves before the answer is read. */
static void read_on(struct crawl *crawl)
{
    if (ahead_fill(crawl))
        loop_timer_set(crawl->timer, 0);
    else
        crawl->ahead.resume(crawl);
}

/* That it failed says nothing of the server: it may lie behind the end. Sent again, it
 * counts. */
static void on_answer(void *ctx, const struct http_answer *answer, const struct err *err)
{
    struct ahead_slot *slot = ctx;
    struct crawl *crawl = slot->crawl;
    struct ahead *ahead = &crawl->ahead;
    slot->call = NULL;
    ahead->in_flight--;
    slot->fetched_at_ms = clock_wall_ms();
    if (answer)
        keep_answer(slot, answer);
    else
        slot->err = *err;
    slot->has_failed = err != NULL;
    ahead->has_failed |= err || answer->status >= STATUS_NO_PAGE;
    throttle_give(crawl->env->throttle, &slot->pass, false, clock_mono_ms());
    if (!http_is_our_own(err))
        tally_answer(crawl->stream->source, answer ? answer->status : 0,
                     answer ? answer->took_ms : 0);
    if (ahead->awaited == slot) {
        ahead->awaited = NULL;
        take(crawl, slot);
        read_on(crawl);
    } else if (http_is_our_own(err)) {
        cut_off(ahead, slot);
    } else {
        (void)ahead_fill(crawl);
    }
}

/* --- the requests --- */

/*
 * How many pages behind the present one the window may reach. Where it is known how many there
 * are, answers that wait for an earlier one do not count as in flight.
 */
static int64_t pages_left(const struct crawl *crawl)
{
    const struct pagination *how = crawl->pager.in_force;
    int64_t page = crawl->pager.page + 1, left = how->parallel - 1;
    if (crawl->pages_total)
        left = MIN(left + how->parallel, crawl->pages_total - page);
    if (how->max_iterations >= 0)
        left = MIN(left, how->max_iterations - page);
    if (crawl->pager.until)
        left = MIN(left, (crawl->pager.until - 1 - crawl->pager.number) / crawl->ahead.stride);
    if (how->maximum >= 0)
        left = MIN(left, (how->maximum - 1 - crawl->pager.number) / crawl->ahead.stride);
    if (how->max_records >= 0 && crawl->ahead.page_records)
        left = MIN(left,
                   (how->max_records - crawl->pager.records - 1) / crawl->ahead.page_records);
    return left;
}

static bool is_possible(const struct crawl *crawl)
{
    const struct ahead *ahead = &crawl->ahead;
    bool is_reading = crawl->phase == PHASE_WORKING && crawl->care == CARE_NONE &&
                      !crawl_is_beside(crawl) && !crawl->is_draining && !crawl->env->watch;
    /* The present page goes first: behind it, those that overtook it would be a miss. */
    bool is_held = crawl->is_paused && crawl->resume == STEP_send;
    /* `stride` is known when a page has been read: before, there is no pager. */
    return is_reading && !is_held && ahead->stride > 0 && crawl->pager.in_force->parallel > 1 &&
           pager_is_numbered(&crawl->pager) && ahead->misses < MISSES_MAX &&
           !ahead->has_failed && !crawl->pager.size && !crawl_is_on_trial(crawl);
}

/* The request of the page that is `steps` behind the present one. */
static bool build(struct crawl *crawl, int64_t steps, struct arena *arena,
                  struct request *ret_request)
{
    struct scope *scope = &crawl->scope;
    const struct pager *pager = scope->pager;
    int64_t iteration = scope->iteration, accumulated = scope->accumulated;
    struct pager then = crawl->pager;
    struct err ignored = ERR_INIT;
    then.page += (int)steps;
    then.number += steps * crawl->ahead.stride;
    scope->pager = &then;
    scope->iteration = then.page - 1;
    scope->accumulated += steps * crawl->ahead.page_records;
    bool is_built = request_build(crawl->stream, &then, scope, arena, ret_request, &ignored);
    scope->pager = pager;
    scope->iteration = iteration;
    scope->accumulated = accumulated;
    return is_built;
}

static void append(struct ahead *ahead, struct ahead_slot *slot)
{
    struct ahead_slot **link = &ahead->first;
    while (*link)
        link = &(*link)->next;
    *link = slot;
    ahead->count++;
}

/* May the request go out? If not now, then ahead_fill comes again. */
static bool may_go(struct crawl *crawl, const struct request *request)
{
    struct ahead *ahead = &crawl->ahead;
    struct throttle_peer_key key = {request->host, authorise_credential(crawl, request)};
    int64_t wait_ms = 0;
    enum throttle_wait why = throttle_take(crawl->env->throttle, &ahead->pass, crawl->stream,
                                           &key, clock_mono_ms(), &wait_ms);
    if (why != THROTTLE_GO && why != THROTTLE_FULL)
        loop_timer_set(ahead->timer, wait_ms);
    return why == THROTTLE_GO;
}

/* How many pages behind the present one are in the window, which may hold that one too. */
static int64_t pages_ahead(const struct ahead *ahead)
{
    return (int64_t)ahead->count - (ahead->awaited != NULL);
}

static bool send_one(struct crawl *crawl)
{
    AUTO_ARENA struct arena *scratch = arena_new();
    struct ahead *ahead = &crawl->ahead;
    struct request request = {0};
    struct tokens_reply token;
    struct http_request http;
    struct err ignored = ERR_INIT;
    if (!crawl->env->may_send(crawl->env->ctx, crawl) ||
        !build(crawl, pages_ahead(ahead) + 1, scratch, &request) ||
        !authorise_now(crawl, &request, &token))
        return false;
    const struct sign_with with = {&crawl->scope.expr, token.token, clock_wall_ms() * 1000};
    if (!request_sign(crawl->stream, &request, &with, scratch, &http, &ignored) ||
        !may_go(crawl, &request))
        return false;
    struct ahead_slot *slot = mem_alloc(sizeof *slot);
    *slot = (struct ahead_slot){.crawl = crawl,
                                .arena = arena_new(),
                                .hash = request.hash,
                                .pass = ahead->pass,
                                .token = token.number};
    ahead->pass = (struct throttle_pass){0};
    append(ahead, slot);
    slot->call = http_send(crawl->env->http, &http, on_answer, slot);
    ahead->in_flight++;
    return true;
}

bool ahead_fill(struct crawl *crawl)
{
    if (!is_possible(crawl))
        return false;
    bool has_sent = false;
    int64_t left = pages_left(crawl),
            in_flight = crawl->ahead.in_flight + (crawl->call != NULL);
    while (in_flight < crawl->pager.in_force->parallel && pages_ahead(&crawl->ahead) < left &&
           send_one(crawl)) {
        in_flight++;
        has_sent = true;
    }
    return has_sent;
}

/* --- their turn --- */

/* The pages are not where they were looked for. One that is sent again is no miss. */
static void miss(struct crawl *crawl)
{
    bool is_first_try = !crawl->attempt && !crawl->server_waits && !crawl->redirects &&
                        !crawl->authorised.renewals;
    if (!crawl->ahead.count || !is_first_try || crawl_is_beside(crawl))
        return;
    crawl->ahead.misses++;
    ahead_drop(crawl);
}

enum ahead_answer ahead_ask(struct crawl *crawl)
{
    struct ahead_slot *slot = crawl->ahead.first;
    while (slot && slot->hash != crawl->request.hash)
        slot = slot->next;
    if (!slot) {
        miss(crawl);
        return AHEAD_NONE;
    }
    if (slot->call) {
        crawl->ahead.awaited = slot;
        return AHEAD_ASKED;
    }
    take(crawl, slot);
    return AHEAD_HERE;
}

void ahead_release(struct crawl *crawl)
{
    if (!crawl->ahead.taken)
        return;
    slot_free(TAKE(crawl->ahead.taken));
    crawl->ahead.has_failed = false;
    crawl->answer = NULL;
    crawl->failed = NULL;
}

void ahead_note(struct ahead *ahead, int64_t stride, int64_t records)
{
    ahead->stride = MAX(ahead->stride, stride);
    ahead->page_records = records;
}

/* --- life --- */

static void on_timer(void *ctx)
{
    (void)ahead_fill(ctx);
}

void ahead_init(struct crawl *crawl, void (*resume)(struct crawl *crawl))
{
    crawl->ahead.resume = resume;
    crawl->ahead.timer = loop_timer_new(crawl->env->loop, on_timer, crawl);
}

void ahead_drop(struct crawl *crawl)
{
    struct ahead *ahead = &crawl->ahead;
    if (ahead->first)
        cut_off(ahead, ahead->first);
    ahead->awaited = NULL;
    ahead->has_failed = false;
    throttle_drop(crawl->env->throttle, &ahead->pass);
    loop_timer_clear(ahead->timer);
}

void ahead_forget(struct crawl *crawl)
{
    ahead_drop(crawl);
    crawl->ahead.stride = crawl->ahead.page_records = 0;
    crawl->ahead.misses = 0;
}

void ahead_done(struct crawl *crawl)
{
    ahead_release(crawl);
    ahead_drop(crawl);
    loop_timer_free(crawl->ahead.timer);
}

bool ahead_is_asking(const struct ahead *ahead)
{
    return ahead->in_flight > 0;
}

size_t ahead_bytes(const struct ahead *ahead)
{
    size_t bytes = 0;
    for (const struct ahead_slot *slot = ahead->first; slot; slot = slot->next)
        bytes += slot->body.len;
    return bytes;
}
