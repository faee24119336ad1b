#ifndef WORKER_VALUES_PLAIN_TIME_H
#define WORKER_VALUES_PLAIN_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

/*
 * A time of RFC 3339, also without its offset (UTC) or as a day alone, written in a way that
 * PostgreSQL reads as the same: without a second 60, with at most six digits of a second, and
 * an offset of up to 14 hours. In microseconds since 1970.
 */
bool plain_time_read(struct str text, int64_t *ret_us) MUST_CHECK;

#endif
