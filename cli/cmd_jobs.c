#include "cli/query_print.h"

/* `jobs`: the parts of one run, how far each is and what it waits for. */
#define JOBS(wait_until, error)                                                                \
    "select j.run || '/' || j.n as job, j.state, "                                             \
    "case when j.state = 'running' then w.steps ->> j.id::text end as step, j.reason, "        \
    "j.page, j.pages_total, j.records, j.rejects, j.asides, j.folded, j.retries, "             \
    "pagetide.job_words(j) as partition, j.paging, "                                           \
    "coalesce(j.waiting_for, '') as waiting_for, " wait_until                                  \
    " as wait_until, j.worker, " error " as error, j.complete from pagetide.job j left join "  \
    "pagetide.worker w on w.id = j.worker "                                                    \
    "where j.run = $1 order by j.n"

static const char sql[] =
    JOBS("to_char(j.wait_until, 'YYYY-MM-DD HH24:MI:SS')", "split_part(j.error, E'\\n', 1)");
static const char json_sql[] = JOBS("j.wait_until", "j.error");

static int jobs_main(struct cli *cli)
{
    return query_print_run(cli, "jobs", sql, json_sql, "this run has no job yet");
}

const struct command cmd_jobs = {
    .name = "jobs",
    .operands = "RUN|STREAM",
    .summary = "the jobs of a run: pages, records, what they wait for",
    .needs_settings = true,
    .run = jobs_main,
};
