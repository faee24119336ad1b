#include "core/job.h"

#include <assert.h>

const char *job_state_name(enum job_state state)
{
    static const char *const names[] = {
#define X(name, text) text,
        JOB_STATES(X)
#undef X
    };
    assert(state < COUNT_OF(names));
    return names[state];
}

const char *job_reason_name(enum job_reason reason)
{
    static const char *const names[] = {
#define X(name, text) text,
        JOB_REASONS(X)
#undef X
    };
    assert(reason < COUNT_OF(names));
    return names[reason];
}

const char *job_complete_name(enum job_complete complete)
{
    static const char *const names[] = {
#define X(name, text) text,
        JOB_COMPLETES(X)
#undef X
    };
    assert(complete < COUNT_OF(names));
    return names[complete];
}

enum job_complete job_complete_parse(struct str text)
{
    enum job_complete complete = COMPLETE_CONTRADICTED;
    while (complete && !str_is(text, job_complete_name(complete)))
        complete--;
    return complete;
}

enum job_reason job_reason_parse(struct str text)
{
    enum job_reason reason = REASON_SERVER;
    while (reason > REASON_NONE && !str_is(text, job_reason_name(reason)))
        reason--;
    return reason;
}

bool job_state_parse(struct str text, enum job_state *ret_state)
{
    for (enum job_state state = JOB_QUEUED; state <= JOB_DEAD; state++) {
        if (!str_is(text, job_state_name(state)))
            continue;
        *ret_state = state;
        return true;
    }
    return false;
}
