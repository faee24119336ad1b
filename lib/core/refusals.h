#ifndef CORE_REFUSALS_H
#define CORE_REFUSALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "port/pg.h"

/*
 * What Redis and PostgreSQL refuse although they answer: a command that the user may not run, a
 * write where memory or the disk is full or the server is a replica. Nothing else would show
 * it: the job waits. One entry for each thing that is asked for: of Redis by the name of the
 * command or script, of PostgreSQL by what its SQLSTATE means (port/sqlstate.h).
 *
 *     refusals_hear for every answer → the caller logs what is news
 *
 * Zeroed memory to begin with.
 */
#define REFUSALS_REDIS    "Redis"
#define REFUSALS_POSTGRES "PostgreSQL"

enum { REFUSALS_MAX = 24, REFUSALS_AGAIN_MS = 60000, REFUSALS_QUIET_MS = 20000 };

struct refusal {
    const char *by;   /* "Redis", "PostgreSQL"; static */
    const char *what; /* "enqueue", "XREADGROUP", "writes"; static */
    bool is_on;
    int64_t count; /* since it began */
    int64_t said_mono_ms, last_mono_ms;
    char why[256]; /* the server's words, the last time */
};

struct refusals {
    struct refusal items[REFUSALS_MAX];
    size_t count;
};

enum refusal_news {
    REFUSAL_NO_NEWS,
    REFUSAL_BEGAN,
    REFUSAL_GOES_ON, /* once a minute */
    REFUSAL_OVER,    /* taken; or not refused for REFUSALS_QUIET_MS while others were taken */
};

/*
 * `what`: the command of Redis; NULL: PostgreSQL was asked. `err`: as redis_call or the session
 * gave it; NULL: it was done. A connection that is down is neither. *ret_refusal is set where
 * there is news, and stays until the next call.
 */
enum refusal_news refusals_note(struct refusals *refusals, const char *what,
                                const struct err *err, int64_t now_mono_ms,
                                const struct refusal **ret_refusal);

/* The news as a line of the log, without an end. */
void refusals_put_news(struct buf *line, enum refusal_news news, const struct refusal *refusal);

/*
 * Notes an answer at this moment. What is news is put on `line`, and kept in PostgreSQL for
 * `pagetide status` under the name of the process, as long as it is not over.
 */
enum refusal_news refusals_hear(struct refusals *refusals, const char *what,
                                const struct err *err, struct pg *pg, struct str process,
                                struct buf *line);

/* What `/readyz` and `status --json` call the list that it is in. */
const char *refusals_key(const struct refusal *refusal);

/* One that is on; NULL: none. */
const struct refusal *refusals_find(const struct refusals *refusals);

#endif
