#ifndef CONFIG_AFTER_H
#define CONFIG_AFTER_H

#include "config/source.h"

/*
 * Streams that wait for each other by `after` would never start. ERR_CONFIG names one of them,
 * and its file. Streams that are in none of these sources are passed over.
 */
bool after_check(struct arena *arena, struct source *const *sources, size_t count,
                 struct err *err) MUST_CHECK;

#endif
