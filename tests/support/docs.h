#ifndef TESTS_SUPPORT_DOCS_H
#define TESTS_SUPPORT_DOCS_H

#include "base/str.h"

/*
 * The examples of README.md and docs/, for tests that try them. A marker is a comment in the
 * document, <!-- dlt -->, that stands before a fenced block. Texts stay until the process ends.
 */

/* The fenced block that follows the marker, without its fences; the test fails without one. */
struct str docs_block_after(const char *path, const char *marker);

/* The content of the next ```KIND block of a document from *at on; STR_NONE after the last. */
struct str docs_next_block(struct str doc, const char *kind, size_t *at);

/* The text with each `old` replaced. */
const char *docs_replaced(struct str text, const char *old, const char *new);

/* What a shell command prints, with blanks at the ends of lines taken off; it must succeed. */
const char *docs_output_of(const char *command);

#endif
