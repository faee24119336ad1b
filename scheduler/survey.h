#ifndef SCHEDULER_SURVEY_H
#define SCHEDULER_SURVEY_H

#include "base/err.h"
#include "config/settings.h"
#include "port/loop.h"

/*
 * The metrics that PostgreSQL knows: streams, jobs, workers (core/metrics.h, those of
 * schedulers). Asked when somebody wants them, in a session of its own, so that a question that
 * takes long keeps nothing else waiting. Any number of schedulers give the same.
 *
 *     survey_new → [survey_is_fresh, else survey_ask → fn]… → survey_free
 */
struct survey;

enum {
    SURVEY_FRESH_MS = 3000, /* an answer serves so long */
    SURVEY_LIMIT_MS = 3000, /* whoever asks hears no later than that, with what there is */
    SURVEY_STALE_MS = 60000 /* what is older is not said any more */
};

/* `settings` is borrowed as long as it lives. Connects when it is asked first. */
struct survey *survey_new(struct loop *loop, const struct settings *settings) MUST_CHECK;
void survey_free(struct survey *survey); /* whoever waits is called; NULL is fine */

bool survey_is_fresh(const struct survey *survey);

/* `fn` is called once, from the loop or from survey_free, when the metrics are as they will be:
 * SURVEY_UP says whether PostgreSQL has answered. */
void survey_ask(struct survey *survey, loop_fn fn, void *ctx);

#endif
