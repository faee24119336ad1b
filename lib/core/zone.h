#ifndef CORE_ZONE_H
#define CORE_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "port/pg.h"

/*
 * A time zone as the offsets that it has had and will have. PostgreSQL knows them
 * (pagetide.zone_offsets): so all processes agree, and none needs a database of zones. No spans
 * at all are UTC.
 *
 *     offset_us     what is added to an instant to have the time on the wall
 *     from_us       from when, in microseconds since 1970; the first span is also that of all
 *                   times before it, the last one that of all after it
 */
struct zone_span {
    int64_t from_us, offset_us;
};

struct zone {
    struct zone_span *spans; /* ascending */
    size_t count;
};

/* With the parameters of this query: $1 the zone's name, $2 an instant in microseconds since
 * 1970. The answer holds the offsets from five years before it to forty years after it. */
extern const char zone_sql[];

/* Reads an answer of zone_sql; the spans are allocated in the arena. */
void zone_read(struct arena *arena, const struct pg_result *result, struct zone *ret_zone);

/* The span of an instant; not for a zone without spans. */
size_t zone_span_at(const struct zone *zone, int64_t at_us);

/* The offset at an instant; 0 for UTC. */
int64_t zone_offset_us(const struct zone *zone, int64_t at_us);

#endif
