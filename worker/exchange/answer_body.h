#ifndef WORKER_EXCHANGE_ANSWER_BODY_H
#define WORKER_EXCHANGE_ANSWER_BODY_H

#include "config/stream.h"
#include "port/http.h"

/*
 * What the body of an answer is, before a record is looked for in it. Its content decides; what
 * the Content-Type says about it is only shown, because servers send JSON under any name.
 */

enum { ANSWER_PREVIEW_BYTES = 200 };

/*
 * The beginning of a body on one line: controls and broken characters become spaces or '?'.
 * Secrets in it are replaced.
 */
void answer_preview(struct str body, char ret_text[ANSWER_PREVIEW_BYTES + 1]);

/*
 * Can the body be a page in this form? ERR_INPUT with a preview where it is empty, HTML, XML,
 * or begins like no JSON where it should; the text guesses whether it is a login page. Whether
 * it is of that form to its end, the cut finds. But of lines none knows whether they are all:
 * there the transfer must tell (http_answer.h), or the definition trust it. No line at all is
 * a page of ndjson.
 */
bool answer_body_check(const struct http_answer *answer, const struct answer_form *form,
                       struct err *err) MUST_CHECK;

/* Does it begin as a page of HTML? */
bool answer_is_html(struct str body);

/*
 * Errors of GraphQL: an object with no other members than "data", "errors" and "extensions"
 * (GraphQL, October 2021, 7.1), whose "data" is an object, null or absent, and whose "errors"
 * hold an object with a text "message", or anything beside "data": null. False, and ERR_INPUT
 * with the first messages. Not where the stream's merge_path begins with "errors": then they
 * are its records.
 */
bool answer_errors_check(const struct http_answer *answer, const struct stream *stream,
                         struct err *err) MUST_CHECK;

/* Puts the first messages of `errors` of GraphQL, in JSON; what has none as it is. How many
 * there are: what is no list is one. */
size_t answer_put_errors(struct arena *arena, struct str errors, struct buf *messages);

#endif
