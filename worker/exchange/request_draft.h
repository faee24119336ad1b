#ifndef WORKER_EXCHANGE_REQUEST_DRAFT_H
#define WORKER_EXCHANGE_REQUEST_DRAFT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/stream.h"
#include "port/http.h"
#include "worker/signs/pager.h"

/*
 * A request while it is put together: parameters, headers and hashes, as far as they are
 * known. request.c makes one and has it filled by request_url.c, request_body.c and
 * request_auth.c, which put into it by these functions.
 *
 * What is a credential is kept apart: in `secret_query`, and in the headers from
 * `public_header_count` on. So the same request can go without.
 */
enum { REQUEST_URL_MAX = 64 * 1024, REQUEST_HEADERS_MAX = 256 };

struct request_draft {
    const struct stream *stream;
    const struct expr_scope *scope;
    struct arena *arena;
    const struct pager *pager;
    struct pager_params params; /* the pager's; they replace the stream's of the same name */
    struct buf query, secret_query;
    struct str home_url; /* the stream's own URL, without params */
    bool is_home;        /* it goes to that origin; else it goes without credentials */
    struct http_header headers[REQUEST_HEADERS_MAX];
    size_t header_count, public_header_count;
    bool is_body_secret; /* the definition or the pager put a credential into the body */
    uint64_t hash;       /* of what the loop guard compares */
    uint64_t credential; /* hash of the credentials */
};

/* Borrows all but what it puts into `arena`; request_draft_done frees the buffers. */
void request_draft_init(struct request_draft *draft, const struct stream *stream,
                        const struct pager *pager, const struct expr_scope *scope,
                        struct arena *arena);
void request_draft_done(struct request_draft *draft);

/*
 * For a request beside those of the pages: params or headers of the stream, with those of the
 * map `over` in the place of those with the same name. NULL: as they are.
 */
void request_set_over(struct arena *arena, const struct template *over, bool nocase,
                      struct named_template **list, size_t *count);

/* Evaluates a template; what is undefined is ERR_INPUT. */
bool request_draft_eval(const struct request_draft *draft, const struct template *template,
                        struct value *ret, struct err *err) MUST_CHECK;

/* A scalar as the text of a parameter or header; lists and objects as JSON. */
struct str request_draft_text(struct arena *arena, struct value value);

/* null, omit and undefined: the parameter or header is not sent. */
bool request_draft_leaves_out(struct value value);

/*
 * Is what the pager puts there a credential, which stays on the stream's origin: by its name,
 * by what next_page makes it from, by how it begins, or because a secret's value is in it?
 */
bool request_draft_is_secret(const struct request_draft *draft,
                             const struct pager_param *param);

/* `name=value` at the end of a query, encoded once. put_param repeats it for each of a list. */
void request_draft_put_pair(struct request_draft *draft, struct buf *query, struct str name,
                            struct value value);
void request_draft_put_param(struct request_draft *draft, struct buf *query, struct str name,
                             struct value value);

/* ERR_INPUT: a line break or NUL in the value, or one header too many. */
bool request_draft_put_header(struct request_draft *draft, struct str name, struct str value,
                              struct err *err) MUST_CHECK;

/*
 * The stream's own params and headers, but for those that the pager sets. `secret`: only
 * credentials, into secret_query and the credential's hash; otherwise only the rest. A literal
 * parameter with a credential's name is among the rest, since links bring it along, but does
 * not go to another origin.
 */
bool request_draft_put_own_params(struct request_draft *draft, bool secret,
                                  struct err *err) MUST_CHECK;
bool request_draft_put_own_headers(struct request_draft *draft, bool secret,
                                   struct err *err) MUST_CHECK;

/* The content type of `accept` whose turn it is, where neither headers nor pager name one. */
bool request_draft_put_accept(struct request_draft *draft, struct err *err) MUST_CHECK;

#endif
