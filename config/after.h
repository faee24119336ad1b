#ifndef CONFIG_AFTER_H
#define CONFIG_AFTER_H

#include "config/source.h"

/*
 * Streams that wait for each other by `after` would never start. ERR_CONFIG names one of the
 * source that is such a stream. `others`: outlines of other files by their names, none of which
 * wait in a circle; streams that are in none of these are passed over.
 */
bool after_check(const struct source *source, const struct hash_index *others,
                 struct err *err) MUST_CHECK;

#endif
