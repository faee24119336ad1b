#include "cli/next_runs.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/date.h"
#include "core/cron.h"

enum { TIMEOUT_MS = 10000 };

static bool is_on_this_machine(struct arena *arena, struct str name)
{
    static const char folder[] = "/usr/share/zoneinfo";
    return access(folder, X_OK) ||
           !access(arena_printf(arena, "%s/%.*s", folder, STR_ARG(name)).ptr, R_OK);
}

static bool ask_zone(struct arena *arena, struct pg *pg, struct str name,
                     struct next_runs *ret_runs, struct err *err)
{
    AUTO_PG_RESULT struct pg_result *known = NULL, *offsets = NULL;
    const struct pg_value params[] = {pg_text(name), pg_int(clock_wall_ms() * 1000)};
    enum { IS_ZONE };
    if (!pg_await(pg, "select pagetide.is_zone($1)", params, 1, TIMEOUT_MS, &known, err))
        return false;
    ret_runs->is_zone_missing = !pg_get_bool(known, 0, IS_ZONE);
    if (ret_runs->is_zone_missing)
        return true;
    if (!pg_await(pg, zone_sql, params, COUNT_OF(params), TIMEOUT_MS, &offsets, err))
        return false;
    zone_read(arena, offsets, &ret_runs->zone);
    return true;
}

static void find_runs(const struct stream *stream, struct next_runs *ret_runs)
{
    const struct schedule *schedule = &stream->schedule;
    int64_t spread_us = cron_spread_us(stream->name, schedule->spread_ms);
    struct cron cron;
    struct err ignored = ERR_INIT; /* the definition was checked */
    int64_t at = clock_wall_ms() * 1000 - spread_us;
    if (!schedule->cron.len || !cron_parse(schedule->cron, &cron, &ignored))
        return;
    for (; ret_runs->count < NEXT_RUNS; ret_runs->count++) {
        at = cron_next(&cron, &ret_runs->zone, at);
        if (!at)
            return;
        ret_runs->at_us[ret_runs->count] = at + spread_us;
    }
}

bool next_runs_find(struct arena *arena, struct pg *pg, const struct stream *stream,
                    struct next_runs *ret_runs, struct err *err)
{
    const struct schedule *schedule = &stream->schedule;
    bool is_utc = str_is(schedule->timezone, "UTC");
    *ret_runs = (struct next_runs){0};
    if (!is_utc && !pg) {
        ret_runs->is_zone_missing = !is_on_this_machine(arena, schedule->timezone);
        return true;
    }
    if (!is_utc && !ask_zone(arena, pg, schedule->timezone, ret_runs, err))
        return false;
    if (!ret_runs->is_zone_missing)
        find_runs(stream, ret_runs);
    return true;
}

void next_runs_put(struct buf *buf, const struct zone *zone, int64_t at_us)
{
    struct date_civil civil;
    int64_t offset_us = zone_offset_us(zone, at_us);
    int minutes = (int)(offset_us / 60000000), absolute = minutes < 0 ? -minutes : minutes;
    date_civil_from_us(at_us + offset_us, &civil);
    buf_printf(buf, "%04d-%02d-%02d %02d:%02d %c%02d%02d", civil.year, civil.month, civil.day,
               civil.hour, civil.minute, minutes < 0 ? '-' : '+', absolute / 60, absolute % 60);
}
