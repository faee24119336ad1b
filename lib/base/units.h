#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * Durations and sizes as people write them. Parsers take the whole text, refuse anything else
 * (negative, empty, unknown unit, beyond 64 bits) and leave *ret alone then.
 */

/* 36500 days: in microseconds, and a thousand times over, it stays within 64 bits. */
#define UNITS_LONGEST_MS INT64_C(3153600000000)

/* Seconds, or a number with a unit: `30`, `0.5`, `500ms`, `30s`, `15m`, `2h`, `7d`; at most
 * UNITS_LONGEST_MS. */
bool units_parse_duration(struct str text, int64_t *ret_ms) MUST_CHECK;

/* Bytes, or a number with a binary unit: `4096`, `64KiB`, `8MiB`, `1GiB`. */
bool units_parse_size(struct str text, int64_t *ret_bytes) MUST_CHECK;

/* As the parser reads it, in the largest unit that has no fraction: 90 minutes are "90m". */
void units_write_duration(struct buf *buf, int64_t ms);

/* For people: "850 ms", "1.5 s", "2 min 05 s", "3 h 10 min"; "4.2 MB". */
void units_format_duration(struct buf *buf, int64_t ms);
void units_format_size(struct buf *buf, int64_t bytes);
/* 1234567 → "1,234,567" */
void units_format_count(struct buf *buf, int64_t count);

#endif
