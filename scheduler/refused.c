#include "base/log.h"
#include "scheduler/scheduler_internal.h"

/* What a server refuses: seen nowhere else, runs only wait. */

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

static void hear(struct scheduler *scheduler, const char *what, const struct err *err)
{
    AUTO_BUF(line, KIB(1));
    enum log_event up = what ? LOG_REDIS_UP : LOG_PG_UP;
    enum log_event down = what ? LOG_REDIS_DOWN : LOG_PG_DOWN;
    enum refusal_news news = refusals_hear(&scheduler->refusals, what, err, scheduler->pg,
                                           str_from(scheduler->id), &line);
    bool is_over = news == REFUSAL_OVER;
    if (news != REFUSAL_NO_NEWS)
        log_write(is_over ? LOG_INFO : LOG_WARN, is_over ? up : down, LOG_NOWHERE, "%.*s",
                  STR_ARG(buf_str(&line)));
}

void scheduler_on_answer(void *ctx, const char *what, const struct err *err)
{
    note_owner(ctx, what, err);
    hear(ctx, what, err);
}

void scheduler_on_pg_answer(void *ctx, const struct err *err)
{
    hear(ctx, NULL, err);
}

const struct refusal *scheduler_refusal(const struct scheduler *scheduler)
{
    return refusals_find(&scheduler->refusals);
}
