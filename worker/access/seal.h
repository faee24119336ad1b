#ifndef WORKER_ACCESS_SEAL_H
#define WORKER_ACCESS_SEAL_H

#include "base/arena.h"
#include "base/str.h"

/*
 * A text that only who has the secrets can read: for what a state must hold although a
 * secret is in it in a form that cannot be named (an encoding within another, a hash).
 * `key`: all secrets of the stream as one text. The same text is always sealed in the same
 * way.
 *
 * The form is RFC 5297's idea with HMAC-SHA-256 for both of its parts: the text's tag,
 * then the text xor a key stream that begins with the tag, in base64. The key is
 * stretched, so that a weak secret is not found by trying; the last one is kept, because
 * that takes a while.
 */
struct str seal_close(struct arena *arena, struct str key, struct str text);

/* False: another key, or no sealed text. */
bool seal_open(struct arena *arena, struct str key, struct str sealed,
               struct str *ret_text) MUST_CHECK;

#endif
