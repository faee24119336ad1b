#ifndef TESTS_SUPPORT_TABLE_H
#define TESTS_SUPPORT_TABLE_H

#include "base/arena.h"
#include "base/str.h"

/* What both readers of tables (blocks.h, lines.h) need. */

/* The whole file, at most 1 MiB; ends the program where it cannot be read. */
struct str table_text(struct arena *arena, const char *path);

/* Says on stderr what is wrong with the table, and ends the program. */
_Noreturn void table_die(const char *path, int line, const char *what, struct str name);

#endif
