#ifndef CONFIG_BOOKMARK_H
#define CONFIG_BOOKMARK_H

#include "base/buf.h"
#include "config/key.h"
#include "config/stream.h"

extern const struct keys bookmark_keys;

/* What no single key of it can know. Sets `is_set`. */
void bookmark_check(struct reader *reader, const struct yaml_node *map,
                    struct bookmark *bookmark);

/*
 * A bookmark's value as an instant, in microseconds since 1970: by the forms of `from` where
 * the definition has some, else as RFC 3339, a time without an offset (UTC), or a date.
 */
bool bookmark_read_time(const struct bookmark *bookmark, struct str text,
                        int64_t *ret_us) MUST_CHECK;

/* One of the forms that name instants, or false: base64, decimal_comma, yes_no. */
bool bookmark_form_read(const struct column_from *form, struct str text,
                        int64_t *ret_us) MUST_CHECK;

/* The instant as the API writes it: in the first form of `from`, which there must be. */
void bookmark_write_time(struct buf *buf, const struct bookmark *bookmark, int64_t us);

#endif
