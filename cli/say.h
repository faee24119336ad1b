#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stdbool.h>
#include <stdio.h>

#include "base/macros.h"
#include "base/str.h"

/*
 * The one place where commands write to stdout and stderr. Whatever is written has its secrets
 * replaced (base/redact.h) and its control characters escaped (base/printable.h), wherever the
 * text comes from. tools/check-printing.sh finds what prints without it.
 *
 * Lines that belong to the text stay. A piece in which a line's end would be a lie (a field's
 * name, a header, a cell of a table) is made one line by its caller: printable_put.
 */

/* The text with its lines; no newline is added. */
void say_text(FILE *out, struct str text);

/* Formatted, and a newline. */
void say_line(FILE *out, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The same, for what --quiet leaves out: that all went well, what goes on, warnings. */
void say_note(FILE *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
void say_set_quiet(bool is_quiet);

/* A JSON text on stdout, one line; what JSON itself does not escape is escaped by its rules. */
void say_json(struct str json);

/* Our own control sequences: a literal, never anything that was read. */
#define say_sequence(out, literal) say_sequence_put((out), ("" literal))
void say_sequence_put(FILE *out, const char *sequence);

#endif
