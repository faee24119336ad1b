#ifndef CLI_NEXT_RUNS_H
#define CLI_NEXT_RUNS_H

#include "cli/cli.h"
#include "core/zone.h"

/* When a stream's schedule starts it next, for `check`. */
enum { NEXT_RUNS = 5 };

struct next_runs {
    int64_t at_us[NEXT_RUNS];
    size_t count; /* 0: no cron, or its zone is not known here */
    struct zone zone;
    bool is_zone_missing; /* neither PostgreSQL nor this machine has it */
};

/*
 * `pg` NULL: no database is at hand. Then the times of another zone than UTC are not known, and
 * whether there is such a zone is looked up among the files of this machine, if it has any.
 */
bool next_runs_find(struct arena *arena, struct pg *pg, const struct stream *stream,
                    struct next_runs *ret_runs, struct err *err) MUST_CHECK;

/* Appends one as the zone's clock shows it, with its offset: 2024-03-31 03:00 +0200. */
void next_runs_put(struct buf *buf, const struct zone *zone, int64_t at_us);

#endif
