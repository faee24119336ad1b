#ifndef TESTS_SUPPORT_ROW_TEXT_H
#define TESTS_SUPPORT_ROW_TEXT_H

#include "worker/rows/batch.h"
#include "worker/rows/row.h"

/*
 * Brings a closed batch into a fresh temporary table of a real server, as the loader does, and
 * gives what is there then: one line a row, `column|column|…|_pt_aside|_pt_mark|_pt_ord`,
 * NULL for nothing. The text is in the arena.
 */
struct str row_text_load(struct arena *arena, const struct batch *batch,
                         const struct columns *columns);

/* The same, but with a question of one's own to the table `stage`: the first field of its
 * answer. */
struct str row_text_ask(struct arena *arena, const struct batch *batch,
                        const struct columns *columns, const char *sql);

#endif
