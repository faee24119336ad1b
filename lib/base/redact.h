#ifndef BASE_REDACT_H
#define BASE_REDACT_H

#include "base/arena.h"
#include "base/str.h"

/*
 * The process's list of secret values. What is shown to people (logs, errors stored in
 * PostgreSQL, --json) passes through redact_str, which replaces each secret by its name in
 * angle brackets: `<env.SHOP_TOKEN>`. A secret is found raw, percent-encoded and in base64
 * (all three alignments).
 */

/*
 * Registers a secret; the same name and value twice is one. Values shorter than 4 bytes are
 * not registered (they would blank half of every line). Copies both.
 */
void redact_add(struct str name, struct str value);

/* The text itself if nothing was found, else a copy in the arena. */
struct str redact_str(struct arena *arena, struct str text);

/* In place, for fixed buffers: the result is cut at size - 1. */
void redact_cstr(char *text, size_t size);

/* Forgets all; for tests. */
void redact_clear(void);

#endif
