#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "port/hash.h"
#include "scheduler/scheduler_internal.h"

/*
 * What else nobody would see: that a scheduler lives, for `status` and /readyz of workers; and
 * that streams of other folders run here too.
 */
enum { TIMEOUT_MS = 15000, NAMES_SHOWN = 20 };

static const char seen_sql[] = "select pagetide.scheduler_seen($1, $2, $3, $4, $5)";
static const char strangers_sql[] =
    "select stream from pagetide.strangers(string_to_array($1, E'\\n'))";

void presence_beat(struct scheduler *scheduler)
{
    char host[PROCESS_HOST_BYTES];
    process_host(host);
    char *folder = realpath(scheduler->settings->config_dir, NULL);
    const struct pg_value params[] = {
        pg_text(str_from(scheduler->id)), pg_text(str_from(host)), pg_int(getpid()),
        pg_text(STR(PAGETIDE_VERSION)),
        pg_text(str_from(folder ? folder : scheduler->settings->config_dir))};
    if (pg_is_up(scheduler->pg))
        pg_query(scheduler->pg, seen_sql, params, COUNT_OF(params), TIMEOUT_MS, NULL, NULL);
    free(folder);
}

static void say_strangers(const struct pg_result *result)
{
    AUTO_BUF(names, KIB(8));
    size_t count = pg_rows(result), shown = count < NAMES_SHOWN ? count : NAMES_SHOWN;
    for (size_t i = 0; i < shown; i++)
        buf_printf(&names, "%s%.*s", i ? ", " : "", STR_ARG(pg_get_str(result, i, 0)));
    if (shown < count)
        buf_printf(&names, " and %zu more", count - shown);
    log_write(
        LOG_WARN, LOG_CONFIG_STRANGE, LOG_NOWHERE,
        "%zu stream%s in the database and in no file of this folder, and run%s all the same, "
        "with the environment of whichever worker takes %s (pagetide drop forgets one): "
        "%.*s",
        count, count == 1 ? " is" : "s are", count == 1 ? "s" : "", count == 1 ? "it" : "them",
        STR_ARG(buf_str(&names)));
}

/* Said again only where they have changed. */
static void on_strangers(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    uint64_t stamp = 0;
    if (err)
        return;
    for (size_t i = 0; i < pg_rows(result); i++)
        stamp = hash_fold(hash_bytes(pg_get_str(result, i, 0), 0), stamp);
    if (stamp != scheduler->strangers_stamp && pg_rows(result))
        say_strangers(result);
    scheduler->strangers_stamp = stamp;
}

void presence_note_names(struct scheduler *scheduler, const struct apply_result *result)
{
    scheduler->knows_names = !result->err && !result->errors->len;
    buf_reset(&scheduler->names);
    for (size_t i = 0; i < result->source_count; i++)
        for (size_t j = 0; j < result->sources[i]->count; j++)
            buf_printf(&scheduler->names, "%.*s\n",
                       STR_ARG(result->sources[i]->outlines[j].name));
    scheduler->knows_names &= !scheduler->names.has_overflowed;
    presence_find_strangers(scheduler);
}

/* A broken file may hold any of them: nothing is said then. */
void presence_find_strangers(struct scheduler *scheduler)
{
    struct pg_value names = pg_text(buf_str(&scheduler->names));
    if (scheduler->knows_names && pg_is_up(scheduler->pg))
        pg_query(scheduler->pg, strangers_sql, &names, 1, TIMEOUT_MS, on_strangers, scheduler);
}
