#include "worker/exchange/count_request.h"

static void put_param(struct stream *counted, struct str name, const struct template *value)
{
    struct named_template *params = counted->params;
    size_t at = 0;
    while (at < counted->param_count && !str_eq(params[at].name, name))
        at++;
    params[at] = (struct named_template){name, *value};
    counted->param_count += at == counted->param_count;
}

static void set_params(struct stream *counted, struct arena *arena,
                       const struct template *params)
{
    const struct named_template *own = counted->params;
    size_t count = counted->param_count + (params ? params->count : 0);
    counted->params = ARENA_ARRAY(arena, struct named_template, MAX(count, 1));
    for (size_t i = 0; i < counted->param_count; i++)
        counted->params[i] = own[i];
    for (size_t i = 0; params && i < params->count; i++)
        put_param(counted, params->keys[i], &params->items[i]);
}

/* The stream as if the count were its list. */
static const struct stream *counted_stream(const struct stream *stream, struct arena *arena)
{
    const struct count_request *count = &stream->pagination.count.request;
    struct stream *counted = ARENA_NEW(arena, struct stream);
    *counted = *stream;
    counted->body = NULL;
    set_params(counted, arena, count->params);
    if (!count->path)
        return counted;
    counted->url = count->url;
    counted->path = *count->path;
    counted->pagination = (struct pagination){.type = PAGINATE_NONE};
    return counted;
}

static void stand_before_the_first(struct scope *scope, const struct pager *pager)
{
    scope->pager = pager;
    scope->response = UNDEFINED_VALUE;
    scope->status = 0;
    scope->headers = NULL;
    scope->header_count = 0;
    scope->iteration = scope->accumulated = 0;
    scope->last = STR_NONE;
}

bool count_request_build(const struct stream *stream, struct scope *scope, struct arena *arena,
                         struct request *ret_request, struct err *err)
{
    const struct stream *counted = counted_stream(stream, arena);
    struct pager *pager = ARENA_NEW(arena, struct pager);
    pager_start(pager, &counted->pagination);
    pager->method = stream->pagination.count.request.method;
    stand_before_the_first(scope, pager);
    return request_build(counted, pager, scope, arena, ret_request, err) ||
           err_wrap(err, "the request of `total`");
}
