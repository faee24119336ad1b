#include "base/clock.h"
#include "base/log.h"
#include "scheduler/scheduler_internal.h"

/* What Redis refuses: seen nowhere else, runs only wait. */

void scheduler_on_answer(void *ctx, const char *what, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    const struct refusal *refusal;
    enum refusal_news news =
        refusals_note(&scheduler->refusals, what, err, clock_mono_ms(), &refusal);
    if (news == REFUSAL_NO_NEWS)
        return;
    bool is_over = news == REFUSAL_OVER;
    AUTO_BUF(line, KIB(1));
    refusals_put_news(&line, news, refusal);
    log_write(is_over ? LOG_INFO : LOG_WARN, is_over ? LOG_REDIS_UP : LOG_REDIS_DOWN,
              LOG_NOWHERE, "%.*s", STR_ARG(buf_str(&line)));
    refusals_store(scheduler->pg, str_from(scheduler->id), refusal);
}

const char *scheduler_refused(const struct scheduler *scheduler)
{
    const struct refusal *refusal = refusals_find(&scheduler->refusals);
    return refusal ? refusal->what : NULL;
}
