#ifndef BASE_PRINTABLE_H
#define BASE_PRINTABLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/*
 * Text that an API, a file, a server or a database had a hand in, made fit to be shown. It may
 * hold what moves a terminal's cursor, ends a log's line or turns the direction of writing:
 * C0 and C1 controls, DEL, U+2028 and U+2029, and the bidirectional controls U+061C, U+200E,
 * U+200F, U+202A to U+202E and U+2066 to U+2069. These are written as `\u001b`, bytes that are
 * not UTF-8 as `\xff`. A text that was made printable stays as it is if it is made so again.
 *
 * Everything that is logged passes through here (base/log.c), everything that a command prints
 * (cli/say.c), and the errors of jobs before they are stored. Data is stored as it came.
 */
enum printable {
    PRINTABLE_LINE,   /* one line: a line's end is written as `\n` */
    PRINTABLE_BLOCK,  /* lines: '\n' and '\t' stay */
    PRINTABLE_STRING, /* inside a JSON string: also its quotes; not UTF-8 is U+FFFD */
    PRINTABLE_JSON,   /* a whole JSON text, on one line; not UTF-8 is U+FFFD */
};

void printable_put(struct buf *buf, struct str text, enum printable form);

/* The text itself where nothing had to be escaped, else a copy in the arena. */
struct str printable_str(struct arena *arena, struct str text, enum printable form);

/* In place, for fixed buffers, as lines: the result is cut at size - 1, at a character. */
void printable_cstr(char *text, size_t size);

#endif
