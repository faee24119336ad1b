#ifndef WORKER_AFTER_WEBHOOK_H
#define WORKER_AFTER_WEBHOOK_H

#include "base/arena.h"
#include "base/err.h"
#include "config/stream.h"
#include "port/http.h"

/*
 * The request of `after_load: {webhook: …}`: a POST of the event to a URL of the definition.
 * Names, addresses and secrets are those of the stream's own requests: plain http and addresses
 * that are not public need the definition's leave, secrets are read here and registered for
 * redaction. Redirects are not followed.
 */
struct webhook_run {
    int64_t run, started_us;
    struct str event; /* JSON, the body */
    int64_t timeout_ms;
};

/* Everything is in the arena or borrowed. ERR_CONFIG: a secret is missing; ERR_INPUT: an
 * expression has no value, or the URL is no text. */
bool webhook_make(struct arena *arena, const struct stream *stream, const char *secrets_dir,
                  const struct webhook_run *run, struct http_request *ret_request,
                  struct err *err) MUST_CHECK;

/* What an answer means. Answers of a server that is busy or broken are ERR_AGAIN, all others
 * but 2xx ERR_INPUT. */
bool webhook_judge(int status, struct err *err) MUST_CHECK;

#endif
