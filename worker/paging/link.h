#ifndef WORKER_PAGING_LINK_H
#define WORKER_PAGING_LINK_H

#include <stdbool.h>

#include "base/str.h"
#include "port/http.h"

/*
 * Link headers. Grammar: RFC 8288, section 3 and appendix B; empty list elements and spaces
 * around '=' are allowed, the first `rel` of a link counts, its value is a list of relation
 * types compared without case.
 */

/*
 * The target of the first link with that relation in one field value, as written (it may be
 * relative); STR_NONE where there is none. What follows a syntax error is not read.
 */
struct str link_find(struct str field, struct str rel);

/* The same over all Link fields of an answer. */
struct str link_find_in_answer(const struct http_header *headers, size_t count, struct str rel);

#endif
