#ifndef BASE_REDACT_H
#define BASE_REDACT_H

#include "base/arena.h"
#include "base/str.h"

/*
 * The process's list of secret values, and the one rule for what a secret may look like. What
 * is shown to people (logs, output, errors stored in PostgreSQL) passes through redact_str,
 * which replaces each secret by its name in angle brackets: `<env.SHOP_TOKEN>`.
 *
 * A secret is found raw, in base64 and base64url (all three alignments) and in hexadecimal;
 * each of them as it is, percent-encoded, with JSON's escapes, as HTML's entities, inside of
 * text in base64, and in UTF-16, or in up to three of these encodings on top of each other.
 * What is left of one that was cut is found by its first 12 bytes. Values of 8 bytes or more
 * are found in any letter case.
 *
 * Short values would blank half of every line: of 4 to 7 bytes they are found where they are a
 * word of their own, raw or encoded as above, and below 4 not at all.
 *
 * User and password of any URL, `scheme://user:password@host`, are left out, known or not.
 */

/* Registers a secret; the same name and value twice is one. Copies both. */
void redact_add(struct str name, struct str value);

/*
 * A value that was made from secrets: a hash, a signature, a part. It is shown as `<secret>`.
 * Of these the last 64 are known; below 8 bytes none. What is known already is not added.
 */
void redact_add_derived(struct str value);

/*
 * A token that an API gave: it is good for a while, and others follow it. It is shown as
 * `<token>`. The last 128 are known: who sends one adds it each time.
 */
void redact_add_passing(struct str value);

/* The text itself if nothing was found, else a copy in the arena. */
struct str redact_str(struct arena *arena, struct str text);

/*
 * What an answer says, as a part of a message: redacted, on one line (printable.h), and only
 * then cut to at most `max` bytes. A part of a secret would not be known again, and a line's
 * end would forge a line of ours.
 */
struct str redact_cut(struct arena *arena, struct str text, size_t max);

/* Is one of the secrets in it, in any of these forms? Users of URLs do not count. */
bool redact_has(struct str text);

/* In place, for fixed buffers: the result is cut at size - 1. */
void redact_cstr(char *text, size_t size);

/* What was registered since the mark is forgotten, and all that was made or passed: for values
 * that stand for secrets in one file, and may be words of the next. */
size_t redact_mark(void);
void redact_forget(size_t mark);

/* Forgets all; for tests. */
void redact_clear(void);

#endif
