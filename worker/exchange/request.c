#include "worker/exchange/request.h"

#include <assert.h>

#include "base/redact.h"
#include "port/hash.h"
#include "worker/access/origin.h"
#include "worker/exchange/request_auth.h"
#include "worker/exchange/request_body.h"
#include "worker/exchange/request_url.h"

/*
 * From a paging state (read from a checkpoint, or decided after a page) to a request:
 *
 *     request_draft   the pager's parameters are taken; the stream's of the same name give way
 *     request_url     a link of the pager's as it is, else url, path, params and the pager's
 *     headers         the stream's, `accept`, then the pager's
 *     request_body    response_based's or the stream's, the pager's parameters set in it
 *     request_auth    only to the stream's own origin: credentials, after everything public
 *
 * Credentials are never in the state; they are put in anew each time. So `url` and the hash,
 * which are stored and shown, hold none, and a request can drop them: after a redirect to
 * another origin it goes with its first `public_header_count` headers and without secret_query.
 *
 * The hash is for the loop guard (paging/guard.h). It covers what makes a page another page:
 * method, URL, body, the pager's headers, those of the stream's that an expression makes, and a
 * content type that is not the first of `accept`.
 * Credentials are not in it, so that a token that is new on each page hides no circle.
 *
 * E.g. path /orders, params {limit: 100, key: "{{ secrets.key }}"}, pagination {type: page},
 * and a state with number 4:
 *
 *     url         https://h/orders?limit=100&page=4
 *     http.url    https://h/orders?limit=100&page=4&key=…
 */
static bool fill_headers(struct request_draft *draft, struct err *err)
{
    if (!request_draft_put_own_headers(draft, false, err) ||
        !request_draft_put_accept(draft, err))
        return false;
    for (size_t i = 0; i < draft->params.count; i++) {
        const struct pager_param *param = &draft->params.items[i];
        struct str text = request_draft_text(draft->arena, param->value);
        if (param->place->place != PLACE_HEADER || request_draft_leaves_out(param->value))
            continue;
        if (!request_draft_is_secret(draft, param) &&
            !request_draft_put_header(draft, param->place->name, text, err))
            return false;
        draft->hash = hash_fold(draft->hash, hash_bytes(text, 0));
    }
    return true;
}

static void set_limits(struct http_request *http, const struct stream *stream)
{
    http->timeouts = (struct http_timeouts){
        .connect_ms = stream->timeouts.connect_ms,
        .first_byte_ms = stream->timeouts.first_byte_ms,
        .idle_ms = stream->timeouts.idle_ms,
        .total_ms = stream->timeouts.total_ms,
    };
    http->max_body_bytes = (size_t)stream->max_body_bytes;
    http->allow_http = stream->allows_http;
}

static bool fill_text(const struct request_draft *draft, const struct template *template,
                      const char *name, struct str *ret_text, struct err *err)
{
    struct value value = NULL_VALUE;
    if (template && !request_draft_eval(draft, template, &value, err))
        return err_wrap(err, "%s", name);
    *ret_text = value.kind == VALUE_STRING ? value.text : STR_NONE;
    return request_draft_leaves_out(value) || value.kind == VALUE_STRING ||
           err_set(err, ERR_INPUT, "request", 0, "%s must be a text, not %s", name,
                   value_kind_name(value.kind));
}

static bool fill_network(const struct request_draft *draft, struct request *request,
                         struct err *err)
{
    const struct stream *stream = draft->stream;
    return fill_text(draft, stream->proxy, "proxy", &request->http.proxy, err) &&
           fill_text(draft, stream->ca_file, "tls.ca", &request->http.ca_file, err) &&
           fill_text(draft, stream->cert_file, "tls.cert", &request->cert_file, err) &&
           fill_text(draft, stream->key_file, "tls.key", &request->key_file, err);
}

/* Sets where it goes by request->url, and which credentials go along. */
static void set_target(const struct stream *stream, struct arena *arena, bool is_home,
                       struct request *request)
{
    struct http_request *http = &request->http;
    struct str query = is_home ? request->secret_query : STR_NONE;
    assert(request->public_header_count <= request->header_count);
    request->host = origin_host(arena, request->url);
    request->is_home = is_home;
    http->url = request_url_with_query(arena, request->url, query);
    http->header_count = is_home ? request->header_count : request->public_header_count;
    http->cert_file = is_home ? request->cert_file : STR_NONE;
    http->key_file = is_home ? request->key_file : STR_NONE;
    http->allow_private =
        stream->allows_private || origin_names_private(arena, request->home_url, request->url);
}

enum { SIGNED_BYTES_MIN = 32 }; /* shorter ones are words, and would blank others */

/* A pre-signed link: whoever has the query may read the file. Errors may hold it, too. */
static void hide_query(struct arena *arena, struct request *request)
{
    struct str head, query = str_split(request->url, '?', &head);
    if (!request->hides_query || !query.len)
        return;
    if (query.len >= SIGNED_BYTES_MIN)
        redact_add_passing(query);
    request->url = arena_str(arena, head);
}

static bool fill(struct request_draft *draft, struct request *request, struct err *err)
{
    struct http_request *http = &request->http;
    http->method = draft->pager->method.len ? draft->pager->method : draft->stream->method;
    http->is_once = !stream_is_repeatable(draft->stream, http->method);
    set_limits(http, draft->stream);
    draft->hash = hash_bytes(http->method, 0);
    if (!fill_network(draft, request, err) || !request_url_fill(draft, &request->url, err) ||
        !fill_headers(draft, err) || !request_body_fill(draft, http, err) ||
        !request_auth_fill(draft, err))
        return false;
    request->stream = draft->stream;
    request->home_url = draft->home_url;
    request->is_body_secret = draft->is_body_secret;
    request->credential = draft->credential;
    request->secret_query = arena_str(draft->arena, buf_str(&draft->secret_query));
    request->public_header_count = draft->public_header_count;
    request->header_count = draft->header_count;
    http->headers = draft->headers;
    set_target(draft->stream, draft->arena, draft->is_home, request);
    request->hash = hash_fold(draft->hash, hash_bytes(request->url, 0));
    request->hides_query = draft->pager->is_file;
    hide_query(draft->arena, request);
    return true;
}

bool request_build(const struct stream *stream, const struct pager *pager,
                   const struct scope *scope, struct arena *arena, struct request *ret_request,
                   struct err *err)
{
    struct request_draft *draft = ARENA_NEW(arena, struct request_draft);
    struct request request = {0};
    request_draft_init(draft, stream, pager, &scope->expr, arena);
    bool is_filled = fill(draft, &request, err);
    request_draft_done(draft);
    if (is_filled)
        *ret_request = request;
    return is_filled;
}

bool request_redirect(struct arena *arena, struct str location, struct request *request,
                      struct err *err)
{
    const struct stream *stream = request->stream;
    struct str url;
    bool is_home;
    const struct origin_link link = {
        .page_url = request->url, .home_url = request->home_url, .reference = location};
    if (!origin_follow(stream, arena, &link, &url, &is_home, err) ||
        (!is_home && !request_body_may_leave(&request->http, request->is_body_secret, err)))
        return err_wrap(err, "redirect to %.*s", STR_ARG(redact_cut(arena, location, 200)));
    request->url = url;
    set_target(stream, arena, is_home, request);
    hide_query(arena, request);
    return true;
}
