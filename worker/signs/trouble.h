#ifndef WORKER_SIGNS_TROUBLE_H
#define WORKER_SIGNS_TROUBLE_H

#include "worker/signs/look.h"

/*
 * What an answer of status 200 says against itself, by usual names at the top of the body.
 * *ret_why is the field and its value, cut and in look->arena: `error is "no quota"`.
 */

/*
 * An error: an "error" that is not empty, a "success" that is false, a "status" that is "error"
 * or 500. Beside records it may be of a few of them; a page without records is no end that the
 * API told of.
 */
bool trouble_error(const struct look *look, struct str *ret_why);

/* An error, and nothing else is there that says something: such a body is no record. */
bool trouble_is_all(const struct look *look, struct str *ret_why);

/* A body of nothing but a message and what goes with one: in the place of records an error. */
bool trouble_message(const struct look *look, struct str *ret_why);

/* Not all that there is: "timed_out" that is true, "_shards.failed" above 0. */
bool trouble_partial(const struct look *look, struct str *ret_why);

/*
 * What an answer with records says against itself: an error beside them or in place of the last
 * line, or that it is not whole. *ret_what follows "the answer", and is in `arena`.
 */
bool trouble_beside(const struct pager_facts *facts, struct str body, struct arena *arena,
                    struct str *ret_what);

#endif
