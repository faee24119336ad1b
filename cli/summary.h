#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include "base/buf.h"
#include "cli/cli.h"
#include "port/pg.h"

/*
 * How a run ended, on one line for people, with the error and what to try under it, or as JSON:
 * {run,stream,state,reason,pages,records,bytes,rejects,asides,folded,retries,seconds,error,
 * complete,complete_why,warnings,misfits,added,changed,deleted,tables}; the warnings are lines
 * of one text, the misfits {column: count}; what became of the rows of the table is null where
 * it is not counted; the tables are {table: records} of the stream's `tables`, or null.
 */
enum summary_column {
    SUMMARY_RUN,
    SUMMARY_STREAM,
    SUMMARY_STATE,
    SUMMARY_REASON,
    SUMMARY_PAGES,
    SUMMARY_RECORDS,
    SUMMARY_BYTES,
    SUMMARY_REJECTS,
    SUMMARY_ASIDES,
    SUMMARY_FOLDED,
    SUMMARY_RETRIES,
    SUMMARY_SECONDS,
    SUMMARY_ERROR,
    SUMMARY_COMPLETE,
    SUMMARY_COMPLETE_WHY,
    SUMMARY_WARNINGS,
    SUMMARY_MISFITS,
    SUMMARY_ADDED,
    SUMMARY_CHANGED,
    SUMMARY_DELETED,
    SUMMARY_TABLES,
    SUMMARY_COLUMNS,
};

/* The one row of pagetide.run_summary: texts as PostgreSQL writes them. */
struct summary {
    struct pg_value values[SUMMARY_COLUMNS];
};

void summary_put(struct buf *line, const struct summary *summary);
void summary_put_json(struct buf *line, const struct summary *summary);

/*
 * Reads and prints the end of `run`, with --json as JSON; *ret_state (in the command's arena)
 * is the run's state. ERR_INPUT where there is no such run, else as pg_await.
 */
bool summary_show(struct cli *cli, struct pg *pg, int64_t run, struct str *ret_state,
                  struct err *err) MUST_CHECK;

#endif
