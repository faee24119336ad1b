#ifndef TESTS_SUPPORT_TRUTH_H
#define TESTS_SUPPORT_TRUTH_H

#include <stdint.h>

#include "tests/support/mock.h"
#include "tests/support/pagetide.h"

/*
 * What must hold after every fault: the table has each record of the API once, value by value;
 * the counters of the jobs are the sums of the ledger; nothing is left in the queue. All calls
 * end the test with a message where it does not hold.
 */

/* `query` as for the generated shapes of the mock: "total=5000&seed=1". Asks the mock, so look
 * at its counts before. Faults and counts of the mock are forgotten. */
void truth_check_rows(struct pagetide *pagetide, const struct mock *mock, const char *table,
                      const char *query);

/* What truth_check_rows has counted in this process: tables looked at, rows lost, too many. */
extern int64_t truth_checks, truth_lost, truth_doubled;

/* Each job of every run: pages in the ledger without a gap, and the sums of what they hold; the
 * table holds as many rows as `rows` says. */
void truth_check_ledger(struct pagetide *pagetide, const char *table, int64_t rows);

/* No key of a job in Redis, no owner in PostgreSQL; waits a little for the last answer. */
void truth_check_idle(struct pagetide *pagetide);

#endif
