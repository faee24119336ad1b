#include "worker/crawl/prepare_request.h"

#include "worker/exchange/request_draft.h"

static void on_use(void *ctx, const struct expr_use *use)
{
    bool *is_later = ctx;
    *is_later |= str_is(use->root, "submitted") || str_is(use->root, "prepared") ||
                 str_is(use->root, "pager");
}

/* Those of the stream that do not wait for the answers of `prepare`. */
static void take_known(struct arena *arena, struct named_template **list, size_t *count)
{
    struct named_template *known = ARENA_ARRAY(arena, struct named_template, MAX(*count, 1));
    size_t found = 0;
    for (size_t i = 0; i < *count; i++) {
        bool is_later = false;
        template_uses(&(*list)[i].template, on_use, &is_later);
        if (!is_later)
            known[found++] = (*list)[i];
    }
    *list = known;
    *count = found;
}

const struct stream *prepare_stream(const struct stream *stream, bool is_poll,
                                    struct arena *arena)
{
    const struct prepare_request *request =
        is_poll ? &stream->prepare.poll : &stream->prepare.request;
    struct stream *asked = ARENA_NEW(arena, struct stream);
    *asked = *stream;
    asked->method = request->method;
    asked->url = request->base;
    asked->path = request->path ? *request->path : (struct template){.kind = TEMPLATE_CONSTANT};
    asked->body = request->body;
    asked->body_type = request->body_type;
    asked->is_idempotent = is_poll || request->is_idempotent;
    asked->is_graphql = false;
    asked->max_body_bytes = MIN(stream->max_body_bytes, PREPARE_BODY_BYTES_MAX);
    asked->pagination = (struct pagination){.type = PAGINATE_NONE, .max_iterations = -1};
    take_known(arena, &asked->params, &asked->param_count);
    take_known(arena, &asked->headers, &asked->header_count);
    request_set_over(arena, request->params, false, &asked->params, &asked->param_count);
    request_set_over(arena, request->headers, true, &asked->headers, &asked->header_count);
    return asked;
}

bool prepare_request_build(const struct stream *asked, struct str poll_url, struct str accept,
                           struct scope *scope, struct arena *arena,
                           struct request *ret_request, struct err *err)
{
    struct pager *pager = ARENA_NEW(arena, struct pager);
    pager_start(pager, &asked->pagination);
    pager->accept = accept;
    pager->url = poll_url;
    scope->pager = pager;
    scope_forget_answers(scope);
    return request_build(asked, pager, scope, arena, ret_request, err);
}
