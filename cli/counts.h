#ifndef CLI_COUNTS_H
#define CLI_COUNTS_H

#include <stdint.h>

#include "base/buf.h"

/* Counts of a run or a job, as every command writes them. */

/* "3 of 5 pages, 1,200 records"; `total` 0: how many pages there are is not known. */
void counts_put_pages(struct buf *line, int64_t pages, int64_t total, int64_t records);

/* ", 4 rejected"; nothing where there are none. */
void counts_put(struct buf *line, int64_t count, const char *what);

#endif
