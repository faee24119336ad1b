#include "worker/spans.h"

#include "base/clock.h"
#include "core/trace.h"

static struct trace_span span_of(enum trace_kind kind, const struct job *job, int64_t start_ms)
{
    return (struct trace_span){.kind = kind,
                               .run = job->run,
                               .job = job->id,
                               .epoch = job->epoch,
                               .stream = job->stream,
                               .start_ms = start_ms,
                               .end_ms = clock_wall_ms()};
}

/* From the begin of its request to its rows in the batch. */
void spans_page(const struct crawl *crawl, int64_t records, int64_t bytes)
{
    enum { ATTRIBUTES_MAX = 8 };
    if (!trace_is_on())
        return;
    const struct job *job = crawl_job(crawl);
    struct crawl_fetched page = crawl_fetched(crawl);
    struct trace_span span = span_of(TRACE_PAGE, job, page.asked_at_ms);
    struct trace_attribute attributes[ATTRIBUTES_MAX] = {
        {.key = "pagetide.job", .number = job->n},
        {.key = "pagetide.page", .number = page.number},
        {.key = "pagetide.records", .number = records},
        {.key = "pagetide.bytes", .number = bytes},
        {.key = "pagetide.attempts", .number = page.attempts},
        {.key = "http.response.status_code", .number = page.status},
        {.key = "server.address", .text = page.host.len ? page.host : STR("")}};
    size_t count = 7;
    if (page.cursor.len)
        attributes[count++] =
            (struct trace_attribute){.key = "pagetide.cursor", .text = page.cursor};
    else if (page.place >= 0)
        attributes[count++] = (struct trace_attribute){
            .key = page.is_offset ? "pagetide.offset" : "pagetide.page_number",
            .number = page.place};
    span.page = page.number;
    trace_put(&span, attributes, count);
}

static void put_run(const struct job *job, const struct crawl_end *end)
{
    struct trace_span span = span_of(TRACE_RUN, job, job->started_us / 1000);
    const char *state = job_state_name(end->run_state);
    const struct trace_attribute attributes[] = {
        {.key = "pagetide.state", .text = str_from(state)},
        {.key = "pagetide.mode", .text = job->mode.len ? job->mode : STR("")}};
    if (end->run_state != JOB_SUCCEEDED)
        span.error = str_from(state);
    trace_put(&span, attributes, COUNT_OF(attributes));
}

void spans_end(const struct crawl *crawl, const struct crawl_end *end)
{
    if (!trace_is_on())
        return;
    const struct job *job = crawl_job(crawl);
    struct crawl_stats stats = crawl_stats(crawl);
    struct trace_span span = span_of(TRACE_JOB, job, crawl_began_at_ms(crawl));
    bool has_failed = end->how == CRAWL_FINISHED && end->state != JOB_SUCCEEDED;
    const struct trace_attribute attributes[] = {
        {.key = "pagetide.job", .number = job->n},
        {.key = "pagetide.state", .text = str_from(crawl_end_name(end))},
        {.key = "pagetide.reason", .text = str_from(job_reason_name(end->reason))},
        {.key = "pagetide.pages", .number = stats.pages},
        {.key = "pagetide.records", .number = stats.records}};
    if (has_failed)
        span.error = *end->err->text ? str_from(end->err->text) : str_from(crawl_end_name(end));
    trace_put(&span, attributes, COUNT_OF(attributes));
    if (end->has_run_ended)
        put_run(job, end);
}
