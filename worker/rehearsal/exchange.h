#ifndef WORKER_REHEARSAL_EXCHANGE_H
#define WORKER_REHEARSAL_EXCHANGE_H

#include "worker/exchange/request.h"

/* One request and its answer, as a recording has them. Everything is borrowed. */
struct exchange {
    int line; /* in the file; 0: not from a file */
    struct str method, url;
    const struct http_header *headers; /* that the request must have */
    size_t header_count;
    struct str body;
    bool has_body;

    int64_t after_ms; /* when the answer came, since the run began */
    int status;       /* 0: none came: */
    enum err_kind failed;
    int code; /* the error's, as in http_error.h */
    struct str error;
    const struct http_header *answer_headers; /* names in lower case */
    size_t answer_header_count;
    struct str answer_body;
    bool is_end_told; /* as in http_answer.h */
};

/* The request alone, without credentials; copied into the arena, secrets in it as they are. */
void exchange_take_request(struct arena *arena, const struct request *request,
                           struct exchange *exchange);

/*
 * Secrets become their names, as in everything that is shown (base/redact.h), but `<token>` and
 * `<secret>` are `<hidden-token>` and `<hidden-secret>` here. In the arena.
 */
void exchange_hide(struct arena *arena, struct exchange *exchange);

#endif
