#ifndef WORKER_SIGNS_LINK_H
#define WORKER_SIGNS_LINK_H

#include <stdbool.h>

#include "base/str.h"
#include "core/value.h"
#include "port/http.h"

/*
 * Link headers. Grammar: RFC 8288, section 3 and appendix B; empty list elements, spaces around
 * '=' and single quotes are allowed, the first `rel` of a link counts, its value is a list of
 * relation types compared without case. A link with an anchor that is not the page is another
 * document's; one with `results="false"` is none, as Sentry has it.
 */
struct link_wanted {
    struct str rel;
    struct str page_url; /* of the page that the field came with */
};

/*
 * The target of the first link with that relation in one field value, as written (it may be
 * relative); STR_NONE where there is none. What follows a syntax error is not read; then
 * *ret_is_broken is set, which is left alone otherwise.
 */
struct str link_find(struct str field, const struct link_wanted *wanted, bool *ret_is_broken);

/*
 * The same over all Link fields of an answer. *ret_broken is the first field with a syntax
 * error before the link was found, else empty.
 */
struct str link_find_in_answer(const struct http_header *headers, size_t count,
                               const struct link_wanted *wanted, struct str *ret_broken);

/* Does a field of a body look like a link: a URL, a path with a slash before it, a query, or a
 * path with a query? */
bool link_is_target(struct value value);

/* Has the answer a Link field at all? */
bool link_is_there(const struct http_header *headers, size_t count);

/* Is there a readable link to the next page? */
bool link_has_next(const struct http_header *headers, size_t count, struct str page_url);

#endif
