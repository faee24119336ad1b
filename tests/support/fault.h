#ifndef TESTS_SUPPORT_FAULT_H
#define TESTS_SUPPORT_FAULT_H

#include <stdint.h>

/*
 * A line of the table that `make fault` prints (tools/fault-table.sh): what was done, and what
 * came of it. To be called when all checks of the test are over: rows lost and doubled are
 * those that truth_check_rows has counted in this process.
 *
 *   numbers   those of the table in docs/reliability.md, "16 63"
 *   words     the fault
 *   again     pages that were fetched more than once; -1: not counted
 *   fmt       what was done: "50 kills", and what else is to be known of it
 */
void fault_note(const char *numbers, const char *words, int64_t again, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
