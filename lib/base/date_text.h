#ifndef BASE_DATE_TEXT_H
#define BASE_DATE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * Instants as APIs write them, beside RFC 3339 (base/date.h): microseconds since 1970-01-01
 * 00:00:00 UTC, years 1 to 9999. English names whatever the locale. Each takes the whole text
 * and leaves *ret alone where it refuses.
 */

/*
 * As strptime reads it: %Y (four digits) %y (69 is 1969, 68 is 2068) %m %b %B %h %d %e %j %H %I
 * %M %S %f (a fraction's digits) %p %z %Z (both: Z, +02:00, +0200, +02, GMT, EST …) %s (epoch
 * seconds) %a %A %F %T %D %R %n %t %%. White space matches any amount of it; names are read
 * without regard to case. What the pattern leaves out is that of 1970-01-01 00:00:00 UTC.
 */
bool date_parse_pattern(struct str text, struct str pattern, int64_t *ret_us) MUST_CHECK;
/* All letters after its percent signs are in that list. */
bool date_pattern_is_known(struct str pattern) MUST_CHECK;

/* The instant as such a pattern says, in UTC, with English names. Letters that the list does
 * not have are left out. */
void date_format_pattern(struct buf *buf, int64_t us, struct str pattern);

/* RFC 2822, section 3.3, with the obsolete zones and years; a comment may follow at the end. */
bool date_parse_rfc2822(struct str text, int64_t *ret_us) MUST_CHECK;

/* `/Date(1700000000000)/`, `/Date(-1+0200)/`: the offset is only how it was shown. */
bool date_parse_dotnet(struct str text, int64_t *ret_us) MUST_CHECK;

/* A JSON number of units of 10^-digits seconds (0: seconds, 3: ms, 6: µs); parts of a
 * microsecond are cut. */
bool date_parse_epoch(struct str number, int digits, int64_t *ret_us) MUST_CHECK;

#endif
