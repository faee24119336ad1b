#ifndef BASE_SECRET_NAME_H
#define BASE_SECRET_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * The one list of names that a credential goes by: of headers, parameters and members of a
 * body. Letter case and the marks between words do not count, and the word may be a part of
 * the name: Authorization, X-Api-Key, Cookie, access_token, clientSecret, db.password. Page
 * tokens (next_page_token, syncToken) are no credentials.
 */
bool secret_name_is(struct str name);

/*
 * The list, for the docs: its words in order, until NULL. *ret_is_whole: the word is a whole
 * name, else it may also be a part of one.
 */
const struct str *secret_name_word(size_t index, bool *ret_is_whole);

/*
 * "SCHEME CREDENTIAL" (RFC 9110, section 11.4), taken apart at the blanks between them. A value
 * of one word has no scheme: it is the credential. Both are slices of `value`.
 */
struct str secret_name_split(struct str value, struct str *ret_scheme);

/* Does a header's value begin as credentials do (RFC 9110, section 11.4): "Bearer …"? */
bool secret_name_is_scheme(struct str value);

#endif
