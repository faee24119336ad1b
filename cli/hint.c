#include "cli/hint.h"

#include "core/job.h"

static const struct hint {
    enum job_reason reason;
    bool by_trace; /* begins with the command that shows the answer */
    bool goes_on;  /* the run can be taken up again with the same definition */
    const char *text;
} hints[] = {
    {REASON_HTTP, true, true,
     "shows requests and answers: are base_url, path and params right?"},
    {REASON_AUTH, false, true, "check the credentials: `auth`, and the secret that it names"},
    {REASON_BODY, true, true, "shows the body: is it the API that answers, and whole?"},
    {REASON_MERGE, true, false, "shows the body: let merge_path name the list of records"},
    {REASON_EVAL, true, false, "shows the answer; `pagetide expr` tries an expression"},
    {REASON_LOOP, true, false, "shows the requests: does the page, offset or cursor move on?"},
    {REASON_LIMIT, false, false, "raise the limit that the message names, if all is wanted"},
    {REASON_INCONSISTENT_END, true, false, "shows total and flag: is one of the paths wrong?"},
    {REASON_REJECTS, false, false, "look at the rejected records; max_rejects is the limit"},
    {REASON_SHRINK, false, false, "look whether the API lost records; shrink_guard decides"},
    {REASON_DEFINITION, false, false, "correct the definition; `pagetide check` validates it"},
    {REASON_CANCELLED, false, true, "nothing is wrong: it was cancelled"},
    {REASON_CRASH, false, true, "read in the worker's log how it ended"},
    {REASON_SERVER, false, true, "read PostgreSQL's log; space, locks and rights are usual"},
};

static const struct hint *find_hint(struct str reason)
{
    for (size_t i = 0; i < COUNT_OF(hints); i++)
        if (str_is(reason, job_reason_name(hints[i].reason)))
            return &hints[i];
    return NULL;
}

void hint_put_for_preview(struct buf *line, struct str reason)
{
    const struct hint *hint = find_hint(reason);
    if (hint)
        buf_printf(line, "%s%s", hint->by_trace ? "--trace " : "", hint->text);
}

void hint_put_for_run(struct buf *line, struct str reason, struct str stream, int64_t run)
{
    const struct hint *hint = find_hint(reason);
    if (!hint)
        return;
    if (hint->by_trace)
        buf_printf(line, "`pagetide preview %.*s --trace` ", STR_ARG(stream));
    buf_printf(line, "%s", hint->text);
    if (hint->reason == REASON_REJECTS)
        buf_printf(line, " (`pagetide rejects %lld`)", (long long)run);
    if (hint->goes_on)
        buf_printf(line, "; `pagetide retry %lld` goes on where it stopped", (long long)run);
}
