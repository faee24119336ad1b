#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "scheduler/scheduler_internal.h"

/*
 * The time zones of schedules, as PostgreSQL has them (core/zone.h). Each is asked for when a
 * stream first wants it, and again a day later: its rules may have changed.
 */
enum { TIMEOUT_MS = 15000, FRESH_MS = 24 * 3600 * 1000, ASK_AGAIN_MS = 60000 };

struct zone_entry {
    struct zone_entry *next;
    char *name;
    struct arena *arena; /* of `zone`; NULL: not known yet */
    struct zone zone;
    int64_t asked_mono_ms;
};

static void on_zone(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct zone_entry *entry = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err) {
        log_write(LOG_WARN, LOG_NOTE, LOG_NOWHERE, "time zone %s: %s", entry->name, err->text);
        return;
    }
    arena_free(entry->arena);
    entry->arena = arena_new();
    zone_read(entry->arena, result, &entry->zone);
}

static void ask(struct pg *pg, struct zone_entry *entry, int64_t now_us)
{
    const struct pg_value params[] = {pg_text(str_from(entry->name)), pg_int(now_us)};
    entry->asked_mono_ms = clock_mono_ms();
    pg_query(pg, zone_sql, params, COUNT_OF(params), TIMEOUT_MS, on_zone, entry);
}

static struct zone_entry *entry_of(struct scheduler *scheduler, struct str name)
{
    for (struct zone_entry *entry = scheduler->zones; entry; entry = entry->next)
        if (str_is(name, entry->name))
            return entry;
    struct zone_entry *entry = mem_alloc(sizeof *entry);
    *entry = (struct zone_entry){.next = scheduler->zones,
                                 .name = mem_printf("%.*s", STR_ARG(name)),
                                 .asked_mono_ms = INT64_MIN / 2};
    scheduler->zones = entry;
    return entry;
}

const struct zone *zones_find(struct scheduler *scheduler, struct str name, int64_t now_us)
{
    static const struct zone utc;
    if (!name.len || str_is(name, "UTC"))
        return &utc;
    struct zone_entry *entry = entry_of(scheduler, name);
    int64_t age_ms = clock_mono_ms() - entry->asked_mono_ms;
    if (age_ms > (entry->arena ? FRESH_MS : ASK_AGAIN_MS))
        ask(scheduler->pg, entry, now_us);
    return entry->arena ? &entry->zone : NULL;
}

void zones_free(struct zone_entry *entry)
{
    while (entry) {
        struct zone_entry *next = entry->next;
        mem_free(entry->name);
        arena_free(entry->arena);
        mem_free(entry);
        entry = next;
    }
}
