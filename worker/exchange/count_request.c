#include "worker/exchange/count_request.h"

#include "worker/exchange/request_draft.h"

static struct template *body_of(const struct stream *stream)
{
    const struct count_request *count = &stream->pagination.count.request;
    if (!str_is(count->method, "POST"))
        return NULL;
    return count->body ? count->body : stream->body;
}

/* The stream as if the count were its list. */
static const struct stream *counted_stream(const struct stream *stream, struct arena *arena)
{
    const struct count_request *count = &stream->pagination.count.request;
    struct stream *counted = ARENA_NEW(arena, struct stream);
    *counted = *stream;
    counted->body = body_of(stream);
    request_set_over(arena, count->params, false, &counted->params, &counted->param_count);
    request_set_over(arena, count->headers, true, &counted->headers, &counted->header_count);
    if (str_is(count->method, "HEAD") && !count->path)
        return counted;
    if (count->path) {
        counted->url = count->url;
        counted->path = *count->path;
    }
    counted->pagination = (struct pagination){.type = PAGINATE_NONE};
    return counted;
}

bool count_request_build(const struct stream *stream, struct scope *scope, struct arena *arena,
                         struct request *ret_request, struct err *err)
{
    const struct stream *counted = counted_stream(stream, arena);
    struct pager *pager = ARENA_NEW(arena, struct pager);
    pager_start(pager, &counted->pagination);
    pager->accept = scope->pager ? scope->pager->accept : STR_NONE;
    pager->method = stream->pagination.count.request.method;
    scope->pager = pager;
    scope_forget_answers(scope);
    return request_build(counted, pager, scope, arena, ret_request, err) ||
           err_wrap(err, "the request of `total`");
}
