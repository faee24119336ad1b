#ifndef CONFIG_IDENTIFIER_H
#define CONFIG_IDENTIFIER_H

#include <stdbool.h>

#include "base/str.h"

/* What may be a name, by where it is used. */

/* A source's and a stream's: [a-z][a-z0-9_]{0,47}. */
bool identifier_is_name(struct str text) MUST_CHECK;

/*
 * A table's, schema's or column's: 1 to 63 bytes (what PostgreSQL keeps of a name) of UTF-8
 * without NUL, quoted wherever it is written; not beginning with _pt_, which is for the columns
 * that Pagetide adds.
 */
bool identifier_is_sql(struct str text) MUST_CHECK;

/* A header's: RFC 9110, section 5.6.2, token. */
bool identifier_is_header(struct str text) MUST_CHECK;

/* A time zone's, by its form: words of letters, digits, +, - and _, with / between them. */
bool identifier_is_zone(struct str text) MUST_CHECK;

#endif
