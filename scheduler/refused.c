#include "base/log.h"
#include "scheduler/scheduler_internal.h"

/* What Redis refuses: seen nowhere else, runs only wait. */

/* Our scripts, other than plain commands, say whose the keys are. */
static void note_owner(struct scheduler *scheduler, const char *what, const struct err *err)
{
    bool is_script = what[0] >= 'a' && what[0] <= 'z';
    if (!is_script || (err && err->code != REDIS_REFUSED))
        return;
    bool is_foreign = err && str_starts(str_from(err->text), STR("FOREIGN"));
    if (!err || is_foreign)
        scheduler->is_ours = !err;
}

void scheduler_on_answer(void *ctx, const char *what, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    note_owner(scheduler, what, err);
    AUTO_BUF(line, KIB(1));
    enum refusal_news news = refusals_hear(&scheduler->refusals, what, err, scheduler->pg,
                                           str_from(scheduler->id), &line);
    bool is_over = news == REFUSAL_OVER;
    if (news != REFUSAL_NO_NEWS)
        log_write(is_over ? LOG_INFO : LOG_WARN, is_over ? LOG_REDIS_UP : LOG_REDIS_DOWN,
                  LOG_NOWHERE, "%.*s", STR_ARG(buf_str(&line)));
}

const char *scheduler_refused(const struct scheduler *scheduler)
{
    const struct refusal *refusal = refusals_find(&scheduler->refusals);
    return refusal ? refusal->what : NULL;
}
