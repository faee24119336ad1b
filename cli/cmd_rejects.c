#include "cli/query_print.h"

/*
 * `rejects`: the records of a run that could not be stored, and why. `record` is what the API
 * sent; bytes beyond ASCII are shown as PostgreSQL's escapes, because they need not be UTF-8.
 */
static const char sql[] = "select j.run || '/' || j.n as job, r.page, r.position, r.reason, "
                          "encode(r.record, 'escape') as record "
                          "from pagetide.reject r join pagetide.job j on j.id = r.job "
                          "where r.run = $1 order by r.id";

static int rejects_main(struct cli *cli)
{
    return query_print_run(cli, "rejects", sql, NULL, "nothing was rejected in this run");
}

const struct command cmd_rejects = {
    .name = "rejects",
    .operands = "RUN|STREAM",
    .summary = "the records of a run that could not be stored, and why",
    .help = "By SQL: select * from pagetide.reject where run = 7; the bytes are in `record`.",
    .needs_settings = true,
    .run = rejects_main,
};
