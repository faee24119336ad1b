#include "worker/crawl/authorise.h"

#include "port/hash.h"
#include "worker/crawl/crawl_internal.h"

static void on_news(void *ctx)
{
    struct crawl *crawl = ctx;
    crawl->authorised.is_waiting = false;
    crawl->authorised.resume(crawl);
}

static bool needs_token(const struct crawl *crawl, const struct request *request)
{
    return request->is_home && auth_has_token(&crawl->stream->auth);
}

/* `auth` depends on no answer: what it comes to is the same for all pages of a leg. */
static bool fill_want(struct crawl *crawl, const struct request *request)
{
    struct authorised *authorised = &crawl->authorised;
    struct token_want want;
    if (authorised->is_ready)
        return true;
    AUTO_ARENA struct arena *scratch = arena_new();
    if (!token_want_fill(crawl->stream, &crawl->scope.expr, &request->http, scratch, &want,
                         &crawl->err))
        return false;
    authorised->want = token_want_copy(crawl->leg, &want);
    authorised->is_ready = true;
    return true;
}

struct authorise_reply authorise(struct crawl *crawl, const struct request *request)
{
    static const enum authorise whats[] = {[TOKENS_HERE] = AUTHORISE_GO,
                                           [TOKENS_ASKED] = AUTHORISE_PAUSE,
                                           [TOKENS_LATER] = AUTHORISE_LATER,
                                           [TOKENS_FAILED] = AUTHORISE_FAIL};
    struct authorise_reply reply = {.what = AUTHORISE_GO};
    struct authorised *authorised = &crawl->authorised;
    if (!needs_token(crawl, request))
        return reply;
    if (!fill_want(crawl, request)) {
        reply.what = AUTHORISE_FAIL;
        return reply;
    }
    reply.is_auth = true;
    reply.token =
        tokens_ask(crawl->env->tokens, &authorised->want, on_news, crawl, &crawl->err);
    reply.what = whats[reply.token.state];
    authorised->is_waiting = reply.what == AUTHORISE_PAUSE;
    return reply;
}

bool authorise_now(struct crawl *crawl, const struct request *request,
                   struct tokens_reply *ret_token)
{
    *ret_token = (struct tokens_reply){.state = TOKENS_HERE};
    if (!needs_token(crawl, request))
        return true;
    return crawl->authorised.is_ready &&
           tokens_find(crawl->env->tokens, &crawl->authorised.want, ret_token);
}

bool authorise_anew(struct crawl *crawl)
{
    struct authorised *authorised = &crawl->authorised;
    if (!authorised->number || authorised->renewals++ > 0)
        return false;
    tokens_refuse(crawl->env->tokens, &authorised->want, authorised->number);
    return true;
}

uint64_t authorise_credential(const struct crawl *crawl, const struct request *request)
{
    bool has = crawl->authorised.is_ready && needs_token(crawl, request);
    return has ? hash_fold(request->credential, crawl->authorised.want.id)
               : request->credential;
}

void authorise_drop(struct crawl *crawl)
{
    if (crawl->authorised.is_waiting)
        tokens_forget(crawl->env->tokens, crawl);
    crawl->authorised.is_waiting = false;
}
