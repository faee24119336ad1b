#ifndef WORKER_VALUES_INPUT_H
#define WORKER_VALUES_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "worker/values/encode.h"

/*
 * Texts as PostgreSQL's own input functions read them, for the types of declared columns that
 * we encode: what is taken here has the value that `text::type` has there (version 15). Each
 * takes the text of a JSON string or number, and leaves *ret alone where it refuses.
 *
 * Beyond PostgreSQL, an integer may be written with a fraction or exponent that is whole: 7.0,
 * 1e3. Short of it: a number is bounded as in core/scan.h.
 */

/* parse_bool (utils/adt/bool.c): beginnings of true, false, yes, no; on, off, 1, 0. */
bool input_boolean(struct str text, bool *ret) MUST_CHECK;

bool input_integer(struct arena *arena, struct str text, int64_t *ret) MUST_CHECK;

/* A number, Infinity or NaN (numeric_in), put as a field of that type. */
bool input_numeric(struct arena *arena, struct str text, struct buf *rows) MUST_CHECK;

/* Can it be the text of a number of another type (real, numeric(12,2))? */
bool input_may_be_number(struct str text) MUST_CHECK;

/* uuid_in: hyphens may stand behind any four digits, and braces around it. */
bool input_uuid(struct str text, char ret_uuid[ENCODE_UUID_BYTES]) MUST_CHECK;

/*
 * Can the text be the text of a time, of a `clock` (time, timetz) or else of a date? PostgreSQL
 * says the rest when it casts. Refused are words that change with the day (now, today), and
 * digits alone that it would read as a year of six digits: an epoch is no date. Of digits alone
 * only YYYYMMDD is taken, HHMM and HHMMSS of a clock. "GMT+0100" is refused, too: as a zone of
 * POSIX it would be a hundred hours to the west.
 */
bool input_may_be_time(struct str text, bool is_clock) MUST_CHECK;

/*
 * A JSON list as the text of an array: {1,NULL,"a \"b\""}. Lists inside it are further
 * dimensions; of an array of json they are elements. `raw` is a valid JSON list.
 */
struct str input_array(struct arena *arena, struct str raw, bool holds_json);
void input_put_quoted(struct buf *buf, struct str text); /* an element of it, as it is quoted */

#endif
