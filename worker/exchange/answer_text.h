#ifndef WORKER_EXCHANGE_ANSWER_TEXT_H
#define WORKER_EXCHANGE_ANSWER_TEXT_H

#include "config/stream.h"
#include "port/http.h"

/*
 * The body of an answer as a text in UTF-8, before anything is read in it. Which encoding it
 * has is said by the first of these: its byte order mark, `encoding` of the definition, the
 * charset of Content-Type, the declaration of XML. A charset of one byte a character that only
 * the last two name does not count where the body is UTF-8: servers name one by habit.
 *
 * What keeps a body of JSON from being run as a script, )]}' while(1); for(;;); at its begin,
 * is no part of it.
 *
 * True: *ret_answer is the answer with another body, which is in `text`. False: the body is
 * such a text already.
 */
bool answer_text(const struct http_answer *answer, const struct answer_form *form,
                 struct buf *text, struct http_answer *ret_answer) MUST_CHECK;

/*
 * A warning where the answer names an encoding that is not known, nothing before it says which
 * it is, and the body is no UTF-8: its bad characters are flaws. Empty: none. In the arena.
 */
struct str answer_text_note(const struct http_answer *answer, const struct answer_form *form,
                            struct arena *arena);

#endif
