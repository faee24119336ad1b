#include "core/refusals.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/redact.h"
#include "port/redis.h"
#include "port/sqlstate.h"

enum { STORE_TIMEOUT_MS = 15000 };

static struct refusal *find(struct refusals *refusals, const char *what)
{
    for (size_t i = 0; i < refusals->count; i++)
        if (strcmp(refusals->items[i].what, what) == 0)
            return &refusals->items[i];
    return NULL;
}

static struct refusal *add(struct refusals *refusals, const char *by, const char *what)
{
    if (refusals->count == REFUSALS_MAX)
        return NULL;
    struct refusal *refusal = &refusals->items[refusals->count++];
    *refusal = (struct refusal){.by = by, .what = what};
    return refusal;
}

/* What is refused is asked again within a second or two, as long as it is wanted. */
static struct refusal *find_quiet(struct refusals *refusals, int64_t now_mono_ms)
{
    for (size_t i = 0; i < refusals->count; i++) {
        struct refusal *refusal = &refusals->items[i];
        if (refusal->is_on && now_mono_ms - refusal->last_mono_ms > REFUSALS_QUIET_MS)
            return refusal;
    }
    return NULL;
}

static enum refusal_news note_taken(struct refusal *refusal)
{
    if (!refusal || !refusal->is_on)
        return REFUSAL_NO_NEWS;
    refusal->is_on = false;
    return REFUSAL_OVER;
}

static enum refusal_news note_refused(struct refusal *refusal, const struct err *err,
                                      int64_t now_mono_ms)
{
    bool began = !refusal->is_on;
    if (began)
        refusal->count = 0;
    refusal->is_on = true;
    refusal->count++;
    refusal->last_mono_ms = now_mono_ms;
    if (!began && now_mono_ms - refusal->said_mono_ms < REFUSALS_AGAIN_MS)
        return REFUSAL_NO_NEWS;
    AUTO_ARENA struct arena *arena = arena_new();
    struct str why = redact_cut(arena, str_from(err->text), sizeof refusal->why - 1);
    snprintf(refusal->why, sizeof refusal->why, "%.*s", STR_ARG(why));
    refusal->said_mono_ms = now_mono_ms;
    return began ? REFUSAL_BEGAN : REFUSAL_GOES_ON;
}

static const char *find_refused(const char *what, const struct err *err)
{
    if (what)
        return err->code == REDIS_REFUSED ? what : NULL;
    return sqlstate_refuses(err->sqlstate);
}

enum refusal_news refusals_note(struct refusals *refusals, const char *what,
                                const struct err *err, int64_t now_mono_ms,
                                const struct refusal **ret_refusal)
{
    const char *by = what ? REFUSALS_REDIS : REFUSALS_POSTGRES;
    const char *refused = err ? find_refused(what, err) : what;
    enum refusal_news news = REFUSAL_NO_NEWS;
    if (err && !refused)
        return REFUSAL_NO_NEWS;
    struct refusal *refusal = refused ? find(refusals, refused) : NULL;
    if (err && !refusal)
        refusal = add(refusals, by, refused);
    if (!err && (!refusal || !refusal->is_on))
        refusal = find_quiet(refusals, now_mono_ms);
    if (!err)
        news = note_taken(refusal);
    else if (refusal)
        news = note_refused(refusal, err, now_mono_ms);
    *ret_refusal = refusal;
    return news;
}

void refusals_put_news(struct buf *line, enum refusal_news news, const struct refusal *refusal)
{
    if (news == REFUSAL_OVER)
        buf_printf(line, "%s refuses %s no more, after %lld refusals", refusal->by,
                   refusal->what, (long long)refusal->count);
    else if (news == REFUSAL_BEGAN)
        buf_printf(line, "%s refuses %s: %s; tried again, and jobs wait", refusal->by,
                   refusal->what, refusal->why);
    else
        buf_printf(line, "%s refuses %s, %lld times so far: %s", refusal->by, refusal->what,
                   (long long)refusal->count, refusal->why);
}

static void store(struct pg *pg, struct str process, const struct refusal *refusal)
{
    const struct pg_value params[] = {
        pg_text(process), pg_text(str_from(refusal->what)), pg_text(str_from(refusal->why)),
        pg_int(refusal->is_on ? refusal->count : 0), pg_text(str_from(refusal->by))};
    if (pg_is_up(pg))
        pg_query(pg, "select pagetide.note_refusal($1, $2, $3, $4, $5)", params,
                 COUNT_OF(params), STORE_TIMEOUT_MS, NULL, NULL);
}

enum refusal_news refusals_hear(struct refusals *refusals, const char *what,
                                const struct err *err, struct pg *pg, struct str process,
                                struct buf *line)
{
    const struct refusal *refusal;
    enum refusal_news news = refusals_note(refusals, what, err, clock_mono_ms(), &refusal);
    if (news == REFUSAL_NO_NEWS)
        return news;
    refusals_put_news(line, news, refusal);
    store(pg, process, refusal);
    return news;
}

const char *refusals_key(const struct refusal *refusal)
{
    return strcmp(refusal->by, REFUSALS_REDIS) == 0 ? "refused_by_redis"
                                                    : "refused_by_postgres";
}

const struct refusal *refusals_find(const struct refusals *refusals)
{
    for (size_t i = 0; i < refusals->count; i++)
        if (refusals->items[i].is_on)
            return &refusals->items[i];
    return NULL;
}
