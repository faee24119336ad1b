#ifndef CONFIG_WINDOW_H
#define CONFIG_WINDOW_H

#include "config/key_read.h"
#include "config/stream.h"

/* The keys of `window`, which fill struct window. */
extern const struct keys window_keys;

/* How long a slice is: 90, 15m, 6h, 7d, 2w, 1 month. Also in SQL, which reads it:
 * pagetide.window_size. */
bool window_is_size(struct str text) MUST_CHECK;

/*
 * The time that the first slice of a first run asks for, where the definition is all that is
 * known; the calendar is that of UTC. False: `window` is not there, or begins behind `now_us`.
 */
bool window_first_slice(const struct stream *stream, int64_t now_us, int64_t *ret_from_us,
                        int64_t *ret_to_us) MUST_CHECK;

/* What no single key can know. The names in the stream's expressions are known. */
void window_check(struct reader *reader, const struct yaml_node *map,
                  const struct stream *stream);

#endif
