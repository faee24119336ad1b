#include "core/zone.h"

#include <assert.h>

const char zone_sql[] =
    "select (extract(epoch from from_time) * 1000000)::bigint, offset_seconds::bigint "
    "from pagetide.zone_offsets($1, "
    "'epoch'::timestamptz + $2::bigint * interval '1 us' - interval '43800 hours', "
    "'epoch'::timestamptz + $2::bigint * interval '1 us' + interval '350400 hours')";
enum zone_column { ZONE_FROM_US, ZONE_OFFSET_S, ZONE_COLUMNS };

void zone_read(struct arena *arena, const struct pg_result *result, struct zone *ret_zone)
{
    assert(pg_columns(result) == ZONE_COLUMNS);
    size_t count = pg_rows(result);
    struct zone_span *spans = ARENA_ARRAY(arena, struct zone_span, count + 1);
    for (size_t i = 0; i < count; i++)
        spans[i] = (struct zone_span){pg_get_int(result, i, ZONE_FROM_US),
                                      pg_get_int(result, i, ZONE_OFFSET_S) * 1000000};
    *ret_zone = (struct zone){spans, count};
}

size_t zone_span_at(const struct zone *zone, int64_t at_us)
{
    assert(zone->count);
    size_t at = zone->count - 1;
    while (at && zone->spans[at].from_us > at_us)
        at--;
    return at;
}

int64_t zone_offset_us(const struct zone *zone, int64_t at_us)
{
    return zone->count ? zone->spans[zone_span_at(zone, at_us)].offset_us : 0;
}
